"""A training in a folder. Whatever stops it, it can be resumed.

The folder holds four files:

| file | content |
| --- | --- |
| `model.safetensors` | the best model on validation; sampling and evaluation need only this file |
| `resume.safetensors` | the last state; `Run.resume` goes on from it, bit for bit |
| `log.jsonl` | a JSON line per validation |
| `lock` | who trains here; nobody else may meanwhile |
"""

import dataclasses
import time
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Literal

from charlstm.errors import UserError, at_command_line, option
from charlstm.model.array_file import Arrays
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.facts import Measured, Provenance, Training
from charlstm.model.named_cells import check_cell
from charlstm.model.network import CharModel
from charlstm.model.own_text import own_text, same_text
from charlstm.options import ModelOptions, TrainOptions
from charlstm.quoting import invocation
from charlstm.text.corpus import Corpus
from charlstm.text.vocabulary import Vocabulary
from charlstm.training import log
from charlstm.training.budget import Budget
from charlstm.training.distributed import LostRankError
from charlstm.training.inherit import inherit
from charlstm.training.interrupt import ctrl_c_waits
from charlstm.training.lock import Claim, check_free, claim, claim_new
from charlstm.training.material import trainer_for
from charlstm.training.place import Place, possible_threads
from charlstm.training.progress import Report
from charlstm.training.saved import Saved
from charlstm.training.trainer import Trainer

SAVE_SECONDS = 60  # shortest time between two saves of resume.safetensors


