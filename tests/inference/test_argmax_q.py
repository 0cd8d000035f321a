"""The argmax in blocks of rows, and the ELBO that a solver reports while another weight of the KL is maximised."""

import numpy as np
import pytest
from numeric_inference import joint_of_mixture, posterior_of_pca

from npvae.inference import AmortizedVI, quadrature
from npvae.inference.argmax_q import ROWS, argmax_q
from npvae.models import Cubature, MonteCarlo, mixture_of_gaussians, mlp_model, probabilistic_pca
from npvae.nn import mlp


def test_more_rows_than_a_block_are_all_the_best():
    X = np.random.default_rng(0).normal(size=(2 * ROWS + 3, 2))
    mixture = mixture_of_gaussians(3, 2, sigma_g=1.0, rng=np.random.default_rng(1))
    joint = joint_of_mixture(mixture, X)
    found = argmax_q(mixture, None, X)
    np.testing.assert_allclose(found - found.max(1, keepdims=True), joint - joint.max(1, keepdims=True), atol=1e-10)
    pca = probabilistic_pca(1, 2, sigma_g=0.5)
    mean, precision = posterior_of_pca(pca, X)
    expected = np.concatenate([mean, np.full((len(X), 1), -0.5 * np.log(precision[0, 0]))], axis=1)
    np.testing.assert_allclose(argmax_q(pca, None, X), expected, atol=1e-10)


def test_rows_that_climb_in_blocks_climb_as_they_do_alone():
    model, X = mlp_model(1, [3], 2), np.random.default_rng(2).normal(size=(ROWS + 2, 2))
    start, nodes = np.zeros((len(X), 2)), MonteCarlo(3)(np.random.default_rng(3), len(X), 1)
    found = argmax_q(model, start, X, nodes)
    for i in (0, ROWS - 1, ROWS, ROWS + 1):
        alone = argmax_q(model, start[i:i + 1], X[i:i + 1], nodes._replace(eps=nodes.eps[:, i:i + 1]))
        np.testing.assert_allclose(found[i:i + 1], alone, rtol=1e-6, atol=1e-6)
    assert not start.any()


def test_the_size_of_the_blocks_does_not_matter(monkeypatch):
    model, X = mlp_model(2, [3], 2), np.random.default_rng(2).normal(size=(9, 2))
    found = argmax_q(model, None, X)
    monkeypatch.setattr(quadrature, "NUMBERS_IN_WORK", 64 * 25 * 4)     # four rows of 25 nodes
    np.testing.assert_allclose(argmax_q(model, None, X), found, atol=1e-10)


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
def test_the_elbo_itself_is_reported_whatever_weight_its_kl_has(beta):
    X = np.random.default_rng(4).normal(size=(6, 3))
    model = probabilistic_pca(2, 3, sigma_g=0.7, rng=np.random.default_rng(5))
    solver = AmortizedVI(model, encoder=mlp([3, 4], rng=np.random.default_rng(6)), sweeps=1, beta=beta,
                         noise=Cubature(), dtype=np.float64).fit(X)
    q, layer = solver.infer(X), solver.model.decoder
    mu, sigma = q[:, :2], np.exp(q[:, 2:])
    g = layer(np.zeros((1, 2)))[0]
    W = layer(np.eye(2))[0] - g
    # E log p(x|z) of an affine decoder, minus the KL
    expected = (-1.5 * np.log(2 * np.pi * 0.49) - (((X - mu @ W - g) ** 2).sum(1) + sigma**2 @ (W * W).sum(1)) / 0.98
                - 0.5 * (sigma**2 + mu**2 - 1 - 2 * np.log(sigma)).sum(1))
    np.testing.assert_allclose(solver.gradient(X), expected, rtol=1e-10)


def test_one_row_beyond_float32_is_inferred_in_float64_and_changes_no_other():
    X = np.random.default_rng(7).normal(size=(5, 2))
    solver = AmortizedVI(probabilistic_pca(1, 2, sigma_g=1.0), encoder=mlp([2, 2]), sweeps=1).fit(X)
    far = X.copy()
    far[2] = 3e38, -3e38
    found, before = solver.infer(far), solver.infer(X)
    assert np.isfinite(found).all() and np.abs(found[2]).max() > 1e37
    np.testing.assert_array_equal(np.delete(found, 2, 0), np.delete(before, 2, 0))
