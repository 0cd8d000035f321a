"""The generators against the distributions that they claim to draw from."""

import numpy as np
import pytest

from npvae import datasets

TOYS = [getattr(datasets, name) for name in datasets.names() if name not in ("digits", "fashion")]
toys = pytest.mark.parametrize("toy", TOYS, ids=lambda toy: toy.__name__)


@toys
@pytest.mark.parametrize("n", [1, 4, 5, 101])
def test_sizes(toy, n):
    data = toy(n)
    assert len(data.train) == n and len(data.test) == max(1, n // 5)
    assert np.isfinite(data.train).all() and data.train.dtype == np.float64


@toys
def test_seed_and_generator_say_the_same_and_other_seeds_differ(toy):
    np.testing.assert_array_equal(toy(20, 3).train, toy(20, np.random.default_rng(3)).train)
    assert not np.array_equal(toy(20, 3).train, toy(20, 4).train)


@toys
def test_a_generator_moves_on(toy):
    rng = np.random.default_rng(0)
    assert not np.array_equal(toy(20, rng).train, toy(20, rng).train)


@toys
@pytest.mark.parametrize("n", [0, -1, 2.5, "many", None, True])
def test_bad_n(toy, n):
    with pytest.raises(ValueError, match="n is .*expected a whole number"):
        toy(n)


@toys
def test_bad_rng(toy):
    with pytest.raises(ValueError, match="rng is"):
        toy(10, np.random)


@pytest.mark.parametrize("toy, argument", [
    (datasets.linear_gaussian, "data_dim"), (datasets.linear_gaussian, "latent_dim"),
    (datasets.linear_gaussian, "sigma_g"), (datasets.mixture, "components"), (datasets.mixture, "sigma_g"),
    (datasets.two_moons, "sigma_g"), (datasets.pinwheel, "arms"), (datasets.ring, "sigma_g"),
    (datasets.spiral, "turns"), (datasets.spiral, "sigma_g")])
@pytest.mark.parametrize("value", [0, -1, "x", float("nan")])
def test_bad_sizes_and_scales(toy, argument, value):
    with pytest.raises(ValueError, match=f"{argument} is "):
        toy(10, **{argument: value})


def test_linear_gaussian_has_the_covariance_of_probabilistic_pca():
    n, D, K, sigma_g = 20000, 4, 2, 0.3
    data = datasets.linear_gaussian(n, 7, data_dim=D, latent_dim=K, sigma_g=sigma_g)
    rng = np.random.default_rng(7)
    W, b = rng.standard_normal((K, D)), rng.standard_normal(D)
    covariance = W.T @ W + sigma_g**2 * np.eye(D)
    deviation = data.train.mean(0) - b
    assert (np.abs(deviation) < 6 * np.sqrt(np.diag(covariance) / n)).all()
    # Var of a sample covariance: (C_ij^2 + C_ii C_jj) / n
    tolerance = 6 * np.sqrt((covariance**2 + np.outer(*[np.diag(covariance)] * 2)) / n)
    assert (np.abs(np.cov(data.train.T) - covariance) < tolerance).all()


def test_mixture_components_have_their_means_and_spread():
    data = datasets.mixture(20000, components=4, sigma_g=0.25)
    means = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]])
    for k in range(4):
        X = data.train[data.train_labels == k]
        assert abs(len(X) - 5000) < 6 * np.sqrt(20000 * 3 / 16)
        assert (np.abs(X.mean(0) - means[k]) < 6 * 0.25 / np.sqrt(len(X))).all()
        assert (np.abs(X.std(0) - 0.25) < 6 * 0.25 / np.sqrt(2 * len(X))).all()


def test_two_moons_lie_on_their_half_circles():
    data = datasets.two_moons(2000, sigma_g=1e-9)
    upper, lower = (data.train[data.train_labels == k] for k in (0, 1))
    np.testing.assert_allclose(np.hypot(*upper.T), 1, atol=1e-7)
    np.testing.assert_allclose(np.hypot(*(lower - [1, 0.5]).T), 1, atol=1e-7)
    assert upper[:, 1].min() > -1e-7 and lower[:, 1].max() < 0.5 + 1e-7
    assert len(upper) > 800 and len(lower) > 800


def test_pinwheel_arms_unwind():
    data = datasets.pinwheel(20000, arms=3)
    # An arm is narrow: undoing the twist of its radius leaves the angle 2 pi k / arms, up to the noise across.
    radius, angle = np.hypot(*data.train.T), np.arctan2(data.train[:, 1], data.train[:, 0])
    rest = angle - 2 * np.pi * data.train_labels / 3 - np.exp(radius) / 4
    rest = (rest + np.pi) % (2 * np.pi) - np.pi
    across = (rest * radius)[np.abs(radius - 1) < 0.2]
    assert abs(np.median(across)) < 0.005 and abs(np.std(across) - 0.05) < 0.004
    assert abs(np.median(radius) - 1) < 0.02 and abs(np.std(radius) - 0.3) < 0.01
    assert np.unique(data.train_labels).tolist() == [0, 1, 2]


def test_ring_is_a_circle_covered_evenly():
    X = datasets.ring(20000, sigma_g=1e-9).train
    np.testing.assert_allclose(np.hypot(*X.T), 1, atol=1e-7)
    assert (np.abs(X.mean(0)) < 6 * np.sqrt(0.5 / 20000)).all()


def test_noise_has_the_spread_it_is_given():
    clean, noisy = (datasets.ring(20000, sigma_g=sigma_g).train for sigma_g in (1e-9, 0.2))
    assert abs(np.std(noisy - clean) - 0.2) < 6 * 0.2 / np.sqrt(80000)


def test_spiral_turns_with_its_radius():
    X = datasets.spiral(2000, turns=2, sigma_g=1e-9).train
    radius, angle = np.hypot(*X.T), np.arctan2(X[:, 1], X[:, 0])
    np.testing.assert_allclose(np.cos(angle), np.cos(4 * np.pi * radius), atol=1e-4)
    np.testing.assert_allclose(np.sin(angle), np.sin(4 * np.pi * radius), atol=1e-4)
    assert radius.max() <= 1 + 1e-7 and abs(radius.mean() - 0.5) < 6 * np.sqrt(1 / 12 / 2000)
