"""Between its bounds log p(x, z) lies all over a box, and they are no wider than they must be."""

import math

import numpy as np
import pytest
from numeric_models import inside, log_joint_of_pairs, pairs_of

from npvae.models import BernoulliLikelihood, Gaussian, GaussianLikelihood, LatentVariableModel
from npvae.models.exact.box_bounds import log_bounds
from npvae.models.exact.first_bounds import first_bounds, high_point
from npvae.nn import Affine, chain, mlp, relu, tanh

LIKELIHOODS = [GaussianLikelihood(0.4), BernoulliLikelihood()]


def seeded(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("likelihood", LIKELIHOODS, ids=repr)
@pytest.mark.parametrize("activation", [tanh, relu])
@pytest.mark.parametrize("K", [1, 2])
def test_log_p_lies_between_its_bounds_and_doubt_is_what_the_decoder_bends(K, activation, likelihood):
    rng = seeded(5)
    model = LatentVariableModel(Gaussian(K), mlp([K, 6, 3], activation, rng), likelihood)
    X, center = rng.random((2, 3)), rng.normal(size=(20, K))
    radius = 10.0 ** rng.uniform(-2, 0.3, (20, K))
    pairs = pairs_of(model, X, center, radius)
    low, high, doubt = log_bounds(pairs)
    x, output = X[pairs.row], pairs.boxes.output
    for delta in inside(center, radius, rng):
        value = log_joint_of_pairs(model, x, (center + delta)[pairs.box])
        assert (low <= value + 1e-9).all() and (value <= high + 1e-9).all()
        g = output.value + np.einsum("ck,ckd->cd", delta, output.J)
        straight = likelihood.log_prob(x, g[pairs.box][None])[0][0]
        straight += model.latent.log_prior((center + delta)[pairs.box])
        assert (np.abs(value - straight) <= doubt + 1e-9).all()


@pytest.mark.parametrize("likelihood", LIKELIHOODS, ids=repr)
def test_the_bounds_of_a_small_box_are_as_wide_as_the_slope_and_what_bends(likelihood):
    rng, r = seeded(6), 1e-4
    model = LatentVariableModel(Gaussian(2), mlp([2, 6, 3], tanh, rng), likelihood)
    X, center = rng.random((1, 3)), rng.normal(size=(8, 2))
    low, high, _ = log_bounds(pairs_of(model, X, center, np.full((8, 2), r)))
    ends = [[log_joint_of_pairs(model, X, center + side * e) for side in (1e-5, -1e-5)] for e in np.eye(2)]
    slope = np.array([(above - below) / 2e-5 for above, below in ends])
    np.testing.assert_allclose(high - low, 2 * r * np.abs(slope).sum(0), rtol=0.02)


@pytest.mark.parametrize("likelihood", LIKELIHOODS, ids=repr)
def test_the_doubt_of_a_small_box_is_about_twice_what_the_decoder_bends(likelihood):
    decoder = chain(Affine(np.array([[1.3]]), np.array([0.4])), tanh, Affine(np.array([[0.8]]), np.zeros(1)))
    model, X = LatentVariableModel(Gaussian(1), decoder, likelihood), np.array([[0.9]])
    center, r = np.array([[0.3]]), 1e-3
    pairs = pairs_of(model, X, center, np.full((1, 1), r))
    output, bent = pairs.boxes.output, []
    for z in (center - r, center + r):
        g = output.value + (z - center) * output.J[:, 0]
        bent.append(abs(model.log_likelihood(X, z[None])[0] - likelihood.log_prob(X, g[None])[0]).item())
    assert 0.4 * log_bounds(pairs)[2] <= max(bent) <= log_bounds(pairs)[2]


def test_where_a_decoder_overflows_there_is_nothing():
    model = LatentVariableModel(Gaussian(1), chain(lambda z: (np.exp(z), lambda dy: dy * np.exp(z))),
                                GaussianLikelihood(0.4))
    low, high, _ = log_bounds(pairs_of(model, np.array([[1.0]]), np.array([[900.0], [0.0]]), np.array([[1.0], [0.01]])))
    assert low[0] == high[0] == -np.inf and np.isfinite(low[1]) and np.isfinite(high[1])


def test_of_an_affine_decoder_in_one_dimension_the_lower_bound_is_reached_at_the_top():
    W, b, X = np.array([[0.7, -1.2]]), np.array([0.3, 0.1]), np.array([[0.5, 0.9]])
    model = LatentVariableModel(Gaussian(1), chain(Affine(W, b)), GaussianLikelihood(0.4))
    top = ((X - b) @ W.T / (W @ W.T + 0.4**2))                       # the posterior's mean
    for r in (0.01, 0.3, 2.0):
        low, high, doubt = log_bounds(pairs_of(model, X, top, np.full((1, 1), r)))
        assert doubt == 0 and low == pytest.approx(log_joint_of_pairs(model, X, top + r), rel=1e-12)
        assert high == pytest.approx(log_joint_of_pairs(model, X, top), rel=1e-12)


def test_a_wide_box_holds_at_most_the_greatest_density_and_the_prior_where_it_is_nearest():
    model = LatentVariableModel(Gaussian(1), chain(Affine(np.ones((1, 1)), np.zeros(1))), GaussianLikelihood(0.4))
    center, radius = np.array([[0.0], [10.0], [-10.0]]), np.array([[50.0], [2.0], [2.0]])
    _, high, _ = log_bounds(pairs_of(model, np.array([[9.0]]), center, radius))
    most = model.likelihood.greatest_log_prob(1)
    # of the last box every output is at least 17 away from x
    away = [0, 0, (9 + 8) ** 2 / (2 * 0.4**2)]
    np.testing.assert_allclose(high, most - 0.5 * np.array([0.0, 8.0, 8.0]) ** 2 - 0.5 * math.log(2 * math.pi) - away)


@pytest.mark.parametrize("sigma_g", [0.5, 0.02])
@pytest.mark.parametrize("K, far", [(1, 0.0), (2, 0.0), (1, 30.0)])
def test_what_p_of_x_is_at_least_and_where_the_rest_of_it_lies(K, far, sigma_g):
    rng = seeded(9)
    decoder = mlp([K, 30], rng=rng)
    model = LatentVariableModel(Gaussian(K), decoder, GaussianLikelihood(sigma_g))
    W, b = decoder.layers[0].W, decoder.layers[0].b
    X = model.sample(6, rng)[0] + far * np.linspace(0, 1, 6)[:, None] * W.sum(0)
    covariance = W.T @ W + sigma_g**2 * np.eye(30)
    log_det = np.linalg.slogdet(2 * np.pi * covariance)[1]
    exact = np.array([-0.5 * (x - b) @ np.linalg.solve(covariance, x - b) - 0.5 * log_det for x in X])
    share = 1e-6
    at_least, half = first_bounds(model, X, share)
    assert (at_least <= exact).all() and (at_least > exact - 2.5 * K).all()
    M = W @ W.T + sigma_g**2 * np.eye(K)
    mean, deviation = (X - b) @ W.T @ np.linalg.inv(M), np.sqrt(np.diag(sigma_g**2 * np.linalg.inv(M)))
    beyond = [math.erfc(a / math.sqrt(2)) for a in ((half - np.abs(mean)) / deviation).ravel()]
    assert max(beyond) < share and half == 2 ** round(math.log2(half)) and half <= 2 * math.sqrt(
        2 * (model.likelihood.greatest_log_prob(30) - at_least.min() + math.log(K / share)))
    np.testing.assert_allclose(high_point(model, X), mean, atol=1e-6)
