"""Five recurrences, each written once: one time step, for any array library.

Sizes: `B` batch, `D` input, `H` hidden, `G` gates of a cell. A step takes

- `p`, the cell's parameters by PyTorch's names: `weight_ih` (G*H, D), `weight_hh` (G*H, H),
  `bias_ih` and `bias_hh` (G*H,), the gates one above the other in the order that each cell states;
- `x` (B, G*H), the input's share of the gates, `project(p, inputs)`: it does not depend on the
  state, so the caller computes it for all time steps in one matrix product;
- the state, a tuple of arrays (B, H), whose first is the output;

and returns the next state. Without the batch axis everything works the same. The lines run on
NumPy in the sampler, on torch with autograd in the lessons, in float64 in the tests.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Array = Any
State = tuple[Array, ...]
Step = Callable[[Any, Array, State], State]


_tanh_of: dict[type, Callable[[Array], Array]] = {}  # looking it up takes longer than a tanh


def namespace(x: Array) -> Any:
    """Return the library that made an array, as the array API standard sees it."""
    if hasattr(x, "__array_namespace__"):
        return x.__array_namespace__()  # NumPy 2 needs no help, and the help takes 0.1 s to import
    from array_api_compat import array_namespace

    return array_namespace(x)


def tanh(x: Array) -> Array:
    """Return the hyperbolic tangent, computed by the library that made the array."""
    if type(x) not in _tanh_of:
        _tanh_of[type(x)] = namespace(x).tanh
    return _tanh_of[type(x)](x)


def sigmoid(x: Array) -> Array:
    """Return 1 / (1 + exp(-x)), by the tanh, which cannot overflow."""
    return 0.5 * tanh(0.5 * x) + 0.5


def relu(x: Array) -> Array:
    """Return max(x, 0)."""
    return x * (x > 0)


def linear(x: Array) -> Array:
    """Return x: what is left of a network when its activation is taken away."""
    return x


def rnn(p: Any, x: Array, state: State, activation: Callable[[Array], Array] = tanh) -> State:
    """Advance the simple recurrent network (Elman 1990), as `torch.nn.RNN` does.

    h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or another activation than tanh
    """
    (h,) = state
    return (activation(x + h @ p.weight_hh.T + p.bias_hh),)


def gru(p: Any, x: Array, state: State) -> State:
    """Advance the gated recurrent unit, gates r, z, n, as `torch.nn.GRU` does.

    Cho et al. 2014, in their first version: r acts after the matrix product, not before it:

    r = sigmoid(W_ir x + b_ir + W_hr h + b_hr)
    z = sigmoid(W_iz x + b_iz + W_hz h + b_hz)
    n = tanh(W_in x + b_in + r * (W_hn h + b_hn))
    h' = (1 - z) * n + z * h
    """
    (h,) = state
    x_r, x_z, x_n = _gates(x, 3)
    h_r, h_z, h_n = _gates(h @ p.weight_hh.T + p.bias_hh, 3)
    r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)  # (B, H)
    n = tanh(x_n + r * h_n)  # (B, H)
    return (n + z * (h - n),)


def lstm(p: Any, x: Array, state: State) -> State:
    """Advance the long short-term memory, gates i, f, g, o, as `torch.nn.LSTM` does.

    Hochreiter & Schmidhuber 1997, with the forget gate of Gers, Schmidhuber & Cummins 2000;
    every gate is W_i. x + b_i. + W_h. h + b_h. with its own rows:

    c' = sigmoid(f) * c + sigmoid(i) * tanh(g)
    h' = sigmoid(o) * tanh(c')
    """
    h, c = state
    gates = x + h @ p.weight_hh.T + p.bias_hh  # (B, 4H)
    open_, H = sigmoid(gates), h.shape[-1]  # one call for all gates is faster; g's is not used
    i, f, o = open_[..., :H], open_[..., H : 2 * H], open_[..., 3 * H :]
    g = tanh(gates[..., 2 * H : 3 * H])
    c = f * c + i * g
    return o * tanh(c), c


def peephole(p: Any, x: Array, state: State) -> State:
    """Advance the LSTM whose gates see the cell, gates i, f, g, o.

    Gers & Schmidhuber 2000, equations as in Graves 2013 (7 to 11). `weight_peephole` (3, H)
    has rows for i, f and o; the first two see the old cell, o sees the new one:

    c' = sigmoid(f + p_f * c) * c + sigmoid(i + p_i * c) * tanh(g)
    h' = sigmoid(o + p_o * c') * tanh(c')
    """
    h, c = state
    i, f, g, o = _gates(x + h @ p.weight_hh.T + p.bias_hh, 4)
    p_i, p_f, p_o = p.weight_peephole
    c = sigmoid(f + p_f * c) * c + sigmoid(i + p_i * c) * tanh(g)
    return sigmoid(o + p_o * c) * tanh(c), c


def coupled(p: Any, x: Array, state: State) -> State:
    """Advance the LSTM that writes just as much as it forgets, gates f, g, o.

    The coupled input and forget gate of Greff et al. 2017: the LSTM above with i = 1 - f:

    c' = sigmoid(f) * c + (1 - sigmoid(f)) * tanh(g)
    h' = sigmoid(o) * tanh(c')
    """
    h, c = state
    f, g, o = _gates(x + h @ p.weight_hh.T + p.bias_hh, 3)
    g = tanh(g)
    c = g + sigmoid(f) * (c - g)
    return sigmoid(o) * tanh(c), c


@dataclass(frozen=True)
class Cell:
    """A recurrence and its sizes.

    Attributes:
        step: one time step.
        gates: G, row blocks of the weight matrices.
        states: arrays in the state; the first is the output.
        forget: which block is the forget gate, if any.
        peepholes: rows of `weight_peephole`.
    """

    step: Step
    gates: int
    states: int
    forget: int | None = None
    peepholes: int = 0

    def shapes(self, input_size: int, hidden_size: int) -> dict[str, tuple[int, ...]]:
        """Return the shape of each parameter by name.

        Example:
            >>> CELLS["rnn"].shapes(input_size=5, hidden_size=3)["weight_ih"]
            (3, 5)
        """
        rows = self.gates * hidden_size
        shapes: dict[str, tuple[int, ...]] = {
            "weight_ih": (rows, input_size),
            "weight_hh": (rows, hidden_size),
            "bias_ih": (rows,),
            "bias_hh": (rows,),
        }
        return shapes | (
            {"weight_peephole": (self.peepholes, hidden_size)} if self.peepholes else {}
        )


CELLS = {
    "lstm": Cell(lstm, gates=4, states=2, forget=1),
    "rnn": Cell(rnn, gates=1, states=1),
    "gru": Cell(gru, gates=3, states=1),
    "peephole": Cell(peephole, gates=4, states=2, forget=1, peepholes=3),
    "coupled": Cell(coupled, gates=3, states=2, forget=0),
}


def project(p: Any, inputs: Array) -> Array:
    """Return the input's share of the gates, (..., G*H), of inputs (..., D)."""
    return inputs @ p.weight_ih.T + p.bias_ih


def unroll(step: Step, p: Any, xs: Sequence[Array], state: State) -> tuple[Array, State]:
    """Advance over time.

    Args:
        step: a recurrence of this module.
        p: its parameters.
        xs: the input's share of the gates for each time step, (T, ..., G*H).
        state: the state before the first.

    Returns:
        outputs (T, ..., H), and the state after the last.
    """
    outputs = []
    for x in xs:
        state = step(p, x, state)
        outputs.append(state[0])
    return namespace(outputs[0]).stack(outputs), state


def _gates(rows: Array, count: int) -> list[Array]:
    """Cut the gates apart along the last axis."""
    size = rows.shape[-1] // count
    return [rows[..., k * size : (k + 1) * size] for k in range(count)]
