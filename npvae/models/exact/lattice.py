"""log p_θ(x) and posterior moments on a lattice, for smooth decoders whose steepest unit the first lattice resolves.

The trapezoid rule on a lattice h·Z^K: for smooth integrands its error falls faster than any power of h, so halve h
until the value stands still (Trefethen & Weideman 2014). Rows whose posteriors are neighbours go together, and take
along only the nodes in whose cells one of them can have mass. Between nodes that are closer than a unit's tanh is wide
the decoder cannot jump unseen; other decoders are left to `boxes`, of which this is thirty times as fast.
"""

import math

import numpy as np

from npvae.declared import declares, is_smooth
from npvae.models.exact.nodes import (
    MOST_NODES,
    ROUNDING,
    check_rounding,
    in_blocks,
    log_integral,
    moments_of_nodes,
)
from npvae.models.generative import LatentVariableModel
from npvae.models.joint import log_joint
from npvae.models.noise import tensor
from npvae.nn import Affine, sigmoid, softplus, tanh

FINEST = {1: 1 / 1024, 2: 1 / 16}    # spacing of the first lattice, for each K


def resolves(model: LatentVariableModel) -> bool:
    """Whether a first lattice is fine enough for the decoder: layers that are known, smooth, and not too steep."""
    layers = getattr(model.decoder, "layers", (model.decoder,))
    known = all(type(layer) is Affine or any(layer is smooth for smooth in (tanh, sigmoid, softplus))
                for layer in layers)
    return (known and is_smooth(model.decoder) and declares(model.likelihood, "isotropic normal")
            and _first_spacing(model) >= FINEST[model.latent.dim])


def _first_spacing(model):
    # a unit's input changes by less than 1 from node to node: ‖∂unit/∂z‖ ≤ ‖w‖ Π of the norms of the layers before
    steepest, before = 1.0, 1.0
    weights = [layer.W for layer in getattr(model.decoder, "layers", ()) if type(layer) is Affine]
    for W in weights[:-1]:
        steepest = max(steepest, before * float(np.sqrt((W * W).sum(0)).max()))
        before *= float(np.linalg.norm(W, 2))
    base = {1: 1 / 32, 2: 1 / 2}[model.latent.dim]
    return min(base, 2.0 ** -math.ceil(math.log2(steepest)))


def log_marginal(model: LatentVariableModel, X: np.ndarray, tolerance: float) -> tuple[np.ndarray, np.ndarray]:
    """log p_θ(x) of each row of X (B, D) and an estimate of its error, two arrays (B,) in nats."""
    value, error = np.empty(len(X)), np.empty(len(X))
    for rows, log_p, change, _, _ in _refined(model, X, tolerance):
        value[rows], error[rows] = log_p, change
    return value, error


