"""Dropout with a seeded generator, a given mask, or noise drawn outside."""

import numpy as np


def dropout_forward(x, dropout_param):
    p = dropout_param["p"]
    rng = np.random.default_rng(dropout_param["seed"])
    mask = (rng.random(x.shape) < p) / p
    out = x * mask
    cache = (dropout_param, mask)
    return out, cache


def dropout_backward(dout, cache):
    dropout_param, mask = cache
    dx = dout * mask
    return dx


class Dropout:
    def __init__(self, keep, seed):
        self.keep = keep
        self.rng = np.random.default_rng(seed)

    def forward(self, x):
        self.x = x
        self.mask = self.rng.random(x.shape[1]) < self.keep
        return np.tanh(x) * self.mask / self.keep

    def backward(self, dout):
        d = dout * self.mask / self.keep
        return d * (1 - np.tanh(self.x) ** 2)


def masked_layer(x, W, mask, rate):
    """An affine layer, then inverted dropout with a boolean mask; rate is what is dropped."""
    h = x @ W
    y = np.where(mask, h, 0) / (1 - rate)

    def back(dy):
        dh = np.where(mask, dy, 0) / (1 - rate)
        return dh @ W.T, x.T @ dh

    return y, back


def gaussian_dropout(x, alpha_log, rng):
    """Multiplicative noise N(1, exp(alpha_log))."""
    eps = rng.standard_normal(x.shape)
    std = np.exp(0.5 * alpha_log)
    y = x * (1 + std * eps)

    def back(dy):
        dx = dy * (1 + std * eps)
        dalpha_log = (dy * x * eps * std * 0.5).sum(axis=0)
        return dx, dalpha_log

    return y, back


CASES = {
    "dropout": ("pair", (dropout_forward, dropout_backward), lambda rng: [
        rng.normal(size=(6, 5)), {"mode": "train", "p": 0.7, "seed": int(rng.integers(1000))}]),
    "dropout_class": ("layer", Dropout, lambda rng: [
        Dropout(0.6, int(rng.integers(1000))), rng.normal(size=(4, 9))]),
    "masked_layer": ("back", masked_layer, lambda rng: [
        rng.normal(size=(5, 4)), rng.normal(size=(4, 6)), rng.random((5, 6)) < 0.7, 0.3]),
    "gaussian_dropout": ("back", gaussian_dropout, lambda rng: [
        rng.normal(size=(5, 4)), rng.normal(size=4), np.random.default_rng(int(rng.integers(1000)))]),
}
