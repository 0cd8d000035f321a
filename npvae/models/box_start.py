"""What p(x) is at least, before any box is divided, and how far out in z one has to look for the rest."""

import math

import numpy as np

from npvae.models.box_bounds import Boxes, log_bounds
from npvae.models.joint import log_joint

ROUNDS = 40             # of zooming in, each halves the step


def first_bounds(model, X, share, block):
    """A lower bound on log p(x) of each row, and half the width of a cube beyond which less than `share` of it lies.

    Returns
    -------
    at_least : array (B,), nats
    half : float
        A power of two.
    """
    B, K = len(X), model.latent.dim
    best, sizes = high_point(model, X, block), 16.0 ** -np.arange(15)
    center, radius = np.repeat(best, len(sizes), axis=0), np.tile(sizes, B)[:, None] * np.maximum(
        1, np.repeat(np.abs(best).max(1), len(sizes)))[:, None]
    boxes = Boxes.of(model, center, np.broadcast_to(radius, center.shape), block)
    every = np.arange(len(center))
    low, _, _ = log_bounds(model, X, boxes, every // len(sizes), every, block)
    at_least = (low + K * np.log(2 * radius[:, 0])).reshape(B, -1).max(1)
    # beyond |z_k| = R a normal z_k has a probability below e^{−R²/2}, and there p(x|z) is at most its greatest value
    excess = model.likelihood.greatest_log_prob(X.shape[1]) - at_least.min() + math.log(K / share)
    return at_least, 2.0 ** math.ceil(math.log2(max(1.0, math.sqrt(2 * max(excess, 0.0)))))


def high_point(model, X, block):
    """A z (B, K) at which p(x, z) is high: the best of a lattice, and from there uphill in ever shorter steps."""
    K = model.latent.dim
    lattice = _lattice(np.concatenate([-np.geomspace(300, 8.1, 120), np.linspace(-8, 8, 513),
                                       np.geomspace(8.1, 300, 120)]) if K == 1 else np.linspace(-6, 6, 41), K)
    size = max(1, block // len(X))
    best, top = np.zeros((len(X), K)), np.full(len(X), -np.inf)
    for i in range(0, len(lattice), size):
        joint = _number(log_joint(model, X, lattice[i:i + size]))
        at = joint.argmax(0)
        value = joint[at, np.arange(len(X))]
        best[value > top], top = lattice[i:i + size][at][value > top], np.maximum(top, value)
    return _uphill(model, X, best)


def _uphill(model, X, best):
    K, rows = best.shape[1], np.arange(len(X))
    around, step = _lattice(np.linspace(-1, 1, 5), K)[:, None], 0.3 * np.maximum(1, np.abs(best).max(1) / 8)
    for _ in range(ROUNDS):
        z = best + step[:, None] * around                                                   # (S, B, K)
        value = _number(model.log_likelihood(X, z)[0] + model.latent.log_prior(z))
        best, step = z[value.argmax(0), rows], step / 2
    return best


def _lattice(side, K):
    return np.stack(np.meshgrid(*[side] * K, indexing="ij"), axis=-1).reshape(-1, K)


def _number(a):
    return np.where(np.isnan(a), -np.inf, a)
