"""Run a cell under `jax.lax.scan`: `python tests/model/under_jax.py CELL GIVEN FOUND`.

`test_cells_under_jax.py` starts it, in a process of its own: JAX warns in a process that forks, as
other tests do. The loop is the code of the README.

GIVEN is an `.npz` with arrays named PRECISION/ARRAY: the weights, the state, `inputs` and `weigh`.
FOUND gets, as PRECISION/NUMBER, the outputs, the last state, and the gradients of inputs, state and
weights.
"""

import re
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import jax
import numpy as np

from charlstm.model.cells import CELLS, project

README = Path(__file__).parents[2] / "README.md"


def scan_of_the_readme():
    text = README.read_text(encoding="utf-8")
    (code,) = (x for x in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "import jax" in x)
    names = {}
    exec(code, names)
    return names["scan"]


def main(name, given, found):
    jax.config.update("jax_enable_x64", True)  # float32 stays float32
    scan = scan_of_the_readme()

    @jax.jit
    @partial(jax.value_and_grad, argnums=(0, 1, 2), has_aux=True)
    def run(inputs, state, weights, weigh):
        p = SimpleNamespace(**weights)
        outputs, last = scan(CELLS[name].step, p, project(p, inputs), state)
        loss = (outputs * weigh).sum() + sum((k + 2) * (s**2).sum() for k, s in enumerate(last))
        return loss, [outputs, *last]

    arrays = dict(np.load(given))
    results = {}
    for dtype in dict.fromkeys(key.partition("/")[0] for key in arrays):
        mine = {k.partition("/")[2]: v for k, v in arrays.items() if k.startswith(dtype)}
        state = tuple(mine.pop(s) for s in CELLS[name].states)
        inputs, weigh = mine.pop("inputs"), mine.pop("weigh")
        (_, forward), gradients = run(inputs, state, mine, weigh)
        d_inputs, d_state, d_weights = gradients
        values = [*forward, d_inputs, *d_state, *(d_weights[key] for key in mine)]
        results |= {f"{dtype}/{k}": np.asarray(value) for k, value in enumerate(values)}
    np.savez(found, **results)


if __name__ == "__main__":
    main(*sys.argv[1:])
