"""What one wants to see of a VAE, held against probabilistic PCA, of which all of it is known."""

import numpy as np
import pytest

import npvae
from npvae.autoencoders.coordinates import aggregate_covariance, kl_by_coordinate, variance_of_means

# eigenvalues of the data's covariance; σ_g² = 0.25 lies between the second and the third
EIGENVALUES, SIGMA_G = np.array([4.0, 1.0, 0.1, 0.05, 0.02, 0.01]), 0.5


def data_with_these_eigenvalues(m=600):
    rng = np.random.default_rng(4)
    Z = rng.normal(size=(m, 6))
    L = np.linalg.cholesky(np.cov((Z - Z.mean(0)).T, bias=True))
    white = np.linalg.solve(L, (Z - Z.mean(0)).T)                                       # (6, m)
    return (np.sqrt(EIGENVALUES)[:, None] * white).T @ np.linalg.qr(rng.normal(size=(6, 6)))[0]


@pytest.fixture(scope="module")
def pca():
    X = data_with_these_eigenvalues()
    vae = npvae.VAE(latent_dim=4, hidden=(), sigma_g=SIGMA_G, sweeps=250, learning_rate=0.02, samples=4, seed=1,
                    dtype="float64", progress=False).fit(X)
    return vae, X


def exact_rows(m=400_000):
    # p(z|x) of data from the model itself: x_k = w_k z_k + σ ε, so that every coordinate is a problem of its own
    w, rng = np.array([2.0, 0.7, 0.0]), np.random.default_rng(0)
    x = w * rng.normal(size=(m, 3)) + SIGMA_G * rng.normal(size=(m, 3))
    precision = 1 + w**2 / SIGMA_G**2
    mu = x * w / (SIGMA_G**2 * precision)
    return w, precision, np.concatenate([mu, np.broadcast_to(-0.5 * np.log(precision), mu.shape)], axis=1)


def test_under_the_true_model_the_aggregate_posterior_is_the_prior_and_the_kl_is_the_mutual_information():
    w, precision, q = exact_rows()
    np.testing.assert_allclose(aggregate_covariance(q), np.eye(3), rtol=0, atol=0.01)
    # I(z_k; x) = ½ log(1 + w²/σ²)
    np.testing.assert_allclose(kl_by_coordinate(q).mean(0), 0.5 * np.log(precision), rtol=0, atol=0.01)
    # Var_x(E[z|x]) = w²/(w² + σ²)
    np.testing.assert_allclose(variance_of_means(q), w**2 / (w**2 + SIGMA_G**2), rtol=0, atol=0.01)


def test_the_aggregate_covariance_is_about_the_mean_of_all_rows():
    q = np.random.default_rng(1).normal(2, 1, (5, 6))
    mu, sigma2 = q[:, :3], np.exp(2 * q[:, 3:])
    # Cov z = E[z zᵀ] − E[z] E[z]ᵀ
    second = sum(np.outer(m, m) + np.diag(v) for m, v in zip(mu, sigma2, strict=True)) / 5
    np.testing.assert_allclose(aggregate_covariance(q), second - np.outer(mu.mean(0), mu.mean(0)), rtol=1e-12)


def test_as_many_units_are_active_as_eigenvalues_stand_above_the_noise(pca):
    # at the maximum in θ, W keeps the directions with λ > σ², and Var_x(E[z|x]) = 1 − σ²/λ there
    vae, X = pca
    active = vae.active_units(X)
    assert active.dtype == bool and active.sum() == 2
    variance = variance_of_means(vae.solver_.infer(X))
    np.testing.assert_allclose(np.sort(variance)[::-1], [1 - 0.25 / 4, 1 - 0.25 / 1, 0, 0], rtol=0, atol=0.03)
    np.testing.assert_array_equal(vae.active_units(X, threshold=0.9), variance > 0.9)


