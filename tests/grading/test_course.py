"""The command: mistakes, help, the page for instructors, and a course from sources to feedback.

The slow test grades a small set with nbgrader and real kernels. Its notebooks have every odd thing
that students do.
"""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from answers import SOURCES
from test_package import commands
from toy import RIGHT, by_id, exported, handed_in_by, ran, scores

from charlstm import course
from charlstm.collecting import attached, repair
from charlstm.flags import parse
from charlstm.grading import classroom, jobs, nbgrader, results, side_by_side
from charlstm.judging import alone, apart


@pytest.fixture
def empty_course(tmp_path):
    """A course of one set, as far as the command looks before it grades."""
    folder = tmp_path / "course"
    (folder / "release" / "ps1").mkdir(parents=True)
    (folder / "nbgrader_config.py").write_text(nbgrader.CONFIG_TEXT, encoding="utf-8")
    nbformat.write(nbformat.v4.new_notebook(), folder / "release" / "ps1" / "ps1.ipynb")
    return folder


MISTAKES = {
    "grade {tmp}/none ps1": "no course, nbgrader_config.py is missing",
    "build {tmp}": "neither empty nor a course",
    "build {tmp}/file": "neither empty nor a course",
    "build {tmp}/a[1]": "takes * ? [ ] for patterns",
    "grade {course} ps9": "ps9: no set of this course; it has ps1",
    "feedback {course} ps9": "ps9: no set of this course; it has ps1",
    "feedback {course} ps1": "ps1: nothing is graded",
    "grade {course} ps1": "ps1: nothing was handed in",
    "grade {course} ps1 {tmp}/none": "none: no such file or directory; give a folder or a zip",
    "grade {course} ps1 {tmp}/file": "file: neither a folder nor a zip",
    "grade {course} ps1 {tmp}/others": "others: no notebook of ps1 in it",
    "grade {course} ps1 --seconds 0": "--seconds is 0; it must be at least 1",
    "export {course} ps9": "ps9: no set of this course; it has ps1",
    "export {course} --system moodle": "--system says of which system a roster is; name one, too",
    "export {course} --system sakai --roster x": "moodle",
    "export {course} --roster {tmp}/none": "none: no such file or directory; give the file that",
    "export {course} --roster {tmp}/file": "file: no row for a student in it; export it from",
    "grade {course} ps1 --second 1": "Perhaps you meant: --seconds",
    "grad {course}": "build, vary, grade, export, feedback",
    "": "build, vary, grade, export, feedback",
}


def test_an_installation_without_problem_sets_says_where_they_are(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(classroom, "assignments_folder", lambda: tmp_path / "none")
    assert course.main(["build", str(tmp_path / "mine")]) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: the problem sets are not in this installation, because they")
    assert "get a clone of charlstm" in told
    assert not (tmp_path / "mine").exists()


@pytest.mark.parametrize(("words", "told"), MISTAKES.items())
def test_a_mistake_is_told_in_one_line(words, told, tmp_path, empty_course, capsys):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "notes.txt").write_text("x", encoding="utf-8")
    assert course.main(words.format(tmp=tmp_path, course=empty_course).split()) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("error: ")
    assert told in line


def test_a_name_in_a_zip_cannot_write_lines_or_colours(tmp_path, empty_course, capsys):
    path = tmp_path / "down.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("ada\nbob  <- \x1b[31mps1.txt", "x")
    assert course.main(["grade", str(empty_course), "ps1", str(path)]) == 2
    told = capsys.readouterr().err
    assert "left out  <- ada\\nbob  <- \\x1b[31mps1.txt  (no notebook)\n" in told
    assert "\x1b" not in told


def test_without_the_extra_it_is_told_what_to_install(monkeypatch, capsys):
    for name in [n for n in sys.modules if n.split(".")[0] == "nbgrader"]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("nbgrader", "classroom"):
        monkeypatch.delitem(sys.modules, f"charlstm.grading.{name}")
    monkeypatch.setitem(sys.modules, "nbgrader", None)
    assert course.main(["export", "anything"]) == 2
    assert "pip install -c constraints.txt -e '.[course]'" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["build"], ["grade"], ["export"], ["feedback"]])
