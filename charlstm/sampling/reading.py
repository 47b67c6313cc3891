"""How much a text surprises a model, character by character."""

from typing import Any

import numpy as np

from charlstm.machine.cpus import blas_threads
from charlstm.sampling.sampler import CHUNK, Sampler, begun


def surprise(sampler: Sampler, prime: str, text: str) -> Any:
    """Return the surprise of each character of a text after a prime, in nats.

    It is -ln p, where p is what the model itself gives the character: at temperature 1 and among
    all characters, however the text was made.

    Args:
        sampler: the model.
        prime: what it reads before; its characters have no surprise.
        text: any text of characters that it knows.

    Returns:
        nats, (len(text),).

    Example:
        >>> from charlstm import Checkpoint, Sampler, find_model
        >>> sampler = Sampler(Checkpoint.load(find_model("tinyshakespeare")))
        >>> surprise(sampler, "ROM", "EO").round(1).tolist()
        [0.0, 0.0]
    """
    before = begun(sampler, sampler.vocabulary.encode(prime, where="prime"))
    ids = np.concatenate([before, sampler.vocabulary.encode(text)])
    nats = np.empty(len(ids) - 1)
    state = None
    with blas_threads(1):
        for start in range(0, len(nats), CHUNK):
            came = ids[start + 1 : start + 1 + CHUNK]
            logits, state = sampler.read(ids[start : start + len(came)], state)
            exact = logits.astype(np.float64)
            given = np.take_along_axis(exact, came[:, None], -1)[:, 0]
            nats[start : start + len(came)] = np.logaddexp.reduce(exact, -1) - given
    return nats[len(before) - 1 :]
