"""Files, archives and folders of texts, and what is read of them."""

import zipfile

from charlstm.options import DataOptions
from charlstm.text.pieces import pieces_of

TEXT = b"some words, again and again; " * 40


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return str(path)


def read(source, options=None):
    found = pieces_of(str(source), options or DataOptions())
    first = [b"".join(piece.chunks()) for piece in found]
    assert first == [b"".join(piece.chunks()) for piece in found]  # more than once
    return first


def zipped(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return path
