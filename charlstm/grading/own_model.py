"""A text and a model of a student's own: read safely, and refused if they would prove nothing.

A problem set can ask for two files beside the notebook, the text and the model that was trained on
it. The files come from a stranger. So their sizes are limited before anything is read, and nothing
in them is run: the model is a safetensors file, numbers and JSON.

They must also be what they seem to be. The model's file says on which text it was trained, by a
digest, and how that text was cut. The part `test` is *held out*: training never reads it, not even
to choose a model. Everything is measured there. A model that is shipped with charlstm is refused,
and so is a text whose held-out part is copied from the rest.
"""

from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path

import numpy as np

from charlstm.errors import UserError
from charlstm.measuring.passage import Passage
from charlstm.model.checkpoint import PRETRAINED, Checkpoint
from charlstm.model.facts import Provenance
from charlstm.text.corpus import Corpus, read_corpus
from charlstm.text.novelty import Novelty, novelty
from charlstm.text.registry import SHIPPED
from charlstm.text.vocabulary import Ids

TEXT = "text.txt"
MODEL = "model.safetensors"
MOST_BYTES = {TEXT: 8_000_000, MODEL: 16_000_000}
CHARACTERS = (50_000, 2_000_000)  # of the text: below, a 5-gram is hard to beat; above, it is slow
LEAST_HELD_OUT = 5_000  # characters
MEASURED = 20_000  # characters of the held-out part that are measured, from its start
MOST_WEIGHTS = 3_000_000  # more take too long to measure
MOST_LEFT_OUT = 0.01  # share of the held-out characters that the model may not know
PIECE = 50  # characters; among LENGTHS of `text/novelty.py`
MOST_COPIED = 0.1  # share of these pieces that may also stand elsewhere
SPLIT = "train with --split 0.8 0.1, which holds the last tenth out"


@dataclass(frozen=True)
class OwnModel:
    """A text and a model in a folder. Each property reads and checks them when it is asked for.

    Attributes:
        folder: where `text.txt` and `model.safetensors` are.

    Raises:
        UserError: (by each property) a file is missing, too large, damaged, or not what it should
            be. The message says what to do.
    """

    folder: Path = Path()

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """The model. It says on which text it was trained, and it is not a shipped one."""
        checkpoint = Checkpoint.load(self._file(MODEL))
        weights = sum(array.size for array in checkpoint.weights.values())
        if weights > MOST_WEIGHTS:
            raise UserError(
                f"{MODEL}: has {weights:,} weights; at most {MOST_WEIGHTS:,} are allowed; train a"
                " smaller model"
            )
        if checkpoint.training is None or not checkpoint.training.steps:
            raise UserError(f"{MODEL}: does not say how it was trained; hand in the model of a run")
        for name, shipped in _shipped_models().items():
            if np.array_equal(shipped.weights["head.weight"], checkpoint.weights["head.weight"]):
                raise UserError(f"{MODEL}: this is the shipped model {name}; train your own")
        return checkpoint

    @cached_property
    def corpus(self) -> Corpus:
        """The text, read and cut as for the training. It is the text that the model has read."""
        trained_on = self._provenance
        path = self._file(TEXT)
        corpus = read_corpus(str(path), trained_on.options)
        if corpus.sha256 != trained_on.sha256:
            raise UserError(
                f"{TEXT}: not the text that {MODEL} was trained on (another sha256); hand in the"
                " very file that you named in the training, under this name"
            )
        _check_corpus(corpus)
        return corpus

    @cached_property
    def held_out_ids(self) -> Ids:
        """The start of the held-out part, up to 20,000 characters that the model knows, (N,)."""
        return self._passage.ids[:MEASURED]

    @cached_property
    def history_ids(self) -> Ids:
        """The text before the held-out part, without characters that the model does not know."""
        return self._passage.history

    @cached_property
    def held_out(self) -> str:
        """The characters of `held_out_ids`."""
        return self.checkpoint.vocabulary.decode(self.held_out_ids)

    @cached_property
    def history(self) -> str:
        """The characters of `history_ids`."""
        return self.checkpoint.vocabulary.decode(self.history_ids)

    @cached_property
    def held_out_novelty(self) -> Novelty:
        """How much of the held-out part stands before it, too: so much copies the author."""
        return compared(self.held_out, self.history)

    def check_text(self) -> None:
        """Check the text alone, before a model is trained on it with `--split 0.8 0.1`.

        Raises:
            UserError: the text is missing, too large, too short or too long, it is shipped, or it
                repeats itself.
        """
        corpus = read_corpus(str(self._file(TEXT)))
        _check_corpus(corpus)
        text = str(corpus.text)
        cut = len(text) - len(text) // 10
        _check_pieces(text[cut:][:MEASURED], text[:cut])

    def check(self) -> None:
        """Check all of the above, and that the text is neither shipped nor repeats itself.

        Raises:
            UserError: as for the properties.
        """
        _check_pieces(self.held_out, self.history)

    @property
    def _provenance(self) -> Provenance:
        found = self.checkpoint.provenance
        if found is None:
            raise UserError(f"{MODEL}: does not say on which text it was trained; train it again")
        return found

    @cached_property
    def _passage(self) -> Passage:
        where = self.corpus.parts()["test"]
        length = where.stop - where.start
        if length < LEAST_HELD_OUT:
            raise UserError(
                f"{MODEL}: its training held out {length:,} characters; it must hold out at least"
                f" {LEAST_HELD_OUT:,}; {SPLIT}"
            )
        passage = Passage.of(self.checkpoint, self.corpus, "test", unknown="skip")
        if passage.left_out > MOST_LEFT_OUT * length:
            raise UserError(
                f"{MODEL}: does not know {passage.left_out:,} of the {length:,} held-out characters"
                f"; at most {MOST_LEFT_OUT:.0%} may be unknown; train with a smaller --min-count"
            )
        return passage

    def _file(self, name: str) -> Path:
        """Return the path of a file, if it is there and not too large."""
        path = self.folder / name
        if not path.is_file():
            raise UserError(f"{name}: no such file beside the notebook; put yours there")
        size = path.stat().st_size
        if size > MOST_BYTES[name]:
            raise UserError(
                f"{name}: has {size:,} bytes; at most {MOST_BYTES[name]:,} are allowed; hand in a"
                " smaller one"
            )
        return path


