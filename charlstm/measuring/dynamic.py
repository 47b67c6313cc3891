"""Dynamic evaluation: the model goes on learning from the text that it is scored on.

This is the RMS rule with decay to the trained weights of Krause, Kahembwe, Murray & Renals 2018,
"Dynamic evaluation of neural sequence models". The model first predicts a segment of the text, and
only this prediction counts. Then the model learns from the segment:

theta <- theta - RATE * gradient / (size + floor)
               + DECAY * (size + floor) / mean size * (trained - theta)

The size belongs to a weight. It is the root mean square of the weight's gradient over the segments
of a text that comes before. So a step depends on how large the gradient is, compared with the
weight's usual one. The mean size is the mean over all weights.

A text can be cut into streams that are read side by side, with a state for each. This is faster: a
core fetches the weights once for all streams. But the model then learns less from what stands just
before a place, and more from far away.

The floor is a quarter of the mean size. The paper has a tiny constant in its place. But if a
character never came before, its weights have size 0: with a tiny floor they would leap when the
character does come, and would never return.
"""

import copy
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from charlstm.errors import UserError, counted
from charlstm.machine.cpus import torch_threads
from charlstm.measuring.scores import check_predictable
from charlstm.model.facts import Score
from charlstm.model.network import CharModel
from charlstm.text.contexts import Whole
from charlstm.text.vocabulary import Ids

# all of this was chosen on the first 40,000 characters of tiny-shakespeare's validation part
SEGMENT = 128  # characters between two updates; with 64 a pass takes about 1.3 times as long
RATE = 2e-3
DECAY = 6e-3
FLOOR = 0.25  # times the mean size
STRETCHES = 4  # the sizes are measured on so many pieces of the history
STRETCH = 1000  # characters in each


def score_dynamic(
    model: CharModel,
    ids: Ids,
    history: Ids,
    rate: float = RATE,
    decay: float = DECAY,
    streams: int = 1,
    threads: int | None = None,
) -> Score:
    """Score a text in one pass, and learn from each segment after it is scored.

    Args:
        model: the trained model; it stays as it was.
        ids: the text, (N,); with B streams N - B characters are predicted.
        history: see `predict_dynamic`.
        rate: see `predict_dynamic`.
        decay: see `predict_dynamic`.
        streams: see `predict_dynamic`.
        threads: see `predict_dynamic`.

    Raises:
        UserError: see `predict_dynamic`.
    """
    total = 0.0
    segments = predict_dynamic(model, ids, history, rate, decay, streams, threads)
    for places, logs in zip(reading(len(ids), streams), segments, strict=True):
        total -= float(np.take_along_axis(logs, ids[places][..., None], -1).sum())
    return Score(total / (len(ids) - streams), len(ids) - streams)


def check_streams(length: int, streams: int) -> None:
    """Refuse so many streams that one has fewer than two characters.

    Raises:
        UserError: there are too many.
    """
    if streams > length // 2:
        raise UserError(
            f"{counted(streams, 'stream')}: a text of {counted(length, 'character')} makes"
            f" {length // 2:,} at most"
        )


