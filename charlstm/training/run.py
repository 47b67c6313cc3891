"""A training that lives in a folder, and survives whatever stops it.

| file | content |
| --- | --- |
| `model.safetensors` | the best model on validation: all that sampling and evaluation need |
| `resume.safetensors` | the last state: all that `Run.resume` needs to go on bit for bit |
| `log.jsonl` | a JSON line per validation |
"""

import contextlib
import dataclasses
import json
import math
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any, Literal

import torch

from charlstm.errors import UserError, unreadable
from charlstm.measuring.evaluation import measure
from charlstm.model.checkpoint import Arrays, Checkpoint, read_arrays, write_arrays
from charlstm.model.network import CharModel
from charlstm.model.registry import find_cell
from charlstm.options import DataOptions, ModelOptions, TrainOptions, from_json
from charlstm.text.corpus import Corpus, parts, read_corpus
from charlstm.text.streams import SHORTEST
from charlstm.text.vocabulary import Vocabulary
from charlstm.training.trainer import Report, Trainer

SAVE_SECONDS = 60  # between two saves of resume.safetensors, at least


class Run:
    """A trainer, the text it reads and the folder it writes.

    Use `Run.start` or `Run.resume`; then iterate over `fit()`, and call `finish()`.
    """

    def __init__(
        self, folder: Path, corpus: Corpus, vocabulary: Vocabulary, trainer: Trainer
    ) -> None:
        self.folder = folder
        self.corpus = corpus
        self.vocabulary = vocabulary
        self.trainer = trainer
        self.threads = torch.get_num_threads()  # with others, sums round in another order

    @classmethod
    def start(
        cls, folder: Path, corpus: Corpus, model_options: ModelOptions, options: TrainOptions
    ) -> "Run":
        """Begin a training with new weights and the text's own vocabulary.

        Raises:
            UserError: the folder holds a run already, or the text is too short.
        """
        _check_free(folder)
        vocabulary = Vocabulary.of(
            corpus.text, min_count=corpus.options.min_count, bytewise=corpus.options.bytes
        )
        model = CharModel(model_options, len(vocabulary), options.seed)
        return cls._started(folder, corpus, vocabulary, model, options)

    @classmethod
    def start_from(
        cls,
        folder: Path,
        corpus: Corpus,
        checkpoint: Checkpoint,
        model_options: ModelOptions,
        options: TrainOptions,
        unknown: Literal["add", "skip", "error"] = "add",
    ) -> "Run":
        """Begin a training with a model's weights and vocabulary.

        Characters that are added get new rows in the weights, the old ones keep theirs.

        Raises:
            UserError: as for `start`; or there are unknown characters and they are refused.
        """
        _check_free(folder)
        vocabulary = checkpoint.vocabulary
        if unknown == "add":
            present = Vocabulary.of(corpus.text, min_count=corpus.options.min_count)
            added = vocabulary.unknown(present.characters)
            vocabulary = Vocabulary(vocabulary.characters + added, vocabulary.bytewise)
        elif unknown == "error":
            vocabulary.encode(corpus.text, where=" ".join(corpus.sources))
        model = CharModel(model_options, len(vocabulary), options.seed)
        weights = model.to_arrays()
        for name, old in checkpoint.weights.items():
            weights[name][tuple(slice(size) for size in old.shape)] = old
        model.load_arrays(weights)
        return cls._started(folder, corpus, vocabulary, model, options)

    @classmethod
    def _started(
        cls,
        folder: Path,
        corpus: Corpus,
        vocabulary: Vocabulary,
        model: CharModel,
        options: TrainOptions,
    ) -> "Run":
        """Take the folder before anything is computed that could not be written there."""
        run = cls(folder, corpus, vocabulary, _trainer(corpus, vocabulary, model, options))
        run.save()
        return run

    @classmethod
    def resume(cls, folder: Path, sources: tuple[str, ...] = ()) -> "Run":
        """Go on with the training in a folder.

        Args:
            folder: where `resume.safetensors` is.
            sources: where its text is now; empty where it was.

        Raises:
            UserError: no run there, or damaged, or the text is another.
        """
        path = folder / "resume.safetensors"
        arrays, header = read_arrays(path, kind="resume")
        where = str(path)
        try:
            about = header["corpus"]
            vocabulary = Vocabulary(**header["vocabulary"])
            model_options = from_json(ModelOptions, header["model"], where)
            options = from_json(TrainOptions, header["training"]["options"], where)
            data = from_json(DataOptions, about["options"], where)
            known, digest, numbers = about["sources"], about["sha256"], header["progress"]
            threads = header["training"]["threads"]
        except (KeyError, TypeError) as error:
            raise UserError(f"{path}: its metadata lacks {error}; train the model again") from None
        find_cell(model_options.cell, where)
        if "-" in known and not sources:
            raise UserError(
                f"{folder}: was trained on standard input, which is gone; give that text as CORPUS"
                " beside --resume"
            )
        corpus = read_corpus(sources or known, data)
        if corpus.sha256 != digest:
            raise UserError(
                f"{' '.join(corpus.sources)}: not the text that {folder} was trained on (another"
                " sha256); give that text as CORPUS beside --resume"
            )
        model = CharModel(model_options, len(vocabulary), options.seed)
        run = cls(folder, corpus, vocabulary, _trainer(corpus, vocabulary, model, options))
        run.trainer.load_state(arrays, numbers)
        run.threads = threads
        run._cut_log()
        return run

    def fit(self) -> Generator[Report, None, None]:
        """Train, a report for each step, writing the three files as it goes.

        However it is left, by its end or by `break`, the last state is saved.

        Raises:
            UserError: the folder cannot be written, or the training diverges; the best model so
                far is kept.
        """
        saved = time.monotonic()
        try:
            for report in self.trainer.fit():
                if report.improved:
                    self._save_best()
                if report.validation is not None:
                    self._log(report)
                if time.monotonic() - saved > SAVE_SECONDS:
                    self.save()
                    saved = time.monotonic()
                yield report
        except GeneratorExit:
            self.save()
            raise
        self.save()

    def save(self) -> None:
        """Write `resume.safetensors`, and `model.safetensors` if there is no best model yet."""
        arrays, numbers = self.trainer.state()
        write_arrays(
            self.folder / "resume.safetensors",
            arrays,
            {
                "kind": "resume",
                "model": dataclasses.asdict(self.trainer.model.options),
                "vocabulary": dataclasses.asdict(self.vocabulary),
                **self._about(),
                "progress": numbers,
            },
        )
        if self.trainer.progress.best is None:
            self._write_model(self.trainer.average.to_arrays(), {})

    def finish(self) -> dict[str, Any]:
        """Measure the model that is in the folder on the whole validation part, and note it there.

        Returns:
            the figures of `evaluate.measure`.
        """
        path = self.folder / "model.safetensors"
        checkpoint = Checkpoint.load(path)  # as stored: float16
        figures = measure(checkpoint, self.corpus, "validation", baselines=False)
        measured = {name: figures[name] for name in ("part", "from", "to", "carried", "cold")}
        about = checkpoint.about | {"measured": measured}
        dataclasses.replace(checkpoint, about=about).save(path)
        return figures

    def checkpoint(self, weights: Arrays, measured: dict[str, Any]) -> Checkpoint:
        """Return weights as a model that can be sampled from."""
        about = {**self._about(), "measured": measured}
        return Checkpoint(self.trainer.model.options, self.vocabulary, weights, about)

    def _save_best(self) -> None:
        self._write_model(self.trainer.best, {"validation_nats": self.trainer.progress.best})

    def _write_model(self, weights: Arrays, measured: dict[str, Any]) -> None:
        self.checkpoint(weights, measured).save(self.folder / "model.safetensors")

    def _about(self) -> dict[str, Any]:
        trainer = self.trainer
        return {
            "corpus": {
                "sources": list(self.corpus.sources),
                "sha256": self.corpus.sha256,
                "characters": len(self.corpus.text),
                "options": dataclasses.asdict(self.corpus.options),
            },
            "training": {
                "options": dataclasses.asdict(trainer.options),
                "steps": trainer.progress.step,
                "epochs": trainer.progress.step / trainer.streams.windows,
                "seconds": trainer.progress.seconds,
                "threads": self.threads,
            },
        }

    def _log(self, report: Report) -> None:
        values = dataclasses.asdict(report)
        if report.validation is not None and not math.isfinite(report.validation):
            values["validation"] = None  # JSON has no NaN
        line = json.dumps(values)
        path = self.folder / "log.jsonl"
        try:
            with path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            raise unreadable(path, error, "free the place; the model so far is kept") from None

    def _cut_log(self) -> None:
        """Drop what was logged after the saved state: those steps will be done again."""
        path, step = self.folder / "log.jsonl", self.trainer.progress.step
        if path.exists():
            kept = []
            for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
                with contextlib.suppress(ValueError, KeyError, TypeError):  # half a line
                    if json.loads(line)["step"] <= step:
                        kept.append(line + "\n")
            path.write_text("".join(kept), encoding="utf-8")


