"""Which earlier letters made a model say this one.

Three methods share the answer out among the letters that the model had read:

- `occlusion` takes a letter away and reads again. This is slow, and it is what the question means.
- `gradient_times_input` asks how the answer would change with a small step of a letter's embedding.
- `relevance_propagation` sends the answer back through the network, in proportion to what each
  part has contributed.

**What is explained** is the score of a target letter: its logit minus the mean of all logits; or,
with `instead`, minus the logit of another letter. Then the question is "why this letter and not
that one?". The score is linear in the outputs of the layers, so relevance propagation can start
with it. A log-probability is not: in it, what speaks for a letter is mixed with what speaks against
all others. And a logit alone means nothing, because the same number can be added to all.

**Which to trust.** Occlusion is the referee. In `synthetic.recall` only the first letter of a line
can tell the answer. This is the share of the relevance on it, by size, of LSTMs that are always
right; means of five seeds, 40 lines each (`python -m pytest -s -m slow -k shares_of
tests/insight/test_attribution.py`):

    recall     occlusion  gradient times input  relevance propagation  chance
    trained         0.93                  0.25                   0.72    0.07
    untrained       0.14                  0.13                   0.13    0.07

A trained network is so sure that a small step changes little: the gradient misses that.
Relevance propagation has a blind spot of its own: it gives gates nothing. So it misses a letter
that acts by what it opens or closes.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from charlstm.errors import UserError
from charlstm.insight.activations import record
from charlstm.insight.gradients import advance
from charlstm.model.cells import CELLS, run_layers
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.named_cells import find_cell
from charlstm.model.network import CharModel

Array = np.ndarray[Any, Any]
BLOCK = 16  # letters that occlusion reads in one go
EPSILON = 0.001  # of the stabiliser, as in Arras et al. 2017


@dataclass(frozen=True)
class Blame:
    """How much each letter of a text speaks for the letters that came later.

    Attributes:
        text: T characters.
        targets: (N,), places of the letters that are explained, in order.
        score: (N,), of each of them.
        relevance: (N, T), of each letter for each target. A letter above 0 speaks for the target, a
            letter below 0 against it. It is 0 from the target on.
    """

    text: str
    targets: Array
    score: Array
    relevance: Array

    def share(self, places: Array) -> Array:
        """Return which part of the relevance, by size, lies on some places, (N,).

        Args:
            places: bool, (T,), or (N, T) if each target has its own.
        """
        size = np.abs(self.relevance)
        return (size * places).sum(1) / np.maximum(size.sum(1), np.finfo(size.dtype).tiny)


def occlusion(
    checkpoint: Checkpoint,
    text: str,
    targets: Iterable[int] | None = None,
    instead: str | None = None,
    draws: int | None = None,
    seed: int = 0,
) -> Blame:
    """Replace a letter, read again, and see how far the score falls.

    A letter's relevance is the score minus the score without the letter. One reading of a text with
    a letter replaced tells something about each target behind it. Up to that letter all these texts
    are the same, and are read only once.

    Args:
        checkpoint: the model, made of any cell.
        text: T characters. It is read from the zero state.
        targets: places of letters to explain, from 1 to T - 1; None takes all.
        instead: letters that the model might have said, one for all targets or one for each;
            None compares with the mean of all letters.
        draws: how many letters replace each letter, one after the other; their scores are
            averaged. They are drawn from the letters of the text, so a frequent letter comes often.
            None replaces a letter by the mean of the text's embeddings: a smear of all letters, in
            a single reading, of a kind that the model has never seen.
        seed: of the draws.

    Raises:
        UserError: the text is too short or has a letter that the model does not know, or there is
            no such target.
    """
    ids, places, direction = _asked(checkpoint, text, targets, instead)
    model = _on_torch(checkpoint)
    T = len(text)
    xs = model.embed(torch.from_numpy(ids).long())  # (T, E)
    K = draws or 1
    if draws is None:
        others = xs.mean(0).expand(T, 1, -1)
    else:
        others = xs[np.random.default_rng(seed).integers(T, size=(T, K))]  # (T, K, E)
    score = np.zeros(len(places), direction.dtype)
    relevance = np.zeros((len(places), T), direction.dtype)
    state = model.zero_state(1)  # row 0 is the text itself; K rows follow for each letter replaced
    for start in range(0, places[-1], BLOCK):
        size = min(BLOCK, places[-1] - start)
        old = 1 + K * start
        state = [
            tuple(torch.cat((s, s[:1].expand(K * size, -1))) for s in layer) for layer in state
        ]
        x = xs[start : start + size].repeat(old + K * size, 1, 1)  # (B, size, E)
        for t in range(size):
            x[old + K * t : old + K * (t + 1), t] = others[start + t]
        with torch.no_grad():
            features, state = run_layers(list(model.layers), x, state, checkpoint.options.readout)
            logits = model.head(features).numpy()  # (B, size, V)
        for row in np.flatnonzero((places > start) & (places <= start + size)):
            place = places[row]
            scores = logits[:, place - 1 - start] @ direction[row]
            score[row] = scores[0]
            without = scores[1 : 1 + K * place].reshape(place, K).mean(1)
            relevance[row, :place] = scores[0] - without
    return Blame(text, places, score, relevance)


def gradient_times_input(
    checkpoint: Checkpoint,
    text: str,
    targets: Iterable[int] | None = None,
    instead: str | None = None,
) -> Blame:
    """Multiply the score's gradient with respect to each embedding by that embedding.

    For a linear model this is what a letter contributes. For any other it tells what a step towards
    a zero embedding would change, if the slope stayed as it is (Denil, Demiraj & de Freitas 2014).

    Args:
        checkpoint: as for `occlusion`.
        text: as for `occlusion`.
        targets: as for `occlusion`.
        instead: as for `occlusion`.

    Raises:
        UserError: as for `occlusion`.
    """
    ids, places, direction = _asked(checkpoint, text, targets, instead)
    model = _on_torch(checkpoint)
    step = find_cell(checkpoint.options.cell).step
    xs = model.embed(torch.from_numpy(ids).long())  # (T, E)
    state = [tuple(s[0] for s in layer) for layer in model.zero_state(1)]  # each (H,)
    states = []
    scores = []
    for x in xs[: places[-1]]:
        states.append(state)
        logits, state = advance(model, step, x, state)
        scores.append(logits.numpy())
    score = (np.stack(scores)[places - 1] * direction).sum(1)
    relevance = np.zeros((len(places), len(text)), direction.dtype)
    seeds = torch.from_numpy(direction)
    back = [torch.zeros(len(places), len(s), dtype=s.dtype) for layer in state for s in layer]
    for t in reversed(range(places[-1])):
        live = np.searchsorted(places, t + 1)  # from this row on, targets lie behind t
        x = xs[t].detach().requires_grad_()
        before = [tuple(s.requires_grad_() for s in layer) for layer in states.pop()]
        logits, after = advance(model, step, x, before)
        asked = seeds[live:] * torch.from_numpy(places[live:] == t + 1)[:, None]
        found = torch.autograd.grad(
            [logits, *(s for layer in after for s in layer)],
            [x, *(s for layer in before for s in layer)],
            [asked, *(g[live:] for g in back)],
            is_grads_batched=True,  # all targets side by side
            materialize_grads=True,
        )
        relevance[live:, t] = (found[0] @ xs[t]).numpy()
        for whole, part in zip(back, found[1:], strict=True):
            whole[live:] = part
    return Blame(text, places, score, relevance)


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
        text: as for `occlusion`.
        targets: as for `occlusion`.
        instead: as for `occlusion`.
        spread: whether the terms of a sum also get, in equal parts, what the bias and the
            stabiliser would keep. Then the relevances of a target sum to its score. This shows that
            nothing is lost; for a picture leave it off, because a unit near 0 gets as large a part
            as any other.

    Raises:
        UserError: as for `occlusion`, or the model is made of another cell.
    """
    options, weights = checkpoint.options, checkpoint.weights
    if options.cell not in CELLS:
        raise UserError(
            f"relevance_propagation has no rule for the cell {options.cell!r}; it must be one of"
            f" {', '.join(CELLS)}; occlusion and gradient_times_input take any cell"
        )
    ids, places, direction = _asked(checkpoint, text, targets, instead)
    inputs = weights.get("embedding.weight", np.eye(len(checkpoint.vocabulary)))[ids]
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


