"""Where a network's outputs lie for all inputs in a box: about a linear map of the input, and how far from it.

    g(c + δ) = g_c + δ J + R,   |δ| ≤ r,   |R| ≤ slack

Through an affine layer the three go as they are. Where an activation's slope lies in [m, M] over the values that its
input can take, it is linear with slope (m + M)/2 but for at most (M − m)/2 times the input's width; where it is
saturated, an interval says more than a line (interval arithmetic in mean-value form: Moore 1966, Neumaier 1990).
"""

from typing import NamedTuple

import numpy as np

from npvae.models.exact.nodes import BLOCK
from npvae.models.noise import tensor
from npvae.nn import Affine, relu, sigmoid, softplus, tanh

STEPS = {1: 1 / 16, 2: 1 / 4}   # prior standard deviations: how far apart a network unknown is looked at
SAMPLES = (-1.0, -0.5, 0.0, 0.5, 1.0)


class Enclosure(NamedTuple):
    """Outputs of a network over C boxes.

    Where nothing is known of a layer, slack and kinks are what samples show, with a margin of two: they are no theorem,
    and of boxes that are not small they say nothing that can be trusted.
    """

    value: np.ndarray       # (C, D), g_c
    J: np.ndarray           # (C, K, D)
    reach: np.ndarray       # (C, D), the most by which δ J moves an output
    slack: np.ndarray       # (C, D), the most that R adds
    kinks: np.ndarray       # (C,), how many units have their kink inside the box
    line: np.ndarray        # (C, K + 1), where a single kink lies: line · (δ/r, 1) = 0; NaN if it is not straight
    proven: np.ndarray      # (C,), whether all this is a theorem
    trusted: np.ndarray     # (C,), whether the box is small enough to be judged: always if proven


