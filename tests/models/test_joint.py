"""Tables of log p(x, z) and sums of them, element by element."""

import math

import numpy as np
import pytest

from npvae.models import BernoulliLikelihood, Gaussian, GaussianLikelihood, LatentVariableModel, joint
from npvae.nn import mlp


class Own(GaussianLikelihood):
    """A likelihood of the user's own: log p(x|z) is that of the parent, divided by two."""

    def log_prob(self, x, g):
        value, back = super().log_prob(x, g)
        return value / 2, lambda dvalue: back(dvalue / 2)


@pytest.mark.parametrize("numbers", [1, 25, 10**6])
@pytest.mark.parametrize("likelihood", [GaussianLikelihood(0.5), Own(0.5), BernoulliLikelihood()], ids=repr)
def test_every_x_meets_every_z_whatever_the_size_of_a_piece(likelihood, numbers, monkeypatch):
    monkeypatch.setattr(joint, "NUMBERS", numbers)
    rng = np.random.default_rng(0)
    model = LatentVariableModel(Gaussian(2), mlp([2, 4, 3], rng=rng), likelihood)
    X, z = rng.random((4, 3)), rng.normal(size=(7, 2))
    assert joint.has_table(model) == (type(likelihood) is not Own)
    found, both = joint.log_likelihoods(model, X, z), joint.log_joint(model, X, z)
    assert found.shape == both.shape == (7, 4)
    for s, b in np.ndindex(7, 4):
        one = likelihood.log_prob(X[b:b + 1], model.decoder(z[s:s + 1])[0][None])[0].item()
        prior = sum(-0.5 * a * a - 0.5 * math.log(2 * math.pi) for a in z[s])
        assert found[s, b] == pytest.approx(one, abs=1e-12)
        assert both[s, b] == pytest.approx(one + prior, abs=1e-12)


def test_sums_of_exponentials_neither_overflow_nor_lose_what_is_none():
    a = np.array([[1000.0, -np.inf, -1000.0], [1001.0, -np.inf, -np.inf], [999.0, -np.inf, -1001.0]])
    expected = [1000 + math.log(1 + math.e + 1 / math.e), -np.inf, -1000 + math.log(1 + 1 / math.e)]
    np.testing.assert_allclose(joint.log_sum_exp(a), expected, rtol=1e-15)
    row = np.array([2, 0, 2, 0, 2])
    found = joint.sum_by_row(np.array([1000.0, -3.0, 1001.0, -np.inf, 999.0]), row, 4)
    np.testing.assert_allclose(found, [-3, -np.inf, expected[0], -np.inf], rtol=1e-15)
