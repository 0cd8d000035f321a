"""Softmax, hinge and cross-entropy losses with integer labels."""

import numpy as np


def softmax_loss(x, y):
    """x: scores (N, C), y: labels (N,)"""
    shifted = x - x.max(axis=1, keepdims=True)
    Z = np.exp(shifted).sum(axis=1, keepdims=True)
    log_probs = shifted - np.log(Z)
    probs = np.exp(log_probs)
    N = x.shape[0]
    loss = -log_probs[np.arange(N), y].sum() / N
    dx = probs.copy()
    dx[np.arange(N), y] -= 1
    dx /= N
    return loss, dx


class CrossEntropyLoss:
    def forward(self, logits, labels):
        e = np.exp(logits - logits.max(1, keepdims=True))
        self.p = e / e.sum(1, keepdims=True)
        self.onehot = np.eye(logits.shape[1])[labels]
        return -np.sum(self.onehot * np.log(self.p)) / len(labels)

    def backward(self):
        return (self.p - self.onehot) / self.p.shape[0]


def softmax_forward(x):
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    p = e / np.sum(e, axis=-1, keepdims=True)
    return p, p


def softmax_backward(dp, cache):
    p = cache
    return p * (dp - np.sum(dp * p, axis=-1, keepdims=True))


def svm_loss_naive(W, X, y, reg):
    """Multiclass hinge loss with loops; W: (D, C)."""
    dW = np.zeros(W.shape)
    num_train, num_classes = X.shape[0], W.shape[1]
    loss = 0.0
    for i in range(num_train):
        scores = X[i].dot(W)
        correct = scores[y[i]]
        for j in range(num_classes):
            if j == y[i]:
                continue
            margin = scores[j] - correct + 1
            if margin > 0:
                loss += margin
                dW[:, j] += X[i]
                dW[:, y[i]] -= X[i]
    loss /= num_train
    dW /= num_train
    loss += reg * np.sum(W * W)
    dW += 2 * reg * W
    return loss, dW


def smoothed_cross_entropy(logits, labels, smoothing):
    N, C = logits.shape
    m = logits.max(axis=1, keepdims=True)
    logp = logits - m - np.log(np.exp(logits - m).sum(axis=1, keepdims=True))
    target = np.full((N, C), smoothing / C)
    target[np.arange(N), labels] += 1 - smoothing
    loss = -(target * logp).sum(axis=1)

    def back(dloss):
        return dloss[:, None] * (np.exp(logp) - target)

    return loss, back


def weighted_nll(logits, y, class_weight):
    logp = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    w = class_weight[y]
    loss = -(w * logp[range(len(y)), y]).sum() / w.sum()
    d = np.exp(logp)
    d[range(len(y)), y] -= 1
    d *= w[:, None] / w.sum()
    return loss, d


CASES = {
    "softmax_loss": ("value", softmax_loss, lambda rng: [rng.normal(size=(6, 5)), rng.integers(0, 5, 6)]),
    "ce_class": ("layer", CrossEntropyLoss, lambda rng: [
        CrossEntropyLoss(), rng.normal(size=(7, 4)), rng.integers(0, 4, 7)]),
    "softmax": ("pair", (softmax_forward, softmax_backward), lambda rng: [rng.normal(size=(5, 4))]),
    "svm": ("value", svm_loss_naive, lambda rng: [
        0.3 * rng.normal(size=(5, 4)), rng.normal(size=(7, 5)), rng.integers(0, 4, 7), 0.1]),
    "smoothing": ("back", smoothed_cross_entropy, lambda rng: [rng.normal(size=(6, 5)), rng.integers(0, 5, 6), 0.2]),
    "weighted_nll": ("value", weighted_nll, lambda rng: [
        rng.normal(size=(6, 4)), rng.integers(0, 4, 6), np.array([0.5, 1.0, 2.0, 1.5])]),
}
