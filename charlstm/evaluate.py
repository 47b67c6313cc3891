"""The command that measures a model: `python -m charlstm.evaluate runs/my-text`."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from charlstm.errors import UserError, command, option
from charlstm.fields import check_ranges
from charlstm.flags import Only, Positional, lay_over, parse
from charlstm.machine.cpus import prepare_cpu
from charlstm.machine.devices import find_device
from charlstm.machine.waiting import Waiting
from charlstm.options import (
    CellOptions,
    DataOptions,
    DeviceOptions,
    MachineOptions,
    Part,
    SampleOptions,
    Sources,
    Unknown,
)

if TYPE_CHECKING:
    from charlstm.model.checkpoint import Checkpoint
    from charlstm.text.corpus import Corpus

DYNAMIC = 2**19  # characters that --dynamic reads of a long part


@dataclass(frozen=True)
class Evaluate:
    """Measure a model on a text: nats and bits per character, in two protocols.

    python -m charlstm.evaluate runs/my-text

    python -m charlstm.evaluate tinyshakespeare other.txt --json

    python -m charlstm.evaluate tinyshakespeare --dynamic

    python -m charlstm.evaluate tinyshakespeare --novelty --temp 0.6 --length 20000

    carried reads the text in one pass and carries the state along. cold reads windows of 256
    characters, each from the zero state. Without CORPUS the command reads the model's own text
    again, the one that the model was trained on, and measures its validation part. It measures all
    of any other text. --part names another part. A model without its run beside it may be from
    elsewhere: then CORPUS must be given, unless the model's text is a named corpus.

    --dynamic also scores a copy of the model that goes on learning while it reads: alone, and mixed
    with n-grams that do the same. These figures do not describe the saved model. With --streams 4
    it reads four places of the text side by side, which is faster and adapts less. --novelty lets
    the model write, and compares what it wrote with the text that it learned from, or with CORPUS
    if that is another text: how much is copied, how many of the words are known, and how surprising
    the model itself finds it. --temp, --top-k and the other options of sampling are for --novelty
    only.
    """

    model: Annotated[str, Positional("MODEL")]
    """A model file, a run folder, or a shipped model's name."""
    corpus: Annotated[Sources, Positional("[CORPUS ...]")] = Sources()
    """Files, folders, named corpora, or - for standard input (default: the model's text)."""
    part: Part | None = None
    """Part of the text to measure (default: validation of the model's text, all of another)."""
    unknown: Unknown | None = None
    """What to do with characters that the model does not know (default: skip in the model's own
    text, because training left them out; else error)."""
    dynamic: bool = False
    """Also score a copy that learns while it reads (Krause et al. 2018), alone and mixed with
    n-grams; takes minutes."""
    streams: int = 1
    """Streams into which --dynamic cuts the text, to read them side by side."""
    novelty: bool = False
    """Also let the model write, and measure how much of that is copied."""
    whole: bool = False
    """Score all of a long part, instead of samples of it (above a million characters)."""
    baselines: bool = True
    """Also measure xz and a 5-gram model; takes seconds."""
    json: bool = False
    """Print one JSON object on standard output."""

    data: Annotated[
        DataOptions, Only(("encoding", "newlines", "split", "limit"), default="the model's")
    ] = DataOptions()
    sampling: SampleOptions = SampleOptions(length=20_000, seed=0)
    cell: CellOptions = CellOptions()
    device: DeviceOptions = DeviceOptions()
    machine: MachineOptions = MachineOptions()

    def __post_init__(self) -> None:
        check_ranges(self, streams=(1, None))


@command
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    given, names = parse(Evaluate, argv)
    odd = sorted(names & set(SampleOptions.__dataclass_fields__))
    if odd and not given.novelty:
        missing = option("novelty")
        raise UserError(f"{option(odd[0])} without {missing}: nothing is written; add {missing}")

    if "streams" in names and not given.dynamic:
        missing = option("dynamic")
        raise UserError(
            f"{option('streams', given.streams)} without {missing} does nothing; add {missing}"
        )

    from charlstm.measuring.dynamic import check_streams
    from charlstm.measuring.evaluation import Baselines, Evaluation
    from charlstm.measuring.mixture import score_mixture
    from charlstm.measuring.passage import Passage
    from charlstm.measuring.sampled import LONG, score_some, to_score
    from charlstm.measuring.writing import measure_writing
    from charlstm.model.checkpoint import open_model
    from charlstm.model.network import CharModel

    checkpoint = open_model(given.model, given.cell.cell)
    corpus = _corpus(given, names, checkpoint)
    passage = Passage.of(checkpoint, corpus, given.part, given.unknown)
    if given.dynamic and len(passage.history) < 2:
        raise UserError(
            f"{option('dynamic')} measures gradients on the text before the part, and the part"
            f" {passage.part} has none before it; name {option('part', 'validation')}, or"
            f" {option('part', 'test')}"
        )
    ids = passage.ids
    if given.dynamic:
        check_streams(len(ids), given.streams)
    threads = given.machine.threads
    prepare_cpu(threads)
    model = CharModel.from_checkpoint(checkpoint).to(find_device(given.device.device))
    with Waiting("scoring", to_score(len(ids), given.whole), "") as waiting:
        scores = score_some(model, ids, given.whole, threads, waiting.advance)
    evaluation = Evaluation(
        passage,
        scores,
        calibration=checkpoint.calibration,
    )
    if not given.json:  # at once: what follows takes seconds or minutes
        print(evaluation.scores_table(), flush=True)
    if given.baselines:
        evaluation = dataclasses.replace(evaluation, baselines=Baselines.of(passage))
    if given.dynamic:
        some = ids if given.whole or len(ids) <= LONG else ids[:DYNAMIC]
        text = some.astype("int32"), passage.history, passage.vocabulary
        dynamic = score_mixture(model, *text, given.streams, threads)
        evaluation = dataclasses.replace(evaluation, dynamic=dynamic)
    if given.novelty:
        novelty = measure_writing(checkpoint, model, passage, given.sampling, threads)
        evaluation = dataclasses.replace(evaluation, novelty=novelty)
    if given.json:
        print(json.dumps({"model": given.model} | evaluation.to_json()))
    else:
        print(evaluation.rest_of_table())
    return 0


def _corpus(given: Evaluate, names: Set[str], checkpoint: Checkpoint) -> Corpus:
    """Read the text that the user named; without one, the text that the model was trained on."""
    from charlstm.model.checkpoint import find_model
    from charlstm.model.own_text import in_its_run, own_text
    from charlstm.text.corpus import read_corpus

    trained_on = checkpoint.provenance
    options = DataOptions() if trained_on is None else trained_on.options
    if given.corpus:  # the model's limit holds for its own text only
        names = names | {"limit"}
    options = lay_over(options, given.data, names)
    options = dataclasses.replace(options, bytes=checkpoint.vocabulary.bytewise)
    if given.corpus:
        return read_corpus(given.corpus, options)
    if trained_on is None:
        raise UserError(f"{given.model}: the text it was trained on has no name; give a CORPUS")
    in_run = in_its_run(find_model(given.model), trained_on)
    return own_text(trained_on, given.model, in_run, options)


if __name__ == "__main__":
    sys.exit(main())