def _check_corpus(corpus: Corpus) -> None:
    """Refuse a text that a shipped model has read, or that is too short or too long."""
    for name, shipped in _shipped_models().items():
        if shipped.provenance and shipped.provenance.sha256 == corpus.sha256:
            raise UserError(
                f"{TEXT}: the shipped model {name} was trained on it; take a text of your own"
            )
    least, most = CHARACTERS
    if not least <= len(corpus.text) <= most:
        raise UserError(
            f"{TEXT}: has {len(corpus.text):,} characters; it must have from {least:,} to {most:,}"
        )


def _check_pieces(held_out: str, rest: str) -> None:
    """Refuse a text whose held-out part is not new."""
    elsewhere = {
        "in the rest of the text, too": compared(held_out, rest).copied[PIECE],
        "earlier in that part, too": _repeated(held_out),
        "in the texts that come with charlstm": compared(
            held_out, str(read_corpus([*SHIPPED]).text)
        ).copied[PIECE],
    }
    for place, share in elsewhere.items():
        if (share or 0.0) > MOST_COPIED:
            raise UserError(
                f"{TEXT}: {share:.0%} of the {PIECE}-character pieces of the held-out part"
                f" stand {place}; at most {MOST_COPIED:.0%} may; take a text of your own that"
                " does not repeat itself"
            )


def _repeated(text: str) -> float:
    """Return the share of the pieces of a text that stand earlier in it, too."""
    pieces = [text[t : t + PIECE] for t in range(len(text) - PIECE + 1)]
    return 1 - len(set(pieces)) / len(pieces)


compared = lru_cache(maxsize=4)(novelty)  # long texts take seconds, and are checked several times


@cache
def _shipped_models() -> dict[str, Checkpoint]:
    return {path.stem: Checkpoint.load(path) for path in sorted(PRETRAINED.glob("*.safetensors"))}
