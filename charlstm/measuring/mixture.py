"""A model that learns while it reads, mixed with n-grams that do the same.

Three parts each say how likely they hold every next character, and a `gate` weighs what they say:

- the model of `dynamic`: its log-probabilities. A weight other than 1 is a temperature.
- the ladder of `text.ngrams`: it has read all that came before, and has rungs for n-grams, then for
  the word so far, and for that with the word before.
- the `corrections`: what came in the contexts of the part that is measured, beyond what the mixture
  expected. That part is often a new play, with names, speakers and turns of its own.

The model takes most of the time, so it does not wait for the others. It reads ahead, in a thread of
its own, and starts while they still count what came before.
"""

import sys
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
import torch

from charlstm.measuring.corrections import DEGREES, Corrections
from charlstm.measuring.dynamic import SEGMENT, predict_dynamic, reading
from charlstm.measuring.gate import Gate
from charlstm.measuring.scores import check_predictable
from charlstm.model.facts import Score
from charlstm.model.network import CharModel
from charlstm.text.contexts import Place, Whole, number, read_places
from charlstm.text.ngrams import CONFIDENCES, Floats, Ladder
from charlstm.text.vocabulary import Ids, Vocabulary

# All of this was chosen on the first half of tiny-shakespeare's validation part
LENGTHS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12)  # contexts of the ladder
WORDS: tuple[Callable[[Place], Hashable], ...] = (  # further ones, which lean on the length FOOT
    lambda place: place.word,
    lambda place: (place.before, place.word),
)
FOOT = 3
CORRECTED: tuple[Callable[[Place], Hashable], ...] = (  # contexts of the corrections
    lambda place: place.recent[-2:],
    lambda place: place.recent,
    lambda place: place.word,
    lambda place: (place.before, place.word),
    lambda place: (place.opener, place.recent[-1:]),
    lambda place: (place.opener, place.recent[-2:]),
    lambda place: (place.opener, place.word),
)
PARTS = ("model", "n-grams and words of all that was read", "corrections from this part")
COUNTS = (1, len(LENGTHS) + len(WORDS), len(CORRECTED))  # features of each part
PART_DEGREES = (1, CONFIDENCES, DEGREES)
START_WEIGHTS = (0.8, 0.15, 0.15)
AHEAD = 2**22  # numbers that the model may say before they are used
TURN = 2e-4  # seconds until a waiting thread gets its turn
NOTHING = np.zeros(0, np.int32)
NO_DEGREES = np.zeros(1, np.int64)  # of the model: always the same


@dataclass(frozen=True)
class Mixture:
    """What a model and n-grams reach together, all of which learn while they read.

    Attributes:
        alone: the score of the model that learns, without the n-grams.
        mixed: the score of the mixture.
        shares: how much each of `PARTS` decides. log p(y) of the character y that came is some
            amount above the mean of log p(w) over all characters w. Each part adds to that amount
            or takes from it; these are the shares of the parts in all that is added and taken.
        streams: into how many streams the text was cut.
        chars_per_second: how fast all of this went.
    """

    alone: Score
    mixed: Score
    shares: dict[str, float]
    streams: int
    chars_per_second: float = field(compare=False)

    def to_json(self) -> dict[str, Any]:
        """Return the mixture's figures by name; the model alone has its own place."""
        how = {"streams": self.streams, "chars_per_second": self.chars_per_second}
        return self.mixed.to_json() | {"shares": self.shares} | how


@dataclass(frozen=True)
class Prediction:
    """What was expected of one character before it was read.

    Attributes:
        place: where the character stands in the text.
        logs: the mixture's log-probabilities, (V,).
        weights: the gate's weights, (K,).
        features: what they weigh, (K, V): the model's log-probabilities, the rungs, the
            corrections.
    """

    place: int
    logs: Floats
    weights: Floats
    features: Floats


