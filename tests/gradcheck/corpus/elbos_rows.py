"""ELBOs of probabilistic PCA, x = z W + b + 0.5 noise, as they are written for rows of a batch: right ones."""

import numpy as np

import npvae

MODEL = npvae.probabilistic_pca(3, 5, sigma_g=0.5)
W, b = (MODEL.decoder.layers[0].W, MODEL.decoder.layers[0].b)
SIGMA_X = 0.5


def vae_elbo(h, x, eps):
    """h = [mu, logvar]"""
    mu, logvar = np.split(h, 2, axis=1)
    std = np.exp(0.5 * logvar)
    z = mu + std * eps
    x_hat = z @ W + b
    D = x.shape[1]
    log_px = -0.5 * np.sum((x - x_hat) ** 2, axis=1) / SIGMA_X ** 2
    log_px -= 0.5 * D * np.log(2 * np.pi * SIGMA_X ** 2)
    kld = -0.5 * np.sum(1 + logvar - mu ** 2 - np.exp(logvar), axis=1)
    return log_px - kld


def log_sigma_elbo(q, x, eps):
    K = q.shape[1] // 2
    mu, log_sigma = q[:, :K], q[:, K:]
    sigma = np.exp(log_sigma)
    z = mu + sigma * eps
    err = x - (z @ W + b)
    rec = -(err ** 2).sum(1) / (2 * SIGMA_X ** 2) - x.shape[1] * np.log(SIGMA_X * np.sqrt(2 * np.pi))
    kl = (0.5 * (sigma ** 2 + mu ** 2 - 1) - log_sigma).sum(1)
    return rec - kl


def sigma_elbo(q, x, eps):
    mu, sigma = q[:, :3], q[:, 3:]
    z = mu + sigma * eps
    precision = 1 / SIGMA_X ** 2
    r = z @ W + b - x
    ll = 0.5 * x.shape[1] * np.log(precision / (2 * np.pi)) - 0.5 * precision * (r * r).sum(1)
    return ll + np.log(sigma).sum(1) + 0.5 * (1 - sigma ** 2 - mu ** 2).sum(1)


def log_normal(x, mean, logvar):
    return (-0.5 * (np.log(2 * np.pi) + logvar + (x - mean) ** 2 / np.exp(logvar))).sum(1)


def sampled_elbo(h, x, eps):
    """log p(x, z) - log q(z|x) at one draw"""
    mu, logvar = h[:, :3], h[:, 3:]
    z = mu + np.exp(0.5 * logvar) * eps
    log_pz = log_normal(z, 0.0, np.zeros_like(z))
    log_qz = log_normal(z, mu, logvar)
    log_pxz = log_normal(x, z @ W + b, np.full_like(x, 2 * np.log(SIGMA_X)))
    return log_pxz + log_pz - log_qz


def loop_elbo(q, x, eps):
    out = np.zeros(len(x))
    for n in range(len(x)):
        mu, log_sigma = q[n, :3], q[n, 3:]
        z = mu + np.exp(log_sigma) * eps[n]
        mean = b + W.T @ z
        ll = 0.0
        for d in range(x.shape[1]):
            ll += -0.5 * np.log(2 * np.pi) - np.log(SIGMA_X) - 0.5 * ((x[n, d] - mean[d]) / SIGMA_X) ** 2
        kl = 0.0
        for k in range(len(mu)):
            kl += 0.5 * (np.exp(2 * log_sigma[k]) + mu[k] ** 2 - 1) - log_sigma[k]
        out[n] = ll - kl
    return out


def entropy_elbo(q, x, eps):
    """E log p(x|z) + E log p(z) + H[q]"""
    mu, logvar = np.split(q, 2, axis=-1)
    var = np.exp(logvar)
    z = mu + np.sqrt(var) * eps
    energy = -0.5 * np.einsum("nd,nd->n", x - z @ W - b, x - z @ W - b) / SIGMA_X ** 2
    energy = energy - 0.5 * x.shape[1] * np.log(2 * np.pi * SIGMA_X ** 2)
    prior = -0.5 * (mu ** 2 + var + np.log(2 * np.pi)).sum(-1)
    entropy = 0.5 * (1 + np.log(2 * np.pi) + logvar).sum(-1)
    return energy + prior + entropy


def analytic_elbo(q, x, eps):
    """The reconstruction in closed form, no draw needed."""
    mu, ls = q[:, :3], q[:, 3:]
    var = np.exp(2 * ls)
    spread = var @ (W ** 2).sum(axis=1)
    sse = ((x - mu @ W - b) ** 2).sum(axis=1) + spread
    rec = -sse / (2 * SIGMA_X ** 2) - x.shape[1] * 0.5 * np.log(2 * np.pi * SIGMA_X ** 2)
    kl = 0.5 * (var + mu ** 2 - 1 - 2 * ls).sum(axis=1)
    return rec - kl


def antithetic_elbo(h, x, eps):
    """Two draws a row, eps and -eps."""
    mu, logvar = np.split(h, 2, axis=1)
    sd = np.exp(logvar / 2)
    rec = 0
    for e in (eps, -eps):
        rec = rec + 0.5 * log_normal(x, (mu + sd * e) @ W + b, np.full_like(x, np.log(SIGMA_X ** 2)))
    kl = 0.5 * np.sum(np.exp(logvar) + mu ** 2 - 1 - logvar, axis=1)
    return rec - kl


CASES = {
    "vae": (vae_elbo, {"row": "log_variance"}),
    "log_sigma": (log_sigma_elbo, {}),
    "sigma": (sigma_elbo, {"row": "sigma"}),
    "sampled": (sampled_elbo, {"row": "log_variance"}),
    "loop": (loop_elbo, {}),
    "entropy": (entropy_elbo, {"row": "log_variance"}),
    "analytic": (analytic_elbo, {}),
    "antithetic": (antithetic_elbo, {"row": "log_variance"}),
}
