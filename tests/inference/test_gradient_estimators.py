"""Estimators of ∂/∂q E_q f(z): right in the mean, as noisy as their closed forms say, and quiet where they ought to be.

Quadrature nodes carry polynomials exactly and one-hot nodes carry everything, so means and variances are first held
against the truth without a random number; the z-tests on draws come on top.
"""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import pytest
from numeric_inference import central_difference, complex_step, relative_error

from npvae.inference import DivergenceError, elbo
from npvae.inference.elbo_gradients import (
    elbo_estimators,
    log_weight,
    pathwise_elbo,
    sticking_the_landing,
    total_derivative,
)
from npvae.inference.estimator_training import fit_rows, fit_vae
from npvae.inference.estimator_variance import (
    best_baseline,
    expected_squared_norm,
    leave_one_out_variance,
    pathwise_variance,
    score_function_variance,
    unbiasedness_test,
    variance_against_dimension,
)
from npvae.inference.gradient_estimators import (
    leave_one_out,
    mean_baseline,
    optimal_baseline,
    pathwise,
    score_function,
    score_of_q,
    squared_norm,
)
from npvae.lab.plots import estimator_figure
from npvae.models import (
    BernoulliLikelihood,
    Categorical,
    GaussHermite,
    Gaussian,
    GaussianLikelihood,
    LatentVariableModel,
    MonteCarlo,
    mixture_of_gaussians,
    mlp_model,
    probabilistic_pca,
)
from npvae.models.exact import log_marginal
from npvae.nn import mlp

SIGMA = 0.8


def problem(latent, B=2, D=3, seed=0):
    """A nonlinear model, data and rows that are nowhere near an optimum."""
    rng = np.random.default_rng(seed)
    model = LatentVariableModel(latent, mlp([latent.dim, 4, D], rng=rng), GaussianLikelihood(0.7, learn=False))
    return model, rng.normal(size=(B, D)), 0.4 * rng.normal(size=(B, latent.row_size))


def isotropic(K, seed=0):
    """μ (K,) and the row [μ, log σ] (1, 2K)."""
    mu = np.random.default_rng(seed).normal(size=K)
    return mu, np.concatenate([mu, np.full(K, np.log(SIGMA))])[None]


def moments(gradient, w):
    """Mean and variance of gradients (S, B, R) under the weights w (S, B or 1) of their nodes."""
    mean = (w[:, :, None] * gradient).sum(0)
    return mean, (w[:, :, None] * (gradient - mean) ** 2).sum(0)


def exact_elbo_gradient(model, q, x):
    noise = None if isinstance(model.latent, Categorical) else GaussHermite(40)(None, len(x), model.latent.dim)
    return elbo(model, q, x, noise)[1](np.ones(len(x)))


def pca_at_its_posterior(K=2, D=4, B=3):
    """Probabilistic PCA with orthogonal rows of W, so that the posterior is a diagonal Gaussian, and its rows q."""
    rng = np.random.default_rng(1)
    model = probabilistic_pca(K, D, sigma_g=0.6, rng=rng)
    (layer,), s = model.decoder.layers, 0.6
    layer.W[...] = np.linalg.qr(rng.normal(size=(D, K)))[0].T * np.array([[1.5], [0.7]])
    x = rng.normal(size=(B, D))
    M = (layer.W**2).sum(1) + s**2
    log_sigma = np.broadcast_to(0.5 * np.log(s**2 / M), (B, K))
    return model, x, np.concatenate([(x - layer.b) @ layer.W.T / M, log_sigma], axis=1)


# ------------------------------------------------------------------ the pieces

@pytest.mark.parametrize("latent", [Gaussian(3), Categorical(4)], ids=str)
def test_the_score_is_the_derivative_of_log_q_at_a_fixed_z(latent):
    _, _, q = problem(latent)
    z, upstream = latent.sample(q, 5, np.random.default_rng(2)), np.random.default_rng(3).normal(size=(5, 2))

    def total(v):
        return (upstream * latent.log_q(v.reshape(q.shape), z)).sum()

    gradient = (upstream[:, :, None] * score_of_q(latent, q, z)).sum(0).ravel()
    assert relative_error(gradient, complex_step(total, q.ravel())) <= 1e-12
    assert relative_error(gradient, central_difference(total, q.ravel())) <= 1e-7