def enclose(network, center: np.ndarray, radius: np.ndarray) -> Enclosure:
    """What a network can return for inputs in boxes with these centers (C, K) and half-widths (C, K)."""
    layers = getattr(network, "layers", (network,))
    if all(type(layer) is Affine or _slopes_of(layer) for layer in layers):
        widest = max([layer.W.shape[1] for layer in layers if type(layer) is Affine], default=2)
        size = max(1, BLOCK // (8 * widest))
        parts = [_through_layers(layers, center[i:i + size], radius[i:i + size]) for i in range(0, len(center), size)]
    else:
        size = max(1, BLOCK // (64 * len(SAMPLES) ** center.shape[1]))
        parts = [_sampled(network, center[i:i + size], radius[i:i + size]) for i in range(0, len(center), size)]
    return Enclosure(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _through_layers(layers, center, radius):
    C, K = center.shape
    y, J, slack = center, np.broadcast_to(np.eye(K), (C, K, K)), np.zeros((C, K))
    kinks, line = np.zeros(C, int), np.full((C, K + 1), np.nan)
    for layer in layers:
        if type(layer) is Affine:
            y, J, slack = layer(y)[0], J @ layer.W, slack @ np.abs(layer.W)
            continue
        width = _reach(J, radius) + slack
        if layer is relu:
            kinks = _count_kinks(kinks, line, y, J, width, slack, radius)
        else:
            # a smooth unit that a box crosses from one end to the other bends like one with a kink, and not straight
            m, M = _slopes_of(layer)(y - width, y + width)
            kinks = kinks + 2 * ((width > 0.7) & (M - m > 1e-9)).sum(1)
        y, J, slack = _through_activation(layer, y, J, slack, width)
    return Enclosure(y, J, _reach(J, radius), slack, kinks, line, np.ones(C, bool), np.ones(C, bool))


def _through_activation(layer, y, J, slack, width):
    low, high = y - width, y + width
    m, M = _slopes_of(layer)(low, high)
    f_low, f_high, slope = layer(low)[0], layer(high)[0], 0.5 * (m + M)
    # f(y) = f(y_c) + (m + M)/2 (y − y_c) ± (M − m)/2 |y − y_c|
    line = layer(y)[0], J * slope[:, None], slope * slack + 0.5 * (M - m) * width
    # or, as all of them rise, f(y) = (f_low + f_high)/2 ± (f_high − f_low)/2
    half = 0.5 * (f_high - f_low)
    flat = half < 0.5 * M * width
    return (np.where(flat, f_low + half, line[0]), np.where(flat[:, None], 0, line[1]), np.where(flat, half, line[2]))


def _slopes_of(layer):
    # (low, high) -> the least and the greatest slope of an activation in between; None if it is not known
    return next((slopes for known, slopes in SLOPES if known is layer), None)


def _of_a_bell(slope):
    # of an activation whose slope is greatest at 0 and falls to both sides
    def slopes(low, high):
        a, b = slope(low), slope(high)
        return np.minimum(a, b), np.where((low < 0) & (high > 0), slope(np.zeros(1)), np.maximum(a, b))
    return slopes


SLOPES = [
    (tanh, _of_a_bell(lambda y: 1 - np.tanh(y) ** 2)),
    (sigmoid, _of_a_bell(lambda y: sigmoid(y)[0] * sigmoid(-y)[0])),
    (softplus, lambda low, high: (sigmoid(low)[0], sigmoid(high)[0])),
    (relu, lambda low, high: ((low >= 0) * 1.0, (high > 0) * 1.0)),
]


def _count_kinks(kinks, line, y, J, width, slack, radius):
    # a kink is inside if its unit's input changes its sign, but for rounding
    inside = np.abs(y) < width * (1 - 1e-12)
    which = np.flatnonzero((kinks == 0) & (inside.sum(1) == 1))
    unit = inside[which].argmax(1)
    straight = slack[which, unit] <= 1e-12 * width[which, unit]
    which, unit = which[straight], unit[straight]
    line[which] = np.concatenate([J[which, :, unit] * radius[which], y[which, unit][:, None]], axis=1)
    return kinks + inside.sum(1)


def _reach(J, radius):
    return np.einsum("ckd,ck->cd", np.abs(J), radius)


def _sampled(network, center, radius):
    C, K = center.shape
    u = tensor(np.array(SAMPLES), K)                                        # (S, K)
    with np.errstate(all="ignore"):
        g = network((center[:, None] + radius[:, None] * u).reshape(-1, K))[0].reshape(C, len(u), -1)
        middle, J = g[:, (len(u) - 1) // 2], np.empty((C, K, g.shape[2]))
        for k in range(K):
            ends = [np.flatnonzero((u[:, k] == side) & (np.delete(u, k, 1) == 0).all(1))[0] for side in (1, -1)]
            J[:, k] = (g[:, ends[0]] - g[:, ends[1]]) / (2 * radius[:, k:k + 1])
        slack = 2 * np.abs(g - middle[:, None] - np.einsum("ckd,sk->csd", J * radius[..., None], u)).max(1)
        kinks = _seem_bent(g.reshape(C, *[len(SAMPLES)] * K, -1), slack)
    fine = radius.max(1) <= np.maximum(STEPS[K], np.abs(center).max(1) / 16)
    # of a large box samples say nothing
    slack = np.where(np.isfinite(slack) & fine[:, None], slack, np.inf)
    return Enclosure(middle, J, _reach(J, radius), slack, kinks, np.full((C, K + 1), np.nan), np.zeros(C, bool), fine)


def _seem_bent(g, slack):
    # a smooth function's fourth differences vanish beside its second ones as the boxes shrink; at a kink they do not
    K, most = g.ndim - 2, np.zeros_like(slack)
    for k in range(1, K + 1):
        fourth = np.abs(np.tensordot([1.0, -4.0, 6.0, -4.0, 1.0], g, (0, k)))
        most = np.maximum(most, fourth.max(tuple(range(1, K))) if K > 1 else fourth)
    return (~(most <= 0.05 * slack)).any(1) * 1
