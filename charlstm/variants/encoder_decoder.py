"""Encoder and decoder: one text into another, letter by letter, with attention or without.

The encoder leaves an annotation for each letter of the source, and a state. The decoder starts from
that state and writes the target, and reads what it has written (Sutskever, Vinyals & Le 2014).
Without attention the state is all that it knows of the source. With attention it also looks at the
annotations, at each step with other weights. The path of a batch with `B` pairs, `S` source letters
each, `T` target symbols, and `V` symbols to choose from (the targets' letters, and the end):

    sources (B, S) -> annotations (B, S, H), state (B, H)
    targets (B, T) -> features (B, T, H) -> with a mixture of the annotations -> logits (B, T, V)

All sources of a batch have the same length, so nothing in it is padded but targets, at their end.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple, cast, get_args

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from charlstm.errors import UserError
from charlstm.fields import to_json
from charlstm.model.dropout import Rng, generator_for, locked_dropout
from charlstm.model.initial import seeded
from charlstm.model.section import Section
from charlstm.model.stack import ModelState, Stack, embed
from charlstm.options import ModelOptions
from charlstm.text.pairs import Pair, check_pairs
from charlstm.text.vocabulary import Ids, Vocabulary, encode_texts
from charlstm.text.writer import LARGEST_SEED, check_sizes
from charlstm.variants.attention import Attend, Attention
from charlstm.variants.fitting import FitOptions, FitReport, fit_batches
from charlstm.variants.saving import load_network, save_network

KIND = "encoder_decoder"
KINDS = (None, *get_args(Attention))
WIDEST_NECK = 65536
NO_TARGET = -100  # stands where a target has ended; the loss leaves it out


class Encoded(NamedTuple):
    """What the decoder gets of sources: annotations (B, S, H), and the state it starts from."""

    annotations: Tensor
    state: ModelState


class EncoderDecoder(nn.Module):
    """A network that reads a text and writes another.

    Args:
        sources: letters of the sources.
        targets: letters of the targets.
        options: cell, sizes and dropout rates, of the encoder and the decoder alike.
        attention: "bahdanau", "dot", or None. With None all that the decoder knows of the source is
            the encoder's last state.
        both_ways: whether a second stack reads the source from its end; what both say is added.
        neck: size of the one vector through which all goes from the encoder to the decoder, as in
            an autoencoder; None is no such vector.
        seed: of the weights.

    Raises:
        UserError: `attention` is unknown, or it would lead past a neck; the neck or the seed is
            out of its range.

    Example:
        >>> letters = Vocabulary("abc")
        >>> model = EncoderDecoder(letters, letters, ModelOptions(hidden_size=8), attention="dot")
        >>> logits, weights = model(torch.zeros(2, 5).long(), torch.zeros(2, 4).long())
        >>> logits.shape, weights.shape
        (torch.Size([2, 4, 4]), torch.Size([2, 4, 5]))
    """

    def __init__(
        self,
        sources: Vocabulary,
        targets: Vocabulary,
        options: ModelOptions,
        attention: Attention | None = None,
        both_ways: bool = True,
        neck: int | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if attention not in KINDS:
            raise UserError(f"attention is {attention!r}; it must be bahdanau, dot or None")
        check_sizes(seed=(seed, 0, LARGEST_SEED))
        if neck is not None:
            check_sizes(neck=(neck, 1, WIDEST_NECK))
            if attention:
                raise UserError(
                    f"attention is {attention!r} beside a neck; it would lead past the neck; leave"
                    " one of them out"
                )
        self.sources, self.targets, self.options = sources, targets, options
        self.neck = neck
        self.end = len(targets)  # the id of the end of a target, which also stands at its start
        width, H = options.embedding_size, options.hidden_size
        with seeded(seed):
            self.source_embedding = nn.Embedding(len(sources), width) if width else None
            self.target_embedding = nn.Embedding(self.end + 1, width) if width else None
            self.forwards = Stack(options, width or len(sources))
            self.backwards = Stack(options, width or len(sources)) if both_ways else None
            self.decoder = Stack(options, width or self.end + 1)
            self.attend = Attend(attention, H) if attention else None
            if neck is not None:
                size = sum(s.shape[1] for layer in self.forwards.zero_state(1) for s in layer)
                self.squeeze = nn.Linear(size, neck)
                self.expand = nn.Linear(neck, size)
            self.head = nn.Linear(H, self.end + 1)
            nn.init.zeros_(self.head.bias)

    @property
    def device(self) -> torch.device:
        """Where the weights are; `model.to("cuda")` moves them, as for any module."""
        return self.head.weight.device

    def forward(
        self, sources: Tensor, targets: Tensor, rng: Rng | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Predict each target symbol from the source and the symbols before it (teacher forcing).

        Args:
            sources: ids, integers, (B, S), on the model's device.
            targets: ids of what is read before each prediction, (B, T): the end first.
            rng: source of the dropout masks; None turns dropout off.

        Returns:
            logits (B, T, V), and the attention's weights (B, T, S), or None without attention.
        """
        logits, weights, _ = self.decode(targets, self.encode(sources, rng), rng)
        return logits, weights

    def encode(self, sources: Tensor, rng: Rng | None = None) -> Encoded:
        """Read sources, (B, S), and return what the decoder gets of them."""
        annotations, state = self.read(sources, rng)
        if self.neck is not None:
            state = self.from_neck(self.to_neck(state))
        return Encoded(annotations, state)

    def read(self, sources: Tensor, rng: Rng | None = None) -> Encoded:
        """Read sources, (B, S), and return their annotations and the encoder's last state."""
        dtype = self.head.weight.dtype
        x = embed(self.source_embedding, sources, len(self.sources), dtype)  # (B, S, E)
        annotations, state = self.forwards(x, None, rng)  # (B, S, H)
        if self.backwards is not None:
            others, other_state = self.backwards(x.flip(1), None, rng)
            annotations = annotations + others.flip(1)
            state = [
                tuple(a + b for a, b in zip(*layers, strict=True))
                for layers in zip(state, other_state, strict=True)
            ]
        return Encoded(annotations, state)

    def to_neck(self, state: ModelState) -> Tensor:
        """Return the vectors, (B, neck), that an encoder's last state becomes."""
        return self.squeeze(torch.cat([s for layer in state for s in layer], 1))

    def from_neck(self, vectors: Tensor) -> ModelState:
        """Return the state from which the decoder starts, for vectors (B, neck)."""
        parts = self.expand(vectors).split(self.options.hidden_size, 1)
        size = len(parts) // self.options.layers
        return [parts[k : k + size] for k in range(0, len(parts), size)]

    def decode(
        self, targets: Tensor, encoded: Encoded, rng: Rng | None = None
    ) -> tuple[Tensor, Tensor | None, ModelState]:
        """Predict what comes after each of some target symbols, (B, T).

        Args:
            targets: ids; the end comes first.
            encoded: the sources, with the decoder's state before these symbols.
            rng: source of the dropout masks; None turns dropout off.

        Returns:
            logits (B, T, V), weights (B, T, S) or None, and the decoder's state after the last.
        """
        x = embed(self.target_embedding, targets, self.end + 1, self.head.weight.dtype)
        features, state = self.decoder(x, encoded.state, rng)  # (B, T, H)
        weights = None
        if self.attend is not None:
            features, weights = self.attend(features, encoded.annotations)
        features = locked_dropout(features, self.options.dropout, rng)
        return self.head(features), weights, state

    def save(self, path: Path | str) -> None:
        """Write the network to a file.

        Raises:
            UserError: the place cannot be written, or a weight is not finite.
        """
        save_network(
            path,
            KIND,
            self,
            model=to_json(self.options),
            sources=asdict(self.sources),
            targets=asdict(self.targets),
            attention=self.attend.kind if self.attend is not None else None,
            both_ways=self.backwards is not None,
            neck=self.neck or 0,
        )

    @classmethod
    def load(cls, path: Path | str) -> "EncoderDecoder":
        """Read what `save` wrote.

        Raises:
            UserError: the file is missing, damaged or of another kind, or does not fit.
        """

        def build(saved: Section) -> EncoderDecoder:
            given = (
                saved.vocabulary("sources"),
                saved.vocabulary("targets"),
                saved.options("model", ModelOptions),
                saved.one_of("attention", cast(Any, KINDS)),
                saved.flag("both_ways"),
                saved.count("neck", most=WIDEST_NECK) or None,
            )
            try:
                return cls(*given)
            except UserError as error:
                raise UserError(f"{path}: {error}") from None

        return load_network(path, KIND, build)


