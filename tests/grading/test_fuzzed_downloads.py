"""Downloads made up at random: damaged notebooks and zips, and names of every kind.

One honest student is in each download. Whatever the others hand in, that notebook is taken, every
file is told about, and nothing is written outside `submitted/`. `DOWNLOADS=3000` tries that many,
instead of the few of a normal run; `FIRST=1234` begins with another seed.
"""

import io
import json
import os
import random
import shutil
import time
import unicodedata
import zipfile

import nbformat
import pytest
from test_pages import check_harmless, page_of

from charlstm.collecting.downloads import files_in
from charlstm.collecting.repair import grade_id, marked_cells
from charlstm.errors import CONTROLS, printable
from charlstm.grading.classroom import Classroom
from charlstm.grading.nbgrader import CONFIG_TEXT
from charlstm.grading.record import Record
from charlstm.grading.results import Row, table

DOWNLOADS = int(os.environ.get("DOWNLOADS", "100"))
FIRST = int(os.environ.get("FIRST", "0"))
SECONDS = 20  # for one download, on a busy machine
HONEST = "Good Student_77_assignsubmission_file_/ps1.ipynb"
PARTS = [
    "ada", "bob", "ps1", "ps2", "_1_assignsubmission_file_", "_LATE_", "_12_34_", "/", "/", "\\",
    "..", "\n", "\r", "\x1b[31m", "\u202e", "é", "e\u0301", "राम", "रोम", "x" * 120, "字", " ", "-",
    ".", "(1)", "-Copy1", "CON", "*", "?", "[", "'", '"', "<b>", ",", ";", "=", "@", "\x7f", "\x85",
    "_attempt_2026-01-02-03-04-05_", "submission_metadata.yml", "submission_1/", "\udcff", "$(id)",
]  # fmt: skip
ODD = [None, True, -1, 10**30, 1.5, "", "y" * 5000, "\ud800", [], {}, [[]], {"a": {"b": []}},
       float("nan"), "<script>alert(1)</script>", "markdown", "code", ["half-hidden"],
       "half"]  # fmt: skip


def a_name(rng):
    name = "".join(rng.choices(PARTS, k=rng.randint(1, 5)))
    return name + rng.choice(
        [".ipynb", ".ipynb", ".ipynb", ".IPYNB", ".zip", ".txt", "", "/ps1.ipynb"]
    )


def places(value, found):
    """Collect all places in a JSON value, as pairs of a container and a key."""
    for key in value if isinstance(value, dict) else range(len(value)):
        found.append((value, key))
        if isinstance(value[key], dict | list):
            places(value[key], found)
    return found


def changed_json(rng, content):
    value = json.loads(content)
    for _ in range(rng.randint(1, 4)):
        container, key = rng.choice(places(value, []) or [(value, "cells")])
        kind = rng.randrange(4)
        if kind == 0:
            container[key] = rng.choice(ODD)
        elif kind == 1 and len(container):
            container.pop(key)
        elif kind == 2 and isinstance(container, list):
            container.insert(key, json.loads(json.dumps(container[key])))
        elif isinstance(container, dict):
            container[str(rng.choice(ODD))] = container[key]
    if rng.random() < 0.02:
        value = rng.choice(ODD)
    return json.dumps(value).encode()


def changed_bytes(rng, content):
    content = bytearray(content)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(content) + 1)
        kind = rng.randrange(4)
        if kind == 0 and at < len(content):
            content[at] = rng.randrange(256)
        elif kind == 1:
            del content[at : at + rng.randint(1, 200)]
        elif kind == 2:
            content[at:at] = rng.randbytes(rng.randint(1, 20))
        else:
            content[at:at] = content[: rng.randint(1, 200)]
    return bytes(content)


def a_zip(rng, original):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])) as into:
        for name in [a_name(rng) for _ in range(rng.randint(0, 3))] + ["ps1.ipynb"]:
            entry = zipfile.ZipInfo(name.encode(errors="replace").decode())
            if rng.random() < 0.1:
                entry.external_attr = 0o120777 << 16  # a link
            if not any(entry.filename == each.filename for each in into.infolist()):
                into.writestr(entry, content(rng, original, zips=False))
    whole = made.getvalue()
    return changed_bytes(rng, whole) if rng.random() < 0.6 else whole


