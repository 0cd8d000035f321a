"""Probabilistic PCA: posterior, best diagonal q, approximation gap, maximum likelihood, against explicit Gaussians."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npvae import elbo, log_marginal
from npvae.models import (
    BernoulliLikelihood,
    Cubature,
    Gaussian,
    GaussianLikelihood,
    LatentVariableModel,
    mixture_of_gaussians,
    mlp_model,
    probabilistic_pca,
)
from npvae.models.affine import (
    affine_map,
    approximation_gap,
    best_diagonal_rows,
    is_affine_gaussian,
    maximum_likelihood_ppca,
    posterior,
)
from npvae.nn import Affine, chain, mlp

models = given(st.integers(1, 4), st.integers(1, 5), st.sampled_from([0.1, 0.5, 2.0]), st.integers(0, 10**6))


def random_model(K, D, sigma_g, seed):
    rng = np.random.default_rng(seed)
    model = probabilistic_pca(K, D, sigma_g, rng)
    return model, model.sample(6, rng)[0]


def conditioned_joint(model, X):
    """Mean and covariance of z given x from the joint Gaussian of (z, x), by conditioning a block matrix."""
    W, b = model.decoder.layers[0].W, model.decoder.layers[0].b
    C = W.T @ W + model.likelihood.sigma_g**2 * np.eye(len(b))
    # z | x ~ N(C_zx C_xx⁻¹ (x − b), I − C_zx C_xx⁻¹ C_xz)
    gain = np.linalg.solve(C, W.T).T
    return (X - b) @ gain.T, np.eye(len(W)) - gain @ W.T


def exact_elbo(model, q, X):
    return elbo(model, q, X, Cubature()(None, len(X), model.latent.dim))[0]


@models
def test_the_posterior_is_the_conditioned_joint_gaussian(K, D, sigma_g, seed):
    model, X = random_model(K, D, sigma_g, seed)
    for computed, expected in zip(posterior(model, X), conditioned_joint(model, X), strict=True):
        np.testing.assert_allclose(computed, expected, rtol=0, atol=1e-11)


def test_the_posterior_at_a_tiny_sigma_with_more_latents_than_data_dimensions():
    model, X = random_model(4, 2, 1e-8, 0)
    W, b = model.decoder.layers[0].W, model.decoder.layers[0].b
    mean, covariance = posterior(model, X)
    # σ → 0: the mean is the shortest z that reaches x, the covariance projects onto the null space of W
    np.testing.assert_allclose(mean, (X - b) @ np.linalg.pinv(W), rtol=0, atol=1e-9)
    np.testing.assert_allclose(covariance, np.eye(4) - W @ np.linalg.pinv(W), rtol=0, atol=1e-9)


@models
def test_bayes_rule_holds_at_every_z(K, D, sigma_g, seed):
    model, X = random_model(K, D, sigma_g, seed)
    mean, covariance = posterior(model, X)
    z = np.random.default_rng(seed).normal(size=(1, len(X), K))
    error = z[0] - mean
    log_posterior = -0.5 * (np.einsum("bj,jk,bk->b", error, np.linalg.inv(covariance), error)
                            + np.linalg.slogdet(2 * np.pi * covariance)[1])
    log_joint = model.log_likelihood(X, z)[0][0] + model.latent.log_prior(z)[0]
    np.testing.assert_allclose(log_joint - log_posterior, log_marginal(model, X), rtol=1e-9, atol=1e-9)


@models
def test_the_best_diagonal_rows_fall_short_of_log_p_by_the_gap_and_no_other_row_by_less(K, D, sigma_g, seed):
    model, X = random_model(K, D, sigma_g, seed)
    q, gap = best_diagonal_rows(model, X), approximation_gap(model)
    best, rng = exact_elbo(model, q, X), np.random.default_rng(seed)
    np.testing.assert_allclose(log_marginal(model, X) - best, gap, rtol=1e-9, atol=1e-9)
    assert gap >= -1e-12
    for size in (1e-3, 0.1, 1.0):
        assert (exact_elbo(model, q + size * rng.normal(size=q.shape), X) < best).all()


def test_the_gap_of_a_rotated_w_is_the_textbook_formula_and_that_of_an_aligned_one_is_zero():
    aligned = np.array([[3.0, 0, 0], [0, 1.0, 0]])
    c, s = math.cos(0.4), math.sin(0.4)
    for W, P in [(aligned, np.diag([10.0, 2.0])), (np.array([[c, -s], [s, c]]) @ aligned, None)]:
        model = LatentVariableModel(Gaussian(2), Affine(W, np.zeros(3)), GaussianLikelihood(1.0))
        if P is None:
            P = np.array([[1 + 9 * c * c + s * s, 8 * c * s], [8 * c * s, 1 + 9 * s * s + c * c]])
        expected = 0.5 * (math.log(P[0, 0]) + math.log(P[1, 1]) - math.log(P[0, 0] * P[1, 1] - P[0, 1]**2))
        assert approximation_gap(model) == pytest.approx(expected, abs=1e-14)
    assert expected > 0.1                                       # so the rotated frame did have one


@pytest.mark.parametrize("K", [1, 2, 4])
def test_the_maximum_likelihood_solution_is_tipping_and_bishops(K):
    rng = np.random.default_rng(0)
    X, D = rng.normal(size=(400, 5)) @ rng.normal(size=(5, 5)) + rng.normal(size=5), 5
    eigenvalues = np.linalg.eigvalsh(np.cov(X.T, bias=True))[::-1]
    s2 = eigenvalues[K:].mean()
    model = maximum_likelihood_ppca(X, K)
    W, b = affine_map(model)
    np.testing.assert_allclose(b, X.mean(0), rtol=1e-12)
    assert model.likelihood.sigma_g**2 == pytest.approx(s2, rel=1e-12)
    np.testing.assert_allclose(W @ W.T, np.diag(eigenvalues[:K] - s2), atol=1e-12)     # aligned, strongest first
    # −½[D log 2π + Σ_{j≤K} log λ_j + (D − K) log s² + D]
    expected = -0.5 * (D * math.log(2 * math.pi) + np.log(eigenvalues[:K]).sum() + (D - K) * math.log(s2) + D)
    assert log_marginal(model, X).mean() == pytest.approx(expected, abs=1e-12)
    q = best_diagonal_rows(model, X)
    assert approximation_gap(model) == pytest.approx(0, abs=1e-13)
    assert model.latent.kl(q)[0].mean() == pytest.approx(0.5 * np.log(eigenvalues[:K] / s2).sum(), rel=1e-12)
    # the posteriors of all data add up to the prior
    aggregate = np.cov(q[:, :K].T, bias=True) + posterior(model, X)[1]
    np.testing.assert_allclose(aggregate, np.eye(K), atol=1e-12)


@given(st.integers(0, 10**6))
def test_no_other_model_is_likelier_than_the_maximum_likelihood_solution(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(60, 3)) * [2.0, 1.0, 0.5]
    model = maximum_likelihood_ppca(X, 1)
    best, layer = log_marginal(model, X).mean(), model.decoder.layers[0]
    other = LatentVariableModel(Gaussian(1), Affine(layer.W + 0.1 * rng.normal(size=(1, 3)),
                                                    layer.b + 0.1 * rng.normal(size=3)),
                                GaussianLikelihood(model.likelihood.sigma_g * math.exp(0.1 * rng.normal())))
    assert log_marginal(other, X).mean() < best


@pytest.mark.parametrize("K, expected", [(3, "1 … 2 for data with 3 columns"), (4, "1 … 2 for data with 3 columns"),
                                         *((K, "a whole number from 1") for K in (0, -1, 1.0))])
def test_a_latent_that_is_not_smaller_than_the_data_is_refused(K, expected):
    with pytest.raises(ValueError, match=f"latent_dim is {K}, expected {expected}"):
        maximum_likelihood_ppca(np.random.default_rng(0).normal(size=(9, 3)), K)


def test_data_whose_squares_overflow_have_no_covariance():
    with pytest.raises(ValueError, match="the squares would overflow; rescale the data"):
        maximum_likelihood_ppca(1e160 * np.random.default_rng(0).normal(size=(9, 3)), 1)


def test_data_without_variance_outside_the_latent_directions_are_refused():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 1)) @ rng.normal(size=(1, 3))
    with pytest.raises(ValueError, match="the data lie in 1 or fewer directions"):
        maximum_likelihood_ppca(X, 1)


def test_affine_layers_one_after_another_are_one_affine_map():
    rng = np.random.default_rng(0)
    first, second = Affine.random(2, 4, rng), Affine.random(4, 3, rng)
    W, b = affine_map(LatentVariableModel(Gaussian(2), chain(first, second), GaussianLikelihood(0.5)))
    np.testing.assert_allclose(W, first.W @ second.W, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(b, first.b @ second.W + second.b, rtol=1e-12, atol=1e-15)


def test_only_gaussian_affine_gaussian_counts_as_probabilistic_pca():
    assert is_affine_gaussian(probabilistic_pca(2, 3))
    assert is_affine_gaussian(LatentVariableModel(Gaussian(2), mlp([2, 3]).layers[0], GaussianLikelihood(1.0)))
    assert not is_affine_gaussian(mlp_model(2, [3], 3))
    assert not is_affine_gaussian(mixture_of_gaussians(2, 3))
    assert not is_affine_gaussian(LatentVariableModel(Gaussian(2), mlp([2, 3]), BernoulliLikelihood()))
