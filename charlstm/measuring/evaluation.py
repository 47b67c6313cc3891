"""All figures of one model on one text."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from charlstm.errors import UserError
from charlstm.model.checkpoint import trained_on_options
from charlstm.options import Part, SampleOptions, Unknown

if TYPE_CHECKING:
    from charlstm.model.checkpoint import Checkpoint
    from charlstm.text.corpus import Corpus

PROTOCOLS = {"carried": "one pass", "cold": "256 characters"}


def measure(
    checkpoint: Checkpoint,
    corpus: Corpus,
    part: Part | None = None,
    unknown: Unknown | None = None,
    baselines: bool = True,
    learning: bool = False,
    writing: SampleOptions | None = None,
) -> dict[str, Any]:
    """Score a model on a part of a text, in both protocols, and others beside it.

    Args:
        checkpoint: the model.
        corpus: the text.
        part: None is the validation part of the model's own text, and all of another.
        unknown: what to do with characters that the model does not know.
        baselines: also measure xz and a 5-gram model, which first read the part before; they
            predict the part's first character, too.
        learning: also score the model by dynamic evaluation.
        writing: also let the model write so, and compare that with what it has read.

    Returns:
        figures by name, as `--json` prints them.

    Raises:
        UserError: the part has fewer than two characters, or an unknown one; or `learning`, and
            there is no text before the part.
    """
    import numpy as np

    from charlstm.measuring.dynamic import dynamic
    from charlstm.measuring.scores import carried, cold
    from charlstm.measuring.writing import measure_writing
    from charlstm.model.network import CharModel
    from charlstm.text.baselines import ngram_bits, xz_bits

    trained_on = checkpoint.about.get("corpus", {})
    own = corpus.sha256 == trained_on.get("sha256") and _read_alike(corpus, trained_on)
    part = part or ("validation" if own else "all")
    where, name = corpus.parts()[part], " ".join(corpus.sources)
    if where.stop - where.start < 2:
        raise UserError(
            f"{name}: the part {part} has {where.stop - where.start} characters; at least 2 are"
            " needed; name another --part or --split"
        )
    vocabulary = checkpoint.vocabulary
    if unknown is None:
        unknown = "skip" if own else "error"  # training left the same ones out
    text, before = corpus.text[where], corpus.text[: where.start]
    ids = vocabulary.encode(text, unknown=unknown, where=f"{name}, part {part}")
    if len(ids) < 2:
        raise UserError(
            f"{name}: of the {len(text)} characters of the part {part} the model knows {len(ids)};"
            " at least 2 are needed; name a text like the one it was trained on"
        )
    model = CharModel(checkpoint.options, len(vocabulary)).load_arrays(checkpoint.weights)
    started = time.perf_counter()
    scores = {"carried": carried(model, ids), "cold": cold(model, ids)}
    seconds = time.perf_counter() - started
    figures: dict[str, Any] = {
        "corpus": name,
        "sha256": corpus.sha256,
        "part": part,
        "from": where.start,
        "to": where.stop,
        "of": len(corpus.text),
        "left_out": len(text) - len(ids),
        **{protocol: score.to_json() for protocol, score in scores.items()},
        "chars_per_second": 2 * len(ids) / seconds,
    }
    history = vocabulary.encode(before, unknown="skip")
    if learning:
        if len(history) < 2:
            raise UserError(
                f"--dynamic learns from the text before the part how far to move, and the part"
                f" {part} has none before it; name --part validation, or --part test"
            )
        figures["dynamic"] = dynamic(model, ids, history).to_json()
    if writing is not None:
        source = corpus.text[corpus.parts()["train"]] if own else corpus.text
        beside = text if own and part == "validation" else ""
        figures["novelty"] = measure_writing(checkpoint, model, writing, source, beside)
    if baselines:
        read = [vocabulary.to_user(vocabulary.decode(piece)) for piece in (ids, history)]
        both = np.concatenate((history, ids))
        figures["xz_bits_per_char"] = xz_bits(*read) / len(ids)
        figures["5gram_bits_per_char"] = ngram_bits(both, len(vocabulary), len(history)) / len(ids)
        figures["baselines_read_first"] = len(history)
    return figures


def table(figures: dict[str, Any]) -> str:
    """Lay the figures of `measure` out for a person."""
    from charlstm.measuring.writing import writing_lines

    share = (figures["to"] - figures["from"]) / figures["of"]
    lines = [
        f"{figures['corpus']}: {figures['part']}, characters {figures['from']:,} to"
        f" {figures['to']:,} of {figures['of']:,} ({share:.1%})"
        + (f", {figures['left_out']:,} unknown ones left out" if figures["left_out"] else ""),
        f"{'':22} {'nats/char':>10} {'bits/char':>10} {'perplexity':>12} {'characters':>11}",
    ]
    rows = [
        (f"{protocol} ({how})", figures[protocol]["nats"], figures[protocol]["characters"])
        for protocol, how in PROTOCOLS.items()
    ]
    if "xz_bits_per_char" in figures:
        read = figures["to"] - figures["from"] - figures["left_out"]
        for name, key in (("5-gram", "5gram_bits_per_char"), ("xz", "xz_bits_per_char")):
            rows.append((name, figures[key] * math.log(2), read))
    lines += [_row(*row) for row in rows]
    if "xz_bits_per_char" in figures:
        before = figures["baselines_read_first"]
        after = f", having read the {before:,} characters before" if before else ""
        lines.append(f"The 5-gram model (Witten-Bell) and xz learn while they read{after}.")
    lines.append(f"{figures['chars_per_second']:,.0f} characters a second.")
    if "dynamic" in figures:
        score = figures["dynamic"]
        lines += [
            "",
            "Apart from these, a copy that learns from what it has been scored on:",
        ]
        lines.append(_row("dynamic (one pass)", score["nats"], score["characters"]))
    if "novelty" in figures:
        lines += ["", *writing_lines(figures["novelty"])]
    return "\n".join(lines)


def _row(name: str, nats: float, characters: int) -> str:
    perplexity = math.exp(nats) if nats < 700 else math.inf
    bits = nats / math.log(2)
    return f"{name:22} {nats:10.4f} {bits:10.4f} {perplexity:12.3f} {characters:11,}"


def _read_alike(corpus: Corpus, trained_on: dict[str, Any]) -> bool:
    """Whether the same bytes were turned into characters in the same way."""
    then, now = trained_on_options(trained_on, "model"), corpus.options
    names = ("encoding", "newlines", "bytes", "limit")
    return all(getattr(then, name) == getattr(now, name) for name in names)
