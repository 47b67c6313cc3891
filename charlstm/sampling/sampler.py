"""Text, one character at a time, on NumPy alone: `generate` is a generator of characters.

One character costs one look-up and one pass over the weights. The look-up finds the input's share
of the first layer's gates in a table with a row for each character. The pass takes the time,
because it reads all other weights from memory. torch would be slower: it would lay the weights out
anew at each call. Many samples at once share one pass.
"""

from collections.abc import Callable, Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np

from charlstm.errors import UserError, option
from charlstm.machine.cpus import blas_threads, usable_cpus
from charlstm.machine.threads import Threads
from charlstm.model.cells import (
    Array,
    Layer,
    State,
    Step,
    input_table,
    one_step,
    project,
    run_layers,
    unroll,
)
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.named_cells import find_cell
from charlstm.options import SampleOptions
from charlstm.sampling.chooser import Chooser
from charlstm.sampling.lstm import lstm, prepared
from charlstm.sampling.stop import check_stop, end_before
from charlstm.text.vocabulary import Ids, check_ids

CHUNK = 1024  # characters of a prime that the sampler reads at once
LARGE_HEAD = (
    400_000  # weights; from about 460,000 on OpenBLAS gives each thread a part of the rows,
)
# and rounds differently unless the parts are alike, as they always are for the rows of the gates
Advance = Callable[[Step, Any, Array, State], tuple[Array, State]]


class Sampler:
    """A trained model that reads and predicts characters in float32.

    Args:
        checkpoint: the model.

    Example:
        >>> from charlstm import Checkpoint, Sampler, find_model
        >>> sampler = Sampler(Checkpoint.load(find_model("tinyshakespeare")))
        >>> logits, state = sampler.read(sampler.vocabulary.encode("ROMEO"))
        >>> sampler.vocabulary.decode([logits[-1].argmax()])
        ':'
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        options = checkpoint.options
        weights = checkpoint.weights
        cell = find_cell(options.cell)
        vocabulary_size = len(checkpoint.vocabulary)
        names = cell.shapes(vocabulary_size, options.hidden_size)
        parameters = [
            SimpleNamespace(**{name: weights[f"layers.{layer}.{name}"] for name in names})
            for layer in range(options.layers)
        ]
        step = cell.step
        if options.cell == "lstm":
            step = lstm
            parameters = [prepared(p) for p in parameters]
        with blas_threads(1):  # another number would round the table differently
            table = input_table(parameters[0], weights.get("embedding.weight"))  # (V, G*H)
        shares = [table.__getitem__, *(partial(project, p) for p in parameters[1:])]

        def layers(advance: Advance) -> list[Layer]:
            pairs = zip(parameters, shares, strict=True)
            return [_layer(step, p, share, advance) for p, share in pairs]

        self.vocabulary = checkpoint.vocabulary
        self._one_step = layers(one_step)
        self._unroll = layers(unroll)
        self._readout = options.readout
        self._head_weight = weights["head.weight"].T
        self._head_bias = weights["head.bias"]
        zeros = np.zeros(options.hidden_size, np.float32)
        self._zero_state = [(zeros,) * len(cell.states)] * options.layers

    @property
    def head_size(self) -> int:
        """The number of weights that lead from the last layer to the logits, V H."""
        return self._head_weight.size

    def zero_state(self) -> list[State]:
        """Return the state at the start of a text: for each layer, arrays (H,) of zeros."""
        return list(self._zero_state)

    def read(self, ids: Ids, state: list[State] | None = None) -> tuple[Array, list[State]]:
        """Read several characters of one text at once.

        Args:
            ids: (T,), at least one.
            state: the state of each layer, arrays (H,); None is zeros.

        Returns:
            logits (T, V) for the character after each of them, and the state after the last.

        Raises:
            UserError: there is no id, or one is not from 0 to V - 1.
        """
        ids = check_ids(ids, len(self.vocabulary), "ids")
        if not len(ids):
            raise UserError("ids: there are none; give at least one")
        return self._forward(self._unroll, ids, state or self.zero_state())

    def step(self, ids: Any, state: list[State]) -> tuple[Array, list[State]]:
        """Read one character of one text, or one character of each of N texts.

        Args:
            ids: one id, or (N,).
            state: the state of each layer, arrays (H,) or (N, H).

        Returns:
            logits (V,) or (N, V), and the new state.

        Raises:
            UserError: an id is not from 0 to V - 1.
        """
        ids = check_ids(ids, len(self.vocabulary), "ids", (0, 1))
        return self._forward(self._one_step, ids, state)

    def _forward(
        self, layers: list[Layer], ids: Any, state: list[State]
    ) -> tuple[Array, list[State]]:
        features, new_state = run_layers(layers, ids, state, self._readout)
        logits = features @ self._head_weight
        logits += self._head_bias
        return logits, new_state


def _layer(step: Step, p: Any, share: Callable[[Array], Array], advance: Advance) -> Layer:
    """Return a layer that gets the input's share of the gates from `share`, then advances."""
    return lambda inputs, state: advance(step, p, share(inputs), state)


