"""What a file says about its model: dataclasses to JSON and back."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.model.facts import Measured, Provenance, Score, Training
from charlstm.model.section import Section
from charlstm.options import DataOptions, TrainOptions

NATS = st.floats(0, 700, allow_subnormal=False)
COUNTS = st.integers(0, 10**12)
SCORES = st.builds(Score, NATS, st.integers(1, 10**12))
FACTS = st.one_of(
    st.builds(
        Provenance, st.lists(st.text()).map(tuple), st.text(), COUNTS,
        st.just(DataOptions(split=(0.7, 0.2), limit=9)),
    ),
    st.builds(
        Training, st.just(TrainOptions(steps=5, clip=None)), COUNTS, NATS, NATS,
        st.integers(1, 1024),
    ),
    st.builds(Measured, st.none() | NATS),
    st.builds(
        Measured, st.none() | NATS, st.just("validation"), st.integers(0, 99),
        st.integers(100, 999), SCORES, SCORES,
    ),
)  # fmt: skip


@given(FACTS)
def test_facts_come_back_from_json(fact):
    saved = json.loads(json.dumps(fact.to_json()))
    assert type(fact).from_json(Section(saved, "file")) == fact


def test_a_score_gives_bits_and_perplexity():
    score = Score(2.0, 10)
    assert score.bits_per_char == pytest.approx(2 / math.log(2))
    assert score.perplexity == pytest.approx(math.exp(2))
    assert Score(1e4, 1).perplexity == math.inf
    assert Score(1e4, 1).to_json()["perplexity"] is None
