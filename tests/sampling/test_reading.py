"""The surprise of a text."""

import pytest
import torch
from small import TEXT

from charlstm.errors import UserError
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.network import CharModel
from charlstm.sampling import reading
from charlstm.sampling.reading import surprise
from charlstm.sampling.sampler import Sampler
from charlstm.text.vocabulary import Vocabulary


def torch_nats(checkpoint, text):
    """Return the surprise of all characters but the first, by the network that was trained."""
    ids = torch.as_tensor(checkpoint.vocabulary.encode(text))[None]
    with torch.no_grad():
        logits = CharModel.from_checkpoint(checkpoint)(ids[:, :-1])[0]
    return torch.nn.functional.cross_entropy(
        logits[0].double(), ids[0, 1:].long(), reduction="none"
    ).numpy()


@pytest.mark.parametrize("chunk", [3, 1024])
def test_surprise_is_that_of_the_network(checkpoint, monkeypatch, chunk):
    monkeypatch.setattr(reading, "CHUNK", chunk)
    sampler = Sampler(checkpoint)
    expected = torch_nats(checkpoint, TEXT)
    assert surprise(sampler, TEXT[:7], TEXT[7:]) == pytest.approx(expected[6:], rel=1e-4)
    assert surprise(sampler, TEXT, "").shape == (0,)


def test_an_empty_prime_is_a_line_end(checkpoint):
    sampler = Sampler(checkpoint)
    expected = torch_nats(checkpoint, "\nfox")
    assert surprise(sampler, "", "fox") == pytest.approx(expected, rel=1e-4)
    no_line_end = Checkpoint(
        checkpoint.options,
        Vocabulary(checkpoint.vocabulary.characters.replace("\n", "é")),
        checkpoint.weights,
    )
    sampler = Sampler(no_line_end)
    first = no_line_end.vocabulary.characters[0]
    assert surprise(sampler, "", "fox") == pytest.approx(surprise(sampler, first, "fox"))


def test_an_unknown_character_is_refused(checkpoint):
    with pytest.raises(UserError, match=r"^prime: character '€'"):
        surprise(Sampler(checkpoint), "€", "a")
