"""A new model that begins with the weights and the vocabulary of another one."""

from collections.abc import Mapping
from typing import Any, Literal

from charlstm.errors import UserError, option
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.network import CharModel
from charlstm.options import SIZES, ModelOptions
from charlstm.text.corpus import Corpus
from charlstm.text.vocabulary import Vocabulary


def own_sizes(checkpoint: Checkpoint, asked: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return a model's own sizes, which cannot change, by the names of their options.

    Args:
        checkpoint: the model.
        asked: the options that a user gave, by name; among them may be sizes, and `bytes`.
        where: the model's name, for messages.

    Raises:
        UserError: another size was asked for, or bytes where the model has characters.
    """
    sizes = {name: getattr(checkpoint.options, name) for name in SIZES}
    for name, own in sorted((sizes | {"bytes": checkpoint.vocabulary.bytewise}).items()):
        if name in asked and asked[name] != own:
            raise UserError(f"{option(name)} is {asked[name]}, but {where} has {own}; leave it out")
    return sizes


def inherit(
    checkpoint: Checkpoint,
    corpus: Corpus,
    model_options: ModelOptions,
    unknown: Literal["add", "skip", "error"] = "add",
    seed: int = 0,
) -> tuple[Vocabulary, CharModel]:
    """Make a model for a text out of a model for another text.

    New characters get new rows in the weight matrices. The old characters keep their rows.

    Args:
        checkpoint: the other model.
        corpus: the text to train on.
        model_options: sizes, which are those of the other model, and dropout rates.
        unknown: what to do with characters that the other model does not know: add them to its
            vocabulary, leave them out ("skip"), or refuse the text ("error").
        seed: of the new rows.

    Returns:
        the vocabulary, and the model.

    Raises:
        UserError: the sizes are not those of the other model; or `unknown` is "error" and the text
            has unknown characters.
    """
    for name in SIZES:
        asked = getattr(model_options, name)
        own = getattr(checkpoint.options, name)
        if asked != own:
            raise UserError(
                f"{option(name)} is {asked!r}, but the model has {own!r}, which cannot change"
            )
    vocabulary = checkpoint.vocabulary
    if unknown == "add":
        present = Vocabulary.of(corpus.text, min_count=corpus.options.min_count)
        added = vocabulary.unknown(present.characters)
        vocabulary = Vocabulary(vocabulary.characters + added, vocabulary.bytewise)
    elif unknown == "error":
        vocabulary.check(corpus.text, " ".join(corpus.sources))
    model = CharModel(model_options, len(vocabulary), seed)
    weights = model.to_arrays()
    for name, old in checkpoint.weights.items():
        weights[name][tuple(slice(size) for size in old.shape)] = old
    return vocabulary, model.load_arrays(weights)
