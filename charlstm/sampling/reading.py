"""What a model makes of a text that is already there: its state after it, and its surprise."""

from typing import Any

import numpy as np

from charlstm.machine.cpus import blas_threads
from charlstm.model.cells import Array, State
from charlstm.sampling.sampler import CHUNK, Sampler
from charlstm.text.vocabulary import Ids


def prime_ids(sampler: Sampler, prime: str) -> Ids:
    """Return the ids that are read before the first letter: an empty prime is a line end.

    A model that knows no line end starts after its first character.

    Raises:
        UserError: the prime has a character that the model does not know.
    """
    vocabulary = sampler.vocabulary
    newline = "\n" if "\n" in vocabulary.characters else vocabulary.characters[0]
    return vocabulary.encode(prime or newline, where="prime")


def read_prime(sampler: Sampler, prime: str) -> tuple[Array, list[State]]:
    """Read a prime, as `generate` does before it writes.

    Returns:
        logits (V,) for the first letter, and the state of each layer, arrays (H,).
    """
    ids = prime_ids(sampler, prime)
    state = None
    with blas_threads(1):  # another number would round these products differently
        for start in range(0, len(ids), CHUNK):
            logits, state = sampler.read(ids[start : start + CHUNK], state)
    assert state is not None
    return logits[-1], state


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
    before = prime_ids(sampler, prime)
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
