"""Bounds with draws of their own, several draws at once, and other decoders: right ones."""

import numpy as np

import npvae

MODEL = npvae.probabilistic_pca(3, 5, sigma_g=0.5)
W, b = (MODEL.decoder.layers[0].W, MODEL.decoder.layers[0].b)
NOISE = np.random.default_rng(11)
CURVED = npvae.mlp_model(1, [4], 3, npvae.GaussianLikelihood(0.6), rng=np.random.default_rng(1))
PIXELS = npvae.mlp_model(1, [3], 6, npvae.BernoulliLikelihood(), rng=np.random.default_rng(2))


def log_normal(x, mean, sd):
    return (-0.5 * np.log(2 * np.pi) - np.log(sd) - 0.5 * ((x - mean) / sd) ** 2).sum(-1)


def own_draws(q, x):
    """rows [mu, log sigma]"""
    mu, sd = q[:, :3], np.exp(q[:, 3:])
    z = mu + sd * NOISE.standard_normal(mu.shape)
    kl = 0.5 * (sd ** 2 + mu ** 2 - 1 - 2 * np.log(sd)).sum(1)
    return log_normal(x, z @ W + b, 0.5) - kl


def iwae(q, x):
    """Importance-weighted bound with 10 draws a row: between the ELBO and log p(x)."""
    mu, sd = q[:, :3], np.exp(q[:, 3:])
    z = mu + sd * NOISE.standard_normal((10, *mu.shape))
    log_w = log_normal(x, z @ W + b, 0.5) + log_normal(z, 0.0, 1.0) - log_normal(z, mu, sd)
    m = log_w.max(axis=0)
    return m + np.log(np.mean(np.exp(log_w - m), axis=0))


def averaged_draws(q, x):
    mu, logvar = np.split(q, 2, axis=1)
    L = 8
    total = np.zeros(len(x))
    for _ in range(L):
        z = mu + np.exp(logvar / 2) * NOISE.normal(size=mu.shape)
        total += log_normal(x, z @ W + b, 0.5)
    return total / L - 0.5 * (np.exp(logvar) + mu ** 2 - 1 - logvar).sum(axis=1)


def softplus_elbo(q, x, eps):
    """rows [mu, rho] with sigma = log(1 + exp(rho))"""
    mu, rho = q[:, :3], q[:, 3:]
    sigma = np.log1p(np.exp(rho))
    z = mu + sigma * eps
    kl = (0.5 * (sigma ** 2 + mu ** 2 - 1) - np.log(sigma)).sum(1)
    return log_normal(x, z @ W + b, 0.5) - kl


def curved_elbo(q, x, eps):
    """A decoder with a hidden layer, noise 0.6."""
    mu, log_sigma = q[:, :1], q[:, 1:]
    z = mu + np.exp(log_sigma) * eps
    mean, _ = CURVED.decoder(z)
    kl = 0.5 * (np.exp(2 * log_sigma) + mu ** 2 - 1 - 2 * log_sigma).sum(axis=1)
    return log_normal(x, mean, 0.6) - kl


def bernoulli_elbo(q, x, eps):
    """Binary data: the decoder gives logits."""
    mu, log_sigma = q[:, :1], q[:, 1:]
    z = mu + np.exp(log_sigma) * eps
    logits, _ = PIXELS.decoder(z)
    bce = np.sum(np.logaddexp(0, logits) - x * logits, axis=1)
    kld = 0.5 * np.sum(np.exp(2 * log_sigma) + mu ** 2 - 1 - 2 * log_sigma, axis=1)
    return -bce - kld


CASES = {
    "own_draws": (own_draws, {"draws": 4000}),
    "iwae": (iwae, {"draws": 1000}),
    "averaged_draws": (averaged_draws, {"row": "log_variance", "draws": 1000}),
    "softplus": (softplus_elbo, {"row": "softplus"}),
    "curved": (curved_elbo, {"model": CURVED}),
    "bernoulli": (bernoulli_elbo, {"model": PIXELS}),
}
