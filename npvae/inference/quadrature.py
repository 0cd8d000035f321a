"""The nodes on which q is fitted, and those on which it is reported: others, for noise that was optimised is none."""

import numpy as np

from npvae.declared import declares, is_affine_in_noise, is_smooth
from npvae.models import Cubature, GaussHermite, LatentVariableModel, MonteCarlo, Noise
from npvae.models.affine import is_quadratic_in_z

MOST_NODES = 300            # of Gauss–Hermite, a dimension
NUMBERS_IN_WORK = 500_000   # in one temporary, 4 MB, which a cache holds: more take half as long again


def quadrature(model: LatentVariableModel) -> GaussHermite | Cubature | None:
    """Deterministic nodes for a climb: Gauss–Hermite for K ≤ 2, cubature above, none where the nodes are all z.

    More of them where log p_θ(x|z) may have kinks: a q that is fitted on few hides the kinks between them.
    """
    if declares(model.latent, "nodes are all z"):
        return None
    few, many = {1: GaussHermite(20), 2: GaussHermite(5)}, {1: GaussHermite(64), 2: GaussHermite(16)}
    return (few if is_smooth_in_noise(model) else many).get(model.latent.dim, Cubature())


def quadrature_nodes(model: LatentVariableModel, dtype=np.float64) -> Noise | None:
    """The `Noise` of `quadrature` for a model; None where it needs none."""
    noise = quadrature(model)
    return None if noise is None else noise(None, 1, model.latent.dim, dtype)


def is_smooth_in_noise(model: LatentVariableModel) -> bool:
    """Whether log p_θ(x|z) is a smooth function of ε, as the parts say: only then are few nodes right for any θ."""
    return is_affine_in_noise(model.latent) and is_smooth(model.decoder)


def reporting_noise(model: LatentVariableModel, fitted_on=None) -> GaussHermite | Cubature | MonteCarlo | None:
    """The nodes that `evaluate` reports on: exact where the model allows it, fresh draws where it does not.

    Where q or θ has been `fitted_on` as many Gauss–Hermite nodes or more, half as many again, which are others.
    """
    if declares(model.latent, "nodes are all z"):
        return None
    if is_quadratic_in_z(model):
        return Cubature()
    if model.latent.dim > 2:
        return MonteCarlo(128)
    nodes, fitted = {1: 64, 2: 16}[model.latent.dim], getattr(fitted_on, "nodes", 0)
    nodes = nodes if fitted < nodes else fitted + fitted // 2
    # where log p(x|z) may have kinks no rule is right for any θ
    return GaussHermite(nodes) if is_smooth_in_noise(model) and nodes <= MOST_NODES else MonteCarlo(1000)


def comparing_noise(model: LatentVariableModel) -> GaussHermite | None:
    """Nodes on which several q of one row are compared, or None for those of `reporting_noise`.

    Draws that are the same for all would favour what they happen to like; at a kink many nodes err by less.
    """
    if model.latent.dim > 2 or getattr(reporting_noise(model), "samples", None) is None:
        return None
    return GaussHermite({1: 96, 2: 24}[model.latent.dim])


def rows_at_once(model: LatentVariableModel, points: int) -> int:
    """How many rows with so many nodes each fit into one temporary."""
    # a hidden layer may be wider than narrow data: count at least 64 columns
    return max(1, NUMBERS_IN_WORK // (points * max(64, model.data_dim)))
