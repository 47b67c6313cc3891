"""Make the README's picture of the page: `python tests/web/picture.py`. It needs chromium.

With arguments it makes more, to look at: `python tests/web/picture.py FOLDER 360 1300`, both halves
of the page, light and dark, at these widths.
"""

import io
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

TARGET = Path(__file__).parents[2] / "charlstm" / "web" / "page.png"
PATIENCE = 100_000  # milliseconds


def main(folder=None, *widths):
    from playwright.sync_api import sync_playwright  # of the extra `browser`

    from charlstm.page import main

    with TemporaryDirectory() as place, sync_playwright() as playwright:
        file = Path(place) / "page.html"
        assert main(["tinyshakespeare", "--out", str(file)]) == 0
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = opened(browser, file, 1240, "light")
        read(page, by_unit=True)
        save(page, TARGET)
        for width in map(int, widths):
            for scheme in ("light", "dark"):
                page = opened(browser, file, width, scheme)
                write(page)
                save(page, f"{folder}/{width}-{scheme}-write.png", full_page=True)
                read(page, by_unit=scheme == "dark")
                save(page, f"{folder}/{width}-{scheme}-read.png", full_page=True)
        browser.close()


def opened(browser, file, width, scheme):
    page = browser.new_page(viewport={"width": width, "height": 980}, color_scheme=scheme)
    page.goto(file.as_uri(), timeout=PATIENCE)
    page.locator("#start:enabled").wait_for(timeout=PATIENCE)
    return page


def write(page):
    page.fill("#prime", "ROMEO:\n")
    page.fill("#seed", "7")
    page.click("#start")
    page.locator("#hand:enabled").wait_for(timeout=PATIENCE)
    print(page.text_content("#written-status"))


def read(page, by_unit):
    page.click("#tab-read")
    page.locator("#read-status", has_text="nats a letter").wait_for(timeout=PATIENCE)
    if by_unit:
        page.locator("#colours label", has_text="position in the line").locator("input").check()
        page.locator("#letters span.d0, #letters span.d8").first.wait_for(timeout=PATIENCE)
    page.locator("#letters span").nth(205).hover()
    page.evaluate("() => scrollTo(0, 0)")


def save(page, target, **options):
    from PIL import Image

    shot = Image.open(io.BytesIO(page.screenshot(**options))).convert("RGB")
    shot.quantize(96, dither=Image.Dither.NONE).save(target, optimize=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
