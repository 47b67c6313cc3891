"""A network without memory: it sees the last k characters, and nothing before them.

The k characters are embedded and laid side by side. A tanh layer reads all of them at once:

    x_t = (C(w_t), C(w_{t-1}), ..., C(w_{t-k+1}))
    y_t = b + U tanh(d + H x_t)

y_t are the logits of the next character (Bengio, Ducharme, Vincent & Jauvin 2003, section 2,
equation 1, without its optional direct connections W x). That paper predicts words. An n-gram model
sees as much, if n is k + 1.
"""

import dataclasses
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from charlstm.errors import UserError
from charlstm.model.initial import seeded
from charlstm.model.section import Section
from charlstm.model.stack import embed
from charlstm.text.vocabulary import Vocabulary
from charlstm.text.writer import LARGEST_SEED, check_sizes
from charlstm.variants.saving import load_network, save_network

LONGEST = 1024  # characters that the network may see
WIDEST = 65536


class FixedWindow(nn.Module):
    """Predicts the next character from the last k.

    It is trained by `variants.fitting.fit_next` and scored by `measuring.scores`. Its state is the
    characters before that it still sees, at most k - 1. What would stand before the text is zeros.

    Args:
        vocabulary: V characters.
        reads: k, the characters that it sees, the newest among them.
        embedding_size: E, the numbers for each character.
        hidden_size: units of the tanh layer.
        seed: seed of the initial weights.

    Raises:
        UserError: a size or the seed is out of its range.

    Example:
        >>> model = FixedWindow(Vocabulary("abc"), reads=3, embedding_size=4, hidden_size=8)
        >>> logits, state = model(torch.tensor([[0, 1, 2, 2, 1]]))
        >>> logits.shape, state
        (torch.Size([1, 5, 3]), tensor([[2, 1]]))
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        reads: int = 8,
        embedding_size: int = 16,
        hidden_size: int = 128,
        seed: int = 0,
    ) -> None:
        super().__init__()
        check_sizes(reads=(reads, 1, LONGEST), embedding_size=(embedding_size, 1, WIDEST))
        check_sizes(hidden_size=(hidden_size, 1, WIDEST), seed=(seed, 0, LARGEST_SEED))
        self.vocabulary = vocabulary
        self.vocabulary_size = len(vocabulary)
        self.reads = reads
        with seeded(seed):
            self.embedding = nn.Embedding(len(vocabulary), embedding_size)
            self.hidden = nn.Linear(reads * embedding_size, hidden_size)
            self.head = nn.Linear(hidden_size, len(vocabulary))
            nn.init.zeros_(self.head.bias)

    def forward(self, inputs: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Predict the character after each of `inputs`.

        Args:
            inputs: ids, integers, (B, T), on the model's device.
            state: what this method returned: ids of the characters before, (B, n), n at most k - 1.
                None is the start of a text.

        Returns:
            logits (B, T, V), and the last k - 1 characters, or all if there are fewer.

        Raises:
            UserError: inputs or state have another shape, or are not ids from 0 to V - 1.
        """
        text = read_on(inputs, state, self.reads - 1)
        x = embed(self.embedding, text, self.vocabulary_size, self.head.weight.dtype)
        missing = self.reads - 1 + inputs.shape[1] - text.shape[1]
        x = F.pad(x, (0, 0, missing, 0))  # (B, k - 1 + T, E)
        side_by_side = x.unfold(1, self.reads, 1).flatten(2)  # (B, T, E k)
        logits = self.head(torch.tanh(self.hidden(side_by_side)))
        return logits, text[:, max(0, text.shape[1] - self.reads + 1) :]

    @property
    def device(self) -> torch.device:
        """Where the weights are; `model.to("cuda")` moves them, as for any module."""
        return self.head.weight.device

    def save(self, path: Path | str) -> None:
        """Write the network to a file of the kind "fixed window".

        Raises:
            UserError: as for `save_network`.
        """
        save_network(
            path,
            "fixed window",
            self,
            vocabulary=dataclasses.asdict(self.vocabulary),
            reads=self.reads,
            embedding_size=self.embedding.embedding_dim,
            hidden_size=self.hidden.out_features,
        )

    @classmethod
    def load(cls, path: Path | str) -> "FixedWindow":
        """Read what `save` wrote.

        Raises:
            UserError: as for `load_network`.
        """

        def build(saved: Section) -> "FixedWindow":
            return cls(
                saved.vocabulary("vocabulary"),
                saved.count("reads", 1, LONGEST),
                saved.count("embedding_size", 1, WIDEST),
                saved.count("hidden_size", 1, WIDEST),
            )

        return load_network(path, "fixed window", build)


def read_on(inputs: Tensor, state: Tensor | None, most: int) -> Tensor:
    """Return the characters of the state and then the inputs, (B, n + T), after a look at both.

    Args:
        inputs: ids, (B, T).
        state: ids of the characters before, (B, n); None for none.
        most: the largest n.

    Raises:
        UserError: inputs or state have another shape.
    """
    if inputs.ndim != 2 or not inputs.shape[1]:
        raise UserError(
            f"inputs have the shape {tuple(inputs.shape)}; it must be (B, T), T at least 1"
        )
    if state is None:
        return inputs
    if state.ndim != 2 or len(state) != len(inputs) or state.shape[1] > most:
        raise UserError(
            f"the state has the shape {tuple(state.shape)}; this model needs ({len(inputs)}, n),"
            f" n at most {most}: the characters before; None starts a text"
        )
    return torch.cat((state, inputs), 1)
