"""Only the newest values are drawn, and a picture is dim until then."""

import threading

import ipywidgets as w
import pytest
from find_widgets import one

from charlstm.notebook.newest import STALE, STYLE, Newest


class Slow:
    """Draws only when it is allowed to, and keeps what it drew."""

    def __init__(self):
        self.drawn = []
        self.begun = threading.Semaphore(0)
        self.may = threading.Semaphore(1)  # the first drawing is made by the constructor
        self.slider = w.IntSlider(0, max=100)
        self.picture = w.Image()
        self.newest = Newest({"lag_k": self.slider}, self.draw, self.picture)

    def draw(self, values):
        self.begun.release()
        assert self.may.acquire(timeout=60)
        self.drawn.append(values["lag_k"])

    @property
    def dim(self):
        return STALE in self.picture._dom_classes


def test_of_many_moves_the_first_and_the_last_are_drawn():
    slow = Slow()
    assert slow.drawn == [0]
    assert not slow.dim
    assert slow.begun.acquire(timeout=60)
    slow.slider.value = 1
    assert slow.begun.acquire(timeout=60)  # it is drawing 1
    for value in range(2, 11):
        slow.slider.value = value
    assert slow.dim
    slow.may.release()
    assert slow.begun.acquire(timeout=60)  # it is drawing the next: 1 is old, the picture stays dim
    assert slow.drawn == [0, 1]
    assert slow.dim
    slow.may.release()
    slow.newest.join(60)
    assert slow.drawn == [0, 1, 10]
    assert not slow.dim


def test_a_move_after_the_work_begins_it_anew():
    slow = Slow()
    for value in (5, 6):
        slow.may.release()
        slow.slider.value = value
        slow.newest.join(60)
        assert not slow.dim
    assert slow.drawn == [0, 5, 6]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_after_an_error_the_picture_stays_dim_until_a_drawing_succeeds():
    picture = w.Image()
    slider = w.IntSlider(1)
    newest = Newest({"divisor": slider}, lambda values: 1 / values["divisor"], picture)
    slider.value = 0
    newest.join(60)
    assert STALE in picture._dom_classes
    assert newest.message.value == STYLE + "ZeroDivisionError: division by zero"
    slider.value = 2
    newest.join(60)
    assert newest.message.value == STYLE
    assert STALE not in picture._dom_classes


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_move_during_a_drawing_that_fails_is_drawn_all_the_same():
    slow = Slow()
    assert slow.begun.acquire(timeout=60)
    slow.slider.value = 1
    assert slow.begun.acquire(timeout=60)  # it is drawing 1
    slow.slider.value = 2
    slow.drawn = None  # the drawing of 1 fails
    failing = slow.newest._thread
    slow.may.release()
    failing.join(60)
    slow.drawn = []
    slow.may.release()
    slow.newest.join(60)
    assert slow.drawn == [2]
    assert not slow.dim


def test_controls_have_their_names_as_classes_and_the_style_names_the_class():
    slow = Slow()
    assert one(slow.slider, "lag-k") is slow.slider
    assert f".{STALE} " in STYLE
