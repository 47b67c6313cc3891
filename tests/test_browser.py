"""All lessons in JupyterLab, in headless Chromium: run all cells, play with the panel, look.

`-m browser` runs these tests. They need the extra `browser` and the program chromium, and fail on a
machine without them. Every wait ends as soon as the thing that it waits for appears.
"""

import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
PATIENCE = 120.0  # seconds for one thing to happen, on a machine that others use too
RUN_PATIENCE = 600.0  # for all cells
BEGINNING = 100  # characters by which two texts are compared
HOST = "127.0.0.1"
CHROMIUM = """
--no-sandbox --disable-gpu --no-first-run --disable-background-networking
--disable-component-update --disable-sync
""".split()
# for these the server would contact other machines
ASKS_OUTSIDE = ("/lab/api/news", "/lab/api/update")
# the pixels on the screen, not the bytes that were sent; nothing while a new picture is loading
PIXELS = """
image => {
  if (!image.complete || !image.naturalWidth) return null;
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.toDataURL("image/png");
}
"""

pytestmark = pytest.mark.browser


# --- the server and the browser ------------------------------------------------------------------


@dataclass
class Lab:
    """A JupyterLab of its own: no setting of the person who runs this counts."""

    port: int
    token: str
    folder: Path
    log: Path

    def url(self, path):
        return f"http://{HOST}:{self.port}{path}"

    def ask(self, path, method="GET"):
        headers = {"Authorization": f"token {self.token}"}
        with urlopen(Request(self.url(path), headers=headers, method=method), timeout=10) as answer:
            return json.loads(answer.read() or b"null")

    def end_kernels(self):
        for kernel in self.ask("/api/kernels"):
            self.ask(f"/api/kernels/{kernel['id']}", "DELETE")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    lab = Lab(port, secrets.token_hex(), tmp_path_factory.mktemp("notebooks"), home / "server.log")
    named = "JUPYTER_CONFIG JUPYTER_DATA JUPYTER_RUNTIME JUPYTERLAB_SETTINGS JUPYTERLAB_WORKSPACES"
    environment = (
        os.environ
        | {f"{name}_DIR": str(home / name) for name in named.split()}
        | {"IPYTHONDIR": str(home / "ipython"), "JUPYTER_TOKEN": lab.token}
        | {"OMP_NUM_THREADS": "1"}  # threads that wait for one another stall on a shared machine
    )
    overrides = "share/jupyter/lab/settings/overrides.d/charlstm.json"
    if not (Path(sys.prefix) / overrides).exists():  # charlstm is on the path but not installed
        target = home / "JUPYTER_CONFIG" / "labconfig" / "default_setting_overrides.json"
        target.parent.mkdir(parents=True)
        shutil.copy(NOTEBOOKS / "jupyterlab.json", target)
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--ip={HOST}"),
        *(f"--port={port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={lab.folder}"),
        # if this process is killed, the server ends by itself some minutes later
        *(
            "--ServerApp.shutdown_no_activity_timeout=300",
            "--MappingKernelManager.cull_interval=60",
        ),
        *("--MappingKernelManager.cull_idle_timeout=300", "--MappingKernelManager.cull_busy=True"),
    ]
    with lab.log.open("w", encoding="utf-8") as log, subprocess.Popen(
        command, env=environment, stdout=log, stderr=log, start_new_session=True
    ) as server:  # fmt: skip
        try:
            end = time.monotonic() + PATIENCE
            while True:
                with suppress(OSError):
                    lab.ask("/api/status")
                    break
                said = lab.log.read_text(encoding="utf-8")
                assert server.poll() is None, f"JupyterLab ended:\n{said}"
                assert time.monotonic() < end, f"JupyterLab does not answer:\n{said}"
                time.sleep(0.1)
            yield lab
        finally:
            server.send_signal(signal.SIGTERM)  # ends its kernels, too
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)  # kernels end when their parent is gone


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright  # of the extra `browser`

    program = shutil.which("chromium")
    if program is None:
        pytest.fail("chromium is not on the PATH; on Debian: apt-get install chromium")
    # look up no name, so that nothing can come from outside
    alone = f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {HOST}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*CHROMIUM, alone])
        yield browser.new_context(viewport={"width": 1366, "height": 768})
        browser.close()