class Run:
    """A trainer, the text it reads and the folder it writes.

    Use `Run.start` or `Run.resume`; then iterate over `fit()`; `finish.py` measures the
    model. The folder is this process's until the last `Run` in it is gone.
    """

    def __init__(
        self, folder: Path, corpus: Corpus, vocabulary: Vocabulary, trainer: Trainer, place: Place
    ) -> None:
        self.folder = folder
        self.claim: Claim | None = None  # as long as it is held, nobody else writes in the folder
        self.corpus = corpus
        self.vocabulary = vocabulary
        self.trainer = trainer
        self.place = place
        self.begun_on = trainer.model.device.type  # another device would round sums differently

    @classmethod
    def start(
        cls,
        folder: Path,
        corpus: Corpus,
        model_options: ModelOptions,
        options: TrainOptions,
        place: Place | None = None,
    ) -> "Run":
        """Begin a training with new weights and the text's own vocabulary.

        Args:
            folder: where to write, made if it is not there.
            corpus: the text.
            model_options: cell, sizes and dropout rates.
            options: budget, windows, optimiser.
            place: where to train; by default on the CPU, in this process alone.

        Raises:
            UserError: the folder holds a run, or another process is at work there, or the text is
                too short.
        """
        check_free(folder)
        vocabulary = Vocabulary.of(
            corpus.text, min_count=corpus.options.min_count, bytewise=corpus.options.bytes
        )
        model = CharModel(model_options, len(vocabulary), options.seed)
        return cls._started(folder, corpus, vocabulary, model, options, place or Place())

    @classmethod
    def start_from(
        cls,
        folder: Path,
        corpus: Corpus,
        checkpoint: Checkpoint,
        model_options: ModelOptions,
        options: TrainOptions,
        unknown: Literal["add", "skip", "error"] = "add",
        place: Place | None = None,
    ) -> "Run":
        """Begin a training with a model's weights and vocabulary; `inherit` says how.

        Args:
            folder: as for `start`.
            corpus: as for `start`.
            checkpoint: the model.
            model_options: sizes, which are those of the model, and dropout rates.
            options: budget, windows, optimiser.
            unknown: what to do with characters that the model does not know; see `inherit`.
            place: as for `start`.

        Raises:
            UserError: as for `start` or for `inherit`.
        """
        check_free(folder)
        vocabulary, model = inherit(checkpoint, corpus, model_options, unknown, options.seed)
        return cls._started(folder, corpus, vocabulary, model, options, place or Place())

    @classmethod
    def _started(
        cls,
        folder: Path,
        corpus: Corpus,
        vocabulary: Vocabulary,
        model: CharModel,
        options: TrainOptions,
        place: Place,
    ) -> "Run":
        """Make a run and save it at once. So a folder that cannot be written fails early."""
        trainer = trainer_for(corpus, vocabulary, model, options, place)
        run = cls(folder, corpus, vocabulary, trainer, place)
        run.claim = claim_new(folder)
        run.save()
        return run

    def fit(self) -> Generator[Report, None, None]:
        """Train, yield a report for each step, and keep the files up to date.

        The last state is saved when the training ends, when the caller leaves by `break` or an
        error, when another rank is lost, and at Ctrl-C, which waits for the end of a step. For that
        the generator must be closed: by `for report in run.fit()`, or by `contextlib.closing` if it
        has a name. One that is still open when the program ends saves nothing.

        Raises:
            UserError: the folder cannot be written, the training diverges, or another rank is lost.
                The best model so far stays in the folder.
        """
        saved = time.monotonic()
        steps = self.trainer.fit()
        try:
            while True:
                with ctrl_c_waits():
                    report = next(steps, None)
                    if report is None:
                        break
                    if report.improved:
                        self._save_model()
                    if report.validation is not None:
                        log.append(self.folder / "log.jsonl", report)
                    if time.monotonic() - saved > SAVE_SECONDS:
                        self.save()
                        saved = time.monotonic()
                yield report
        except LostRankError as error:
            self.save()
            step = self.trainer.progress.step
            again = option("resume", self.folder)
            raise UserError(f"{error}; step {step:,} is saved, and {again} goes on") from error
        except (GeneratorExit, KeyboardInterrupt):
            with ctrl_c_waits():
                steps.close()  # first: it goes back to finite weights
                self.save()
            raise
        with ctrl_c_waits():
            self.save()

    def save(self) -> None:
        """Write `resume.safetensors`, and `model.safetensors` if there is no best model yet."""
        log.flush(self.folder / "log.jsonl")  # first: a resume adds no line before its step
        arrays, progress = self.trainer.state()
        Saved(
            arrays,
            progress,
            self.trainer.model.options,
            self.vocabulary,
            Provenance.of(self.corpus),
            self._training(),
            self.place.threads,
        ).write(self.folder / "resume.safetensors")
        if self.trainer.progress.best is None:
            self._save_model()

    def _save_model(self) -> None:
        """Write the best weights, or before the first validation the average so far."""
        model = self.checkpoint(self.trainer.kept(), Measured(self.trainer.progress.best))
        model.save(self.folder / "model.safetensors")

    def checkpoint(self, weights: Arrays, measured: Measured | None = None) -> Checkpoint:
        """Return weights together with their options, vocabulary and origin."""
        return Checkpoint(
            self.trainer.model.options,
            self.vocabulary,
            weights,
            Provenance.of(self.corpus),
            self._training(),
            measured,
        )

    def _training(self) -> Training:
        trainer = self.trainer
        progress = trainer.progress
        return Training(
            options=trainer.options,
            steps=progress.step,
            epochs=progress.step / trainer.streams.windows,
            seconds=progress.seconds,
            threads=trainer.threads.number,
            device=self.place.device.type,
        )

    @classmethod
    def resume(
        cls,
        folder: Path,
        sources: Sequence[str] = (),
        place: Place | None = None,
        more: Budget | None = None,
        cell: str | None = None,
    ) -> "Run":
        """Go on with the training in a folder.

        Args:
            folder: where `resume.safetensors` is.
            sources: where its text is now; empty if it has not moved.
            place: where to go on. On another device than before, the bits differ. There may be more
                or fewer ranks. Without a number of threads, the one counts that was asked for when
                the run began; without that, a budget in steps or epochs keeps the number in use,
                and one in minutes measures anew.
            more: another budget, for a training that has used up its own. The learning rate rises
                again and falls over this budget, from the weights of the last step.
            cell: the cell that the model must have; None takes any.

        Raises:
            UserError: no run is there, it is damaged, another process has it, the text is another,
                or there is more to do for a run that has not finished.
        """
        if folder.name == "resume.safetensors":  # the file in the folder was named
            folder = folder.parent
        path = folder / "resume.safetensors"
        mine = claim(folder) if path.exists() else None  # first: nobody may write it meanwhile
        saved = Saved.read(path)
        check_cell(cell, saved.options.cell, folder)
        trained_on = saved.provenance
        again = f"{invocation('train', 'CORPUS')} {option('resume', folder)}"
        again = again if at_command_line() else ""
        if sources:
            corpus = same_text(sources, trained_on, str(folder), again)
        else:
            corpus = own_text(trained_on, str(folder), in_run=True, again=again)
        training = saved.training
        model = CharModel(saved.options, len(saved.vocabulary), training.options.seed)
        place = place or Place()
        if place.threads is None and saved.threads is not None:
            place = dataclasses.replace(place, threads=possible_threads(saved.threads, folder))
        budget = more or Budget.of(training.options)
        keeps = place.threads is None and budget.unit != "minutes"
        number = possible_threads(training.threads, folder) if keeps else place.threads
        used = dataclasses.replace(place, threads=number)
        trainer = trainer_for(corpus, saved.vocabulary, model, training.options, used)
        try:
            trainer.load_state(saved.arrays, saved.progress)
        except UserError as error:
            raise UserError(f"{path}: {error}; train the model again") from None
        if more is not None:
            if not trainer.finished():
                raise UserError(
                    f"{folder}: has not finished, so it needs no further budget yet; go on with it"
                    f" by {option('resume', folder)} alone"
                )
            trainer.train_on(more)
        run = cls(folder, corpus, saved.vocabulary, trainer, place)
        run.claim, run.begun_on = mine, training.device
        log.cut(folder / "log.jsonl", run.trainer.progress.step)
        if more is not None:
            run.save()  # at once: a kill must not lose the budget
        return run
