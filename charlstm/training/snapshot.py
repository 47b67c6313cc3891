"""Saves the state of a training as arrays and numbers, and restores it.

A snapshot holds everything in a training that changes from step to step. Its arrays have these
names, in memory and in `resume.safetensors`:

| name | array |
| --- | --- |
| `model.WEIGHT` | a weight of the model |
| `average.WEIGHT` | the same weight averaged over the steps; missing if nothing is averaged |
| `best.WEIGHT` | the same weight when validation was best |
| `optimizer.INDEX.MOMENT` | what AdamW stores for a parameter: `step`, `exp_avg` ... |
| `hidden.LAYER.PART` | a state that the cell carries into the next window, (B, H) |

The file holds two snapshots: the present state, and the last good one. The training goes back to
the good one when a loss or a gradient is not finite. Its arrays have names that begin with `good.`.
"""

import dataclasses
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from charlstm.errors import UserError, option
from charlstm.model.array_file import Arrays, computable
from charlstm.model.network import CharModel
from charlstm.model.stack import ModelState
from charlstm.text.streams import Streams
from charlstm.training.budget import Budget
from charlstm.training.progress import ROLLBACKS, Progress

LARGEST_STEP = 2**24  # up to here float32, in which AdamW counts, holds all whole numbers
Numbers = dict[str, Any]  # plain numbers by name, as JSON can hold them


class DivergedError(UserError):
    """A training's numbers do not stay finite, even with smaller learning rates."""


class Changing(Protocol):
    """The attributes of a trainer that change.

    `average` is the same object as `model` if nothing is averaged.
    """

    model: CharModel
    average: CharModel
    best: Arrays
    optimizer: torch.optim.AdamW
    hidden: ModelState | None
    streams: Streams
    budget: Budget
    progress: Progress
    good: "Snapshot"


class Snapshot(NamedTuple):
    """Copies of everything that changes: arrays, by the names above, and the `Progress`."""

    arrays: Arrays
    numbers: Numbers

    @classmethod
    def of(cls, trainer: Changing) -> "Snapshot":
        """Copy the state of a trainer."""
        arrays = _prefixed("model.", trainer.model.to_arrays())
        if trainer.average is not trainer.model:
            arrays |= _prefixed("average.", trainer.average.to_arrays())
        arrays |= {f"best.{name}": array.copy() for name, array in trainer.best.items()}
        for index, moments in trainer.optimizer.state_dict()["state"].items():
            for name, tensor in moments.items():
                arrays[f"optimizer.{index}.{name}"] = tensor.cpu().numpy().copy()
        for index, layer in enumerate(trainer.hidden or ()):
            for part, tensor in enumerate(layer):
                arrays[f"hidden.{index}.{part}"] = tensor.cpu().numpy().copy()
        return cls(arrays, dataclasses.asdict(trainer.progress))

    def restore(self, trainer: Changing) -> None:
        """Put a trainer into this state.

        Raises:
            KeyError, TypeError, ValueError, RuntimeError, AttributeError: the snapshot belongs to
                another model or optimiser.
        """
        trainer.model.load_arrays(_under("model.", self.arrays))
        if trainer.average is not trainer.model:
            trainer.average.load_arrays(_under("average.", self.arrays))
        best = _under("best.", self.arrays)
        shapes = {name: array.shape for name, array in trainer.best.items()}
        if shapes != {name: array.shape for name, array in best.items()}:
            raise ValueError("its best weights have other shapes")
        trainer.best = best
        trainer.optimizer.load_state_dict(
            {
                "state": self._moments(),
                "param_groups": trainer.optimizer.state_dict()["param_groups"],
            }
        )
        trainer.hidden = self._hidden(trainer.model)
        trainer.progress = Progress(**self.numbers)

    def check(self, trainer: Changing) -> None:
        """Refuse what a strange file may hold, before it is restored.

        These are moments and states of another shape or type than the training has: PyTorch's fused
        optimiser and its kernels do not look, and would read beyond an array. Others are values
        that no training has, and a step that the budget does not reach.

        Raises:
            KeyError, TypeError, ValueError: it holds one of them, or lacks something.
        """
        step = self.numbers["step"]
        taken = step - self.numbers["begun_step"]
        if taken and trainer.budget.fraction(taken - 1, 0.0, trainer.streams.windows) == 1:
            raise ValueError(f"step {step:,} is beyond {trainer.budget}")
        groups = trainer.optimizer.param_groups
        wanted: dict[str, Tensor] = {}
        for index, weight in enumerate(weight for group in groups for weight in group["params"]):
            wanted[f"optimizer.{index}.step"] = torch.zeros(())
            wanted |= {f"optimizer.{index}.{name}": weight for name in ("exp_avg", "exp_avg_sq")}
        for index, layer in enumerate(trainer.model.zero_state(trainer.streams.batch_size)):
            wanted |= {f"hidden.{index}.{part}": state for part, state in enumerate(layer)}
        for kind in ("optimizer.", "hidden."):  # before the first step there are none
            found = {name: self.arrays[name] for name in self.arrays if name.startswith(kind)}
            names = {name for name in wanted if name.startswith(kind)}
            begun = found or step
            if odd := sorted(names ^ set(found)) if begun else []:
                raise ValueError(f"it {'lacks' if odd[0] in names else 'should not hold'} {odd[0]}")
            for name, array in found.items():
                tensor, like = torch.from_numpy(array), wanted[name]
                if (tensor.shape, tensor.dtype) != (like.shape, like.dtype):
                    raise ValueError(
                        f"{name} has shape {tuple(tensor.shape)} and type {tensor.dtype}, not"
                        f" {tuple(like.shape)} and {like.dtype}"
                    )
                if (
                    not tensor.isfinite().all()
                    or (name.endswith("_sq") and (tensor < 0).any())
                    or (name.endswith(".step") and tensor != min(step, LARGEST_STEP))
                ):
                    raise ValueError(f"{name} holds values that no training has")

    def _moments(self) -> dict[int, dict[str, Tensor]]:
        moments: dict[int, dict[str, Tensor]] = {}
        for name, array in _under("optimizer.", self.arrays).items():
            index, moment = name.split(".")
            moments.setdefault(int(index), {})[moment] = torch.from_numpy(array.copy())
        return moments

    def _hidden(self, model: CharModel) -> ModelState | None:
        arrays = _under("hidden.", self.arrays)
        if not arrays:
            return None
        return [
            tuple(
                torch.from_numpy(arrays[f"{index}.{part}"].copy()).to(model.device)
                for part in range(len(layer))
            )
            for index, layer in enumerate(model.zero_state(1))
        ]


