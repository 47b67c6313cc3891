"""How much of what a model writes is copied from what it has read."""

import dataclasses

import pytest

from charlstm.measuring.passage import Passage
from charlstm.measuring.scores import score_carried
from charlstm.measuring.writing import measure_writing
from charlstm.model.facts import Provenance
from charlstm.model.network import CharModel
from charlstm.options import DataOptions, SampleOptions
from charlstm.sampling.sampler import Sampler, generate
from charlstm.text.corpus import Corpus
from charlstm.text.novelty import novelty

OPTIONS = SampleOptions(length=40, seed=3, top_k=5)


@pytest.fixture
def corpus(text):
    return Corpus(("a.txt",), text, "a digest", DataOptions())


@pytest.fixture
def trained(checkpoint, corpus):
    return dataclasses.replace(checkpoint, provenance=Provenance.of(corpus))


def written(checkpoint, corpus, part, options=OPTIONS):
    passage = Passage.of(checkpoint, corpus, part)
    return measure_writing(checkpoint, CharModel.from_checkpoint(checkpoint), passage, options)


def test_a_sample_is_compared_with_what_the_model_has_read(checkpoint, trained, corpus, text):
    sample = "".join(generate(Sampler(checkpoint), "", OPTIONS))
    own = written(trained, corpus, "validation")
    assert own.written.characters == 40
    assert own.written.novelty == novelty(sample, text[:669])
    assert own.part.characters == 40
    assert own.part.novelty == novelty(text[669:709], text[:669])
    model = CharModel.from_checkpoint(checkpoint)
    assert own.surprise_nats == score_carried(model, checkpoint.vocabulary.encode(sample)).nats
    other = written(checkpoint, corpus, "validation")
    assert other.written.novelty == novelty(sample, text)
    assert other.part is None  # it is in the text that the sample is compared with
    assert written(trained, corpus, "train").part is None


def test_a_sample_without_characters_has_no_figures(trained, corpus):
    empty = written(trained, corpus, "validation", SampleOptions(length=0, seed=0))
    assert empty.written.characters == 0
    assert empty.surprise_nats is None
    assert "own surprise" not in "".join(empty.lines())
    assert empty.to_json()["surprise_nats"] is None


def test_a_long_copied_piece_is_printed_by_its_beginning_and_its_end(trained, corpus):
    writing = written(trained, corpus, "validation")
    copied = dataclasses.replace(writing.written.novelty, longest="begin" + "x" * 2690 + "end")
    compared = dataclasses.replace(writing.written, novelty=copied)
    line = list(dataclasses.replace(writing, written=compared).lines())[-2]
    assert line.startswith("longest, written: 2,698 characters, 'beginx")
    assert line.endswith("xend'")
    assert len(line) < 220
    assert compared.to_json()["longest"] == copied.longest


def test_a_stop_text_ends_the_sample(trained, corpus):
    whole = "".join(generate(Sampler(trained), "", OPTIONS))
    stopped = dataclasses.replace(OPTIONS, stop=whole[20:22])
    length = whole.index(whole[20:22])
    assert written(trained, corpus, "validation", stopped).written.characters == length


def test_what_may_not_be_copied_is_the_text_that_the_model_has_read(trained, corpus, text):
    options = dataclasses.replace(OPTIONS, length=300, temperature=0.1, no_copy=3, no_repeat=9)
    own = written(trained, corpus, "validation", options)
    assert len(own.written.novelty.longest) <= 3
    assert own.written.characters == 300
    assert next(own.lines()).startswith(
        "300 characters written with temperature 0.1, top-k 5, no-repeat 9, no-copy 3, seed 3; the"
    )
    assert (own.to_json()["no_copy"], own.to_json()["min_p"]) == (3, None)


def test_the_text_that_may_not_be_copied_ends_where_training_ended(
    trained, corpus, text, monkeypatch
):
    given = []

    def record(sampler, prime, options, threads, original):
        given.append(original)
        return iter("")

    monkeypatch.setattr("charlstm.measuring.writing.generate", record)
    written(trained, corpus, "validation", dataclasses.replace(OPTIONS, no_copy=3))
    assert given == [text[:669]]


def test_the_figures_are_laid_out_for_a_person_and_for_a_program(trained, corpus):
    result = written(trained, corpus, "validation")
    told = result.to_json()
    assert list(told) == [
        *SampleOptions().manner, "seed", "characters", "copied", "longest", "known_words",
        "surprise_nats", "part",
    ]  # fmt: skip
    assert (told["top_k"], told["top_p"], told["seed"]) == (5, None, 3)
    assert told["copied"]["5"] == result.written.novelty.copied[5]
    assert told["part"]["characters"] == 40
    first, columns, *rows, longest, beside = result.lines()
    assert first.startswith("40 characters written with temperature 0.8, top-k 5, seed 3; the")
    assert columns.split() == ["also", "in", "the", "text", "read", "written", "part"]
    assert rows[0].startswith("pieces of 5 characters")
    assert rows[4].split()[-2:] == ["-", "-"]  # the part has fewer than 50 characters
    assert rows[-1].startswith("words that it has")
    assert longest == f"longest, written: {len(told['longest'])} characters, {told['longest']!r}"
    assert beside.startswith("longest, part: 40 characters, ")
