"""Activations that hand back their derivative as a function."""

import math

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def swish(x):
    s = sigmoid(x)
    y = x * s

    def back(dy):
        return dy * (s + x * s * (1 - s))

    return y, back


def gelu(x):
    c = math.sqrt(2 / math.pi)
    u = c * (x + 0.044715 * x ** 3)
    t = np.tanh(u)

    def back(dy):
        du = c * (1 + 3 * 0.044715 * x ** 2)
        return dy * (0.5 * (1 + t) + 0.5 * x * (1 - t ** 2) * du)

    return 0.5 * x * (1 + t), back


def mish(x):
    sp = np.log1p(np.exp(x))
    t = np.tanh(sp)

    def back(dy):
        return dy * (t + x * (1 - t ** 2) * sigmoid(x))

    return x * t, back


def softsign(x):
    denom = 1 + np.abs(x)
    return x / denom, lambda dy: dy / denom ** 2


def tanhshrink(x):
    t = np.tanh(x)
    return x - t, lambda dy: dy * t ** 2


def log_sigmoid(x):
    y = -np.log(1 + np.exp(-x))
    return y, lambda dy: dy * sigmoid(-x)


def gaussian_bump(x, width):
    y = np.exp(-x ** 2 / (2 * width ** 2))
    return y, lambda dy: (-dy * x * y / width ** 2,)


def snake(x):
    a = 1.5
    y = x + np.sin(a * x) ** 2 / a

    def back(dy):
        return dy * (1 + 2 * np.sin(a * x) * np.cos(a * x))

    return y, back


def student_t_logpdf(x):
    nu = 5.0
    y = -(nu + 1) / 2 * np.log(1 + x ** 2 / nu)

    def back(dy):
        return -dy * (nu + 1) * x / (nu + x ** 2)

    return y, back


def glu(x):
    """Gated linear unit: the first half of the columns, gated by the second."""
    a, b = np.split(x, 2, axis=-1)
    g = sigmoid(b)

    def back(dy):
        da = dy * g
        db = dy * a * g * (1 - g)
        return np.concatenate([da, db], axis=-1)

    return a * g, back


def prelu(x, alpha):
    """alpha: (C,), one slope a column"""
    pos = x > 0
    y = np.where(pos, x, alpha * x)

    def back(dy):
        dx = np.where(pos, dy, alpha * dy)
        dalpha = np.where(pos, 0, x * dy).sum(axis=0)
        return dx, dalpha

    return y, back


CASES = {name: ("back", f, lambda rng: [1.5 * rng.normal(size=(5, 3))]) for name, f in {
    "swish": swish, "gelu": gelu, "mish": mish, "softsign": softsign, "tanhshrink": tanhshrink,
    "log_sigmoid": log_sigmoid, "snake": snake, "student_t": student_t_logpdf}.items()}
CASES["gaussian_bump"] = ("back", gaussian_bump, lambda rng: [rng.normal(size=(4, 3)), 1.6])
CASES["glu"] = ("back", glu, lambda rng: [rng.normal(size=(5, 6))])
CASES["prelu"] = ("back", prelu, lambda rng: [rng.normal(size=(7, 3)), rng.uniform(0.1, 0.5, 3)])
