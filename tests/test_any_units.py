"""x → a·x + b changes the ELBO by −D log a and nothing else, for all five learners; and data far from 0 are learned."""

import numpy as np
import pytest

import npvae

SETS = {"two_moons": npvae.datasets.two_moons(120).train, "pinwheel": npvae.datasets.pinwheel(120).train,
        "linear_gaussian": npvae.datasets.linear_gaussian(120).train, "digits": npvae.datasets.digits().train[:120]}
SHIFTS = [(a, b) for a in (1e-3, 1.0, 1e3) for b in (0.0, 1e3, -1e3)]


def solved(solver, model, X, dtype, seed, **settings):
    return float(solver(model, sweeps=12, seed=seed, dtype=dtype, **settings).fit(X).elbo(X).mean())


def autoencoder(X, dtype, seed):
    # a squared error has its units squared: as the log density of errors with their own variance
    model = npvae.Autoencoder(latent_dim=2, hidden=(16,), sweeps=12, dtype=np.dtype(dtype).name, seed=seed)
    return -X.shape[1] / 2 * np.log(-model.fit(X).score(X))


def vae(X, dtype, seed):
    return npvae.VAE(latent_dim=2, hidden=(16,), sweeps=12, dtype=np.dtype(dtype).name, seed=seed).fit(X).score(X)


def deep(X, seed):
    return npvae.mlp_model(2, [16], X.shape[1], rng=np.random.default_rng(seed))


LEARNERS = {
    "VAE": vae, "Autoencoder": autoencoder,
    "variational EM": lambda X, t, s: solved(npvae.VariationalEM, deep(X, s), X, t, s),
    "shared q": lambda X, t, s: solved(npvae.SharedQ, deep(X, s), X, t, s),
    "amortized VI": lambda X, t, s: solved(npvae.AmortizedVI, deep(X, s), X, t, s),
    "probabilistic PCA": lambda X, t, s: solved(npvae.AmortizedVI, npvae.probabilistic_pca(1, X.shape[1]), X, t, s),
    "probabilistic PCA, full sweeps": lambda X, t, s: solved(
        npvae.VariationalEM, npvae.probabilistic_pca(1, X.shape[1]), X, t, s, batch_size=120),
    "mixture": lambda X, t, s: solved(npvae.VariationalEM, npvae.mixture_of_gaussians(3, X.shape[1]), X, t, s)}


@pytest.mark.parametrize("data", SETS)
@pytest.mark.parametrize("learner", LEARNERS)
def test_units_change_nothing_in_float64(learner, data):
    X, fit = SETS[data].astype(float), LEARNERS[learner]
    D, sd, unshifted = X.shape[1], np.sqrt(X.var(0).mean()), fit(X, np.float64, 0)
    for a, b in SHIFTS:
        moved = fit(a * (X + b * sd), np.float64, 0)
        assert abs(moved + D * np.log(a) - unshifted) / D < 1e-6, (a, b)


@pytest.mark.parametrize("data", ["two_moons", "digits"])
@pytest.mark.parametrize("learner", LEARNERS)
def test_in_float32_they_change_less_than_another_seed(learner, data):
    X, fit = SETS[data].astype(float), LEARNERS[learner]
    D, sd = X.shape[1], np.sqrt(X.var(0).mean())
    seeds = np.array([fit(X, np.float32, seed) for seed in range(3)])
    for a, b in [(1e-3, 1e3), (1e3, -1e3)]:
        moved = fit(a * (X + b * sd), np.float32, 0)
        assert abs(moved + D * np.log(a) - seeds[0]) <= np.ptp(seeds) + 1e-3 * D, (a, b)


# E ‖x − x̄‖² and the class's own g = x̄, q = p give −12.11
FAR = np.random.default_rng(0).normal(293, 5, (600, 4))


@pytest.mark.parametrize("fit", [
    lambda: npvae.VAE(seed=0).fit(FAR).score(FAR),
    *[lambda solver=solver, model=model: solver(model).fit(FAR).elbo(FAR).mean()
      for solver in (npvae.VariationalEM, npvae.SharedQ, npvae.AmortizedVI)
      for model in (npvae.mlp_model(2, [16], 4), npvae.probabilistic_pca(2, 4))]])
def test_temperatures_in_kelvin_are_learned(fit):
    assert fit() > -12.3


def test_an_autoencoder_of_temperatures_beats_their_mean():
    autoencoder = npvae.Autoencoder(latent_dim=2, seed=0).fit(FAR)
    assert -autoencoder.score(FAR) < 0.6 * FAR.var(0).sum()


@pytest.mark.parametrize("exact_m_step", [True, False])
@pytest.mark.parametrize("seed", range(10))
def test_heights_are_two_clumps_from_every_seed(exact_m_step, seed):
    rng = np.random.default_rng(1)
    heights = np.concatenate([rng.normal(162, 6, (300, 1)), rng.normal(190, 6, (300, 1))])
    em = npvae.VariationalEM(npvae.mixture_of_gaussians(2, 1), exact_m_step=exact_m_step, seed=seed).fit(heights)
    assert em.elbo(heights).mean() > -3.83
    np.testing.assert_allclose(np.sort(em.model.decode(np.eye(2)).ravel()), [162, 190], atol=2)


def test_a_default_fit_of_one_column_far_from_zero_ends():
    X = 2000 + 3 * np.random.default_rng(0).standard_normal((50, 1))
    em = npvae.VariationalEM(npvae.probabilistic_pca(1, 1)).fit(X)
    assert np.isfinite(em.elbo(X)).all() and em.elbo(X).mean() > -0.5 * (np.log(2 * np.pi * X.var()) + 1) - 0.1


def test_units_are_saved_with_the_model(tmp_path):
    for kind in (npvae.VAE, npvae.Autoencoder):
        model = kind(latent_dim=2, hidden=(8,), sweeps=3)
        model.fit(FAR).save(tmp_path / "m.npz")
        again = type(model).load(tmp_path / "m.npz")
        np.testing.assert_array_equal(again.reconstruct(FAR), model.reconstruct(FAR))
        assert again.score(FAR) == model.score(FAR)
        model.export(tmp_path / "small.npz", dtype="float32")
        np.testing.assert_array_equal(type(model).load(tmp_path / "small.npz").reconstruct(FAR), model.reconstruct(FAR))


def test_data_that_float32_cannot_resolve_draw_a_word_and_float64_learns_them():
    t = np.random.default_rng(0).uniform(0, 1, (200, 1))
    dates = np.concatenate([2460000 + 0.2 * t, 2460000.5 + 0.1 * t], axis=1)
    for learner in (npvae.VAE(latent_dim=1, hidden=(4,), sweeps=1),
                    npvae.Autoencoder(latent_dim=1, hidden=(4,), sweeps=1),
                    npvae.VariationalEM(npvae.mlp_model(1, [4], 2), sweeps=1),
                    npvae.AmortizedVI(npvae.mlp_model(1, [4], 2), sweeps=1)):
        with pytest.warns(UserWarning, match="float32 resolves.*subtract their mean"):
            learner.fit(dates)
    raw, centred = (npvae.VAE(latent_dim=1, hidden=(4,), sweeps=20, dtype="float64").fit(X).score(X)
                    for X in (dates, dates - dates.mean(0)))
    assert raw == pytest.approx(centred, abs=1e-3)
