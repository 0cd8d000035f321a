"""What is reported: ELBOs in float64, on noise that q was not fitted on.

A q that was fitted on a draw of noise has adapted to it: its ELBO on that draw is biased upwards and can pass
log p(x). So a reported ELBO is computed on other nodes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from npvae.arrays import OUT_OF_RANGE, finite_rows
from npvae.checks import as_generator
from npvae.inference.argmax_q import argmax_rows, starting_rows
from npvae.inference.checks import checked_q_and_x
from npvae.inference.elbo import lower_bound
from npvae.inference.quadrature import comparing_noise, reporting_noise, rows_at_once
from npvae.models import LatentVariableModel
from npvae.models.data import take
from npvae.models.exact import log_marginal
from npvae.models.noise_checks import check_rule


def evaluate(model: LatentVariableModel, q: ArrayLike, X: ArrayLike, noise=None,
             seed: int | np.random.Generator = 12345) -> np.ndarray:
    """The ELBO of each row on fresh noise, in float64: (B,) nats.

    Parameters
    ----------
    q : array (B, R)
    X : array (B, D)
    noise : MonteCarlo, GaussHermite, Cubature, optional
        Exact enumeration for Categorical, cubature for an affine decoder, for which it is exact; else 64 Gauss–Hermite
        nodes for K = 1, 16² for K = 2, 128 fresh draws above. For a decoder that is not smooth, such as one with
        relu, 1000 fresh draws for K ≤ 2.

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
    q, X = checked_q_and_x(model, q, X)
    return finite_rows("the ELBO", elbos(model, q, X, noise, seed), OUT_OF_RANGE)


def elbos(model: LatentVariableModel, q: np.ndarray, X: np.ndarray, noise=None,
          seed: int | np.random.Generator = 12345) -> np.ndarray:
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


class Gaps(NamedTuple):
    """log p_θ(x) = elbo + approximation + amortization, each (B,) nats."""

    log_p: np.ndarray
    elbo: np.ndarray
    approximation: np.ndarray
    amortization: np.ndarray


def gap_decomposition(model: LatentVariableModel, q: ArrayLike, X: ArrayLike, tolerance: float = 1e-6,
                      seed: int | np.random.Generator = 0) -> Gaps:
    """Split log p_θ(x) − ELBO into the approximation gap and the amortization gap (Cremer, Li & Duvenaud 2018).

    The approximation gap is what the best q_i of the family lacks, log p − max_q L(q, x, θ): the price of a diagonal
    Gaussian. The amortization gap is what these rows lack beside it: the price of an encoder, or of one q for all.

    Parameters
    ----------
    q : array (B, R)
        The rows to judge.
    X : array (B, D)
    tolerance
        Of log p_θ(x) and of the argmax, nats.
    seed
        Of the starting points of the argmax.

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
    q, X = checked_q_and_x(model, q, X)
    X, model = take(X, slice(None), np.float64), model.copy(np.float64)
    noise = comparing_noise(model)
    log_p, elbo_q = log_marginal(model, X, tolerance), evaluate(model, q, X, noise)
    best = elbo_q
    # from the rows themselves, and from elsewhere: a climb may end on the wrong one of several hills
    for start in (q, starting_rows(model, X, as_generator(seed, "seed"))):
        best = np.maximum(best, evaluate(model, argmax_rows(model, start, X, tolerance), X, noise))
    return Gaps(log_p, elbo_q, log_p - best, best - elbo_q)
