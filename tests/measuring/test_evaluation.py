"""All figures of one model: computed, as a table, and as JSON."""

import dataclasses
import json
import math

import numpy as np
import pytest

from charlstm.measuring import evaluation
from charlstm.measuring.evaluation import Baselines, Evaluation, measure
from charlstm.measuring.mixture import Mixture
from charlstm.measuring.passage import Passage
from charlstm.measuring.scores import Scores, score
from charlstm.measuring.writing import Compared, Writing
from charlstm.model.facts import Provenance, Score
from charlstm.model.network import CharModel
from charlstm.options import DataOptions, SampleOptions
from charlstm.text.baselines import ngram_bits, xz_bits
from charlstm.text.corpus import Corpus
from charlstm.text.novelty import Novelty


@pytest.fixture
def corpus(text):
    return Corpus(("a.txt",), text, "a digest", DataOptions())


@pytest.fixture
def trained(checkpoint, corpus):
    return dataclasses.replace(checkpoint, provenance=Provenance.of(corpus))


def test_measure_scores_the_model_on_the_passage_and_nothing_else(trained, corpus):
    found = measure(trained, corpus)
    passage = found.passage
    assert passage.part == "validation"
    assert found.scores == score(CharModel.from_checkpoint(trained), passage.ids)
    assert (found.baselines, found.dynamic, found.novelty) == (None, None, None)
    assert measure(trained, corpus, "train").scores.carried.characters == 669 - 1


def test_baselines_read_the_text_before(trained, corpus, text):
    passage = Passage.of(trained, corpus)
    baselines = Baselines.of(passage)
    assert baselines.read_first == 669
    before = text[:669].encode()
    part = text[669:].encode()
    assert baselines.xz_bits_per_char == xz_bits(part, before) / len(part)
    ids = np.concatenate((passage.history, passage.ids))
    bits = ngram_bits(ids, len(trained.vocabulary), 669) / len(part)
    assert baselines.ngram_bits_per_char == bits


@pytest.fixture
def everything(trained, corpus):
    copied = {5: 0.25, 10: None}
    return Evaluation(
        Passage.of(trained, dataclasses.replace(corpus, text=corpus.text + "€" * 4)),
        Scores(Score(1.5, 79), Score(2.0, 79), 12_345.6, 2),
        Baselines(3.25, 2.5, 1_234, 71),
        Mixture(Score(1.0, 79), Score(0.75, 79), {"model": 0.815, "n-grams": 0.185}, 1, 1_999.6),
        Writing(
            SampleOptions(seed=1, top_p=0.9),
            Compared(300, Novelty(copied, "to be", 0.5)),
            1.25,
            Compared(80, Novelty(copied, "or not", None)),
        ),
    )


def test_the_table_has_a_row_for_each_figure(everything):
    assert everything.table().splitlines() == [
        "a.txt: validation, characters 673 to 748 of 748 (10.0%), 4 unknown ones left out",
        "                        nats/char  bits/char   perplexity  characters",
        "carried (one pass)         1.5000     2.1640        4.482          79",
        "cold (256 characters)      2.0000     2.8854        7.389          79",
        "5-gram                     1.7329     2.5000        5.657          71",
        "xz                         2.2527     3.2500        9.514          71",
        "The 5-gram model (Witten-Bell) and xz learn while they read, having read the 1,234"
        " characters before.",
        "12,346 characters a second, 2 threads.",
        "",
        "Apart from these, a copy that learns from what it has been scored on:",
        "dynamic (one pass)         1.0000     1.4427        2.718          79",
        "mixed with n-grams         0.7500     1.0820        2.117          79",
        "Shares in the mixture: model 82%, n-grams 18%.",
        "2,000 characters a second.",
        "",
        "300 characters written with temperature 0.8, top-p 0.9, seed 1; the model's own surprise:"
        " 1.2500 nats/char",
        "also in the text read        written      part",
        "pieces of 5 characters        25.00%    25.00%",
        "pieces of 10 characters            -         -",
        "words that it has             50.00%         -",
        "longest, written: 5 characters, 'to be'",
        "longest, part: 6 characters, 'or not'",
    ]


def test_the_table_tells_what_of_a_long_part_was_measured(everything):
    samples = Scores(Score(1.5, 79, 0.0123), Score(2.0, 79, 0.25), 12_345.6, 2)
    dynamic = dataclasses.replace(everything.dynamic, alone=Score(1.0, 60))
    novelty = dataclasses.replace(everything.novelty, left_out=1_000)
    long = dataclasses.replace(everything, scores=samples, dynamic=dynamic, novelty=novelty)
    told = set(long.table().splitlines()) - set(everything.table().splitlines())
    assert told == {
        "carried (after 256 others)     1.5000     2.1640        4.482          79",
        "Of this long part, 128 stretches of 1,024 characters were scored; whole scores all of it.",
        "The scores of the whole part lie within 0.0123 (carried) and 0.2500 (cold) of these, with"
        " 95 % confidence.",
        "dynamic (one pass)         1.0000     1.4427        2.718          60",
        "(the first characters of the part; whole reads it all)",
        "(its last 4,194,304 characters; 1,000 before them were not compared)",
    }
    figures = json.loads(json.dumps(long.to_json()))
    assert (figures["carried"]["interval"], figures["cold"]["interval"]) == (0.0123, 0.25)
    assert figures["novelty"]["left_out"] == 1_000


