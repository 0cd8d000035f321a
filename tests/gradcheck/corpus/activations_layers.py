"""Activations as classes and as pairs with a cache."""

import numpy as np


class ReLU:
    def forward(self, x):
        self.mask = x > 0
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


class LeakyReLU:
    def __init__(self, alpha=0.2):
        self.alpha = alpha

    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, self.alpha * x)

    def backward(self, dout):
        dx = dout.copy()
        dx[self.x <= 0] *= self.alpha
        return dx


class Sigmoid:
    def forward(self, x):
        self.out = 1.0 / (1.0 + np.exp(-x))
        return self.out

    def backward(self, dout):
        return dout * self.out * (1.0 - self.out)


class Tanh:
    def forward(self, x):
        self.y = np.tanh(x)
        return self.y

    def backward(self, grad_output):
        return grad_output * (1 - self.y ** 2)


class Softplus:
    def __init__(self, beta):
        self.beta = beta

    def forward(self, x):
        self.x = x
        return np.log(1 + np.exp(self.beta * x)) / self.beta

    def backward(self, grad):
        return grad / (1 + np.exp(-self.beta * self.x))


def elu_forward(x, alpha):
    out = np.where(x > 0, x, alpha * (np.exp(x) - 1))
    return out, (x, out, alpha)


def elu_backward(dout, cache):
    x, out, alpha = cache
    return dout * np.where(x > 0, 1, out + alpha)


def selu_forward(x):
    lam, alpha = 1.0507009873554805, 1.6732632423543772
    out = lam * np.where(x > 0, x, alpha * (np.exp(x) - 1))
    return out, x


def selu_backward(dout, cache):
    x = cache
    lam, alpha = 1.0507009873554805, 1.6732632423543772
    return dout * lam * np.where(x > 0, 1, alpha * np.exp(x))


def hard_sigmoid_forward(x):
    out = np.clip(0.2 * x + 0.5, 0, 1)
    return out, out


def hard_sigmoid_backward(dout, cache):
    out = cache
    return 0.2 * dout * ((out > 0) & (out < 1))


def normalize_forward(x):
    """Each row divided by its length."""
    norm = np.sqrt((x ** 2).sum(axis=1, keepdims=True))
    y = x / norm
    return y, (y, norm)


def normalize_backward(dy, cache):
    y, norm = cache
    return (dy - y * (y * dy).sum(axis=1, keepdims=True)) / norm


def exp_linear(v):
    """A sum of elementwise terms, for an optimizer."""
    return np.sum(v * np.log1p(v ** 2)) + np.sum(np.sqrt(1 + v ** 2))


def exp_linear_grad(v):
    return np.log1p(v ** 2) + 2 * v ** 2 / (1 + v ** 2) + v / np.sqrt(1 + v ** 2)


def huber(r, delta):
    small = np.abs(r) <= delta
    loss = np.where(small, 0.5 * r ** 2, delta * (np.abs(r) - 0.5 * delta)).mean()
    grad = np.where(small, r, delta * np.sign(r)) / r.size
    return loss, grad


CASES = {
    "relu": ("layer", ReLU, lambda rng: [ReLU(), rng.normal(size=(5, 4))]),
    "leaky_relu": ("layer", LeakyReLU, lambda rng: [LeakyReLU(), rng.normal(size=(6, 3))]),
    "sigmoid": ("layer", Sigmoid, lambda rng: [Sigmoid(), rng.normal(size=(5, 3))]),
    "tanh": ("layer", Tanh, lambda rng: [Tanh(), rng.normal(size=(5, 4))]),
    "softplus": ("layer", Softplus, lambda rng: [Softplus(1.7), rng.normal(size=(4, 3))]),
    "elu": ("pair", (elu_forward, elu_backward), lambda rng: [rng.normal(size=(6, 3)), 0.7]),
    "selu": ("pair", (selu_forward, selu_backward), lambda rng: [rng.normal(size=(5, 3))]),
    "hard_sigmoid": ("pair", (hard_sigmoid_forward, hard_sigmoid_backward), lambda rng: [2 * rng.normal(size=(6, 4))]),
    "normalize": ("pair", (normalize_forward, normalize_backward), lambda rng: [rng.normal(size=(5, 3))]),
    "exp_linear": ("fun_jac", (exp_linear, exp_linear_grad), lambda rng: [rng.normal(size=8)]),
    "huber": ("value", huber, lambda rng: [rng.normal(size=(6, 3)), 0.8]),
}
