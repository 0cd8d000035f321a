"""Embeddings: rows picked by integers, gradients added at repeated ones."""

import numpy as np


def word_embedding_forward(x, W):
    """x: integers (N, T), W: (V, D)"""
    out = W[x]
    return out, (x, W)


def word_embedding_backward(dout, cache):
    x, W = cache
    dW = np.zeros_like(W)
    np.add.at(dW, x, dout)
    return dW


class Embedding:
    def __init__(self, V, D, rng):
        self.params = {"W": rng.normal(size=(V, D))}
        self.grads = {}

    def forward(self, idx):
        self.idx = idx
        return self.params["W"][idx] * np.sqrt(self.params["W"].shape[1])

    def backward(self, dout):
        dW = np.zeros_like(self.params["W"])
        scale = np.sqrt(dW.shape[1])
        for i, word in enumerate(self.idx):
            dW[word] += dout[i] * scale
        self.grads["W"] = dW


def skipgram(params, center, context, negatives):
    """Negative sampling: one centre word, its context word and k negatives."""
    U, V = params["U"], params["V"]
    v = V[center]
    s_pos = 1 / (1 + np.exp(-U[context] @ v))
    s_neg = 1 / (1 + np.exp(U[negatives] @ v))
    loss = -np.log(s_pos) - np.log(s_neg).sum()
    dU, dV = np.zeros_like(U), np.zeros_like(V)
    dU[context] += (s_pos - 1) * v
    np.add.at(dU, negatives, (1 - s_neg)[:, None] * v)
    dV[center] += (s_pos - 1) * U[context] + (1 - s_neg) @ U[negatives]
    return loss, {"U": dU, "V": dV}


def bag_of_words(E, ids, lengths):
    """Mean of the embeddings of each document's words; ids (N, T), padded beyond lengths (N,)."""
    N, T = ids.shape
    mask = np.arange(T)[None, :] < lengths[:, None]
    y = (E[ids] * mask[:, :, None]).sum(axis=1) / lengths[:, None]

    def back(dy):
        dE = np.zeros_like(E)
        d = dy[:, None, :] * mask[:, :, None] / lengths[:, None, None]
        np.add.at(dE, ids, d)
        return dE

    return y, back


CASES = {
    "word_embedding": ("pair", (word_embedding_forward, word_embedding_backward), lambda rng: [
        rng.integers(0, 4, (3, 5)), rng.normal(size=(6, 4))]),
    "embedding_class": ("layer", Embedding, lambda rng: [Embedding(5, 3, rng), rng.integers(0, 4, 7)]),
    "skipgram": ("params", skipgram, lambda rng: [
        {"U": rng.normal(size=(6, 3)), "V": rng.normal(size=(6, 3))}, 2, 1, np.array([0, 4, 4, 5])]),
    "bag_of_words": ("back", bag_of_words, lambda rng: [
        rng.normal(size=(6, 3)), rng.integers(0, 5, (4, 5)), np.array([3, 5, 2, 4])]),
}
