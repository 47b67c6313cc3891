"""Former names work in a kernel that loads the extension, and nowhere else."""

import subprocess
import sys

import pytest
from toy import RIGHT, TOY, handed_in_by, points, ran

USED = """
from charlstm import plots
from charlstm.exercises import expect
from charlstm.notebook import exercises, plots as plots_of_today

assert expect is exercises.expect
assert plots.curves is plots_of_today.curves and plots.png
assert plots.next_character and plots.gates and plots.along

import charlstm
from charlstm import CharModel, cells, fit_streams
from charlstm.measuring import scores
from charlstm.model import cells as cells_of_today
from charlstm.text import streams

assert cells is cells_of_today and charlstm.cells is cells_of_today
assert fit_streams is streams.streams_for
assert charlstm.carried is scores.score_carried
assert charlstm.cold is scores.score_cold

import charlstm.gradients, charlstm.novelty
from charlstm.gradients import initialize, reach
assert initialize is charlstm.initialize

options = charlstm.ModelOptions(layers=2, embedding_size=0)
assert (options.layers, options.embedding_size) == (2, None)
try:
    charlstm.nothing
except AttributeError as error:
    assert "no attribute 'nothing'" in str(error)
else:
    raise AssertionError
"""
LOAD = """
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell()
shell.extension_manager.load_extension("charlstm.judging.former")
"""


def python(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def test_all_former_names_of_the_sets_and_lessons_lead_to_those_of_today():
    done = python(LOAD + USED)
    assert done.returncode == 0, done.stderr


def test_loading_the_extension_imports_nothing_else_and_names_nothing():
    probe = "import sys; before = {*sys.modules}" + LOAD
    probe += "new = {name for name in {*sys.modules} - before if name.startswith('charlstm')}\n"
    probe += "print(sorted(new), 'charlstm' in shell.user_ns, {'torch', 'numpy'} & {*sys.modules})"
    assert python(probe).stdout.strip() == (
        "['charlstm', 'charlstm.judging', 'charlstm.judging.former'] False set()"
    )


@pytest.mark.parametrize("line", ["import charlstm.exercises", "from charlstm import plots"])
def test_without_the_extension_there_are_no_former_names(line):
    done = python(line)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(("ModuleNotFoundError", "ImportError"))


FORMER_NAMES = """\
from charlstm.exercises import expect
from charlstm import cells, fit_streams, plots
import charlstm
charlstm.carried, charlstm.cold"""


@pytest.mark.slow
def test_a_set_that_says_former_names_is_graded_as_it_was(toy, toy_course, tmp_path, capsys):
    """The course is as version 0.1 made it: its configuration, too, imports what has moved."""
    toy.write_text(
        TOY.replace("from charlstm.notebook.exercises import expect", FORMER_NAMES),
        encoding="utf-8",
    )
    config = toy_course / "nbgrader_config.py"
    config.write_text(
        config.read_text(encoding="utf-8").replace("grading.nbgrader import", "grading import"),
        encoding="utf-8",
    )
    assert "from charlstm.grading import PREPROCESSORS" in config.read_text(encoding="utf-8")
    assert "made anew" in ran(capsys, "build", toy_course).out
    release = toy_course / "release" / "ps1" / "ps1.ipynb"
    answers = {
        "double": "from charlstm import plots\n" + RIGHT["double"],
        "half": RIGHT["half"].replace(":\n", ":\n    from charlstm import cells\n"),
    }
    handed_in_by(tmp_path / "in", "ada.ipynb", release, **answers)
    ran(capsys, "grade", toy_course, "ps1", tmp_path / "in")
    assert points(toy_course) == {"ada": 6}