def test_baselines_of_a_long_text_read_a_part_of_it(trained, corpus, text, monkeypatch):
    monkeypatch.setattr(evaluation, "BASELINE", 50)
    monkeypatch.setattr(evaluation, "BEFORE", 300)
    passage = Passage.of(trained, corpus)
    found = Baselines.of(passage)
    assert (found.read_first, found.characters) == (300, 50)
    ids = trained.vocabulary.encode(text[669 - 300 : 669 + 50])
    bits = ngram_bits(ids, len(trained.vocabulary), 300)
    assert found.ngram_bits_per_char == pytest.approx(bits / 50)
    part, before = text[669:719].encode(), text[369:669].encode()
    assert found.xz_bits_per_char == xz_bits(part, before) / 50


def test_the_table_tells_streams(everything):
    dynamic = dataclasses.replace(everything.dynamic, streams=4)
    lines = dataclasses.replace(everything, dynamic=dynamic).table().splitlines()
    assert "dynamic (4 streams)        1.0000     1.4427        2.718          79" in lines


def test_the_json_has_a_key_for_each_figure(everything):
    told = json.loads(json.dumps(everything.to_json()))
    assert list(told) == [
        "corpus", "sha256", "part", "from", "to", "of", "left_out", "carried", "cold",
        "chars_per_second", "threads", "device", "dynamic", "mixture", "novelty",
        "xz_bits_per_char", "5gram_bits_per_char", "baselines_read_first",
        "baselines_characters",
    ]  # fmt: skip
    assert [told[key] for key in ("from", "to", "of", "left_out")] == [673, 748, 748, 4]
    assert told["cold"] == {
        "nats": 2.0,
        "bits_per_char": 2 / math.log(2),
        "perplexity": math.exp(2),
        "characters": 79,
    }
    assert (told["5gram_bits_per_char"], told["xz_bits_per_char"]) == (2.5, 3.25)
    assert (told["dynamic"]["nats"], told["mixture"]["nats"]) == (1.0, 0.75)
    assert told["mixture"]["shares"] == {"model": 0.815, "n-grams": 0.185}
    assert (told["mixture"]["streams"], told["mixture"]["chars_per_second"]) == (1, 1_999.6)
    assert told["novelty"] == everything.novelty.to_json()


def test_what_was_not_measured_is_not_told(everything):
    few = Evaluation(everything.passage, everything.scores)
    assert len(few.table().splitlines()) == 5
    assert list(few.to_json())[-1] == "device"
    alone = dataclasses.replace(few, baselines=Baselines(3.0, 2.0, 0, 71))
    assert "xz learn while they read.\n" in alone.table()


def test_a_score_beyond_all_floats_has_no_perplexity(everything):
    hopeless = Score(1e4, 79)
    assert hopeless.perplexity == math.inf
    assert hopeless.to_json()["perplexity"] is None
    assert math.isfinite(Score(709.7, 1).perplexity)
    scores = Scores(hopeless, hopeless, 1.0, 1)
    assert " inf " in dataclasses.replace(everything, scores=scores).table()


def test_json_has_no_nan_and_a_table_no_control_characters(trained, text):
    corpus = Corpus(("\x1b[2Ja\u202e.txt\nforged",), text, "a digest", DataOptions())
    evaluation = measure(trained, corpus, "all")
    scores = Scores(Score(math.nan, 74), Score(math.inf, 74), math.inf, 1)
    evaluation = dataclasses.replace(evaluation, scores=scores)
    figures = evaluation.to_json()
    json.dumps(figures, allow_nan=False)
    assert figures["carried"]["nats"] is None
    assert figures["chars_per_second"] is None
    heading = evaluation.table().splitlines()[0]
    assert heading.startswith(r"\x1b[2Ja\u202e.txt\nforged: all, characters 0 to 744")


@pytest.mark.parametrize("nats", [3.2, 300.0, 1e30, math.inf, math.nan])
def test_huge_figures_keep_the_columns_of_the_table(nats):
    usual = evaluation._row("carried", Score(1.0, 1000))
    row = evaluation._row("carried", Score(nats, 1000))
    assert len(row) == len(usual)
    assert len(row.split()) == len(usual.split())
