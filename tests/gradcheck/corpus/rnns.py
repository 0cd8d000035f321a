"""Vanilla recurrent networks."""

import numpy as np


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x.dot(Wx) + prev_h.dot(Wh) + b)
    cache = (x, prev_h, Wx, Wh, next_h)
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    dz = dnext_h * (1 - next_h * next_h)
    dx = dz.dot(Wx.T)
    dprev_h = dz.dot(Wh.T)
    dWx = x.T.dot(dz)
    dWh = prev_h.T.dot(dz)
    db = dz.sum(axis=0)
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    """x: (N, T, D), h0: (N, H)"""
    N, T, D = x.shape
    h = np.zeros((N, T, h0.shape[1]))
    prev_h = h0
    cache = []
    for t in range(T):
        prev_h, step = rnn_step_forward(x[:, t], prev_h, Wx, Wh, b)
        h[:, t] = prev_h
        cache.append(step)
    return h, cache


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    D = cache[0][0].shape[1]
    dx = np.zeros((N, T, D))
    dprev_h = np.zeros((N, H))
    dWx, dWh, db = np.zeros((D, H)), np.zeros((H, H)), np.zeros(H)
    for t in reversed(range(T)):
        dnext = dh[:, t] + dprev_h
        dx[:, t], dprev_h, dWx_t, dWh_t, db_t = rnn_step_backward(dnext, cache[t])
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    dh0 = dprev_h
    return dx, dh0, dWx, dWh, db


class CharRNN:
    """Karpathy's min-char-rnn: loss and gradients for a sequence of integers."""

    def __init__(self, vocab, H, rng):
        self.params = {"Wxh": rng.normal(size=(H, vocab)), "Whh": rng.normal(size=(H, H)) / H,
                       "Why": rng.normal(size=(vocab, H)), "bh": rng.normal(size=(H, 1)),
                       "by": rng.normal(size=(vocab, 1))}

    def loss(self, inputs, targets):
        p = self.params
        xs, hs, ps = {}, {-1: np.zeros_like(p["bh"])}, {}
        loss = 0
        for t in range(len(inputs)):
            xs[t] = np.zeros((p["Wxh"].shape[1], 1))
            xs[t][inputs[t]] = 1
            hs[t] = np.tanh(p["Wxh"] @ xs[t] + p["Whh"] @ hs[t - 1] + p["bh"])
            y = p["Why"] @ hs[t] + p["by"]
            ps[t] = np.exp(y) / np.sum(np.exp(y))
            loss += -np.log(ps[t][targets[t], 0])
        grads = {k: np.zeros_like(v) for k, v in p.items()}
        dhnext = np.zeros_like(hs[0])
        for t in reversed(range(len(inputs))):
            dy = np.copy(ps[t])
            dy[targets[t]] -= 1
            grads["Why"] += dy @ hs[t].T
            grads["by"] += dy
            dh = p["Why"].T @ dy + dhnext
            dhraw = (1 - hs[t] * hs[t]) * dh
            grads["bh"] += dhraw
            grads["Wxh"] += dhraw @ xs[t].T
            grads["Whh"] += dhraw @ hs[t - 1].T
            dhnext = p["Whh"].T @ dhraw
        return loss, grads


CASES = {
    "rnn_step": ("pair", (rnn_step_forward, rnn_step_backward), lambda rng: [
        rng.normal(size=(5, 3)), rng.normal(size=(5, 4)), rng.normal(size=(3, 4)), rng.normal(size=(4, 4)) / 2,
        rng.normal(size=4)]),
    "rnn": ("pair", (rnn_forward, rnn_backward), lambda rng: [
        rng.normal(size=(2, 5, 3)), rng.normal(size=(2, 4)), rng.normal(size=(3, 4)) / 2,
        rng.normal(size=(4, 4)) / 2, rng.normal(size=4)]),
    "char_rnn": ("model", CharRNN, lambda rng: [
        CharRNN(5, 4, rng), rng.integers(0, 5, 6), rng.integers(0, 5, 6)]),
}
