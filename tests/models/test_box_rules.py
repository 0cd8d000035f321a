"""The rules of boxes, whole or cut by a kink, are exact where they should be; their integrals are those of sums."""

import math

import numpy as np
import pytest
from numeric_models import log_joint_of_pairs, pairs_of

from npvae.models import Gaussian, GaussianLikelihood, LatentVariableModel
from npvae.models.exact import box_rules
from npvae.models.exact.box_integrals import integrals, is_cut
from npvae.models.noise import tensor
from npvae.nn import mlp, relu, tanh


def seeded(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("K", [1, 2])
@pytest.mark.parametrize("order", box_rules.ORDERS)
def test_a_rule_is_exact_for_polynomials_and_the_lower_one_a_degree_pair_less(order, K):
    u, (high, low) = box_rules.whole(K, order)
    for degree in range(2 * order):
        exact = 0 if degree % 2 else 1 / (degree + 1)
        for k in range(K):
            assert high @ u[:, k] ** degree == pytest.approx(exact, abs=1e-14)
            serves = degree < 2 * order - 2 or degree % 2 == 1
            assert (low @ u[:, k] ** degree == pytest.approx(exact, abs=1e-14)) == serves


def test_a_cut_interval_is_integrated_on_both_sides_of_its_kink():
    lines = np.array([[1.0, 0.3], [-2.0, 0.5], [0.5, -0.2], [1.0, 3.0]])
    u, w = box_rules.cut(lines, 4)
    for (a, b), nodes, weights in zip(lines, u, w, strict=True):
        # ½ ∫ max(a t + b, 0) dt over [−1, 1]
        exact = (max(a + b, 0) ** 2 - max(b - a, 0) ** 2) / (4 * a)
        for rule in weights:
            assert rule.sum() == pytest.approx(1, abs=1e-14)
            assert rule @ np.maximum(a * nodes[:, 0] + b, 0) == pytest.approx(exact, abs=1e-14)


def test_a_cut_square_is_integrated_on_both_sides_of_its_kink():
    rng = seeded(7)
    lines = np.concatenate([rng.normal(size=(40, 3)), [[1.0, 0.0, 0.2], [0.0, -2.0, 0.5], [1.0, 1.0, 0.0]]])
    u, w = box_rules.cut(lines, 4)
    for (a, b, c), nodes, weights in zip(lines, u, w, strict=True):
        kinked = np.maximum(nodes @ [a, b] + c, 0)
        if a == 0 or b == 0:
            d = a + b
            exact = (max(d + c, 0) ** 2 - max(c - d, 0) ** 2) / (4 * d)
        else:
            # ¼ ∫∫ max(a s + b t + c, 0): the third difference of (·)₊³/(6ab)
            exact = sum(p * q * max(p * a + q * b + c, 0) ** 3 for p in (-1, 1) for q in (-1, 1)) / (24 * a * b)
        for rule in weights:
            assert (np.abs(nodes[rule > 0]) <= 1).all() and rule.sum() == pytest.approx(1, abs=1e-13)
            assert rule @ kinked == pytest.approx(exact, abs=1e-12)


@pytest.mark.parametrize("error", [1e-4, 1e-6, 1e-9])
def test_the_order_that_does_is_enough_and_the_one_before_is_near_its_limit(error):
    spread = np.geomspace(1e-3, 6, 60)
    order = box_rules.order_for(spread, error)
    assert (np.diff(order) >= 0).all() and set(order) == set(box_rules.ORDERS)
    for s, n in zip(spread, order, strict=True):
        if n < box_rules.ORDERS[-1]:
            u, (_, low) = box_rules.whole(1, n)
            exact = math.sinh(s / 2) / (s / 2)
            assert abs(low @ np.exp(s / 2 * u[:, 0]) - exact) < error
        if n > box_rules.ORDERS[0]:
            u, (_, low) = box_rules.whole(1, n - 1)
            assert abs(low @ np.exp(s / 2 * u[:, 0]) - math.sinh(s / 2) / (s / 2)) > error / 300


@pytest.mark.parametrize("activation", [tanh, relu])
@pytest.mark.parametrize("K", [1, 2])
def test_mass_mean_and_covariance_of_a_box(K, activation):
    rng = seeded(8)
    model = LatentVariableModel(Gaussian(K), mlp([K, 3, 2], activation, rng), GaussianLikelihood(0.7))
    X, center = rng.normal(size=(2, 2)), rng.normal(size=(12, K))
    radius = np.array([0.4, 0.3])[:K] * np.ones((12, K))
    pairs = pairs_of(model, X, center, radius)
    which = np.flatnonzero((pairs.boxes.output.kinks[pairs.box] == 0) | is_cut(pairs.boxes)[pairs.box])
    assert len(which) > 5
    masses, gaps, means, covariances = integrals(pairs, which, np.full(len(which), 6), np.ones(len(which)), True)
    assert gaps.max() < 1e-5
    # the oracle: a fine midpoint rule
    side = (np.arange(400) + 0.5) / 200 - 1
    u = tensor(side, K)
    for p, mass, mean, covariance in zip(which, masses, means, covariances, strict=True):
        z = center[pairs.box[p]] + radius[pairs.box[p]] * u
        weight = np.exp(log_joint_of_pairs(model, np.broadcast_to(X[pairs.row[p]], (len(z), 2)), z))
        assert mass == pytest.approx(math.log(weight.mean() * (2 * radius[pairs.box[p]]).prod()), abs=1e-5)
        weight /= weight.sum()
        np.testing.assert_allclose(mean, weight @ z, atol=1e-5)
        np.testing.assert_allclose(covariance, np.cov(z.T, aweights=weight, ddof=0).reshape(K, K), atol=1e-5)
