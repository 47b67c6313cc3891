"""One HTML file, made of a model: it holds the weights, and all that runs them in a browser.

A model may come from anybody. So its characters and what its file says are data in the page, never
markup: they are JSON in which no `<` stands as such, and the page shows them as text only. The page
itself states a policy that browsers enforce (Content Security Policy): they run no script but the
ones written here, which it names by their digests, and ask nobody for anything.
"""

import base64
import json
import re
import zlib
from collections.abc import Sequence
from dataclasses import asdict
from hashlib import sha256
from importlib import resources
from pathlib import PurePath
from typing import Any

import numpy as np

from charlstm.errors import UserError
from charlstm.model.array_file import Arrays
from charlstm.model.cells import CELLS
from charlstm.model.checkpoint import Checkpoint, compact
from charlstm.web.telling import Telling

KINDS = {
    "lstm": "An LSTM",
    "rnn": "A simple recurrent network",
    "gru": "A GRU",
    "peephole": "An LSTM with peepholes",
    "coupled": "An LSTM with coupled gates",
}
IN_THE_WORKER = ("product.js", "network.js", "choose.js", "worker.js")
IN_THE_PAGE = ("page.js", "writing.js", "reading.js")


def page(
    checkpoint: Checkpoint, name: str, telling: Sequence[Telling] = (), excerpt: str = ""
) -> str:
    """Return a page that writes and reads with a model.

    Args:
        checkpoint: the model, made of one of the five cells. The page holds the weights in the
            precision in which `Checkpoint.save` writes them.
        name: what the page calls it.
        telling: the units by which the letters can be coloured.
        excerpt: a text that the page reads at first.

    Raises:
        UserError: the model has a cell of the reader's own.

    Example:
        >>> from charlstm import Checkpoint, find_model
        >>> html = page(Checkpoint.load(find_model("tales")), "tales")
        >>> html[:15], len(html) < 1_400_000
        ('<!doctype html>', True)
    """
    cell = checkpoint.options.cell
    if cell not in CELLS:
        raise UserError(
            f"{name} is made of the cell {cell}, which a browser does not know; a page can be made"
            f" of the cells {', '.join(CELLS)}"
        )
    weights = compact(checkpoint.weights)
    parts = {
        "style": _read("page.css"),
        "model": _json(
            _model(checkpoint, weights, name)
            | {"telling": [*map(asdict, telling)], "excerpt": excerpt}
        ),
        "weights": _packed(weights),
        "worker": "\n".join(map(_read, IN_THE_WORKER)),
        "script": "\n".join(map(_read, IN_THE_PAGE)),
    }
    parts["policy"] = _policy(parts["script"], parts["style"])
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _read("page.html"))


def _model(checkpoint: Checkpoint, weights: Arrays, name: str) -> dict[str, Any]:
    """Return what the page knows of the model, apart from the numbers in the weights."""
    options, source, measured = checkpoint.options, checkpoint.provenance, checkpoint.measured
    cell = CELLS[options.cell]
    unseen = measured and measured.part in ("validation", "test") and measured.carried
    return {
        "name": name,
        "cell": options.cell,
        "kind": KINDS[options.cell],
        "layers": options.layers,
        "units": options.hidden_size,
        "readout": options.readout,
        "values": [*dict.fromkeys(cell.states + cell.gates)],
        "characters": [*map(ord, checkpoint.vocabulary.characters)],  # lone surrogates stay alone
        "bytewise": checkpoint.vocabulary.bytewise,
        "bytes": next(iter(weights.values())).itemsize,
        "weights": [(key, array.size) for key, array in weights.items()],
        "parameters": sum(array.size for array in weights.values()),
        # a path may tell more than its owner means to
        "learned": ", ".join(PurePath(path).stem for path in source.sources) if source else "",
        "nats": unseen.nats if unseen else None,
    }


def _packed(weights: Arrays) -> str:
    """Return all weights, compressed, in base64.

    First come the lowest bytes of all numbers, last the highest, which hold sign and exponent. So
    alike bytes lie side by side, and zlib saves 14 % instead of 8 % (the shipped model).
    """
    numbers = np.concatenate([array.ravel() for array in weights.values()])
    little = numbers.astype(numbers.dtype.newbyteorder("<"))
    planes = little.view(np.uint8).reshape(-1, little.itemsize).T
    return base64.b64encode(zlib.compress(planes.tobytes(), 9)).decode()


def _policy(script: str, style: str) -> str:
    """Return what a browser may do with the page: run these scripts, show this style."""

    def digest(content: str) -> str:
        return f"'sha256-{base64.b64encode(sha256(content.encode()).digest()).decode()}'"

    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {digest(script)} 'wasm-unsafe-eval'",  # WebAssembly, no eval
            f"style-src {digest(style)}",
            "worker-src blob:",
            "img-src data:",  # the empty icon, without which a browser asks for one
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _json(content: Any) -> str:
    return json.dumps(content).replace("<", r"\u003c")


def _read(name: str) -> str:
    return resources.files("charlstm.web").joinpath(name).read_text(encoding="utf-8")
