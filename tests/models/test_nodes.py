"""Sums over the nodes of a lattice, whatever the size of the blocks they come in."""

import numpy as np
import pytest

from npvae.models import GaussianLikelihood, mlp_model
from npvae.models.exact import nodes
from npvae.models.noise import tensor


@pytest.mark.parametrize("block", [1, 40, 10**6])
@pytest.mark.parametrize("K", [1, 2])
def test_integral_mode_and_moments_are_those_of_all_nodes_at_once(K, block, monkeypatch):
    monkeypatch.setattr(nodes, "BLOCK", block)
    model = mlp_model(K, [5], 3, GaussianLikelihood(0.4), rng=np.random.default_rng(0))
    X, z = model.sample(6, np.random.default_rng(1))[0], tensor(np.linspace(-4, 4, 9), K)
    joint = model.log_likelihood(X, z[:, None])[0] + model.latent.log_prior(z)[:, None]         # (S, B)
    value, mode = nodes.log_integral(model, X, nodes.in_blocks(z, len(X)), 0.3)
    np.testing.assert_allclose(value, np.log(np.exp(joint).sum(0)) + 0.3, rtol=1e-12)
    np.testing.assert_array_equal(mode, z[joint.argmax(0)])
    mean, covariance = nodes.moments_of_nodes(model, X, nodes.in_blocks(z, len(X)), value, 0.3)
    for p, m, c in zip((np.exp(joint) / np.exp(joint).sum(0)).T, mean, covariance, strict=True):
        np.testing.assert_allclose(m, p @ z, atol=1e-12)
        np.testing.assert_allclose(c, (z - p @ z).T @ (p[:, None] * (z - p @ z)), atol=1e-12)
