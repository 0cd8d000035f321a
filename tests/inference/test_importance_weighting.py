"""Importance weighting where a posterior has several hills: q sees its own, a mixture all."""

import warnings

import numpy as np
import pytest

from npvae import VAE
from npvae.datasets import digits as digits_data
from npvae.inference import importance_weighted_bound
from npvae.inference.argmax_q import argmax_q
from npvae.models import (
    Gaussian,
    GaussianLikelihood,
    LatentVariableModel,
    mixture_of_gaussians,
    mlp_model,
    probabilistic_pca,
)
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
    with pytest.warns(UserWarning, match=r'hills that q sends no draws to in 1 of 1 rows.*proposal="mixture"'):
        alone, size = importance_weighted_bound(model, q, X, return_effective_sample_size=True)
    assert exact - alone[0] == pytest.approx(K * np.log(2), abs=0.05) and size[0] > 900
    for seed in range(10):
        value, size = importance_weighted_bound(model, q, X, 1000, seed=seed, proposal="mixture",
                                                return_effective_sample_size=True)
        assert abs(value[0] - exact) < 0.03 and 100 < size[0] < 1000
    values = [importance_weighted_bound(model, q, X, 1000, 20, seed, proposal="mixture")[0] for seed in range(10)]
    np.testing.assert_allclose(values, exact, atol=0.03)


@pytest.mark.parametrize("K", [1, 2, 3])
def test_each_row_whose_q_misses_a_hill_is_said(K):
    model, X = squares(K), np.random.default_rng(K).uniform(0.5, 4, size=(200, K))
    X[:50] = -1.0                                               # z = 0: one hill
    start = np.sqrt(np.maximum(X, 0.0))
    q = argmax_q(model, np.concatenate([start, np.full_like(start, -2.0)], axis=1), X)
    for seed in range(3):
        with pytest.warns(UserWarning, match="no draws to in 150 of 200 rows: .* is 0.[67]. nats too low, or more"):
            importance_weighted_bound(model, q, X, seed=seed)


def test_the_look_for_missed_hills_leaves_the_draws_alone():
    model, X, rng = squares(1), np.full((1, 1), 4.0), np.random.default_rng(0)
    q = np.array([[2.0, -3.6]])
    with pytest.warns(UserWarning, match="no draws to"):
        a = importance_weighted_bound(model, q, X, seed=rng)[0]
    twin = np.random.default_rng(0)
    z = twin.normal(size=(1000, 1, 1)) * np.exp(-3.6) + 2
    log_w = model.log_likelihood(X, z)[0] + model.latent.log_prior(z) - model.latent.log_q(q, z)
    assert a == pytest.approx(np.log(np.exp(log_w).mean()), abs=1e-10) and rng.random() == twin.random()


def one_hill(sigma_g, rng):
    """A decoder with one broad hill for each x, and its data."""
    model = mlp_model(2, [16], 3, GaussianLikelihood(sigma_g), rng=rng)
    return model, model.sample(100, rng)[0]


@pytest.mark.parametrize("seed", range(10))
def test_nothing_is_said_where_q_is_fine(seed):
    rng = np.random.default_rng(seed)
    pca, mixture = probabilistic_pca(2, 5, sigma_g=0.3), mixture_of_gaussians(4, 5)
    for model, X in [(model, model.sample(100, rng)[0]) for model in (pca, mixture)] + [one_hill(0.5, rng)]:
        q = argmax_q(model, None, X)
        value, size = importance_weighted_bound(model, q, X, seed=seed, return_effective_sample_size=True)
        assert size.min() > 100


def test_no_hill_is_said_of_an_encoder_of_digits():
    digits = digits_data()
    vae = VAE(progress=False, sweeps=20).fit(digits.train)
    for q in (vae.solver_.infer(digits.test[:50]), argmax_q(vae.model_, None, digits.test[:50])):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            for seed in range(3):
                importance_weighted_bound(vae.model_, q, digits.test[:50], seed=seed)
        assert not [str(w.message) for w in said if "hills" in str(w.message)]


def test_with_a_mixture_few_effective_draws_ask_for_more_samples():
    model, X = squares(2), np.full((1, 2), 900.0)
    with pytest.warns(UserWarning, match="of 100 draws only .* take more samples"):
        importance_weighted_bound(model, np.zeros((1, 4)), X, 100, proposal="mixture")


@pytest.mark.parametrize("x", [6.0, 8.0])
def test_hills_where_the_prior_is_thin_are_found(x):
    model, X, q = squares(2), np.full((1, 2), x), np.array([[x**0.5] * 2 + [-2.0] * 2])
    exact = log_marginal(model, X, tolerance=1e-4)[0]
    # one of four hills is worth 0.29 nats
    values = [importance_weighted_bound(model, q, X, seed=seed, proposal="mixture")[0] for seed in range(20)]
    np.testing.assert_allclose(values, exact, atol=0.1)


def test_the_prior_as_proposal_has_next_to_no_effective_draws():
    model, X = squares(2), np.full((1, 2), 4.0)
    with pytest.warns(UserWarning, match="draws only .* have a say in row 0, and few in 1 of 1 rows"):
        _, size = importance_weighted_bound(model, np.zeros((1, 4)), X, return_effective_sample_size=True)
    assert size[0] < 5
    with pytest.raises(ValueError, match="proposal is 'p', expected"):
        importance_weighted_bound(model, np.zeros((1, 4)), X, proposal="p")