def moments(model: LatentVariableModel, X: np.ndarray, tolerance: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean (B, K) and covariance (B, K, K) of the posterior p_θ(z|x) of each row of X (B, D)."""
    K = model.latent.dim
    mean, covariance = np.empty((len(X), K)), np.empty((len(X), K, K))
    for rows, log_p, _, lattice, h in _refined(model, X, tolerance):
        check_rounding(log_p, rows)
        blocks = in_blocks(lattice * h, len(rows))
        mean[rows], covariance[rows] = moments_of_nodes(model, X[rows], blocks, log_p, K * math.log(h))
    return mean, covariance


def _refined(model, X, tolerance):
    # yields (rows, log p, last change, lattice, h) as groups of rows come to stand
    value, mode, lattice, h = _wide_enough(model, X, tolerance)
    groups, error = [(rows, lattice) for rows in _neighbours(mode)], np.full(len(X), np.inf)
    while groups:
        todo = []
        for rows, lattice in groups:
            lattice = _with_mass(model, X[rows], lattice, h, value[rows])
            # every node becomes at least two in each dimension
            _check_size(model, 2**model.latent.dim * len(lattice), tolerance)
            lattice = _halved(lattice)
            _check_size(model, len(lattice), tolerance)
            finer = _log_integral(model, X[rows], lattice, h / 2)[0]
            change, value[rows] = _difference(finer, value[rows]), finer
            # at a kink of the decoder the changes fall by about four, and one may be small by chance: look at two
            rounding = ROUNDING * np.abs(finer)
            estimate, error[rows] = np.maximum(change, error[rows] / 10) + rounding, change
            done = estimate <= tolerance + 2 * rounding
            if done.any():
                yield rows[done], finer[done], estimate[done], lattice, h / 2
            if not done.all():
                todo.append((rows[~done], lattice))
        h, groups = h / 2, todo


def _check_size(model, nodes, tolerance):
    if nodes > MOST_NODES:
        raise ValueError(f"the grid would need {nodes} nodes or more for an error of {tolerance:g} nats: the "
                         f"posterior is too narrow, σ_g = {getattr(model.likelihood, 'sigma_g', math.nan):.2g}; raise "
                         "the tolerance or use importance_weighted_bound")


def _neighbours(mode):
    # groups of 64 rows whose posteriors lie near each other, so that few nodes serve a group
    order = np.lexsort(np.round(mode).T)
    return [order[i:i + 64] for i in range(0, len(order), 64)]


def _wide_enough(model, X, tolerance):
    # double the half-width from 8 prior standard deviations until a coarse value stands still
    h = _first_spacing(model)
    half = round(8 / h)
    value, _ = _log_integral(model, X, _cube(half, model.latent.dim), h)
    while True:
        half *= 2
        lattice = _cube(half, model.latent.dim)
        wider, mode = _log_integral(model, X, lattice, h)
        beyond, last = _mass_beyond(model, X, half * h, wider, tolerance), len(lattice) > MOST_NODES // 16
        if last and beyond.any():
            raise ValueError(f"the posterior of row {np.argmax(beyond)} reaches beyond |z| = {half * h:g}, where a "
                             "grid ends: use importance_weighted_bound")
        if last or _difference(wider, value).max() < tolerance / 10 and not beyond.any():
            return wider, mode, lattice, h
        value = wider


def _mass_beyond(model, X, reach, value, tolerance):
    # whether rows have p(x, z) beyond the cube that counts: looked for at steps of 2 %, for two values that agree may
    # both have missed it, out to where even the greatest p(x|z) would not
    K = model.latent.dim
    most = model.likelihood.greatest_log_prob(X.shape[1])
    far = math.sqrt(max(2 * (most - value.min() - math.log(tolerance)), 0.0))
    if far <= reach:
        return np.zeros(len(X), bool)
    radii = np.geomspace(reach, far, 2 + int(50 * math.log(far / reach)))
    turns = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    ways = np.array([[-1.0], [1.0]]) if K == 1 else np.stack([np.cos(turns), np.sin(turns)], axis=1)
    nodes = (radii[:, None, None] * ways).reshape(-1, K)
    # far enough out a decoder may overflow; what is not a number counts for nothing
    with np.errstate(all="ignore"):
        joint = np.fmax.reduce([np.fmax.reduce(log_joint(model, X, z)) for z in in_blocks(nodes, len(X))])
    return joint > value + math.log(tolerance)


def _log_integral(model, X, lattice, h):
    return log_integral(model, X, in_blocks(lattice * h, len(X)), lattice.shape[1] * math.log(h))


def _with_mass(model, X, lattice, h, log_p):
    # The nodes whose cell can hold a share of more than e^{−40} of some row's mass. From a node to its cell's edge the
    # decoder's output strays by about Σ_j ‖g(z + h/2 e_j) − g(z)‖; half as much again allows for its curvature.
    K, keep = lattice.shape[1], []
    for z in in_blocks(lattice * h, len(X) + 100 * K):
        g = model.decoder(z)[0]
        reach = sum(np.linalg.norm(model.decoder(z + h / 2 * e)[0] - g, axis=1) for e in np.eye(K))
        ceiling = _ceiling(model.likelihood, X, g, 1.5 * reach)
        nearest = np.maximum(np.abs(z) - h / 2, 0)
        ceiling += model.latent.log_prior(nearest)[:, None] - log_p
        keep.append((ceiling + K * math.log(h) > -40 - ROUNDING * np.abs(log_p)).any(1))
    return lattice[np.concatenate(keep)]


def _ceiling(likelihood, X, g, reach):
    # (S, B): the greatest log p(x|z) for outputs within ‖δg‖ ≤ reach (S,) of g; ‖x − g‖ shrinks by no more
    top, curvature = likelihood.greatest_log_prob(X.shape[1]), likelihood.curvature
    distance = np.sqrt(np.maximum(top - likelihood.log_prob_table(X, g), 0) * (2 / curvature))
    return top - 0.5 * curvature * np.maximum(distance - reach[:, None], 0) ** 2


def _cube(half, K):
    return tensor(np.arange(-half, half + 1), K)


def _halved(lattice):
    # on the lattice with half the spacing, the old nodes and all their neighbours
    steps = _cube(1, lattice.shape[1])
    children = (2 * lattice[:, None] + steps).reshape(-1, lattice.shape[1])
    low = children.min(0)
    codes = np.ravel_multi_index((children - low).T, children.max(0) - low + 1)
    return children[np.unique(codes, return_index=True)[1]]


def _difference(a, b):
    # two values −inf agree
    with np.errstate(invalid="ignore"):
        return np.where(a == b, 0.0, np.abs(a - b))
