"""The exact M-step: it is the closed form of EM, it never falls, and it says so when the likelihood has no maximum."""

import numpy as np
import pytest

from npvae import datasets
from npvae.inference import VariationalEM, argmax_q, elbo
from npvae.inference.theta_steps import ExactStep
from npvae.models import (
    Categorical,
    GaussianLikelihood,
    LatentVariableModel,
    MonteCarlo,
    mixture_of_gaussians,
    probabilistic_pca,
)
from npvae.nn import lay_out, mlp

DIGITS = datasets.digits().train


def em_by_hand(X, means, sigma2, sweeps):
    """log p(x) of a mixture with equal variances before every sweep of textbook EM, nats a row."""
    log_pi, history = np.full(len(means), -np.log(len(means))), []
    for _ in range(sweeps):
        squares = ((X[:, None] - means) ** 2).sum(2)
        joint = log_pi - 0.5 * squares / sigma2 - 0.5 * X.shape[1] * np.log(2 * np.pi * sigma2)
        log_p = np.logaddexp.reduce(joint, axis=1)
        history.append(log_p.mean())
        r = np.exp(joint - log_p[:, None])
        means, log_pi = r.T @ X / r.sum(0)[:, None], np.log(r.mean(0))
        sigma2 = (r * ((X[:, None] - means) ** 2).sum(2)).sum() / X.size
    return np.array(history)


@pytest.mark.parametrize("K", [2, 3, 10, 30])
def test_em_on_digits_never_falls_and_is_textbook_em(K):
    model = mixture_of_gaussians(K, 64, means=DIGITS[:K])
    em = VariationalEM(model, sweeps=30, exact_m_step=True).fit(DIGITS)
    assert np.diff(em.history["elbo"]).min() > -1e-11
    np.testing.assert_allclose(em.history["elbo"], em_by_hand(DIGITS, DIGITS[:K], DIGITS.var(0).mean(), 30), atol=1e-8)


@pytest.mark.parametrize("K", [2, 3, 10, 30])
def test_in_float32_em_falls_by_no_more_than_rounding(K):
    model = mixture_of_gaussians(K, 64, means=DIGITS[:K])
    em = VariationalEM(model, sweeps=30, exact_m_step=True, dtype=np.float32).fit(DIGITS)
    assert np.diff(em.history["elbo"]).min() > -1e-5


@pytest.mark.parametrize("K", [1, 2, 3, 10])
@pytest.mark.parametrize("seed", range(5))
def test_the_means_of_a_mixture_are_the_weighted_means(K, seed):
    rng = np.random.default_rng(seed)
    x, q = rng.normal(size=(500, 5)), rng.normal(size=(500, K))
    model = mixture_of_gaussians(K, 5, rng=rng)
    parameters = lay_out({"theta": model})
    model = model.on(parameters, "theta.")
    ExactStep(model)(q, x, None)
    r = np.exp(q) / np.exp(q).sum(1, keepdims=True)
    np.testing.assert_allclose(model.decode(np.eye(K)), r.T @ x / r.sum(0)[:, None], atol=1e-12)


@pytest.mark.parametrize("model, X", [
    (mixture_of_gaussians(3, 2), np.ones((20, 2))), (mixture_of_gaussians(1, 2), np.ones((20, 2))),
    (probabilistic_pca(1, 2), np.ones((20, 2))),
    (mixture_of_gaussians(3, 2, means=np.eye(3, 2)), 9 * np.eye(3, 2))],
    ids=["constant data", "one component", "pca", "a component a row"])
def test_data_that_are_fitted_exactly_end_in_an_error_before_theta_is_lost(model, X):
    em = VariationalEM(model, sweeps=300, exact_m_step=True)
    with pytest.raises(ValueError, match="fits the data exactly.*sigma_g"):
        em.fit(X)
    assert np.isfinite(em.parameters.value).all()


def test_a_sigma_that_is_given_lets_data_be_fitted_exactly():
    em = VariationalEM(mixture_of_gaussians(3, 2, sigma_g=0.5), sweeps=20, exact_m_step=True).fit(np.ones((20, 2)))
    np.testing.assert_allclose(em.model.decode(np.eye(3)), 1, atol=1e-12)


def test_random_noise_with_the_exact_step_is_turned_away_by_name():
    em = VariationalEM(probabilistic_pca(1, 2), exact_m_step=True, noise=MonteCarlo(2))
    with pytest.raises(ValueError, match=r"deterministic nodes.*noise MonteCarlo\(samples=2\)"):
        em.fit(np.random.default_rng(0).normal(size=(20, 2)))


def test_noise_that_a_mixture_does_not_use_changes_nothing():
    X, model = np.random.default_rng(0).normal(size=(20, 2)), mixture_of_gaussians(2, 2)
    fits = [VariationalEM(model, sweeps=5, exact_m_step=True, noise=noise).fit(X) for noise in (None, MonteCarlo(2))]
    np.testing.assert_array_equal(fits[0].parameters.value, fits[1].parameters.value)


def test_weights_that_are_not_learned_stay_as_they_were_given():
    weights = [0.2, 0.3, 0.5]
    model = LatentVariableModel(Categorical(3, weights, learn_weights=False), mlp([3, 64]), GaussianLikelihood())
    em = VariationalEM(model, sweeps=5, exact_m_step=True).fit(DIGITS[:100])
    latent = em.model.latent
    np.testing.assert_allclose(latent.mean(latent.prior_row()[None])[0], weights, rtol=1e-14)
    # though others would be likelier
    assert np.abs(latent.mean(em.infer(DIGITS[:100])).mean(0) - weights).max() > 0.05


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_component_that_has_lost_all_rows_keeps_a_weight_that_is_a_number(dtype):
    x = np.array([[0.0], [1.0], [3.0]], dtype)
    model = mixture_of_gaussians(2, 1, sigma_g=1.0)
    parameters = lay_out({"theta": model}, dtype)
    model = model.on(parameters, "theta.")
    q = np.tile(np.array([0.0, -1e4], dtype), (3, 1))
    ExactStep(model)(q, x, None)
    np.testing.assert_allclose(model.latent.logits, [0, np.log(np.finfo(dtype).tiny)], rtol=1e-6)
    # log p(x) is that of the other one alone, N(x̄, 1)
    expected = -0.5 * (x[:, 0] - 4 / 3) ** 2 - 0.5 * np.log(2 * np.pi)
    np.testing.assert_allclose(elbo(model, argmax_q(model, q, x), x)[0], expected, rtol=1e-5)


def test_the_exact_step_takes_all_rows_without_being_told():
    X = np.random.default_rng(0).normal(size=(130, 3))
    fits = [VariationalEM(probabilistic_pca(1, 3), sweeps=3, exact_m_step=True, **batch).fit(X)
            for batch in ({}, {"batch_size": 130})]
    np.testing.assert_array_equal(fits[0].parameters.value, fits[1].parameters.value)


def test_in_float32_a_component_without_rows_is_not_inverted_either():
    X = DIGITS[:400]
    for seed in (0, 2, 5):
        model = mixture_of_gaussians(10, 64, rng=np.random.default_rng(seed))
        em = VariationalEM(model, sweeps=40, dtype=np.float32, exact_m_step=True, seed=seed).fit(X)
        assert np.diff(em.history["elbo"]).min() > -1e-3