def _on_torch(checkpoint: Checkpoint) -> CharModel:
    """Return the model in the precision of its weights, with nothing to be trained."""
    weights = checkpoint.weights
    dtype = torch.from_numpy(weights["head.weight"]).dtype
    model = CharModel(checkpoint.options, len(checkpoint.vocabulary)).to(dtype)
    return model.load_arrays(weights).requires_grad_(False)


def _asked(
    checkpoint: Checkpoint, text: str, targets: Iterable[int] | None, instead: str | None
) -> tuple[Array, Array, Array]:
    """Return the ids (T,), the targets (N,), and what their scores are of the logits, (N, V)."""
    T = len(text)
    if T < 2:
        raise UserError(f"the text is {text!r}; give at least one letter, and one to explain")
    ids = checkpoint.vocabulary.encode(text)
    wanted = range(1, T) if targets is None else targets
    places = np.array(sorted(set(wanted)), dtype=int)
    odd = places[(places < 1) | (places >= T)]
    if odd.size or not places.size:
        what = f"target {odd[0]}" if odd.size else "no targets"
        raise UserError(f"{what}: in a text of {T} letters give places from 1 to {T - 1}")
    N = len(places)
    V = len(checkpoint.vocabulary)
    rows = np.arange(N)
    direction = np.zeros((N, V), checkpoint.weights["head.weight"].dtype)
    direction[rows, ids[places]] = 1.0
    if instead is None:
        direction -= 1 / V
        return ids, places, direction
    if len(instead) not in (1, N):
        raise UserError(
            f"instead has {len(instead)} letters; give one, or one for each of the {N} targets"
        )
    direction[rows, checkpoint.vocabulary.encode(instead)] -= 1.0  # one, or one for each
    return ids, places, direction


METHODS: Mapping[str, Callable[..., Blame]] = {
    "occlusion": occlusion,
    "gradient times input": gradient_times_input,
    "relevance propagation": relevance_propagation,
}
