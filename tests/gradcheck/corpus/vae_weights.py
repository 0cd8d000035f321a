"""Negative ELBOs of variational autoencoders, differentiated through all weights."""

import numpy as np


def vae_loss(params, x, eps):
    """Gaussian VAE, one tanh layer each way; unit variance decoder; mean over the batch."""
    p = params
    N = x.shape[0]
    h = np.tanh(x @ p["W1"] + p["b1"])
    mu = h @ p["Wmu"] + p["bmu"]
    logvar = h @ p["Wlv"] + p["blv"]
    std = np.exp(0.5 * logvar)
    z = mu + std * eps
    h2 = np.tanh(z @ p["W2"] + p["b2"])
    xhat = h2 @ p["W3"] + p["b3"]
    recon = 0.5 * np.sum((xhat - x) ** 2) / N
    kl = -0.5 * np.sum(1 + logvar - mu ** 2 - np.exp(logvar)) / N
    loss = recon + kl

    g = {}
    dxhat = (xhat - x) / N
    g["W3"] = h2.T @ dxhat
    g["b3"] = dxhat.sum(0)
    da2 = (dxhat @ p["W3"].T) * (1 - h2 ** 2)
    g["W2"] = z.T @ da2
    g["b2"] = da2.sum(0)
    dz = da2 @ p["W2"].T
    dmu = dz + mu / N
    dlogvar = dz * eps * std * 0.5 + 0.5 * (np.exp(logvar) - 1) / N
    g["Wmu"] = h.T @ dmu
    g["bmu"] = dmu.sum(0)
    g["Wlv"] = h.T @ dlogvar
    g["blv"] = dlogvar.sum(0)
    dh = dmu @ p["Wmu"].T + dlogvar @ p["Wlv"].T
    da1 = dh * (1 - h ** 2)
    g["W1"] = x.T @ da1
    g["b1"] = da1.sum(0)
    return loss, g


def beta_vae_loss(weights, x, eps, beta):
    """weights = [We, Wd]: linear encoder to [mu, log sigma], softplus-free linear decoder; sums over the batch."""
    We, Wd = weights
    K = Wd.shape[0]
    q = x @ We
    mu, log_s = q[:, :K], q[:, K:]
    s = np.exp(log_s)
    z = mu + s * eps
    r = z @ Wd - x
    loss = np.sum(r ** 2) + beta * 0.5 * np.sum(s ** 2 + mu ** 2 - 1 - 2 * log_s)
    dr = 2 * r
    dWd = z.T @ dr
    dz = dr @ Wd.T
    dmu = dz + beta * mu
    dlog_s = dz * s * eps + beta * (s ** 2 - 1)
    dWe = x.T @ np.concatenate([dmu, dlog_s], axis=1)
    return loss, [dWe, dWd]


class VAE:
    """ReLU encoder, decoder with a learned output variance."""

    def __init__(self, D, H, K, rng):
        self.params = {"We": rng.normal(size=(D, H)), "Wm": rng.normal(size=(H, K)) / 2,
                       "Ws": rng.normal(size=(H, K)) / 4, "Wd": rng.normal(size=(K, D)),
                       "log_sigma_x": 0.3 * rng.normal(size=1)}

    def loss(self, x, eps):
        p = self.params
        N, D = x.shape
        a = x @ p["We"]
        h = np.maximum(a, 0)
        m, ls = h @ p["Wm"], h @ p["Ws"]
        z = m + np.exp(ls) * eps
        out = z @ p["Wd"]
        prec = np.exp(-2 * p["log_sigma_x"][0])
        se = ((x - out) ** 2).sum(axis=1)
        nll = 0.5 * prec * se + D * p["log_sigma_x"][0] + 0.5 * D * np.log(2 * np.pi)
        kl = 0.5 * (m ** 2 + np.exp(2 * ls) - 2 * ls - 1).sum(axis=1)
        loss = np.mean(nll + kl)

        grads = {}
        dout = -prec * (x - out) / N
        grads["log_sigma_x"] = np.array([D - prec * se.mean()])
        grads["Wd"] = z.T @ dout
        dz = dout @ p["Wd"].T
        dm = dz + m / N
        dls = dz * np.exp(ls) * eps + (np.exp(2 * ls) - 1) / N
        grads["Wm"] = h.T @ dm
        grads["Ws"] = h.T @ dls
        dh = dm @ p["Wm"].T + dls @ p["Ws"].T
        da = dh * (a > 0)
        grads["We"] = x.T @ da
        return loss, grads


def _weights(rng, D=5, H=6, K=2):
    return {"W1": rng.normal(size=(D, H)) / 2, "b1": rng.normal(size=H), "Wmu": rng.normal(size=(H, K)),
            "bmu": rng.normal(size=K), "Wlv": rng.normal(size=(H, K)) / 2, "blv": rng.normal(size=K),
            "W2": rng.normal(size=(K, H)), "b2": rng.normal(size=H), "W3": rng.normal(size=(H, D)),
            "b3": rng.normal(size=D)}


CASES = {
    "vae": ("params", vae_loss, lambda rng: [_weights(rng), rng.normal(size=(7, 5)), rng.normal(size=(7, 2))]),
    "beta_vae": ("params", beta_vae_loss, lambda rng: [
        [rng.normal(size=(5, 6)) / 4, rng.normal(size=(3, 5))], rng.normal(size=(6, 5)), rng.normal(size=(6, 3)), 1.7]),
    "vae_class": ("model", VAE, lambda rng: [VAE(5, 4, 2, rng), rng.normal(size=(6, 5)), rng.normal(size=(6, 2))]),
}
