"""log p_θ(x) without approximation: by enumeration, in closed form, or on a grid that checks itself.

The lecture calls the integral ∫ p_θ(x|z) p(z) dz hard. It is hard in many dimensions; with a categorical latent, an
affine decoder, or K ≤ 2 it can be computed, and then every bound can be held against it.
"""

import itertools
import math

import numpy as np

from npvae.models.latents import LOG_2PI, Categorical, Gaussian
from npvae.models.likelihoods import GaussianLikelihood
from npvae.nn import Affine

BLOCK = 1_000_000       # numbers in a temporary table: 8 MB, whatever the sizes of grid and data
MOST_NODES = 4_000_000  # where a grid gives up


def log_marginal(model, X, tolerance=1e-6, return_error=False):
    """Exact log p_θ(x) = log Σ_z p_θ(x|z) p(z), or log ∫ p_θ(x|z) p(z) dz.

    Parameters
    ----------
    model : LatentVariableModel
    X : array (B, D)
    tolerance : float
        What a grid may err by, nats per row.
    return_error : bool
        Also return an estimate of the error of each row: the last change of a grid that was refined once more;
        zero where the value is exact.

    Returns
    -------
    log_p : array (B,), nats
    error : array (B,), nats, only with `return_error`

    Raises
    ------
    ValueError
        If no exact method covers the model, or the grid cannot reach the tolerance.

    Examples
    --------
    >>> from npvae.models import probabilistic_pca
    >>> log_marginal(probabilistic_pca(1, 3, sigma_g=1.0), np.zeros((2, 3))).shape
    (2,)
    """
    model, X = model.copy(np.float64), np.asarray(X, np.float64)
    if X.ndim != 2 or X.shape[1] != model.data_dim:
        raise ValueError(f"log_marginal got data of shape {X.shape}, expected (rows, {model.data_dim})")
    if isinstance(model.latent, Categorical):
        value = log_sum_exp(log_joint(model, X, np.eye(model.latent.dim)))
    elif is_affine_gaussian(model):
        value = _closed_form(model, X)
    elif isinstance(model.latent, Gaussian) and model.latent.dim <= 2:
        value, error = _grid(model, X, tolerance)
        return (value, error) if return_error else value
    else:
        raise ValueError(f"no exact log p(x) for {model}: that needs a Categorical latent (enumeration), an affine "
                         "decoder with GaussianLikelihood (closed form) or a Gaussian latent with K ≤ 2 (grid); "
                         "importance_weighted_bound covers any model from below")
    return (value, np.zeros(len(X))) if return_error else value


def log_joint(model, X, z):
    """log p_θ(x, z) of every x (B, D) with every z (S, K): (S, B) nats."""
    table = model.likelihood.log_prob_table(X, model.decoder(z)[0])
    table += model.latent.log_prior(z)[:, None]
    return table


def log_sum_exp(a):
    """log Σ_s e^{a_s} along the first axis, without overflow; all −inf gives −inf."""
    top = a.max(0)
    shift = np.where(np.isfinite(top), top, 0)
    with np.errstate(divide="ignore"):
        return np.log(np.exp(a - shift).sum(0)) + shift


def is_affine_gaussian(model):
    """Whether the model is probabilistic PCA: Gaussian latent, affine decoder, Gaussian likelihood."""
    layers = getattr(model.decoder, "layers", (model.decoder,))
    return (isinstance(model.latent, Gaussian) and type(model.likelihood) is GaussianLikelihood
            and all(isinstance(layer, Affine) for layer in layers))


def affine_map(model):
    """The W (K, D) and b (D,) of an affine decoder g(z) = zW + b."""
    g = model.decoder(np.concatenate([np.zeros((1, model.latent.dim)), np.eye(model.latent.dim)]))[0]
    return g[1:] - g[0], g[0]


def _closed_form(model, X):
    # x ~ N(b, WᵀW + σ²I). In W's right singular frame the covariance is diagonal, s_j² + σ², and σ² outside it
    W, b = affine_map(model)
    sigma2, D = model.likelihood.sigma_g**2, X.shape[1]
    _, s, V = np.linalg.svd(W, full_matrices=False)
    inside = (X - b) @ V.T
    outside = X - b - inside @ V
    variances = s**2 + sigma2
    quadratic = (inside**2 / variances).sum(1) + (outside**2).sum(1) / sigma2
    log_det = np.log(variances).sum() + (D - len(s)) * math.log(sigma2)
    return -0.5 * (quadratic + log_det + D * LOG_2PI)


