"""How well a model predicts a text, in nats per character, by two protocols.

- *carried*: the model reads the whole text in one pass and carries its state to the end;
- *cold*: the model reads windows of 256 characters, each from the zero state, as nanoGPT is scored.

Both predict every character except the first. The score is the sum of all nats, divided by the
number of characters predicted.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from charlstm.errors import UserError, counted
from charlstm.machine.cpus import torch_threads
from charlstm.machine.threads import Threads
from charlstm.machine.waiting import unheard
from charlstm.model.facts import Score
from charlstm.text.vocabulary import Ids, check_ids

CHUNK = 1024  # characters of the carried protocol that are read at once
COLD_WINDOW = 256
ROWS = 64  # windows read side by side in the cold protocol, at most
LOGITS = 2**23  # numbers that are computed at once, at most: 32 MB, and as much again twice over


class Predictor(Protocol):
    """What can be scored: a network that predicts the next character, and hands on a state.

    Attributes:
        vocabulary_size: V.
    """

    vocabulary_size: int

    @property
    def device(self) -> torch.device:
        """Where the weights are."""

    def __call__(self, inputs: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Return the logits, (B, T, V), for ids (B, T), and what the next call needs of them."""


@dataclass(frozen=True)
class Scores:
    """The scores of a model on one text.

    Attributes:
        carried: one pass, the state carried.
        cold: windows of 256 characters, each from the zero state.
        chars_per_second: how fast the model read the text for these two scores.
        threads: how many threads did that at the end.
        device: where they did it, by PyTorch's name for that kind of device.
    """

    carried: Score
    cold: Score
    chars_per_second: float = field(compare=False)
    threads: int = field(compare=False)
    device: str = field(default="cpu", compare=False)


def score(
    model: Predictor,
    ids: Ids,
    threads: int | None = None,
    seen: Callable[[int], object] = unheard,
) -> Scores:
    """Score a text in both protocols.

    Args:
        model: the model.
        ids: the text, (N,); N - 1 characters are predicted.
        threads: PyTorch's threads. None measures while it reads how many are the fastest. Another
            number can change a score in its last digits.
        seen: is called with the number of characters each time some were scored.

    Raises:
        UserError: fewer than two characters, or an id that is not from 0 to V - 1.
    """
    started = time.perf_counter()
    used = torch_threads(threads, model.device)
    carried = _carried(model, ids, CHUNK, used, seen)
    used.new_work()
    cold = _cold(model, ids, COLD_WINDOW, None, used, seen)
    seconds = time.perf_counter() - started
    return Scores(carried, cold, 2 * len(ids) / seconds, used.number, model.device.type)


def score_carried(
    model: Predictor, ids: Ids, chunk: int = CHUNK, threads: int | None = None
) -> Score:
    """Score a text in one pass, the state carried.

    Args:
        model: the model.
        ids: the text, (N,); N - 1 characters are predicted.
        chunk: characters per call; the score does not depend on it.
        threads: as for `score`.

    Raises:
        UserError: fewer than two characters, or an id that is not from 0 to V - 1.
    """
    return _carried(model, ids, chunk, torch_threads(threads, model.device))


def _carried(
    model: Predictor,
    ids: Ids,
    chunk: int,
    threads: Threads,
    seen: Callable[[int], object] = unheard,
) -> Score:
    ids = check_predictable(ids, model.vocabulary_size)
    total = 0.0
    state = None
    for start in range(0, len(ids) - 1, chunk):
        piece = ids[start : start + chunk + 1]
        with threads:
            nats, state = nats_of(model, piece[None, :-1], piece[None, 1:], state)
            total += _total(nats)
        seen(len(piece) - 1)
    return Score(total / (len(ids) - 1), len(ids) - 1)


def score_cold(
    model: Predictor,
    ids: Ids,
    window: int = COLD_WINDOW,
    most_windows: int | None = None,
    threads: int | None = None,
) -> Score:
    """Score a text in windows that each start from the zero state; the last may be shorter.

    Args:
        model: the model.
        ids: the text, (N,); N - 1 characters are predicted.
        window: characters predicted from one zero state.
        most_windows: score only so many whole windows, spread evenly over the text.
        threads: as for `score`.

    Raises:
        UserError: fewer than two characters, or an id that is not from 0 to V - 1.
    """
    return _cold(model, ids, window, most_windows, torch_threads(threads, model.device))


def _cold(
    model: Predictor,
    ids: Ids,
    window: int,
    most_windows: int | None,
    threads: Threads,
    seen: Callable[[int], object] = unheard,
) -> Score:
    ids = check_predictable(ids, model.vocabulary_size)
    whole = (len(ids) - 1) // window
    inputs = ids[: whole * window].reshape(whole, window)
    targets = ids[1 : whole * window + 1].reshape(whole, window)
    tail = ids[whole * window :]
    if most_windows is not None and whole > most_windows:
        chosen = np.linspace(0, whole - 1, most_windows).round().astype(int)
        inputs = inputs[chosen]
        targets = targets[chosen]
        tail = tail[:0]
    total = 0.0
    side_by_side = max(1, min(ROWS, LOGITS // (window * model.vocabulary_size)))
    for start in range(0, len(inputs), side_by_side):
        rows = slice(start, start + side_by_side)
        with threads:
            total += _total(nats_of(model, inputs[rows], targets[rows])[0])
        seen(inputs[rows].size)
    characters = inputs.size
    if len(tail) > 1:
        with threads:
            total += _total(nats_of(model, tail[None, :-1], tail[None, 1:])[0])
        characters += len(tail) - 1
    return Score(total / characters, characters)


@torch.inference_mode()
def nats_of(model: Predictor, inputs: Ids, targets: Ids, state: Any = None) -> tuple[Tensor, Any]:
    """Return the nats of all `targets`, (B * T,), and the state after the last.

    `inputs` and `targets` are (B, T), of any type of whole numbers.
    """
    read = torch.from_numpy(np.ascontiguousarray(inputs, np.int32))
    logits, state = model(read.to(model.device), state)
    labels = torch.from_numpy(np.ascontiguousarray(targets, np.int64)).flatten().to(model.device)
    nats = F.cross_entropy(logits.flatten(0, 1), labels, reduction="none")
    return nats, state


def _total(nats: Tensor) -> float:
    """Return the sum in double precision, on the CPU, because Apple's GPUs have no doubles."""
    return float(nats.cpu().double().sum())


def check_predictable(ids: Any, size: int, name: str = "ids") -> Ids:
    """Return a text as an array if a model can predict a character in it.

    Args:
        ids: the text, (N,).
        size: V.
        name: of the argument, for messages.

    Raises:
        UserError: fewer than two characters, or an id that is not from 0 to V - 1.
    """
    text: Ids = check_ids(ids, size, name)
    if len(text) < 2:
        raise UserError(
            f"{name}: {counted(len(text), 'character')} to evaluate; at least 2 are needed to"
            " predict one"
        )
    return text
