"""Texts that charlstm may write anew, because nobody changed them: their last line is a digest."""

import hashlib
import re
from pathlib import Path

MOST_BYTES = 2**20  # of a file that is looked at; a card has some 3,000
_DIGEST = re.compile(rb"<!-- charlstm card ([0-9a-f]{64}): [^\n]*-->\n\Z")


def signed(content: bytes) -> bytes:
    """Return Markdown with a last line that holds the digest of all before."""
    digest = hashlib.sha256(content).hexdigest()
    note = "as long as this digest fits, charlstm may write the file anew"
    return content + f"<!-- charlstm card {digest}: {note} -->\n".encode()


def is_signed(path: Path) -> bool:
    """Whether a file is as `signed` made it.

    Raises:
        OSError: it cannot be read.
    """
    if not path.is_file() or path.stat().st_size > MOST_BYTES:
        return False
    content = path.read_bytes().replace(b"\r\n", b"\n")  # as git may hand it out
    found = _DIGEST.search(content)
    return found is not None and found[1] == (
        hashlib.sha256(content[: found.start()]).hexdigest().encode()
    )
