"""`fit` leaves a model that can be computed with, whatever ends it."""

import math
import os
from contextlib import closing, suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small import CELLS, TEXT

from charlstm.errors import UserError
from charlstm.model.array_file import computable
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.network import CharModel
from charlstm.options import ModelOptions, SampleOptions, TrainOptions
from charlstm.sampling.sampler import Sampler, generate
from charlstm.text.vocabulary import Vocabulary
from charlstm.training.fit import fit
from charlstm.training.trainer import Trainer

VOCABULARY = Vocabulary.of(TEXT)
IDS = VOCABULARY.encode(TEXT * 6)
SMALL = {"hidden_size": 8, "embedding_size": 4}
FAST = {"batch_size": 4, "window": 8}
TRIALS = int(os.environ.get("FITS", 25))


def finite(weights):
    return all(map(computable, weights.values()))


def test_a_mad_learning_rate_leaves_the_start_and_says_so():
    model = CharModel(ModelOptions(**SMALL), len(VOCABULARY))
    start = model.to_arrays()
    options = TrainOptions(steps=60, learning_rate=1e30, **FAST)
    with pytest.raises(UserError, match="no model could be kept, so the weights are those of the"):
        list(fit(model, IDS[:300], IDS[300:], options))
    assert all(np.array_equal(start[name], weight) for name, weight in model.to_arrays().items())
    written = generate(
        Sampler(Checkpoint(model.options, VOCABULARY, model.to_arrays())),
        options=SampleOptions(length=20),
    )
    assert len("".join(written)) == 20


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5])
def test_the_last_step_may_break_the_weights(steps):
    """Nothing comes after it, so no loss shows that."""
    model = CharModel(ModelOptions(**SMALL), len(VOCABULARY))
    options = TrainOptions(steps=steps, learning_rate=1e30, **FAST)
    with pytest.raises(UserError, match="no model could be kept"):
        list(fit(model, IDS[:300], IDS[300:], options))
    assert finite(model.to_arrays())


@pytest.mark.parametrize("broken", ["model", "average"])
def test_a_weight_that_no_validation_reads_is_found_all_the_same(broken):
    """The row of a character that does not occur again: the loss stays finite."""
    vocabulary = Vocabulary.of(TEXT + "\u20ac")
    ids = vocabulary.encode(TEXT * 6)
    model = CharModel(ModelOptions(**SMALL), len(vocabulary))
    options = TrainOptions(steps=60, **FAST)
    trainer = Trainer(model, ids[:300], ids[300:], options, validate_every=25)
    notes = []
    for report in trainer.fit():
        if report.step == 40 and not notes:
            getattr(trainer, broken).embedding.weight.data[-1] = math.nan
        notes += filter(None, [report.note])
        assert finite(trainer.kept())
    assert notes == [
        "step 50: a weight is beyond 1,000,000 or not finite; back to step 25 with 0.5 times the"
        " learning rate"
    ]
    assert finite(trainer.model.to_arrays())
    assert finite(trainer.average.to_arrays())
    assert trainer.progress.step == 60


@pytest.mark.parametrize("leave", [1, 2, 3, 4])
def test_a_trainer_that_is_left_with_broken_weights_goes_back(leave):
    model = CharModel(ModelOptions(**SMALL), len(VOCABULARY))
    options = TrainOptions(steps=60, learning_rate=1e30, **FAST)
    trainer = Trainer(model, IDS[:300], IDS[300:], options)
    with closing(trainer.fit()) as reports:
        for _ in zip(range(leave), reports, strict=False):
            assert finite(trainer.kept())
    assert finite(trainer.model.to_arrays())
    assert finite(trainer.average.to_arrays())


@settings(max_examples=TRIALS, deadline=None, derandomize=TRIALS == 25)
@given(
    exponent=st.floats(-3, 30, allow_subnormal=False),
    clip=st.sampled_from([None, 1.0, 1e-9]),
    ema=st.sampled_from([None, 0.999]),
    decay=st.sampled_from([0.0, 0.1]),
    cell=st.sampled_from(sorted(CELLS)),
    steps=st.integers(1, 60),
    leave=st.none() | st.integers(1, 60),
    interrupted=st.booleans(),
    bf16=st.booleans(),
)
def test_whatever_ends_it_the_weights_are_finite(
    exponent, clip, ema, decay, cell, steps, leave, interrupted, bf16
):
    model = CharModel(ModelOptions(cell, layers=2, dropout=0, **SMALL), len(VOCABULARY))
    options = TrainOptions(
        steps=steps, learning_rate=10**exponent, clip=clip, ema=ema, weight_decay=decay, **FAST
    )
    trainer = Trainer(model, IDS[:300], IDS[300:], options, validate_every=20, bf16=bf16)
    with suppress(UserError, KeyboardInterrupt):
        for count, report in enumerate(trainer.fit(), 1):
            assert finite(trainer.kept())
            if report.improved:
                assert finite(trainer.best)
            if count == leave:
                if interrupted:
                    raise KeyboardInterrupt
                break
    for weights in (trainer.kept(), trainer.average.to_arrays(), trainer.model.to_arrays()):
        assert finite(weights)
