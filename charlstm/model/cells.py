"""The recurrences, each written once: one time step, for any array library.

Sizes: `B` batch, `D` input, `H` hidden, `G` gates of a cell. These and all other letters are those
of the table *Symbols* in the first lesson, `notebooks/lessons/01-start-here.ipynb`. A step takes

- `p`, the cell's parameters by PyTorch's names: `weight_ih` (G*H, D), `weight_hh` (G*H, H),
  `bias_ih` and `bias_hh` (G*H,). The rows of the gates lie one above the other, in the order that
  each cell states;
- `u` (B, G*H), the input's share of the gates: W_ih x + b_ih, or `project(p, inputs)`. It does not
  depend on the state, so the caller computes it for all time steps in one matrix product;
- the state, a tuple of arrays (B, H). The first array is the output.

A step returns the new state. It works the same without the batch axis. The same lines run on NumPy
in the sampler, on torch with autograd in the lessons, and in float64 in the tests. Whoever wants to
see the gates passes a function `watch`; the step calls it with the values of its gates by name.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Array = Any
State = tuple[Array, ...]
Step = Callable[[Any, Array, State], State]
Watch = Callable[..., None]


def tanh(x: Array) -> Array:
    """Return the hyperbolic tangent, computed by the library that made the array."""
    return namespace(x).tanh(x)


def sigmoid(x: Array) -> Array:
    """Return 1 / (1 + exp(-x)) as (1 + tanh(x / 2)) / 2, which cannot overflow."""
    return 0.5 * tanh(0.5 * x) + 0.5


def rnn(p: Any, u: Array, state: State, activation: Callable[[Array], Array] = tanh) -> State:
    """Advance the simple recurrent network (Elman 1990), as `torch.nn.RNN` does.

    h' = tanh(W_ih x + b_ih + W_hh h + b_hh)

    `activation` may replace tanh.
    """
    (h,) = state
    h = activation(u + h @ p.weight_hh.T + p.bias_hh)  # (B, H)
    return (h,)


def gru(p: Any, u: Array, state: State, watch: Watch | None = None) -> State:
    """Advance the gated recurrent unit, gates r, z, n, as `torch.nn.GRU` does.

    This is the first version of Cho et al. 2014: r acts after the matrix product, not before it.

    r = sigmoid(W_ir x + b_ir + W_hr h + b_hr)
    z = sigmoid(W_iz x + b_iz + W_hz h + b_hz)
    n = tanh(W_in x + b_in + r * (W_hn h + b_hn))
    h' = (1 - z) * n + z * h
    """
    (h,) = state
    u_r, u_z, u_n = split(u, 3)  # each (B, H)
    h_r, h_z, h_n = split(h @ p.weight_hh.T + p.bias_hh, 3)
    r = sigmoid(u_r + h_r)
    z = sigmoid(u_z + h_z)
    n = tanh(u_n + r * h_n)
    h = n + z * (h - n)
    if watch:
        watch(r=r, z=z, n=n)
    return (h,)


def lstm(p: Any, u: Array, state: State, watch: Watch | None = None) -> State:
    """Advance the long short-term memory, gates i, f, g, o, as `torch.nn.LSTM` does.

    Hochreiter & Schmidhuber 1997, with the forget gate of Gers, Schmidhuber & Cummins 2000.
    Every gate is W_i. x + b_i. + W_h. h + b_h. with its own rows:

    c' = sigmoid(f) * c + sigmoid(i) * tanh(g)
    h' = sigmoid(o) * tanh(c')
    """
    h, c = state
    i, f, g, o = split(u + h @ p.weight_hh.T + p.bias_hh, 4)  # each (B, H)
    i, f, g, o = sigmoid(i), sigmoid(f), tanh(g), sigmoid(o)
    c = f * c + i * g
    h = o * tanh(c)
    if watch:
        watch(i=i, f=f, g=g, o=o)
    return h, c


def peephole(p: Any, u: Array, state: State, watch: Watch | None = None) -> State:
    """Advance the LSTM whose gates see the cell, gates i, f, g, o.

    Gers & Schmidhuber 2000, equations as in Graves 2013 (7 to 11). `weight_peephole` (3, H)
    has rows for i, f and o. The first two see the old cell, o sees the new one:

    c' = sigmoid(f + p_f * c) * c + sigmoid(i + p_i * c) * tanh(g)
    h' = sigmoid(o + p_o * c') * tanh(c')
    """
    h, c = state
    i, f, g, o = split(u + h @ p.weight_hh.T + p.bias_hh, 4)  # each (B, H)
    p_i, p_f, p_o = p.weight_peephole
    i, f, g = sigmoid(i + p_i * c), sigmoid(f + p_f * c), tanh(g)
    c = f * c + i * g
    o = sigmoid(o + p_o * c)
    h = o * tanh(c)
    if watch:
        watch(i=i, f=f, g=g, o=o)
    return h, c


def coupled(p: Any, u: Array, state: State, watch: Watch | None = None) -> State:
    """Advance the LSTM that writes just as much as it forgets, gates f, g, o.

    The coupled input and forget gate of Greff et al. 2017: the LSTM above with i = 1 - f:

    c' = sigmoid(f) * c + (1 - sigmoid(f)) * tanh(g)
    h' = sigmoid(o) * tanh(c')
    """
    h, c = state
    f, g, o = split(u + h @ p.weight_hh.T + p.bias_hh, 3)  # each (B, H)
    f, g, o = sigmoid(f), tanh(g), sigmoid(o)
    c = g + f * (c - g)
    h = o * tanh(c)
    if watch:
        watch(f=f, g=g, o=o)
    return h, c


def relu(x: Array) -> Array:
    """Return max(x, 0)."""
    return x * (x > 0)


def linear(x: Array) -> Array:
    """Return x. As an activation it leaves a network without one."""
    return x


def split(rows: Array, count: int) -> list[Array]:
    """Cut the last axis into `count` parts of equal size, one for each gate."""
    if hasattr(rows, "chunk"):  # torch joins the gradients of chunks, where it would add up slices
        return list(rows.chunk(count, -1))
    size = rows.shape[-1] // count
    return [rows[..., k * size : (k + 1) * size] for k in range(count)]


def namespace(x: Array) -> Any:
    """Return the library that made an array: NumPy and JAX arrays name it, torch tensors do not."""
    if hasattr(x, "__array_namespace__"):
        return x.__array_namespace__()
    import torch  # not at the top: the sampler works without torch

    return torch


Shapes = dict[str, tuple[int, ...]]


def usual_parameters(rows: int, input_size: int, hidden_size: int) -> Shapes:
    """Return the shapes of the parameters that `torch.nn.LSTM`, `GRU` and `RNN` have."""
    return {
        "weight_ih": (rows, input_size),
        "weight_hh": (rows, hidden_size),
        "bias_ih": (rows,),
        "bias_hh": (rows,),
    }


def peephole_parameters(rows: int, input_size: int, hidden_size: int) -> Shapes:
    """Return the usual shapes, and a row for each of the three gates that see the cell."""
    shapes = usual_parameters(rows, input_size, hidden_size)
    return shapes | {"weight_peephole": (3, hidden_size)}


@dataclass(frozen=True)
class Cell:
    """A recurrence, and all that others must know to build, start, save, run and measure it.

    Attributes:
        step: one time step. It takes NumPy arrays as well as torch tensors. If it has the argument
            `watch`, its gates can be recorded, see `insight/activations.py`.
        gates: names of the G blocks of rows in the weight matrices, in order. A block named "f" is
            the forget gate, whose bias starts at 1.
        states: names of the arrays in the state, each (B, H); the first is the output.
        parameters: function of G*H, D and H that returns the shape of each parameter by name.
            Every cell has `weight_ih` (G*H, D) and `bias_ih` (G*H,), which `project` reads. Weight
            drop acts on `weight_hh` (G*H, H), if the cell has one. `initial.py` says how all
            parameters start.

    Example:
        >>> CELLS["rnn"].shapes(input_size=5, hidden_size=3)["weight_ih"]
        (3, 5)
        >>> CELLS["lstm"].rows("f", hidden_size=3)
        slice(3, 6, None)
    """

    step: Step
    gates: tuple[str, ...]
    states: tuple[str, ...]
    parameters: Callable[[int, int, int], Shapes] = usual_parameters

    def shapes(self, input_size: int, hidden_size: int) -> Shapes:
        """Return the shape of each parameter by name."""
        return self.parameters(len(self.gates) * hidden_size, input_size, hidden_size)

    def rows(self, gate: str, hidden_size: int) -> slice:
        """Return which rows of the weight matrices and biases belong to a gate."""
        block = self.gates.index(gate)
        return slice(block * hidden_size, (block + 1) * hidden_size)


CELLS = {
    "lstm": Cell(lstm, gates=("i", "f", "g", "o"), states=("h", "c")),
    "rnn": Cell(rnn, gates=("h",), states=("h",)),
    "gru": Cell(gru, gates=("r", "z", "n"), states=("h",)),
    "peephole": Cell(peephole, ("i", "f", "g", "o"), ("h", "c"), peephole_parameters),
    "coupled": Cell(coupled, gates=("f", "g", "o"), states=("h", "c")),
}


def project(p: Any, inputs: Array) -> Array:
    """Return the input's share of the gates, (..., G*H), for inputs (..., D)."""
    return inputs @ p.weight_ih.T + p.bias_ih


