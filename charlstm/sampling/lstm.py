r"""The LSTM's step in fewer and faster calls of NumPy.

For one sample of a small model, the calls of NumPy take longer than the arithmetic. For many
samples at once, the sigmoids and tanhs of `cells.lstm` take half as long as the matrix products. So
here one call of exp opens all four gates, because

    sigmoid(x) = 1 / (1 + exp(-x))
    tanh(x) = 2 sigmoid(2 x) - 1

and NumPy computes exp in about half the time of tanh. The factors -1 and -2 are multiplied into the
weights beforehand. The results differ from those of `cells.lstm` in the last digit.

With `cells.lstm` a step of 256 units takes 1.4 times as long, and one of 448 units for 64 samples
1.1 times (twelve pairs in turns, one BLAS thread, 2 cores of a shared AMD EPYC without AVX-512).
To measure, run this line for either module, with (64, 448) and 1792 for the larger one:

    python -m timeit -s "import numpy as np; from types import SimpleNamespace as N; \
    from charlstm.sampling.lstm import lstm; h = np.ones(256, 'f4'); u = np.ones(1024, 'f4'); \
    p = N(weight_hh=np.ones((1024, 256), 'f4'), bias_hh=u)" "lstm(p, u, (h, h))"
"""

from types import SimpleNamespace
from typing import Any

import numpy as np

from charlstm.model.cells import Array, State


def prepared(p: Any) -> SimpleNamespace:
    """Return an LSTM's parameters in the form that `lstm` takes.

    The rows of i, f and o are multiplied by -1, and those of g by -2. This is exact.
    """
    H = p.weight_hh.shape[-1]
    factors = np.repeat(np.array([-1, -1, -2, -1], p.weight_hh.dtype), H)  # (4H,)
    return SimpleNamespace(
        weight_ih=factors[:, None] * p.weight_ih,
        weight_hh=factors[:, None] * p.weight_hh,
        bias_ih=factors * (p.bias_ih + p.bias_hh),
    )


@np.errstate(over="ignore")  # exp may become infinite; then the gate is 0, as it should be
def lstm(p: Any, u: Array, state: State) -> State:
    """Advance the LSTM as `charlstm.model.cells.lstm` does.

    Args:
        p: parameters from `prepared`.
        u: `project(p, inputs)`, NumPy array (..., 4H).
        state: h and c, each (..., H).
    """
    h, c = state
    gates = h @ p.weight_hh.T  # (..., 4H)
    gates += u
    np.exp(gates, out=gates)
    gates += 1
    np.reciprocal(gates, out=gates)  # sigmoid(i), sigmoid(f), sigmoid(2 g), sigmoid(o)
    H = h.shape[-1]
    i, f, g, o = (gates[..., k * H : (k + 1) * H] for k in range(4))  # views: each (..., H)
    g *= 2
    g -= 1  # tanh(g)
    i *= g
    c = f * c
    c += i
    h = np.tanh(c)
    h *= o
    return h, c
