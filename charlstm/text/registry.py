"""Texts that have a name.

- `tales`, `plays` and `verse` were written for charlstm (CC0) and come with it.
- `python` is the source code of the standard library of the Python that runs charlstm.
- The texts in `registry.toml` can be downloaded. pooch does so at first use, and checks them.
- Any other file in the corpus folder is known by its own name, without the ending; with it, if
  another text has the name without. `CHARLSTM_DATA` names the corpus folder. Without it, that is
  where this system keeps caches: `~/.cache/charlstm` on Linux.
"""

import hashlib
import os
import sys
import sysconfig
import tomllib
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from charlstm.errors import UserError, say, unreadable
from charlstm.machine.cache import cache_folder

SHIPPED = {
    "tales": "53 folk tales in plain prose, with much direct speech",
    "plays": "40 short scenes; each speaker keeps a manner of speech",
    "verse": "91 poems in five strict forms",
}
SHIPPED_LICENCE = "CC0"
PYTHON = "python"
_PYTHON_LEFT_OUT = {"site-packages", "dist-packages", "test", "tests", "idle_test", "__pycache__"}
RETRIES = 2


@dataclass(frozen=True)
class Download:
    """A text that can be downloaded, as `registry.toml` describes it.

    Attributes:
        title: what it is.
        url: its address, pinned to a commit.
        file: its name in the corpus folder.
        sha256: digest of its bytes.
        characters: its length. It is also the size in bytes, because all these texts are ASCII.
        vocabulary: how many different characters it has.
        licence: what one may do with it.
    """

    title: str
    url: str
    file: str
    sha256: str
    characters: int
    vocabulary: int
    licence: str


def shipped_folder() -> Path:
    """Return the folder of the shipped texts and `registry.toml`, in a wheel or in a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "texts"
    return installed if installed.is_dir() else package.parent / "corpora"


def corpus_folder() -> Path:
    """Return the folder that holds downloads and the user's own named texts.

    Raises:
        UserError: `CHARLSTM_DATA` names none, and the user has no home, as in some containers.
    """
    if given := os.environ.get("CHARLSTM_DATA"):
        return Path(given)
    advice = "set CHARLSTM_DATA to a folder, or give the path of a text that exists"
    return cache_folder("texts that have a name", advice)


@cache
def registry() -> dict[str, Download]:
    """Return the texts that can be downloaded, by name."""
    path = shipped_folder() / "registry.toml"
    return {
        name: Download(**fields)
        for name, fields in tomllib.loads(path.read_text(encoding="utf-8")).items()
    }


def shipped() -> dict[str, Path]:
    """Return the texts that come with charlstm, by name."""
    return {name: shipped_folder() / f"{name}.txt" for name in SHIPPED}


def others() -> dict[str, Path]:
    """Return the files that the user put into the corpus folder, by name.

    Raises:
        UserError: as for `corpus_folder`, or that folder cannot be read.
    """
    known = {download.file for download in registry().values()}
    found = [path for path in _files(corpus_folder()) if path.name not in known]
    stems = Counter([*shipped(), *registry(), PYTHON, *(path.stem for path in found)])
    return {path.stem if stems[path.stem] == 1 else path.name: path for path in found}


def _files(folder: Path) -> list[Path]:
    """Return the files in the corpus folder, sorted; none if there is no such folder."""
    try:
        paths = [Path(entry) for entry in os.scandir(folder) if entry.is_file()]
    except FileNotFoundError:
        return []
    except OSError as error:
        advice = "name a folder that you may read with CHARLSTM_DATA"
        raise unreadable(folder, error, advice) from None
    return sorted(p for p in paths if p.name[0] != "." and p.stem != "README")


def is_named(name: str) -> bool:
    """Return whether a text has this name, here or for download."""
    return name in {PYTHON, *registry(), *shipped()} or name in others()


def named(name: str) -> list[Path]:
    """Return the files of a named text.

    Raises:
        UserError: there is no text of that name, or it cannot be downloaded.
    """
    if name == PYTHON:
        return _standard_library()
    if name in registry():
        return [_downloaded(registry()[name])]
    if name in shipped():
        return [shipped()[name]]
    found = others()
    if name in found:
        return [found[name]]
    if alike := [each for each, path in found.items() if path.stem == name]:
        raise UserError(f"{name}: there are {' and '.join(alike)}; name one of them")
    names = ", ".join([*shipped(), PYTHON, *registry(), *found])
    raise UserError(
        f"{name}: no such file or folder, and no corpus of that name (there are: {names}); give a"
        f" path, or put the text into {corpus_folder()}; CHARLSTM_DATA names another folder"
    )


def content(path: Path) -> bytes:
    """Return the bytes of a file.

    Raises:
        UserError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise unreadable(path, error, "give a text that can be read") from None


def _downloaded(text: Download) -> Path:
    """Return the path of a text in the corpus folder; download it if it is not there yet."""
    path = corpus_folder() / text.file
    if path.exists():
        digest = hashlib.sha256(content(path)).hexdigest()
        if digest != text.sha256:
            raise UserError(
                f"{path}: not the text of that name (its sha256 is {digest}, not {text.sha256});"
                " delete it to download the text again, or give its path to use it as it is"
            )
        return path
    import pooch  # not at the top: importing it takes longer than reading a text
    import requests

    say(f"downloading {text.url} ({text.characters:,} bytes) to {path}")
    pooch.get_logger().setLevel("ERROR")
    loader = pooch.create(
        corpus_folder(),
        base_url="",
        registry={text.file: f"sha256:{text.sha256}"},
        urls={text.file: text.url},
        retry_if_failed=RETRIES,
    )
    fetch = pooch.HTTPDownloader(progressbar=sys.stderr.isatty(), timeout=30)
    try:
        return Path(loader.fetch(text.file, downloader=fetch))
    except (requests.RequestException, ValueError, OSError) as error:
        raise UserError(
            f"{text.file} is not here and cannot be downloaded ({_reason(error, text.url)});"
            f" download {text.url} and put it at {path}; CHARLSTM_DATA names another folder"
        ) from None


def _reason(error: Exception, url: str) -> str:
    import requests

    kind = type(error)
    if isinstance(error, requests.ConnectionError) and not issubclass(
        kind, (requests.exceptions.SSLError, requests.exceptions.ProxyError)
    ):
        return f"no connection to {urlsplit(url).netloc}"
    if isinstance(error, ValueError) and "hash" in str(error):
        return "what came has another sha256: it is not that text"
    return getattr(error, "strerror", None) or f"{kind.__name__}: {str(error)[:200]}"


def _standard_library() -> list[Path]:
    """Return the modules of the standard library in sorted order, without its tests."""
    folder = Path(sysconfig.get_path("stdlib"))
    found = []
    for path in sorted(folder.rglob("*.py")):
        if _PYTHON_LEFT_OUT.isdisjoint(path.relative_to(folder).parts):
            try:
                content(path).decode("utf-8")
            except UnicodeDecodeError:
                continue  # a few declare another codec
            found.append(path)
    if not found:
        raise UserError(f"python: this Python has no sources in {folder}; name another corpus")
    return found