def test_help_of_each_verb(words, capsys):
    with pytest.raises(SystemExit) as end:
        course.main([*words, "--help"])
    assert end.value.code == 0
    told = capsys.readouterr().out
    assert ("default" in told) is (words not in ([], ["build"]))
    assert "FOLDER" in told or not words


def test_help_and_mistakes_never_wait_for_nbgrader():
    probe = (
        "import sys; from charlstm.course import main\n"
        "try: main(['grade', '--help'])\nexcept SystemExit: pass\n"
        "main(['grade', '--no-such-flag'])\n"
        "assert not {'nbgrader', 'torch', 'numpy', 'nbformat'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_page_for_instructors_names_commands_notes_and_flags_that_exist():
    page = (SOURCES[0].parent / "README.md").read_text(encoding="utf-8")
    found = list(commands(page))
    verbs = [type(parse(course.Course, words)[0].verb) for name, words in found if name == "course"]
    assert {course.Build, course.Vary, course.Grade, course.Export, course.Feedback} == set(verbs)
    known = {f"--{field}" for verb in set(verbs) for field in verb.__dataclass_fields__}
    for flag in re.findall(r"`[^`\n]*?(--[a-z-]+)", page):
        assert flag.replace("--no-", "--") in known, flag
    notes = re.findall(r"^\| `([^`]+)`", page, re.M)
    modules = (alone, apart, attached, classroom, jobs, nbgrader, repair, results, side_by_side)
    sources = [Path(module.__file__).read_text(encoding="utf-8") for module in modules]
    for note in notes:
        word = re.sub(
            r"in-words: |: (rnn_step|setup|text|replaces).*| model.*|not graded: ", "", note
        )
        word = re.sub(r" ?\(?\.\.\.\)?|^it | \d.*", "", word)
        assert any(word in source for source in sources), note


ODD = {  # file: points of double and of half, note, what is changed in the released notebook
    "Ada Lovelace_1_assignsubmission_file_/ps1.ipynb": (3, 3, "why: waits for a person", RIGHT),
    "bob_LATE_12_34_ps1-1.ipynb": (3, 0, "late", {"double": RIGHT["double"]}),
    "empty.ipynb": (0, 0, "", {}),
    "cheat/ps1.ipynb": (1, 0, "put back: half-hidden; edited, and put back: double-visible,"
                        " half-visible", {
        "double": "def double(x):\n    return 4",
        "double-visible": "pass",
        "double-hidden": {"tags": ["skip-execution"]},
        "half": "def half(x):\n    return 2",
        "half-visible": "pass",
        "half-hidden": None,
    }),
    "gone.ipynb": (3, 3, "put back: setup, double-visible, why", {
        **RIGHT, "setup": None, "double-visible": None, "why": None,
    }),
    "loop.ipynb": (0, 3, "over the time limit: double", {
        "double": "def double(x):\n    while True:\n        print('round')", "half": RIGHT["half"],
    }),
    "dead.ipynb": (None, None, "not graded: the kernel died", {
        "double": "import os\n\ndef double(x):\n    os._exit(1)", "half": RIGHT["half"],
    }),
    "noisy.ipynb": (3, 0, "", {
        "double": "import sys\n\ndef double(x):\n    print('?' * 20_000_000, file=sys.stderr)\n"
        "    return 2 * x",
        "half": "def half(x):\n    sys.exit(0)",
    }),
}  # fmt: skip


@pytest.mark.slow
def test_a_course_from_the_sources_to_the_feedback(toy_course, tmp_path, capsys):
    folder = toy_course
    release = tmp_path / "release.ipynb"
    with zipfile.ZipFile(folder / "ps1.zip") as archive:
        assert archive.namelist() == ["ps1/ps1.ipynb"]
        release.write_bytes(archive.read("ps1/ps1.ipynb"))
    for secret in ("two * x", "SOLUTION", "HIDDEN", "double(-3)"):
        assert secret in (folder / "source" / "ps1" / "ps1.ipynb").read_text(encoding="utf-8")
        assert secret not in release.read_text(encoding="utf-8")
    stub = by_id(nbformat.read(release, as_version=4))["double"].source
    assert stub.endswith("    # YOUR CODE HERE\n    raise NotImplementedError")

    incoming = tmp_path / "incoming"
    for name, (*_, changes) in ODD.items():
        handed_in_by(incoming, name, release, **changes)
    (incoming / "page.ipynb").write_text("<html>", encoding="utf-8")
    (incoming / "notes.txt").write_text("x", encoding="utf-8")
    told = ran(capsys, "grade", folder, "ps1", incoming, "--seconds", 4)
    for line in ("Ada-Lovelace_1  <- Ada", "left out        <- notes.txt  (no notebook)",
                 "page            <- page.ipynb  (not a notebook (no JSON))",
                 "ps1: 8 graded, "):  # fmt: skip
        assert line in told.err
    table = {line.split()[0]: line for line in told.out.splitlines()}
    assert "Traceback" not in told.err
    rows = exported(folder)
    got = scores(folder)
    for name, (double, half, note, _) in ODD.items():
        student = {"Ada": "Ada-Lovelace_1", "bob": "bob_12"}.get(
            name[:3], re.split("[/.]", name)[0]
        )
        found = got[student]
        for part, most in (("double", double), ("half", half)):
            assert found[f"{part}-visible"] + found[f"{part}-hidden"] == (most or 0), (name, part)
            assert rows[student][f"ps1 {part} of 3"] == ("" if most is None else f"{most:.1f}")
        assert rows[student]["ps1 note"] == note
        assert table[student].endswith(note or f" {rows[student]['ps1 of 9'][:-2]}")
        total = "" if double is None else f"{double + half:.1f}"
        assert rows[student]["ps1 of 9"] == total
    assert rows["page"]["ps1 note"] == "not a notebook (no JSON)"
    assert set(rows) == {*got, "page"}
    for path in folder.glob("autograded/*/ps1/ps1.ipynb"):
        assert path.stat().st_size < 500_000

    pages = ran(capsys, "feedback", folder, "ps1", "--to", tmp_path / "back")
    assert "7 pages, with the hidden tests in them" in pages.err
    assert "not graded yet, shown as 0: Ada-Lovelace_1\n" in pages.err
    assert "not graded, so without one: dead, page" in pages.err
    back = {
        p.relative_to(tmp_path / "back").as_posix() for p in (tmp_path / "back").rglob("*.html")
    }
    assert back == {name.replace(".ipynb", ".html") for name in ODD if name != "dead.ipynb"}
    assert "double(-3)" in (tmp_path / "back" / "empty.html").read_text(encoding="utf-8")


def test_a_course_that_is_being_graded_is_left_alone(toy_course, tmp_path, capsys):
    """Else each would remove the notebooks that the other has just graded."""
    code = "import sys; from pathlib import Path; from charlstm.training.lock import claim\n"
    code += "mine = claim(Path(sys.argv[1])); print('mine', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(toy_course)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as other:  # fmt: skip
        assert other.stdout.readline() == "mine\n"
        for verb in ("grade", "feedback", "build"):
            assert course.main([verb, str(toy_course), *["ps1"][: verb != "build"]]) == 2
            told = capsys.readouterr().err
            assert str(other.pid) in told
            assert told.endswith("; stop it, or wait until it has ended\n")
        assert course.main(["export", str(toy_course)]) == 0
        other.stdin.close()
