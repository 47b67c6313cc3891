"""The weights of a mixture, which learn after each character.

Each part of the mixture gives features: numbers that say how likely it holds every next character
w. The gate weighs them. This is logistic mixing, as in the PAQ compressors (Mahoney 2005), for all
characters at once instead of bit by bit (Mattern 2012, "Mixing strategies in data compression";
there for two or more symbols alike):

p(w) = softmax over w of sum_k weight_k feature_k(w).

A weight is a sum of several terms. One belongs to the feature's degree of confidence, so the gate
can learn how far a context is to be trusted that came, say, twice and had one follower. The other
terms are chosen by facts about the place, such as the character before it; each value of a fact
has a term for each feature. PAQ, too, lets such facts choose among sets of weights.

After each character the gate follows the gradient of its log-probability,

d log p(y) / d weight_k = feature_k(y) - sum_w p(w) feature_k(w),

with steps that shrink as a term's gradients add up (AdaGrad: Duchi, Hazan & Singer 2011).
"""

from collections.abc import Sequence

import numpy as np

from charlstm.text.contexts import Whole
from charlstm.text.ngrams import Floats

RATE = 0.015  # chosen on the first half of tiny-shakespeare's validation part
FIRST_SQUARE = 0.01  # what a term's squared gradients add up to before there are any


class Gate:
    """The weights of K features.

    Args:
        degrees: for each feature, how many degrees of confidence it has.
        weights: for each feature, its weight at the start.
        facts: for each of M facts, how many values it has.
    """

    def __init__(
        self, degrees: Sequence[int], weights: Sequence[float], facts: Sequence[int]
    ) -> None:
        self._features = np.arange(len(degrees))
        self._starts = np.cumsum([0, *degrees[:-1]])
        self._rows = np.cumsum([0, *facts[:-1]])  # where the values of each fact start
        own = np.repeat(np.array(weights, np.float32), degrees)
        self._chosen_by_facts = len(own)
        self._terms = np.concatenate((own, np.zeros(sum(facts) * len(degrees), np.float32)))
        self._squares = np.full_like(self._terms, FIRST_SQUARE)

    def choose(self, confidence: Whole, facts: Whole) -> Whole:
        """Return where the terms of a place's weights are, (1 + M, K).

        Args:
            confidence: the degree of each feature, (K,).
            facts: the value of each fact, (M,).
        """
        rows = (self._rows + facts)[:, None] * len(self._features) + self._features
        return np.concatenate(((self._starts + confidence)[None], self._chosen_by_facts + rows))

    def predict(self, features: Floats, chosen: Whole) -> tuple[Floats, Floats]:
        """Return the log-probabilities of all characters, (V,), and the weights used, (K,).

        Args:
            features: (K, V).
            chosen: what `choose` returned.
        """
        weights = self._terms[chosen].sum(0)
        z = weights @ features
        z -= z.max()
        return z - np.log(np.exp(z).sum()), weights

    def learn(self, features: Floats, chosen: Whole, chances: Floats, came: int) -> None:
        """Follow the gradient of the log-probability of the character that came.

        Args:
            features: as for `predict`.
            chosen: as for `predict`.
            chances: the probabilities that were predicted, (V,).
            came: the character.
        """
        gradient = features[:, came] - features @ chances
        squares = self._squares[chosen] + gradient**2
        self._squares[chosen] = squares
        self._terms[chosen] += RATE * gradient / np.sqrt(squares)