def test_the_squared_norm_and_the_log_weight_go_back_to_z():
    model, x, q = problem(Gaussian(2))
    z, upstream = np.random.default_rng(2).normal(size=(5, 2, 2)), np.random.default_rng(3).normal(size=(5, 2))
    for f in (squared_norm, log_weight(model, q, x)):

        def total(v, f=f):
            return (upstream * f(v.reshape(z.shape))[0]).sum()

        gradient = f(z)[1](upstream).ravel()
        assert relative_error(gradient, complex_step(total, z.ravel())) <= 1e-12
        assert relative_error(gradient, central_difference(total, z.ravel())) <= 1e-7


def test_the_mean_log_weight_is_the_elbo():
    model, x, q = problem(Gaussian(2))
    noise = GaussHermite(40)(None, 2, 2)
    value = log_weight(model, q, x)(model.latent.nodes(q, noise)[0])[0]
    np.testing.assert_allclose((noise.w * value).sum(0), elbo(model, q, x, noise)[0], rtol=1e-12)


@pytest.mark.parametrize("latent", [Gaussian(2), Categorical(4)], ids=str)
def test_draws_have_the_moments_of_q(latent):
    _, _, q = problem(latent)
    z = latent.sample(q, 200_000, np.random.default_rng(4))
    p = latent.mean(q)
    variance = np.exp(2 * q[:, 2:]) if isinstance(latent, Gaussian) else p * (1 - p)
    np.testing.assert_allclose(z.mean(0), p, atol=0.01)
    np.testing.assert_allclose(z.var(0), variance, rtol=0.02)


# ------------------------------------------------------------------ pathwise: a derivative, given the noise

ON_THE_PATH = {
    "E f": (lambda model, q, x, noise: pathwise(model.latent, q, squared_norm, noise),
            lambda model, q, x, noise: squared_norm(model.latent.nodes(q, noise)[0])[0]),
    "KL in closed form": (pathwise_elbo,
                          lambda model, q, x, noise: model.log_likelihood(x, model.latent.nodes(q, noise)[0])[0]
                          - model.latent.kl(q)[0]),
    "KL sampled": (total_derivative,
                   lambda model, q, x, noise: log_weight(model, q, x)(model.latent.nodes(q, noise)[0])[0]),
}


@pytest.mark.parametrize("name", ON_THE_PATH)
@pytest.mark.parametrize("shared", [False, True], ids=["own noise", "shared noise"])
def test_pathwise_is_the_derivative_given_the_noise_draw_by_draw(name, shared):
    estimator, value = ON_THE_PATH[name]
    model, x, q = problem(Gaussian(2))
    noise = MonteCarlo(3)(np.random.default_rng(5), 1 if shared else 2, 2)
    gradient = estimator(model, q, x, noise)
    for s in range(3):

        def total(v, s=s):
            return value(model, v.reshape(q.shape), x, noise)[s].sum()

        assert relative_error(gradient[s].ravel(), complex_step(total, q.ravel())) <= 1e-12
        assert relative_error(gradient[s].ravel(), central_difference(total, q.ravel())) <= 1e-7


def test_sticking_the_landing_is_the_derivative_with_q_inside_the_logarithm_held_fixed():
    model, x, q = problem(Gaussian(2))
    noise = MonteCarlo(3)(np.random.default_rng(5), 2, 2)
    gradient = sticking_the_landing(model, q, x, noise).sum(0).ravel()

    def total(v):
        return log_weight(model, q, x)(model.latent.nodes(v.reshape(q.shape), noise)[0])[0].sum()

    assert relative_error(gradient, complex_step(total, q.ravel())) <= 1e-12
    assert relative_error(gradient, central_difference(total, q.ravel())) <= 1e-7


def test_the_mean_pathwise_gradient_is_that_of_the_elbo_on_the_same_noise():
    model, x, q = problem(Gaussian(3))
    noise = MonteCarlo(6)(np.random.default_rng(5), 2, 3)
    np.testing.assert_allclose(pathwise_elbo(model, q, x, noise).mean(0), elbo(model, q, x, noise)[1](np.ones(2)),
                               rtol=1e-12, atol=1e-13)


# ------------------------------------------------------------------ mean and variance without a random number

