"""A sample as a line of JSON, for programs that read samples."""

import json
from typing import Any

from charlstm.text.vocabulary import Vocabulary


def record(
    index: int, seed: int | None, prime: str, text: str, vocabulary: Vocabulary, **more: Any
) -> str:
    r"""Return a sample as one line of JSON.

    Args:
        index: its number, from 1.
        seed: the seed of the command; None if there was none.
        prime: what the model read first, in its vocabulary's characters.
        text: what it wrote after that.
        vocabulary: the model's. Bytes become the characters that they are in UTF-8. A byte that is
            part of none is written as Python does it (PEP 383), from \udc80 to \udcff.
        more: what else is known of the sample.

    Example:
        >>> record(1, 5, "He", "llo", Vocabulary("Helo"), stopped=True)
        '{"index": 1, "seed": 5, "prime": "He", "text": "llo", "stopped": true}'
    """

    def shown(characters: str) -> str:
        if not vocabulary.bytewise:
            return characters
        return vocabulary.to_user(characters).decode("utf-8", "surrogateescape")

    facts = {"index": index, "seed": seed, "prime": shown(prime), "text": shown(text)}
    return json.dumps(facts | more)
