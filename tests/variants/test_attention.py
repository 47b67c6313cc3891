"""Attention: weights that sum to 1 and equal the papers' formulas, gradients too."""

import math

import numpy as np
import pytest
import torch
from small import randomize

from charlstm.errors import UserError
from charlstm.variants.attention import Attend

B, T, S, H = 2, 3, 5, 4
kinds = pytest.mark.parametrize("kind", ["dot", "bahdanau"])


@pytest.fixture
def given():
    rng = np.random.default_rng(1)
    features, annotations = rng.normal(0, 0.8, (B, T, H)), rng.normal(0, 0.8, (B, S, H))
    return [torch.from_numpy(x).requires_grad_() for x in (features, annotations)]


@kinds
def test_it_is_the_formula_number_by_number(kind, given):
    attend = randomize(Attend(kind, H).double(), size=0.7)
    features, weights = attend(*given)
    p = {name: value.tolist() for name, value in attend.state_dict().items()}
    hs, ms = (x.tolist() for x in given)
    for b, t in np.ndindex(B, T):
        h = hs[b][t]
        if kind == "dot":
            scores = [sum(x * y for x, y in zip(h, m, strict=True)) for m in ms[b]]
        else:
            scores = [
                sum(
                    p["score.weight"][0][k]
                    * math.tanh(
                        sum(p["query.weight"][k][j] * h[j] for j in range(H))
                        + sum(p["key.weight"][k][j] * m[j] for j in range(H))
                    )
                    for k in range(H)
                )
                for m in ms[b]
            ]
        total = sum(math.exp(score) for score in scores)
        expected = [math.exp(score) / total for score in scores]
        np.testing.assert_allclose(weights[b, t].detach(), expected, atol=1e-12)
        assert weights[b, t].sum().item() == pytest.approx(1, abs=1e-12)
        mixture = [sum(w * m[k] for w, m in zip(expected, ms[b], strict=True)) for k in range(H)]
        both = [*mixture, *h]
        rows = p["combine.weight"]
        out = [math.tanh(sum(w * x for w, x in zip(row, both, strict=True))) for row in rows]
        np.testing.assert_allclose(features[b, t].detach(), out, atol=1e-12)
    assert weights.detach().std() > 0.02  # not all alike


@kinds
def test_its_gradients_are_those_of_finite_differences(kind, given):
    attend = randomize(Attend(kind, H).double(), size=0.7)
    names, weights = zip(*attend.named_parameters(), strict=True)

    def called(*inputs):
        parameters = dict(zip(names, inputs[2:], strict=True))
        return torch.func.functional_call(attend, parameters, inputs[:2])

    assert torch.autograd.gradcheck(called, (*given, *weights))


@kinds
@pytest.mark.parametrize("shape", [(B, S, H + 1), (B + 1, S, H), (B, 0, H), (S, H)])
def test_annotations_of_another_shape_are_refused(kind, shape):
    attend = Attend(kind, H)
    with pytest.raises(
        UserError, match=r"\(2, 3, 4\), and annotations .* \(B, S, 4\), S at least 1"
    ):
        attend(torch.zeros(B, T, H), torch.zeros(shape))
