"""What the ELBO means: ELBO + KL(q ‖ posterior) = log p(x), so it is a bound, and each row's is its own."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numeric_inference import (
    central_difference,
    joint_of_mixture,
    joint_on_grid,
    kl_to_posterior_of_pca,
    log_integral,
    log_p_of_pca,
    relative_error,
)

from npvae.inference import elbo
from npvae.models import (
    Categorical,
    Cubature,
    GaussHermite,
    Gaussian,
    GaussianLikelihood,
    LatentVariableModel,
    MonteCarlo,
    Noise,
    mlp_model,
    probabilistic_pca,
)
from npvae.nn import mlp

GRID, H = np.linspace(-12, 12, 4801, retstep=True)
seeds = st.integers(0, 2**32 - 1)
sigmas = st.floats(0.2, 3)


def rows(size, low=-3.0, high=3.0):
    return arrays(np.float64, (4, size), elements=st.floats(low, high))


def mixture(rng, sigma_g=0.6):
    weights = rng.dirichlet([5, 5, 5])
    return LatentVariableModel(Categorical(3, weights), mlp([3, 2], rng=rng), GaussianLikelihood(sigma_g))


def curve(rng, sigma_g=0.5):
    return mlp_model(1, [4], 2, GaussianLikelihood(sigma_g), rng=rng)


def on_nodes(model, q, X, noise):
    return elbo(model, q, X, noise(None, len(X), model.latent.dim))[0]


@pytest.mark.parametrize("seed", range(5))
def test_identity_of_a_mixture_by_enumeration(seed):
    rng = np.random.default_rng(seed)
    model, X, q = mixture(rng), rng.normal(size=(20, 2)), 3 * rng.normal(size=(20, 3))
    joint = joint_of_mixture(model, X)
    log_p = np.logaddexp.reduce(joint, axis=1)
    log_q = q - np.logaddexp.reduce(q, axis=1)[:, None]
    kl = (np.exp(log_q) * (log_q - (joint - log_p[:, None]))).sum(1)
    assert kl.min() > 1e-4
    np.testing.assert_allclose(elbo(model, q, X)[0] + kl, log_p, rtol=0, atol=1e-10)


@pytest.mark.parametrize("K", [1, 2, 5, 20])
def test_identity_of_probabilistic_pca_in_closed_form(K):
    rng = np.random.default_rng(K)
    model, X = probabilistic_pca(K, 6, 0.7, rng), rng.normal(size=(20, 6))
    q = rng.normal(size=(20, 2 * K))
    kl = kl_to_posterior_of_pca(model, q, X)
    assert kl.min() > 1e-4
    np.testing.assert_allclose(on_nodes(model, q, X, Cubature()) + kl, log_p_of_pca(model, X), rtol=0, atol=1e-10)


@pytest.mark.parametrize("seed", range(5))
def test_identity_of_a_nonlinear_decoder_on_a_grid(seed):
    rng = np.random.default_rng(seed)
    model, X = curve(rng), rng.normal(size=(20, 2))
    q = np.stack([rng.normal(size=20), rng.uniform(-2, -0.5, 20)], axis=1)
    joint, sigma = joint_on_grid(model, X, GRID), np.exp(q[:, 1:])
    log_p = log_integral(joint, H)
    log_q = -0.5 * ((GRID - q[:, :1]) / sigma) ** 2 - q[:, 1:] - 0.5 * np.log(2 * np.pi)
    kl = (np.exp(log_q) * (log_q - joint + log_p[:, None])).sum(1) * H
    assert kl.min() > 1e-4
    np.testing.assert_allclose(on_nodes(model, q, X, GaussHermite(64)) + kl, log_p, rtol=0, atol=1e-10)


@given(seeds, sigmas, rows(3, -30, 30))
def test_no_mixture_passes_its_log_p(seed, sigma_g, q):
    rng = np.random.default_rng(seed)
    model, X = mixture(rng, sigma_g), 2 * rng.normal(size=(4, 2))
    assert (elbo(model, q, X)[0] <= np.logaddexp.reduce(joint_of_mixture(model, X), axis=1) + 1e-9).all()


@given(seeds, sigmas, rows(6))
def test_no_pca_passes_its_log_p(seed, sigma_g, q):
    rng = np.random.default_rng(seed)
    model, X = probabilistic_pca(3, 5, sigma_g, rng), 2 * rng.normal(size=(4, 5))
    assert (on_nodes(model, q, X, Cubature()) <= log_p_of_pca(model, X) + 1e-9).all()


@given(seeds, sigmas, rows(1), rows(1, -4, 0))
def test_no_nonlinear_decoder_passes_its_log_p(seed, sigma_g, mu, log_sigma):
    rng = np.random.default_rng(seed)
    model, X = curve(rng, sigma_g), 2 * rng.normal(size=(4, 2))
    log_p = log_integral(joint_on_grid(model, X, GRID), H)
    assert (on_nodes(model, np.concatenate([mu, log_sigma], axis=1), X, GaussHermite(64)) <= log_p + 1e-9).all()


@pytest.mark.parametrize("latent", [Gaussian(2), Categorical(3)], ids=str)
def test_a_batch_is_its_rows_and_a_permuted_batch_is_the_permuted_rows(latent):
    rng = np.random.default_rng(0)
    model = LatentVariableModel(latent, mlp([latent.dim, 4, 3], rng=rng), GaussianLikelihood(0.8))
    X, q = rng.normal(size=(7, 3)), rng.normal(size=(7, latent.row_size))
    noise = MonteCarlo(3)(rng, 7, latent.dim)
    c = rng.normal(size=7)

    def of(order):
        value, back = elbo(model, q[order], X[order], Noise(noise.eps[:, order], noise.w))
        return value, back(c[order])

    values, gradients = of(np.arange(7))
    assert np.ptp(values) > 0.1
    one_by_one = [of(np.array([i])) for i in range(7)]
    np.testing.assert_allclose(values, [value[0] for value, _ in one_by_one], rtol=1e-13)
    np.testing.assert_allclose(gradients, [dq[0] for _, dq in one_by_one], rtol=1e-11, atol=1e-13)
    order = rng.permutation(7)
    for got, expected in zip(of(order), (values[order], gradients[order]), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-11, atol=1e-13)


class VarianceForDeviation(Gaussian):
    """The planted mistake: draws with σ² where σ belongs, and differentiates that correctly."""

    def nodes(self, q, noise):
        K, variance = self.dim, np.exp(2 * q[:, self.dim:])

        def back(dz, dw):
            return np.concatenate([dz.sum(0), (dz * noise.eps).sum(0) * 2 * variance], axis=1)

        return q[:, :K] + variance * noise.eps, noise.w, back


@pytest.mark.parametrize("latent, breaks", [(Gaussian(2), False), (VarianceForDeviation(2), True)])
def test_a_variance_in_place_of_a_deviation_passes_the_gradient_check_and_breaks_the_bound(latent, breaks):
    rng = np.random.default_rng(1)
    right = probabilistic_pca(2, 5, 0.3, rng)
    model = LatentVariableModel(latent, right.decoder, right.likelihood)
    X, q = right.sample(30, rng)[0], rng.normal(size=(30, 4))
    nodes = Cubature()(None, 30, 2)

    def total(v):
        return elbo(model, v.reshape(q.shape), X, nodes)[0].sum()

    gradient = elbo(model, q, X, nodes)[1](np.ones(30)).ravel()
    assert relative_error(gradient, central_difference(total, q.ravel())) <= 1e-6
    mean = np.linalg.solve(right.decoder.layers[0].W @ right.decoder.layers[0].W.T + 0.09 * np.eye(2),
                           right.decoder.layers[0].W @ (X - right.decoder.layers[0].b).T).T
    narrow = np.concatenate([mean, np.full_like(mean, -1.0)], axis=1)
    above = elbo(model, narrow, X, nodes)[0] > log_p_of_pca(right, X) + 1e-9
    assert above.all() if breaks else not above.any()
