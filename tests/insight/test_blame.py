"""What cannot be asked is refused in one line, and an answer can be summed up."""

import numpy as np
import pytest
from small_texts import small

from charlstm.errors import UserError
from charlstm.insight.attribution import METHODS
from charlstm.insight.blame import Blame


def test_the_share_counts_size():
    blame = Blame("abcd", np.array([2, 3]), np.zeros(2), np.array([[1.0, -3, 0, 0], [0, 0, 0, 0]]))
    assert blame.share(np.array([False, True, True, True])).tolist() == [0.75, 0.0]
    assert blame.share(np.array([[True] * 4, [False] * 4])).tolist() == [1.0, 0.0]


@pytest.mark.parametrize("method", METHODS.values())
@pytest.mark.parametrize(
    ("text", "how", "told"),
    [
        ("", {}, "the text is ''; give at least one letter, and one to explain"),
        ("T", {}, "the text is 'T'; give at least"),
        ("T\u20ac", {}, "\u20ac"),
        ("The", {"targets": [0, 1]}, "target 0: in a text of 3 letters give places from 1 to 2"),
        ("The", {"targets": [3]}, "target 3: in a text of 3"),
        ("The", {"targets": []}, "no targets: in a text of 3"),
        ("The", {"instead": "The"}, "instead has 3 letters; give one, or one for each of the 2"),
        ("The", {"instead": ""}, "instead has 0 letters"),
        ("The", {"instead": "\u20ac"}, "\u20ac"),
    ],
)
def test_what_cannot_be_explained(method, text, how, told):
    with pytest.raises(UserError, match=told):
        method(small()[0], text, **how)
