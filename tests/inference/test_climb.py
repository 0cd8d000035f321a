"""Rprop, step by step against a plain loop of its own, and the shared row against closed forms."""

import numpy as np
import pytest
from numeric_inference import joint_of_mixture, posterior_of_pca

from npvae.inference.argmax_shared_q import argmax_shared_q
from npvae.models import mixture_of_gaussians, probabilistic_pca
from npvae.models.climb import climb


def rprop(slope, q, steps):
    """The points that iRprop⁻ visits in one dimension, its rules written out."""
    points, step, before = [q], 0.1, 0.0
    for _ in range(steps):
        g = slope(q)
        if g * before > 0:
            step = min(1.2 * step, 1.0)
        elif g * before < 0:
            step, g = max(0.5 * step, 1e-12), 0.0
        q, before = q + np.sign(g) * step, g
        points.append(q)
    return points


@pytest.mark.parametrize("width", [0.01, 0.3, 20.0])
def test_the_points_visited_are_those_of_rprop(width):
    centers, seen = np.array([[3.0], [-0.7], [0.0]]), []

    def objective(q, rows):
        seen.append(q.ravel().copy())
        away = (q - centers[rows]) / width
        return (-0.5 * away**2).sum(1), lambda d: -d[:, None] * away / width

    start = np.array([[0.0], [0.1], [0.5]])
    best = climb(objective, start, tolerance=-1.0, most_steps=40)
    expected = np.array([rprop(lambda q, c=c: -(q - c) / width**2, q, 39)
                         for q, c in zip(start[:, 0], centers[:, 0], strict=True)])
    np.testing.assert_allclose(seen, expected.T, rtol=1e-12, atol=1e-15)
    nearest = np.abs(expected - centers).argmin(1)
    np.testing.assert_array_equal(best[:, 0], np.array(seen)[nearest, np.arange(3)])


def test_rows_that_stand_still_are_left_alone_and_no_more_steps_are_taken_than_allowed():
    asked = []

    def objective(q, rows):
        asked.append(rows.tolist())
        return -(q**2).sum(1), lambda d: -2 * q * d[:, None]

    start = np.array([[0.0, 0.0], [1.0, -2.0]])
    best = climb(objective, start)
    assert asked[0] == [0, 1] and asked[1] == [1] and len(asked) < 100 and np.abs(best).max() < 1e-2
    asked.clear()
    assert (climb(objective, start, most_steps=3)[1] != start[1]).all() and len(asked) == 3
    np.testing.assert_array_equal(start, [[0.0, 0.0], [1.0, -2.0]])


def test_a_step_into_an_overflow_is_taken_back_and_a_tenth_is_tried():
    seen = []

    def objective(q, rows):
        # rising up to a cliff at 0.35
        seen.append(q.item())
        return np.where(q < 0.35, q, np.nan)[:, 0], lambda d: d[:, None] + 0 * q

    best = climb(objective, np.zeros((1, 1)), most_steps=30).item()
    # 0, 0.1, 0.22, then 0.364 is lost: 0.22 again, and from there by a tenth of 0.144
    np.testing.assert_allclose(seen[:6], [0, 0.1, 0.22, 0.364, 0.22, 0.2344], rtol=1e-12)
    assert 0.34 < best < 0.35


def test_the_shared_row_of_probabilistic_pca_is_its_closed_form():
    model = probabilistic_pca(2, 4, sigma_g=0.6, rng=np.random.default_rng(0))
    X = model.sample(30, np.random.default_rng(1))[0]
    mean, precision = posterior_of_pca(model, X)
    start = np.full(4, 0.3)
    for row in (argmax_shared_q(model, None, X), argmax_shared_q(model, start, X)):
        # the mean of the means, and σ_j² = 1/P_jj
        np.testing.assert_allclose(row, [*mean.mean(0), *(-0.5 * np.log(np.diag(precision)))], atol=1e-3)
    np.testing.assert_array_equal(start, np.full(4, 0.3))


def test_the_shared_row_of_a_mixture_is_its_closed_form():
    model = mixture_of_gaussians(3, 2, sigma_g=1.0, rng=np.random.default_rng(0))
    X = np.random.default_rng(1).normal(size=(20, 2))
    # q_k ∝ exp(mean_i log p(x^i, k))
    row, expected = argmax_shared_q(model, None, X), joint_of_mixture(model, X).mean(0)
    np.testing.assert_allclose(row - row.max(), expected - expected.max(), atol=1e-12)
