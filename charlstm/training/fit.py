"""Training in a library call: `fit` trains a model in place and yields a report for each step."""

from collections.abc import Iterator

from charlstm.model.network import CharModel
from charlstm.options import TrainOptions
from charlstm.text.vocabulary import Ids
from charlstm.training.progress import Report
from charlstm.training.trainer import Trainer


def fit(
    model: CharModel, train_ids: Ids, validation_ids: Ids, options: TrainOptions
) -> Iterator[Report]:
    """Train a model, and yield a report for each step; stop early with `break`.

    At the end, and after `break`, the model holds the weights that were best on validation. Before
    the first validation these are the average so far, or if that is not finite, the weights of the
    start. As long as the generator is neither at its end nor closed, the model holds the weights of
    the last step: `break` closes one without a name, `contextlib.closing` one that has a name.

    Args:
        model: the model; it is trained in place.
        train_ids: the training text, uint8, uint16 or int32, (N,).
        validation_ids: the validation text, of the same types, (M,).
        options: budget, windows, optimiser.

    Raises:
        UserError: before the first step, as for `Trainer`; later, as for `Trainer.fit`. Then
            the model holds the best weights, too, or those of the start.

    Example:
        >>> from charlstm import CharModel, ModelOptions, TrainOptions, Vocabulary, fit
        >>> text = "to be or not to be. " * 20
        >>> vocabulary = Vocabulary.of(text)
        >>> ids = vocabulary.encode(text)
        >>> model = CharModel(ModelOptions(hidden_size=16, dropout=0), len(vocabulary))
        >>> reports = list(fit(model, ids[:360], ids[360:], TrainOptions(steps=50)))
        >>> reports[-1].loss < reports[0].loss
        True
    """
    trainer = Trainer(model, train_ids, validation_ids, options)
    try:
        yield from trainer.fit()
    finally:
        model.load_arrays(trainer.kept())