def predict_mixture(
    model: CharModel,
    ids: Ids,
    history: Ids,
    vocabulary: Vocabulary,
    streams: int = 1,
    threads: int | None = None,
) -> Iterator[Prediction]:
    """Yield what the mixture expects of each character; learn from it afterwards.

    The characters come in the order of `dynamic.reading`. No prediction depends on its own
    character, or on anything that comes after it in that order.

    Args:
        model: the trained model; it stays as it was.
        ids: the text, (N,).
        history: the text before it, (M,). The n-grams read it first, and it shows how large each
            weight's gradient usually is.
        vocabulary: the characters that the ids stand for. Some of them are parts of words.
        streams: B, streams that are read side by side; the first character of each is given.
        threads: PyTorch's threads. None measures while it reads how many are the fastest.

    Raises:
        UserError: fewer than two characters in the history, or in a stream of the text, or an id
            that is not from 0 to V - 1.
    """
    ids = check_predictable(ids, model.vocabulary_size)
    history = check_predictable(history, model.vocabulary_size, "history")
    segments = predict_dynamic(model, ids, history, streams=streams, threads=threads)
    with _read_ahead(segments, max(1, AHEAD // (SEGMENT * model.vocabulary_size))) as coming:
        said = chain.from_iterable(logs.reshape(-1, logs.shape[-1]) for logs in coming)
        yield from _mix(said, ids, history, vocabulary, streams)


def _mix(
    said: Iterator[Floats], ids: Ids, history: Ids, vocabulary: Vocabulary, streams: int
) -> Iterator[Prediction]:
    """Mix what the model says of each character with n-grams; see `predict_mixture`."""
    places = np.concatenate([p.flatten() for p in reading(len(ids), streams)])
    given = np.setdiff1d(np.arange(len(ids)), places)  # the first character of each stream
    size = len(vocabulary)
    ladder = Ladder(
        np.concatenate((history, ids)),
        size,
        len(history) + streams,
        LENGTHS,
        _numbers(WORDS, ids, given, vocabulary, history),
        FOOT,
        np.concatenate((np.arange(len(history)), len(history) + given, len(history) + places)),
    )
    corrections = Corrections(_numbers(CORRECTED, ids, given, vocabulary), size)
    gate = Gate(
        np.repeat(PART_DEGREES, COUNTS).tolist(),
        np.repeat(START_WEIGHTS, COUNTS).tolist(),
        [size, size, len(LENGTHS) + 1],
    )
    for place, logs, (rungs, known) in zip(places.tolist(), said, ladder, strict=True):
        corrected, degrees = corrections.before(place)
        features = np.concatenate((logs[None], rungs, corrected))
        best_guess = logs.argmax()
        longest_known = np.count_nonzero(known[: len(LENGTHS)])
        chosen = gate.choose(
            np.concatenate((NO_DEGREES, known, degrees)),
            np.array((best_guess, ids[place - 1], longest_known)),
        )
        mixed, weights = gate.predict(features, chosen)
        yield Prediction(place, mixed, weights, features)
        came = ids[place]
        chances = np.exp(mixed)
        gate.learn(features, chosen, chances, came)
        corrections.learn(place, chances, came)


def _numbers(
    kinds: Sequence[Callable[[Place], Hashable]],
    ids: Ids,
    starts: Whole,
    vocabulary: Vocabulary,
    history: Ids = NOTHING,
) -> list[Whole]:
    """Return for each kind the numbers of all contexts of a text, or of a history and a text.

    No context reaches back beyond the start of a stream. The first stream goes on from the history.
    """
    first, *others = np.split(ids, starts[1:])
    texts = [vocabulary.decode(part) for part in (np.concatenate((history, first)), *others)]
    return [number(kind(place) for text in texts for place in read_places(text)) for kind in kinds]


@contextmanager
def _read_ahead(segments: Iterator[Any], count: int) -> Iterator[Iterator[Any]]:
    """Let another thread make items until `count` of them are ready; give the same items.

    That thread needs Python for microseconds, many times a segment. Python would let it wait 5 ms
    for each turn.
    """
    prepare = partial(torch.set_flush_denormal, True)  # as `prepare_cpu`, which is for one thread
    thread = ThreadPoolExecutor(1, initializer=prepare)
    patience = sys.getswitchinterval()
    sys.setswitchinterval(TURN)

    def items() -> Iterator[Any]:
        while (segment := coming.popleft().result()) is not None:
            coming.append(thread.submit(next, segments, None))
            yield segment

    try:
        coming = deque(thread.submit(next, segments, None) for _ in range(count))
        yield items()
    finally:
        sys.setswitchinterval(patience)
        thread.shutdown(cancel_futures=True)


def score_mixture(
    model: CharModel,
    ids: Ids,
    history: Ids,
    vocabulary: Vocabulary,
    streams: int = 1,
    threads: int | None = None,
) -> Mixture:
    """Score a text in one pass by the mixture, and by the model that learns without n-grams.

    Args:
        model: see `predict_mixture`.
        ids: see `predict_mixture`; N - B characters are predicted.
        history: see `predict_mixture`.
        vocabulary: see `predict_mixture`.
        streams: see `predict_mixture`.
        threads: see `predict_mixture`.

    Raises:
        UserError: see `predict_mixture`.
    """
    started = time.perf_counter()
    alone = 0.0
    mixed = 0.0
    amounts = np.zeros(len(PARTS))
    starts = np.cumsum((0, *COUNTS[:-1]))
    for p in predict_mixture(model, ids, history, vocabulary, streams, threads):
        came = ids[p.place]
        alone -= float(p.features[0, came])
        mixed -= float(p.logs[came])
        terms = p.weights * (p.features[:, came] - p.features.sum(1) / model.vocabulary_size)
        # without signs: corrections add and take about as much, which would sum to nothing
        amounts += np.abs(np.add.reduceat(terms, starts))
    seconds = time.perf_counter() - started
    shares = dict(zip(PARTS, (amounts / amounts.sum()).tolist(), strict=True))
    n = len(ids) - streams
    return Mixture(Score(alone / n, n), Score(mixed / n, n), shares, streams, n / seconds)
