"""Layers without parameters, each formula beside that of its derivative: `y, back = tanh(x)`, then `dx = back(dy)`."""

import math
from collections.abc import Callable

import numpy as np

LEAK = 0.01     # slope of `leaky_relu` below 0


def tanh(x: np.ndarray) -> tuple[np.ndarray, Callable]:
    """y = tanh x; dx = dy (1 − y²)."""
    y = np.tanh(x)
    return y, lambda dy: dy * (1 - y * y)


def relu(x: np.ndarray) -> tuple[np.ndarray, Callable]:
    """y = max(x, 0); dx = dy [x > 0]. At the kink x = 0 the derivative is taken as 0."""
    on = x.real > 0
    # NaN stays NaN, so that a network that has diverged says so
    return np.where(x.real <= 0, 0, x), lambda dy: dy * on


def leaky_relu(x: np.ndarray) -> tuple[np.ndarray, Callable]:
    """y = x above 0 and x/100 below; dx = dy · 1 or dy/100. At the kink x = 0 the derivative is taken as 1/100.

    Maas, Hannun & Ng 2013.
    """
    on = x.real > 0
    return np.where(on, x, LEAK * x), lambda dy: np.where(on, dy, LEAK * dy)


def gelu(x: np.ndarray) -> tuple[np.ndarray, Callable]:
    """y = x Φ(x) with Φ(x) ≈ ½ (1 + tanh u), u = √(2/π) (x + 0.044715 x³); within 5e-4 of the normal's Φ.

    Hendrycks & Gimpel 2016; PyTorch's GELU(approximate="tanh"). dx = dy [½ (1 + tanh u) + ½ x (1 − tanh² u) du/dx].
    """
    c = math.sqrt(2 / math.pi)
    # far out tanh u is ±1 to the last bit, and the cube might overflow
    near = np.where(np.abs(x.real) < 20, x, 20 * np.sign(x.real))
    t = np.tanh(c * (near + 0.044715 * near**3))
    y = 0.5 * x * (1 + t)
    return y, lambda dy: dy * (0.5 * (1 + t) + 0.5 * near * (1 - t * t) * c * (1 + 3 * 0.044715 * near**2))


def sigmoid(x: np.ndarray) -> tuple[np.ndarray, Callable]:
    """y = 1/(1 + e^{−x}), without overflow; dx = dy y (1 − y)."""
    y = _sigmoid(x)
    return y, lambda dy: dy * y * (1 - y)


def softplus(x: np.ndarray) -> tuple[np.ndarray, Callable]:
    """y = log(1 + e^x), without overflow; dx = dy sigmoid(x)."""
    # log(1 + e^x) = max(x, 0) + log(1 + e^{−|x|})
    y = np.where(x.real > 0, x, 0) + np.log1p(_exp_minus_abs(x))
    return y, lambda dy: dy * _sigmoid(x)


def quadratic_features(x: np.ndarray) -> tuple[np.ndarray, Callable]:
    """y = [x, x_i x_j for i ≤ j]: what a quadratic encoder is affine in."""
    i, j = np.triu_indices(x.shape[1])
    y = np.concatenate([x, x[:, i] * x[:, j]], axis=1)      # (B, D + D(D+1)/2)

    def back(dy):
        dx, dxx = dy[:, : x.shape[1]].copy(), dy[:, x.shape[1]:]
        # ∂(x_i x_j) = x_j ∂x_i + x_i ∂x_j; one index occurs in many products, so add
        np.add.at(dx.T, i, (dxx * x[:, j]).T)
        np.add.at(dx.T, j, (dxx * x[:, i]).T)
        return dx

    return y, back


def _exp_minus_abs(x):
    # |x| without np.abs, which would cut the complex step's imaginary part off
    return np.exp(np.where(x.real > 0, -x, x))


def _sigmoid(x):
    e = _exp_minus_abs(x)
    return np.where(x.real > 0, 1, e) / (1 + e)


for _activation in (tanh, gelu, sigmoid, softplus, quadratic_features):
    _activation.smooth = True
