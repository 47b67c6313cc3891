"""Layer-wise relevance propagation: the score goes back through the network, shared at each sum."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from charlstm.errors import UserError
from charlstm.insight.activations import embedded, record
from charlstm.insight.blame import Array, Blame, ask
from charlstm.model.cells import CELLS
from charlstm.model.checkpoint import Checkpoint

EPSILON = 0.001  # of the stabiliser, as in Arras et al. 2017


def relevance_propagation(
    checkpoint: Checkpoint,
    text: str,
    targets: Iterable[int] | None = None,
    instead: str | None = None,
    spread: bool = False,
) -> Blame:
    """Send the score back from layer to layer, in proportion to what each unit contributed.

    The layer-wise relevance propagation of Arras, Montavon, Mueller & Samek 2017 (section 3.2):

    - A sum a_j = sum_i w_ji x_i + b_j shares its relevance R_j among its terms: x_i gets
      w_ji x_i / (a_j + e sign a_j) R_j. The stabiliser e = 0.001 keeps a sum near 0 from dividing.
      (This is the epsilon rule.)
    - In a product of a gate and a signal, the signal takes all and the gate gets nothing.
    - A tanh hands on what it gets.

    So relevance goes from h to c, from c to the old c and to the candidate g, and from there to the
    letter and the old h. The GRU and the coupled cell have a memory and a candidate, too, and the
    vanilla network has a candidate alone.

    Args:
        checkpoint: the model, made of one of charlstm's five cells.
        text: as for `ask`.
        targets: as for `ask`.
        instead: as for `ask`.
        spread: whether the terms of a sum also get, in equal parts, what the bias and the
            stabiliser would keep. Then the relevances of a target sum to its score. This shows that
            nothing is lost; for a picture leave it off, because a unit near 0 gets as large a part
            as any other.

    Raises:
        UserError: as for `ask`, or the model is made of another cell.
    """
    options, weights = checkpoint.options, checkpoint.weights
    if options.cell not in CELLS:
        raise UserError(
            f"relevance_propagation has no rule for the cell {options.cell!r}; it must be one of"
            f" {', '.join(CELLS)}; occlusion and gradient_times_input take any cell"
        )
    ids, places, direction = ask(checkpoint, text, targets, instead)
    inputs = embedded(checkpoint, ids)
    layers = []
    for k, values in enumerate(record(checkpoint, text)):
        layers.append(_Layer(options.cell, _of_layer(weights, k), inputs, values))
        inputs = values["h"]
    score, back = _from_score(checkpoint, layers, places, direction, spread)
    carried = [np.zeros_like(part) for part in back]
    relevance = np.zeros((len(places), len(text)), score.dtype)
    for t in reversed(range(places[-1])):
        live = slice(np.searchsorted(places, t + 1), None)  # targets that lie behind t
        down: Any = 0.0
        for layer, from_h, from_memory in zip(layers[::-1], back[::-1], carried[::-1], strict=True):
            R = from_h[live] + from_memory[live] + down
            down, from_h[live], from_memory[live] = layer.share(R, t, spread)
        relevance[live, t] = down.sum(1)
    return Blame(text, places, score, relevance)


class _Layer:
    """One layer while it read a text, as sums whose terms share relevance.

    A cell makes a candidate from a letter x and the old h, and writes it into its memory: in the
    LSTM, g into c. The gates count as constants.

        a = W_ih x + b_ih + reset * (W_hh h + b_hh)
        memory' = keep * memory + write * tanh(a)

    Args:
        cell: name of the cell.
        p: its parameters by name.
        inputs: x, (T, D).
        values: what the units held after each letter, by name, (T, H).
    """

    def __init__(self, cell: str, p: dict[str, Array], inputs: Array, values: dict[str, Array]):
        v = values
        self.x, self.h = inputs, v["h"]
        self.old_h = np.concatenate((np.zeros_like(self.h[:1]), self.h[:-1]))
        self.reset = v.get("r", np.ones_like(self.h))
        candidate = next(name for name in ("g", "n", "h") if name in CELLS[cell].gates)
        rows = CELLS[cell].rows(candidate, self.h.shape[1])
        self.W_ih, self.W_hh = p["weight_ih"][rows], p["weight_hh"][rows]
        terms = self.x @ self.W_ih.T + self.reset * (self.old_h @ self.W_hh.T)
        self.a = _stable(terms + p["bias_ih"][rows] + self.reset * p["bias_hh"][rows])
        self.unclaimed = self.a - terms  # by no term: the bias and the stabiliser
        memory = v.get("c", self.h)
        keep = v["z"] if cell == "gru" else v.get("f", np.zeros_like(memory))
        self.kept = keep * np.concatenate((np.zeros_like(memory[:1]), memory[:-1]))
        self.written = memory - self.kept
        self.memory = _stable(memory)
        self.keeps = bool(keep.any())

    def share(self, relevance: Array, t: int, spread: bool) -> tuple[Array, Array, Array]:
        """Share the relevance of the memory after letter t.

        Args:
            relevance: for some targets, (N, H).
            t: place of the letter.
            spread: whether what no term claims is spread over them.

        Returns:
            the relevance of the letter's embedding (N, D), of the old h (N, H) and of the old
            memory (N, H).
        """
        to_memory = np.zeros_like(relevance)
        if t and self.keeps:  # else a single term gets all
            half = spread * (self.memory[t] - self.kept[t] - self.written[t]) / 2
            part = relevance / self.memory[t]
            to_memory = part * (self.kept[t] + half)
            relevance = part * (self.written[t] + half)
        part = relevance / self.a[t]
        terms = self.x.shape[1] + (self.h.shape[1] if t else 0)  # the zero state gets none
        each = spread * (part @ self.unclaimed[t])[:, None] / terms
        to_h = self.old_h[t] * ((part * self.reset[t]) @ self.W_hh)
        return self.x[t] * (part @ self.W_ih) + each, to_h + each, to_memory


def _from_score(
    checkpoint: Checkpoint, layers: list[_Layer], places: Array, direction: Array, spread: bool
) -> tuple[Array, list[Array]]:
    """Return the scores (N,), and the relevance of each layer's outputs when they are read (N, H).

    The softmax reads the sum of all layers' outputs, or the last layer's. So the score is one sum
    over all units of these layers.
    """
    weights = checkpoint.weights
    read = layers if checkpoint.options.readout == "sum" else layers[-1:]
    slopes = direction @ weights["head.weight"]  # (N, H)
    terms = np.stack([layer.h[places - 1] * slopes for layer in read])
    total = terms.sum((0, 2))
    score = total + direction @ weights["head.bias"]
    stable = _stable(score)
    each = spread * (stable - total) / (len(read) * slopes.shape[1])
    shares = (terms + each[:, None]) * (score / stable)[:, None]
    unread = [np.zeros_like(slopes) for _ in layers[len(read) :]]
    return score, [*unread, *shares]


def _stable(sums: Array) -> Array:
    """Return sums that nobody divides by in vain: each EPSILON further from 0."""
    return sums + np.where(sums < 0, -EPSILON, EPSILON).astype(sums.dtype)


def _of_layer(weights: Mapping[str, Array], k: int) -> dict[str, Array]:
    start = f"layers.{k}."
    return {n.removeprefix(start): w for n, w in weights.items() if n.startswith(start)}
