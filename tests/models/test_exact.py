"""Exact log p(x): enumeration, closed form and grid against brute force, and the limits that they admit to."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numeric_models import Curve

from npvae import log_marginal
from npvae.models import (
    BernoulliLikelihood,
    Categorical,
    Gaussian,
    GaussianLikelihood,
    LatentVariableModel,
    mixture_of_gaussians,
    mlp_model,
    probabilistic_pca,
)
from npvae.models.exact import boxes, exact_method, exact_posterior
from npvae.models.joint import log_joint, log_sum_exp
from npvae.nn import Affine, chain, mlp, sigmoid, softplus, tanh

exact_functions = pytest.mark.parametrize("function", [log_marginal, exact_posterior])


def normal_log_density(x, mean, C):
    """log N(x; mean, C) for a full covariance C."""
    return -0.5 * ((x - mean) @ np.linalg.solve(C, x - mean) + np.linalg.slogdet(C)[1] + len(x) * math.log(2 * math.pi))


def log_joint_pointwise(model, x, z):
    """log p(x, z) for z (n, K), from the formulas."""
    g, K = model.decoder(z)[0], z.shape[1]
    if isinstance(model.likelihood, GaussianLikelihood):
        s = model.likelihood.sigma_g
        log_px = -((x - g)**2).sum(1) / (2 * s * s) - len(x) * math.log(s * math.sqrt(2 * math.pi))
    else:
        log_px = (x * g - np.logaddexp(0, g)).sum(1)
    return log_px - 0.5 * (z**2).sum(1) - 0.5 * K * math.log(2 * math.pi)


def trapezoid(model, X, half=10.0, n=40_001):
    """log ∫ p(x, z) dz on n equidistant z in [−half, half]: nothing adapts, nothing is left out."""
    z = np.linspace(-half, half, n)[:, None]
    values = []
    for x in X:
        joint = log_joint_pointwise(model, x, z)
        values.append(joint.max() + math.log(np.exp(joint - joint.max()).sum() * (z[1, 0] - z[0, 0])))
    return np.array(values)


def trapezoid_2d(model, X, centers=None, half=8.0, n=401):
    """The same on a square around each row's center."""
    side = np.linspace(-half, half, n)
    square = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    values = []
    for x, center in zip(X, np.zeros((len(X), 2)) if centers is None else centers, strict=True):
        joint = log_joint_pointwise(model, x, center + square)
        values.append(joint.max() + math.log(np.exp(joint - joint.max()).sum()) + 2 * math.log(side[1] - side[0]))
    return np.array(values)


def parabola(sigma_g=0.4):
    """g(z) = (z, z²/2): the decoder of the gap ladder."""
    return LatentVariableModel(Gaussian(1), Curve(lambda z: np.concatenate([z, z * z / 2], axis=1)),
                               GaussianLikelihood(sigma_g))


# enumeration

@given(st.integers(1, 5), st.integers(1, 4), st.floats(0.1, 3), st.integers(0, 10**6))
def test_enumeration_is_the_sum_over_the_components(K, D, sigma_g, seed):
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(np.full(K, 2.0))
    decoder, X = mlp([K, 3, D], rng=rng), rng.normal(size=(6, D))
    model = LatentVariableModel(Categorical(K, weights), decoder, GaussianLikelihood(sigma_g))
    value, error = log_marginal(model, X, return_error=True)
    means = decoder(np.eye(K))[0]
    for x, log_p in zip(X, value, strict=True):
        density = sum(w * math.exp(normal_log_density(x, m, sigma_g**2 * np.eye(D)) - log_p)
                      for w, m in zip(weights, means, strict=True))
        assert math.log(density) == pytest.approx(0, abs=1e-10)
    np.testing.assert_array_equal(error, 0)


def test_enumeration_of_a_bernoulli_mixture_sums_to_one_over_all_images():
    model = LatentVariableModel(Categorical(3), mlp([3, 4]), BernoulliLikelihood())
    images = np.array(list(np.ndindex(2, 2, 2, 2)), float)
    log_p = log_marginal(model, images)
    assert np.exp(log_p).sum() == pytest.approx(1, abs=1e-13)
    means = model.decode(np.eye(3))
    for x, value in zip(images, log_p, strict=True):
        assert value == pytest.approx(math.log(np.prod(means**x * (1 - means)**(1 - x), axis=1).mean()), abs=1e-12)


