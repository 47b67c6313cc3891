"""Make the README's picture of the page: `python tests/web/picture.py`. It needs chromium.

With arguments it makes pictures to look at: `python tests/web/picture.py FOLDER 360 1300`, both
halves of the page, light and dark, at these widths.
"""

import io
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import sync_playwright

from charlstm.page import main

TARGET = Path(__file__).parents[2] / "charlstm" / "web" / "page.png"


def picture(page, unit):
    """Show the half that reads, coloured by what follows this feature."""
    page.click("#tab-read")
    page.locator("#read-status", has_text="nats a letter").wait_for(timeout=100_000)
    if unit:
        page.locator("#colours label", has_text="position in the line").locator("input").check()
        page.locator("#letters span.d0, #letters span.d8").first.wait_for()
    page.locator("#letters span").nth(205).hover()
    page.mouse.move(0, 0)


def saved(page, path, **options):
    shot = Image.open(io.BytesIO(page.screenshot(**options))).convert("RGB")
    shot.quantize(96, dither=Image.Dither.NONE).save(path, optimize=True)


with TemporaryDirectory() as folder, sync_playwright() as playwright:
    file = Path(folder) / "page.html"
    assert main(["tinyshakespeare", "--out", str(file)]) == 0
    browser = playwright.chromium.launch(
        executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
    )
    widths = [int(width) for width in sys.argv[2:]] or [1240]
    for width in widths:
        for scheme in ("light", "dark") if sys.argv[1:] else ("light",):
            page = browser.new_page(viewport={"width": width, "height": 860}, color_scheme=scheme)
            page.goto(file.as_uri())
            page.locator("#start:enabled").wait_for(timeout=100_000)
            if sys.argv[1:]:
                place = Path(sys.argv[1]) / f"{width}-{scheme}"
                page.fill("#prime", "ROMEO:\n")
                page.fill("#seed", "7")
                page.click("#start")
                page.locator("#hand:enabled").wait_for(timeout=100_000)
                print(width, scheme, page.text_content("#written-status"))
                saved(page, f"{place}-write.png", full_page=True)
                picture(page, scheme == "dark")
                saved(page, f"{place}-read.png", full_page=True)
            else:
                picture(page, True)
                saved(page, TARGET)
            page.close()
    browser.close()
