"""Sums of weights, brute force: effective sizes, errors, pieces, and the valley that parts a hill from q."""

import numpy as np
import pytest

from npvae.inference import importance_weighting, missed_hills
from npvae.models import Gaussian, GaussianLikelihood, LatentVariableModel, probabilistic_pca
from npvae.nn import chain


@pytest.mark.parametrize("shift", [-2000.0, 0.0, 1500.0])
def test_effective_size_and_error_of_weights_whatever_their_unit(shift):
    log_w = np.random.default_rng(0).normal(size=(50, 4)) * [0.0, 0.5, 1.0, 3.0]
    sizes = importance_weighting._effective_sample_size(log_w + shift)
    errors = importance_weighting._delta_error(log_w + shift)
    for w, size, error in zip(np.exp(log_w).T, sizes, errors, strict=True):
        assert size == pytest.approx(sum(w) ** 2 / sum(a * a for a in w), rel=1e-9)
        # the standard error of the mean weight, relative to it
        assert error == pytest.approx(w.std() / w.mean() / 50**0.5, rel=1e-9, abs=1e-8)


@pytest.mark.parametrize("total, most", [(1, 5), (5, 5), (6, 5), (23, 5), (20, 1)])
def test_pieces_make_up_all_draws_and_none_is_too_large(total, most):
    counts = importance_weighting._counts(total, most)
    assert sum(counts) == total and all(0 < count <= most for count in counts) and len(counts) == -(-total // most)


def test_log_weights_are_those_of_the_densities():
    model = probabilistic_pca(1, 2, sigma_g=0.7)
    q, x = np.array([[0.3, -0.5], [-1.0, 0.2]]), np.array([[0.1, 0.4], [1.0, -1.0]])
    found = importance_weighting._log_weights(model, q, x, 6, np.random.default_rng(3))
    z = model.latent.sample(q, 6, np.random.default_rng(3))
    layer = model.decoder.layers[0]

    def log_normal(a, mean, deviation):
        return -0.5 * ((a - mean) / deviation) ** 2 - np.log(deviation) - 0.5 * np.log(2 * np.pi)

    for s, b in np.ndindex(6, 2):
        u = z[s, b, 0]
        expected = (log_normal(x[b], u * layer.W[0] + layer.b, 0.7).sum() + log_normal(u, 0, 1)
                    - log_normal(u, q[b, 0], np.exp(q[b, 1])))
        assert found[s, b] == pytest.approx(expected, rel=1e-12)


def square(sigma_g):
    decoder = chain(lambda z: (z * z, lambda dy: 2 * z * dy))
    return LatentVariableModel(Gaussian(1), decoder, GaussianLikelihood(sigma_g))


def test_only_what_lies_beyond_a_valley_is_another_hill():
    # of g(z) = z² at x = 4 the hills are at ±2, with a valley at 0 between them
    model, q, x = square(0.5), np.array([[2.0, -2.0]]), np.array([[4.0]])
    row, z = missed_hills._beyond_a_valley(model, q, x, np.array([[1.5], [2.2], [-0.1], [-1.9], [-2.1]]))
    assert row.tolist() == [0, 0] and sorted(z.ravel()) == [-2.1, -1.9]
    # the valley is looked for at a quarter, half and three quarters of the way, here between 2 and −0.9
    assert set(missed_hills._beyond_a_valley(model, q, x, np.array([[-0.9]]))[1].ravel()) == {-0.9}
    # a hill is climbed to its top, and is as wide as the curvature says: of log p, −½ (4 − z²)²/σ² − ½ z²
    hill = missed_hills._hill(model, x, np.array([[-1.7]]))
    at, top = hill[0, 0], -np.sqrt(4 - 0.5**2 / 2)
    assert at == pytest.approx(top, abs=0.02)               # a hundredth of a nat below the top
    assert hill[0, 1] == pytest.approx(-0.5 * np.log((6 * at**2 - 2 * 4) / 0.5**2 + 1), abs=1e-3)


def test_the_best_candidates_are_tried_and_others_that_lie_apart_from_them():
    rng = np.random.default_rng(5)
    joint, z = rng.normal(size=(60, 3)), rng.uniform(-3, 3, size=(60, 1))
    best = missed_hills._best(joint, z)
    assert best.shape == (2 * missed_hills.BEST, 3)
    for b in range(3):
        np.testing.assert_array_equal(best[: missed_hills.BEST, b], np.argsort(-joint[:, b])[: missed_hills.BEST])
        apart = [best[0, b]]
        for _ in range(missed_hills.BEST):
            far = [i for i in range(60) if all(abs(z[i] - z[j]) >= missed_hills.APART for j in apart)]
            apart.append(max(far, key=lambda i: joint[i, b]))
        np.testing.assert_array_equal(best[missed_hills.BEST:, b], apart[1:])


@pytest.mark.parametrize("sigma_g", [0.5, 0.2])
def test_of_two_equal_hills_the_missed_one_is_worth_log_two(sigma_g):
    model, x = square(sigma_g), np.array([[4.0]])
    q = missed_hills._hill(model, x, np.array([[1.7]]))
    # log of half of p(x), by a fine sum over one hill
    z = np.linspace(0, 5, 200_001)[:, None]
    joint = model.log_likelihood(x, z[:, None])[0][:, 0] + model.latent.log_prior(z)
    half = np.log(np.exp(joint - joint.max()).sum() * 5 / 200_000) + joint.max()
    found = missed_hills.missed_by(model, q, x, np.array([half]), 1000)
    assert found == pytest.approx(np.log(2), abs=0.1)