def pack(trainer: Changing) -> tuple[Arrays, Numbers]:
    """Return the present state and the last good one, in one set of arrays and of numbers."""
    now = Snapshot.of(trainer)
    good = trainer.good
    return now.arrays | _prefixed("good.", good.arrays), {"now": now.numbers, "good": good.numbers}


def unpack(trainer: Changing, arrays: Arrays, numbers: Numbers) -> None:
    """Put a trainer into the state that `pack` returned.

    Raises:
        UserError: the arrays do not belong to its model and optimiser.
    """
    try:
        trainer.good = Snapshot(_under("good.", arrays), numbers["good"])
        for snapshot in (trainer.good, Snapshot(arrays, numbers["now"])):
            snapshot.check(trainer)
            snapshot.restore(trainer)  # the good one, too: it fails now, not later
    except (KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
        raise UserError(f"the saved training does not fit its own options: {error}") from None


def step_back(trainer: Changing, seen: str) -> str:
    """Go back to the last good state with half the learning rate; return a line that says so.

    Args:
        trainer: changes in place. The seconds that it has used are not given back.
        seen: what failed, and in which step.

    Raises:
        DivergedError: three steps back did not help.
    """
    before = trainer.progress
    trainer.good.restore(trainer)  # also before giving up: later steps may have spoiled the weights
    progress = trainer.progress
    if before.rollbacks == ROLLBACKS:
        raise DivergedError(
            f"{seen}, after {ROLLBACKS} times half the learning rate; {left(progress.best)}"
        )
    progress.seconds = before.seconds
    progress.rate_scale = before.rate_scale / 2
    progress.rollbacks = before.rollbacks + 1
    rate = f"{progress.rate_scale:g} times the learning rate"
    return f"{seen}; back to step {progress.step} with {rate}"


def usable(*models: CharModel) -> bool:
    """Return whether all weights can be computed with; else no later step heals them."""
    return all(map(computable, (w for model in models for w in model.to_arrays().values())))


def left(best: float | None) -> str:
    """Say what a training that diverged has left, and what to do.

    Args:
        best: nats per character of the best validation; None if there was none.
    """
    kept = (
        "no model could be kept, so the weights are those of the start"
        if best is None
        else "the best model so far is kept"
    )
    gentler = f"a smaller {option('learning_rate')} or {option('clip')}"
    return f"{kept}; train again with {gentler}"


def _under(prefix: str, arrays: Arrays) -> Arrays:
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}


def _prefixed(prefix: str, arrays: Arrays) -> Arrays:
    return {prefix + name: array for name, array in arrays.items()}
