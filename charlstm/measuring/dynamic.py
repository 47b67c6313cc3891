"""Dynamic evaluation: the model goes on learning from the text that it is scored on.

Krause, Kahembwe, Murray & Renals 2018, "Dynamic evaluation of neural sequence models", their RMS
rule with decay to the trained weights. Each segment is first predicted, which is what counts, and
then learnt from:

theta <- theta - RATE * gradient / (size + floor)
               + DECAY * (size + floor) / mean size * (trained - theta)

The size of a weight's gradient is its root mean square over segments of a text that was read
before, so that each weight moves in its own measure; the mean is over all weights. The floor, a
quarter of that mean, takes the place of the paper's tiny constant: a character that never came
before has weights of size 0, which would otherwise leap when it does come, and never come back.
"""

import copy
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from charlstm.measuring.scores import Score, check_predictable
from charlstm.model.network import CharModel
from charlstm.text.vocabulary import Ids

SEGMENT = 20  # characters between two updates
RATE = 1e-3  # these two chosen on the first 40,000 characters of tiny-shakespeare's validation part
DECAY = 3e-3
FLOOR = 0.25
STRETCHES, STRETCH = 100, 1000  # of the history, from which the sizes are taken, and their length


def dynamic(
    model: CharModel, ids: Ids, history: Ids, rate: float = RATE, decay: float = DECAY
) -> Score:
    """Score a text in one pass, the state carried, learning from each segment after its score.

    The model is left as it was.

    Args:
        model: the trained model.
        ids: the text, (N,); N - 1 characters are predicted.
        history: the text before, (M,), from which the size of the updates is learnt.
        rate: step size, in units of a weight's usual gradient.
        decay: share of the way back to the trained weights at each step, for the average weight.

    Raises:
        UserError: fewer than two characters in either text.
    """
    check_predictable(ids)
    check_predictable(history)
    sizes = [square.sqrt() for square in mean_squares(model, _spread(history))]
    usual = sum(float(s.sum()) for s in sizes) / sum(s.numel() for s in sizes)
    steps = [rate / (size + FLOOR * usual) for size in sizes]
    returns = [(decay * (size / usual + FLOOR)).clamp(max=1.0) for size in sizes]
    trained = [p.detach() for p in model.parameters()]
    learner, total = copy.deepcopy(model), 0.0
    for nats in _segments(learner, ids, "learning from the text"):
        total += nats
        with torch.no_grad():
            for p, step, back, origin in zip(
                learner.parameters(), steps, returns, trained, strict=True
            ):
                assert p.grad is not None
                p.add_(back * (origin - p) - step * p.grad)
    return Score(total, len(ids) - 1)


def _spread(history: Ids) -> Ids:
    """Return stretches of a long text from its beginning to its end, one after the other."""
    if len(history) <= STRETCHES * STRETCH:
        return history
    starts = np.linspace(0, len(history) - STRETCH, STRETCHES).astype(int)
    return np.concatenate([history[start : start + STRETCH] for start in starts])


def mean_squares(model: CharModel, ids: Ids) -> list[Tensor]:
    """Return the mean over segments of each weight's squared gradient, one tensor a parameter.

    Args:
        model: the model, left as it was.
        ids: the text, (N,).
    """
    reader = copy.deepcopy(model)
    squares, count = [torch.zeros_like(p) for p in reader.parameters()], 0
    for _ in _segments(reader, ids, "gradients of the history"):
        count += 1
        for square, p in zip(squares, reader.parameters(), strict=True):
            assert p.grad is not None
            square.addcmul_(p.grad, p.grad)
    return [square / count for square in squares]


def _segments(model: CharModel, ids: Ids, doing: str) -> Iterator[float]:
    """Yield the nats of each segment, the gradient of their mean left in the parameters."""
    state = None
    starts = range(0, len(ids) - 1, SEGMENT)
    for start in tqdm(starts, doing, unit=" segments", disable=None, leave=False):
        piece = torch.from_numpy(ids[start : start + SEGMENT + 1]).long()
        logits, state = model(piece[None, :-1], state)
        loss = F.cross_entropy(logits[0], piece[1:])
        model.zero_grad()
        loss.backward()
        state = [tuple(s.detach() for s in layer) for layer in state]
        yield loss.item() * (len(piece) - 1)
