"""What stands in a compressed file.

| bytes | what |
| --- | --- |
| 8 | `charlstm` |
| 1 | version of the format: 1. Another arithmetic, or another table, is another version. |
| 1 | 1 if the rest is coded, 0 if it stands there as it was, because the model would lengthen it |
| 8 | the model: the first bytes of a digest of its sizes, its characters and its weights |
| 8 | the first bytes of the content's SHA-256 |
| 8 | number of symbols |
| ... | the coded or plain content |
| 4 | CRC-32 of all that |

Numbers are little-endian. The CRC finds damage at once. The digest of the content finds what it
cannot: a machine that computes otherwise than the one that wrote the file.
"""

import hashlib
import json
import struct
import zlib
from dataclasses import dataclass

from charlstm.coding.predictor import Predictor
from charlstm.coding.range_coder import decode, encode
from charlstm.coding.symbols import Symbols, count_bytes
from charlstm.errors import UserError, option
from charlstm.model.checkpoint import Checkpoint
from charlstm.options import SIZES

MAGIC = b"charlstm"
VERSION = 1
HEADER = struct.Struct("<8sBB8s8sQ")
CRC = struct.Struct("<I")
DIGEST = 8  # bytes of each digest


@dataclass(frozen=True)
class Packed:
    """A compressed file, and how it came about.

    Attributes:
        content: all of it.
        characters: how many characters the model read; a byte that it does not know counts as one.
        unknown: how many bytes it does not know.
        coded: False if the content stands there as it was.
    """

    content: bytes
    characters: int
    unknown: int
    coded: bool

    @property
    def bits_per_char(self) -> float:
        """Bits of the file for each character; of an empty text, 0."""
        return 8 * len(self.content) / self.characters if self.characters else 0.0


def pack(content: bytes, checkpoint: Checkpoint, threads: int | None = None) -> Packed:
    """Compress bytes with a model.

    Args:
        content: any bytes. The model predicts a text like the one it was trained on best.
        checkpoint: the model.
        threads: for the matrix products; None measures how many are the fastest.

    Raises:
        UserError: the model cannot predict the same on every machine; see `Predictor`.

    Example:
        >>> from charlstm import find_model
        >>> checkpoint = Checkpoint.load(find_model("tinyshakespeare"))
        >>> text = b"To be, or not to be, that is the question."
        >>> packed = pack(text * 3, checkpoint)
        >>> len(packed.content) < 126, unpack(packed.content, checkpoint) == text * 3
        (True, True)
    """
    symbols = Symbols(checkpoint.vocabulary).of(content)
    coded = encode(Predictor(checkpoint), symbols, threads)
    shorter = len(coded) < len(content)
    head = HEADER.pack(
        MAGIC, VERSION, shorter, _identity(checkpoint), _digest(content), len(symbols)
    )
    whole = head + (coded if shorter else content)
    whole += CRC.pack(zlib.crc32(whole))
    return Packed(whole, len(symbols), count_bytes(symbols), shorter)


def unpack(
    packed: bytes, checkpoint: Checkpoint, where: str = "packed", threads: int | None = None
) -> bytes:
    """Return the bytes that were compressed.

    Args:
        packed: the content of a `Packed`.
        checkpoint: the model that compressed it.
        where: the name of the file in an error.
        threads: as for `pack`.

    Raises:
        UserError: charlstm did not compress it, it is damaged or not whole, another version of the
            format, another model, or what came back is not what was compressed.
    """
    if packed[: len(MAGIC)] != MAGIC:
        raise UserError(f"{where}: not a file that charlstm compress wrote; name one that it wrote")
    broken = UserError(f"{where}: damaged, or not whole; copy it again")
    if len(packed) < HEADER.size + CRC.size:
        raise broken
    _, version, coded, model, digest, number = HEADER.unpack_from(packed)
    if version != VERSION:
        raise UserError(
            f"{where}: format version {version}; this charlstm reads version {VERSION}; install the"
            " charlstm that wrote it"
        )
    body = memoryview(packed)[: -CRC.size]
    if CRC.pack(zlib.crc32(body)) != packed[-CRC.size :]:
        raise broken
    content = bytes(body[HEADER.size :])
    if coded:
        content = _decoded(content, checkpoint, model, number, where, threads)
    if _digest(content) != digest:
        raise _another(where)
    return content


def _decoded(
    content: bytes,
    checkpoint: Checkpoint,
    model: bytes,
    number: int,
    where: str,
    threads: int | None,
) -> bytes:
    own = _identity(checkpoint)
    if model != own:
        raise UserError(
            f"{where}: another model compressed it (digest {model.hex()}; this one has"
            f" {own.hex()}); name that model with {option('model')}"
        )
    try:
        symbols = decode(Predictor(checkpoint), content, number, threads)
        return Symbols(checkpoint.vocabulary).content(symbols)
    except (ValueError, AssertionError) as error:
        if isinstance(error, UserError):
            raise
        raise _another(where) from None


def _another(where: str) -> UserError:
    return UserError(
        f"{where}: what comes back is not what was compressed (another digest): this machine"
        " computes otherwise than the one that wrote it; decompress it there, and please report it"
    )


def _identity(checkpoint: Checkpoint) -> bytes:
    """Return a digest of all that the predictions depend on."""
    sizes = {name: getattr(checkpoint.options, name) for name in SIZES}
    vocabulary = checkpoint.vocabulary
    told = json.dumps([sizes, vocabulary.characters, vocabulary.bytewise], sort_keys=True)
    digest = hashlib.sha256(told.encode())
    for name in sorted(checkpoint.weights):
        digest.update(name.encode())
        digest.update(checkpoint.weights[name].astype("<f4").tobytes())
    return digest.digest()[:DIGEST]


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()[:DIGEST]