@contextmanager
def opened(browser, lab, notebook, tmp_path):
    """Give a page that shows a notebook; a failure leaves a picture of it, and a note where."""
    from playwright.sync_api import Error

    page = browser.new_page()
    wrong = []

    def requested(url):
        parts = urlsplit(url)
        inside = parts.hostname == HOST or parts.scheme in ("blob", "data")
        if not inside or parts.path.startswith(ASKS_OUTSIDE):
            wrong.append(f"request to {url}")

    page.set_default_timeout(1000 * PATIENCE)
    page.on("request", lambda request: requested(request.url))
    page.on("websocket", lambda channel: requested(channel.url))
    page.on("console", lambda m: wrong.append(f"console: {m.text}") if m.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(f"uncaught: {error}"))
    page.on("crash", lambda _: wrong.append("the page crashed"))
    try:
        page.goto(lab.url(f"/lab/tree/{notebook}?reset&token={lab.token}"))
        yield page
        assert page.get_by_text("Jupyter news").count() == 0, "a pop-up asks about news"
        assert not wrong, "\n".join(wrong)
    except Exception as error:
        picture = tmp_path / "failed.png"
        with suppress(Error):
            page.screenshot(path=picture)
        error.add_note(f"the page: {picture}\nthe server: {lab.log}\n" + "\n".join(wrong))
        raise
    finally:
        page.close()
        lab.end_kernels()


# --- what a student does -------------------------------------------------------------------------


def until(page, what, look, good=bool, patience=PATIENCE):
    """Look again and again until what is seen is good, and return it."""
    end = time.monotonic() + patience
    while not good(seen := look()):
        assert time.monotonic() < end, f"{what}: still {str(seen)[:300]}"
        page.wait_for_timeout(200)
    return seen


