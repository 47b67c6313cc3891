"""How far back the gradient of a loss reaches.

The functions here run the step functions of `model/cells.py`, one character after the other. They
keep each state, and ask autograd for the gradient with respect to it.

Let L_T be the loss on the last character alone. Then dL_T/dh_{T-k} says how much the state k steps
back can still be blamed for that loss. Often its norm falls or grows geometrically with k. This is
the vanishing or exploding gradient (Hochreiter 1991; Bengio, Simard & Frasconi 1994).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from charlstm.errors import UserError
from charlstm.model.cells import State, Step, one_step, project, run_layers
from charlstm.model.named_cells import find_cell
from charlstm.model.network import CharModel
from charlstm.model.stack import Layer
from charlstm.text.vocabulary import Ids, check_ids

Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Reach:
    """Norms of the gradient of the last character's loss, by lag.

    Attributes:
        lags: (K,), 0 to T: characters between the state and the loss.
        h: (L, B, K), norms of dL_T/dh_{T-k} for each layer and stream.
        c: (L, B, K), the same for the cell states; None if the cell has no c. The effect that a c
            has through its own h counts, too. The zero state at lag T has made no h.
    """

    lags: np.ndarray[Any, np.dtype[np.int64]]
    h: Floats
    c: Floats | None

    def curve(self, state: str = "h", layer: int = -1) -> Floats:
        """Return the norms in one layer, by default the last: their mean over streams, (K,)."""
        norms = self.c if state == "c" else self.h
        if norms is None:
            raise UserError("this cell carries no c; ask for the curve of h")
        return norms[layer].mean(0)


def reach(model: CharModel, ids: Ids, lags: int | None = None, step: Step | None = None) -> Reach:
    """Measure how far back the gradient of the loss on the last character reaches.

    Args:
        model: trained or not; dropout is off.
        ids: B streams of T + 1 characters, (B, T + 1); the last character is predicted.
        lags: greatest lag, at most T. None means T, which is the zero state before the first
            character.
        step: runs in place of the cell's own step, for example an RNN with another activation.

    Example:
        >>> from charlstm import CharModel, ModelOptions
        >>> model = CharModel(ModelOptions(cell="rnn", hidden_size=16), 20)
        >>> ids = np.random.default_rng(0).integers(20, size=(4, 31), dtype=np.int32)
        >>> reach(model, ids).curve().shape
        (31,)
    """
    ids = check_ids(ids, model.vocabulary_size, "ids", (2,))
    T = ids.shape[1] - 1
    if T < 1:
        raise UserError("streams of one character: the last is predicted; give at least two")
    lags = T if lags is None else lags
    if not 0 < lags <= T:
        raise UserError(f"lags is {lags}; for streams of {T + 1} characters it is from 1 to {T}")
    cell = find_cell(model.options.cell)
    text = torch.from_numpy(ids).long().to(model.device)
    inputs = text[:, :-1]
    state = model.zero_state(len(ids))
    history = []
    before = max(0, T - lags - 1)  # until here no gradient is needed
    for t in range(T + 1):
        if t == before:
            state = [tuple(s.detach().requires_grad_() for s in layer) for layer in state]
        if t >= T - lags:
            history.append(state)
        if t < T:
            x = model.embed(inputs[:, t : t + 1])[:, 0]  # (B, E)
            logits, state = advance(model, step or cell.step, x, state)
    loss = F.cross_entropy(logits, text[:, -1], reduction="sum")
    tensors = [s for layers in history for layer in layers for s in layer]
    gradients = torch.autograd.grad(loss, tensors, allow_unused=True, materialize_grads=True)
    # in double precision, because the square of a small float32 underflows
    norms = torch.stack([g.cpu().double().norm(dim=-1) for g in gradients]).numpy()  # (K*L*S, B)
    shape = (lags + 1, len(model.layers), len(cell.states), len(ids))
    by_lag = norms.reshape(shape)[::-1].transpose(2, 1, 3, 0)  # (S, L, B, K)
    c = by_lag[cell.states.index("c")] if "c" in cell.states else None
    return Reach(np.arange(lags + 1), h=by_lag[0], c=c)


def advance(
    model: CharModel, step: Step, x: Tensor, state: Sequence[State]
) -> tuple[Tensor, list[State]]:
    """Advance all layers by one character, by the step of a cell.

    Args:
        model: dropout is off.
        step: of the model's cell.
        x: what the first layer reads, (B, E).
        state: of each layer, arrays (B, H).

    Returns:
        logits (B, V), and the new state of each layer.
    """

    def run_layer(layer: Any, x: Tensor, layer_state: State) -> tuple[Tensor, State]:
        return one_step(step, layer, project(layer, x), layer_state)

    layers = [partial(run_layer, layer) for layer in model.layers]
    features, new_state = run_layers(layers, x, state, model.options.readout)
    return model.head(features), new_state


def factor(curve: Floats, first: int = 5) -> float:
    """Return the factor by which a curve changes per step: the geometric mean from lag `first` on.

    A zero means that the norm has underflowed. The measurement stops before the first zero.

    Example:
        >>> round(factor(0.5 ** np.arange(30)), 6)
        0.5
    """
    alive = int(np.argmax(curve <= 0)) if (curve <= 0).any() else len(curve)
    last = alive - 1
    if last <= first:
        return math.nan
    return float((curve[last] / curve[first]) ** (1 / (last - first)))


def horizon(curve: Floats, share: float = 0.01) -> int | None:
    """Return the first lag at which a curve has fallen below a share of its start, or None.

    Example:
        >>> horizon(0.5 ** np.arange(30), share=0.1)
        4
    """
    below = np.flatnonzero(curve < share * curve[0])
    return int(below[0]) if len(below) else None


def jacobian_singular_values(
    cell: str, p: Any, xs: Tensor, state: tuple[Tensor, ...], lags: Sequence[int]
) -> dict[int, Floats]:
    """Return the singular values of d(state_T)/d(state_{T-k}), largest first, for some lags k.

    The state is the whole state, h and c side by side, so nothing is held fixed. The computation
    is in double precision. A value is NaN if it is so small, compared with the largest, that it may
    be a rounding error.

    Args:
        cell: name of the cell.
        p: its parameters.
        xs: what the input adds to the sums before the gates, (T, G*H), without a batch axis.
        state: the state before the first step, each (H,).
        lags: k, from 0 to T.
    """
    step = find_cell(cell).step
    H = state[0].shape[-1]
    T = len(xs)
    p = SimpleNamespace(**{name: value.double() for name, value in vars(p).items()})
    xs = xs.double()
    state = tuple(s.double() for s in state)
    for k in lags:
        if not 0 <= k <= T:
            raise UserError(f"lag {k}: there are {T} steps; give lags from 0 to {T}")

    def advance(flat: Tensor, x: Tensor) -> Tensor:
        return torch.cat(step(p, x, flat.split(H)))

    flats = [torch.cat(state)]
    with torch.no_grad():
        for x in xs:
            flats.append(advance(flats[-1], x))
        product = torch.eye(len(flats[0]), dtype=flats[0].dtype, device=flats[0].device)
        found = {0: product}
        for k in range(1, max(lags, default=0) + 1):
            product = product @ torch.func.jacrev(advance)(flats[T - k], xs[T - k])
            found[k] = product
    return {k: _trusted(torch.linalg.svdvals(found[k]).cpu().numpy()) for k in lags}


def _trusted(values: Floats) -> Floats:
    floor = len(values) * np.finfo(np.float64).eps * values.max()
    return np.where(values > floor, values, math.nan)


@dataclass(frozen=True)
class Clipping:
    """What clipping by global norm did in a training.

    Attributes:
        steps: number of steps.
        share: share of the steps whose norm was above the limit, 0 to 1.
        median: median of the norms before clipping.
        largest: largest norm before clipping; infinite if one was not finite.
    """

    steps: int
    share: float
    median: float
    largest: float


def clipping(norms: Sequence[float], limit: float) -> Clipping:
    """Summarise the gradient norms of a training: `grad_norm` of its reports, and its limit.

    Example:
        >>> clipping([0.5, 2.0, 3.0, 0.1], limit=1.0).share
        0.5
    """
    if not len(norms):
        raise UserError("no norms; train at least one step")
    if limit <= 0:
        raise UserError(f"limit is {limit}; give the one that the training clipped at, above 0")
    values = np.nan_to_num(np.asarray(norms, float), nan=math.inf, posinf=math.inf)
    return Clipping(
        len(values), float((values > limit).mean()), float(np.median(values)), float(values.max())
    )


def scalar_chain(w: float, u: Sequence[float], h: float = 0.0) -> tuple[Floats, Floats]:
    """Return the states of h' = tanh(w h + u) and dh_T/dh_{T-k} in closed form.

    The derivative is the product of w (1 - h_t^2) over the k steps between. For |w| < 1 it vanishes
    at least as fast as |w|^k.

    Args:
        w: the recurrent weight.
        u: T inputs.
        h: the state before the first input.

    Returns:
        states (T + 1,), and derivatives (T + 1,) by lag k.
    """
    states = [h]
    for value in u:
        states.append(math.tanh(w * states[-1] + value))
    slopes = [w * (1 - s * s) for s in states[1:]]
    by_lag = np.array([1.0, *reversed(slopes)])
    np.cumprod(by_lag, out=by_lag)
    return np.array(states), by_lag


def parameters_of(layer: Layer) -> SimpleNamespace:
    """Return a layer's parameters in the form that step functions take, detached from autograd."""
    return SimpleNamespace(**{name: p.detach() for name, p in layer.named_parameters()})
