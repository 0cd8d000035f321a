"""Batch normalisation, long and short, and group normalisation."""

import numpy as np


def batchnorm_forward(x, gamma, beta, eps):
    N, D = x.shape
    mu = 1. / N * np.sum(x, axis=0)
    xmu = x - mu
    sq = xmu ** 2
    var = 1. / N * np.sum(sq, axis=0)
    sqrtvar = np.sqrt(var + eps)
    ivar = 1. / sqrtvar
    xhat = xmu * ivar
    out = gamma * xhat + beta
    cache = (xhat, gamma, xmu, ivar, sqrtvar, var, eps)
    return out, cache


def batchnorm_backward(dout, cache):
    """Step by step through the graph."""
    xhat, gamma, xmu, ivar, sqrtvar, var, eps = cache
    N, D = dout.shape
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * xhat, axis=0)
    dxhat = dout * gamma
    divar = np.sum(dxhat * xmu, axis=0)
    dxmu1 = dxhat * ivar
    dsqrtvar = -1. / (sqrtvar ** 2) * divar
    dvar = 0.5 * 1. / np.sqrt(var + eps) * dsqrtvar
    dsq = 1. / N * np.ones((N, D)) * dvar
    dxmu2 = 2 * xmu * dsq
    dx1 = dxmu1 + dxmu2
    dmu = -1 * np.sum(dxmu1 + dxmu2, axis=0)
    dx2 = 1. / N * np.ones((N, D)) * dmu
    dx = dx1 + dx2
    return dx, dgamma, dbeta


class BatchNorm1d:
    def __init__(self, D, rng, eps=1e-3):
        self.eps = eps
        self.params = {"gamma": rng.uniform(0.5, 1.5, D), "beta": rng.normal(size=D)}
        self.grads = {}

    def forward(self, x):
        self.mean, self.var = x.mean(axis=0), x.var(axis=0)
        self.std = np.sqrt(self.var + self.eps)
        self.x_norm = (x - self.mean) / self.std
        return self.params["gamma"] * self.x_norm + self.params["beta"]

    def backward(self, dout):
        m = dout.shape[0]
        self.grads["gamma"] = (dout * self.x_norm).sum(axis=0)
        self.grads["beta"] = dout.sum(axis=0)
        dxn = dout * self.params["gamma"]
        return (m * dxn - dxn.sum(axis=0) - self.x_norm * (dxn * self.x_norm).sum(axis=0)) / (m * self.std)


def spatial_groupnorm(x, gamma, beta, G):
    """x: (N, C, L), normalised over groups of C // G channels; gamma, beta: (1, C, 1)."""
    N, C, L = x.shape
    xg = x.reshape(N, G, -1)
    mu = xg.mean(axis=2, keepdims=True)
    inv = 1 / np.sqrt(xg.var(axis=2, keepdims=True) + 1e-4)
    xh = ((xg - mu) * inv).reshape(N, C, L)
    y = gamma * xh + beta

    def back(dy):
        dgamma = (dy * xh).sum(axis=(0, 2), keepdims=True)
        dbeta = dy.sum(axis=(0, 2), keepdims=True)
        dh = (dy * gamma).reshape(N, G, -1)
        h = xh.reshape(N, G, -1)
        dx = inv * (dh - dh.mean(2, keepdims=True) - h * (dh * h).mean(2, keepdims=True))
        return dx.reshape(N, C, L), dgamma, dbeta

    return y, back


CASES = {
    "batchnorm": ("pair", (batchnorm_forward, batchnorm_backward), lambda rng: [
        2 * rng.normal(size=(6, 4)) + 1, rng.normal(size=4), rng.normal(size=4), 1e-4]),
    "batchnorm_class": ("layer", BatchNorm1d, lambda rng: [BatchNorm1d(3, rng), 1.5 * rng.normal(size=(7, 3))]),
    "groupnorm": ("back", spatial_groupnorm, lambda rng: [
        rng.normal(size=(3, 6, 4)), rng.normal(size=(1, 6, 1)), rng.normal(size=(1, 6, 1)), 2]),
}