def test_the_kl_of_each_coordinate_is_half_the_log_of_the_eigenvalue_over_the_noise(pca):
    vae, X = pca
    kl = vae.kl(X)
    assert kl.shape == (600, 4) and (kl >= 0).all()
    np.testing.assert_allclose(kl.sum(1), vae.model_.latent.kl(vae.solver_.infer(X))[0], rtol=1e-12, atol=1e-12)
    expected = [0.5 * np.log(4 / 0.25), 0.5 * np.log(1 / 0.25), 0, 0]
    np.testing.assert_allclose(np.sort(kl.mean(0))[::-1], expected, rtol=0, atol=0.03)


def test_the_aggregate_posteriors_covariance_is_that_of_draws(pca):
    vae, X = pca
    found = vae.aggregate_covariance(X)
    z = vae.model_.latent.sample(vae.solver_.infer(X), 500, np.random.default_rng(0)).reshape(-1, 4)
    np.testing.assert_allclose(found, np.cov(z.T), rtol=0, atol=0.02)
    np.testing.assert_allclose(found, np.eye(4), rtol=0, atol=0.05)


def test_one_row_has_a_kl_and_no_spread(pca):
    vae, X = pca
    assert vae.kl(X[:1]).shape == (1, 4)
    for verb in (vae.active_units, vae.aggregate_covariance):
        with pytest.raises(ValueError, match="1 row, expected at least 2"):
            verb(X[:1])
    with pytest.raises(ValueError, match="threshold is -1"):
        vae.active_units(X, -1)


@pytest.mark.parametrize("settings", [{}, {"beta": 0.3}, {"kl_warm_up": 3}, {"samples": 3, "held_out": 0.2}], ids=str)
def test_the_history_splits_the_elbo_to_the_last_bit(settings):
    X = np.random.default_rng(0).normal(size=(90, 5))
    vae = npvae.VAE(latent_dim=2, hidden=(8,), sweeps=4, progress=False, **settings).fit(X)
    history = vae.history_
    np.testing.assert_array_equal(history["elbo"], history["reconstruction"] - history["kl"])
    assert (history["kl"] > 0).all() and len(history["kl"]) == 4


def test_the_kl_of_a_sweep_is_the_mean_over_its_batches():
    # with λ too small to move anything, every batch is measured with the parameters that are left
    X = np.random.default_rng(0).normal(size=(90, 5))
    vae = npvae.VAE(latent_dim=2, hidden=(8,), sweeps=2, learning_rate=1e-30, final_learning_rate=None, batch_size=20,
                    dtype="float64", progress=False).fit(X)
    np.testing.assert_allclose(vae.history_["kl"], vae.kl(X).sum(1).mean(), rtol=1e-12)


def test_a_sweep_that_was_cut_goes_on_with_its_kl():
    X, asked = np.random.default_rng(0).normal(size=(90, 5)), []
    settings = dict(latent_dim=2, hidden=(8,), sweeps=3, batch_size=20, progress=False)
    whole, cut = npvae.VAE(**settings).fit(X), npvae.VAE(**settings)
    cut.fit(X, after_step=lambda: asked.append(1) or len(asked) == 7)
    cut.fit(X, resume=True)
    for key in ("elbo", "reconstruction", "kl"):
        np.testing.assert_array_equal(cut.history_[key], whole.history_[key])


def test_a_run_that_was_saved_without_kl_goes_on():
    X = np.random.default_rng(0).normal(size=(60, 5))
    vae = npvae.VAE(latent_dim=2, hidden=(8,), sweeps=2, batch_size=20, progress=False)
    vae.fit(X, after_step=iter([False, False, False, False, True]).__next__)
    for record in vae.history_:
        for key in ("kl", "reconstruction", "total_kl"):
            record.pop(key, None)
    vae.set_params(sweeps=3, final_learning_rate=None).fit(X, resume=True)
    # of the sweep that was cut the KL of its first rows is not known
    assert np.isnan(vae.history_["kl"]).tolist() == [True, True, False]
