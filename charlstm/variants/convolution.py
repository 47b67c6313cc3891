"""A causal convolution over the characters, before the recurrent layers.

A filter looks at the last K characters at once, and never at a later one. So the layers read what
K characters say together, and not one character at a time:

    y_t = relu(b + sum_j W_j x_{t-j}),  j = 0, 1, ..., K - 1

The letters are those of the table *Symbols* in the first lesson. K is the number of characters that
a filter sees, and C the number of filters. Convolutions in time: Waibel et al. 1989; causal ones:
van den Oord et al. 2016, section 2.1.
"""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from charlstm.errors import UserError
from charlstm.fields import to_json
from charlstm.model.dropout import Rng, locked_dropout
from charlstm.model.initial import seeded
from charlstm.model.named_cells import find_cell
from charlstm.model.network import CharModel
from charlstm.model.section import Section
from charlstm.model.stack import ModelState, Stack
from charlstm.options import ModelOptions, SampleOptions
from charlstm.sampling.chooser import Chooser
from charlstm.sampling.stop import check_stop, end_before
from charlstm.text.vocabulary import Vocabulary
from charlstm.text.writer import LARGEST_SEED, check_sizes
from charlstm.variants.saving import load_network, save_network

LONGEST = 64  # characters that a filter may see


class ConvolutionalModel(CharModel):
    """A character model whose layers read convolutions of the characters.

    It is trained by `training.trainer.fit` and scored by `measuring.scores`, as any `CharModel` is.
    Its state begins with what the filters still need: the K - 1 characters before, embedded.

    Args:
        options: cell, sizes and dropout rates.
        vocabulary: V characters.
        kernel_size: K, the characters that a filter sees, the newest among them.
        channels: C, the number of filters.
        seed: seed of the initial weights.

    Raises:
        UserError: a size or the seed is out of its range.

    Example:
        >>> options = ModelOptions(hidden_size=16, embedding_size=4)
        >>> model = ConvolutionalModel(options, Vocabulary("abc"), kernel_size=3, channels=8)
        >>> logits, state = model(torch.zeros(2, 5, dtype=torch.long))
        >>> logits.shape, [tuple(s.shape) for layer in state for s in layer]
        (torch.Size([2, 5, 3]), [(2, 8), (2, 16), (2, 16)])
    """

    def __init__(
        self,
        options: ModelOptions,
        vocabulary: Vocabulary,
        kernel_size: int = 4,
        channels: int = 64,
        seed: int = 0,
    ) -> None:
        check_sizes(kernel_size=(kernel_size, 1, LONGEST), channels=(channels, 1, 65536))
        check_sizes(seed=(seed, 0, LARGEST_SEED))
        super().__init__(options, len(vocabulary), seed)
        self.vocabulary = vocabulary
        self.width = options.embedding_size or len(vocabulary)
        with seeded(seed):
            self.convolution = nn.Conv1d(self.width, channels, kernel_size)
            nn.init.kaiming_normal_(self.convolution.weight, nonlinearity="relu")  # He et al. 2015
            self.layers = Stack(options, channels)  # in place of the layers that read characters

    def forward(
        self,
        inputs: Tensor,
        state: ModelState | None = None,
        rng: Rng | None = None,
        bf16: bool = False,
    ) -> tuple[Tensor, ModelState]:
        """Predict the character after each of `inputs`.

        Args:
            inputs: ids, integers, (B, T), on the model's device.
            state: what this method or `zero_state` returned; None is zeros.
            rng: source of the dropout masks; None turns dropout off.
            bf16: whether the recurrent layers compute in bfloat16.

        Returns:
            logits (B, T, V), and the state after the last character.

        Raises:
            UserError: there is no character to read, or the state has another shape.
        """
        if inputs.ndim != 2 or not inputs.shape[1]:
            raise UserError(
                f"inputs have the shape {tuple(inputs.shape)}; it must be (B, T), T at least 1"
            )
        B = len(inputs)
        kept = self.convolution.kernel_size[0] - 1
        if state is None:
            state = self.zero_state(B)
        shapes = [[tuple(s.shape) for s in layer] for layer in state[:1]]
        wanted = [[(B, kept * self.width)]]
        if shapes != wanted:
            raise UserError(
                f"the state begins with the shapes {shapes}; this model needs {wanted}: the K - 1"
                " characters before, (B, (K - 1) E); zero_state(B) makes them"
            )
        (before,), *hidden = state
        x = torch.cat((before.view(B, -1, self.width), self.embed(inputs)), 1)  # (B, K - 1 + T, E)
        y = F.relu(self.convolution(x.transpose(1, 2)))  # (B, C, T)
        y = y.permute(2, 0, 1).contiguous().transpose(0, 1)  # (B, T, C); T first in memory
        features, hidden = self.layers(y, hidden, rng, bf16)  # (B, T, H)
        features = locked_dropout(features, self.options.dropout, rng)
        newest = x[:, x.shape[1] - kept :].reshape(B, -1)
        return self.head(features), [(newest,), *hidden]

    def zero_state(self, batch_size: int) -> ModelState:
        """Return the state at the start of a text: nothing was read, and each layer has zeros.

        Its first entry holds the characters before, (B, (K - 1) E), so that a training resets it
        as it resets a layer.
        """
        kept = self.convolution.kernel_size[0] - 1
        before = self.head.weight.new_zeros(batch_size, kept * self.width)
        return [(before,), *self.layers.zero_state(batch_size)]

    def save(self, path: Path | str) -> None:
        """Write the model to a file of the kind "convolution".

        Raises:
            UserError: as for `save_network`.
        """
        save_network(
            path,
            "convolution",
            self,
            model=to_json(self.options),
            vocabulary=dataclasses.asdict(self.vocabulary),
            kernel_size=self.convolution.kernel_size[0],
            channels=self.convolution.out_channels,
        )

    @classmethod
    def load(cls, path: Path | str) -> "ConvolutionalModel":
        """Read what `save` wrote.

        Raises:
            UserError: as for `load_network`.
        """

        def build(saved: Section) -> "ConvolutionalModel":
            options = saved.options("model", ModelOptions)
            find_cell(options.cell, saved.file)
            return cls(
                options,
                saved.vocabulary("vocabulary"),
                saved.count("kernel_size", 1, LONGEST),
                saved.count("channels", 1, 65536),
            )

        return load_network(path, "convolution", build)


