"""Which part of a text is measured, whether it is the model's own, and unknown characters."""

import dataclasses

import numpy as np
import pytest

from charlstm.errors import UserError
from charlstm.fields import Split
from charlstm.measuring import passage
from charlstm.measuring.passage import Passage
from charlstm.model.facts import Provenance
from charlstm.options import DataOptions
from charlstm.text.corpus import Corpus, read_corpus

OPTIONS = DataOptions(split=Split(0.6, 0.3))


@pytest.fixture
def corpus(text):
    return Corpus(("a.txt", "b.txt"), text, "a digest", OPTIONS)


@pytest.fixture
def trained(checkpoint, corpus):
    """A checkpoint that says that it was trained on the corpus."""
    return dataclasses.replace(checkpoint, provenance=Provenance.of(corpus))


def test_the_validation_part_of_its_own_text_is_measured_and_all_of_another(
    checkpoint, trained, corpus, text
):
    own = Passage.of(trained, corpus)
    first = int(len(text) * 0.6)
    second = int(len(text) * 0.9)
    assert (own.part, own.own, own.where) == ("validation", True, slice(first, second))
    assert trained.vocabulary.decode(own.ids) == own.text == text[first:second]
    assert trained.vocabulary.decode(own.history) == text[:first]
    assert own.name == "a.txt b.txt"
    assert own.left_out == 0
    other = Passage.of(checkpoint, corpus)
    assert (other.part, other.own, len(other.history)) == ("all", False, 0)
    assert trained.vocabulary.decode(other.ids) == text
    assert Passage.of(trained, corpus, "test").where == slice(second, len(text))


@pytest.mark.parametrize(
    ("change", "own"),
    [
        ({"split": Split(0.5, 0.5)}, True),
        ({"min_count": 3}, True),
        ({"encoding": "latin-1"}, False),
        ({"newlines": "lf"}, False),
        ({"bytes": True}, False),
        ({"limit": 10_000}, False),
    ],
)
def test_it_is_its_own_text_only_if_the_same_bytes_became_the_same_characters(
    trained, corpus, change, own
):
    read = dataclasses.replace(corpus, options=dataclasses.replace(corpus.options, **change))
    assert Passage.of(trained, read).own is own
    assert not Passage.of(trained, dataclasses.replace(corpus, sha256="another")).own


def test_unknown_characters_are_left_out_of_its_own_text_and_refused_in_another(
    checkpoint, trained, corpus, text
):
    strange = dataclasses.replace(corpus, text=text + "€" * len(text))
    own = Passage.of(trained, strange, "all")
    assert own.left_out == len(text)
    np.testing.assert_array_equal(own.ids, Passage.of(checkpoint, corpus, "all").ids)
    with pytest.raises(UserError, match=r"a\.txt b\.txt, part all: character '€' .*position 744"):
        Passage.of(checkpoint, strange)
    assert Passage.of(checkpoint, strange, unknown="skip").left_out == len(text)
    with pytest.raises(UserError, match="part test: character '€'"):
        Passage.of(trained, strange, "test", unknown="error")


def test_a_part_that_is_too_short_is_refused(checkpoint, corpus):
    whole = dataclasses.replace(corpus, options=DataOptions())
    with pytest.raises(UserError, match="the part test has 0 characters; at least 2 are needed"):
        Passage.of(checkpoint, whole, "test")
    strange = dataclasses.replace(corpus, text="T" + "€" * 9)
    with pytest.raises(UserError, match="of the 10 characters of the part all the model knows 1"):
        Passage.of(checkpoint, strange, unknown="skip")


def test_a_text_on_disk_gives_the_same_passage(checkpoint, text, tmp_path, on_disk, monkeypatch):
    monkeypatch.setattr(passage, "MOST_BEFORE", 300)
    strange = text + "€" * 9 + text[:200]
    (tmp_path / "a.txt").write_bytes(strange.encode())
    from_disk = read_corpus(str(tmp_path / "a.txt"), OPTIONS)
    assert not isinstance(from_disk.text, str)
    in_memory = Corpus(from_disk.sources, strange, from_disk.sha256, OPTIONS)
    for part in ("train", "validation", "test", "all"):
        got, want = (Passage.of(checkpoint, c, part, "skip") for c in (from_disk, in_memory))
        assert np.array_equal(got.ids, want.ids)
        before = strange[: want.where.start][-300:]
        assert np.array_equal(got.history, checkpoint.vocabulary.encode(before, unknown="skip"))
        assert (str(got.text), got.left_out) == (want.text, want.left_out)
        messages = []
        for corpus in (from_disk, in_memory):
            try:
                Passage.of(checkpoint, corpus, part, "error")
            except UserError as error:
                messages.append(str(error))
        assert len(set(messages)) <= 1, messages
        assert len(messages) == 2 * ("€" in want.text)
