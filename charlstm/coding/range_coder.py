"""Symbols become bits, and bits become symbols: a range coder that a model tells what to expect.

The coder is that of the library `constriction` (Bamler 2022, "Understanding entropy coding with
asymmetric numeral systems (ANS): a statistician's perspective"; range coding is Martin 1979). A
symbol costs -log2 of its probability, so a text costs what `evaluate` measures.

Both directions run the same loop, `_code`. The model predicts, the coder codes, and the model reads
the symbol that came. So the decoder predicts from what the encoder predicted from.

For each symbol the coder first says whether it is a character that the model knows, or a single
byte. The counts so far say how likely that is, and how likely each byte is. A byte changes nothing
in the model's state.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import constriction
import numpy as np
from tqdm import tqdm

from charlstm.coding.frequencies import Counts, softmax
from charlstm.coding.predictor import Predictor
from charlstm.coding.tables import Whole
from charlstm.machine.cpus import blas_threads

WORD = np.dtype("<u4")  # the coder's words in a file, on every machine


def encode(predictor: Predictor, symbols: list[int], threads: int | None = None) -> bytes:
    """Return the bits of symbols, as bytes; a multiple of four.

    Args:
        predictor: the model.
        symbols: as in `Symbols`.
        threads: for the matrix products. None measures how many are the fastest. Any number gives
            the same bits.
    """
    encoder = _Encoder()
    bar = tqdm(symbols, "compressing", unit=" characters", disable=None, leave=False)
    for _ in _code(encoder, predictor, bar, threads):
        pass
    return encoder.content()


def decode(
    predictor: Predictor, content: bytes, number: int, threads: int | None = None
) -> Iterator[int]:
    """Yield the symbols that `encode` was given.

    Args:
        predictor: the same model.
        content: what `encode` returned.
        number: how many symbols there are.
        threads: as for `encode`.

    Raises:
        ValueError: no symbols have these bits.
    """
    bar = tqdm(range(number), "decompressing", unit=" characters", disable=None, leave=False)
    return _code(_Decoder(content), predictor, bar, threads)


class _Coder(Protocol):
    def code(self, frequencies: Whole, symbol: int) -> int:
        """Code one of N symbols; return it. A decoder takes no notice of `symbol`."""


class _Encoder:
    def __init__(self) -> None:
        self._coder = constriction.stream.queue.RangeEncoder()

    def code(self, frequencies: Whole, symbol: int) -> int:
        self._coder.encode(symbol, _choice(frequencies))
        return symbol

    def content(self) -> bytes:
        return bytes(self._coder.get_compressed().astype(WORD).tobytes())


class _Decoder:
    def __init__(self, content: bytes) -> None:
        words = np.frombuffer(content, WORD).astype(np.uint32)
        self._coder = constriction.stream.queue.RangeDecoder(words)

    def code(self, frequencies: Whole, symbol: int) -> int:
        return int(self._coder.decode(_choice(frequencies)))


def _choice(frequencies: Whole) -> Any:
    """Return the library's model of a choice with these frequencies.

    The library takes any numbers. It gives each symbol 1 in advance, and divides the rest of its
    2^24 in their ratio. Ours, less 1, are just this rest, so the library multiplies by exactly 1.
    """
    rest = (frequencies - 1).astype(np.float64)
    return constriction.stream.model.Categorical(rest, lazy=False, perfect=False)


def _code(
    coder: _Coder, predictor: Predictor, symbols: Iterable[int], threads: int | None
) -> Iterator[int]:
    """Code symbols in a row, and yield them; a decoder needs only as many numbers, of any value."""
    used = blas_threads(threads)
    kinds = (Counts(2), Counts(2))  # after a character, and after a byte
    values = Counts(256)
    logits, state = predictor.start()
    after = 0
    for wanted in symbols:
        kind = coder.code(kinds[after].frequencies(), int(wanted < 0))
        kinds[after].add(kind)
        after = kind
        if kind:
            value = coder.code(values.frequencies(), -1 - wanted)
            values.add(value)
            yield -1 - value
        else:
            character = coder.code(softmax(logits), wanted)
            with used:
                logits, state = predictor.step(character, state)
            yield character
