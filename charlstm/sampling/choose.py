"""Draw the next character: temperature, top-k, top-p and min-p over a row of logits."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from charlstm.errors import UserError
from charlstm.model.cells import Array


def choose(
    logits: Array,
    rng: np.random.Generator | Sequence[np.random.Generator],
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
) -> Any:
    """Draw ids from softmax(logits / temperature), if asked only among the most likely ones.

    Args:
        logits: (V,) or (N, V).
        rng: source of one random number for each row, unless the temperature is 0; for N rows also
            one source for each.
        temperature: 0 takes the most likely id; of equally likely ids, the lowest.
        top_k: keep exactly this many of the most likely ids; of equally likely ids, the lower ones.
        top_p: of the ids that `top_k` leaves, keep the fewest most likely ones that hold this share
            of the probability (Holtzman et al. 2020).
        min_p: of the ids that these two leave, keep those whose probability is at least this share
            of the largest one's. The temperature comes before it, as in Nguyen et al. 2024.

    Returns:
        one id, or ids (N,).

    Raises:
        UserError: the logits give no probabilities, because one is NaN or infinite. Only minus
            infinity is a logit like any other: that of an id which is never drawn.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> int(choose(np.array([0.0, 3.0, 1.0]), rng, temperature=0))
        1
    """
    most = np.maximum.reduce(logits, -1, keepdims=True)
    if not np.isfinite(most).all():  # NaN is the largest of all
        raise UserError(
            "the logits are not finite, so nothing can be drawn; use a model whose weights are"
            " smaller, or train again with a smaller learning rate"
        )
    if temperature == 0:
        return logits.argmax(-1)
    share = logits - most
    share *= min(1 / temperature, 1e30)  # not infinite: float32 could not hold it
    np.exp(share, out=share)
    if top_k is not None or top_p is not None:
        share = _most_likely(logits, share, top_k, top_p)
    if min_p is not None:
        share[share < min_p] = 0  # the largest share is 1
    below = np.add.accumulate(share, -1, np.float64)
    if not isinstance(rng, np.random.Generator):
        drawn = np.array([one.random() for one in rng])
    elif below.ndim == 1:
        return below.searchsorted(rng.random() * below[-1], side="right")
    else:
        drawn = rng.random(len(below))
    return (below > (drawn * below[:, -1])[:, None]).argmax(-1)  # the first one


def _most_likely(logits: Array, share: Array, top_k: int | None, top_p: float | None) -> Array:
    """Keep the most likely shares, and set all others to zero.

    The logits give the ranks, because exp rounds some different logits to equal shares.
    """
    order = np.argsort(-logits, axis=-1, kind="stable")
    ranked = np.take_along_axis(share, order, -1)
    if top_k is not None:
        ranked[..., top_k:] = 0
    if top_p is not None:
        before = ranked.cumsum(-1) - ranked
        ranked[before >= top_p * ranked.sum(-1, keepdims=True)] = 0
    cut = np.empty_like(share)
    np.put_along_axis(cut, order, ranked, -1)
    return cut
