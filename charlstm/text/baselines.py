"""How well a compressor and a 5-gram model do on the same text: a scale for our own figures.

Both learn while they read. Both may first read a history, such as the text that a model was
trained on. The history costs nothing. `Ngram` is the 5-gram model that has learned, and no longer
does: it can stand where a network stands.
"""

import lzma
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from charlstm.errors import UserError, counted
from charlstm.text.vocabulary import Ids, Vocabulary, check_ids
from charlstm.text.writer import check_sizes

Counts = np.ndarray[Any, np.dtype[np.int64]]
Floats = np.ndarray[Any, np.dtype[np.float32]]


def xz_bits(text: bytes, history: bytes = b"") -> float:
    """Return the bits that `text` adds to what xz (LZMA2, its highest setting) makes of `history`.

    Example:
        >>> xz_bits(b"again and " * 50, history=b"again and " * 50) < 8 * 20
        True
    """

    def size(content: bytes) -> int:
        return len(lzma.compress(content, preset=9 | lzma.PRESET_EXTREME))

    return 8.0 * (size(history + text) - (size(history) if history else 0))


def ngram_bits(ids: Ids, vocabulary_size: int, first: int = 0, order: int = 5) -> float:
    """Return the bits that an adaptive n-gram model needs for the characters from `first` on.

    The model predicts a character w from its context h: the n - 1 characters before it. It counts
    what came after h so far. A long context is seldom seen twice, so the model also asks the
    shorter ones. It mixes the counts of h with its prediction from h without the first character.
    That prediction is again a mixture with the next shorter context, and so on, until no context is
    left.

    How much weight the shorter context gets depends on how often h surprised us. Let n(h) be how
    often h came before, n(h, w) how often w followed it, and t(h) how many different characters
    have followed it. Then

    p(w | h) = (n(h, w) + t(h) p(w | shorter h)) / (n(h) + t(h)),

    and the empty context is mixed with 1 / V. If h is new, p(w | h) = p(w | shorter h). This is
    interpolated Witten-Bell smoothing (Bell, Cleary & Witten 1990, method C; Chen & Goodman 1999).

    A tiny example: what does "abab" cost with n = 2 and V = 2?

    1. a: nothing is known, p = 1/2. 1 bit.
    2. b: one a was read, so without a context p(b) = (0 + 1 * 1/2) / (1 + 1) = 1/4. What follows an
       a is not known yet. 2 bits.
    3. a: one a and one b were read, p(a) = (1 + 2 * 1/2) / (2 + 2) = 1/2. Nothing has followed a b
       yet. 1 bit.
    4. b: without a context p(b) = (1 + 2 * 1/2) / (3 + 2) = 2/5. After an a there was one b, so
       p(b | a) = (1 + 1 * 2/5) / (1 + 1) = 7/10. 0.51 bits.

    Each count covers only what was read before the character, so the model never sees its answer.

    Args:
        ids: history and text, (N,).
        vocabulary_size: V.
        first: where the text begins in `ids`; what comes before is history.
        order: n; contexts have up to n - 1 characters.

    Raises:
        UserError: an id is not from 0 to V - 1, or `first` or `order` is out of its range.

    Example:
        >>> round(ngram_bits(np.array([0, 1, 0, 1]), vocabulary_size=2, order=2), 2)
        4.51
    """
    check_sizes(vocabulary_size=(vocabulary_size, 1), first=(first, 0), order=(order, 1))
    words = check_ids(ids, vocabulary_size, "ids").astype(np.int64)
    # The loop goes through the context lengths 0, 1, ..., and handles all places of the text at
    # once. `chance` holds p(w | h) for the contexts so far. `context` gives equal contexts the same
    # number, so that two places with the same number have read the same letters.
    chance = np.full(len(words), 1.0 / vocabulary_size)
    context = np.zeros(len(words), np.int64)
    for length in range(min(order, len(words))):
        known = slice(length, None)  # places with so many characters before them
        pair = np.unique(context[known] * vocabulary_size + words[known], return_inverse=True)[1]
        seen_pair = _earlier(pair)  # n(h, w)
        seen = _earlier(context[known])  # n(h)
        followers = _earlier(context[known], seen_pair == 0)  # t(h): the pairs that were new
        total = np.maximum(seen + followers, 1)
        backed_off = np.where(seen > 0, followers / total, 1.0)
        chance[known] = seen_pair / total + backed_off * chance[known]
        # the context of the next length is a pair: the context at the place before, and its letter
        context = np.zeros(len(words), np.int64)
        context[length + 1 :] = pair[:-1] + 1
    return float(-np.log(chance[first:]).sum() / math.log(2))