def reading(length: int, streams: int = 1) -> Iterator[Whole]:
    """Yield the places of a text that are predicted before each update, (B, S).

    All streams have the same length; what is left of the text, less than B characters, goes to the
    last one, in a segment of its own, (1, S). The first character of each stream is given.

    Args:
        length: N, characters in the text.
        streams: B.

    Raises:
        UserError: fewer than two characters in a stream.

    Example:
        >>> [places.tolist() for places in reading(7, streams=2)]
        [[[1, 2], [4, 5]], [[6]]]
    """
    check_streams(length, streams)
    each = length // streams
    starts = each * np.arange(streams)[:, None]
    size = max(1, SEGMENT // streams)
    for at in range(1, each, size):
        yield starts + np.arange(at, min(at + size, each))
    if each * streams < length:
        yield np.arange(each * streams, length)[None]


def predict_dynamic(
    model: CharModel,
    ids: Ids,
    history: Ids,
    rate: float = RATE,
    decay: float = DECAY,
    streams: int = 1,
    threads: int | None = None,
) -> Iterator[NDArray[Any]]:
    """Yield the log-probabilities of each segment of `reading`, (B, S, V); then learn from it.

    The state is carried through each stream. A copy learns; the model itself stays as it was.

    Args:
        model: the trained model.
        ids: the text, (N,).
        history: the text before it, (M,). It shows how large each weight's gradient usually is.
        rate: step size, in units of a weight's usual gradient.
        decay: share of its way back to the trained value that a weight goes at each step. It is
            multiplied by (size + floor) / mean size.
        streams: B, streams that are read side by side; the first character of each is given.
        threads: PyTorch's threads. None measures while it reads how many are the fastest.

    Raises:
        UserError: fewer than two characters in the history, or in a stream of the text, or an id
            that is not from 0 to V - 1.
    """
    ids = check_predictable(ids, model.vocabulary_size)
    history = check_predictable(history, model.vocabulary_size, "history")
    sizes = [square.sqrt() for square in mean_squares(model, _spread(history), threads)]
    usual = sum(float(s.sum()) for s in sizes) / sum(s.numel() for s in sizes)
    steps = [rate / (size + FLOOR * usual) for size in sizes]
    returns = [(decay * (size / usual + FLOOR)).clamp(max=1.0) for size in sizes]
    trained = [p.detach() for p in model.parameters()]
    learner = copy.deepcopy(model)
    learn = partial(_learn, learner, steps, returns, trained)
    for logs in _segments(learner, ids, streams, "learning from the text", learn, threads):
        yield logs.cpu().numpy()


@torch.no_grad()
def _learn(
    learner: CharModel, steps: list[Tensor], returns: list[Tensor], trained: list[Tensor]
) -> None:
    """Move each weight against its gradient, and a share of its way back to the trained value."""
    for p, step, back, origin in zip(learner.parameters(), steps, returns, trained, strict=True):
        assert p.grad is not None
        p.lerp_(origin, back).addcmul_(step, p.grad, value=-1.0)


def _spread(history: Ids) -> Ids:
    """Return a shorter text: pieces of a long one, spread evenly from its beginning to its end."""
    if len(history) <= STRETCHES * STRETCH:
        return history
    starts = np.linspace(0, len(history) - STRETCH, STRETCHES).astype(int)
    return np.concatenate([history[start : start + STRETCH] for start in starts])


def mean_squares(model: CharModel, ids: Ids, threads: int | None = None) -> list[Tensor]:
    """Return the mean over segments of each weight's squared gradient, one tensor a parameter.

    Args:
        model: the model; it stays as it was.
        ids: the text, (N,).
        threads: as for `score_dynamic`.

    Raises:
        UserError: fewer than two characters, or an id that is not from 0 to V - 1.
    """
    ids = check_predictable(ids, model.vocabulary_size)
    reader = copy.deepcopy(model)
    squares = [torch.zeros_like(p) for p in reader.parameters()]
    count = 0
    add = partial(_add_squares, reader, squares)
    for _ in _segments(reader, ids, 1, "gradients of the history", add, threads):
        count += 1
    return [square / count for square in squares]


def _add_squares(reader: CharModel, squares: list[Tensor]) -> None:
    for square, p in zip(squares, reader.parameters(), strict=True):
        assert p.grad is not None
        square.addcmul_(p.grad, p.grad)


def _segments(
    model: CharModel,
    ids: Ids,
    streams: int,
    doing: str,
    then: Callable[[], None],
    threads: int | None,
) -> Iterator[Tensor]:
    """Yield the log-probabilities of the characters of each segment, (B, S, V).

    By then the gradient of the segment's mean nats was in the parameters' `grad`, and `then` has
    used it.
    """
    used = torch_threads(threads, model.device)
    text = torch.from_numpy(np.ascontiguousarray(ids, np.int32)).to(model.device)
    state = model.zero_state(streams)
    count = sum(1 for _ in reading(len(ids), streams))
    segments = tqdm(
        reading(len(ids), streams), doing, count, unit=" segments", disable=None, leave=False
    )
    for places in segments:
        with used:
            at = torch.from_numpy(places).to(model.device)
            # what is left over belongs to the last stream
            state = [tuple(s.detach()[-len(at) :] for s in layer) for layer in state]
            logits, state = model(text[at - 1].long(), state)
            logs = F.log_softmax(logits, -1)
            model.zero_grad()
            F.nll_loss(logs.flatten(0, 1), text[at].long().flatten()).backward()
            then()
        yield logs.detach()
