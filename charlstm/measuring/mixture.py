"""A model that learns while it reads, mixed with n-grams that do the same.

The model of `dynamic` and the ladders of `text.ngrams` each say how likely they hold every next
character. A gate weighs what they say, and learns the weights while it reads. This is logistic
mixing, as in the PAQ compressors (Mahoney 2005), for all characters at once instead of bit by bit
(Mattern 2012, "Mixing strategies in data compression"; there for two or more symbols alike):

p(w) = softmax over w of sum_k weight_k feature_k(w).

The features are the model's log-probabilities and the rungs of two ladders: one has read all that
came before, the other only the part that is measured. That part is often a new play, with names
and turns of its own. A rung has a weight for each degree of confidence, so the gate can learn how
far a context is to be trusted that came, say, twice and had one follower. A weight of the model
other than 1 is a temperature.

After each character the gate follows the gradient of its log-probability,

d log p(y) / d weight_k = feature_k(y) - sum_w p(w) feature_k(w),

with steps that shrink as a weight's gradients add up (AdaGrad: Duchi, Hazan & Singer 2011).
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from charlstm.measuring.dynamic import predict_dynamic
from charlstm.model.facts import Score
from charlstm.model.network import CharModel
from charlstm.text.ngrams import CONFIDENCES, Floats, Ladder, Whole
from charlstm.text.vocabulary import Ids

# Chosen on the first half of tiny-shakespeare's validation part
LENGTHS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12)  # contexts of the ladder that has read everything
LENGTHS_HERE = (0, 1, 2, 3, 4, 5, 6)  # and of the one that has read only the part
START_WEIGHTS = (0.8, 0.2, 0.1)  # of the model, and of each rung of either ladder
RATE = 0.02
FIRST_SQUARE = 0.01  # what a weight's squared gradients add up to before there are any
PARTS = ("model", "n-grams of all that was read", "n-grams of this part")
COUNTS = (1, len(LENGTHS), len(LENGTHS_HERE))  # features of each part
NO_CHOICE = np.zeros(1, np.int64)  # the model has one degree of confidence


@dataclass(frozen=True)
class Mixture:
    """What a model and n-grams reach together, all of which learn while they read.

    Attributes:
        alone: the score of the model that learns, without the n-grams.
        mixed: the score of the mixture.
        shares: what each of `PARTS` adds. log p(y) of the character y that came is some amount
            above the mean of log p(w) over all characters w. That amount is a sum of the parts'
            amounts; these are their shares of the sum over the whole text.
        chars_per_second: how fast all of this went.
    """

    alone: Score
    mixed: Score
    shares: dict[str, float]
    chars_per_second: float = field(compare=False)

    def to_json(self) -> dict[str, Any]:
        """Return the mixture's figures by name; the model alone has its own place."""
        speed = {"chars_per_second": self.chars_per_second}
        return self.mixed.to_json() | {"shares": self.shares} | speed


class Gate:
    """The weights of the features, which learn after each character.

    Args:
        confidences: for each feature, how many degrees of confidence it has.
        weights: for each feature, its weight at the start, for all degrees.
    """

    def __init__(self, confidences: Sequence[int], weights: Sequence[float]) -> None:
        self._offsets = np.cumsum([0, *confidences[:-1]])
        self._weights = np.repeat(np.array(weights, np.float32), confidences)
        self._squares = np.full(len(self._weights), FIRST_SQUARE, np.float32)

    def predict(self, features: Floats, confidence: Whole) -> tuple[Floats, Floats]:
        """Return the log-probabilities of all characters, (V,), and the weights used, (K,).

        Args:
            features: (K, V).
            confidence: degree of each feature, (K,).
        """
        weights = self._weights[self._offsets + confidence]
        z = weights @ features
        z -= z.max()
        return z - np.log(np.exp(z).sum()), weights

    def learn(self, features: Floats, confidence: Whole, logs: Floats, came: int) -> None:
        """Follow the gradient of the log-probability of the character that came.

        Args:
            features: as for `predict`.
            confidence: as for `predict`.
            logs: what `predict` returned.
            came: the character.
        """
        used = self._offsets + confidence
        gradient = features[:, came] - features @ np.exp(logs)
        squares = self._squares[used] + gradient**2
        self._squares[used] = squares
        self._weights[used] += RATE * gradient / np.sqrt(squares)


@dataclass(frozen=True)
class Prediction:
    """What was expected of one character before it was read.

    Attributes:
        logs: the mixture's log-probabilities, (V,).
        weights: the gate's weights, (K,).
        features: what they weigh, (K, V): the model's log-probabilities, then the rungs.
    """

    logs: Floats
    weights: Floats
    features: Floats


def predict_mixture(
    model: CharModel, ids: Ids, history: Ids, threads: int | None = None
) -> Iterator[Prediction]:
    """Yield what the mixture expects of each character but the first; learn from it afterwards.

    No prediction depends on its own character, or on anything that comes after it.

    Args:
        model: the trained model; it stays as it was.
        ids: the text, (N,).
        history: the text before it, (M,). One ladder of n-grams reads it first, and it shows how
            large each weight's gradient usually is.
        threads: PyTorch's threads. None measures while it reads how many are the fastest.

    Raises:
        UserError: fewer than two characters in either text.
    """
    segments = predict_dynamic(model, ids, history, threads=threads)
    said = (logs for segment in segments for logs in segment)
    size = model.vocabulary_size
    of_all = Ladder(np.concatenate((history, ids)), size, len(history) + 1, LENGTHS)
    of_this = Ladder(ids, size, 1, LENGTHS_HERE)
    degrees = [1, *[CONFIDENCES] * (len(LENGTHS) + len(LENGTHS_HERE))]
    gate = Gate(degrees, np.repeat(START_WEIGHTS, COUNTS).tolist())
    for came, logs, everything, here in zip(ids[1:], said, of_all, of_this, strict=True):
        features = np.concatenate((logs[None], everything[0], here[0]))
        confidence = np.concatenate((NO_CHOICE, everything[1], here[1]))
        mixed, weights = gate.predict(features, confidence)
        yield Prediction(mixed, weights, features)
        gate.learn(features, confidence, mixed, came)


def score_mixture(model: CharModel, ids: Ids, history: Ids, threads: int | None = None) -> Mixture:
    """Score a text in one pass by the mixture, and by the model that learns without n-grams.

    Args:
        model: see `predict_mixture`.
        ids: see `predict_mixture`; N - 1 characters are predicted.
        history: see `predict_mixture`.
        threads: see `predict_mixture`.

    Raises:
        UserError: fewer than two characters in either text.
    """
    started = time.perf_counter()
    alone = 0.0
    mixed = 0.0
    amounts = np.zeros(sum(COUNTS))
    predictions = predict_mixture(model, ids, history, threads)
    for came, p in zip(ids[1:], predictions, strict=True):
        alone -= float(p.features[0, came])
        mixed -= float(p.logs[came])
        amounts += p.weights * (p.features[:, came] - p.features.mean(1))
    seconds = time.perf_counter() - started
    parts = np.add.reduceat(amounts, np.cumsum((0, *COUNTS[:-1])))
    shares = {name: float(part / parts.sum()) for name, part in zip(PARTS, parts, strict=True)}
    n = len(ids) - 1
    return Mixture(Score(alone / n, n), Score(mixed / n, n), shares, n / seconds)
