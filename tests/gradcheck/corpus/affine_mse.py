"""Affine layers and squared errors."""

import numpy as np


def affine_forward(x, w, b):
    """x: (N, d_1, ..., d_k), w: (D, M), b: (M,)"""
    N = x.shape[0]
    out = x.reshape(N, -1).dot(w) + b
    cache = (x, w, b)
    return out, cache


def affine_backward(dout, cache):
    x, w, b = cache
    N = x.shape[0]
    dx = dout.dot(w.T).reshape(x.shape)
    dw = x.reshape(N, -1).T.dot(dout)
    db = np.sum(dout, axis=0)
    return dx, dw, db


class Linear:
    def __init__(self, n_in, n_out, rng):
        self.W = rng.standard_normal((n_in, n_out)) / np.sqrt(n_in)
        self.b = 0.1 * rng.standard_normal(n_out)
        self.dW = np.zeros_like(self.W)
        self.db = np.zeros_like(self.b)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, grad):
        self.dW = self.x.T @ grad
        self.db = grad.sum(axis=0)
        return grad @ self.W.T


class FullyConnected:
    """Keeps every input it has seen until flush_gradients, and adds up its gradients."""

    def __init__(self, n_in, n_out, rng):
        self.X = []
        self.parameters = {"W": rng.normal(size=(n_in, n_out)), "b": rng.normal(size=(1, n_out))}
        self.gradients = {"W": np.zeros((n_in, n_out)), "b": np.zeros((1, n_out))}

    def forward(self, X):
        Y = np.tanh(X @ self.parameters["W"] + self.parameters["b"])
        self.X.append(X)
        return Y

    def backward(self, dLdy):
        X = self.X[-1]
        W, b = self.parameters["W"], self.parameters["b"]
        Z = X @ W + b
        dZ = dLdy * (1 - np.tanh(Z) ** 2)
        dX = dZ @ W.T
        dW = X.T @ dZ
        dB = dZ.sum(axis=0, keepdims=True)
        self.gradients["W"] += dW
        self.gradients["b"] += dB
        return dX

    def flush_gradients(self):
        self.X = []
        for k, v in self.gradients.items():
            self.gradients[k] = np.zeros_like(v)


def mse_loss(y_pred, y_true):
    N = y_pred.shape[0]
    diff = y_pred - y_true
    loss = np.sum(diff ** 2) / (2 * N)
    grad = diff / N
    return loss, grad


X_TRAIN = np.random.default_rng(7).normal(size=(11, 5))
Y_TRAIN = np.random.default_rng(8).normal(size=11)
LAM = 0.3


def ridge(w):
    r = X_TRAIN.dot(w) - Y_TRAIN
    return 0.5 * r.dot(r) + 0.5 * LAM * w.dot(w)


def ridge_grad(w):
    r = X_TRAIN.dot(w) - Y_TRAIN
    return X_TRAIN.T.dot(r) + LAM * w


def weighted_mse(pred, target, weight):
    """Weighted squared error of (N, D) predictions, weights (N,)."""
    err = pred - target
    loss = (weight[:, None] * err ** 2).sum() / weight.sum()

    def back(dloss):
        return 2 * dloss * weight[:, None] * err / weight.sum()

    return loss, back


CASES = {
    "affine": ("pair", (affine_forward, affine_backward), lambda rng: [
        rng.normal(size=(6, 2, 5)), rng.normal(size=(10, 3)), rng.normal(size=3)]),
    "linear_class": ("layer", Linear, lambda rng: [Linear(4, 3, rng), rng.normal(size=(6, 4))]),
    "fully_connected": ("layer", FullyConnected, lambda rng: [FullyConnected(4, 3, rng), rng.normal(size=(7, 4))]),
    "mse": ("value", mse_loss, lambda rng: [rng.normal(size=(7, 3)), rng.normal(size=(7, 3))]),
    "ridge": ("fun_jac", (ridge, ridge_grad), lambda rng: [rng.normal(size=5)]),
    "weighted_mse": ("back", weighted_mse, lambda rng: [
        rng.normal(size=(5, 3)), rng.normal(size=(5, 3)), rng.uniform(0.5, 2, 5)]),
}
