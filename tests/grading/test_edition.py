"""Editions: other numbers in the tests, the same right and wrong answers."""

import re

import jupytext
import pytest
from answers import ASK_FOR_FILES, SOURCES, answers, cells, graded, judge
from toy import TOY

from charlstm import course
from charlstm.grading import classroom
from charlstm.grading.edition import varied, vary
from charlstm.grading.nbgrader import to_notebook

SLOW, LONG = pytest.mark.slow, pytest.mark.long
WITH_SEEDS = [source for source in SOURCES if source not in ASK_FOR_FILES]


def test_sizes_that_differ_still_differ_and_small_ones_stay():
    line = 'cases = [("gru", 2, 0, 1), (3, 5, 3, 1e-10, 2.5, -4)]  # vary'
    seen = set()
    for key in map(str, range(200)):
        found = [int(n) for n in re.findall(r"(?<![\w.-])\d+(?![\w.])", vary(line, key))]
        two, zero, one, three, five, again = found
        assert (zero, one) == (0, 1)
        assert again == three
        assert 2 <= two < three < five
        assert five <= 7
        assert vary(line, key).endswith("1e-10, 2.5, -4)]  # vary")
        seen.add((two, three, five))
    assert len(seen) >= 5


def test_equal_seeds_stay_equal_and_other_numbers_stay():
    source = (
        "a = default_rng(91)\nb = default_rng(92)\nc = default_rng(91)\nf(seed=3, n=91)\nT = 92"
    )
    lines = vary(source, "k").split("\n")
    assert lines[0][4:] == lines[2][4:] != lines[1][4:]
    assert lines[3] != "f(seed=3, n=91)"
    assert lines[3].endswith("n=91)")
    assert lines[4] == "T = 92"
    assert vary(source, "k") == vary(source, "k") != vary(source, "other")


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_an_edition_changes_tests_and_nothing_else(source):
    before = jupytext.read(source)
    after = varied(jupytext.read(source), source.stem, 7)
    changed = [a for a, b in zip(after.cells, before.cells, strict=True) if a.source != b.source]
    assert all(cell.metadata["nbgrader"]["grade"] for cell in changed)
    assert all(cell.metadata["nbgrader"]["locked"] for cell in changed)
    names = {part for cell in changed for part in [cell.metadata["nbgrader"]["grade_id"]]}
    if source in WITH_SEEDS:
        assert (
            len(names) >= len(graded(source)) - 2
        )  # encode and windows have small tables of words
    same = varied(jupytext.read(source), source.stem, 0)
    assert [cell.source for cell in same.cells] == [cell.source for cell in before.cells]


@pytest.mark.parametrize("edition", [pytest.param(7, marks=SLOW), pytest.param(8, marks=LONG)])
@pytest.mark.parametrize("source", WITH_SEEDS, ids=lambda path: path.stem)
def test_in_each_edition_right_answers_pass_and_wrong_ones_do_not(source, edition, tmp_path):
    """All answers of the gallery but the experiments, which train for seconds each."""
    made = tmp_path / source.name
    jupytext.write(varied(jupytext.read(source), source.stem, edition), made, fmt="py:percent")
    assert list(cells(made)) != list(cells(source))
    tried = 0
    for name in graded(source):
        if name == "experiment":
            continue
        for kind, what, text in answers(source, name):
            assert judge(made, name, text) is (kind == "right"), (edition, name, what)
            tried += 1
    assert tried > 20


@pytest.mark.long
@pytest.mark.parametrize("edition", [7, 8])
@pytest.mark.parametrize("source", WITH_SEEDS, ids=lambda path: path.stem)
def test_in_each_edition_the_experiments_come_out_as_they_should(source, edition, tmp_path):
    made = tmp_path / source.name
    jupytext.write(varied(jupytext.read(source), source.stem, edition), made, fmt="py:percent")
    for kind, what, text in answers(source, "experiment"):
        assert judge(made, "experiment", text) is (kind == "right"), (edition, what)


def test_an_edition_that_was_stopped_is_not_taken_for_a_persons_change(
    toy, tmp_path, monkeypatch, capsys
):
    def stopped(*_):
        raise KeyboardInterrupt

    toy.write_text(TOY.replace("half(3), 1.5)", "half(3), 1.5, seed=5)"), encoding="utf-8")
    monkeypatch.setattr(classroom, "assignments_folder", lambda: toy.parent)
    monkeypatch.setattr(classroom, "run_nbgrader", stopped)
    for edition in (7, 8):
        assert course.main(["vary", str(tmp_path / "course"), "--seed", str(edition)]) == 130
        made = (tmp_path / "course" / "source" / "ps1" / "ps1.ipynb").read_text(encoding="utf-8")
        assert made == to_notebook(toy, edition) != to_notebook(toy, 0)


def test_the_command_makes_an_edition_and_goes_on_with_it(toy, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(classroom, "assignments_folder", lambda: toy.parent)
    folder = tmp_path / "mine"
    assert course.main(["vary", str(folder), "--seed", "7"]) == 0
    assert "edition 7" in capsys.readouterr().err
    room = classroom.Classroom(folder)
    assert room.record.edition == 7
    assert course.main(["build", str(folder)]) == 0
    assert "edition 7" in capsys.readouterr().err
    handed_in = room.notebook("submitted", "ps1", "ada")
    handed_in.parent.mkdir(parents=True)
    handed_in.write_text("{}", encoding="utf-8")
    assert course.main(["vary", str(folder), "--seed", "8"]) == 2
    assert "ps1: handed in already, with the tests of edition 7" in capsys.readouterr().err
