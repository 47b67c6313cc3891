"""Every function that takes ids refuses what is none, before a table is read at a wrong row."""

import numpy as np
import pytest
import torch
from small import randomize

from charlstm.coding.predictor import Predictor
from charlstm.errors import UserError
from charlstm.insight.activations import watch
from charlstm.insight.gradients import reach
from charlstm.insight.repairs import read
from charlstm.measuring.calibration import calibrate, calibrated
from charlstm.measuring.dynamic import mean_squares, predict_dynamic, score_dynamic
from charlstm.measuring.mixture import predict_mixture, score_mixture
from charlstm.measuring.scores import score, score_carried, score_cold
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.network import CharModel
from charlstm.options import ModelOptions, TrainOptions
from charlstm.sampling.sampler import Sampler
from charlstm.text.baselines import Ngram, ngram_bits
from charlstm.text.encoded import OnDisk
from charlstm.text.ngrams import Ladder
from charlstm.text.vocabulary import Vocabulary, check_ids
from charlstm.training.distributed import Ranks
from charlstm.training.fit import fit
from charlstm.training.follow import Plan
from charlstm.training.trainer import Trainer
from charlstm.variants.bidirectional import (
    Bidirectional,
    chances,
    fit_bidirectional,
    score_blanks,
)
from charlstm.variants.encoder_decoder import EncoderDecoder
from charlstm.variants.filling import try_each

LETTERS = Vocabulary("\nabcdefghij")
V = len(LETTERS)
GOOD = np.random.default_rng(0).integers(V, size=120, dtype=np.int32)
SIZES = ModelOptions(hidden_size=4, embedding_size=3)
ONE_HOT = ModelOptions(hidden_size=4, embedding_size=None)
MODEL = randomize(CharModel(SIZES, V), size=0.1)
CHECKPOINT = Checkpoint(SIZES, LETTERS, MODEL.to_arrays())
SAMPLER, PREDICTOR, NGRAM = Sampler(CHECKPOINT), Predictor(CHECKPOINT), Ngram(LETTERS, GOOD)
TWO_SIDED = Bidirectional(SIZES, LETTERS)
FORWARDS = Bidirectional(SIZES, LETTERS, "forwards")
PAIRS = EncoderDecoder(LETTERS, LETTERS, SIZES)
STEPS = TrainOptions(steps=2, batch_size=2, window=8)
WRONG = {  # an id, and its type in an array
    "negative": (-1, np.int32),
    "ignored by a loss": (-100, np.int64),
    "too large": (V + 2, np.int32),
    "true": (True, np.bool_),
    "half": (0.5, np.float32),
    "beyond int64": (2**63, np.uint64),
    "beyond everything": (2**70, object),
}


def several(sampler):
    return [tuple(np.tile(s, (3, 1)) for s in layer) for layer in sampler.zero_state()]


def planned(ids):
    plan = Plan.of(Trainer(MODEL, GOOD, GOOD, STEPS), "lstm")
    return Plan(**vars(plan) | {"validation_ids": ids}).trainer(Ranks())


ONE = {  # what reads a single id
    "Sampler.step": lambda i: SAMPLER.step(i, SAMPLER.zero_state()),
    "Ngram.step": lambda i: NGRAM.step(i, NGRAM.zero_state()),
    "Predictor.step": lambda i: PREDICTOR.step(i, PREDICTOR.start()[1]),
}
ROW = {  # what reads a text
    "Vocabulary.decode": LETTERS.decode,
    "Sampler.read": SAMPLER.read,
    "Sampler.step": lambda ids: SAMPLER.step(ids[:3], several(SAMPLER)),
    "Ngram.step": lambda ids: NGRAM.step(ids[:3], several(NGRAM)),
    "Ngram": lambda ids: Ngram(LETTERS, ids),
    "ngram_bits": lambda ids: ngram_bits(ids, V),
    "Ngram.from_both_sides": lambda ids: NGRAM.from_both_sides(ids, [5]),
    "Ladder": lambda ids: Ladder(ids, V, 2, (0, 1)),
    "read": lambda ids: list(read(SAMPLER, ids)),
    "watch": lambda ids: list(watch(CHECKPOINT, ids)),
    "watch, two texts": lambda ids: list(watch(CHECKPOINT, ids.reshape(2, -1))),
    "reach": lambda ids: reach(MODEL, ids.reshape(2, -1)),
    "calibrate": lambda ids: calibrate(MODEL, ids),
    "calibrated": lambda ids: calibrated(CHECKPOINT, ids),
    "score": lambda ids: score(MODEL, ids),
    "score_carried": lambda ids: score_carried(MODEL, ids),
    "score_cold": lambda ids: score_cold(MODEL, ids),
    "score_dynamic": lambda ids: score_dynamic(MODEL, ids, GOOD),
    "score_dynamic, history": lambda ids: score_dynamic(MODEL, GOOD, ids),
    "predict_dynamic": lambda ids: next(predict_dynamic(MODEL, ids, GOOD)),
    "mean_squares": lambda ids: mean_squares(MODEL, ids),
    "predict_mixture": lambda ids: next(predict_mixture(MODEL, ids, GOOD, LETTERS)),
    "score_mixture, history": lambda ids: score_mixture(MODEL, GOOD, ids, LETTERS),
    "Trainer": lambda ids: Trainer(MODEL, ids, GOOD, STEPS),
    "Trainer, validation": lambda ids: Trainer(MODEL, GOOD, ids, STEPS),
    "fit": lambda ids: next(fit(MODEL, ids, GOOD, STEPS)),
    "fit, validation": lambda ids: next(fit(MODEL, GOOD, ids, STEPS)),
    "a plan's validation": planned,
    "fit_bidirectional": lambda ids: fit_bidirectional(TWO_SIDED, ids),
    "chances": lambda ids: chances(TWO_SIDED, ids),
    "score_blanks": lambda ids: score_blanks(np.zeros((len(ids), V)), ids),
    "try_each": lambda ids: try_each(FORWARDS, ids, 5),
}
TENSOR = {  # what reads texts as a tensor, (2, T)
    "CharModel": MODEL,
    "CharModel, one-hot": CharModel(ONE_HOT, V),
    "Bidirectional": TWO_SIDED,
    "Bidirectional, one-hot": Bidirectional(ONE_HOT, LETTERS),
    "sources": lambda ids: PAIRS(ids, torch.zeros(2, 3, dtype=torch.long)),
    "targets": lambda ids: PAIRS(torch.zeros(2, 3, dtype=torch.long), ids),
}


