"""The command that measures a model: `python -m charlstm.evaluate runs/my-text`."""

from __future__ import annotations

import dataclasses
import json
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, Optional

import tyro

from charlstm.cpu import prepare_cpu
from charlstm.errors import UserError, command
from charlstm.options import (
    MOST_THREADS,
    DataOptions,
    Part,
    SampleOptions,
    Sources,
    SourcesArgument,
    SplitFlag,
    Unknown,
    check,
    flag,
    from_json,
    given_flags,
    parse,
)

if TYPE_CHECKING:
    from charlstm.checkpoint import Checkpoint
    from charlstm.corpora import Corpus


PROTOCOLS = {"carried": "one pass", "cold": "256 characters"}
SAMPLING = {"temp", *SampleOptions.__dataclass_fields__}


@dataclass(frozen=True)
class Evaluate:
    """Measure a model on a text: nats and bits per character, in two protocols.

    python -m charlstm.evaluate runs/my-text

    python -m charlstm.evaluate tinyshakespeare other.txt --json

    python -m charlstm.evaluate tinyshakespeare --dynamic

    python -m charlstm.evaluate tinyshakespeare --novelty --temp 0.6 --length 20000

    carried is one pass with the state carried; cold is windows of 256 characters, each from the
    zero state. Without CORPUS the text that the model was trained on is read again. Of that text
    the validation part is measured, of any other text all of it, unless --part says otherwise.

    --dynamic also scores a copy of the model that goes on learning while it reads, which is not a
    figure of the model as it is. --novelty lets the model write, and compares that with the text
    that it was trained on, or with CORPUS if that is another: what is copied, how many of the words
    it has, and how surprising the model itself finds it; --temp, --top-k and the like are for that
    only.
    """

    model: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="MODEL")]
    """A model file, a run folder, or a shipped model's name."""
    corpus: SourcesArgument = Sources()
    """Files, folders, named corpora, or - for standard input."""
    part: Optional[Part] = None
    """Part of the text to measure."""
    split: Optional[SplitFlag] = None
    """Shares of training and validation (default: the model's)."""
    encoding: Optional[str] = None
    """Codec of the files (default: the model's)."""
    newlines: Optional[Literal["keep", "lf"]] = None
    """Line ends (default: the model's)."""
    limit: Optional[int] = None
    """Keep no more than this many characters, from the start (default: the model's, of its own
    text)."""
    unknown: Optional[Unknown] = None
    """What to do with characters the model does not know (default: skip in the text it was trained
    on, which had left them out, else error)."""
    dynamic: bool = False
    """Also score a copy that learns while it reads (Krause et al. 2018); takes minutes."""
    novelty: bool = False
    """Also let the model write, and tell how much of it is copied."""
    json: bool = False
    """Print one JSON object on standard output."""
    threads: Optional[int] = None
    """Threads (default: the CPUs this process may use)."""

    sampling: SampleOptions = SampleOptions(length=20_000, seed=0)

    def __post_init__(self) -> None:
        check(self, threads=(1, MOST_THREADS))


@command
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    given = parse(Evaluate, argv)
    odd = sorted(given_flags(argv) & SAMPLING)
    if odd and not given.novelty:
        raise UserError(f"{flag(odd[0])} without --novelty: nothing is written; add --novelty")

    from charlstm.checkpoint import Checkpoint, find_model

    path = find_model(given.model)
    checkpoint = Checkpoint.load(path)
    corpus = _corpus(given, checkpoint)
    prepare_cpu(given.threads)
    figures = {"model": str(given.model)} | measure(
        checkpoint,
        corpus,
        given.part,
        given.unknown,
        learning=given.dynamic,
        writing=given.sampling if given.novelty else None,
    )
    print(json.dumps(figures) if given.json else table(figures))
    return 0


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

    from charlstm.baselines import ngram_bits, xz_bits
    from charlstm.dynamic import dynamic
    from charlstm.metrics import carried, cold
    from charlstm.model import CharModel
    from charlstm.writing import measure_writing

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
    from charlstm.writing import writing_lines

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


def _corpus(given: Evaluate, checkpoint: Checkpoint) -> Corpus:
    from charlstm.corpora import read_corpus

    trained_on = checkpoint.about.get("corpus", {})
    sources = trained_on.get("sources", [])
    if not isinstance(sources, list) or not all(isinstance(s, str) for s in sources):
        raise UserError(f"{given.model}: its metadata garbles the corpus; train the model again")
    options = _options(trained_on, given.model)
    changes = {
        name: getattr(given, name)
        for name in ("split", "encoding", "newlines", "limit")
        if getattr(given, name) is not None or (name == "limit" and given.corpus)
    }
    options = dataclasses.replace(options, **changes, bytes=checkpoint.vocabulary.bytewise)
    if given.corpus:
        return read_corpus(given.corpus, options)
    if not sources or "-" in sources:
        raise UserError(f"{given.model}: the text it was trained on has no name; give a CORPUS")
    corpus = read_corpus(sources, options)
    if corpus.sha256 != trained_on.get("sha256"):
        raise UserError(
            f"{' '.join(corpus.sources)}: not the text that {given.model} was trained on (another"
            " sha256); name the text to measure as CORPUS"
        )
    return corpus


def _options(trained_on: dict[str, Any], where: str) -> DataOptions:
    saved = trained_on.get("options", {})
    if not isinstance(saved, dict):
        raise UserError(
            f"{where}: its metadata garbles the corpus's options; train the model again"
        )
    return from_json(DataOptions, saved, where)


def _read_alike(corpus: Corpus, trained_on: dict[str, Any]) -> bool:
    """Whether the same bytes were turned into characters in the same way."""
    then, now = _options(trained_on, "model"), corpus.options
    names = ("encoding", "newlines", "bytes", "limit")
    return all(getattr(then, name) == getattr(now, name) for name in names)


if __name__ == "__main__":
    sys.exit(main())
