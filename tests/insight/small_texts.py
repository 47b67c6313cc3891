"""A text, models to explain it, and the logits by PyTorch, for the tests of blame."""

import torch
from small import TEXT, randomize

from charlstm.model.cells import Cell, relu, rnn, run_layers
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.named_cells import register_cell
from charlstm.model.network import CharModel
from charlstm.options import ModelOptions
from charlstm.text.vocabulary import Vocabulary

LETTERS = TEXT[:37]  # more than two blocks of occlusion
TARGETS = [1, 16, 17, 36]
H = 5
WAYS = [
    {"embedding_size": 3, "readout": "sum", "layers": 2},
    {"embedding_size": None, "readout": "last", "layers": 3},
]


def small(cell="lstm", size=0.7, **changed):
    """Return a checkpoint in float64 with random weights and biases, and its model."""
    options = ModelOptions(**({"cell": cell, "hidden_size": H, "embedding_size": 3} | changed))
    vocabulary = Vocabulary.of(TEXT)
    model = randomize(CharModel(options, len(vocabulary)), size=size).double()
    return Checkpoint(options, vocabulary, model.to_arrays()), model


def reader(name="read"):
    """Register a cell that charlstm does not know, and return its name."""
    register_cell(name, Cell(lambda p, u, state: rnn(p, u, state, relu), ("h",), ("h",)))
    return name


def read(model, xs, readout):
    """Return the logits after each letter of texts, (B, T, V), for their embeddings (B, T, E)."""
    features, _ = run_layers(list(model.layers), xs, model.zero_state(len(xs)), readout)
    return model.head(features)


def embedded(checkpoint, model):
    return model.embed(torch.from_numpy(checkpoint.vocabulary.encode(LETTERS)).long()).detach()


def scores_of(checkpoint, logits):
    """Return the score of each target, its logit minus the mean: (N,), or (N, B) for B texts."""
    ids = checkpoint.vocabulary.encode(LETTERS)
    centred = logits - logits.mean(-1, keepdim=True)
    return torch.stack([centred[..., t - 1, ids[t]] for t in TARGETS])
