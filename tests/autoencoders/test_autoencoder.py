"""The plain autoencoder: PCA as its oracle, and its verbs."""

import numpy as np
import pytest

import npvae
from npvae.autoencoders.squared_error import SquaredErrorSolver
from npvae.inference.early_stopping import hold_out
from npvae.inference.schedules import cosine
from npvae.lab.baselines import PCA
from npvae.nn import mlp, relu

DIGITS = npvae.datasets.digits()
QUICK = dict(progress=False, sweeps=200)


def test_an_affine_autoencoder_finds_pca():
    # Baldi & Hornik 1989: the only minimum is the principal plane
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3)) @ rng.normal(size=(3, 6)) + 0.1 * rng.normal(size=(400, 6)) + 1.0
    linear = npvae.Autoencoder(latent_dim=2, hidden=(), sweeps=300, learning_rate=1e-2, dtype="float64", progress=False)
    pca = PCA.of(X, 2)
    best = ((pca.inverse_transform(pca.transform(X)) - X) ** 2).sum(1).mean()
    assert best <= -linear.fit(X).score(X) <= 1.005 * best


@pytest.mark.parametrize("K", [2, 10])
def test_at_equal_K_it_reconstructs_unseen_digits_better_than_pca(K):
    autoencoder, pca = npvae.Autoencoder(latent_dim=K, **QUICK).fit(DIGITS.train), PCA.of(DIGITS.train, K)
    error = ((pca.inverse_transform(pca.transform(DIGITS.test)) - DIGITS.test) ** 2).sum(1).mean()
    assert -autoencoder.score(DIGITS.test) < 0.7 * error


def test_the_verbs_have_their_shapes_and_agree():
    X = DIGITS.train[:200]
    model = npvae.Autoencoder(latent_dim=3, hidden=(8,), sweeps=3, progress=False).fit(X)
    Z = model.transform(X)
    assert Z.shape == (200, 3) and Z.dtype == np.float64 and model.sample(4).shape == (4, 64)
    np.testing.assert_array_equal(model.reconstruct(X), model.inverse_transform(Z))
    np.testing.assert_allclose(model.squared_error(X), ((model.reconstruct(X) - X) ** 2).sum(1))
    assert model.score(X) == -model.squared_error(X).mean()
    np.testing.assert_array_equal(model.sample(2), model.sample(2, rng=model.seed))
    assert "elbo" not in model.history_[0] and model.history_["squared_error"][-1] < model.history_["squared_error"][0]


def test_images_of_integers_are_scaled_in_every_verb():
    images = np.random.default_rng(0).integers(0, 256, size=(50, 9)).astype(np.uint8)
    model = npvae.Autoencoder(latent_dim=2, hidden=(4,), sweeps=2, progress=False).fit(images)
    np.testing.assert_allclose(model.squared_error(images), model.squared_error(images / 255), rtol=1e-3)
    assert model.squared_error(images).max() < 9


def test_what_a_plain_autoencoder_has_no_meaning_for_it_does_not_have():
    model = npvae.Autoencoder()
    assert not any(hasattr(model, verb) for verb in ("elbo", "log_likelihood", "cost"))
    with pytest.raises(ValueError, match="no setting 'sigma_g'"):
        model.set_params(sigma_g=1.0)
    with pytest.raises(ValueError, match="call fit"):
        model.transform(np.zeros((2, 3)))


# every setting another than its default, and two of the rows that are held out stop the fit early
UNUSUAL = dict(latent_dim=2, hidden=(5, 3), activation="relu", sweeps=60, batch_size=7, learning_rate=0.03,
               final_learning_rate=0.02, held_out=0.2, patience=2, seed=5, dtype="float64", progress=False)


def test_an_autoencoder_is_the_solver_that_its_settings_describe():
    X, rng = np.random.default_rng(0).normal(size=(40, 4)), np.random.default_rng([5, 2])
    encoder = mlp([4, 3, 5, 2], relu, rng, input_gradient=False)
    solver = SquaredErrorSolver(encoder, mlp([2, 5, 3, 4], relu, rng), sweeps=60, batch_size=7,
                                learning_rate=cosine(0.03, 0.02, 60), held_out=0.2, patience=2, seed=5,
                                dtype=np.float64).fit(X)
    model = npvae.Autoencoder(**UNUSUAL).fit(X)
    np.testing.assert_array_equal(model.solver_.parameters.value, solver.parameters.value)
    assert 2 < len(model.history_) == len(solver.history) < 60
    codes = np.random.default_rng(5).normal(size=(3, 2))
    np.testing.assert_array_equal(model.sample(3), model.inverse_transform(codes))


def test_the_held_out_score_is_minus_the_error_of_the_held_out_rows_and_the_best_sweep_is_kept():
    X = np.random.default_rng(0).normal(size=(40, 4))
    model = npvae.Autoencoder(**UNUSUAL).fit(X)
    scores, (_, held) = model.history_["held_out"], hold_out(40, 0.2, seed=5)
    assert scores.argmax() == len(scores) - 3
    assert -model.squared_error(X[held]).mean() == pytest.approx(scores.max(), rel=1e-12)


def test_a_step_goes_along_the_gradient_of_the_mean_squared_error():
    X = np.random.default_rng(0).normal(size=(40, 4))
    solver = SquaredErrorSolver(mlp([4, 2], input_gradient=False), mlp([2, 4]), sweeps=1, batch_size=40,
                                learning_rate=1e-30, dtype=np.float64).fit(X)
    z = solver.encoder(X)[0]
    error = solver.decoder(z)[0] - X
    # y = c + s (zW + b):  ∂/∂b ‖y − x‖²/s² = 2 (y − x)/s,  ∂/∂W = zᵀ 2 (y − x)/s, means over the rows
    layer, units = solver.decoder.layers
    np.testing.assert_allclose(layer.db, 2 * error.mean(0) / units.scale, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(layer.dW, 2 * z.T @ error / 40 / units.scale, rtol=1e-12)
