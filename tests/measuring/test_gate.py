"""The gate follows the gradient."""

import math

import numpy as np
import pytest
import torch

from charlstm.measuring import gate as rule
from charlstm.measuring.gate import Gate


@pytest.mark.parametrize("facts", [(), (2,), (3, 5)])
def test_the_gate_follows_the_gradient(facts):
    rng = np.random.default_rng(2)
    degrees = [1, 3, 4]
    starts = [0.8, 0.2, 0.1]
    gate = Gate(degrees, starts, facts)
    # the same terms and sums once more, by name: (feature, fact or None, value)
    terms = {(k, None, d): starts[k] for k, n in enumerate(degrees) for d in range(n)}
    terms |= {(k, m, v): 0.0 for k in range(3) for m, n in enumerate(facts) for v in range(n)}
    squares = dict.fromkeys(terms, rule.FIRST_SQUARE)
    for _ in range(20):
        features = rng.normal(size=(3, 5)).astype(np.float32)
        confidence = [int(rng.integers(n)) for n in degrees]
        values = [int(rng.integers(n)) for n in facts]
        came = int(rng.integers(5))
        used = [
            [(k, None, c), *((k, *f) for f in enumerate(values))] for k, c in enumerate(confidence)
        ]
        weights = torch.tensor([sum(terms[name] for name in names) for names in used]).double()
        weights.requires_grad_()
        expected = torch.log_softmax(weights @ torch.from_numpy(features).double(), 0)
        chosen = gate.choose(np.array(confidence), np.array(values, np.int64))
        logs, found = gate.predict(features, chosen)
        np.testing.assert_allclose(logs, expected.detach(), atol=1e-5)
        np.testing.assert_allclose(found, weights.detach(), atol=1e-5)
        expected[came].backward()
        for names, slope in zip(used, weights.grad.tolist(), strict=True):
            for name in names:
                squares[name] += slope**2
                terms[name] += rule.RATE * slope / math.sqrt(squares[name])
        gate.learn(features, chosen, np.exp(logs), came)
