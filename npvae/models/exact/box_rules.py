"""Gauss–Legendre rules for boxes, whole or cut in two by a kink: nodes, and weights of two orders to compare."""

import functools
import math

import numpy as np

from npvae.models.noise import tensor

ORDERS = 3, 4, 5, 6     # each is compared with the one below


def order_for(spread: np.ndarray, error: float) -> np.ndarray:
    """The order that does for a function whose log changes by `spread` nats over the box, most likely, (P,)."""
    # of e^{st}, |t| ≤ ½, the lower order n − 1 misses the term s^{2n−2}/(2n−2)! and what follows, times 2^{2−2n}
    enough = [2 * (math.factorial(2 * n - 2) * error) ** (1 / (2 * n - 2)) for n in ORDERS[:-1]]
    return np.array(ORDERS)[np.searchsorted(enough, spread)]


def whole(K: int, order: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes u (N, K) in [−1, 1]^K and the weights (2, N) of an order and of the one below; either sums to 1."""
    lines = [_line(n) for n in (order, order - 1)]
    return _stacked([(tensor(u, K), (tensor(w, K) / 2).prod(1)) for u, w in lines])


def cut(line: np.ndarray, order: int) -> tuple[np.ndarray, np.ndarray]:
    """The same for boxes that the kink line · (u, 1) = 0, (C, K + 1), cuts in two: u (C, N, K), weights (C, 2, N)."""
    return _stacked([(_cut_interval if line.shape[1] == 2 else _cut_square)(line, n) for n in (order, order - 1)])


@functools.cache
def _line(order):
    return np.polynomial.legendre.leggauss(order)


def _stacked(rules):
    (u, high), (v, low) = rules
    weights = np.stack([np.concatenate([high, np.zeros_like(low)], -1),
                        np.concatenate([np.zeros_like(high), low], -1)], axis=-2)
    return np.concatenate([u, v], axis=-2), weights


def _cut_interval(line, order):
    u, w = _pieces(-line[:, 1:] / line[:, :1], order)
    return u[..., None], w


def _cut_square(line, order):
    # inner: the coordinate that the kink depends on most, in two pieces; outer: the other, in three, between the
    # points at which the kink leaves the square
    C, inner = len(line), np.abs(line[:, :2]).argmax(1)
    a, o, b = line[np.arange(C), inner], line[np.arange(C), 1 - inner], line[:, 2]
    with np.errstate(all="ignore"):
        ends = np.stack([(-b - a) / o, (-b + a) / o], axis=1)
    t, wt = _pieces(np.where(np.isfinite(ends), ends, 1.0), order)          # (C, 3n)
    s, ws = _pieces((-(o[:, None] * t + b[:, None]) / a[:, None]).reshape(-1, 1), order)
    s, w = s.reshape(C, -1), (wt[:, :, None] * ws.reshape(C, t.shape[1], -1)).reshape(C, -1)
    u = np.stack([s, np.repeat(t, s.shape[1] // t.shape[1], axis=1)], axis=-1)
    return np.where(inner[:, None, None] == 0, u, u[..., ::-1]), w


def _pieces(breaks, order):
    # a rule on each piece of [−1, 1] between breaks (C, n): nodes and weights (C, (n + 1) order)
    u, w = _line(order)
    side = np.ones((len(breaks), 1))
    ends = np.concatenate([-side, np.sort(np.clip(breaks, -1, 1), axis=1), side], axis=1)
    middle, half = 0.5 * (ends[:, 1:] + ends[:, :-1]), 0.5 * (ends[:, 1:] - ends[:, :-1])
    nodes, weights = middle[..., None] + half[..., None] * u, half[..., None] * w / 2
    return nodes.reshape(len(breaks), -1), weights.reshape(len(breaks), -1)
