"""Samples of an autoencoder against a VAE's: the distance against known answers, and the result on the digits."""

import numpy as np
import pytest

from npvae import VAE, Autoencoder, datasets
from npvae.lab.generation import _energy, aggregate_code, energy_distance, generation, permutation_range
from npvae.lab.plots import save
from npvae.lab.plots.autoencoder_uses import generation_figure

DIGITS = datasets.digits()


def test_the_energy_distance_by_hand():
    X, Y = np.array([[0.0], [2.0]]), np.array([[1.0]])
    # 2 · 1 − (0 + 2 + 2 + 0)/4 − 0
    assert energy_distance(X, Y) == pytest.approx(1.0)
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(30, 4)), rng.normal(size=(20, 4)) + 1

    def mean(A, B):
        return np.mean([np.linalg.norm(a - b) for a in A for b in B])

    assert energy_distance(X, Y) == pytest.approx(2 * mean(X, Y) - mean(X, X) - mean(Y, Y), rel=1e-9)


def test_the_permutation_range_holds_equal_samples_and_not_others():
    rng = np.random.default_rng(0)
    X, inside = rng.normal(size=(80, 3)), 0
    for _ in range(40):
        value, low, high = permutation_range(rng.normal(size=(40, 3)), rng.normal(size=(40, 3)), _energy, 100)
        inside += low <= value <= high
    assert inside >= 36
    value, low, high = permutation_range(X[:40], X[40:] + 0.8, _energy, 200)
    assert value > high


def test_the_aggregate_code_of_exact_codes():
    class Model(Autoencoder):
        def transform(self, X):
            return X

    X = np.random.default_rng(0).normal(size=(5000, 2)) * [2.0, 1.0] + [0.0, 3.0]
    mean, covariance, kl = aggregate_code(Model(latent_dim=2), X)
    np.testing.assert_allclose(covariance, np.cov(X.T, bias=True))
    # KL(N(m, diag s²) ‖ N(0, I)) = ½ Σ (s² + m² − 1 − log s²) = ½ (4 − 1 − log 4 + 9)
    assert kl == pytest.approx(0.5 * (3 - np.log(4) + 9), rel=0.03)


def test_a_vae_s_aggregate_counts_the_width_of_each_posterior():
    X = DIGITS.train[:300]
    vae = VAE(latent_dim=2, hidden=(16,), sweeps=20, progress=False).fit(X)
    q, rng = vae.solver_.infer(X), np.random.default_rng(0)
    z = vae.model_.latent.sample(q, 3000, rng).reshape(-1, 2)
    np.testing.assert_allclose(aggregate_code(vae, X)[1], np.cov(z.T), atol=0.02)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_autoencoder_s_samples_are_worse_than_the_vae_s_beyond_chance(seed, tmp_path):
    figures, models = generation(DIGITS, seed=seed, permutations=200, progress=False)
    excess = figures["excess"]
    assert excess["energy_distance"] > 2 * excess["high"] > 0 > excess["low"]
    assert excess["energy_distance"] == pytest.approx(
        figures["autoencoder"]["energy_distance"] - figures["VAE"]["energy_distance"])
    assert figures["autoencoder"]["energy_distance"] > 5 * figures["autoencoder"]["high"]
    assert figures["autoencoder"]["kl_to_prior"] > 1 > 0.3 > figures["VAE"]["kl_to_prior"]
    if seed == 0:
        figure = generation_figure(figures, models, DIGITS.train, DIGITS.image_shape, count=20)
        assert save(figure, tmp_path / "g.png").stat().st_size > 20_000
