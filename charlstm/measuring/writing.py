"""What a model writes, beside what it has read: how much is copied, how much is made up."""

import dataclasses
from collections.abc import Iterator
from typing import Any

from threadpoolctl import threadpool_limits

from charlstm.devices import usable_cpus
from charlstm.measuring.scores import carried
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.network import CharModel
from charlstm.options import SampleOptions
from charlstm.sampling.sampler import Sampler, generate, threads_for
from charlstm.text.novelty import novelty
from charlstm.text.vocabulary import Vocabulary


def measure_writing(
    checkpoint: Checkpoint, model: CharModel, options: SampleOptions, source: str, beside: str = ""
) -> dict[str, Any]:
    """Let a model write, compare that with a text, and score it by the model itself.

    Args:
        checkpoint: the model.
        model: the same, for scoring.
        options: how it writes.
        source: what it has read.
        beside: another text, compared with `source` for scale; empty is none.

    Returns:
        figures by name, as `--json` prints them.
    """
    vocabulary = checkpoint.vocabulary
    if options.stop is not None:
        options = dataclasses.replace(options, stop=vocabulary.from_user(options.stop))
    with threadpool_limits(threads_for(checkpoint, 1, usable_cpus())):
        text = "".join(generate(Sampler(checkpoint), "", options))
    surprise = carried(model, vocabulary.encode(text)).nats if len(text) > 1 else None
    chosen = {name: getattr(options, name) for name in ("temperature", "top_k", "top_p", "seed")}
    figures = {**chosen, **_compared(text, source, vocabulary), "surprise_nats": surprise}
    if beside:
        figures["part"] = _compared(beside[: options.length], source, vocabulary)
    return figures


def _compared(text: str, source: str, vocabulary: Vocabulary) -> dict[str, Any]:
    read, known = (vocabulary.to_user(t).decode("utf-8", "replace") for t in (text, source))
    found = novelty(read, known)
    return {
        "characters": len(read),
        "copied": {str(length): share for length, share in found.copied.items()},
        "longest": found.longest,
        "known_words": found.known_words,
    }


def writing_lines(written: dict[str, Any]) -> Iterator[str]:
    """Lay the figures of `measure_writing` out for a person."""
    cuts = [f"{n.replace('_', '-')} {written[n]}" for n in ("top_k", "top_p") if written[n]]
    how = ", ".join([f"temperature {written['temperature']:g}", *cuts, f"seed {written['seed']}"])
    surprise = written["surprise_nats"]
    yield (
        f"{written['characters']:,} characters written with {how}"
        + (f"; the model's own surprise: {surprise:.4f} nats/char" if surprise is not None else "")
    )
    columns = {"written": written} | ({"part": written["part"]} if "part" in written else {})
    yield f"{'also in the text read':26}" + "".join(f"{name:>10}" for name in columns)
    rows = {
        f"pieces of {k} characters": [c["copied"][k] for c in columns.values()]
        for k in written["copied"]
    }
    rows["words that it has"] = [c["known_words"] for c in columns.values()]
    for name, shares in rows.items():
        cells = ["-" if share is None else f"{share:.2%}" for share in shares]
        yield f"{name:26}" + "".join(f"{cell:>10}" for cell in cells)
    for name, column in columns.items():
        yield f"longest, {name}: {len(column['longest'])} characters, {column['longest']!r}"
