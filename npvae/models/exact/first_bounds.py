"""What p(x) is at least, before any box is divided, and how far out in z one has to look for the rest."""

import math

import numpy as np

from npvae.models.exact.box_bounds import Boxes, Pairs, log_bounds
from npvae.models.exact.nodes import in_blocks
from npvae.models.generative import LatentVariableModel
from npvae.models.joint import log_joint
from npvae.models.noise import tensor

HALVINGS = 40       # of the step, in zooming in on a high point
SIZES = 16.0 ** -np.arange(15)


def first_bounds(model: LatentVariableModel, X: np.ndarray, share: float) -> tuple[np.ndarray, float]:
    """A lower bound on log p(x) of each row, (B,) nats, and half the width of a cube that holds it but for a `share`.

    The half-width is a power of two.
    """
    B, K = len(X), model.latent.dim
    # boxes of many sizes about a high point
    best = high_point(model, X)
    center, size = np.repeat(best, len(SIZES), axis=0), np.tile(SIZES, B)
    radius = size * np.maximum(1, np.repeat(np.abs(best).max(1), len(SIZES)))
    every = np.arange(len(center))
    low, _, _ = log_bounds(Pairs(model, X, Boxes.of(model, center, radius[:, None]), every // len(SIZES), every))
    at_least = (low + K * np.log(2 * radius)).reshape(B, -1).max(1)
    # beyond |z_k| = R a normal z_k has a probability below e^{−R²/2}, and there p(x|z) is at most its greatest value
    excess = model.likelihood.greatest_log_prob(X.shape[1]) - at_least.min() + math.log(K / share)
    return at_least, 2.0 ** math.ceil(math.log2(max(1.0, math.sqrt(2 * max(excess, 0.0)))))


def high_point(model: LatentVariableModel, X: np.ndarray) -> np.ndarray:
    """A z (B, K) at which p(x, z) is high: the best of a lattice, and from there uphill in ever shorter steps."""
    K, rows = model.latent.dim, np.arange(len(X))
    side = np.linspace(-6, 6, 41) if K == 2 else np.concatenate(
        [-np.geomspace(300, 8.1, 120), np.linspace(-8, 8, 513), np.geomspace(8.1, 300, 120)])
    best, top = np.zeros((len(X), K)), np.full(len(X), -np.inf)
    for z in in_blocks(tensor(side, K), len(X)):
        joint = _without_nan(log_joint(model, X, z))
        at = joint.argmax(0)
        higher = joint[at, rows] > top
        best[higher], top = z[at][higher], np.maximum(top, joint[at, rows])
    around, step = tensor(np.linspace(-1, 1, 5), K)[:, None], 0.3 * np.maximum(1, np.abs(best).max(1) / 8)
    for _ in range(HALVINGS):
        z = best + step[:, None] * around                                                   # (S, B, K)
        value = _without_nan(model.log_likelihood(X, z)[0] + model.latent.log_prior(z))
        best, step = z[value.argmax(0), rows], step / 2
    return best


def _without_nan(a):
    return np.where(np.isnan(a), -np.inf, a)
