"""The Gaussian with all covariances: formulas, gradients, no gap behind an affine decoder, all three solvers."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numeric_models import agree

import npvae
from npvae import AmortizedVI, Cubature, FullGaussian, GaussHermite, Gaussian, MonteCarlo, SharedQ, VariationalEM


def rows(K, B=4, seed=0):
    latent = FullGaussian(K)
    return latent, 0.5 * np.random.default_rng(seed).normal(size=(B, latent.row_size))


def factor_by_hand(q, K):
    L, below = np.diag(np.exp(q[K:2 * K])), list(q[2 * K:])
    for i in range(K):
        for j in range(i):
            L[i, j] = below.pop(0)
    return L


def test_a_climb_starts_where_that_of_a_gaussian_does_without_correlations():
    def log_joint(z):                                       # (S, 2) -> (S, 4)
        return -((z[:, :1] - [-1, 0, 1, 2]) ** 2) - (z[:, 1:] - 0.5) ** 2

    start = FullGaussian(2).starting_rows(log_joint, 4, np.random.default_rng(0))
    np.testing.assert_array_equal(start[:, :4], Gaussian(2).starting_rows(log_joint, 4, np.random.default_rng(0)))
    np.testing.assert_array_equal(start[:, 4:], 0)
    np.testing.assert_allclose(start[:, :2], [[-1, 0.5], [0, 0.5], [1, 0.5], [2, 0.5]], rtol=0, atol=0.4)


@given(st.integers(1, 4), st.integers(0, 10**6))
def test_kl_and_log_q_are_those_of_a_normal_distribution(K, seed):
    latent, q = rows(K, seed=seed)
    z = np.random.default_rng(seed).normal(size=(3, 4, K))
    for b in range(4):
        L, mu = factor_by_hand(q[b], K), q[b, :K]
        C = L @ L.T
        kl = 0.5 * (np.trace(C) + mu @ mu - K - np.linalg.slogdet(C)[1])
        assert latent.kl(q)[0][b] == pytest.approx(kl, abs=1e-11)
        for s in range(3):
            error = z[s, b] - mu
            density = -0.5 * (error @ np.linalg.inv(C) @ error + np.linalg.slogdet(2 * np.pi * C)[1])
            assert latent.log_q(q, z)[s, b] == pytest.approx(density, rel=1e-7, abs=1e-9)


def test_with_zeros_below_the_diagonal_it_is_the_diagonal_one():
    q, noise = 0.5 * np.random.default_rng(1).normal(size=(4, 6)), MonteCarlo(5)(0, 4, 3)
    wide = np.concatenate([q, np.zeros((4, 3))], axis=1)
    full, diagonal = FullGaussian(3), Gaussian(3)
    np.testing.assert_allclose(full.nodes(wide, noise)[0], diagonal.nodes(q, noise)[0], rtol=1e-14)
    np.testing.assert_allclose(full.kl(wide)[0], diagonal.kl(q)[0], rtol=1e-13)
    np.testing.assert_allclose(full.covariance(wide), diagonal.covariance(q), rtol=1e-14)
    np.testing.assert_array_equal(full.kl(full.prior_row()[None])[0], 0)


@pytest.mark.parametrize("rule", [MonteCarlo(3), Cubature()], ids=repr)
@pytest.mark.parametrize("K", [1, 3])
def test_gradients(K, rule):
    latent, q = rows(K)
    noise, rng = rule(np.random.default_rng(2), 4, K), np.random.default_rng(3)
    twin, dkl = q.astype(complex), rng.normal(size=4)
    agree(lambda: (dkl * latent.kl(q)[0]).sum(), q, lambda: (dkl * latent.kl(twin)[0]).sum(), twin,
          latent.kl(q)[1](dkl))
    z, w, back = latent.nodes(q, noise)
    dz = rng.normal(size=z.shape)
    agree(lambda: (dz * latent.nodes(q, noise)[0]).sum(), q, lambda: (dz * latent.nodes(twin, noise)[0]).sum(), twin,
          back(dz, np.zeros_like(w)))


@given(st.integers(1, 4), st.integers(0, 10**6))
def test_cubature_has_the_mean_and_covariance_of_the_row(K, seed):
    latent, q = rows(K, 1, seed)
    z, w, _ = latent.nodes(q, Cubature()(None, 1, K))
    mean = (w[:, :, None] * z).sum(0)[0]
    L = factor_by_hand(q[0], K)
    np.testing.assert_allclose(mean, q[0, :K], atol=1e-12)
    np.testing.assert_allclose(np.einsum("sb,sbi,sbj->ij", w, z - mean, z - mean), L @ L.T, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(latent.covariance(q), L @ L.T, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(latent.row_of(q[:, :K], L @ L.T), q, rtol=1e-6, atol=1e-9)


def test_samples_have_the_covariance_of_the_row():
    latent, q = rows(2, 1)
    z, L = latent.sample(q, 40_000, 0)[:, 0], factor_by_hand(q[0], 2)
    np.testing.assert_allclose(np.cov(z.T), L @ L.T, atol=0.05)


def turned(K=2, D=5, seed=0):
    model = npvae.probabilistic_pca(K, D, sigma_g=0.5, rng=seed)
    model.decoder.layers[0].W[...] = np.random.default_rng(seed).normal(size=(K, D))
    return replace(model, latent=FullGaussian(K)), model


@pytest.mark.parametrize("K", [1, 2, 4])
def test_behind_an_affine_decoder_the_best_q_is_the_posterior_and_no_gap_is_left(K):
    full, diagonal = turned(K)
    X = diagonal.sample(20, 0)[0]
    q = npvae.argmax_q(full, None, X)
    log_p = npvae.log_marginal(diagonal, X)
    np.testing.assert_allclose(npvae.log_marginal(full, X), log_p, rtol=1e-13)
    np.testing.assert_allclose(npvae.evaluate(full, q, X), log_p, rtol=0, atol=1e-10)
    if K > 1:
        assert (log_p - npvae.evaluate(diagonal, npvae.argmax_q(diagonal, None, X), X)).min() > 1e-3
    mean, covariance = npvae.exact_posterior(diagonal, X)
    np.testing.assert_allclose(full.latent.mean(q), mean, atol=1e-12)
    np.testing.assert_allclose(full.latent.covariance(q), covariance.sum(0), atol=1e-12)


def test_a_climb_reaches_what_the_closed_form_gives():
    class Lazy(npvae.GaussianLikelihood):
        """Of which no closed form is known."""

        closed_forms = frozenset()

    full, diagonal = turned()
    X = diagonal.sample(10, 0)[0]
    climbing = replace(full, likelihood=Lazy(0.5))
    q = npvae.argmax_q(climbing, None, X, GaussHermite(5)(None, 1, 2))
    np.testing.assert_allclose(npvae.evaluate(full, q, X), npvae.log_marginal(full, X), rtol=0, atol=1e-3)


@pytest.mark.parametrize("solver", [AmortizedVI, VariationalEM, SharedQ])
def test_every_solver_raises_the_elbo_below_the_evidence(solver):
    X = turned()[1].sample(60, 0)[0]
    model = replace(npvae.mlp_model(2, [4], 5, rng=0), latent=FullGaussian(2))
    first, last = (solver(model, sweeps=n, batch_size=20, learning_rate=1e-2).fit(X) for n in (1, 15))
    assert last.infer(X[:7]).shape == (7, 5)
    elbo = last.elbo(X)
    assert elbo.mean() > first.elbo(X).mean()
    assert (elbo <= npvae.log_marginal(last.model, X) + 1e-4).all()


def test_exact_em_with_full_covariances_reaches_the_maximum():
    X = turned()[1].sample(100, 0)[0]
    em = VariationalEM(replace(npvae.probabilistic_pca(2, 5), latent=FullGaussian(2)), sweeps=200, exact_m_step=True)
    best = npvae.log_marginal(npvae.maximum_likelihood_ppca(X, 2), X).mean()
    assert em.fit(X).elbo(X).mean() == pytest.approx(best, abs=1e-6)


def test_importance_weights_and_gaps_know_it():
    full, diagonal = turned()
    X = diagonal.sample(5, 0)[0]
    q = npvae.argmax_q(full, None, X)
    np.testing.assert_allclose(npvae.importance_weighted_bound(full, q, X, 10), npvae.log_marginal(full, X), atol=1e-9)
    gaps = npvae.gap_decomposition(full, q, X)
    np.testing.assert_allclose([gaps.approximation, gaps.amortization], 0, atol=1e-9)


def test_it_needs_noise_that_fits():
    latent, q = rows(2)
    with pytest.raises(ValueError, match="a FullGaussian latent needs noise"):
        latent.nodes(q, None)
    with pytest.raises(ValueError, match="noise"):
        npvae.elbo(turned()[0], q, np.ones((4, 5)))


def test_a_covariance_that_is_none_is_refused():
    with pytest.raises(ValueError, match="expected a positive definite matrix"):
        FullGaussian(2).row_of(np.zeros((1, 2)), np.zeros((2, 2)))