def _earlier(groups: Counts, counted: Any = None) -> Counts:
    """Count, for each place, the earlier places of the same group (only those `counted`).

    Sorting brings the places of a group together and keeps their order. A running count over the
    sorted places, minus the count at the start of the group, is the answer.

    Example:
        >>> _earlier(np.array([7, 4, 7, 7, 4]))
        array([0, 0, 1, 2, 1])
    """
    order = np.argsort(groups, kind="stable")
    marks = np.ones(len(groups), np.int64) if counted is None else counted[order].astype(np.int64)
    before = marks.cumsum() - marks
    sorted_groups = groups[order]
    starts = np.flatnonzero(np.r_[True, sorted_groups[1:] != sorted_groups[:-1]])
    at_start = np.repeat(before[starts], np.diff(np.r_[starts, len(groups)]))
    result = np.empty(len(groups), np.int64)
    result[order] = before - at_start
    return result


class Ngram:
    """An n-gram model that has read a text, and can be asked as a network is.

    It predicts as `ngram_bits` explains, but learns nothing from what it reads later. `step` and
    `zero_state` are used as those of `charlstm.sampling.sampler.Sampler`.

    Args:
        vocabulary: V characters.
        ids: the text to learn from, (N,), N at least n. Each context that it has takes a row of V
            numbers.
        order: n; contexts have up to n - 1 characters.

    Raises:
        UserError: an id is not from 0 to V - 1, there are fewer than n, or the order is below 1.

    Example:
        >>> from charlstm.text.vocabulary import Vocabulary
        >>> ngram = Ngram(Vocabulary("ab"), np.array([0, 1, 0]), order=2)
        >>> logits, _ = ngram.step(0, ngram.zero_state())
        >>> np.exp(logits).round(2)  # 7/10 for b, as in ngram_bits
        array([0.3, 0.7], dtype=float32)
    """

    def __init__(self, vocabulary: Vocabulary, ids: Ids, order: int = 5) -> None:
        V = len(vocabulary)
        check_sizes(order=(order, 1))
        words = check_ids(ids, V, "ids").astype(np.int64)
        if len(words) < order:
            raise UserError(
                f"the text has {counted(len(words), 'character')}; order {order} needs at least"
                f" {order}; give a longer text, or a smaller order"
            )
        self.vocabulary = vocabulary
        self._powers = V ** np.arange(order - 1, dtype=np.int64)
        # for each length the contexts in order, as numbers in base V, and log p(w | h), (., V)
        self._tables: list[tuple[Counts, Floats]] = []
        context = np.zeros(len(words), np.int64)
        chance = np.full((1, V), 1 / V)
        for length in range(order):
            contexts, row = np.unique(context[length:], return_inverse=True)
            cells = row * V + words[length:]
            count = np.bincount(cells, minlength=len(contexts) * V).reshape(-1, V)  # n(h, w)
            kinds = np.count_nonzero(count, axis=1)[:, None]  # t(h)
            if length:  # the context without its first character was read, too
                shorter = contexts % self._powers[length - 1]
                chance = chance[np.searchsorted(self._tables[-1][0], shorter)]
            chance = (count + kinds * chance) / (count.sum(1, keepdims=True) + kinds)
            self._tables.append((contexts, np.log(chance).astype(np.float32)))
            if length < order - 1:
                context[length + 1 :] += words[: -length - 1] * self._powers[length]

    def zero_state(self) -> list[tuple[Counts]]:
        """Return the state at the start of a text: no context, which is -1 for each character."""
        return [(np.full(len(self._powers), -1),)]

    def step(self, ids: Any, state: list[tuple[Counts]]) -> tuple[Floats, list[tuple[Counts]]]:
        """Read one character of one text, or one of each of N texts.

        Args:
            ids: one id, or (N,).
            state: one array (n - 1,) or (N, n - 1): the characters before, the last one first.

        Returns:
            logits (V,) or (N, V), which are log p, and the new state.

        Raises:
            UserError: an id is not from 0 to V - 1.
        """
        [(before,)] = state
        checked = check_ids(ids, len(self.vocabulary), "ids", (0, 1))
        newest = np.asarray(checked, np.int64)[..., None]
        recent = np.concatenate([newest, before], -1)[..., : len(self._powers)]
        logits = self._after(recent.reshape(newest.size, -1))
        return logits.reshape(*newest.shape[:-1], -1), [(recent,)]

    def from_both_sides(self, ids: Ids, places: Sequence[int] | Counts) -> Floats:
        """Return ln P of each character at some places of a text, (P, V), from all the rest of it.

        A character w that would fit there must follow what stands before, and what stands after
        must follow w. So its score is the product of n chances, its own and those of the n - 1
        characters after it, with w among their contexts. Divided by the sum over all w, that is
        what the n-gram model itself says of the place (Bayes' rule): later characters do not have
        w in their contexts.

        Args:
            ids: the text, 0 to V - 1, (N,); what it has at a place is not read for that place.
            places: P places, 0 to N - 1.

        Raises:
            UserError: a place is not in the text, or an id is not from 0 to V - 1.

        Example:
            >>> from charlstm.text.vocabulary import Vocabulary
            >>> ngram = Ngram(Vocabulary("ab"), np.array([0, 1, 0, 1, 0]), order=2)
            >>> np.exp(ngram.from_both_sides(np.array([1, 1, 1]), [1])).round(2)  # between two b
            array([[0.97, 0.03]], dtype=float32)
        """
        reach, V = len(self._powers), len(self.vocabulary)
        asked: Counts = check_ids(places, len(ids), "places")
        edge = np.full(reach, -1)
        padded = np.concatenate([edge, check_ids(ids, V, "ids").astype(np.int64), edge])
        scores = np.empty((len(asked), V), np.float32)
        for first in range(0, len(asked), 256):
            at = asked[first : first + 256, None] + reach
            before = padded[at - 1 - np.arange(reach)]  # the last one first
            score = self._after(before)
            # each place V times, with each character in turn
            recent = np.concatenate(
                [np.tile(np.arange(V), len(at))[:, None], before.repeat(V, 0)[:, :-1]], 1
            )
            for later in padded[at + 1 + np.arange(reach)].T:
                follows = later.repeat(V)
                logs = self._after(recent)[np.arange(len(follows)), follows].reshape(-1, V)
                score += np.where(later[:, None] >= 0, logs, 0)  # -1: behind the end of the text
                recent = np.concatenate([follows[:, None], recent[:, :-1]], 1)
            score -= score.max(1, keepdims=True)
            scores[first : first + 256] = score - np.log(np.exp(score).sum(1, keepdims=True))
        return scores

    def _after(self, recent: Counts) -> Floats:
        """Return log p, (N, V), after N contexts, (N, n - 1), the last character first."""
        logits = np.repeat(self._tables[0][1], len(recent), 0)
        for length, (contexts, logs) in enumerate(self._tables[1:], 1):
            context = recent[:, :length] @ self._powers[:length]
            at = np.searchsorted(contexts, context) % len(contexts)
            known = (contexts[at] == context) & (recent[:, length - 1] >= 0)
            logits[known] = logs[at[known]]
        return logits
