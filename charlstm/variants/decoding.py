"""What an encoder and decoder writes: the best letter each time, or the best of several beginnings.

Sources of the same length are read together, so nothing is padded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from charlstm.errors import UserError
from charlstm.model.stack import ModelState
from charlstm.text.pairs import Pair, check_pairs
from charlstm.text.vocabulary import encode_texts
from charlstm.text.writer import check_sizes
from charlstm.variants.encoder_decoder import Encoded, EncoderDecoder

MOST = 100  # symbols that are written before a text is given up


@dataclass(frozen=True)
class Written:
    """A text that a network has written.

    Attributes:
        text: without its end.
        nats: -ln P of each symbol, (T,); the end is the last one, if it came.
        weights: attention, (T, S): from each symbol to the letters of the source; None without.
        ended: whether the end came.
    """

    text: str
    nats: np.ndarray[Any, Any]
    weights: np.ndarray[Any, Any] | None
    ended: bool

    @property
    def cost(self) -> float:
        """Mean nats per symbol: of several texts the one with the lowest cost is the best."""
        return float(self.nats.mean())


@torch.no_grad()
def greedy(model: EncoderDecoder, sources: Sequence[str], most: int = MOST) -> list[Written]:
    """Write the target of each source, at each step the likeliest symbol.

    Args:
        model: without dropout.
        sources: texts of any lengths.
        most: symbols that may be written, at least 1.

    Raises:
        UserError: a source is empty, a letter is unknown to the model, or `most` is too small.

    Example:
        >>> from charlstm import ModelOptions, Vocabulary
        >>> from charlstm.variants.encoder_decoder import fit_pairs
        >>> from charlstm.variants.fitting import FitOptions
        >>> model = EncoderDecoder(Vocabulary("ab"), Vocabulary("ab"), ModelOptions(hidden_size=16))
        >>> for _ in fit_pairs(model, [("ab", "ba"), ("aab", "baa")], FitOptions(steps=40)):
        ...     pass
        >>> [written.text for written in greedy(model, ["ab", "aab"])]
        ['ba', 'baa']
    """
    check_sizes(most=(most, 1))
    found: dict[int, Written] = {}
    for rows, ids in _by_length(model, sources):
        found |= zip(rows, _greedy(model, model.encode(ids), most), strict=True)
    return [found[n] for n in range(len(sources))]


@torch.no_grad()
def vectors(model: EncoderDecoder, sources: Sequence[str]) -> np.ndarray[Any, Any]:
    """Return the vector of each source in the neck, (B, neck).

    Raises:
        UserError: the model has no neck, a source is empty, or a letter is unknown to the model.

    Example:
        >>> from charlstm import ModelOptions, Vocabulary
        >>> letters = Vocabulary("ab")
        >>> model = EncoderDecoder(letters, letters, ModelOptions(hidden_size=8), neck=3)
        >>> vectors(model, ["ab", "b"]).shape
        (2, 3)
    """
    found = np.empty((len(sources), _neck(model)))
    for rows, ids in _by_length(model, sources):
        found[rows] = model.to_neck(model.read(ids).state).cpu().numpy()
    return found


@torch.no_grad()
def write_from(
    model: EncoderDecoder, vectors: np.ndarray[Any, Any], most: int = MOST
) -> list[Written]:
    """Write a text from each vector of a neck, as `greedy` does.

    Args:
        model: with a neck, without dropout.
        vectors: (B, neck).
        most: symbols that may be written, at least 1.

    Raises:
        UserError: the model has no neck, the vectors are of another size or not finite, or `most`
            is too small.

    Example:
        >>> from charlstm import ModelOptions, Vocabulary
        >>> from charlstm.variants.encoder_decoder import fit_pairs
        >>> from charlstm.variants.fitting import FitOptions
        >>> letters, options = Vocabulary("ab"), ModelOptions(hidden_size=16)
        >>> model = EncoderDecoder(letters, letters, options, neck=4)
        >>> for _ in fit_pairs(model, [("ab", "ba"), ("aab", "baa")], FitOptions(steps=60)):
        ...     pass
        >>> [written.text for written in write_from(model, vectors(model, ["ab", "aab"]))]
        ['ba', 'baa']
    """
    check_sizes(most=(most, 1))
    if np.ndim(vectors) != 2 or np.shape(vectors)[1] != _neck(model):
        raise UserError(f"vectors have the shape {np.shape(vectors)}; it must be (B, {model.neck})")
    if not np.isfinite(vectors).all():
        row = int(np.argmin(np.isfinite(vectors).all(1)))
        raise UserError(f"vector {row} has a number that is not finite; give finite numbers")
    if not len(vectors):
        return []
    given = torch.from_numpy(np.ascontiguousarray(vectors)).to(model.head.weight)
    nothing = given.new_zeros(len(given), 0, model.options.hidden_size)
    return _greedy(model, Encoded(nothing, model.from_neck(given)), most)


@torch.no_grad()
def beam_search(
    model: EncoderDecoder, source: str, width: int = 5, most: int = MOST
) -> list[Written]:
    """Write the target of a source in several ways at the same time, and return them, best first.

    At each step the `width` likeliest of all continuations of the open texts are kept. Those that
    end leave the beam. The search is over when `width` texts have ended, or none is open. The best
    text has the lowest mean nats per symbol. By the sum short texts would win (Wu et al. 2016,
    section 7, discuss the mean and other rules).

    Args:
        model: without dropout.
        source: a text.
        width: of the beam, at least 1. With 1 the search is greedy.
        most: symbols that may be written, at least 1.

    Returns:
        the texts that have ended, best first; then those still open when `width` texts had ended
        or `most` symbols were written.

    Raises:
        UserError: the source is empty, a letter is unknown to the model, or a number too small.

    Example:
        >>> from charlstm import ModelOptions, Vocabulary
        >>> from charlstm.variants.encoder_decoder import fit_pairs
        >>> from charlstm.variants.fitting import FitOptions
        >>> model = EncoderDecoder(Vocabulary("ab"), Vocabulary("ab"), ModelOptions(hidden_size=16))
        >>> for _ in fit_pairs(model, [("ab", "ba"), ("aab", "baa")], FitOptions(steps=40)):
        ...     pass
        >>> beam_search(model, "aab", width=2)[0].text
        'baa'
    """
    check_sizes(width=(width, 1), most=(most, 1))
    (ids,) = encode_texts(model.sources, [source], "source", least=1)
    encoded = model.encode(torch.from_numpy(ids).long().to(model.device)[None])
    beam: list[Tensor] = []  # the open texts: symbols, nats (beam, t), weights (beam, t, S)
    symbols = torch.tensor([model.end], device=model.device)
    done: list[Written] = []
    for _ in range(most):
        logs, looked, state = _step(model, symbols, encoded)
        totals = -logs if not beam else beam[1].sum(1, keepdim=True) - logs  # (beam, V)
        best = totals.flatten().argsort(stable=True)[:width]
        rows, symbols = best // totals.shape[1], best % totals.shape[1]
        added = [part[:, None] for part in (symbols, -logs[rows, symbols], looked[rows])]
        if beam:
            added = [torch.cat((old[rows], new), 1) for old, new in zip(beam, added, strict=True)]
        going = symbols != model.end
        done += _texts(model, *(part[~going] for part in added))
        beam = [part[going] for part in added]
        symbols = symbols[going]
        if len(done) >= width or not len(symbols):
            break
        encoded = Encoded(
            encoded.annotations[:1].expand(len(symbols), -1, -1),
            [tuple(s[rows][going] for s in layer) for layer in state],
        )
    left = _texts(model, *beam)
    return sorted(done, key=lambda text: text.cost) + sorted(left, key=lambda text: text.cost)


def right(model: EncoderDecoder, pairs: Sequence[Pair], width: int = 1) -> list[bool]:
    """Return for each pair whether what the model writes is exactly the target.

    Args:
        model: without dropout.
        pairs: sources and targets.
        width: of the beam; 1 takes the likeliest symbol each time.

    Raises:
        UserError: there is no pair, one is not two texts, a source is empty, a letter is unknown to
            the model, or the width is too small.
    """
    check_pairs(pairs)
    check_sizes(width=(width, 1))
    most = 2 + max(len(target) for _, target in pairs)  # a text without an end is too long
    sources = [source for source, _ in pairs]
    if width == 1:
        best = greedy(model, sources, most)
    else:
        best = [beam_search(model, source, width, most)[0] for source in sources]
    return [b.text == target for b, (_, target) in zip(best, pairs, strict=True)]


def accuracy(model: EncoderDecoder, pairs: Sequence[Pair], width: int = 1) -> float:
    """Return the share of the pairs of which the model writes exactly the target, 0 to 1.

    Arguments and errors are those of `right`.

    Example:
        >>> from charlstm import ModelOptions, Vocabulary
        >>> from charlstm.variants.encoder_decoder import fit_pairs
        >>> from charlstm.variants.fitting import FitOptions
        >>> model = EncoderDecoder(Vocabulary("ab"), Vocabulary("ab"), ModelOptions(hidden_size=16))
        >>> for _ in fit_pairs(model, [("ab", "ba"), ("aab", "baa")], FitOptions(steps=40)):
        ...     pass
        >>> accuracy(model, [("ab", "ba"), ("aab", "baa"), ("ab", "ab"), ("aab", "aab")])
        0.5
    """
    return float(np.mean(right(model, pairs, width)))


def _greedy(model: EncoderDecoder, encoded: Encoded, most: int) -> list[Written]:
    """Write the likeliest symbols, from what the decoder has got of B sources."""
    size = len(encoded.state[0][0])
    symbols = torch.full((size,), model.end, device=model.device)
    ended = torch.zeros(size, dtype=torch.bool, device=model.device)
    steps: list[tuple[Tensor, Tensor, Tensor]] = []
    while len(steps) < most and not ended.all():
        logs, weights, state = _step(model, symbols, encoded)
        encoded = Encoded(encoded.annotations, state)
        best, symbols = logs.max(1)
        steps.append((symbols, -best, weights))
        ended |= symbols == model.end
    return _texts(model, *(torch.stack(column, 1) for column in zip(*steps, strict=True)))


def _by_length(model: EncoderDecoder, sources: Sequence[str]) -> Iterator[tuple[list[int], Tensor]]:
    """Yield the places of the sources of each length, and their ids (B, S)."""
    ids = encode_texts(model.sources, sources, "source", least=1)
    for size in sorted({len(source) for source in ids}):
        rows = [n for n, source in enumerate(ids) if len(source) == size]
        yield rows, torch.from_numpy(np.stack([ids[n] for n in rows])).long().to(model.device)


def _step(
    model: EncoderDecoder, symbols: Tensor, encoded: Encoded
) -> tuple[Tensor, Tensor, ModelState]:
    """Return ln P of the next symbol, (B, V), the attention's weights, (B, S), and the state.

    Without attention the weights are (B, 0).
    """
    logits, weights, state = model.decode(symbols[:, None], encoded)
    if weights is None:
        weights = logits[..., :0]
    return logits[:, 0].log_softmax(1), weights[:, 0], state


def _texts(model: EncoderDecoder, ids: Tensor, nats: Tensor, weights: Tensor) -> list[Written]:
    """Return texts up to their ends: symbols (B, T), nats (B, T), weights (B, T, S)."""
    made = []
    arrays = (part.cpu().numpy() for part in (ids, nats, weights))
    for symbols, costs, looked in zip(*arrays, strict=True):
        ends = np.flatnonzero(symbols == model.end)
        ended = len(ends) > 0
        size = int(ends[0]) + 1 if ended else len(symbols)
        text = model.targets.decode(symbols[: size - ended])
        seen = looked[:size] if model.attend is not None else None
        made.append(Written(text, costs[:size], seen, ended))
    return made


def _neck(model: EncoderDecoder) -> int:
    if model.neck is None:
        raise UserError("the model has no neck; make it with neck=16, say, and train it again")
    return model.neck
