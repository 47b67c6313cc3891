"""What all ranks but the first do: they take the training from rank 0, and take its steps with it.

They need neither the text's file nor the run's folder. So only rank 0's machine must have them.
"""

from contextlib import closing
from dataclasses import dataclass

from charlstm.errors import UserError
from charlstm.machine.cpus import prepare_cpu
from charlstm.machine.devices import find_device
from charlstm.model.array_file import Arrays
from charlstm.model.named_cells import import_cell
from charlstm.model.network import CharModel
from charlstm.options import ModelOptions, TrainOptions
from charlstm.text.vocabulary import Ids
from charlstm.training.distributed import LostRankError, Ranks
from charlstm.training.snapshot import Numbers
from charlstm.training.trainer import Trainer


@dataclass(frozen=True)
class Plan:
    """A training as plain values, which rank 0 sends to the others.

    Attributes:
        cell: name of the model's cell, with its module if it is a reader's own: MODULE:NAME.
        options, vocabulary_size: of the model.
        train_ids, validation_ids, training, validate_every, bf16: as for `Trainer`.
        device: type of the device, the same on all ranks.
        threads: number of threads of each rank.
        state: what `Trainer.state` returned.
    """

    cell: str
    options: ModelOptions
    vocabulary_size: int
    train_ids: Ids
    validation_ids: Ids
    training: TrainOptions
    validate_every: int
    bf16: bool
    device: str
    threads: int
    state: tuple[Arrays, Numbers]

    @classmethod
    def of(cls, trainer: Trainer, cell: str) -> "Plan":
        """Return all that another rank must know to train, too."""
        return cls(
            cell,
            trainer.model.options,
            trainer.model.vocabulary_size,
            trainer.train_ids,
            trainer.validation_ids,
            trainer.options,
            trainer.validate_every,
            trainer.bf16,
            trainer.model.device.type,
            trainer.threads.number,
            trainer.state(),
        )

    def trainer(self, ranks: Ranks) -> Trainer:
        """Make the trainer of another rank.

        Raises:
            UserError: this machine lacks the device or the module of the cell.
        """
        prepare_cpu(self.threads)
        if ":" in self.cell:
            import_cell(self.cell)
        model = CharModel(self.options, self.vocabulary_size).to(find_device(self.device))
        trainer = Trainer(
            model,
            self.train_ids,
            self.validation_ids,
            self.training,
            self.validate_every,
            self.bf16,
            self.threads,
            ranks,
        )
        trainer.load_state(*self.state)
        return trainer


def follow(ranks: Ranks) -> int:
    """Train as rank 0 does, without a word, and return the exit code.

    Raises:
        UserError: this machine lacks something that rank 0's machine has.
    """
    with ranks.catching():  # rank 0 decides when all end, also before the first step
        try:
            plan = ranks.first(_nothing)
        except LostRankError:  # rank 0 has told why it ended
            return 2
        if plan is None:  # the training has finished
            return 0
        trainer = plan.trainer(ranks)
        try:
            with closing(trainer.fit()) as reports:
                for _ in reports:
                    if ranks.stopped_by:
                        return 128 + ranks.stopped_by
        except UserError:  # all ranks raise it; rank 0 tells
            return 2
    return 0


def _nothing() -> Plan | None:
    raise AssertionError("rank 0 makes the plan")
