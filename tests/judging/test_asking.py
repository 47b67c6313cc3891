"""The judge asks a student's process: every answer of the gallery gets what it gets in one process.

Here both sides run in this process, each with names and objects of its own, and send each other the
messages that they send between kernels. `test_judge.py` has two kernels.
"""

import re
from datetime import date
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest
from answers import ASK_FOR_FILES, CASES, cells, part_of

from charlstm.judging import answering, asking
from charlstm.judging.arrays import UnreadableAnswerError

UNSEEDED = re.compile("wrong: (not seeded|no seed|the rng is not used)")
NUMBER = re.compile(r" *\d[\d.e+-]*")  # an answer without a seed has others each time
EVERY = 8  # the normal run tries one case in eight, another one each day


@pytest.fixture
def student(monkeypatch):
    """The names of a student's notebook, which the judge can ask for."""
    names = {}
    monkeypatch.setattr(answering, "_names", lambda: names)
    monkeypatch.setattr(answering, "_table", answering.Answers(-1))
    monkeypatch.setattr(asking, "_judge", asking._Judge())

    def sent(expression):
        reply = answering.answer(re.fullmatch(r".*answer\('(.*)'\)", expression)[1])
        return {"user_expressions": {"answer": {"data": {"text/plain": repr(reply)}}}}

    monkeypatch.setattr(asking, "_sent", sent)
    return names


@pytest.fixture
def asked(student):
    """A function that begins a test and returns the names that it has."""
    shell = SimpleNamespace(user_ns={})

    def begun(source, **of_the_judge):
        shell.user_ns.update(of_the_judge)
        asking.begin(shell, source, ["def double(x): ...\n", "import numpy as np\n"])
        return shell.user_ns

    return begun


def what_is_raised(source, name, answer, student=None):
    """Judge an answer: in one process, or in the judge. Return the error as a test shows it."""
    matplotlib.use("agg")
    judged = student is not None
    ours = SimpleNamespace(user_ns={})
    theirs = student if judged else ours.user_ns
    try:
        for grade_id, is_test, text in cells(source):
            text = re.sub(r"^%.*$", "", text, flags=re.M)
            if is_test and part_of(grade_id) == name:
                if judged:
                    asking.begin(ours, text, [f"def {name}(): ..."])
                exec(text, ours.user_ns)
                if judged and "HIDDEN" not in text:
                    asking.publish(ours, text)
            elif not is_test:
                exec(answer if grade_id == name else text, theirs)
                if judged and grade_id and "BEGIN SOLUTION" not in text:
                    exec(text, ours.user_ns)
    except Exception as error:
        return type(error).__name__, str(error)
    return None


@pytest.mark.parametrize(
    ("source", "name", "kind", "answer"),
    [
        pytest.param(
            *case.values,
            id=case.id,
            marks=case.marks if k % EVERY == date.today().day % EVERY else pytest.mark.long,
        )
        for k, case in enumerate(CASES)
        if case.values[0] not in ASK_FOR_FILES
    ],
)
def test_every_answer_gets_what_it_gets_in_one_process(
    source, name, kind, answer, student, request
):
    found = what_is_raised(source, name, answer, student)
    assert (found is None) is (kind == "right")
    alone = what_is_raised(source, name, answer)
    if UNSEEDED.search(request.node.callspec.id):
        found, alone = (NUMBER.sub("", str(error)) for error in (found, alone))
    assert found == alone


def test_a_name_is_the_students_unless_a_cell_of_ours_defines_it(student, asked):
    student |= {"double": lambda x: 2 * x, "np": "theirs", "three": 3, "abs": "theirs"}
    names = asked("double(three), np, abs(none)", np=np, double="from an earlier test")
    assert names["double"](4) == 8
    assert names["np"] is np
    assert names["three"] == 3
    assert "abs" not in names
    assert "none" not in names
    student["three"] = 4
    assert asked("three")["three"] == 4  # asked for again, as an answer further down may change it
    del student["three"]
    assert "three" not in asked("three")


def test_later_cells_know_what_a_visible_test_defines(student, asked):
    student["found"] = lambda: [1, 2]
    names = asked("found()")
    exec("import json as j\nkept = found()\ndef inner(): pass", names)
    kept = names["kept"]
    asking.publish(SimpleNamespace(user_ns=names), "import json as j\nkept = found()")
    assert student["j"].dumps(student["kept"]) == "[1, 2]"
    assert student["kept"] is not kept
    assert "inner" not in student


def test_a_handle_answers_but_compares_and_shows_nothing(student, asked):
    seen = []

    class Sly:
        __hash__ = None
        size = 5

        def __eq__(self, other):
            seen.append(other)
            return True

        def __sub__(self, other):
            seen.append(other)
            return 0

        def __getitem__(self, key):
            return key + 1

        def __len__(self):
            return 4

        def __float__(self):
            return 0.5

    student |= {"sly": Sly(), "each": lambda: (n * n for n in range(3))}
    names = asked("sly, each")
    sly = names["sly"]
    assert (sly.size, sly[2], len(sly), float(sly)) == (5, 3, 4, 0.5)
    assert sly != 7
    with pytest.raises(TypeError):
        sly - 7
    assert not seen
    assert not hasattr(sly, "_private")
    assert type(sly).__name__ == "Sly"
    assert list(names["each"]()) == [0, 1, 4]


def test_an_error_has_the_students_name_message_and_lines(student, asked):
    exec("class Own(Exception): pass\ndef double(x):\n    raise Own(f'no {x}')", student)
    with pytest.raises(Exception, match=r"^no 3$") as caught:
        asked("double")["double"](3)
    assert type(caught.value).__name__ == "Own"
    exec("def double(x):\n    return 1 / x", student)
    with pytest.raises(ZeroDivisionError, match="division by zero"):
        asked("double")["double"](0)
    exec("def double(x):\n    raise SystemExit('')", student)
    with pytest.raises(Exception, match=r"^$") as caught:  # a test may catch it
        asked("double")["double"](0)
    assert type(caught.value).__name__ == "SystemExit"


@pytest.mark.parametrize("reply", ["'passed'", "None", "7", "'x' * 3", "''", "['a']"])
def test_a_reply_that_is_none_is_no_answer(reply, monkeypatch):
    content = {"user_expressions": {"answer": {"data": {"text/plain": reply}}}}
    for sent in (content, {}, {"user_expressions": {"answer": {"status": "error"}}}):
        monkeypatch.setattr(asking, "_sent", lambda _, sent=sent: sent)
        with pytest.raises(UnreadableAnswerError):
            asking.ask("names", [])
