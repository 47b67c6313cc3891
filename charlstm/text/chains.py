"""Texts written by a chain, whose states may be hidden: how likely each character was is known.

The next choice depends on the state of the chain alone. In `markov` the state is the last few
letters. In `weather_diary` it is a weather that the text never names. No character is marked,
because no answer lies far back. `KnownText` in `writer.py` defines the figures.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from charlstm.errors import UserError
from charlstm.text.writer import (
    Floats,
    KnownText,
    Seed,
    Writer,
    check_letters,
    check_sizes,
    entropy,
)

MOST_CONTEXTS = 5000  # of a Markov chain; a matrix of 5000 x 5000 numbers takes 200 MB of memory


def markov(
    length: int, order: int = 2, letters: str = "abcd", seed: Seed = 0
) -> tuple[KnownText, float]:
    """Write a stationary Markov chain: each letter depends on the `order` letters before it.

    These letters are the context. For each context, the chances of the next letter are drawn with
    the seed, from a flat Dirichlet distribution.

    Args:
        length: characters, at least 1.
        order: k, at least 0.
        letters: A different letters; there are A^k contexts.
        seed: of the chances and of the text.

    Returns:
        the text, and the entropy rate in nats (Shannon 1948, theorem 5): the mean of the entropies
        after each context, weighted by how often the context comes.

    Example:
        >>> known, rate = markov(10_000, order=1, letters="ab", seed=3)
        >>> bool(abs(known.entropy.mean() - rate) < 0.01)
        True
    """
    check_sizes(length=(length, 1), order=(order, 0))
    check_letters(letters, 1)
    writer = Writer(seed)
    size = len(letters)
    if size**order > MOST_CONTEXTS:
        raise UserError(
            f"markov: {size} letters of order {order} have {size**order:,} contexts; at most"
            f" {MOST_CONTEXTS:,} are allowed; give a smaller order, or fewer letters"
        )
    chances = writer.rng.dirichlet(np.ones(size), size**order)  # (A^k, A), contexts in base A
    often = _stationary(chances)
    rate = float(np.dot(often, [entropy(row) for row in chances]))
    options_by_context = [dict(zip(letters, row, strict=True)) for row in chances.tolist()]
    context = 0
    for place in range(length):
        if place < order:  # sum over the contexts that begin with the text so far
            weights = often.reshape(size**place, size, -1)[context].sum(-1).tolist()
            options = dict(zip(letters, weights, strict=True))
        else:
            options = options_by_context[context]
        letter = writer.choose(options)
        context = (context * size + letters.index(letter)) % size**order
    return writer.finish(chance=0.0), rate


def weather_diary(
    days: int,
    change: float = 0.1,
    habits: Mapping[str, Sequence[float]] | None = None,
    seed: Seed = 0,
) -> KnownText:
    r"""Write a diary, one word a day. The word depends on the weather, which the diary never names.

    This is a hidden Markov model. When the weather changes, all other weathers are equally likely.
    The forward algorithm computes the chances of the next word from the diary so far (Rabiner 1989,
    section III A).

    Args:
        days: number of lines.
        change: chance that the weather is another one the next day.
        habits: for each word, its chance in each weather.
        seed: of the text.

    Example:
        >>> weather_diary(3).text
        'read\nwalk\nwalk\n'
    """
    check_sizes(days=(days, 1))
    habits = habits or {"walk": (0.7, 0.3, 0.1), "read": (0.2, 0.4, 0.3), "mend": (0.1, 0.3, 0.6)}
    writer = Writer(seed)
    if len({len(chances) for chances in habits.values()}) != 1:
        raise UserError("weather_diary: every word needs as many chances as there are weathers")
    table = np.array(list(habits.values()), float).T  # (weather, word)
    if not 0 <= change <= 1 or table.min() < 0 or not np.allclose(table.sum(1), 1):
        raise UserError(
            "weather_diary: change must be from 0 to 1, and the chances of the words in each"
            " weather must sum to 1"
        )
    count = len(table)
    words = list(habits)
    moves = np.full((count, count), change / max(1, count - 1))
    np.fill_diagonal(moves, 1 - change if count > 1 else 1.0)
    belief = np.full(count, 1 / count)  # chance of each weather today, given all days before
    for _ in range(days):
        expected = belief @ table
        word = writer.choose({f"{w}\n": p for w, p in zip(words, expected, strict=True)})[:-1]
        seen = belief * table[:, words.index(word)]
        belief = seen / seen.sum() @ moves
    return writer.finish(chance=0.0)


def _stationary(chances: Floats) -> Floats:
    """Return how often each context comes in the long run, (A^k,).

    Args:
        chances: of each letter after each context, (A^k, A).
    """
    contexts, size = chances.shape
    moves = np.zeros((contexts, contexts))
    for letter in range(size):
        next_context = (np.arange(contexts) * size + letter) % contexts
        moves[np.arange(contexts), next_context] += chances[:, letter]
    # often @ moves = often; "the sum is 1" replaces one of these equations
    equations = moves.T - np.eye(contexts)
    equations[-1] = 1.0
    return np.linalg.solve(equations, np.eye(contexts)[-1])