def write(
    model: ConvolutionalModel, prime: str = "", options: SampleOptions | None = None
) -> Iterator[str]:
    """Write a text that goes on after `prime`, one character at a time.

    The state holds the last inputs of the filters, so each character costs one step.

    Args:
        model: reads and predicts where it lies.
        prime: text to go on from. An empty one starts as if after a line end, or after the
            character whose id is 0 if the model knows no line end.
        options: as for `charlstm.sampling.sampler.generate`.

    Raises:
        UserError: the prime has a character that the model does not know.

    Example:
        >>> model = ConvolutionalModel(ModelOptions(hidden_size=8), Vocabulary("abc"))
        >>> len("".join(write(model, "ab", SampleOptions(length=20, seed=1))))
        20
    """
    options = options or SampleOptions()
    check_stop(options.stop, model.vocabulary)
    written = _draw(model, prime, options)
    if options.stop is None:
        return written
    pieces = end_before(options.stop, ([character] for character in written), number=1)
    return (character for (piece,) in pieces for character in piece)


@torch.inference_mode()
def _draw(model: ConvolutionalModel, prime: str, options: SampleOptions) -> Iterator[str]:
    characters = model.vocabulary.characters
    ids = model.vocabulary.encode(prime, where="prime")
    chooser = Chooser(model.vocabulary, ids, options)
    if not len(ids):
        ids = np.array([max(0, characters.find("\n"))], np.int32)
    state = None
    for _ in range(options.length):
        logits, state = model(torch.from_numpy(ids)[None].to(model.device), state)
        chosen = chooser(logits[0, -1].cpu().numpy())
        if not chooser.going:
            return
        ids = np.array([chosen], np.int32)
        yield characters[int(chosen)]
