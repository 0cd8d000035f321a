"""log p_θ(x) and posterior moments on a plain lattice, for K ≤ 2 and a prior or a likelihood of the user's own.

Nothing is known of such parts but `log_prior` and log p(x|z) at every z. So every node is looked at, out to eight of
the prior's standard deviations and further, the lattice is halved and widened until the values stand still, and the
prior itself must come out with the integral 1 on it.
"""

import math
from typing import NamedTuple

import numpy as np

from npvae.models.exact.nodes import in_blocks, log_integral, moments_of_nodes
from npvae.models.generative import LatentVariableModel
from npvae.models.joint import log_sum_exp
from npvae.models.noise import tensor

MOST_NODES = {1: 500_000, 2: 1_500_000}     # where it gives up
START = {1: 1 / 128, 2: 1 / 16}             # the spacing it begins with, in standard deviations of the prior


def log_marginal(model: LatentVariableModel, X: np.ndarray, tolerance: float) -> tuple[np.ndarray, np.ndarray]:
    """log p_θ(x) of each row of X (B, D) and an estimate of its error, two arrays (B,) in nats."""
    _, value, error = _lattice_that_serves(model, X, tolerance)
    return value, error


def moments(model: LatentVariableModel, X: np.ndarray, tolerance: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean (B, K) and covariance (B, K, K) of the posterior p_θ(z|x) of each row of X (B, D)."""
    lattice, log_p, _ = _lattice_that_serves(model, X, tolerance)
    return moments_of_nodes(model, X, lattice.blocks(len(X)), log_p, lattice.log_cell)


class _Lattice(NamedTuple):
    # nodes center + scale · h · (−n … n)^K

    center: np.ndarray
    scale: np.ndarray
    h: float
    n: int

    @property
    def log_cell(self):
        return float(np.log(self.h * self.scale).sum())

    def blocks(self, rows):
        side = np.arange(-self.n, self.n + 1) * self.h
        return in_blocks(self.center + self.scale * tensor(side, len(self.center)), rows)


def _lattice_that_serves(model, X, tolerance):
    # the lattice on which the values stand still, the values, and what they still moved by
    lattice, earlier = _about_the_prior(model), np.full(len(X), np.inf)
    value = _log_integral(model, X, lattice, tolerance)
    while True:
        finer, wider = (_log_integral(model, X, other, tolerance) for other in (_finer(lattice), _wider(lattice)))
        refined, widened = np.abs(finer - value), np.abs(wider - value)
        # at a kink of the decoder one change may be small by chance: look at two
        error = np.maximum(np.maximum(refined, earlier / 10), widened)
        if widened.max() > tolerance / 4:
            lattice, value = _wider(lattice), wider
        elif error.max() > tolerance:
            lattice, value, earlier = _finer(lattice), finer, refined
        else:
            lattice = _finer(lattice)
            _check_prior(model, lattice, tolerance)
            return lattice, finer, error


def _finer(lattice):
    return lattice._replace(h=lattice.h / 2, n=2 * lattice.n)


def _wider(lattice):
    return lattice._replace(n=lattice.n + lattice.n // 2)


def _about_the_prior(model):
    # where the prior has its mass, by draws from it
    z = model.latent.sample_prior(2000, np.random.default_rng(0))
    center, scale, h = z.mean(0), z.std(0), START[model.latent.dim]
    if not (np.isfinite(center).all() and np.isfinite(scale).all() and (scale > 0).all()):
        raise ValueError(f"draws from the prior of {model.latent} have mean {center} and deviation {scale}: a grid "
                         "needs a density; use importance_weighted_bound")
    return _Lattice(center, scale, h, round(8 / h))


def _log_integral(model, X, lattice, tolerance):
    K = model.latent.dim
    if (2 * lattice.n + 1) ** K > MOST_NODES[K]:
        raise ValueError(f"a grid of {MOST_NODES[K]} nodes does not reach an error of {tolerance:g} nats for "
                         f"{model}: the posterior is too narrow or the prior too wide; raise the tolerance or use "
                         "importance_weighted_bound")
    total, _ = log_integral(model, X, lattice.blocks(len(X)), lattice.log_cell)
    if not np.isfinite(total).all():
        raise ValueError(f"p(x, z) of row {np.argmin(np.isfinite(total))} is zero, or not a number, all over a grid: "
                         "use importance_weighted_bound")
    return total


def _check_prior(model, lattice, tolerance):
    # log ∫ p(z) dz = 0
    log_one = float(log_sum_exp(np.concatenate([model.latent.log_prior(z) for z in lattice.blocks(1)])))
    log_one += lattice.log_cell
    if abs(log_one) <= max(tolerance, 1e-6):
        return
    wider = _wider(lattice)
    if log_one < 0 and (2 * wider.n + 1) ** model.latent.dim <= MOST_NODES[model.latent.dim]:
        # the rest may lie where x has no say
        return _check_prior(model, wider, tolerance)
    raise ValueError(f"exp(log_prior) of {model.latent} has the integral {math.exp(log_one):.6g} on a grid, "
                     "expected 1: it is no density, or too wide or too narrow for a grid")