def copy(name, folder):
    """Copy a lesson and return its name and number of code cells.

    The counts of the cells are cleared, so that a count tells that a cell ran here. The sampler may
    write for long, as fast mode would be over before anybody could press Stop. The drawings, the
    data and the cover, which lessons show, come along.
    """
    shutil.copy(NOTEBOOKS / "lessons" / f"{name}.png", folder)
    for part in ("drawings", "data"):
        shutil.copytree(NOTEBOOKS / "lessons" / part, folder / part, dirs_exist_ok=True)
    notebook = json.loads((NOTEBOOKS / "lessons" / f"{name}.ipynb").read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    panels = 0
    for cell in cells:
        cell["execution_count"] = None
        cell["metadata"].pop("jupyter", None)  # unfold it: a folded cell shows no count
        source = "".join(cell["source"])
        cell["source"], found = re.subn(
            r"(SamplerPanel\(.*?length=)[^,)]+", r"\g<1>10**6", source, flags=re.DOTALL
        )
        panels += found
    assert panels == (name == "01-start-here"), "the sampler's length is not where it was"
    (folder / f"{name}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    return f"{name}.ipynb", len(cells)


def run_all(page, cells):
    """Choose Run All Cells and wait until each cell ran once, in order."""
    # the status bar knows when the kernel has come; the indicator in the notebook is idle before
    page.locator("#jp-main-statusbar").get_by_text("| Idle").wait_for()
    prompts = page.locator(".jp-Notebook .jp-CodeCell .jp-InputArea-prompt").all_text_contents

    def begun():
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        with suppress(AssertionError):
            return until(page, "", prompts, lambda texts: re.search(r"[*\d]", str(texts)), 15)

    def ended():
        """Return the counts once no cell waits, which a second look must confirm."""
        seen = prompts()
        page.wait_for_timeout(1000)
        return seen if "[*]:" not in seen and seen == prompts() else None

    until(page, "no cell runs", begun)  # JupyterLab loses the command sometimes
    counts = until(page, "cells that run", ended, patience=RUN_PATIENCE)
    assert counts == [f"[{count}]:" for count in range(1, cells + 1)], "a cell failed"


def see_the_pictures(page):
    """Check that every picture of the lesson is there: drawings, figures, and the panel's own."""
    pictures = page.locator(".jp-Notebook img").evaluate_all
    broken = "images => images.filter(i => !i.complete || !i.naturalWidth).map(i => i.alt || i.src)"
    until(page, "pictures that do not load", lambda: pictures(broken), lambda them: not them)
    assert pictures("images => images.length") > 0


def slide(panel, name, key):
    """Press a key on a slider and check that its handle moved."""
    handle = panel.locator(f".charlstm-{name} .noUi-handle")
    before = handle.get_attribute("aria-valuenow")
    handle.press(key)
    assert handle.get_attribute("aria-valuenow") != before, name


def write(page, panel):
    """Press Write, watch the text grow, press Stop, and return the text's beginning."""
    begin = panel.locator(".charlstm-begin")
    stop = panel.locator(".charlstm-stop")
    read = panel.locator(".widget-html-content").last.text_content
    before = read()
    begin.click()
    lengths = [0]
    while len(lengths) < 4 or lengths[-1] < BEGINNING:
        text = until(
            page, "the text", read, lambda text: text != before and len(text) > lengths[-1]
        )
        lengths.append(len(text))
    assert begin.is_disabled()
    stop.click()
    until(page, "Stop is still there", stop.is_disabled)
    text = read()
    for _ in range(5):  # wait a fixed time: after Stop no event can come to wait for
        page.wait_for_timeout(100)
        assert read() == text
    assert begin.is_enabled()
    return text[:BEGINNING]


def play_with_the_sampler(page):
    panel = page.locator(".charlstm-sampler")
    assert panel.locator(".noUi-handle").count() == 4  # temperature, top-k, min-p, no repeat
    panel.locator(".charlstm-prime input").fill("JULIET:")
    texts = {"as it was": write(page, panel)}
    slide(panel, "temperature", "Home")
    texts["temperature 0"] = write(page, panel)
    slide(panel, "temperature", "End")
    texts["temperature 2"] = write(page, panel)
    slide(panel, "top-k", "ArrowRight")
    texts["top-k 1"] = write(page, panel)
    assert all(text.startswith("JULIET:") for text in texts.values()), texts
    assert texts["top-k 1"] == texts["temperature 0"]  # neither leaves a choice
    assert len(set(texts.values())) == 3, texts


def play_with_the_explorer(page):
    panel = page.locator(".charlstm-explorer")
    picture = panel.locator("img")
    told = panel.locator(".widget-html-content").last

    def look():
        pixels = picture.evaluate(PIXELS)
        return pixels and sha256(pixels.encode()).hexdigest()[:12], told.text_content()

    def see_both_change(what):
        nonlocal seen
        seen = until(
            page,
            f"picture and text after {what} were {seen}",
            look,
            lambda now: all(part and part != was for part, was in zip(now, seen, strict=True)),
        )

    seen = until(page, "no picture", look, all)
    sliders = ("gain", "forget-bias", "length")
    choices = {"scheme": "charlstm", "cell": "rnn", "activation": "relu"}
    assert panel.locator(".noUi-handle").count() == len(sliders)
    assert panel.locator("select").count() == len(choices)
    for name, choice in (("scheme", "pytorch"), ("cell", "lstm")):  # lesson 3 opens with others
        select = panel.locator(f".charlstm-{name} select")
        if select.evaluate("select => select.selectedOptions[0].text") != choice:
            select.select_option(choice)
            see_both_change(f"{name} is {choice}")
    for name in sliders:  # the slider of the forget bias works if the cell has a forget gate
        slide(panel, name, "ArrowRight")
        see_both_change(f"{name} moved")
    for name, choice in choices.items():  # the activation can be chosen if the cell is rnn
        panel.locator(f".charlstm-{name} select").select_option(choice)
        see_both_change(f"{name} is {choice}")


def play_with_the_units(page):
    panel = page.locator(".charlstm-units")
    picture = panel.locator("img")

    def look():
        pixels = picture.evaluate(PIXELS)
        return pixels and sha256(pixels.encode()).hexdigest()[:12]

    def see_it_change(what):
        nonlocal seen
        seen = until(page, f"the same picture after {what}", look, lambda now: now and now != seen)

    seen = until(page, "no picture", look, bool)
    number = panel.locator(".charlstm-unit input")
    number.fill("7")
    number.press("Enter")
    see_it_change("unit 7")
    panel.locator(".charlstm-value select").select_option("o")
    see_it_change("gate o")
    panel.locator(".charlstm-layer select").select_option("layer 2")
    see_it_change("layer 2")


PANELS = {
    "01-start-here": play_with_the_sampler,
    "03-why-gradients-vanish-and-explode": play_with_the_explorer,
    "05-the-lstm-gate-by-gate": play_with_the_units,
    "06-does-the-lstm-cure-it": play_with_the_explorer,
}


@pytest.mark.parametrize("name", sorted(p.stem for p in (NOTEBOOKS / "lessons").glob("*.ipynb")))
def test_a_lesson_runs_and_its_panel_answers(name, browser, lab, tmp_path):
    notebook, cells = copy(name, lab.folder)
    with opened(browser, lab, notebook, tmp_path) as page:
        run_all(page, cells)
        see_the_pictures(page)
        if name in PANELS:
            PANELS[name](page)
