"""What is refused, and why; the gallery of problem set 4 has more of it, as students hand it in."""

import pickle
import re
from dataclasses import replace

import own_files
import pytest

from charlstm import Checkpoint, UserError, find_model, read_corpus
from charlstm.grading import own_model
from charlstm.grading.own_model import MODEL, TEXT, OwnModel


def test_a_text_and_a_model_are_cut_as_for_the_training(tmp_path):
    text = own_files.text(60_000) + "é"
    checkpoint = own_files.claim(tmp_path, text, split=(0.5, 0.1))
    own = OwnModel(tmp_path)
    own.check()
    assert own.corpus.text == text
    assert own.history == text[:36_000]
    assert own.held_out == text[36_000:56_000]
    assert own.checkpoint.vocabulary == checkpoint.vocabulary
    assert own.held_out_novelty.copied[50] == 0


REFUSED = {
    "no text": "text.txt: no such file beside the notebook",
    "no model": "model.safetensors: no such file beside the notebook",
    "a large text": "text.txt: has 8,000,001 bytes; at most 8,000,000",
    "a large model": "model.safetensors: has 16,000,001 bytes; at most 16,000,000",
    "many weights": "weights; at most 3,000,000 are allowed",
    "a pickle": "model.safetensors: not a whole safetensors file",
    "another text": "another sha256",
    "not trained": "does not say how it was trained",
    "no papers": "does not say on which text it was trained",
    "short": "has 49,999 characters; it must have from 50,000 to 2,000,000",
    "nothing held out": "held out 0 characters; it must hold out at least 5,000; train with",
    "repeated": "% of the 50-character pieces of the held-out part stand in the rest",
    "repeated at the end": "% of the 50-character pieces of the held-out part stand earlier in",
    "shipped text": "stand in the texts that come with charlstm",
    "shipped model": "this is the shipped model tinyshakespeare",
    "shipped model's text": "the shipped model tinyshakespeare was trained on it",
    "few letters": "held-out characters; at most 1% may be unknown",
}


def hand_in(folder, what):
    """Write the files of a case of `REFUSED`."""
    contents = {
        "short": own_files.text()[:49_999],
        "repeated": own_files.text()[:6_000] * 9,
        "repeated at the end": own_files.text()[:54_000] + "abcd " * 1_200,
        "shipped text": read_corpus(["plays"]).text,
    }
    split = (0.9, 0.1) if what == "nothing held out" else (0.8, 0.1)
    steps = 0 if what == "not trained" else 10
    checkpoint = own_files.claim(folder, contents.get(what), split, steps=steps)
    model = folder / MODEL
    if what in ("no text", "no model"):
        (folder / (TEXT if what == "no text" else MODEL)).unlink()
    elif what == "a large text":
        (folder / TEXT).write_bytes(b"x" * 8_000_001)
    elif what == "a large model":
        model.write_bytes(bytes(16_000_001))
    elif what == "many weights":
        own_files.claim(folder, hidden_size=620)
    elif what == "a pickle":
        model.write_bytes(pickle.dumps({"weights": [1, 2, 3]}))
    elif what == "another text":
        (folder / TEXT).write_bytes(own_files.text(seed=1).encode())
    elif what == "no papers":
        replace(checkpoint, provenance=None).save(model)
    elif what == "shipped model":
        model.write_bytes(find_model("tinyshakespeare").read_bytes())
    elif what == "few letters":
        small = own_files.claim(folder / "other", "abab \n" * 9_000)
        replace(small, provenance=checkpoint.provenance).save(model)


@pytest.mark.parametrize(
    "what", ["no text", "a large text", "short", "repeated", "repeated at the end", "shipped text"]
)
def test_a_text_is_refused_before_a_model_is_trained_on_it(what, tmp_path):
    hand_in(tmp_path, what)
    (tmp_path / MODEL).unlink()
    with pytest.raises(UserError, match=re.escape(REFUSED[what])):
        OwnModel(tmp_path).check_text()


def test_a_text_that_will_do_passes_before_the_training(tmp_path):
    own_files.claim(tmp_path)
    (tmp_path / MODEL).unlink()
    OwnModel(tmp_path).check_text()


@pytest.mark.parametrize(("what", "told"), REFUSED.items())
def test_what_proves_nothing_is_refused_in_one_line(what, told, tmp_path, monkeypatch):
    hand_in(tmp_path, what)
    if (
        what == "shipped model's text"
    ):  # that text is not here: let another model be the shipped one
        shipped = Checkpoint.load(tmp_path / MODEL)
        other = Checkpoint.load(find_model("tinyshakespeare"))
        both = replace(other, provenance=shipped.provenance)
        monkeypatch.setattr(own_model, "_shipped_models", lambda: {"tinyshakespeare": both})
    with pytest.raises(UserError) as refused:
        OwnModel(tmp_path).check()
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_refusal_is_told_again_when_it_is_asked_for_again(tmp_path):
    own = OwnModel(tmp_path)
    for _ in range(2):
        with pytest.raises(UserError, match="no such file"):
            own.check()
    own_files.claim(tmp_path)
    own.check()
