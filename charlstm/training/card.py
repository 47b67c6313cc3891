"""The card of a model: `README.md` beside it, which says what it learned from and how good it is.

Its head is YAML, as the sites read it where people share models (https://huggingface.co/docs/hub/
model-cards). The last line holds the digest of all that stands before it. So a card that a person
has changed is known, and never written again.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path, PurePath

from charlstm import __version__
from charlstm.errors import counted, printable
from charlstm.fields import to_json
from charlstm.machine.atomic_file import write_atomically
from charlstm.machine.signed import is_signed, signed
from charlstm.model.cells import CELLS
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.facts import Measured, Provenance, Score, Training

NAME = "README.md"


def write_card(folder: Path, checkpoint: Checkpoint) -> bool:
    """Write the card of a run's model, unless a person wrote or changed the one that is there.

    Returns:
        whether it was written.

    Raises:
        UserError: the folder cannot be written.
    """
    path = folder / NAME
    if path.is_symlink() or (path.exists() and not is_signed(path)):
        return False
    content = card(folder.resolve().name, checkpoint).encode("utf-8", "backslashreplace")
    write_atomically(path, signed(content), "free some space, then resume")
    return True


def card(name: str, checkpoint: Checkpoint) -> str:
    """Return the card of a model, without its last line.

    Args:
        name: of the model.
        checkpoint: the model.
    """
    corpus, training, measured = checkpoint.provenance, checkpoint.training, checkpoint.measured
    text = " ".join(PurePath(source).name for source in corpus.sources) if corpus else "unknown"
    weights = sum(array.size for array in checkpoint.weights.values())
    sizes = checkpoint.options
    parts = [
        _head(name, text, measured),
        f"# {marked(name)}\n",
        f"A character model: {sizes.layers} x {sizes.hidden_size} {marked(sizes.cell)},"
        f" {weights:,} weights, {len(checkpoint.vocabulary):,} characters, made by charlstm"
        f" {__version__}.\n",
        "## What it learned from\n",
        _corpus(text, corpus),
        "## How good it is\n",
        _figures(measured),
        "## How it was trained\n",
        _training(checkpoint, training),
        "## Use it\n",
        f"In the folder of this file, with charlstm {__version__} or newer:\n",
        "```sh\npython -m charlstm.sample model.safetensors --temp 0.8\n```\n",
        *_own_cell(checkpoint.options.cell),
        "```python\nfrom charlstm import *\n\n"
        'model = Checkpoint.load("model.safetensors")\n'
        'print("".join(generate(Sampler(model), "", SampleOptions(length=200))))\n```\n',
        "## Licence\n",
        "None is stated yet. Choose one that the text allows, add `license: ...` to the head of"
        " this file, and say here whose the text is.\n",
    ]
    return "\n".join(parts) + "\n"


def _own_cell(cell: str) -> Iterator[str]:
    if cell not in CELLS:
        yield f"Its cell, {marked(cell)}, is not one of charlstm's: add `--cell MODULE:{cell}`.\n"


def _head(name: str, text: str, measured: Measured | None) -> str:
    """Return the YAML that sites read. Licence and language are for the user to add."""
    lines = [
        "---",
        "library_name: charlstm",
        "pipeline_tag: text-generation",
        "tags:",
        *(f"- {tag}" for tag in ("charlstm", "lstm", "character-level", "text-generation")),
    ]
    if measured is not None and measured.carried and measured.cold:
        lines += [
            "model-index:",
            f"- name: {quoted(name)}",
            "  results:",
            "  - task:",
            "      type: text-generation",
            "    dataset:",
            f"      name: {quoted(text)}",
            "      type: text",
            f"      split: {measured.part}",
            "    metrics:",
        ]
        for protocol, score in (("carried", measured.carried), ("cold", measured.cold)):
            lines += [
                "    - type: bits-per-character",
                f"      name: {quoted(f'bits per character, {protocol}')}",
                f"      value: {score.bits_per_char:.4f}",
            ]
    return "\n".join([*lines, "---", ""])


def _corpus(text: str, corpus: Provenance | None) -> str:
    if corpus is None:
        return "The file does not say.\n"
    train, validation = corpus.options.split
    how = {
        "position": "by position: training has the first part, validation the next",
        "line": "by line: lines were drawn for validation, equal ones together",
        "block": "by block: blocks of some 1,000 characters were drawn for validation",
    }[corpus.options.split_by]
    digest = re.sub("[^0-9a-f]", "", corpus.sha256)  # a stranger may have written the file
    return (
        f"{marked(text)}: {corpus.characters:,} characters, sha256 `{digest}`.\n"
        f"It was cut {how} (shares {train:g} and {validation:g}).\n"
    )


def _figures(measured: Measured | None) -> str:
    if measured is None or not measured.carried or not measured.cold:
        return "It has not been measured.\n"

    def row(name: str, score: Score) -> str:
        return f"| {name} | {score.nats:.4f} | {score.bits_per_char:.4f} | {score.characters:,} |"

    rows = [
        "| protocol | nats per character | bits per character | characters |",
        "| --- | --- | --- | --- |",
        row("carried: one pass that carries the state along", measured.carried),
        row("cold: windows of 256 characters from the zero state", measured.cold),
    ]
    told = (
        f"On {measured.part}, characters {measured.start:,} to {measured.stop:,}. Validation chose"
        " which weights were kept, so it is no clean test."
    )
    return "\n".join([*rows, "", told, ""])


def _training(checkpoint: Checkpoint, training: Training | None) -> str:
    if training is None:
        return "The file does not say.\n"
    options = to_json(checkpoint.options) | to_json(training.options)
    if checkpoint.provenance is not None:
        options |= to_json(checkpoint.provenance.options)
    told = (
        f"These weights are those after {counted(training.steps, 'step')}, {training.epochs:.2f}"
        f" epochs and {training.seconds:,.0f} s on {training.device}, with"
        f" {counted(training.threads, 'thread')}. All options (0 or null: off):"
    )
    return f"{told}\n\n```json\n{json.dumps(options, indent=1)}\n```\n"


def quoted(text: str) -> str:
    r"""Return a text as YAML, in double quotes.

    Example:
        >>> print(quoted('a "é"'))
        "a \U00000022\U000000e9\U00000022"
    """
    plain = (c if c.isascii() and c.isprintable() and c not in '"\\' else "" for c in text)
    return '"' + "".join(p or f"\\U{ord(c):08x}" for p, c in zip(plain, text, strict=True)) + '"'


def marked(text: str) -> str:
    r"""Return a text as Markdown that shows it and does nothing else.

    Example:
        >>> print(marked("a_b <i>"))
        a\_b \<i\>
    """
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", printable(text))