def input_table(p: Any, embedding: Array | None) -> Array:
    """Return the first layer's share of the gates for each character, (V, G*H).

    Args:
        p: parameters of the first layer.
        embedding: a row for each character, (V, E). None is one-hot input, whose product with the
            weights is the weights: it needs no matrix of V by V.
    """
    return p.weight_ih.T + p.bias_ih if embedding is None else project(p, embedding)


def one_step(step: Step, p: Any, u: Array, state: State) -> tuple[Array, State]:
    """Advance by one time step with `u` (..., G*H); return outputs (..., H) and the new state."""
    state = step(p, u, state)
    return state[0], state


def unroll(step: Step, p: Any, us: Sequence[Array], state: State) -> tuple[Array, State]:
    """Advance over several time steps.

    Args:
        step: the step of a cell.
        p: its parameters.
        us: the input's share of the gates for each time step, (T, ..., G*H).
        state: the state before the first time step.

    Returns:
        outputs (T, ..., H), and the state after the last time step.
    """
    outputs = []
    for u in us:
        output, state = one_step(step, p, u, state)
        outputs.append(output)
    return namespace(outputs[0]).stack(outputs), state


Layer = Callable[[Array, State], tuple[Array, State]]


def run_layers(
    layers: Sequence[Layer], inputs: Array, state: Sequence[State], readout: str
) -> tuple[Array, list[State]]:
    """Run layers one above the other. Each layer reads the outputs of the layer below it.

    Args:
        layers: from the lowest to the highest, functions (inputs, state) -> (outputs, new state).
        inputs: what the lowest layer reads.
        state: the state of each layer.
        readout: "sum", if the softmax reads the sum of all layers' outputs, or "last", if it reads
            the outputs of the highest layer.

    Returns:
        what the softmax reads, (..., H), and the new state of each layer.
    """
    features: Array = None
    new_state: list[State] = []
    for layer, layer_state in zip(layers, state, strict=True):
        inputs, layer_state = layer(inputs, layer_state)
        features = features + inputs if new_state and readout == "sum" else inputs
        new_state.append(layer_state)
    return features, new_state
