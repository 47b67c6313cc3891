"""What a person should look at is named, and honest code is not."""

import pytest
from answers import CASES
from attacked import ATTACKS, declared

from charlstm.judging.tampering import signs

FOUND = {
    "import contextlib\ncontextlib.redirect_stderr = X": "replaces contextlib.redirect_stderr",
    "from charlstm.notebook import exercises\nexercises._same = X": (
        "replaces charlstm.notebook.exercises._same"
    ),
    "import numpy as np\ndel np.allclose": "replaces numpy.allclose",
    "import torch\nsetattr(torch, 'allclose', X)": "replaces torch.allclose",
    "import builtins as b\nb.isinstance = X": "replaces builtins.isinstance",
    "ip.run_cell = X": "replaces run_cell",
    "ip.ast_transformers.append(X)": "uses ast_transformers",
    "from sys import settrace\nsettrace(X)": "uses settrace",
    "def __array__(self): pass": "uses __array__",
    "open('/proc/self/mem')": "names /proc/",
}  # fmt: skip


@pytest.mark.parametrize(("source", "fact"), FOUND.items())
def test_what_reaches_for_the_tests_is_named(source, fact):
    assert fact in signs(source.split("\n"))


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda path: path.stem)
def test_the_attacks_are_named_as_they_say(attack):
    told = declared(attack)[1]
    facts = ", ".join(signs([attack.read_text(encoding="utf-8")]))
    if told.startswith(("replaces", "uses", "names")):
        assert told in facts
    elif not told:
        assert not facts


def test_no_answer_of_the_gallery_is_named_nor_other_honest_code():
    for case in CASES:
        assert signs([case.values[3]]) == []
    honest = [
        "import torch\ntorch.backends.cudnn.deterministic = True\nself.torch = 1",
        "%matplotlib inline\nimport numpy as np\nnp.random.seed(1)\nw[:] = 2",
        "x = (",
    ]
    assert signs(honest) == []