def batch(
    model: EncoderDecoder, sources: Sequence[Ids], targets: Sequence[Ids]
) -> tuple[Tensor, Tensor, Tensor]:
    """Return pairs as tensors on the model's device.

    Args:
        model: which will read them.
        sources: ids, all of the same length S.
        targets: ids, of any lengths; T is the longest one with its end.

    Returns:
        sources (B, S); what the decoder reads, (B, T), the end first; and what it must predict,
        (B, T), the end last. Behind that stands `NO_TARGET`.
    """
    T = max(map(len, targets)) + 1
    before = np.full((len(targets), T), model.end)
    asked = np.full((len(targets), T), NO_TARGET)
    for row, ids in enumerate(targets):
        before[row, 1 : len(ids) + 1] = ids
        asked[row, : len(ids) + 1] = [*ids, model.end]
    arrays = np.stack(sources), before, asked
    read, inputs, outputs = (torch.from_numpy(array).long().to(model.device) for array in arrays)
    return read, inputs, outputs


def fit_pairs(
    model: EncoderDecoder, pairs: Sequence[Pair], options: FitOptions | None = None
) -> Iterator[FitReport]:
    """Train a network on pairs, and yield a report for each step.

    A batch is drawn from pairs whose sources have the same length. Each length is as likely as its
    share of the pairs. The loss is in nats per target symbol; the end is one of them.

    Args:
        model: trained in place, where it lies.
        pairs: sources and targets.
        options: budget and optimiser.

    Raises:
        UserError: there is no pair, one is not two texts, a source is empty, a letter is unknown to
            the model, or the loss is not finite.

    Example:
        >>> pairs = [("ab", "ba"), ("aab", "baa"), ("b", "b")]
        >>> model = EncoderDecoder(Vocabulary("ab"), Vocabulary("ab"), ModelOptions(hidden_size=16))
        >>> reports = list(fit_pairs(model, pairs, FitOptions(steps=40)))
        >>> reports[-1].loss < reports[0].loss / 2
        True
    """
    options = options or FitOptions()
    check_pairs(pairs)
    sources = encode_texts(model.sources, [source for source, _ in pairs], "source", least=1)
    targets = encode_texts(model.targets, [target for _, target in pairs], "target")
    by_length: dict[int, list[int]] = {}
    for n, ids in enumerate(sources):
        by_length.setdefault(len(ids), []).append(n)

    def loss_of(rng: np.random.Generator) -> Tensor:
        alike = by_length[len(sources[rng.integers(len(sources))])]
        rows = rng.choice(alike, min(options.batch_size, len(alike)), replace=False)
        read, before, asked = batch(model, [sources[n] for n in rows], [targets[n] for n in rows])
        masks = generator_for(model.device, [int(rng.integers(2**32))])
        logits, _ = model(read, before, masks)
        return F.cross_entropy(logits.flatten(0, 1), asked.flatten(), ignore_index=NO_TARGET)

    return fit_batches(model, loss_of, options)
