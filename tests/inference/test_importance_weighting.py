"""Importance weighting where a posterior has several hills: q sees its own, a mixture all."""

import numpy as np
import pytest

from npvae.inference import importance_weighted_bound
from npvae.inference.argmax_q import argmax_q
from npvae.models import Gaussian, GaussianLikelihood, LatentVariableModel
from npvae.models.exact import log_marginal
from npvae.nn import chain


def squares(K):
    """g(z) = z², coordinate by coordinate: 2^K hills."""
    return LatentVariableModel(Gaussian(K), chain(lambda z: (z * z, lambda dy: 2 * z * dy)), GaussianLikelihood(0.1))


@pytest.mark.parametrize("K", [1, 2])
@pytest.mark.parametrize("x", [1.0, 4.0])
def test_a_mixture_sees_all_hills_and_q_only_its_own(K, x):
    model, X = squares(K), np.full((1, K), x)
    exact = log_marginal(model, X, tolerance=1e-4)[0]
    q = argmax_q(model, np.array([[x**0.5] * K + [-2.0] * K]), X)
    alone, size = importance_weighted_bound(model, q, X, return_effective_sample_size=True)
    assert exact - alone[0] == pytest.approx(K * np.log(2), abs=0.05) and size[0] > 900
    for seed in range(10):
        value, size = importance_weighted_bound(model, q, X, 1000, seed=seed, proposal="mixture",
                                                return_effective_sample_size=True)
        assert abs(value[0] - exact) < 0.03 and 100 < size[0] < 1000
    values = [importance_weighted_bound(model, q, X, 1000, 20, seed, proposal="mixture")[0] for seed in range(10)]
    np.testing.assert_allclose(values, exact, atol=0.03)


def test_the_prior_as_proposal_has_next_to_no_effective_draws():
    model, X = squares(2), np.full((1, 2), 4.0)
    with pytest.warns(UserWarning, match="draws only .* have a say in row 0, and few in 1 of 1 rows"):
        _, size = importance_weighted_bound(model, np.zeros((1, 4)), X, return_effective_sample_size=True)
    assert size[0] < 5
    with pytest.raises(ValueError, match="proposal is 'p', expected"):
        importance_weighted_bound(model, np.zeros((1, 4)), X, proposal="p")
