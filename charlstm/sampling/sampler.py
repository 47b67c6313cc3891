"""Text, one character at a time, on NumPy alone: `generate` is a generator of characters.

One character costs one look-up (the input's share of the first layer's gates is a row of a table)
and one pass over the other weights, whose reading from memory is what takes the time; torch would
lay them out anew at each call. Many samples at once share that pass.
"""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np

from charlstm.errors import UserError
from charlstm.model.cells import CELLS, Array, State, Step, project, unroll
from charlstm.model.checkpoint import Checkpoint
from charlstm.options import SampleOptions
from charlstm.text.vocabulary import Ids

CHUNK = 1024  # characters of a prime that are read at once
SMALL = 10_000_000  # bytes of float32 weights
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
        options, weights = checkpoint.options, checkpoint.weights
        self.vocabulary = checkpoint.vocabulary
        self._cell = CELLS[options.cell]
        self._sum = options.readout == "sum"
        self._hidden_size = options.hidden_size
        self._layers = [
            SimpleNamespace(
                **{
                    name: weights[f"layers.{layer}.{name}"]
                    for name in self._cell.shapes(1, options.hidden_size)
                }
            )
            for layer in range(options.layers)
        ]
        embedding = weights.get("embedding.weight", np.eye(len(self.vocabulary), dtype=np.float32))
        self._table = project(self._layers[0], embedding)  # (V, G*H)
        self._head_weight, self._head_bias = weights["head.weight"].T, weights["head.bias"]

    def zero_state(self) -> list[State]:
        """Return the state at the start of a text, each array (H,)."""
        zeros = np.zeros(self._hidden_size, np.float32)
        return [(zeros,) * self._cell.states for _ in self._layers]

    def read(self, ids: Ids, state: list[State] | None = None) -> tuple[Array, list[State]]:
        """Read a text at once.

        Args:
            ids: (T,), at least one.
            state: per layer, each array (H,); None is zeros.

        Returns:
            logits (T, V) for the character after each, and the state after the last.
        """
        return self._forward(ids, state or self.zero_state(), unroll)

    def step(self, ids: Any, state: list[State]) -> tuple[Array, list[State]]:
        """Read one character: of one text, or of each of N.

        Args:
            ids: one id, or (N,).
            state: per layer, each array (H,) or (N, H).

        Returns:
            logits (V,) or (N, V), and the state after it.
        """
        return self._forward(ids, state, _once)

    def _forward(self, ids: Any, state: list[State], advance: Advance) -> tuple[Array, list[State]]:
        outputs: Array = None
        total: Array = None
        after: list[State] = []
        for p, layer_state in zip(self._layers, state, strict=True):
            x = project(p, outputs) if after else self._table[ids]
            outputs, layer_state = advance(self._cell.step, p, x, layer_state)
            total = total + outputs if self._sum and after else outputs
            after.append(layer_state)
        return total @ self._head_weight + self._head_bias, after


def _once(step: Step, p: Any, x: Array, state: State) -> tuple[Array, State]:
    state = step(p, x, state)
    return state[0], state


