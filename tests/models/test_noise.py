"""Noise: weights, moments and exactness of every rule, against the moments of N(0, I)."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npvae.models import Cubature, GaussHermite, MonteCarlo

RULES = [MonteCarlo(1), MonteCarlo(7), GaussHermite(1), GaussHermite(5), Cubature()]
rules = pytest.mark.parametrize("rule", RULES, ids=repr)


def normal_moment(p):
    """E ε^p for ε ~ N(0, 1): 0 for odd p, (p − 1)!! for even p."""
    return 0.0 if p % 2 else float(math.prod(range(p - 1, 0, -2)))


def monomial(eps, powers):
    return np.prod(eps**np.array(powers), axis=-1)


@rules
@pytest.mark.parametrize("dim", [1, 2, 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_shapes_dtypes_and_weights_that_sum_to_one(rule, dim, dtype):
    eps, w = rule(np.random.default_rng(0), 4, dim, dtype)
    expected = {MonteCarlo(1): (1, 4), MonteCarlo(7): (7, 4), GaussHermite(1): (1, 1), GaussHermite(5): (5**dim, 1),
                Cubature(): (2 * dim, 1)}[rule]
    assert eps.shape == (*expected, dim) and w.shape == (expected[0], 1)
    assert eps.dtype == w.dtype == dtype
    assert w.sum() == pytest.approx(1, abs=1e-14 if dtype == np.float64 else 1e-6)
    assert (w > 0).all()


@rules
def test_only_monte_carlo_is_random(rule):
    rng = np.random.default_rng(0)
    first, second = (rule(rng, 2, 2).eps for _ in range(2))
    assert rule.random is not np.array_equal(first, second)
    assert rule.random is isinstance(rule, MonteCarlo)


@pytest.mark.parametrize("n", [1, 2, 5, 10, 20])
def test_gauss_hermite_is_exact_up_to_degree_2n_minus_1_and_not_at_2n(n):
    eps, w = GaussHermite(n)(None, 1, 1)
    for p in range(2 * n):
        size = (w * np.abs(eps[:, 0])**p).sum()                # what there is to cancel
        assert abs((w * eps[:, 0]**p).sum() - normal_moment(p)) <= 1e-12 * size
    assert (w * eps[:, 0]**(2 * n)).sum() < normal_moment(2 * n) * (1 - 1e-7)


@pytest.mark.parametrize("n", [2, 4])
def test_gauss_hermite_in_two_dimensions_is_exact_in_each_of_them(n):
    eps, w = GaussHermite(n)(None, 1, 2)
    for powers in itertools.product(range(2 * n), repeat=2):
        exact = normal_moment(powers[0]) * normal_moment(powers[1])
        assert (w[:, 0] * monomial(eps[:, 0], powers)).sum() == pytest.approx(exact, rel=1e-12, abs=1e-11)


@pytest.mark.parametrize("K", [1, 2, 3, 4, 5, 6])
def test_cubature_is_exact_up_to_degree_three_with_cross_terms(K):
    eps, w = Cubature()(None, 1, K)
    for powers in itertools.product(range(4), repeat=K):
        if sum(powers) <= 3:
            exact = math.prod(map(normal_moment, powers))
            assert (w[:, 0] * monomial(eps[:, 0], powers)).sum() == pytest.approx(exact, abs=1e-14)


@given(st.integers(1, 6), st.integers(0, 10**6))
def test_cubature_is_exact_for_every_quadratic_form(K, seed):
    rng = np.random.default_rng(seed)
    A, b = rng.normal(size=(K, K)), rng.normal(size=K)
    eps, w = Cubature()(None, 1, K)
    # E (εᵀAε + bᵀε) = tr A
    value = (w * (np.einsum("sbi,ij,sbj->sb", eps, A, eps) + eps @ b)).sum()
    assert value == pytest.approx(np.trace(A), abs=1e-12)


def test_monte_carlo_moments_lie_within_six_standard_errors():
    N = 60_000
    eps = MonteCarlo(N)(np.random.default_rng(0), 2, 3).eps
    for p in range(1, 5):
        error = np.sqrt((normal_moment(2 * p) - normal_moment(p)**2) / N)
        assert (np.abs((eps**p).mean(0) - normal_moment(p)) < 6 * error).all()
    flat = eps.reshape(N, 6)                                    # rows and dimensions are independent of each other
    off_diagonal = (flat.T @ flat / N)[~np.eye(6, dtype=bool)]
    assert np.abs(off_diagonal).max() < 6 / np.sqrt(N)


def test_the_same_seed_draws_the_same_noise():
    one, two, other = (MonteCarlo(3)(np.random.default_rng(seed), 4, 2).eps for seed in (5, 5, 6))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("number", [0, -3, 1.5, 2.0, None])
@pytest.mark.parametrize("rule, name", [(MonteCarlo, "samples"), (GaussHermite, "nodes")])
def test_a_number_of_points_that_is_none_is_refused(rule, name, number):
    with pytest.raises(ValueError, match=f"{name} is {number}, expected a whole number from 1"):
        rule(number)


def test_a_tensor_rule_in_many_dimensions_names_the_alternatives():
    with pytest.raises(ValueError, match="20 nodes in 6 dimensions are 64000000 points: use MonteCarlo or Cubature"):
        GaussHermite(20)(None, 1, 6)


def test_more_nodes_than_floats_can_weigh_are_refused():
    assert np.isfinite(GaussHermite(300)(None, 1, 1).w).all()
    with pytest.raises(ValueError, match="400 Gauss–Hermite nodes are beyond the range of floats"):
        GaussHermite(400)(None, 1, 1)