def content(rng, original, zips=True):
    kind = rng.randrange(10)
    if kind == 0:
        return rng.randbytes(rng.randint(0, 300))
    if kind < 3:
        return changed_bytes(rng, original)
    if kind < 5 and zips:
        return a_zip(rng, original)
    return changed_json(rng, original) if kind < 9 else original


def download(rng, folder, original):
    """Write a folder or a zip; return its path and the number of its files."""
    members = {HONEST: original}
    for _ in range(rng.randint(1, 8)):
        name = a_name(rng)
        made = a_zip(rng, original) if name.endswith(".zip") else content(rng, original)
        members.setdefault(name, made)
    if rng.random() < 0.5:
        path = folder / "all.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name, made in members.items():
                archive.writestr(name.encode(errors="replace").decode(), made)
        return path
    for name, made in members.items():
        target = folder / "all" / name.lstrip("/")
        if ".." in target.parts:
            continue
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(made)
        except OSError:  # a name that this system does not allow
            assert name != HONEST
    return folder / "all"


def files_below(folder, but):
    found = (path for path in folder.rglob("*") if path.is_file() and but not in path.parents)
    return {path: path.stat().st_mtime_ns for path in found}


def try_one(seed, folder, release):
    rng = random.Random(seed)
    original = release.read_bytes()
    room_folder = folder / "course"
    (room_folder / "release" / "ps1").mkdir(parents=True)
    (room_folder / "nbgrader_config.py").write_text(CONFIG_TEXT, encoding="utf-8")
    shutil.copy(release, room_folder / "release" / "ps1" / "ps1.ipynb")
    path = download(rng, folder, original)
    before = files_below(folder, room_folder / "submitted")
    room = Classroom(room_folder)
    start = time.monotonic()
    given = files_in(path)
    told = list(room.collect("ps1", given))
    assert time.monotonic() - start < SECONDS
    after = files_below(folder, room_folder / "submitted")
    after.pop(room_folder / "course.json")
    assert after == before

    assert sorted(name for name, _, _ in told) == sorted(file.name for file in given)
    assert (HONEST, "Good-Student_77", "") in told
    for line in (f"{student} <- {name} ({remark})" for name, student, remark in told):
        assert not CONTROLS.search(printable(line))
        assert len(printable(line).splitlines()) == 1
    record = Record.load(room_folder / "course.json")
    rows = [Row(s, {"a": 1.0}, 1.0, entry.problem) for s, entry in record.entries["ps1"].items()]
    assert len(table({"a": 1.0}, rows).splitlines()) == len(rows) + 1
    assert len({unicodedata.normalize("NFC", row.student).casefold() for row in rows}) <= len(rows)

    released = marked_cells(nbformat.read(release, as_version=4))
    wanted = {name for name, cell in released.items() if cell.metadata.nbgrader.grade}
    for notebook in sorted((room_folder / "submitted").glob("*/ps1/ps1.ipynb")):
        found = nbformat.reads(notebook.read_text(encoding="utf-8"), as_version=4)
        nbformat.validate(found)
        names = [name for cell in found.cells if (name := grade_id(cell))]
        assert len(names) == len(set(names))
        assert wanted <= set(names)
    honest = room.notebook("submitted", "ps1", "Good-Student_77")
    sources = [cell.source for cell in nbformat.read(honest, as_version=4).cells]
    assert sources == [cell.source for cell in nbformat.read(release, as_version=4).cells]
    if seed % 10 == 0:
        for cell in marked_cells(found).values():  # as nbgrader does
            cell.metadata.nbgrader.update(score=0, points=1)
        check_harmless(page_of(*found.cells))


@pytest.mark.slow
def test_no_download_stops_the_class(toy_release, tmp_path):
    for seed in range(FIRST, FIRST + DOWNLOADS):
        folder = tmp_path / "one"
        folder.mkdir()
        try:
            try_one(seed, folder, toy_release)
        except BaseException as error:
            raise AssertionError(f"FIRST={seed} DOWNLOADS=1: {error!r}") from error
        shutil.rmtree(folder)