@pytest.mark.parametrize("K", [1, 2])
def test_means_on_quadrature_nodes_are_exact(K):
    latent, (mu, q) = Gaussian(K), isotropic(K)
    noise = GaussHermite(8)(None, 1, K)
    z = latent.nodes(q, noise)[0]
    # ∂/∂μ = 2μ, ∂/∂log σ = 2σ²
    exact = np.concatenate([2 * mu, np.full(K, 2 * SIGMA**2)])[None]
    for gradient in (pathwise(latent, q, squared_norm, noise), score_function(latent, q, squared_norm, z),
                     score_function(latent, q, squared_norm, z, 3.7),
                     score_function(latent, q, squared_norm, z, np.arange(2.0 * K)[None])):
        np.testing.assert_allclose(moments(gradient, noise.w)[0], exact, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("K", [1, 2])
def test_variances_on_quadrature_nodes_are_the_closed_forms(K):
    latent, (mu, q) = Gaussian(K), isotropic(K)
    noise = GaussHermite(8)(None, 1, K)
    z = latent.nodes(q, noise)[0]

    def variance(gradient):
        return moments(gradient, noise.w)[1][0, :K]

    np.testing.assert_allclose(variance(pathwise(latent, q, squared_norm, noise)), pathwise_variance(mu, SIGMA))
    for c in (0.0, 1.3, expected_squared_norm(mu, SIGMA), best_baseline(mu, SIGMA)):
        np.testing.assert_allclose(variance(score_function(latent, q, squared_norm, z, c)),
                                   score_function_variance(mu, SIGMA, c), rtol=1e-10)
    least = score_function_variance(mu, SIGMA, best_baseline(mu, SIGMA))
    for step in (-0.01, 0.01):
        assert (least < score_function_variance(mu, SIGMA, best_baseline(mu, SIGMA) + step)).all()


def test_leave_one_out_is_exact_over_every_pair_of_nodes():
    latent, (mu, q) = Gaussian(1), isotropic(1)
    noise = GaussHermite(8)(None, 1, 1)
    z = latent.nodes(q, noise)[0].ravel()
    # a row for every pair of nodes: its two draws, and the weight of the pair
    pairs = np.stack(np.meshgrid(z, z)).reshape(2, -1, 1)
    weights = np.outer(noise.w, noise.w).ravel()
    gradient = leave_one_out(latent, np.tile(q, (64, 1)), squared_norm, pairs)
    for s in range(2):
        mean, variance = moments(gradient[s][:, None], weights[:, None])
        np.testing.assert_allclose(mean[0], [2 * mu[0], 2 * SIGMA**2], rtol=1e-10)
        np.testing.assert_allclose(variance[0, 0], leave_one_out_variance(mu, SIGMA, 2)[0], rtol=1e-10)


def test_estimated_baselines_tend_to_the_closed_forms():
    latent, (mu, q) = Gaussian(3), isotropic(3)
    z = latent.sample(q, 400_000, np.random.default_rng(6))
    np.testing.assert_allclose(mean_baseline(squared_norm, z), [[expected_squared_norm(mu, SIGMA)]], rtol=0.01)
    np.testing.assert_allclose(optimal_baseline(latent, q, squared_norm, z)[:, :3], best_baseline(mu, SIGMA), rtol=0.02)


def test_the_optimal_baseline_is_the_best_of_every_coordinate():
    model, x, q = problem(Categorical(4))
    f, (z, _, _) = log_weight(model, q, x), model.latent.nodes(q, None)
    # by enumeration: all four one-hot z as "draws", made equally likely so that their plain mean is E_q
    q = np.zeros_like(q)
    best = optimal_baseline(model.latent, q, f, z)
    least = moments(score_function(model.latent, q, f, z, best), np.full((4, 1), 0.25))[1]
    for step in (-0.05, 0.05):
        other = moments(score_function(model.latent, q, f, z, best + step), np.full((4, 1), 0.25))[1]
        assert (least < other).all()


@pytest.mark.parametrize("baseline", [0.0, 2.5], ids=["none", "constant"])
def test_the_score_function_of_a_categorical_is_the_elbos_gradient_by_enumeration(baseline):
    model, x, q = problem(Categorical(4))
    z, w, _ = model.latent.nodes(q, None)
    z = np.broadcast_to(z, (4, 2, 4))
    gradient = score_function(model.latent, q, log_weight(model, q, x), z, baseline)
    np.testing.assert_allclose(moments(gradient, w)[0], exact_elbo_gradient(model, q, x), rtol=1e-11, atol=1e-13)


# ------------------------------------------------------------------ on draws

def test_variance_ratios_against_dimension():
    records = variance_against_dimension([1, 100], np.random.default_rng(0))
    closed = [round(r["closed_form"]) for r in records if r["estimator"] != "leave-one-out"]
    assert closed == [4, 15, 10, 6, 4, 10608, 208, 204]
    for record in records:
        assert record["measured"] == pytest.approx(record["closed_form"], rel=0.03), record


def replicated(estimator, model, q, x, N, seed, S=4):
    """N independent estimates (N, R) of the first row's gradient, each the mean of S draws."""
    rng = np.random.default_rng(seed)
    return estimator(model, np.tile(q[:1], (N, 1)), np.tile(x[:1], (N, 1)), rng).mean(0).reshape(N, -1)


CASES = [(latent, name) for latent in (Gaussian(2), Categorical(4)) for name in elbo_estimators(latent, 4)]


@pytest.mark.parametrize("latent, name", CASES, ids=lambda value: str(value))
def test_every_estimator_of_the_elbos_gradient_is_unbiased(latent, name):
    model, x, q = problem(latent)
    gradients = replicated(elbo_estimators(latent, 4)[name], model, q, x, 30_000, seed=7)
    report = unbiasedness_test(gradients, exact_elbo_gradient(model, q, x)[0])
    assert report["passed"], report
    assert gradients.std(0).min() > 0


def of_squared_norm(name, K, N, S=4, seed=8):
    latent, (mu, q) = Gaussian(K), isotropic(K)
    q, rng = np.tile(q, (N, 1)), np.random.default_rng(seed)
    noise = MonteCarlo(S)(rng, N, K)
    z, other = latent.nodes(q, noise)[0], latent.sample(q, S, rng)
    gradient = {
        "pathwise": lambda: pathwise(latent, q, squared_norm, noise),
        "no baseline": lambda: score_function(latent, q, squared_norm, z),
        "mean baseline": lambda: score_function(latent, q, squared_norm, z, mean_baseline(squared_norm, other)),
        "optimal baseline": lambda: score_function(latent, q, squared_norm, z,
                                                   optimal_baseline(latent, q, squared_norm, other)),
        "leave-one-out": lambda: leave_one_out(latent, q, squared_norm, z),
        # planted: a draw in its own baseline takes 1/S off the gradient
        "own mean as baseline": lambda: score_function(latent, q, squared_norm, z, mean_baseline(squared_norm, z)),
        # planted: one percent
        "pathwise · 1.01": lambda: 1.01 * pathwise(latent, q, squared_norm, noise),
    }[name]()
    return gradient.mean(0), np.concatenate([2 * mu, np.full(K, 2 * SIGMA**2)])


@pytest.mark.parametrize("name", ["pathwise", "no baseline", "mean baseline", "optimal baseline", "leave-one-out"])
@pytest.mark.parametrize("K", [1, 10])
def test_every_estimator_of_a_plain_expectation_is_unbiased(name, K):
    report = unbiasedness_test(*of_squared_norm(name, K, N=60_000 // K))
    assert report["passed"], report


@pytest.mark.parametrize("name", ["own mean as baseline", "pathwise · 1.01"])
def test_a_planted_bias_is_caught(name):
    report = unbiasedness_test(*of_squared_norm(name, 1, N=200_000))
    assert not report["passed"], report


@pytest.mark.parametrize("n, threshold", [(1, 4.9), (20, 5.5), (100, 5.7), (1000, 6.1)])
def test_thresholds_of_bonferroni(n, threshold):
    report = unbiasedness_test(np.random.default_rng(9).normal(size=(1000, n)), np.zeros(n))
    assert report["threshold"] == pytest.approx(threshold, abs=0.06)
    assert report["passed"]


def test_an_estimator_without_variance_is_judged_by_rounding():
    assert unbiasedness_test(np.full((10, 2), 0.1), np.full(2, 0.1 + 1e-16))["passed"]
    assert not unbiasedness_test(np.full((10, 2), 0.1), np.full(2, 0.1 + 1e-6))["passed"]


# ------------------------------------------------------------------ the landing

def test_at_the_exact_posterior_sticking_the_landing_has_no_variance_and_the_other_paths_do():
    model, x, q = pca_at_its_posterior()
    noise = MonteCarlo(500)(np.random.default_rng(10), 3, 2)
    assert (sticking_the_landing(model, q, x, noise) ** 2).max() <= 1e-25
    assert pathwise_elbo(model, q, x, noise).var(0).min() > 0.1
    assert total_derivative(model, q, x, noise).var(0).min() > 0.1


def test_at_the_exact_posterior_leave_one_out_has_no_variance_either():
    # the log weight is log p(x) at every z, so each draw's baseline is its value
    model, x, q = pca_at_its_posterior()
    f, z = log_weight(model, q, x), model.latent.sample(q, 50, np.random.default_rng(10))
    np.testing.assert_allclose(f(z)[0], np.broadcast_to(log_marginal(model, x), (50, 3)), rtol=1e-12)
    assert (leave_one_out(model.latent, q, f, z) ** 2).max() <= 1e-25
    assert score_function(model.latent, q, f, z).var(0).min() > 1


# ------------------------------------------------------------------ training

def test_climbs_under_each_estimator_end_where_its_noise_lets_them():
    model, _, _ = pca_at_its_posterior()
    x = model.sample(10, np.random.default_rng(11))[0]
    ceiling, last = log_marginal(model, x).mean(), {}
    for name, estimator in elbo_estimators(model.latent, 4).items():
        rate = 0.001 if name == "no baseline" else 0.04
        history = fit_rows(model, x, estimator, np.random.default_rng(12), steps=250, learning_rate=rate)
        assert history.shape == (251,) and history[-1] > history[0] + 1
        assert history.max() <= ceiling + 1e-9
        last[name] = ceiling - history[-50:].mean()
    # the pathwise gradient keeps shaking at the optimum; sticking the landing has come to rest on log p(x)
    assert last["sticking the landing"] < 1e-4 < 1e-3 < last["pathwise"]
    assert last["leave-one-out"] < 1e-2 and last["no baseline"] > 0.1


def test_a_mixture_climbs_under_every_score_function_estimator():
    rng = np.random.default_rng(13)
    model = mixture_of_gaussians(3, 2, sigma_g=0.5, means=rng.normal(size=(3, 2)))
    x = model.sample(20, rng)[0]
    ceiling = log_marginal(model, x).mean()
    for estimator in elbo_estimators(model.latent, 4).values():
        history = fit_rows(model, x, estimator, np.random.default_rng(14), steps=300, learning_rate=0.1)
        assert ceiling - history[0] > 0.2 and 0 <= ceiling - history[-1] < 0.05


@pytest.mark.parametrize("name", ["pathwise", "sticking the landing", "leave-one-out"])
def test_a_small_vae_learns_and_its_model_is_left_alone(name):
    rng = np.random.default_rng(15)
    t = rng.normal(size=(60, 1))
    x = np.concatenate([t, t**2 / 2], axis=1) + 0.2 * rng.normal(size=(60, 2))
    model, encoder = mlp_model(1, [8], 2, GaussianLikelihood(0.5, learn=False), rng=rng), mlp([2, 8, 2], rng=rng)
    before = {n: a.copy() for n, a in (model.arrays() | encoder.arrays()).items()}
    estimator = elbo_estimators(model.latent, 4)[name]
    history = fit_vae(model, encoder, x, estimator, np.random.default_rng(16), steps=200, learning_rate=0.02)
    assert history.shape == (21,) and history[-1] > history[0] + 0.5
    for n, a in (model.arrays() | encoder.arrays()).items():
        np.testing.assert_array_equal(a, before[n])


def test_only_phi_feels_the_estimator():
    # an estimator that says "stay" leaves the encoder alone, while θ climbs
    rng = np.random.default_rng(17)
    model, encoder = mlp_model(1, [4], 2, BernoulliLikelihood(), rng=rng), mlp([2, 2], rng=rng)
    x, seen = rng.uniform(size=(20, 2)), []

    def stay(model, q, x, rng):
        seen.append(q.copy())
        return np.zeros((1, *q.shape))

    history = fit_vae(model, encoder, x, stay, rng, steps=20, learning_rate=0.1, every=20)
    assert history[1] > history[0]
    np.testing.assert_array_equal(seen[0], seen[-1])


@pytest.mark.parametrize("every", [1, 7])
@pytest.mark.parametrize("learning_rate", [50.0, 1e6, 1e200])
@pytest.mark.parametrize("name", elbo_estimators(Gaussian(2), 4))
def test_a_climb_that_diverges_says_so(name, learning_rate, every):
    model, x, _ = pca_at_its_posterior()
    with pytest.raises(DivergenceError, match="lower it"):
        fit_rows(model, x, elbo_estimators(model.latent, 4)[name], np.random.default_rng(0), 30, learning_rate, every)


# ------------------------------------------------------------------ randomness and boundaries

def test_the_same_generator_gives_the_same_gradients_and_baselines_take_other_draws():
    model, x, q = problem(Gaussian(2))
    for estimator in elbo_estimators(model.latent, 3).values():
        first, again, other = (estimator(model, q, x, np.random.default_rng(s)) for s in (0, 0, 1))
        np.testing.assert_array_equal(first, again)
        assert first.shape == (3, 2, 4) and (first != other).any()


@pytest.mark.parametrize("call, says", [
    (lambda q, z: pathwise(Categorical(4), q, squared_norm, None), "use score_function"),
    (lambda q, z: pathwise(Gaussian(3), q, squared_norm, MonteCarlo()(np.random.default_rng(0), 2, 3)), r"\(rows, 6\)"),
    (lambda q, z: score_of_q(Gaussian(1), q, z), r"\(rows, 2\)"),
    (lambda q, z: score_of_q(Gaussian(2), q, z[0]), r"\(draws, 2, 2\)"),
    (lambda q, z: score_of_q(Gaussian(2), q, z[:, :, :1]), r"\(draws, 2, 2\)"),
    (lambda q, z: score_function(Gaussian(2), q, squared_norm, z, np.zeros(4)), "one a coordinate"),
    (lambda q, z: score_function(Gaussian(2), q, squared_norm, z, np.zeros((4, 1))), "one a coordinate"),
    (lambda q, z: leave_one_out(Gaussian(2), q, squared_norm, z[:1]), "two or more"),
])
def test_a_wrong_argument_is_told_what_was_expected(call, says):
    with pytest.raises(ValueError, match=says):
        call(np.zeros((2, 4)), np.zeros((3, 2, 2)))


def test_leave_one_out_is_not_offered_for_a_single_draw():
    assert "leave-one-out" not in elbo_estimators(Gaussian(1), samples=1)


def test_the_optimal_baseline_of_a_coordinate_without_score_is_finite():
    q = np.array([[0.0, -1000.0]])
    z = np.array([[[1.0, 0.0]]])
    np.testing.assert_array_equal(optimal_baseline(Categorical(2), q, squared_norm, z), [[0.0, 0.0]])


def test_pathwise_uses_the_decoder_once_for_all_draws():
    model, x, q = problem(Gaussian(2))
    calls = []

    def f(z):
        calls.append(z.shape)
        return partial(model.log_likelihood, x)(z)

    pathwise(model.latent, q, f, MonteCarlo(5)(np.random.default_rng(0), 2, 2))
    assert calls == [(5, 2, 2)]


@pytest.mark.parametrize("ceiling, says", [(None, "ELBO (nats per row)"), (0.0, "log p(x) − ELBO (nats per row)")])
def test_the_figure_shows_every_estimator(ceiling, says):
    records = variance_against_dimension([1, 2], np.random.default_rng(0), vectors=100)
    curves = {name: -np.arange(5.0, 0, -1) for name in elbo_estimators(Gaussian(1), 2)}
    left, right = estimator_figure(records, curves, ceiling).axes
    assert len(left.get_legend().get_texts()) == 5 and len(right.get_legend().get_texts()) == 7
    assert right.get_ylabel() == says
    plt.close("all")


@pytest.mark.parametrize("shape, exact", [((5, 4, 2), (2,)), ((5, 2), (3,)), ((1, 2), (2,)), ((5,), ())])
def test_the_test_of_unbiasedness_names_the_shapes_it_wants(shape, exact):
    with pytest.raises(ValueError, match=r"expected \(N, n\) with N from 2"):
        unbiasedness_test(np.zeros(shape), np.zeros(exact))


def test_a_fit_by_an_estimator_takes_whole_numbers_of_steps():
    with pytest.raises(ValueError, match="every is 0, expected a whole number from 1"):
        fit_rows(probabilistic_pca(1, 3), np.ones((5, 3)), None, np.random.default_rng(0), every=0)
