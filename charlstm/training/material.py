"""What a training reads: both parts of a text, as ids; and the trainer that reads them."""

import math

from charlstm.errors import UserError, counted, option
from charlstm.model.kernels import bf16_trouble
from charlstm.model.network import CharModel
from charlstm.options import DataOptions, TrainOptions
from charlstm.text.corpus import IN_MEMORY, Corpus
from charlstm.text.encoded import EncodedText
from charlstm.text.prepared import encoded_with
from charlstm.text.split import parts
from charlstm.text.streams import SHORTEST
from charlstm.text.vocabulary import Ids, Vocabulary
from charlstm.training.place import Place
from charlstm.training.trainer import Trainer


def trainer_for(
    corpus: Corpus, vocabulary: Vocabulary, model: CharModel, options: TrainOptions, place: Place
) -> Trainer:
    """Return the trainer of a model on a text. It computes in bfloat16 where `auto` says so.

    Args:
        corpus: the text.
        vocabulary: of the model.
        model: it moves to the place, and is trained there.
        options: budget, windows, optimiser.
        place: where it trains.

    Raises:
        UserError: as for `training_ids` or `Trainer`.
    """
    train_ids, validation_ids = training_ids(corpus, vocabulary, place.ranks.size)
    return Trainer(
        model.to(place.device),
        train_ids,
        validation_ids,
        options,
        bf16=options.precision != "fp32" and not bf16_trouble(model.options.cell, place.device),
        threads=place.threads,
        ranks=place.ranks,
    )


def training_ids(corpus: Corpus, vocabulary: Vocabulary, processes: int = 1) -> tuple[Ids, Ids]:
    """Return the ids of the training part, (N,), and of the validation part, (M,).

    Characters that are not in the vocabulary are left out. Those of a text on disk stay there.

    Args:
        corpus: the text.
        vocabulary: of the model.
        processes: how many train together; the first sends the ids to the others.

    Raises:
        UserError: a part has fewer than two characters, or several processes would need a text that
            stays on disk.
    """
    if processes > 1 and isinstance(corpus.text, EncodedText):
        raise UserError(
            f"{' '.join(corpus.sources)}: its {len(corpus.text):,} characters stay on disk, but"
            " several processes need a text in memory, which the first sends to the others; start"
            f" one process, or train anew with {option('limit', IN_MEMORY)}"
        )
    return _ids(corpus, vocabulary, "train"), _ids(corpus, vocabulary, "validation")


def _ids(corpus: Corpus, vocabulary: Vocabulary, part: str) -> Ids:
    name = " ".join(corpus.sources)
    text = corpus.text[corpus.parts()[part]]
    if len(text) < SHORTEST:
        raise UserError(
            f"{name}: {counted(len(corpus.text), 'character')}, {len(text)} of them for {part};"
            f" each part needs {SHORTEST}, so give at least {_smallest(corpus.options)}"
            f" characters, or another {option('split')}"
        )
    if isinstance(text, EncodedText):
        ids = encoded_with(vocabulary, text, name)
    else:
        ids = vocabulary.encode(text, unknown="skip")
    if len(ids) < SHORTEST:
        raise UserError(
            f"{name}: of the {len(text)} characters for {part} only {len(ids)} are in the"
            f" vocabulary; give a smaller {option('min_count')}, or {option('unknown', 'add')}"
        )
    return ids


def _smallest(options: DataOptions) -> int:
    """Return the length of the shortest text whose two parts have two characters each."""
    train, validation = options.split
    length = max(math.ceil(SHORTEST / train) - 1, int((SHORTEST - 1) / validation))
    while any(
        part.stop - part.start < SHORTEST
        for name, part in parts(length, options.split).items()
        if name in ("train", "validation")
    ):
        length += 1
    return length