def free_folder(name: str) -> Path:
    """Return `runs/name`, or the first of `runs/name-2`, `runs/name-3` ... that is not there."""
    folder, count = Path("runs") / name, 1
    while folder.exists():
        count += 1
        folder = Path("runs") / f"{name}-{count}"
    return folder


def _check_free(folder: Path) -> None:
    for name in ("model.safetensors", "resume.safetensors"):
        if (folder / name).exists():
            raise UserError(
                f"{folder}: already holds a run; name another folder with --out, or go on with it"
                f" by --resume {folder}"
            )


def _trainer(
    corpus: Corpus, vocabulary: Vocabulary, model: CharModel, options: TrainOptions
) -> Trainer:
    where, name = corpus.parts(), " ".join(corpus.sources)
    ids = {}
    for part in ("train", "validation"):
        text = corpus.text[where[part]]
        ids[part] = vocabulary.encode(text, unknown="skip")
        if len(text) < SHORTEST:
            raise UserError(
                f"{name}: {len(corpus.text)} characters, of which {len(text)} for {part}; each part"
                f" needs {SHORTEST}, so give at least {_smallest(corpus.options)} characters, or"
                " another --split"
            )
        if len(ids[part]) < SHORTEST:
            raise UserError(
                f"{name}: of the {len(text)} characters for {part} only {len(ids[part])} are in the"
                " vocabulary; give a smaller --min-count, or --unknown add"
            )
    return Trainer(model, ids["train"], ids["validation"], options)


def _smallest(options: DataOptions) -> int:
    """Return the length of the shortest text of which both parts have two characters."""
    train, validation = options.split
    length = max(math.ceil(SHORTEST / train) - 1, int((SHORTEST - 1) / validation))
    while any(
        part.stop - part.start < SHORTEST
        for name, part in parts(length, options.split).items()
        if name in ("train", "validation")
    ):
        length += 1
    return length
