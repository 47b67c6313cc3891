"""A text that a person and a model write: what keys do, and what is shown."""

import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small import TEXT, randomize

from charlstm.model.checkpoint import Checkpoint
from charlstm.model.network import CharModel
from charlstm.options import ModelOptions, SampleOptions
from charlstm.sampling.interactive import Together, shown
from charlstm.sampling.sampler import Sampler
from charlstm.text.vocabulary import Vocabulary


def sampler_of(vocabulary):
    options = ModelOptions(layers=2, hidden_size=6)
    model = randomize(CharModel(options, len(vocabulary)))
    return Sampler(Checkpoint(options, vocabulary, model.to_arrays()))


SAMPLER = sampler_of(Vocabulary.of(TEXT + "15\\\t"))
BYTES = sampler_of(Vocabulary("".join(map(chr, range(256))), bytewise=True))
KEYS = st.lists(
    st.sampled_from([*"12345xq", "\r", "\n", "\\", "n", "t", "\x7f", "\b", "é", "\x01"])
)


def same(a, b):
    return all(
        np.array_equal(x, y) for p, q in zip(a, b, strict=True) for x, y in zip(p, q, strict=True)
    )


@settings(max_examples=60, deadline=None)
@given(KEYS, st.sampled_from(["", "T", "The quick"]), st.sampled_from([SAMPLER, BYTES]))
def test_any_keys_leave_the_state_of_reading_the_text_afresh(keys, prime, sampler):
    together = Together(sampler, prime, SampleOptions(seed=1, temperature=2))
    texts = [""]
    for key in keys:
        escaping = together.escaping
        assert together.press(key)
        if key in "\x7f\b" and not escaping:
            if len(texts) > 1:
                texts.pop()
        elif together.text != texts[-1]:
            texts.append(together.text)
        assert together.text == texts[-1]
    fresh = Together(sampler, prime, SampleOptions())
    fresh._write(together.text)
    assert same(together.state, fresh.state)
    assert together.likely() == fresh.likely()
    _, state = sampler.read(sampler.vocabulary.encode((prime or "\n") + together.text))
    for layer, other in zip(together.state, state, strict=True):
        for a, b in zip(layer, other, strict=True):
            assert np.allclose(a, b, atol=1e-5)


def test_numbers_pick_the_most_likely_letters():
    logits, _ = SAMPLER.read(SAMPLER.vocabulary.encode("fo"))
    shares = np.exp(logits[-1]) / np.exp(logits[-1]).sum()
    ranking = np.argsort(-shares)
    for n in range(1, 6):
        together = Together(SAMPLER, "fo", SampleOptions())
        letter, share = together.likely()[n - 1]
        assert letter == SAMPLER.vocabulary.characters[ranking[n - 1]]
        assert share == pytest.approx(shares[ranking[n - 1]], rel=1e-5)
        together.press(str(n))
        assert together.text == letter


def test_any_letter_can_be_typed():
    together = Together(SAMPLER, "", SampleOptions())
    for key in "q", *"\\1", *"\\5", *"\\n", *"\\t", *"\\\\", " ":
        together.press(key)
    assert together.text == "q15\n\t\\ "


def test_enter_chooses_as_the_options_say():
    together = Together(SAMPLER, "fo", SampleOptions(temperature=0))
    best = together.likely()[0][0]
    together.press("\r")
    assert together.text == best
    drawn = set()
    together = Together(SAMPLER, "fo", SampleOptions(seed=1, temperature=3))
    for _ in range(30):
        together.press("\n")
        drawn.add(together.text)
        together.press("\x7f")
    assert together.text == ""
    assert len(drawn) > 5  # taken back, it chooses anew


def test_ctrl_d_ends_and_a_useless_key_leaves_a_message():
    together = Together(SAMPLER, "", SampleOptions())
    assert not together.press("\x04")
    together.press("\x7f")
    assert together.message == "nothing to take back"
    together.press("€")
    assert together.message == "the model does not know '€' (U+20AC)"
    assert together.text == ""
    together.press("q")
    assert together.message == ""


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_letter_is_typed_in_the_form_that_the_model_knows(form):
    sampler = sampler_of(Vocabulary.of(unicodedata.normalize(form, "abcé\n")))
    together = Together(sampler, "", SampleOptions())
    together.press("é")
    assert together.text == unicodedata.normalize(form, "é")
    together.press("\x7f")
    assert together.text == ""


def test_backspace_takes_back_all_bytes_of_a_letter():
    together = Together(BYTES, "", SampleOptions())
    together.press("€")
    assert together.text == "\xe2\x82\xac"
    assert "€" in "".join(together.screen(80, 24)[0])
    together.press("\b")
    assert together.text == ""


# --- the screen ----------------------------------------------------------------------------------


def cells(line):
    return sum(
        0 if unicodedata.category(c) in ("Mn", "Me", "Cf")
        else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in line
    )  # fmt: skip


WIDE = sampler_of(Vocabulary.of("ab\n \t\x1b長한e\u0301\u0905\u093e\u05d0\u05c1"))


@settings(max_examples=100, deadline=None)
@given(
    st.text(st.sampled_from(WIDE.vocabulary.characters), max_size=150),
    st.integers(0, 200),
    st.integers(1, 60),
    st.booleans(),
)
def test_the_screen_fits_any_terminal(text, columns, rows, unknown):
    together = Together(WIDE, text, SampleOptions())
    together.press("€" if unknown else "a")
    lines, (row, column) = together.screen(columns, rows)
    assert 1 <= len(lines) <= rows
    assert all(cells(line) <= max(2, columns) for line in lines)
    assert 0 <= row < rows
    assert 0 <= column < max(2, columns)
    assert not [c for line in lines for c in line if unicodedata.category(c) == "Cc"]


def test_the_end_of_the_text_the_choices_and_the_keys_are_shown():
    together = Together(SAMPLER, "\n".join(["The fox"] * 30), SampleOptions())
    lines, cursor = together.screen(80, 12)
    choice = next(n for n, line in enumerate(lines) if line.startswith("1 "))
    assert lines[choice].count("%") == 5
    assert lines[: choice - 1] == ["The fox"] * (choice - 1)
    assert cursor == (choice - 2, 7)
    assert any("Ctrl-D: done" in line for line in lines)
    assert together.screen(80, 3)[0][0] == "The fox"  # room for one line of the text at least


@pytest.mark.parametrize(
    ("character", "seen"),
    [("a", "a"), (" ", "space"),
     ("\n", r"\n"), ("\t", r"\t"), ("\x1b", r"\x1b"),
     ("\xa0", r"\xa0"), ("\u0301", "\u25cc\u0301"), ("\u093e", "\u25cc\u093e"),
     ("\u05d0", "\u05d0")],
)  # fmt: skip
def test_a_choice_can_be_seen(character, seen):
    assert shown(character) == seen
    assert shown("\xc3", byte=True) == r"\xc3"