def _grid(model, X, tolerance):
    # The trapezoid rule on a lattice h·Z^K: for smooth integrands its error falls faster than any power of h, so
    # halve h until the value stands still. Rows whose posteriors are neighbours go together, and take along only
    # the nodes in whose cells one of them can have mass.
    value, mode, lattice, h = _wide_enough(model, X, tolerance)
    error = np.full(len(X), np.inf)
    groups = [(rows, lattice) for rows in _neighbours(mode)]
    while groups:
        todo = []
        for rows, lattice in groups:
            lattice = _refine(_with_mass(model, X[rows], lattice, h, value[rows]))
            _check_size(model, lattice, error[rows], tolerance)
            finer = _log_integral(model, X[rows], lattice, h / 2)[0]
            error[rows], value[rows] = _difference(finer, value[rows]), finer
            todo.append((rows[error[rows] > tolerance], lattice))
        h, groups = h / 2, [(rows, lattice) for rows, lattice in todo if len(rows)]
    return value, error


def _check_size(model, lattice, error, tolerance):
    if len(lattice) > MOST_NODES:
        raise ValueError(f"the grid would need more than {len(lattice)} nodes for an error of {tolerance:g} nats (now "
                         f"{error.max():.1e}): the posterior is too narrow, σ_g = "
                         f"{getattr(model.likelihood, 'sigma_g', math.nan):.2g}; raise the tolerance or use "
                         "importance_weighted_bound")


def _neighbours(mode, size=64):
    # groups of rows whose posteriors lie near each other, so that few nodes serve a group
    order = np.lexsort(np.round(mode).T)
    return [order[i:i + size] for i in range(0, len(order), size)]


def _wide_enough(model, X, tolerance):
    # double the half-width from 8 prior standard deviations until a coarse value stands still
    half, h, K = 16, 0.5, model.latent.dim
    value, _ = _log_integral(model, X, _cube(half, K), h)
    while True:
        half *= 2
        wider, mode = _log_integral(model, X, _cube(half, K), h)
        if _difference(wider, value).max() < tolerance / 10 or len(_cube(half, K)) > MOST_NODES // 16:
            return wider, mode, _cube(half, K), h
        value = wider


def _log_integral(model, X, lattice, h):
    # log Σ_s h^K p(x, z_s), and for each row the node where p(x, z) is greatest
    total, top, mode = np.full(len(X), -np.inf), np.full(len(X), -np.inf), np.zeros((len(X), lattice.shape[1]))
    for z in _blocks(lattice * h, len(X)):
        joint = log_joint(model, X, z)
        best = joint.argmax(0)
        higher = joint[best, np.arange(len(X))] > top
        mode[higher] = z[best[higher]]
        top = np.maximum(top, joint[best, np.arange(len(X))])
        total = np.logaddexp(total, log_sum_exp(joint))
    return total + lattice.shape[1] * math.log(h), mode


def _with_mass(model, X, lattice, h, log_p):
    # The nodes whose cell can hold a share of more than e^{−40} of some row's mass. From a node to its cell's edge the
    # decoder's output strays by about Σ_j ‖g(z + h/2 e_j) − g(z)‖; half as much again allows for its curvature.
    K, keep = lattice.shape[1], []
    for z in _blocks(lattice * h, len(X) + 100 * K):
        g = model.decoder(z)[0]
        reach = sum(model.likelihood.distance(g, model.decoder(z + h / 2 * e)[0]) for e in np.eye(K))
        ceiling = model.likelihood.log_prob_table(X, g, 1.5 * reach)
        nearest = np.maximum(np.abs(z) - h / 2, 0)
        ceiling += model.latent.log_prior(nearest)[:, None] - log_p
        keep.append(ceiling.max(1) + K * math.log(h) > -40)
    return lattice[np.concatenate(keep)]


def _blocks(nodes, rows):
    size = max(1, BLOCK // rows)
    return (nodes[i:i + size] for i in range(0, len(nodes), size))


def _cube(half, K):
    return np.array(list(itertools.product(range(-half, half + 1), repeat=K)))


def _refine(lattice):
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
