"""Attention: one head, causal, with several heads, additive."""

import numpy as np


def softmax(s):
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def attention(Q, K, V):
    """Q: (T, d), K: (S, d), V: (S, m)"""
    d = Q.shape[-1]
    A = softmax(Q @ K.T / np.sqrt(d))
    out = A @ V

    def back(dout):
        dV = A.T @ dout
        dA = dout @ V.T
        dS = A * (dA - (dA * A).sum(axis=-1, keepdims=True))
        dQ = dS @ K / np.sqrt(d)
        dK = dS.T @ Q / np.sqrt(d)
        return dQ, dK, dV

    return out, back


def causal_attention_forward(x, Wq, Wk, Wv):
    """x: (B, T, C), W: (C, H)"""
    B, T, C = x.shape
    q, k, v = x @ Wq, x @ Wk, x @ Wv
    scale = Wq.shape[1] ** -0.5
    wei = np.einsum("bth,bsh->bts", q, k) * scale
    tril = np.tril(np.ones((T, T)))
    wei = np.where(tril == 0, -1e9, wei)
    att = softmax(wei)
    out = att @ v
    return out, (x, Wq, Wk, Wv, q, k, v, att, scale)


def causal_attention_backward(dout, cache):
    x, Wq, Wk, Wv, q, k, v, att, scale = cache
    datt = np.einsum("bth,bsh->bts", dout, v)
    dv = np.einsum("bts,bth->bsh", att, dout)
    dwei = att * (datt - (datt * att).sum(-1, keepdims=True))
    dwei *= scale
    dq = dwei @ k
    dk = dwei.transpose(0, 2, 1) @ q
    dWq = np.einsum("btc,bth->ch", x, dq)
    dWk = np.einsum("btc,bth->ch", x, dk)
    dWv = np.einsum("btc,bth->ch", x, dv)
    dx = dq @ Wq.T + dk @ Wk.T + dv @ Wv.T
    return dx, dWq, dWk, dWv


class MultiHeadSelfAttention:
    def __init__(self, D, n_heads, rng):
        self.n_heads = n_heads
        self.params = {name: rng.normal(size=(D, D)) / np.sqrt(D) for name in ("Wq", "Wk", "Wv", "Wo")}
        self.grads = {}

    def split(self, x):
        T, D = x.shape
        return x.reshape(T, self.n_heads, D // self.n_heads).transpose(1, 0, 2)

    def merge(self, x):
        h, T, d = x.shape
        return x.transpose(1, 0, 2).reshape(T, h * d)

    def forward(self, x):
        p = self.params
        self.x = x
        self.q, self.k, self.v = (self.split(x @ p[n]) for n in ("Wq", "Wk", "Wv"))
        self.scale = np.sqrt(self.q.shape[-1])
        self.A = softmax(self.q @ self.k.transpose(0, 2, 1) / self.scale)
        self.heads = self.merge(self.A @ self.v)
        return self.heads @ p["Wo"]

    def backward(self, dout):
        p, g = self.params, self.grads
        g["Wo"] = self.heads.T @ dout
        dheads = self.split(dout @ p["Wo"].T)
        dv = self.A.transpose(0, 2, 1) @ dheads
        dA = dheads @ self.v.transpose(0, 2, 1)
        dS = self.A * (dA - np.sum(dA * self.A, axis=-1, keepdims=True)) / self.scale
        dq = self.merge(dS @ self.k)
        dk = self.merge(dS.transpose(0, 2, 1) @ self.q)
        dv = self.merge(dv)
        g["Wq"], g["Wk"], g["Wv"] = self.x.T @ dq, self.x.T @ dk, self.x.T @ dv
        return dq @ p["Wq"].T + dk @ p["Wk"].T + dv @ p["Wv"].T


def additive_attention(h, W, u):
    """Bahdanau pooling of states h (T, D): a = softmax(tanh(h W) u), c = sum_t a_t h_t."""
    z = np.tanh(h @ W)
    a = softmax(z @ u)
    c = a @ h

    def back(dc):
        da = h @ dc
        ds = a * (da - a @ da)
        dz = np.outer(ds, u) * (1 - z ** 2)
        dh = np.outer(a, dc) + dz @ W.T
        return dh, h.T @ dz, z.T @ ds

    return c, back


CASES = {
    "attention": ("back", attention, lambda rng: [
        rng.normal(size=(5, 3)), rng.normal(size=(6, 3)), rng.normal(size=(6, 4))]),
    "causal_attention": ("pair", (causal_attention_forward, causal_attention_backward), lambda rng: [
        rng.normal(size=(2, 5, 4)), rng.normal(size=(4, 3)), rng.normal(size=(4, 3)), rng.normal(size=(4, 3))]),
    "multi_head": ("layer", MultiHeadSelfAttention, lambda rng: [
        MultiHeadSelfAttention(6, 2, rng), rng.normal(size=(5, 6))]),
    "additive": ("back", additive_attention, lambda rng: [
        rng.normal(size=(6, 4)), rng.normal(size=(4, 5)), rng.normal(size=5)]),
}
