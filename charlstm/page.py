"""The command that puts a model on a web page: `python -m charlstm.page tales`."""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from charlstm.errors import command, option, say
from charlstm.flags import Positional, parse
from charlstm.machine.atomic_file import check_target, write_atomically
from charlstm.machine.cpus import prepare_cpu

EXCERPT = 1200  # characters that the page shows at first
MOST = 2**22  # characters of the text that are looked at


@dataclass(frozen=True)
class Page:
    """Put a model on a web page that writes and reads with it, in one file for any browser.

    python -m charlstm.page

    python -m charlstm.page runs/my-text --out my-text.html

    python -m charlstm.page runs/my-code python --out my-code.html

    Open the file by a double click, send it to a friend, or put it on any web server. It holds all
    that it needs, fetches nothing and sends nothing. It asks for a browser of 2023 or later.

    The page colours a text by the units of the model that follow something in it. The command
    searches for them in CORPUS, for about 20 seconds. The page shows the beginning of CORPUS. It
    does not name the files that the model was trained on, except by their last part.
    """

    model: Annotated[str | None, Positional("[MODEL]")] = None
    """A model file, a run folder, or a shipped model's name (default: the shipped model)."""
    corpus: Annotated[str, Positional("[CORPUS]")] = "plays"
    """A file, folder or named corpus that the model can read (default: plays, which come with
    charlstm)."""
    out: str = "page.html"
    """Where the page goes."""
    force: bool = False
    """Replace a file that is there already."""


@functools.partial(command, prints=False)
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    given, _ = parse(Page, argv)
    out = Path(given.out)
    check_target(out, given.force)
    prepare_cpu(1)

    from charlstm.model.checkpoint import find_model, open_model
    from charlstm.options import DataOptions
    from charlstm.text.corpus import read_corpus
    from charlstm.web.fill import page
    from charlstm.web.telling import readable, telling_units

    checkpoint = open_model(given.model)
    vocabulary = checkpoint.vocabulary
    whole = read_corpus(given.corpus, DataOptions(bytes=vocabulary.bytewise)).text
    if len(whole) > MOST:
        say(f"{given.corpus}: {len(whole):,} characters; the first {MOST:,} are looked at")
    text = str(whole[:MOST])
    known = readable(checkpoint, text)
    units = telling_units(checkpoint, known)
    excerpt = vocabulary.to_user(known[:EXCERPT]).decode("utf-8", "ignore")
    file = find_model(given.model)
    name = file.parent.name if file.stem == "model" else file.stem
    content = page(checkpoint, name, units, excerpt).encode()
    write_atomically(out, content, f"name another place with {option('out')}")
    share = len(content) / file.stat().st_size
    say(f"{out}: {len(content):,} bytes, {share:.2f} times the model; open it in a browser")
    return 0


if __name__ == "__main__":
    sys.exit(main())
