"""Panels that work in a thread, tested without a browser: set a control, click a button."""

import time

import pytest
from find_widgets import one
from small import TEXT

from charlstm.model.checkpoint import Checkpoint
from charlstm.model.network import CharModel
from charlstm.notebook import workers
from charlstm.notebook.workers import SamplerPanel, TrainingMonitor
from charlstm.options import ModelOptions, TrainOptions
from charlstm.text.vocabulary import Vocabulary

PNG = b"\x89PNG"


def wait_for(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture
def panel(checkpoint):
    return SamplerPanel(checkpoint, prime="The ", length=400)


def test_the_sampler_writes_its_length_and_shows_markup_as_text(panel):
    panel._prime.value = "The quick; "
    one(panel.widget, "begin").click()
    panel._work.join(60)
    assert len(panel.text) == len("The quick; ") + 400
    shown = panel._output.value
    assert shown.startswith("<pre")
    assert "The quick; " in shown
    assert one(panel.widget, "stop").disabled
    panel._pieces = list("a < b & <i>")
    panel._show(True)
    assert "a &lt; b &amp; &lt;i&gt;" in panel._output.value


def test_stop_ends_the_sampler_at_once(checkpoint):
    panel = SamplerPanel(checkpoint, length=10**9)
    one(panel.widget, "begin").click()
    wait_for(lambda: len(panel.text) > 50)
    one(panel.widget, "begin").click()  # a second click changes nothing
    one(panel.widget, "stop").click()
    panel._work.join(10)
    written = panel.text
    time.sleep(0.05)
    assert panel.text == written
    assert not one(panel.widget, "begin").disabled


def test_of_a_long_text_the_end_is_shown_while_the_sampler_writes(panel):
    panel._pieces = ["The beginning", *"q" * 30_000]
    panel._show(False)
    assert panel._output.value.count("q") == 20_000
    assert "The beginning" not in panel._output.value
    panel._show(True)
    assert "The beginningqqq" in panel._output.value
    assert panel._output.value.count("q") == 30_000


def test_temperature_zero_and_top_k_are_passed_on(checkpoint):
    texts = []
    for _ in range(2):
        panel = SamplerPanel(checkpoint, length=50)
        one(panel.widget, "temperature").value = 0.0
        one(panel.widget, "top-k").value = 3
        one(panel.widget, "begin").click()
        panel._work.join(60)
        texts.append(panel.text)
    assert texts[0] == texts[1]


def test_min_p_and_no_repeat_are_passed_on(checkpoint):
    panel = SamplerPanel(checkpoint, length=50)
    one(panel.widget, "temperature").value = 2.0
    one(panel.widget, "min-p").value = 0.5
    one(panel.widget, "no-repeat").value = 2
    asked = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(workers, "generate", lambda _, __, options: asked.append(options) or "")
        one(panel.widget, "begin").click()
        panel._work.join(60)
    assert (asked[0].temperature, asked[0].min_p, asked[0].no_repeat) == (2.0, 0.5, 2)
    assert asked[0].top_k is None


def test_a_mistake_is_shown_in_the_panel(panel):
    one(panel.widget, "prime").value = "\u20ac"
    one(panel.widget, "begin").click()
    panel._work.join(60)
    assert "U+20AC" in panel._work.message.value


def test_the_monitor_trains_draws_and_keeps_the_best():
    monitor = TrainingMonitor(
        TEXT * 30, ModelOptions(hidden_size=16), TrainOptions(steps=120, batch_size=4, window=16)
    )
    one(monitor.widget, "begin").click()
    monitor._work.join(120)
    assert list(monitor.losses["train"]) == list(monitor.losses["validation"])
    assert max(monitor.losses["validation"]) == 120
    assert monitor._image.value[:4] == PNG
    assert monitor.checkpoint.vocabulary.characters == "".join(sorted(set(TEXT)))
    assert "<pre" in monitor._sample.value
    assert monitor._bar.value == 1.0


def test_stop_keeps_the_model_of_the_monitor():
    monitor = TrainingMonitor(
        TEXT * 30, ModelOptions(hidden_size=16), TrainOptions(steps=10**6, batch_size=4, window=16)
    )
    one(monitor.widget, "begin").click()
    wait_for(lambda: monitor.losses["validation"])
    one(monitor.widget, "stop").click()
    monitor._work.join(30)
    assert monitor.checkpoint is not None
    assert not monitor._work._thread.is_alive()


def test_a_training_that_diverges_says_so_in_its_panel():
    options = TrainOptions(steps=50, learning_rate=1e30, batch_size=4, window=16)
    monitor = TrainingMonitor(TEXT * 30, ModelOptions(hidden_size=8), options)
    one(monitor.widget, "begin").click()
    monitor._work.join(60)
    assert "smaller learning_rate" in monitor._work.message.value
    assert monitor.checkpoint is not None
    assert not one(monitor.widget, "begin").disabled


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MemoryError(), "out of memory; give smaller sizes (hidden_size, batch_size"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "out of memory"),
    ],
)
def test_too_little_memory_is_told_in_the_panel(error, told, monkeypatch):
    def run_out(*_, **__):
        raise error

    monkeypatch.setattr("charlstm.notebook.workers.CharModel", run_out)
    monitor = TrainingMonitor(TEXT * 30, ModelOptions(hidden_size=8), TrainOptions(steps=5))
    one(monitor.widget, "begin").click()
    monitor._work.join(60)
    assert told in monitor._work.message.value


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_bug_is_told_by_its_kind(panel, monkeypatch):
    monkeypatch.setattr("charlstm.notebook.workers.generate", lambda *_: 1 / 0)
    one(panel.widget, "begin").click()
    panel._work.join(60)
    assert panel._work.message.value == "ZeroDivisionError: division by zero"


def test_a_model_of_bytes_reads_and_writes_letters_in_the_panel():
    text = "größe €"
    vocabulary = Vocabulary.of(text.encode().decode("latin-1"), bytewise=True)
    options = ModelOptions(hidden_size=8, embedding_size=None)
    model = CharModel(options, len(vocabulary))
    panel = SamplerPanel(Checkpoint(options, vocabulary, model.to_arrays()), "öß€", length=5)
    assert panel.text.startswith("öß€")
    assert "öß€" in panel._output.value
    one(panel.widget, "prime").value = "€"
    one(panel.widget, "begin").click()
    panel._work.join(60)
    assert panel._work.message.value == ""
    assert panel.text.startswith("€")


def test_a_sampler_opens_with_the_same_text_each_time(checkpoint):
    first, second = (SamplerPanel(checkpoint, prime="The ", length=400) for _ in range(2))
    assert first.text == second.text
    assert first.text.startswith("The ")
    assert len(first.text) == len("The ") + 300
    assert first.text[:20] in first._output.value.replace("&#x27;", "'")
    assert SamplerPanel(checkpoint, prime="\u20ac").text in ("", "\u20ac")  # no error yet


def test_the_monitor_opens_with_empty_axes():
    monitor = TrainingMonitor(TEXT * 30)
    assert monitor._image.value[:4] == PNG
    assert monitor._figure.axes[0].get_ylim() == (0, 5)
