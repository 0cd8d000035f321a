"""What a user hands to an estimator, checked: draws z, the function f to be averaged, and what comes out of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from npvae.arrays import numbers
from npvae.checks import shown
from npvae.inference.checks import finite_q


class NotFinite(ValueError):
    """Draws or a gradient that floats cannot hold: a climb knows it, for a q that they still hold may have them."""


def finite(array: np.ndarray, name: str = "the gradient") -> np.ndarray:
    """The array, or NotFinite if floats cannot hold it."""
    if not np.isfinite(array).all():
        raise NotFinite(f"{name} has numbers beyond what floats hold: expected moderate rows q, draws and values of f")
    return array


def checked_draws(latent, q: ArrayLike, z: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """The rows q (B, R) and the draws z (S, B or 1, K), or a ValueError if they do not fit the latent."""
    q, z = finite_q(latent, q), numbers("z", z)
    if z.ndim != 3 or z.shape[1] not in (1, len(q)) or z.shape[2] != latent.dim or not len(z):
        raise ValueError(f"z has shape {z.shape}, expected (draws, {len(q)}, {latent.dim}): see `latent.sample`")
    if not np.isfinite(z).all():
        raise NotFinite("z has values that are not finite: expected draws from a moderate q, as by `latent.sample`")
    return q, z


def value_and_back(f: Callable, z: np.ndarray) -> tuple[np.ndarray, object]:
    """What f returns for z (S, B or 1, K): its value (S, B), or a ValueError, and what stands beside it."""
    if not callable(f):
        raise ValueError(f"f is {shown(f)}, expected a function z -> (value, back)")
    answer = f(z)
    if not isinstance(answer, tuple) or len(answer) != 2:
        raise ValueError(f"f(z) is a {type(answer).__name__}, expected (value, back): f's value for each draw and row, "
                         "and its backward pass")
    value, back = numbers("f's value", answer[0]), answer[1]
    # a shape such as (B,) would broadcast without a word; nodes (S, 1, K) that all rows share do have (S, B) values
    if np.ndim(value) != 2 or len(value) != len(z) or z.shape[1] not in (1, value.shape[1]):
        raise ValueError(f"f(z) has shape {np.shape(value)} for z of shape {np.shape(z)}, expected {np.shape(z)[:2]}: "
                         "one number for each draw and row")
    return value, back


def slope(f: Callable, z: np.ndarray) -> np.ndarray:
    """∂f/∂z at z (S, B, K), of that shape, or a ValueError if f's backward pass returns another."""
    value, back = value_and_back(f, z)
    if not callable(back):
        raise ValueError(f"f returns {shown(back)} beside its value, expected its backward pass dvalue -> dz")
    dz = numbers("what f's backward pass returns", back(np.ones_like(value)))
    if dz.shape != z.shape:
        raise ValueError(f"what f's backward pass returns has shape {dz.shape}, expected that of z, {z.shape}")
    return dz