def generate(
    sampler: Sampler,
    prime: str = "",
    options: SampleOptions | None = None,
    threads: int | None = None,
    original: str | None = None,
) -> Iterator[str]:
    """Write a text that goes on after `prime`, one character at a time.

    Args:
        sampler: the model.
        prime: text to go on from; an empty one starts as if after a line end.
        options: how to choose characters, and how many.
        threads: for the matrix products. None measures while it writes how many are the fastest.
            With OpenBLAS, which NumPy's wheels bring, a text with a seed does not depend on what it
            finds: numbers that would round differently are not tried. Your own products between
            two characters keep your number of threads.
        original: the text that `options.no_copy` keeps from being copied, usually the one that the
            model has read. The sampler keeps about 9 bytes for each of its characters.

    Yields:
        One character, `options.length` times or until the text `options.stop` would come.
        Characters that may begin that text come late: only once it is known that they do not. The
        text also ends where `options.no_repeat` and `options.no_copy` leave no character.

    Raises:
        UserError: the prime or the text to stop before has a character that the model does not
            know; or `options.no_copy` without `original`.

    Example:
        >>> from charlstm import Checkpoint, SampleOptions, Sampler, find_model, generate
        >>> sampler = Sampler(Checkpoint.load(find_model("tinyshakespeare")))
        >>> text = "".join(generate(sampler, "ROMEO:", SampleOptions(length=20, seed=1)))
        >>> len(text)
        20
    """
    options = options or SampleOptions()
    ids = sampler.vocabulary.encode(prime, where="prime")
    check_stop(options.stop, sampler.vocabulary)
    characters = sampler.vocabulary.characters
    if threads is None and options.seed is not None and sampler.head_size >= LARGE_HEAD:
        threads = 1
    chooser = Chooser(sampler.vocabulary, ids, options, None, original)
    drawn = _draw(sampler, ids, chooser, options.length, blas_threads(threads))
    written = (characters[i] for i in drawn)
    if options.stop is None:
        return written
    pieces = end_before(options.stop, ([character] for character in written), number=1)
    return (character for (piece,) in pieces for character in piece)


def generate_many(
    sampler: Sampler,
    number: int,
    prime: str = "",
    options: SampleOptions | None = None,
    threads: int | None = None,
    original: str | None = None,
    first: int = 0,
) -> Iterator[list[str]]:
    """Write `number` texts that go on after `prime`, all at once.

    Args:
        sampler: the model.
        number: N, the number of samples; they share each pass over the weights.
        prime: as for `generate`.
        options: as for `generate`.
        threads: for the matrix products. None measures, unless there is a seed. With a seed it is
            as many as this process may use, because another number rounds the products of several
            samples differently, and so now and then draws another character. So does another
            number of samples.
        original: as for `generate`.
        first: the place of the first of them among all samples of this seed, from 0. So many
            samples can be written in several calls.

    Yields:
        N strings to append to the N samples. Those of samples that have ended are empty.

    Raises:
        UserError: as for `generate`.
    """
    if number < 1:
        raise UserError(f"{option('number')} is {number}; it must be at least 1")
    options = options or SampleOptions()
    ids = sampler.vocabulary.encode(prime, where="prime")
    check_stop(options.stop, sampler.vocabulary)
    texts = [*sampler.vocabulary.characters, ""]  # -1 is the last one
    if threads is None and options.seed is not None:
        threads = usable_cpus()
    chooser = Chooser(sampler.vocabulary, ids, options, number, original, first)
    drawn = _draw(sampler, ids, chooser, options.length, blas_threads(threads), number)
    written = ([texts[i] for i in row.tolist()] for row in drawn)
    return written if options.stop is None else end_before(options.stop, written, number)


def read_prime(sampler: Sampler, prime: Ids) -> tuple[Array, list[State]]:
    """Read what stands before a sample.

    Args:
        sampler: the model.
        prime: ids, (N,); none stands for a line end, or if the model knows none, for its first
            character.

    Returns:
        logits (V,) for the first character, and the state of each layer, arrays (H,).
    """
    prime = begun(sampler, prime)
    state = None
    with blas_threads(1):  # another number would round these products differently
        for start in range(0, len(prime), CHUNK):
            logits, state = sampler.read(prime[start : start + CHUNK], state)
    assert state is not None
    return logits[-1], state


def begun(sampler: Sampler, prime: Ids) -> Ids:
    """Return a prime, or in place of an empty one what it stands for."""
    newline = max(0, sampler.vocabulary.characters.find("\n"))
    return prime if len(prime) else np.array([newline], np.int32)


def _draw(
    sampler: Sampler,
    prime: Ids,
    chooser: Chooser,
    length: int,
    threads: Threads,
    number: int | None = None,
) -> Iterator[Any]:
    """Draw the ids of one sample if `number` is None, else of several at once, each time (N,).

    Of several, those that have ended get -1. When all have, that is the end.
    """
    logits, state = read_prime(sampler, prime)
    if number is not None:
        logits = np.tile(logits, (number, 1))
        state = [tuple(np.tile(s, (number, 1)) for s in layer) for layer in state]
    ids: Any = None
    for made in range(length):
        with threads:
            if made:
                logits, state = sampler.step(ids, state)
            ids = chooser(logits)
        if not chooser.going:
            return
        yield ids if chooser.going == (number or 1) else np.where(chooser.ended, -1, ids)
