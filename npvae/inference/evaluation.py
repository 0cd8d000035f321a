"""What is reported: ELBOs in float64, on noise that q was not fitted on.

A q that was fitted on a draw of noise has adapted to it: its ELBO on that draw is biased upwards and can pass
log p(x). So a reported ELBO is computed on other nodes.
"""

from typing import NamedTuple

import numpy as np

from npvae.arrays import OUT_OF_RANGE, finite_rows, real_array
from npvae.checks import as_generator
from npvae.declared import check_one_prior, declares
from npvae.inference.argmax_q import argmax_rows, is_smooth_in_noise, starting_rows
from npvae.inference.checks import check_rows, check_shapes
from npvae.inference.elbo import lower_bound
from npvae.models import Cubature, GaussHermite, MonteCarlo
from npvae.models.affine import is_quadratic_in_z
from npvae.models.arrays import as_array
from npvae.models.data import check_data, take
from npvae.models.exact import log_marginal
from npvae.models.generative import check_model
from npvae.models.noise import check_rule

MOST_NODES = 300                # of Gauss–Hermite, a dimension
NUMBERS_IN_WORK = 2_500_000     # in one temporary: 20 MB, whatever the numbers of rows, nodes and columns


def evaluate(model, q, X, noise=None, seed=12345):
    """The ELBO of each row on fresh noise, in float64.

    Parameters
    ----------
    model : LatentVariableModel
    q : array (B, R)
    X : array (B, D)
    noise : MonteCarlo, GaussHermite, Cubature, optional
        Exact enumeration for Categorical, cubature for an affine decoder, for which it is exact; else 64 Gauss–Hermite
        nodes for K = 1, 16² for K = 2, 128 fresh draws above. For a decoder that is not smooth, such as one with
        relu, 1000 fresh draws for K ≤ 2.
    seed : int
        Of the draws.

    Returns
    -------
    value : array (B,), nats

    Raises
    ------
    ValueError
        For data that do not fit the model, rows that do not fit the data, or an ELBO that is not finite.

    Examples
    --------
    >>> from npvae.models import probabilistic_pca
    >>> evaluate(probabilistic_pca(2, 3), np.zeros((5, 4)), np.zeros((5, 3))).shape
    (5,)
    """
    X, q = checked(model, X, q)
    return finite_rows("the ELBO", elbos(model, q, X, noise, seed), OUT_OF_RANGE)


def elbos(model, q, X, noise=None, seed=12345):
    """What `evaluate` reports, finite or not, of rows and data that have been checked."""
    model, rng = model.copy(np.float64), as_generator(seed, "seed")
    noise = reporting_noise(model) if noise is None else check_rule(noise, model.latent.dim)
    points = model.latent.dim if noise is None else len(noise(rng, 1, model.latent.dim).w)
    size, value = rows_at_once(model, points), np.empty(len(q))
    for start in range(0, len(q), size):
        rows = slice(start, start + size)
        x = take(X, rows, np.float64)
        draw = None if noise is None else noise(rng, len(x), model.latent.dim)
        with np.errstate(all="ignore"):
            value[rows] = lower_bound(model, q[rows], x, draw)[0]
    return value


def reporting_noise(model, fitted_on=None):
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


def checked(model, X, q):
    """X and the rows q as they will be used, or a ValueError if they do not fit the model."""
    check_one_prior(check_model(model).latent)
    q, X = real_array("q", q), as_array(X)
    check_shapes(model, q, X, "q, X")
    X = check_data(X, model.data_dim, model.likelihood)
    check_rows(model, q)
    return X, q


def rows_at_once(model, points):
    """How many rows with so many nodes each fit into one temporary."""
    # a hidden layer may be wider than narrow data: count at least 64 columns
    return max(1, NUMBERS_IN_WORK // (points * max(64, model.data_dim)))


class Gaps(NamedTuple):
    """log p_θ(x) = elbo + approximation + amortization, each (B,) nats."""

    log_p: np.ndarray
    elbo: np.ndarray
    approximation: np.ndarray
    amortization: np.ndarray


def gap_decomposition(model, q, X, tolerance=1e-6, seed=0):
    """Split log p_θ(x) − ELBO into the approximation gap and the amortization gap (Cremer, Li & Duvenaud 2018).

    The approximation gap is what the best q_i of the family lacks, log p − max_q L(q, x, θ): the price of a diagonal
    Gaussian. The amortization gap is what these rows lack beside it: the price of an encoder, or of one q for all.

    Parameters
    ----------
    model : LatentVariableModel
        With an exact log p_θ(x).
    q : array (B, R)
        The rows to judge.
    X : array (B, D)
    tolerance : float
        Of log p_θ(x) and of the argmax, nats.
    seed : int
        Of the starting points of the argmax.

    Returns
    -------
    gaps : Gaps

    Raises
    ------
    ValueError
        If no exact log p_θ(x) is known, the grid cannot reach the tolerance, or data or rows do not fit the model.

    Examples
    --------
    >>> from npvae.models import mixture_of_gaussians
    >>> gaps = gap_decomposition(mixture_of_gaussians(3, 2, sigma_g=1.0), np.zeros((4, 3)), np.zeros((4, 2)))
    >>> gaps.approximation.round(9)
    array([0., 0., 0., 0.])
    """
    X, q = checked(model, X, q)
    X, model = take(X, slice(None), np.float64), model.copy(np.float64)
    noise = _noise_of_gaps(model)
    log_p, elbo_q = log_marginal(model, X, tolerance), evaluate(model, q, X, noise)
    best = elbo_q
    # from the rows themselves, and from elsewhere: a climb may end on the wrong one of several hills
    for start in (q, starting_rows(model, X, as_generator(seed, "seed"))):
        best = np.maximum(best, evaluate(model, argmax_rows(model, start, X, tolerance), X, noise))
    return Gaps(log_p, elbo_q, log_p - best, best - elbo_q)


def _noise_of_gaps(model):
    # draws that are the same for all would favour what they happen to like; at a kink many nodes err by less than draws
    if model.latent.dim > 2 or getattr(reporting_noise(model), "samples", None) is None:
        return None
    return GaussHermite({1: 96, 2: 24}[model.latent.dim])
