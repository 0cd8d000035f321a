"""Layer normalisation and root-mean-square normalisation."""

import numpy as np


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get("eps", 1e-5)
    mu = x.mean(axis=1, keepdims=True)
    var = x.var(axis=1, keepdims=True)
    std = np.sqrt(var + eps)
    x_hat = (x - mu) / std
    out = gamma * x_hat + beta
    return out, (x_hat, std, gamma)


def layernorm_backward(dout, cache):
    x_hat, std, gamma = cache
    D = x_hat.shape[1]
    dgamma = np.sum(dout * x_hat, axis=0)
    dbeta = np.sum(dout, axis=0)
    dx_hat = dout * gamma
    dx = dx_hat - dx_hat.sum(axis=1, keepdims=True) / D
    dx -= x_hat * (dx_hat * x_hat).sum(axis=1, keepdims=True) / D
    dx /= std
    return dx, dgamma, dbeta


class LayerNorm:
    def __init__(self, dim, rng):
        self.g = rng.normal(size=dim)
        self.b = rng.normal(size=dim)

    def forward(self, x):
        """x: (B, T, dim)"""
        self.xm = x - x.mean(-1, keepdims=True)
        self.rstd = (np.mean(self.xm ** 2, axis=-1, keepdims=True) + 1e-5) ** -0.5
        self.norm = self.xm * self.rstd
        return self.norm * self.g + self.b

    def backward(self, dout):
        self.db = dout.sum((0, 1))
        self.dg = (dout * self.norm).sum((0, 1))
        dnorm = dout * self.g
        dx = dnorm - dnorm.mean(-1, keepdims=True) - self.norm * (dnorm * self.norm).mean(-1, keepdims=True)
        dx *= self.rstd
        return dx


def rmsnorm(x, g):
    ms = np.mean(x ** 2, axis=-1, keepdims=True) + 1e-6
    r = 1 / np.sqrt(ms)
    y = x * r * g

    def back(dy):
        dg = (dy * x * r).sum(axis=0)
        dn = dy * g
        dx = dn * r - x * r ** 3 * np.mean(dn * x, axis=-1, keepdims=True)
        return dx, dg

    return y, back


CASES = {
    "layernorm": ("pair", (layernorm_forward, layernorm_backward), lambda rng: [
        2 * rng.normal(size=(5, 6)), rng.normal(size=6), rng.normal(size=6), {"eps": 1e-3}]),
    "layernorm_class": ("layer", LayerNorm, lambda rng: [LayerNorm(5, rng), rng.normal(size=(2, 3, 5))]),
    "rmsnorm": ("back", rmsnorm, lambda rng: [rng.normal(size=(4, 6)), rng.normal(size=6)]),
}
