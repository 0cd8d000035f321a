"""Fitting an encoder to a model held fixed: Adam's steps at a falling rate, on the mean ELBO."""

import numpy as np

from npvae.inference.fit_encoder import fit_encoder
from npvae.models import GaussHermite, probabilistic_pca
from npvae.nn import Adam, lay_out, mlp


def test_one_step_moves_every_weight_by_the_rate_and_leaves_the_given_encoder():
    model, encoder = probabilistic_pca(1, 3, sigma_g=0.5), mlp([3, 2], rng=np.random.default_rng(0))
    X, before = np.random.default_rng(1).normal(size=(20, 3)), [a.copy() for a in encoder.arrays().values()]
    found = fit_encoder(model, encoder, X, steps=1, learning_rate=0.01)
    for old, new, same in zip(before, found.arrays().values(), encoder.arrays().values(), strict=True):
        np.testing.assert_allclose(np.abs(new - old), 0.01, rtol=1e-4)
        np.testing.assert_array_equal(old, same)


def test_the_weights_are_those_of_a_loop_written_out():
    K, steps, rate, sigma_g = 2, 25, 0.05, 0.5
    model = probabilistic_pca(K, 3, sigma_g=sigma_g, rng=np.random.default_rng(2))
    W, b = model.decoder.layers[0].W, model.decoder.layers[0].b
    X = np.random.default_rng(3).normal(size=(15, 3))
    encoder = mlp([3, 2 * K], rng=np.random.default_rng(4))
    parameters = lay_out({"phi": encoder})
    own = encoder.on(parameters, "phi.")
    adam = Adam(parameters.value, parameters.grad, rate)
    for step in range(steps):
        q, back = own(X)
        mu, log_sigma = q[:, :K], q[:, K:]
        # L = −‖x − μW − b‖²/(2σ²) − Σ_jk σ_j² W_jk²/(2σ²) − ½ Σ(σ² + μ² − 1 − log σ²) + constants
        dmu = (X - mu @ W - b) @ W.T / sigma_g**2 - mu
        dlog_sigma = 1 - np.exp(2 * log_sigma) * (1 + (W * W).sum(1) / sigma_g**2)
        back(np.concatenate([dmu, dlog_sigma], axis=1) / len(X))
        adam.learning_rate = rate * 0.5 * (1 + np.cos(np.pi * step / steps))
        adam.step()
    found = fit_encoder(model, encoder, X, steps, rate, GaussHermite(3))
    for name, a in found.arrays().items():
        np.testing.assert_allclose(a, own.arrays()[name], rtol=1e-8, atol=1e-10)