@pytest.mark.parametrize("model", [mixture_of_gaussians(2, 2, sigma_g=1.0), probabilistic_pca(2, 2, sigma_g=1.0),
                                   mlp_model(1, [4], 2, GaussianLikelihood(1.0))],
                         ids=["enumeration", "closed form", "grid"])
def test_a_row_far_away_does_not_spoil_the_others(model):
    # as squares of 10⁶ would that are to cancel
    X = np.array([[0.3, -0.2], [-0.1, 0.4]])
    company = np.array([[1e6, 0.0], [-1e6, 1e6]])
    np.testing.assert_allclose(log_marginal(model, np.concatenate([X, company]))[:2], log_marginal(model, X),
                               rtol=0, atol=1e-6 if model.latent.dim == 1 else 1e-10)


# closed form

@given(st.integers(1, 5), st.integers(1, 5), st.sampled_from([1e-3, 0.1, 1.0, 10.0]), st.integers(0, 10**6))
def test_the_closed_form_is_a_gaussian_with_covariance_wtw_plus_sigma2(K, D, sigma_g, seed):
    rng = np.random.default_rng(seed)
    model = probabilistic_pca(K, D, sigma_g, rng)
    W, b = model.decoder.layers[0].W, model.decoder.layers[0].b
    X = model.sample(5, rng)[0]
    C = W.T @ W + sigma_g**2 * np.eye(D)
    expected = [normal_log_density(x, b, C) for x in X]
    # solve loses what the condition of C takes away
    np.testing.assert_allclose(log_marginal(model, X), expected, rtol=1e-10, atol=1e-15 * np.linalg.cond(C) + 1e-10)


@pytest.mark.parametrize("sigma_g", [1e-8, 1e-6, 1e-4])
def test_the_closed_form_at_a_tiny_sigma_is_exact_for_an_axis_aligned_w(sigma_g):
    # W = [[3, 0, 0], [0, 2, 0]]: coordinates are independent with variances 9 + σ², 4 + σ², σ²
    decoder = Affine(np.array([[3.0, 0, 0], [0, 2.0, 0]]), np.array([1.0, 2.0, 3.0]))
    model = LatentVariableModel(Gaussian(2), decoder, GaussianLikelihood(sigma_g))
    X = np.array([[1.5, 1.0, 3.0], [0.0, 2.5, 3.0]])
    variances = np.array([9 + sigma_g**2, 4 + sigma_g**2, sigma_g**2])
    expected = [normal_log_density(x, decoder.b, np.diag(variances)) for x in X]
    np.testing.assert_allclose(log_marginal(model, X), expected, rtol=1e-12)


def test_the_closed_form_with_more_latents_than_data_dimensions_and_a_tiny_sigma():
    model = probabilistic_pca(6, 2, 1e-8)
    W, b = model.decoder.layers[0].W, model.decoder.layers[0].b
    X = np.random.default_rng(0).normal(size=(4, 2))
    expected = [normal_log_density(x, b, W.T @ W) for x in X]
    np.testing.assert_allclose(log_marginal(model, X), expected, rtol=1e-10)


