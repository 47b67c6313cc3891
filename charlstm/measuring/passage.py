"""The part of a text that is measured, as a model reads it."""

from dataclasses import dataclass, field

from charlstm.errors import UserError, counted, option
from charlstm.model.checkpoint import Checkpoint
from charlstm.options import Part, Unknown
from charlstm.text.corpus import Corpus
from charlstm.text.encoded import EncodedText, Text
from charlstm.text.prepared import encoded_with
from charlstm.text.vocabulary import Ids, Vocabulary

MOST_BEFORE = 2**20  # characters


@dataclass(frozen=True, eq=False)
class Passage:
    """A part of a text, as a model reads it.

    Attributes:
        part: the name of the part.
        own: whether the model was trained on this text, read in the same way.
        corpus: the whole text.
        vocabulary: the model's characters.
        ids: the part, (N,), without the characters that the model does not know.
        history: the text before the part, (M,), in the same form; of a text on disk the last
            million characters before it.
    """

    part: Part
    own: bool
    corpus: Corpus = field(repr=False)
    vocabulary: Vocabulary = field(repr=False)
    ids: Ids = field(repr=False)
    history: Ids = field(repr=False)

    @classmethod
    def of(
        cls,
        checkpoint: Checkpoint,
        corpus: Corpus,
        part: Part | None = None,
        unknown: Unknown | None = None,
    ) -> "Passage":
        """Choose a part of a text, and read it with a model's vocabulary.

        Args:
            checkpoint: the model.
            corpus: the text.
            part: the name of the part. None takes the validation part of the text that the model
                was trained on, and all of any other text.
            unknown: what to do with characters that the model does not know. None leaves them out
                if the model was trained on the text, as training did, and refuses them otherwise.

        Raises:
            UserError: the part has fewer than two characters, or an unknown one.
        """
        own = _is_own(checkpoint, corpus)
        part = part or ("validation" if own else "all")
        where = corpus.parts()[part]
        name = " ".join(corpus.sources)
        length = where.stop - where.start
        if length < 2:
            raise UserError(
                f"{name}: the part {part} has {counted(length, 'character')}; at least 2 are"
                f" needed; name another {option('part')} or {option('split')}"
            )
        vocabulary = checkpoint.vocabulary
        unknown = unknown or ("skip" if own else "error")
        ids = _ids(vocabulary, corpus.text[where], unknown, f"{name}, part {part}")
        if len(ids) < 2:
            raise UserError(
                f"{name}: of the {length} characters of the part {part} the model knows {len(ids)};"
                " at least 2 are needed; name a text like the one it was trained on"
            )
        before = corpus.text[: where.start]
        if isinstance(before, EncodedText):
            before = str(before[-MOST_BEFORE:])
        history = vocabulary.encode(before, unknown="skip")
        return cls(part, own, corpus, vocabulary, ids, history)

    @property
    def name(self) -> str:
        """The text's name: the names of its sources, as the user gave them, in that order."""
        return " ".join(self.corpus.sources)

    @property
    def where(self) -> slice:
        """The part's positions in the text."""
        return self.corpus.parts()[self.part]

    @property
    def text(self) -> Text:
        """The part's characters, also those that the model does not know."""
        return self.corpus.text[self.where]

    @property
    def left_out(self) -> int:
        """How many characters of the part the model does not know."""
        return self.where.stop - self.where.start - len(self.ids)


def _ids(vocabulary: Vocabulary, text: Text, unknown: Unknown, name: str) -> Ids:
    if isinstance(text, str):
        return vocabulary.encode(text, unknown=unknown, where=name)
    if unknown == "error":
        vocabulary.check(text, name)
    return encoded_with(vocabulary, text, name)


def _is_own(checkpoint: Checkpoint, corpus: Corpus) -> bool:
    """Whether a model was trained on these bytes, turned into characters in the same way."""
    trained_on = checkpoint.provenance
    if trained_on is None or corpus.sha256 != trained_on.sha256:
        return False
    names = ("encoding", "newlines", "bytes", "limit")
    return all(getattr(corpus.options, n) == getattr(trained_on.options, n) for n in names)
