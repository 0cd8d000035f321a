"""What the functions of q refuse, each in a sentence: models, rows, draws, nodes or functions that do not fit."""

import numpy as np
import pytest

import npvae
from npvae.inference import DivergenceError, fit_rows, fit_vae, log_weight, pathwise_elbo, total_derivative
from npvae.inference.gradient_estimators import squared_norm
from npvae.models import Noise

MODEL, X, Q = npvae.probabilistic_pca(2, 3), np.ones((5, 3)), np.zeros((5, 4))
NOISE, Z = npvae.MonteCarlo(4)(0, batch=5, dim=2), np.zeros((4, 5, 2))
ENCODER = npvae.mlp([3, 4])
WITH_A_MODEL = [
    lambda m: npvae.elbo(m, Q, X, NOISE), lambda m: npvae.argmax_q(m, Q, X), lambda m: npvae.evaluate(m, Q, X),
    lambda m: npvae.importance_weighted_bound(m, Q, X), lambda m: npvae.gap_decomposition(m, Q, X),
    lambda m: npvae.log_marginal(m, X), lambda m: npvae.exact_posterior(m, X), lambda m: log_weight(m, Q, X),
    lambda m: pathwise_elbo(m, Q, X, NOISE), lambda m: total_derivative(m, Q, X, NOISE),
    lambda m: npvae.sticking_the_landing(m, Q, X, NOISE), npvae.VariationalEM, npvae.SharedQ, npvae.AmortizedVI,
    lambda m: fit_rows(m, X, print, 0), lambda m: fit_vae(m, ENCODER, X, print, 0)]


@pytest.mark.parametrize("ask", WITH_A_MODEL)
@pytest.mark.parametrize("model", ["pca", 3, None, npvae.LatentVariableModel, npvae.Gaussian(2)])
def test_what_is_no_model_is_named(ask, model):
    with pytest.raises(ValueError, match="^model is .*, expected a LatentVariableModel"):
        ask(model)


@pytest.mark.parametrize("noise", [3, Z, Noise(NOISE.eps[:, :3], NOISE.w), Noise(NOISE.eps[:0], NOISE.w[:0]),
                                   Noise(NOISE.eps, NOISE.w[:2]), Noise(NOISE.eps * np.nan, NOISE.w),
                                   Noise("eps", NOISE.w), Noise(NOISE.eps[..., :1], NOISE.w)])
def test_nodes_that_do_not_fit_are_refused(noise):
    curved = npvae.mlp_model(2, [4], 3)
    for ask in (lambda: npvae.elbo(MODEL, Q, X, noise), lambda: total_derivative(MODEL, Q, X, noise),
                lambda: npvae.pathwise(npvae.Gaussian(2), Q, squared_norm, noise),
                lambda: npvae.argmax_q(curved, Q, X, noise)):
        with pytest.raises(ValueError, match="^noise.*(expected|not finite)"):
            ask()


def test_nodes_of_their_own_for_each_row_stay_with_it_when_other_rows_have_converged():
    model, rng = npvae.mlp_model(2, [4], 3), np.random.default_rng(0)
    x = rng.normal(size=(6, 3)) * np.array([0.1, 1, 5, 0.1, 1, 5])[:, None]
    noise = npvae.MonteCarlo(4)(rng, 6, 2)
    together = npvae.argmax_q(model, np.zeros((6, 4)), x, noise, 1e-3)
    for i in range(6):
        alone = npvae.argmax_q(model, np.zeros((1, 4)), x[i:i + 1], Noise(noise.eps[:, i:i + 1], noise.w), 1e-3)
        np.testing.assert_allclose(together[i:i + 1], alone, rtol=1e-9)


@pytest.mark.parametrize("noise", [npvae.tanh, lambda: 1, lambda *_: None, np.zeros])
def test_a_rule_that_gives_no_nodes_is_refused(noise):
    curved = npvae.mlp_model(2, [4], 3)
    for ask in (lambda: npvae.evaluate(curved, Q, X, noise), lambda: npvae.AmortizedVI(curved, 1, noise=noise).fit(X)):
        with pytest.raises(ValueError, match="^noise is"):
            ask()


@pytest.mark.parametrize("f", [None, lambda z: None, lambda z: (z, 1), lambda z: ("y", "back"),
                               lambda z: ((z**2).sum(2), 1), lambda z: ((z**2).sum(2), lambda d: d)])
def test_a_function_to_be_averaged_that_does_not_answer_is_refused(f):
    with pytest.raises(ValueError, match="expected"):
        npvae.pathwise(npvae.Gaussian(2), Q, f, NOISE)


@pytest.mark.parametrize("scale", [1e200, 800.0])
def test_gradients_beyond_floats_are_refused_without_a_warning(scale):
    q = Q + scale
    for ask in (lambda: npvae.pathwise(npvae.Gaussian(2), q, squared_norm, NOISE),
                lambda: total_derivative(MODEL, q, X, NOISE), lambda: pathwise_elbo(MODEL, q, X, NOISE)):
        with pytest.raises(ValueError, match="beyond what floats hold"):
            ask()


def test_a_score_of_far_draws_is_refused_without_a_warning():
    for estimator in (npvae.score_function, npvae.leave_one_out):
        with pytest.raises(ValueError, match="beyond what floats hold"):
            estimator(npvae.Gaussian(2), Q - 800.0, squared_norm, Z + 1.0)


@pytest.mark.parametrize("estimator", [3, None, lambda *_: None, lambda *_: np.zeros(3)])
def test_what_is_no_estimator_is_refused(estimator):
    for ask in (lambda: fit_rows(MODEL, X, estimator, 0, 2), lambda: fit_vae(MODEL, ENCODER, X, estimator, 0, 2)):
        with pytest.raises(ValueError, match="estimator"):
            ask()


def test_a_gradient_beyond_floats_on_the_way_is_a_divergence():
    climb = npvae.elbo_estimators(npvae.Gaussian(2), 4)["pathwise"]
    with pytest.raises(DivergenceError, match="too noisy"):
        fit_rows(npvae.mlp_model(2, [4], 3), X, climb, 0, steps=50, learning_rate=1e6)


def test_a_gradient_is_asked_of_an_encoder_that_is_there():
    with pytest.raises(ValueError, match="call fit"):
        npvae.AmortizedVI(MODEL).gradient(X)


@pytest.mark.parametrize("wrong", [{"gradients": "x"}, {"exact": [1.0]}, {"level": 2}, {"level": "x"},
                                   {"gradients": np.full((9, 3), 1e300)}, {"gradients": np.full((9, 3), np.nan)}])
def test_a_test_of_unbiasedness_of_what_makes_no_sense(wrong):
    gradients = np.random.default_rng(0).normal(size=(9, 3))
    with pytest.raises(ValueError, match="expected"):
        npvae.unbiasedness_test(**({"gradients": gradients, "exact": np.zeros(3)} | wrong))
