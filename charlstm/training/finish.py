"""The end of a training: the best model is calibrated and measured, and its file tells."""

import dataclasses
from collections.abc import Callable

from charlstm.errors import UserError
from charlstm.machine.waiting import unheard
from charlstm.measuring import sampled
from charlstm.measuring.calibration import calibrated, to_read
from charlstm.measuring.evaluation import Evaluation, measure
from charlstm.model.checkpoint import Checkpoint
from charlstm.training.run import Run


def is_finished(run: Run) -> bool:
    """Whether a training has used up its budget or patience, and its model is measured."""
    model = run.folder / "model.safetensors"
    if not run.trainer.finished() or not model.exists():
        return False
    measured = Checkpoint.load(model).measured
    return measured is not None and measured.carried is not None


def characters_to_measure(run: Run) -> int:
    """Return of how many characters `finish` tells."""
    length = len(run.trainer.validation_ids)
    return to_read(length, len(run.vocabulary)) + sampled.to_score(length)


def finish(run: Run, seen: Callable[[int], object] = unheard) -> Evaluation:
    """Calibrate the saved model, measure it on validation, store the scores and return all.

    Args:
        run: a training that has ended.
        seen: is called with the number of characters each time some were read.

    Raises:
        UserError: the folder holds another model.
    """
    path = run.folder / "model.safetensors"
    trainer = run.trainer
    threads = None if trainer.threads.measured else trainer.threads.number
    found = Checkpoint.load(path)
    if found.vocabulary != run.vocabulary:
        raise UserError(f"{path}: not the model of this run; train it again")
    device = run.place.device
    calibrated(found, trainer.validation_ids, device, threads, seen).save(path)
    checkpoint = Checkpoint.load(path)  # not the weights in memory: the file has float16
    evaluation = measure(
        checkpoint, run.corpus, "validation", None, device=device, threads=threads, seen=seen
    )
    if measured := evaluation.measured():
        dataclasses.replace(checkpoint, measured=measured).save(path)
    return evaluation
