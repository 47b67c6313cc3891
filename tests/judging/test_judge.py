"""A notebook in one kernel, and its tests in another."""

import nbformat
import pytest
from toy import TOY, by_id, ran, scores

from charlstm.grading import classroom

SET = TOY.replace(
    'expect("double(2)", double(2), 4)',
    'print("asked for", two)\nseen = [double(2)]\nexpect("double(2)", seen[0], 4)',
).replace('files=["t.txt"]', "")
ANSWERS = {
    "double": "def expect(*_):\n    pass\n\ntwo = 3\n\ndef double(x):\n"
    "    print('called with', x)\n    return x + x",
    "half": "print('seen', seen, two)\n\ndef half(x):\n    return x / 0",
}


@pytest.fixture
def graded(tmp_path, monkeypatch, capsys):
    """The graded notebook of a student whose answers print, and raise, and use others' names."""
    source = tmp_path / "sources" / "ps1.py"
    source.parent.mkdir()
    source.write_text(SET, encoding="utf-8")
    monkeypatch.setattr(classroom, "assignments_folder", lambda: source.parent)
    folder = tmp_path / "course"
    ran(capsys, "build", folder)
    notebook = nbformat.read(folder / "release" / "ps1" / "ps1.ipynb", as_version=4)
    for name, text in ANSWERS.items():
        by_id(notebook)[name].source = text
    (tmp_path / "in").mkdir()
    nbformat.write(notebook, tmp_path / "in" / "ada.ipynb")
    ran(capsys, "grade", folder, "ps1", tmp_path / "in")
    assert sum(scores(folder)["ada"].values()) == 3
    return notebook, nbformat.read(folder / "autograded/ada/ps1/ps1.ipynb", as_version=4)


@pytest.mark.slow
def test_the_page_shows_what_it_showed_when_all_ran_in_one_kernel(graded):
    before, after = graded
    sources = [[c.source for c in notebook.cells if not c.source.startswith("# Others")]
               for notebook in (before, after)]  # fmt: skip
    assert sources[0] == sources[1]
    cells = by_id(after)
    (printed,) = cells["double-visible"].outputs
    assert printed.name == "stdout"
    assert printed.text == "asked for 2\ncalled with 2\n"  # the judge's two; the student's print
    assert cells["half"].outputs[0].text == "seen [4] 3\n"  # what the visible test has defined
    (error,) = cells["half-visible"].outputs
    assert (error.ename, error.evalue) == ("ZeroDivisionError", "division by zero")
    shown = "\n".join(error.traceback)
    assert "half(2)" in shown  # the test's line
    assert "return x / 0" in shown  # the student's
    assert "asking.py" not in shown
    assert "answering.py" not in shown