def test_affine_layers_one_after_another_are_one_affine_map():
    rng = np.random.default_rng(0)
    first, second = Affine.random(2, 4, rng), Affine.random(4, 3, rng)
    model = LatentVariableModel(Gaussian(2), chain(first, second), GaussianLikelihood(0.5))
    W, b = first.W @ second.W, first.b @ second.W + second.b
    X = rng.normal(size=(4, 3))
    expected = [normal_log_density(x, b, W.T @ W + 0.25 * np.eye(3)) for x in X]
    np.testing.assert_allclose(log_marginal(model, X), expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("model, method", [
    (probabilistic_pca(2, 3), "closed form"), (probabilistic_pca(5, 3), "closed form"),
    (LatentVariableModel(Gaussian(3), mlp([3, 2]).layers[0], GaussianLikelihood()), "closed form"),
    (mixture_of_gaussians(2, 3), "enumeration"), (mlp_model(2, [3], 3), "grid"),
    (LatentVariableModel(Gaussian(2), mlp([2, 3]), BernoulliLikelihood()), "grid"),
    (LatentVariableModel(Gaussian(3), mlp([3, 2]), BernoulliLikelihood()), None), (mlp_model(3, [4], 3), None)],
    ids=repr)
def test_every_model_gets_the_method_that_is_exact_for_it(model, method):
    assert exact_method(model) == method


# grid

@pytest.mark.parametrize("sigma_g", [0.02, 0.1, 0.3, 1.0, 5.0])
@pytest.mark.parametrize("K", [1, 2])
def test_the_grid_on_a_pca_model_is_its_closed_form(K, sigma_g):
    rng = np.random.default_rng(0)
    model = probabilistic_pca(K, 3, sigma_g, rng)
    X = np.concatenate([model.sample(20, rng)[0], rng.normal(size=(2, 3))])
    value, _ = boxes.log_marginal(model, X, 1e-9)
    np.testing.assert_allclose(value, log_marginal(model, X), rtol=0, atol=1e-9)


@pytest.mark.parametrize("K, far", [(1, 400.0), (2, 80.0)])
def test_the_grid_follows_data_to_where_the_prior_is_thin(K, far):
    model = probabilistic_pca(K, 3, 0.5, np.random.default_rng(0))
    X = model.decode(np.eye(K)[:1] * np.array([[far], [-0.8 * far]]))    # posteriors tens of deviations out
    np.testing.assert_allclose(boxes.log_marginal(model, X, 1e-9)[0], log_marginal(model, X), rtol=1e-11)


@pytest.mark.parametrize("sigma_g", [0.02, 0.1, 0.4, 2.0])
def test_the_grid_on_a_parabola_is_a_fine_trapezoid(sigma_g):
    rng = np.random.default_rng(1)
    model = parabola(sigma_g)
    X = np.concatenate([model.sample(30, rng)[0], [[3.0, -1.0], [0.0, 8.0], [-6.0, 0.0]]])
    value, error = log_marginal(model, X, tolerance=1e-9, return_error=True)
    np.testing.assert_allclose(value, trapezoid(model, X), rtol=1e-12, atol=1e-9)
    assert (error <= 1e-9).all()


def test_the_mean_log_p_of_the_gap_ladder():
    # ground truth: −2.16636 for 300 draws. Another 300 draws differ by the sampling error, sd(log p)/√300 each
    model = parabola(0.4)
    X = model.sample(20_000, np.random.default_rng(0))[0]
    log_p = log_marginal(model, X)
    assert abs(log_p.mean() + 2.16636) < 6 * log_p.std() * math.sqrt(1 / 300 + 1 / len(X))
    np.testing.assert_allclose(log_p[:50], trapezoid(model, X[:50]), rtol=0, atol=1e-6)


def test_the_grids_density_integrates_to_one():
    model = parabola(0.4)
    a, b = np.linspace(-7, 7, 71), np.linspace(-3, 22, 126)
    X = np.stack(np.meshgrid(a, b), axis=-1).reshape(-1, 2)
    assert np.exp(log_marginal(model, X)).sum() * (a[1] - a[0]) * (b[1] - b[0]) == pytest.approx(1, abs=1e-6)


CURVES = {
    "ring": lambda z: np.concatenate([np.cos(3 * z), np.sin(3 * z)], axis=1),
    "saturating": lambda z: np.tanh(2 * z - 0.5),
    "steep": lambda z: np.tanh(20 * (z - 0.3)),
    "constant": lambda z: np.zeros((len(z), 2)),
    "far out": lambda z: z**3,
}


@pytest.mark.parametrize("sigma_g", [0.05, 0.3, 1.0])
@pytest.mark.parametrize("g", CURVES.values(), ids=CURVES.keys())
def test_the_error_estimate_bounds_the_error_or_the_tolerance_does(g, sigma_g):
    rng = np.random.default_rng(2)
    model = LatentVariableModel(Gaussian(1), Curve(g), GaussianLikelihood(sigma_g))
    X = model.sample(5, rng)[0]
    X = np.concatenate([X, X + 0.5 * rng.normal(size=X.shape), np.zeros((1, X.shape[1]))])
    value, error = log_marginal(model, X, tolerance=1e-6, return_error=True)
    assert (error <= 1e-6).all()
    assert (np.abs(value - trapezoid(model, X)) <= error + 1e-9).all()


def hinge_log_marginal(x, kink, sigma_g):
    """log p(x) for g(z) = max(z − c, −3 (z − c)): on each side of the kink a Gaussian times a normal probability."""
    density = 0.0
    for a, side in [(1.0, 1), (-3.0, -1)]:
        variance = a * a + sigma_g**2
        # z given x is normal on a straight decoder a(z − c); of that, the part on this side of c
        mean, sd = a * (x + a * kink) / variance, sigma_g / math.sqrt(variance)
        share = 0.5 * math.erfc(-side * (mean - kink) / sd / math.sqrt(2))
        density += share * math.exp(normal_log_density(np.array([x]), np.array([-a * kink]), np.array([[variance]])))
    return math.log(density)


@pytest.mark.parametrize("sigma_g", [0.05, 0.3, 1.0])
def test_the_tolerance_is_kept_across_a_kink(sigma_g):
    # here the trapezoid rule errs by h² times something that depends on where between two nodes the kink lies
    rng = np.random.default_rng(0)
    for kink in rng.uniform(-1, 1, 20):
        curve = Curve(lambda z, c=kink: np.maximum(z - c, -3 * (z - c)))
        model = LatentVariableModel(Gaussian(1), curve, GaussianLikelihood(sigma_g))
        X = model.sample(20, rng)[0]
        expected = [hinge_log_marginal(x[0], kink, sigma_g) for x in X]
        np.testing.assert_allclose(log_marginal(model, X), expected, rtol=0, atol=1e-6)


def test_a_feature_between_the_first_nodes_is_not_overlooked():
    # a step of width 1/100 at z = 0.11, and x halfway up it: two coarse grids agree on what they both miss
    model = LatentVariableModel(Gaussian(1), Curve(lambda z: np.tanh(100 * (z - 0.11))), GaussianLikelihood(0.3))
    X = np.array([[0.0], [0.5]])
    value, error = log_marginal(model, X, return_error=True)
    assert (np.abs(value - trapezoid(model, X)) <= error + 1e-9).all()


@settings(max_examples=25)
@given(st.sampled_from([tanh, sigmoid, softplus]), st.integers(1, 3), st.floats(0.05, 2), st.floats(1, 5),
       st.integers(0, 10**6))
def test_the_grid_on_random_networks_is_a_fine_trapezoid(activation, D, sigma_g, scale, seed):
    rng = np.random.default_rng(seed)
    decoder = mlp([1, 5, D], activation, rng)
    for layer in decoder.layers[::2]:
        layer.W[...] *= scale
    model = LatentVariableModel(Gaussian(1), decoder, GaussianLikelihood(sigma_g))
    X = np.concatenate([model.sample(3, rng)[0], rng.normal(size=(1, D))])
    np.testing.assert_allclose(log_marginal(model, X), trapezoid(model, X, n=20_001), rtol=0, atol=1e-6)


@pytest.mark.parametrize("likelihood", [GaussianLikelihood(0.3), BernoulliLikelihood()], ids=repr)
def test_the_grid_in_two_dimensions_is_a_fine_trapezoid(likelihood):
    rng = np.random.default_rng(3)
    decoder = mlp([2, 6, 4], rng=rng)
    for layer in decoder.layers[::2]:
        layer.W[...] *= 2
    model = LatentVariableModel(Gaussian(2), decoder, likelihood)
    X = model.sample(8, rng)[0]
    value, error = log_marginal(model, X, tolerance=1e-8, return_error=True)
    np.testing.assert_allclose(value, trapezoid_2d(model, X), rtol=0, atol=1e-8)
    assert (error <= 1e-8).all()


def test_the_grid_of_a_bernoulli_model_sums_to_one_over_all_images():
    model = mlp_model(1, [5], 4, BernoulliLikelihood())
    images = np.array(list(np.ndindex(2, 2, 2, 2)), float)
    assert np.exp(log_marginal(model, images, tolerance=1e-9)).sum() == pytest.approx(1, abs=1e-8)


@pytest.mark.parametrize("K", [1, 2])
def test_narrow_posteriors_are_resolved(K):
    rng = np.random.default_rng(4)
    decoder = mlp([K, 4, 3], softplus, rng)
    decoder.layers[2].W[...] *= 3
    model = LatentVariableModel(Gaussian(K), decoder, GaussianLikelihood(0.02))
    X, z = model.sample(4, rng)
    fine = trapezoid(model, X) if K == 1 else trapezoid_2d(model, X, z, half=1.2, n=401)
    np.testing.assert_allclose(log_marginal(model, X), fine, rtol=0, atol=1e-6)


def test_a_very_narrow_posterior_is_laplaces_approximation():
    # as σ_g → 0: log p(x) = log p(x, z*) + (K/2) log 2π − ½ log det(JJᵀ/σ_g² + …), up to O(σ_g²)
    sigma_g, rng = 1e-4, np.random.default_rng(5)
    decoder = mlp([2, 4, 2], softplus, rng)
    decoder.layers[2].W[...] *= 3
    model = LatentVariableModel(Gaussian(2), decoder, GaussianLikelihood(sigma_g))
    z = np.array([[0.3, -0.4], [-1.0, 0.2]])
    X = decoder(z)[0]                                           # as many outputs as latents: p(x) → p(z) / |det J|
    step = 1e-6
    J = np.stack([(decoder(z + step * e)[0] - decoder(z - step * e)[0]) / (2 * step) for e in np.eye(2)], axis=1)
    expected = -0.5 * (z**2).sum(1) - math.log(2 * math.pi) - np.linalg.slogdet(J)[1]
    np.testing.assert_allclose(log_marginal(model, X), expected, rtol=0, atol=1e-5)


def test_rows_do_not_depend_on_their_company_or_order():
    rng = np.random.default_rng(5)
    model = mlp_model(1, [6], 2, GaussianLikelihood(0.1), rng=rng)
    X = model.sample(150, rng)[0]                               # several groups of neighbours
    together, order = log_marginal(model, X), rng.permutation(150)
    np.testing.assert_allclose(log_marginal(model, X[order]), together[order], rtol=0, atol=2e-6)
    np.testing.assert_allclose(np.concatenate([log_marginal(model, x[None]) for x in X[:10]]), together[:10],
                               rtol=0, atol=2e-6)


@exact_functions
def test_a_posterior_too_narrow_for_any_grid_is_refused(function, monkeypatch):
    # one output for two latents: the posterior is a ridge of width ~10⁻⁵ right across the prior
    monkeypatch.setattr(boxes, "MOST_NODES", 200_000)            # as it would be with more, only sooner
    model = mlp_model(2, [4], 1, GaussianLikelihood(1e-5))
    X = model.sample(1, np.random.default_rng(0))[0]
    with pytest.raises(ValueError, match=r"too narrow, σ_g = 1e-05; .*importance_weighted_bound"):
        function(model, X)


def test_a_looser_tolerance_is_kept_too():
    model = parabola(0.1)
    X = model.sample(20, np.random.default_rng(6))[0]
    value, error = log_marginal(model, X, tolerance=1e-2, return_error=True)
    assert (error <= 1e-2).all()
    np.testing.assert_allclose(value, trapezoid(model, X), rtol=0, atol=1e-2)


# posteriors

def test_the_posterior_of_a_mixture_is_bayes_rule():
    rng = np.random.default_rng(8)
    weights, X = np.array([0.2, 0.3, 0.5]), rng.normal(size=(5, 2))
    decoder = mlp([3, 2], rng=rng)
    posterior = exact_posterior(LatentVariableModel(Categorical(3, weights), decoder, GaussianLikelihood(0.5)), X)
    for x, mean, covariance in zip(X, *posterior, strict=True):
        p = np.array([w * math.exp(normal_log_density(x, m, 0.25 * np.eye(2)))
                      for w, m in zip(weights, decoder(np.eye(3))[0], strict=True)])
        p /= p.sum()
        np.testing.assert_allclose(mean, p, rtol=1e-11)
        np.testing.assert_allclose(covariance, sum(p[k] * np.outer(np.eye(3)[k] - p, np.eye(3)[k] - p)
                                                   for k in range(3)), atol=1e-13)


@pytest.mark.parametrize("K, sigma_g", [(1, 0.02), (1, 0.5), (2, 0.1), (2, 1.0)])
def test_the_posterior_on_the_grid_of_a_pca_model_is_its_closed_form(K, sigma_g):
    rng = np.random.default_rng(9)
    model = probabilistic_pca(K, 3, sigma_g, rng)
    X = model.sample(10, rng)[0]
    for on_grid, closed in zip(boxes.moments(model, X, 1e-9), exact_posterior(model, X), strict=True):
        np.testing.assert_allclose(on_grid, closed, rtol=0, atol=1e-8)


def test_the_posterior_on_the_grid_of_a_parabola_is_a_fine_trapezoid():
    rng = np.random.default_rng(10)
    model, z = parabola(0.4), np.linspace(-10, 10, 40_001)
    X = np.concatenate([model.sample(10, rng)[0], [[0.0, 3.0]]])    # the last one has two modes
    for x, mean, covariance in zip(X, *exact_posterior(model, X, tolerance=1e-9), strict=True):
        p = np.exp(log_joint_pointwise(model, x, z[:, None]))
        p /= p.sum()
        assert mean[0] == pytest.approx((p * z).sum(), abs=1e-8)
        assert covariance[0, 0] == pytest.approx((p * z * z).sum() - (p * z).sum()**2, abs=1e-8)


def test_posteriors_have_one_shape_for_every_method():
    for model in (mixture_of_gaussians(2, 3), probabilistic_pca(2, 3), mlp_model(2, [4], 3)):
        mean, covariance = exact_posterior(model, np.zeros((5, 3)))
        assert mean.shape == (5, 2) and covariance.shape == (5, 2, 2)
        np.testing.assert_allclose(covariance, np.swapaxes(covariance, 1, 2), atol=1e-12)


# the pieces

def test_log_joint_is_log_prior_plus_log_likelihood():
    rng = np.random.default_rng(7)
    model = mlp_model(2, [4], 3, GaussianLikelihood(0.5), rng=rng)
    X, z = rng.normal(size=(5, 3)), rng.normal(size=(4, 2))
    expected = np.stack([log_joint_pointwise(model, x, z) for x in X], axis=1)
    np.testing.assert_allclose(log_joint(model, X, z), expected, rtol=0, atol=1e-12)


def test_log_sum_exp_at_extremes():
    a = np.array([[1e4, -1e4, -np.inf, 0.0], [1e4, -1e4 - 1, -np.inf, -np.inf]])
    expected = [1e4 + math.log(2), -1e4 + math.log(1 + math.exp(-1)), -np.inf, 0.0]
    np.testing.assert_allclose(log_sum_exp(a), expected, rtol=1e-14)


@given(st.lists(st.floats(-700, 700), min_size=1, max_size=8))
def test_log_sum_exp_is_logaddexp_over_all(a):
    assert log_sum_exp(np.array(a)[:, None])[0] == pytest.approx(np.logaddexp.reduce(a), rel=1e-13, abs=1e-13)


# what is asked of it

def test_a_float32_model_is_computed_in_float64():
    for model in (mixture_of_gaussians(3, 2), probabilistic_pca(1, 2), mlp_model(1, [4], 2)):
        single, X = model.copy(np.float32), np.random.default_rng(0).normal(size=(4, 2)).astype(np.float32)
        value = log_marginal(single, X)
        assert value.dtype == np.float64
        np.testing.assert_allclose(value, log_marginal(single.copy(np.float64), X.astype(float)), rtol=0, atol=1e-12)


def test_the_model_and_the_data_are_left_alone():
    model, X = mlp_model(1, [4], 2), np.random.default_rng(0).normal(size=(4, 2))
    before, data = {n: a.copy() for n, a in model.arrays().items()}, X.copy()
    log_marginal(model, X)
    np.testing.assert_array_equal(X, data)
    for name, array in model.arrays().items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.parametrize("model", [
    mlp_model(3, [4], 2), LatentVariableModel(Gaussian(3), mlp([3, 2]), BernoulliLikelihood())], ids=repr)
def test_a_model_that_no_method_covers_is_answered_with_the_methods(model):
    for function in (log_marginal, exact_posterior):
        with pytest.raises(ValueError, match=r"enumeration.*closed form.*K ≤ 2 \(grid\).*importance_weighted_bound"):
            function(model, np.zeros((1, 2)))


@exact_functions
@pytest.mark.parametrize("X", [np.zeros(3), np.zeros((2, 4)), np.zeros((1, 2, 3)), np.zeros((0, 3))],
                         ids=lambda X: str(X.shape))
def test_data_of_the_wrong_shape_are_refused(function, X):
    with pytest.raises(ValueError, match=r"data has (shape .* expected \(rows, columns\)|4 columns, expected 3)"):
        function(probabilistic_pca(1, 3), X)


@exact_functions
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_data_that_are_not_finite_are_refused_by_row(function, bad):
    X = np.zeros((4, 3))
    X[2, 1] = bad
    with pytest.raises(ValueError, match="in row 2, column 1: remove or fill in"):
        function(probabilistic_pca(1, 3), X)


@exact_functions
@pytest.mark.parametrize("tolerance", [0, -1e-6, np.nan])
def test_a_tolerance_that_is_not_positive_is_refused(function, tolerance):
    with pytest.raises(ValueError, match="tolerance is .* expected a positive finite number"):
        function(mlp_model(1, [4], 3), np.zeros((1, 3)), tolerance)


@pytest.mark.parametrize("data", [0.0, 1e6, -1e6])
@pytest.mark.parametrize("model", [
    mixture_of_gaussians(3, 2, sigma_g=1e-8), probabilistic_pca(1, 2, sigma_g=1e-8), probabilistic_pca(4, 2, 1e-8)],
    ids=["enumeration", "closed form", "closed form, K > D"])
def test_extremes_give_a_number_or_minus_infinity(model, data):
    value = log_marginal(model, np.full((3, 2), data))
    assert not np.isnan(value).any() and (value < np.inf).all()


@pytest.mark.parametrize("data", [1e3, 1e6])
def test_the_grid_far_from_all_data_gives_a_very_small_number(data):
    model = mlp_model(1, [4], 2, GaussianLikelihood(1.0))
    X = np.array([[data, -data]])
    np.testing.assert_allclose(log_marginal(model, X), trapezoid(model, X, half=60), rtol=1e-9)


@pytest.mark.parametrize("sigma_g", [1e-3, 1e-5, 1e-6])
def test_moments_do_not_suffer_from_the_rounding_of_a_log_p_of_minus_1e11(sigma_g):
    model = mlp_model(1, [3], 3, GaussianLikelihood(sigma_g), rng=np.random.default_rng(1))
    X = np.random.default_rng(0).normal(size=(4, 3))
    mean, covariance = exact_posterior(model, X)
    for x, m, v in zip(X, mean[:, 0], covariance[:, 0, 0], strict=True):
        # by brute force: a coarse grid over all z and a fine one around its best node
        z = np.linspace(-400, 400, 800_001)
        z = np.sort(np.concatenate([z, z[energy(model, x, z).argmin()] + np.linspace(-0.002, 0.002, 20_001)]))
        p = np.exp(energy(model, x, z).min() - energy(model, x, z)) * np.gradient(z)
        p /= p.sum()
        np.testing.assert_allclose(m, p @ z, rtol=1e-3)
        np.testing.assert_allclose(v, p @ (z - p @ z) ** 2, rtol=1e-3)


def energy(model, x, z):
    """−log p(x, z) but for a constant, at z (S,)."""
    return ((x - model.decoder(z[:, None])[0]) ** 2).sum(1) / (2 * model.likelihood.sigma_g**2) + z**2 / 2


@pytest.mark.parametrize("sigma_g", [1e-8, 1e-10, 1e-14, 1e-100])
def test_far_beyond_all_tolerance_the_grid_says_what_rounding_leaves(sigma_g):
    model = mlp_model(1, [3], 3, GaussianLikelihood(sigma_g), rng=np.random.default_rng(1))
    X = np.random.default_rng(0).normal(size=(4, 3))
    nearest = np.array([energy(model, x, np.linspace(-400, 400, 800_001)).min() for x in X])
    log_p, error = log_marginal(model, X, return_error=True)
    np.testing.assert_allclose(log_p, -nearest, rtol=1e-7)
    assert (error >= np.spacing(np.abs(log_p))).all() and (error < 1e-14 * np.abs(log_p)).all()
    with pytest.raises(ValueError, match=r"log p\(x\) of row \d is .* which float64 rounds by"):
        exact_posterior(model, X)


@exact_functions
@pytest.mark.parametrize("sigma_g, data", [(1.0, 1e151), (1e-100, 1e51), (1e100, 1e151)])
@pytest.mark.parametrize("model", [
    lambda s: probabilistic_pca(1, 3, s), lambda s: mixture_of_gaussians(2, 3, s),
    lambda s: mlp_model(1, [3], 3, GaussianLikelihood(s))], ids=["closed form", "enumeration", "grid"])
def test_data_whose_squares_overflow_are_refused(function, model, sigma_g, data):
    with pytest.raises(ValueError, match="squares would overflow; rescale the data"):
        function(model(sigma_g), np.array([[0.0, -data, 1.0]]))


@pytest.mark.parametrize("decoder, sigma_g, x", [
    (lambda z: sigmoid(10 * z - 200)[0], 0.01, 1.0), (lambda z: np.tanh(3 * z - 54), 0.02, 0.5)])
def test_mass_far_out_where_the_prior_is_next_to_nothing_is_found(decoder, sigma_g, x):
    weights = (np.array([[10.0]]), np.array([-200.0])) if x == 1 else (np.array([[3.0]]), np.array([-54.0]))
    layer = Affine(*weights, *(np.zeros_like(a) for a in weights))
    model = LatentVariableModel(Gaussian(1), chain(layer, sigmoid if x == 1 else tanh), GaussianLikelihood(sigma_g))
    z = np.linspace(-40, 40, 4_000_001)
    joint = -0.5 * ((x - decoder(z)) / sigma_g) ** 2 - 0.5 * z**2 - math.log(2 * math.pi * sigma_g)
    exact = joint.max() + math.log(np.exp(joint - joint.max()).sum() * (z[1] - z[0]))
    assert log_marginal(model, np.array([[x]]))[0] == pytest.approx(exact, abs=1e-5)


@pytest.mark.parametrize("sigma_g", [1e-2, 1e-6, 1e-8])
def test_a_mixture_far_from_the_origin_or_with_a_tiny_sigma_loses_no_digits(sigma_g):
    rng = np.random.default_rng(0)
    means = rng.normal(size=(3, 2)) + (0 if sigma_g < 1e-3 else 1e6)
    model = mixture_of_gaussians(3, 2, sigma_g=sigma_g, means=means)
    X = model.sample(50, rng)[0]
    slow = np.array([[((x - m) ** 2).sum() / (2 * sigma_g**2) for m in means] for x in X])
    exact = (np.log(np.exp(slow.min(1, keepdims=True) - slow).mean(1)) - slow.min(1)
             - 2 * math.log(sigma_g) - math.log(2 * math.pi))
    np.testing.assert_allclose(log_marginal(model, X), exact, rtol=0, atol=1e-9)


@pytest.mark.parametrize("sigma_g", [1e-3, 1e-7, 1e-9])
@pytest.mark.parametrize("K, D", [(2, 4), (3, 2)])
def test_the_closed_forms_covariance_is_positive_and_exact_at_a_tiny_sigma(K, D, sigma_g):
    model = probabilistic_pca(K, D, sigma_g=sigma_g)
    covariance = exact_posterior(model, np.zeros((1, D))).covariance[0]
    W = model.decoder.layers[0].W if hasattr(model.decoder, "layers") else model.decoder.W
    if K <= D:
        # σ² M⁻¹ with M = WWᵀ + σ²I
        exact = sigma_g**2 * np.linalg.inv(W @ W.T + sigma_g**2 * np.eye(K))
        np.testing.assert_allclose(covariance, exact, rtol=1e-6)
    assert np.linalg.eigvalsh(covariance).min() > (0 if K <= D else -1e-15)


@pytest.mark.parametrize("sigma_g, x", [(1.0, 1e8), (1e-8, 1e6)])
def test_far_out_the_posterior_of_equal_components_is_still_theirs(sigma_g, x):
    model = mixture_of_gaussians(5, 3, sigma_g=sigma_g, means=np.zeros((5, 3)))
    np.testing.assert_allclose(exact_posterior(model, np.full((1, 3), x)).mean, 0.2, rtol=1e-12)
