"""What the model of a run writes, for a person who watches the training."""

import shutil
from collections.abc import Iterator, Mapping
from itertools import zip_longest

from charlstm.errors import UserError, printable
from charlstm.machine.columns import broken, columns_of
from charlstm.model.checkpoint import Checkpoint
from charlstm.options import SampleOptions
from charlstm.sampling.sampler import Sampler, generate

TEMPERATURES = (0.5, 0.8, 1.0)  # side by side
LAST = 200  # characters that a model writes when its training is done
WIDEST = 80  # columns of a terminal that are used
NARROWEST = 18  # columns of a sample; where there are fewer, one stands below the other
GAP = "  "


def written(checkpoint: Checkpoint, options: SampleOptions, threads: int | None = None) -> str:
    """Let a model write; return the text as a person reads it, or why it cannot write.

    Weights of a training that diverges may give no logits. The training has its own answer to that.
    """
    try:
        text = "".join(generate(Sampler(checkpoint), "", options, threads))
    except UserError as error:
        return f"({error})"
    return checkpoint.vocabulary.to_user(text).decode("utf-8", "replace")


def at_the_end(checkpoint: Checkpoint, seed: int, threads: int | None = None) -> str:
    """Let the model of a training that is done write a little."""
    options = SampleOptions(length=LAST, seed=seed)
    text = written(checkpoint, options, threads)
    return f"it writes, at temperature {options.temperature}:\n{text}"


def at_temperatures(
    checkpoint: Checkpoint, length: int, seed: int, threads: int | None = None
) -> str:
    """Let a model write at several temperatures, and lay the samples side by side."""
    samples = {}
    for temperature in TEMPERATURES:
        options = SampleOptions(temperature=temperature, length=length, seed=seed)
        samples[f"temperature {temperature}"] = written(checkpoint, options, threads)
    return side_by_side(samples, min(WIDEST, shutil.get_terminal_size().columns))


def side_by_side(texts: Mapping[str, str], width: int) -> str:
    r"""Lay texts out in columns, each under its title; in a narrow place one below the other.

    Args:
        texts: by their titles.
        width: columns of the terminal.

    Example:
        >>> print(side_by_side({"cold": "to be", "hot": "or\nnot"}, 42))
        cold                  hot
        to be                 or
                              not
    """
    each = (width - len(GAP) * (len(texts) - 1)) // len(texts)
    if each < NARROWEST:
        pieces = [[title, *folded(text, max(2, width))] for title, text in texts.items()]
        return "\n".join("\n".join(piece) for piece in pieces)
    columns = [[title, *folded(text, each)] for title, text in texts.items()]
    rows = zip_longest(*columns, fillvalue="")
    return "\n".join(GAP.join(_padded(cell, each) for cell in row).rstrip() for row in rows)


def folded(text: str, width: int) -> Iterator[str]:
    """Yield the lines of a text, none wider than `width`, which is 2 at least.

    Control characters are shown as escapes.
    """
    for line in text.split("\n"):
        yield from broken(printable(line.expandtabs(4)), width)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - columns_of(text))