@pytest.fixture(params=list(WRONG))
def wrong(request):
    return WRONG[request.param]


@pytest.mark.parametrize("name", list(ONE))
def test_a_wrong_id_is_refused(name, wrong):
    value, kind = wrong
    ONE[name](3)
    for given in [value] if kind is object else [value, np.array(value, kind)[()]]:
        with pytest.raises(UserError, match=r"each must be from 0 to 10|give whole numbers from 0"):
            ONE[name](given)


@pytest.mark.parametrize("name", list(ROW))
def test_a_text_with_a_wrong_id_is_refused(name, wrong):
    value, kind = wrong
    ids = GOOD.astype(kind)
    ids[1] = value
    with pytest.raises(UserError, match=r"at position (0, )?1; each must|give whole numbers from"):
        ROW[name](ids)


@pytest.mark.parametrize("kind", [np.memmap, OnDisk])
@pytest.mark.parametrize("value", [-1, V + 2, 0.5])
def test_a_mapped_text_with_a_wrong_id_is_refused(tmp_path, kind, value):
    ids = GOOD.astype(np.float32 if value == 0.5 else np.int32)
    ids[1] = value
    ids.tofile(tmp_path / "ids")
    mapped = kind(tmp_path / "ids", ids.dtype, "r")
    for name in ("Vocabulary.decode", "Trainer", "Trainer, validation", "score_cold"):
        with pytest.raises(UserError, match=r"at position 1; each must|give whole numbers from"):
            ROW[name](mapped)


def test_a_text_on_disk_is_looked_through_for_a_smaller_vocabulary(tmp_path):
    GOOD.astype(np.uint8).tofile(tmp_path / "ids")
    ids = OnDisk(tmp_path / "ids", np.uint8, "r")
    ids.bound = V
    assert check_ids(ids, V, "ids") is ids
    for given, size in ((ids, V - 1), (ids.reshape(2, -1), V)):
        with pytest.raises(UserError, match=r"each must be from|the shape is \(2, 60\)"):
            check_ids(given, size, "ids")


@pytest.mark.parametrize("name", list(TENSOR))
def test_a_tensor_with_a_wrong_id_is_refused(name, wrong):
    value, kind = wrong
    if kind is object:
        return  # torch has no such tensors
    ids = GOOD[:24].astype(kind)
    ids[1] = value
    with pytest.raises(UserError, match=r"each must be from 0 to|give torch.int64"):
        TENSOR[name](torch.from_numpy(ids.reshape(2, -1)))


def test_what_reads_right_ids_takes_these():
    """So that the tests above do not pass for another reason."""
    for reads in ROW.values():
        reads(GOOD)
    for reads in TENSOR.values():
        reads(torch.from_numpy(GOOD.reshape(2, -1)))


@pytest.mark.parametrize("length", [0, 1])
def test_a_validation_text_in_which_nothing_can_be_predicted_is_refused_first(length):
    before = MODEL.to_arrays()
    for reads in (ROW["Trainer, validation"], ROW["fit, validation"], planned):
        with pytest.raises(UserError, match=f"validation_ids: {length} character.* at least 2"):
            reads(GOOD[:length])
    assert all(np.array_equal(before[name], now) for name, now in MODEL.to_arrays().items())
    with pytest.raises(UserError, match="ids: there are none; give at least one"):
        SAMPLER.read([])
