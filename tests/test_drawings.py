"""The lessons' drawings: made by their script, legible, no label on another thing, in a lesson."""

import re
import runpy
import shutil
import subprocess
import sys
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from contrast import contrast

LESSONS = Path(__file__).parent.parent / "notebooks" / "lessons"
FOLDER = LESSONS / "drawings"
DRAWINGS = sorted(FOLDER.glob("*.svg"))
COLUMN = 700  # pixels, the width of a notebook's text
SVG = "{http://www.w3.org/2000/svg}"
# the width of a letter is measured in DejaVu, which is wider than the fonts before it in each list
FAMILIES = {"sans-serif": "DejaVu Sans", "serif": "DejaVu Serif", "monospace": "DejaVu Sans Mono"}

each = pytest.mark.parametrize("drawing", DRAWINGS, ids=lambda path: path.stem)


def parsed(drawing):
    return ElementTree.fromstring(drawing.read_text(encoding="utf-8"))


def pieces(text):
    """Yield the pieces of a text, (words, font size, style), from left to right."""
    for tspan in text:
        style = text.attrib | tspan.attrib
        yield tspan.text, float(style["font-size"]), style


def room(text):
    """Return left, top, right and bottom of what a text covers; letters without descenders."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    width = sizes = 0
    for words, size, style in pieces(text):
        font = FontProperties(
            family=FAMILIES[style["font-family"].rpartition(", ")[2]],
            size=size,
            style=style.get("font-style", "normal"),
            weight=style.get("font-weight", "normal"),
        )
        width += text_to_path.get_text_width_height_descent(words, font, ismath=False)[0]
        sizes = max(sizes, size)
    x, base = float(text.get("x")), float(text.get("y"))
    left = x - {"start": 0, "middle": width / 2, "end": width}[text.get("text-anchor")]
    return left, base - 0.73 * sizes, left + width, base


def apart(one, other):
    return one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


def inside(one, other):
    return one[0] >= other[0] and one[1] >= other[1] and one[2] <= other[2] and one[3] <= other[3]


def segments(root):
    """Yield the straight pieces of all arrows and lines, as left, top, right and bottom."""
    for path in root.iter(f"{SVG}path"):
        if path.get("fill") == "none" and not re.search("[a-z]", path.get("d")):
            ends = [piece.split()[-2:] for piece in re.split("[MLQ]", path.get("d"))[1:]]
            points = [(float(x), float(y)) for x, y in ends]
            for (x1, y1), (x2, y2) in pairwise(points):
                if x1 == x2 or y1 == y2:
                    yield min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)


def run(folder, *arguments):
    command = [sys.executable, str(folder / "draw.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def test_every_drawing_has_its_file_and_every_file_its_drawing():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        names = runpy.run_path(str(FOLDER / "draw.py"))["DRAWINGS"]
    assert sorted(names) == [drawing.stem for drawing in DRAWINGS]


def test_the_script_makes_them_and_finds_one_that_is_stale(tmp_path):
    shutil.copytree(FOLDER, tmp_path / "drawings")
    folder = tmp_path / "drawings"
    current = run(folder, "--check")
    assert (current.returncode, current.stdout) == (0, "")
    for change in ("tamper", "remove"):
        victim = folder / "stack.svg"
        whole = victim.read_bytes()
        victim.write_bytes(whole.replace(b"layer 2", b"layer 3"))
        if change == "remove":
            victim.unlink()
        stale = run(folder, "--check")
        assert stale.returncode == 1
        assert stale.stdout == (
            "stack.svg is not as draw.py makes it; run python notebooks/lessons/drawings/draw.py\n"
        )
        assert run(folder).returncode == 0
        assert victim.read_bytes() == whole


@each
def test_a_drawing_is_plain_svg_that_tells_what_can_be_seen(drawing):
    root = parsed(drawing)
    title, description = root[0], root[1]
    assert (title.tag, description.tag) == (f"{SVG}title", f"{SVG}desc")
    assert len(title.text) > 20
    assert len(description.text) > 100
    assert root.get("viewBox") == f"0 0 {root.get('width')} {root.get('height')}"
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {"svg", "title", "desc", "rect", "path", "circle", "text", "tspan"}
    panel = root[2]
    assert (panel.tag, panel.get("fill")) == (f"{SVG}rect", "#ffffff")  # for dark pages


@each
def test_all_lines_have_one_width_and_what_goes_back_is_dashed(drawing):
    root = parsed(drawing)
    solid = {path.get("stroke") for path in root.iter(f"{SVG}path")
             if path.get("fill") == "none" and not path.get("stroke-dasharray")}  # fmt: skip
    dashed = {path.get("stroke") for path in root.iter() if path.get("stroke-dasharray")}
    assert len(dashed) <= 1
    assert not dashed & solid
    widths = {
        e.get("stroke-width") for e in root.iter() if e.get("stroke") not in (None, "#ffffff")
    }
    assert widths == {"2"}


@each
def test_text_is_large_enough(drawing):
    root = parsed(drawing)
    shown = COLUMN / float(root.get("width"))
    for text in root.iter(f"{SVG}text"):
        for words, size, _ in pieces(text):
            assert size * shown >= 13, words


@each
def test_no_label_leaves_the_drawing_or_touches_another_thing(drawing):
    root = parsed(drawing)
    labels = {text: room(text) for text in root.iter(f"{SVG}text")}
    names = {text: "".join(text.itertext()) for text in labels}
    page = 20, 20, float(root.get("width")) - 20, float(root.get("height")) - 12
    boxes = [[float(rect.get(k)) for k in ("x", "y", "width", "height")]
             for rect in root.iter(f"{SVG}rect")]  # fmt: skip
    circles = [[float(c.get(k)) for k in ("cx", "cy", "r")] for c in root.iter(f"{SVG}circle")]
    for text, place in labels.items():
        assert inside(place, page), names[text]
        for x, y, width, height in boxes:
            box = x, y, x + width, y + height
            assert apart(place, box) or inside(place, box), (names[text], box)
        for x, y, r in circles:
            assert apart(place, (x - r, y - r, x + r, y + r)), (names[text], x, y)
        for segment in segments(root):
            assert apart(place, segment), (names[text], segment)
    for one, other in combinations(labels, 2):
        assert apart(labels[one], labels[other]), (names[one], names[other])


def test_streams_and_protocols_are_those_of_the_package():
    import numpy as np

    from charlstm import streams_for
    from charlstm.measuring.scores import COLD_WINDOW

    texts = parsed(FOLDER / "streams-and-windows.svg").iter(f"{SVG}text")
    drawn = [t[0].text for t in texts if "monospace" in t.get("font-family")
             and t.get("font-size") == "18"]  # fmt: skip
    line = "To be, or not to be, that is the question:\n"
    streams = streams_for(np.array([ord(letter) for letter in line]), 3, 7)
    rows = np.concatenate([streams.read(k)[0] for k in range(streams.windows)], axis=1)
    assert streams.windows == 2
    assert "".join(drawn) == "".join(map(chr, rows.flatten())).replace(" ", "")  # a space is a sign
    protocols = (FOLDER / "protocols.svg").read_text(encoding="utf-8")
    assert f"windows of {COLD_WINDOW} characters:" in protocols


@each
def test_every_text_can_be_read_on_what_lies_behind_it(drawing):
    """WCAG 2.2, 1.4.3."""
    grounds = []
    for shape in parsed(drawing):
        if shape.tag == f"{SVG}rect" and shape.get("fill") != "none":
            x, y, width, height = (float(shape.get(n)) for n in ("x", "y", "width", "height"))
            grounds.append(((x, y, x + width, y + height), shape.get("fill")))
        elif shape.tag == f"{SVG}text":
            behind = [fill for box, fill in grounds if not apart(room(shape), box)]
            for fill in behind[-1:]:
                assert contrast(shape.get("fill"), fill) >= 4.5, shape[0].text


@each
def test_a_drawing_says_what_it_shows(drawing):
    root = parsed(drawing)
    title, description = root[0], root[1]
    assert (root.get("role"), title.tag, description.tag) == ("img", f"{SVG}title", f"{SVG}desc")
    assert len(title.text) > 5
    assert len(description.text) > 100


def test_lessons_show_every_drawing_with_a_text_for_those_who_cannot_see_it():
    """JupyterLab shows no file above its root, which may be the folder of the lessons."""
    seen = set()
    for lesson in sorted(LESSONS.glob("*.py")):
        source = lesson.read_text(encoding="utf-8").replace("\n# ", " ")
        for alt, target in re.findall(r"!\[([^\]]*)\]\(([^)]*)\)", source):
            assert ".." not in target
            assert (LESSONS / target).is_file(), (lesson.name, target)
            assert len(alt) > 60, (lesson.name, target)
            seen.add(LESSONS / target)
    assert set(DRAWINGS) < seen  # lesson 1 shows its cover, too


def test_lesson_5_begins_with_the_cell():
    import jupytext

    first = jupytext.read(LESSONS / "05-the-lstm-gate-by-gate.py").cells[0]
    assert "(drawings/lstm-cell.svg)" in first.source
