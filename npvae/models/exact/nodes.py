"""What all grids share: their limits, what float64 rounds, and sums over nodes z."""

from collections.abc import Iterable

import numpy as np

from npvae.models.generative import LatentVariableModel
from npvae.models.joint import log_joint, log_sum_exp

BLOCK = 1_000_000                   # numbers in a temporary table: 8 MB, whatever the sizes of grid and data
MOST_NODES = 4_000_000              # of one row, where a grid gives up
ROUNDING = 8 * np.finfo(float).eps  # of log p(x, z), relative: far from all data it is more than any tolerance


def in_blocks(nodes: np.ndarray, rows: int) -> Iterable[np.ndarray]:
    """The nodes (S, K), a block after the other, for tables with so many rows."""
    size = max(1, BLOCK // rows)
    return (nodes[i:i + size] for i in range(0, len(nodes), size))


def log_integral(model: LatentVariableModel, X: np.ndarray, blocks: Iterable[np.ndarray], log_cell: float
                 ) -> tuple[np.ndarray, np.ndarray]:
    """log Σ_s e^{log_cell} p(x, z_s), (B,) nats, and for each row the node where p(x, z) is greatest, (B, K)."""
    rows = np.arange(len(X))
    total, top, mode = np.full(len(X), -np.inf), np.full(len(X), -np.inf), np.zeros((len(X), model.latent.dim))
    # far out a decoder may overflow; what is not a number counts for nothing
    with np.errstate(all="ignore"):
        for z in blocks:
            joint = log_joint(model, X, z)
            joint[np.isnan(joint)] = -np.inf
            best = joint.argmax(0)
            higher = joint[best, rows] > top
            mode[higher] = z[best[higher]]
            top = np.maximum(top, joint[best, rows])
            total = np.logaddexp(total, log_sum_exp(joint))
    return total + log_cell, mode


def moments_of_nodes(model: LatentVariableModel, X: np.ndarray, blocks: Iterable[np.ndarray], log_p: np.ndarray,
                     log_cell: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean (B, K) and covariance (B, K, K) of p_θ(z|x) from the nodes of a lattice, in blocks; log p(x) is (B,) nats.

    `log_cell` is the log of the volume that each node stands for.
    """
    K = model.latent.dim
    total, mean, second = np.zeros(len(X)), np.zeros((len(X), K)), np.zeros((len(X), K, K))
    for z in blocks:
        # p(z|x) h^K
        mass = np.exp(log_joint(model, X, z) - log_p + log_cell)
        total += mass.sum(0)
        mean += mass.T @ z
        second += np.einsum("sb,sj,sk->bjk", mass, z, z)
    # the total is 1 but for what log p was rounded by, which the difference below would magnify
    mean, second = mean / total[:, None], second / total[:, None, None]
    return mean, second - mean[:, :, None] * mean[:, None, :]


def check_rounding(log_p: np.ndarray, rows: np.ndarray) -> None:
    """Raise a ValueError if log p(x) (B,) of some row is rounded by so much that nothing is known of its posterior."""
    # what rounds log p(x, z) by r nats gives p(z|x) an error of a factor e^r
    worst = np.abs(log_p).argmax()
    if ROUNDING * abs(log_p[worst]) > 0.01:
        raise ValueError(f"log p(x) of row {rows[worst]} is {log_p[worst]:.3g} nats, which float64 rounds by "
                         f"{ROUNDING * abs(log_p[worst]):.2g}: too far from all that the model generates for a "
                         "posterior; rescale the data, or take a larger sigma_g")