def choose(
    logits: Array,
    rng: np.random.Generator,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> Any:
    """Draw ids from softmax(logits / temperature), cut to the most likely ones where asked.

    Args:
        logits: (V,) or (N, V).
        rng: source of one random number per row.
        temperature: 0 takes the most likely id, the lowest where several are equal.
        top_k: keep exactly so many of the most likely ids; of equal ones the lower.
        top_p: then keep the fewest most likely ids that hold this share of what is left
            (Holtzman et al. 2020).

    Returns:
        one id, or (N,).

    Example:
        >>> rng = np.random.default_rng(0)
        >>> int(choose(np.array([0.0, 3.0, 1.0]), rng, temperature=0))
        1
    """
    if temperature == 0:
        return logits.argmax(-1)
    largest = np.maximum.reduce(logits, -1, keepdims=True)
    share = np.exp((logits - largest) * min(1 / temperature, 1e30))  # finite in float32, too
    if top_k is not None or top_p is not None:
        share = _most_likely(logits, share, top_k, top_p)
    below = np.add.accumulate(share, -1, np.float64)
    if below.ndim == 1:
        return below.searchsorted(rng.random() * below[-1], side="right")
    drawn = rng.random(len(below)) * below[:, -1]
    return (below <= drawn[:, None]).sum(-1)


def _most_likely(logits: Array, share: Array, top_k: int | None, top_p: float | None) -> Array:
    """Set all but the most likely shares to zero, by the logits: exp makes some of them equal."""
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


def generate(
    sampler: Sampler, prime: str = "", options: SampleOptions | None = None
) -> Iterator[str]:
    """Go on after `prime`, a character at a time.

    Args:
        sampler: the model.
        prime: text to go on from; empty starts as after a line end.
        options: temperature and the like, and the number of characters.

    Yields:
        One character, `options.length` times or until `options.stop` would come. Where a stop
        text is given, characters that may be its beginning are held back until that is known.

    Raises:
        UserError: the prime has a character that the model does not know.

    Example:
        >>> from charlstm import Checkpoint, SampleOptions, Sampler, find_model, generate
        >>> sampler = Sampler(Checkpoint.load(find_model("tinyshakespeare")))
        >>> text = "".join(generate(sampler, "ROMEO:", SampleOptions(length=20, seed=1)))
        >>> len(text)
        20
    """
    options = options or SampleOptions()
    ids = _ids(sampler, sampler.vocabulary.encode(prime, where="prime"), options, number=None)
    letters = (sampler.vocabulary.characters[i] for i in ids)
    return _until(letters, options.stop) if options.stop else letters


def generate_many(
    sampler: Sampler, number: int, prime: str = "", options: SampleOptions | None = None
) -> Iterator[list[str]]:
    """Go on after `prime` in `number` ways at once.

    Args:
        sampler: the model.
        number: N, samples that share each pass over the weights.
        prime: as for `generate`.
        options: as for `generate`.

    Yields:
        N strings to append to the N samples, some of them empty where a stop text is given.

    Raises:
        UserError: the prime has a character that the model does not know.
    """
    options = options or SampleOptions()
    if number < 1:
        raise UserError(f"--number is {number}; it must be at least 1")
    ids = _ids(sampler, sampler.vocabulary.encode(prime, where="prime"), options, number)
    characters = sampler.vocabulary.characters
    if not options.stop:
        for row in ids:
            yield [characters[i] for i in row]
        return
    stops = [_Stop(options.stop) for _ in range(number)]
    for row in ids:
        yield [stop.take(characters[i]) for stop, i in zip(stops, row, strict=True)]
        if all(stop.reached for stop in stops):
            return
    yield [stop.rest() for stop in stops]


def _ids(sampler: Sampler, prime: Ids, options: SampleOptions, number: int | None) -> Iterator[Any]:
    """Draw ids one after the other, of one sample (number None) or of several at once."""
    rng = np.random.default_rng(options.seed)
    if not len(prime):
        newline = max(0, sampler.vocabulary.characters.find("\n"))
        prime = np.array([newline], np.int32)
    state = None
    for start in range(0, len(prime), CHUNK):
        read, state = sampler.read(prime[start : start + CHUNK], state)
    assert state is not None
    logits = read[-1]
    if number is not None:
        logits = np.tile(logits, (number, 1))
        state = [tuple(np.tile(s, (number, 1)) for s in layer) for layer in state]
    ids: Any = None
    for made in range(options.length):
        if made:
            logits, state = sampler.step(ids, state)
        ids = choose(logits, rng, options.temperature, options.top_k, options.top_p)
        yield ids


def threads_for(model: Checkpoint, number: int, cpus: int) -> int:
    """Return the number of threads for the matrix products.

    Two threads read a large model's weights faster than one, but wait for each other a hundred
    times longer than they compute where another process keeps a CPU busy. So a model that one
    thread reads in well under 200 microseconds gets one, unless many samples share the reading.
    """
    small = sum(array.nbytes for array in model.weights.values()) < SMALL
    return 1 if small and number < 8 else cpus


class _Stop:
    """Pass characters on until a text comes, holding back what may be its beginning."""

    def __init__(self, stop: str) -> None:
        self.stop, self.held, self.reached = stop, "", False

    def take(self, character: str) -> str:
        if self.reached:
            return ""
        text = self.held + character
        if text == self.stop:
            self.held, self.reached = "", True
            return ""
        start = next(k for k in range(len(text) + 1) if self.stop.startswith(text[k:]))
        self.held = text[start:]
        return text[:start]

    def rest(self) -> str:
        held, self.held = self.held, ""
        return held


def _until(characters: Iterator[str], text: str) -> Iterator[str]:
    stop = _Stop(text)
    for character in characters:
        yield from stop.take(character)
        if stop.reached:
            return
    yield from stop.rest()
