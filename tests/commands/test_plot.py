"""The command `plot`: pictures and pages of runs, and mistakes in one line."""

import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image
from read_page import too_pale
from small import TEXT
from test_browser import browser  # noqa: F401, the fixture

from charlstm import plot, train
from charlstm.notebook import run_plots

LINE = {"step": 5, "train_loss": 2.0, "validation": 1.9, "clipped": 0.0, "learning_rate": 0.1}

MISTAKES = [
    ("", "no RUN; give one or more folders of runs"),
    ("{missing}", "log.jsonl: no such file or directory; name the folder of a run"),
    ("{missing} --out x.gif", "--out x.gif: its ending must be one of .png, .svg, .pdf, .html"),
    ("{missing} --over pages", "Expected one of ('steps', 'time', 'characters')"),
]


@pytest.mark.parametrize(("arguments", "message"), MISTAKES)
def test_mistakes_are_one_line(arguments, message, mistake):
    mistake(plot.main, arguments, message)


@pytest.fixture
def run(model_file):
    lines = [LINE, LINE | {"step": 9, "validation": None}]
    log = "".join(json.dumps(line) + "\n" for line in lines) + '{"step": 1'
    (model_file.parent / "log.jsonl").write_text(log, encoding="utf-8")
    return model_file.parent


@pytest.mark.parametrize(
    ("ending", "start"),
    [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF"), ("html", b"<!doctype html>")],
)
def test_the_ending_says_what_is_made(ending, start, run, tmp_path, capsys):
    out = tmp_path / f"runs.{ending}"
    assert plot.main([str(run), "--out", str(out)]) == 0
    assert out.read_bytes().startswith(start)
    assert plot.main([str(run), "--out", str(out)]) == 2
    assert "--force" in capsys.readouterr().err


def test_a_page_holds_names_as_data(run, tmp_path):
    evil = run.rename(run.with_name("<script>alert(1)<"))
    assert plot.main([str(evil), str(evil), "--out", str(tmp_path / "a.html")]) == 0
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;" in page


def test_the_legend_and_the_page_tell_the_options_that_differ_and_no_others(tmp_path, monkeypatch):
    text = tmp_path / "text.txt"
    text.write_text(TEXT, encoding="utf-8")
    sizes = "--layers 1 --embedding-size 3 --batch-size 2 --window 5 --steps 2 --threads 1".split()
    runs = []
    for size, dropout in ((4, "0.25"), (6, "0")):
        runs.append(str(tmp_path / f"run{size}"))
        options = ["--hidden-size", str(size), "--dropout", dropout, "--out", runs[-1]]
        assert train.main([str(text), *sizes, *options]) == 0
    labels = []
    drawn = run_plots.trainings
    monkeypatch.setattr(
        run_plots, "trainings", lambda curves, over: labels.extend(curves) or drawn(curves, over)
    )
    assert plot.main([*runs, "--out", str(tmp_path / "a.html")]) == 0
    told = [curve.options for curve in labels]
    assert told == ["hidden_size 4, dropout 0.25", "hidden_size 6, dropout 0.0"]
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    heads = ("run", "hidden_size", "dropout", "steps")
    assert "".join(f'<th scope="col">{head}</th>' for head in heads) in page
    assert '<th scope="row" dir="auto">run4</th><td dir="auto">4</td>' in page
    assert "<caption>" in page


@pytest.mark.parametrize("ending", ["png", "svg", "pdf", "html"])
def test_a_picture_says_in_words_what_it_shows(ending, run, tmp_path):
    out = tmp_path / f"runs.{ending}"
    assert plot.main([str(run), "--out", str(out)]) == 0
    words = f"{run.name}, training: 2 to 2; {run.name}, validation: 1.9"
    content = out.read_bytes()
    if ending == "png":
        with Image.open(out) as image:
            assert words in image.info["Description"]
    elif ending == "pdf":
        assert b"/Subject (bold with marks" in content
    elif ending == "html":
        assert words in re.search('<img alt="([^"]*)"', content.decode())[1]
    else:
        assert words in re.search("<title>([^<]*)", content.decode())[1]
        assert b'<svg role="img" ' in content


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_can_be_read(scheme, run, tmp_path, browser):  # noqa: F811
    path = tmp_path / "a.html"
    assert plot.main([str(run), "--out", str(path)]) == 0
    page = browser.new_page()
    page.emulate_media(color_scheme=scheme)
    page.goto(path.as_uri())
    assert too_pale(page, {"light": "white", "dark": "#121212"}[scheme]) == {}
    page.keyboard.press("Tab")  # to the table, which may be wider than the page
    focus = "() => { const at = document.activeElement; return [at.role, getComputedStyle(at)"
    assert page.evaluate(f"{focus}.outlineWidth]; }}") == ["region", "3px"]
    page.close()


def test_an_old_log_is_drawn_over_steps_only(run, tmp_path, capsys):
    assert plot.main([str(run), "--over", "time", "--out", str(tmp_path / "a.png")]) == 2
    assert "does not tell --over time; draw it over steps" in capsys.readouterr().err


def test_without_matplotlib_the_line_that_installs_it_is_told(run, tmp_path):
    hidden = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from charlstm.plot import main; sys.exit(main(sys.argv[1:]))"
    )
    words = [sys.executable, "-c", hidden, str(run), "--out", str(tmp_path / "a.png")]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("error: matplotlib is not installed; pictures need the lessons")
    assert "pip install -c constraints.txt -e '.[lessons]'" in done.stderr


def test_the_readmes_lines_for_tensorboard_run(tmp_path, monkeypatch):
    """TensorBoard is no dependency: a writer of the test's own stands for it."""
    readme = Path(__file__).parents[2] / "README.md"
    blocks = readme.read_text(encoding="utf-8").split("```python\n")
    (code,) = (block.split("```")[0] for block in blocks if "SummaryWriter" in block)
    seen = []

    class SummaryWriter:
        def __init__(self, folder):
            self.folder = folder

        def __enter__(self):
            return self

        def __exit__(self, *_):
            seen.append(self.folder)

        def add_scalar(self, *values):
            seen.append(values)

    module = ModuleType("torch.utils.tensorboard")
    module.SummaryWriter = SummaryWriter
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "runs" / "my-text"
    folder.mkdir(parents=True)
    lines = [LINE, LINE | {"step": 9, "validation": None}]
    log = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "log.jsonl").write_text(log, encoding="utf-8")
    exec(code, {})
    assert ("validation", 1.9, 5) in seen
    assert not [values for values in seen if values[0] == "validation" and values[2] == 9]
    assert seen[-1] == "runs/my-text"
