"""Tied weights, residual blocks, shared weights, and work in place."""

import numpy as np


def tied_autoencoder(params, x):
    """xhat = sigmoid(x W + b) W' + c"""
    W, b, c = params["W"], params["b"], params["c"]
    h = 1 / (1 + np.exp(-(x @ W + b)))
    xhat = h @ W.T + c
    r = xhat - x
    loss = 0.5 * (r ** 2).sum() / len(x)
    dr = r / len(x)
    dW_dec = dr.T @ h
    dh = dr @ W
    da = dh * h * (1 - h)
    dW_enc = x.T @ da
    return loss, {"W": dW_enc + dW_dec, "b": da.sum(axis=0), "c": dr.sum(axis=0)}


class ResidualBlock:
    def __init__(self, D, H, rng):
        self.W1, self.b1 = rng.normal(size=(D, H)) / 2, rng.normal(size=H)
        self.W2, self.b2 = rng.normal(size=(H, D)) / 2, rng.normal(size=D)

    def forward(self, x):
        self.x = x
        self.a = x @ self.W1 + self.b1
        self.h = np.maximum(self.a, 0)
        return x + self.h @ self.W2 + self.b2

    def backward(self, dout):
        self.dW2 = self.h.T @ dout
        self.db2 = dout.sum(axis=0)
        da = dout @ self.W2.T
        da[self.a <= 0] = 0
        self.dW1 = self.x.T @ da
        self.db1 = da.sum(axis=0)
        return dout + da @ self.W1.T


def siamese(params, x1, x2, same):
    """Contrastive loss of two inputs through the same tanh layer; margin 2."""
    W, b = params["W"], params["b"]
    f1, f2 = np.tanh(x1 @ W + b), np.tanh(x2 @ W + b)
    diff = f1 - f2
    dist = np.sqrt((diff ** 2).sum(axis=1))
    gap = np.maximum(0, 2 - dist)
    loss = np.mean(np.where(same, dist ** 2, gap ** 2))
    ddist = np.where(same, 2 * dist, -2 * gap) / len(same)
    ddiff = (ddist / dist)[:, None] * diff
    d1 = ddiff * (1 - f1 ** 2)
    d2 = -ddiff * (1 - f2 ** 2)
    return loss, {"W": x1.T @ d1 + x2.T @ d2, "b": d1.sum(axis=0) + d2.sum(axis=0)}


def highway_forward(x, W, Wg):
    h = np.tanh(x @ W)
    g = 1 / (1 + np.exp(-(x @ Wg)))
    return g * h + (1 - g) * x, (x, W, Wg, h, g)


def highway_backward(dy, cache):
    x, W, Wg, h, g = cache
    dh = dy * g * (1 - h ** 2)
    dg = dy * (h - x) * g * (1 - g)
    dx = dy * (1 - g)
    dx += dh @ W.T
    dx += dg @ Wg.T
    return dx, x.T @ dh, x.T @ dg


def cumulative(x):
    """Running sums of squares, computed in a buffer."""
    y = x.copy()
    y *= x
    for t in range(1, y.shape[1]):
        y[:, t] += y[:, t - 1]

    def back(dy):
        d = dy.copy()
        for t in range(d.shape[1] - 2, -1, -1):
            d[:, t] += d[:, t + 1]
        d *= 2 * x
        return d

    return y, back


def bilinear_pairs(E, pairs, scores):
    """Matrix factorisation: squared error of E[i]·E[j] for pairs (i, j)."""
    i, j = pairs.T
    r = (E[i] * E[j]).sum(axis=1) - scores
    dE = np.zeros_like(E)
    np.add.at(dE, i, 2 * r[:, None] * E[j])
    np.add.at(dE, j, 2 * r[:, None] * E[i])
    return np.sum(r ** 2), dE


CASES = {
    "tied": ("params", tied_autoencoder, lambda rng: [
        {"W": rng.normal(size=(5, 3)), "b": rng.normal(size=3), "c": rng.normal(size=5)}, rng.normal(size=(7, 5))]),
    "residual": ("layer", ResidualBlock, lambda rng: [ResidualBlock(4, 6, rng), rng.normal(size=(7, 4))]),
    "siamese": ("params", siamese, lambda rng: [
        {"W": rng.normal(size=(4, 3)), "b": rng.normal(size=3)}, rng.normal(size=(8, 4)), rng.normal(size=(8, 4)),
        np.arange(8) % 3 == 0]),
    "highway": ("pair", (highway_forward, highway_backward), lambda rng: [
        rng.normal(size=(6, 4)), rng.normal(size=(4, 4)), rng.normal(size=(4, 4))]),
    "cumulative": ("back", cumulative, lambda rng: [rng.normal(size=(3, 6))]),
    "factorisation": ("value", bilinear_pairs, lambda rng: [
        rng.normal(size=(6, 3)), np.array([[0, 1], [0, 2], [1, 3], [4, 5], [4, 1], [2, 5]]), rng.normal(size=6)]),
}
