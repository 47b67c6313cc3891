"""A small causal transformer: no state, but a look back at the last L characters.

In each layer every place looks at itself and at all places before it, by attention, and never at a
later one. The layers are `torch.nn.TransformerEncoder` with a causal mask (Vaswani et al. 2017,
section 3; a decoder of theirs without a source). Each block is normalised before it computes, not
after (*pre-norm*: Xiong et al. 2020, figure 1b). The places are told by sines (Vaswani et al.,
section 3.5):

    P_{t, 2i} = sin(t / 10000^(2i / D)),  P_{t, 2i + 1} = cos(t / 10000^(2i / D))

It has no dropout. A longer text is read in blocks of L characters, each of which begins L / 4
characters after the one before, and only what is new in a block is predicted. So each character is
predicted from at least 3 L / 4 before it, if the text has as many. That is what "carried" means for
a network without a state. Its price: each character is read four times.
"""

import dataclasses
from pathlib import Path

import torch
from torch import Tensor, nn

from charlstm.errors import UserError
from charlstm.model.initial import seeded
from charlstm.model.section import Section
from charlstm.model.stack import embed
from charlstm.text.vocabulary import Vocabulary
from charlstm.text.writer import LARGEST_SEED, check_sizes
from charlstm.variants.fixed_window import WIDEST, read_on
from charlstm.variants.saving import load_network, save_network

LONGEST = 65536  # characters that a transformer may look back at
MOST = 256  # layers, and heads


class CausalTransformer(nn.Module):
    """Predicts the next character by attention to the last L.

    It is trained by `variants.fitting.fit_next` and scored by `measuring.scores`. Its state is the
    characters before, at most 3 L / 4.

    Args:
        vocabulary: V characters.
        context: L, the characters that it sees at once, a multiple of 4.
        layers: number of layers.
        size: D, the numbers for each place; the inner layer of a block has 4 D.
        heads: attention heads of each layer; D is a multiple of it, and even.
        seed: seed of the initial weights.

    Raises:
        UserError: a size or the seed is out of its range.

    Example:
        >>> model = CausalTransformer(Vocabulary("abc"), context=8, layers=2, size=16, heads=2)
        >>> logits, state = model(torch.tensor([[0, 1, 2, 0, 1, 2, 0, 1, 2]]))
        >>> logits.shape, state
        (torch.Size([1, 9, 3]), tensor([[0, 1, 2, 0, 1, 2]]))
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        context: int = 256,
        layers: int = 2,
        size: int = 64,
        heads: int = 4,
        seed: int = 0,
    ) -> None:
        super().__init__()
        check_sizes(context=(context, 4, LONGEST), layers=(layers, 1, MOST), size=(size, 2, WIDEST))
        check_sizes(heads=(heads, 1, MOST), seed=(seed, 0, LARGEST_SEED))
        _check_multiples(context, size, heads)
        self.vocabulary = vocabulary
        self.vocabulary_size = len(vocabulary)
        self.context = context
        self.heads = heads
        with seeded(seed):
            self.embedding = nn.Embedding(len(vocabulary), size)
            layer = nn.TransformerEncoderLayer(
                size, heads, 4 * size, 0.0, "gelu", batch_first=True, norm_first=True
            )
            # PyTorch warns that nested tensors and norm_first do not go together
            self.encoder = nn.TransformerEncoder(
                layer, layers, nn.LayerNorm(size), enable_nested_tensor=False
            )
            for weight in self.encoder.parameters():
                if weight.ndim > 1:  # or all layers would begin as copies of one
                    nn.init.xavier_uniform_(weight)
            self.head = nn.Linear(size, len(vocabulary))
            nn.init.zeros_(self.head.bias)

    def forward(self, inputs: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Predict the character after each of `inputs`.

        Args:
            inputs: ids, integers, (B, T), on the model's device.
            state: what this method returned: ids of the characters before, (B, n), n at most
                3 L / 4. None is the start of a text.

        Returns:
            logits (B, T, V), and the last 3 L / 4 characters, or all if there are fewer.

        Raises:
            UserError: inputs or state have another shape, or are not ids from 0 to V - 1.
        """
        before = self.context * 3 // 4
        text = read_on(inputs, state, before)
        end = text.shape[1]
        done = end - inputs.shape[1]
        logits = []
        while done < end:
            begin = max(0, done - before)
            stop = min(begin + self.context, end)
            logits.append(self._block(text[:, begin:stop])[:, done - begin :])
            done = stop
        return torch.cat(logits, 1), text[:, max(0, end - before) :]

    def _block(self, ids: Tensor) -> Tensor:
        """Return the logits (B, T, V) for ids (B, T), T at most L."""
        T = ids.shape[1]
        x = embed(self.embedding, ids, self.vocabulary_size, self.head.weight.dtype)
        mask = nn.Transformer.generate_square_subsequent_mask(T, x.device, x.dtype)
        return self.head(self.encoder(x + sines(T, x), mask, is_causal=True))

    @property
    def device(self) -> torch.device:
        """Where the weights are; `model.to("cuda")` moves them, as for any module."""
        return self.head.weight.device

    def save(self, path: Path | str) -> None:
        """Write the network to a file of the kind "transformer".

        Raises:
            UserError: as for `save_network`.
        """
        save_network(
            path,
            "transformer",
            self,
            vocabulary=dataclasses.asdict(self.vocabulary),
            context=self.context,
            layers=self.encoder.num_layers,
            size=self.embedding.embedding_dim,
            heads=self.heads,
        )

    @classmethod
    def load(cls, path: Path | str) -> "CausalTransformer":
        """Read what `save` wrote.

        Raises:
            UserError: as for `load_network`.
        """

        def build(saved: Section) -> "CausalTransformer":
            context, layers = saved.count("context", 4, LONGEST), saved.count("layers", 1, MOST)
            size, heads = saved.count("size", 2, WIDEST), saved.count("heads", 1, MOST)
            _check_multiples(context, size, heads, f"{saved.file}: ")
            return cls(saved.vocabulary("vocabulary"), context, layers, size, heads)

        return load_network(path, "transformer", build)


def _check_multiples(context: int, size: int, heads: int, where: str = "") -> None:
    for name, value, of in (("context", context, 4), ("size", size, heads), ("size", size, 2)):
        if value % of:
            raise UserError(f"{where}{name} is {value}; it must be a multiple of {of}")


def sines(length: int, like: Tensor) -> Tensor:
    """Return what is added at each place, (T, D), on the device of `like`, (..., D).

    Example:
        >>> sines(2, torch.zeros(1, 2)).numpy().round(2).tolist()  # sine and cosine of 0 and 1
        [[0.0, 1.0], [0.8399999737739563, 0.5400000214576721]]
    """
    D = like.shape[-1]
    rates = 10_000.0 ** (-torch.arange(0, D, 2, device=like.device, dtype=like.dtype) / D)
    angles = torch.arange(length, device=like.device, dtype=like.dtype)[:, None] * rates
    return torch.stack((angles.sin(), angles.cos()), 2).flatten(1)
