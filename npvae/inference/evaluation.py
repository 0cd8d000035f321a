"""What is reported: ELBOs in float64, on noise that q was not fitted on.

A q that was fitted on a draw of noise has adapted to it: its ELBO on that draw is biased upwards and can pass
log p(x). So a reported ELBO is computed on other nodes.
"""

from typing import NamedTuple

import numpy as np

from npvae.checks import whole
from npvae.inference.argmax_q import argmax_rows, starting_rows
from npvae.inference.elbo import elbo
from npvae.models import Categorical, Cubature, GaussHermite, MonteCarlo
from npvae.models.affine import is_affine_gaussian
from npvae.models.data import check_data, take
from npvae.models.exact import log_marginal
from npvae.models.joint import log_sum_exp

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
        nodes for K = 1, 16² for K = 2, 128 fresh draws above.
    seed : int
        Of the draws.

    Returns
    -------
    value : array (B,), nats

    Raises
    ------
    ValueError
        For data that do not fit the model, or rows that do not fit the data.

    Examples
    --------
    >>> from npvae.models import probabilistic_pca
    >>> evaluate(probabilistic_pca(2, 3), np.zeros((5, 4)), np.zeros((5, 3))).shape
    (5,)
    """
    X, q = _checked(model, X, q)
    model, rng = model.copy(np.float64), np.random.default_rng(seed)
    noise = reporting_noise(model) if noise is None else noise
    points = model.latent.dim if noise is None else len(noise(rng, 1, model.latent.dim).w)
    size, value = _rows_at_once(model, points), np.empty(len(q))
    for start in range(0, len(q), size):
        rows = slice(start, start + size)
        x = take(X, rows, np.float64)
        draw = None if noise is None else noise(rng, len(x), model.latent.dim)
        value[rows] = elbo(model, q[rows], x, draw)[0]
    return value


def reporting_noise(model):
    """The nodes that `evaluate` reports on: exact where the model allows it, fresh draws where it does not."""
    if isinstance(model.latent, Categorical):
        return None
    if is_affine_gaussian(model):
        return Cubature()
    return {1: GaussHermite(64), 2: GaussHermite(16)}.get(model.latent.dim, MonteCarlo(128))


def importance_weighted_bound(model, X, q, samples=1000, repeats=1, seed=12345, return_error=False):
    """L_k = E log 1/k Σ_s p_θ(x, z_s)/q(z_s|x), z_s ~ q: a lower bound on log p_θ(x) that k draws tighten.

    L_1 is the ELBO; L_1 ≤ L_5 ≤ … → log p_θ(x) (Burda, Grosse & Salakhutdinov 2016). It covers any K, with a Gaussian
    or Categorical latent.

    Parameters
    ----------
    model : LatentVariableModel
    X : array (B, D)
    q : array (B, R)
        Rows that describe the proposal, e.g. `solver.infer(X)`.
    samples : int
        k, the draws in one bound.
    repeats : int
        Independent bounds to average.
    seed : int
    return_error : bool
        Also return the standard error of each row's value: from the spread of the repeats, or, with one, from the
        spread of its weights (delta method).

    Returns
    -------
    bound : array (B,), nats
    error : array (B,), nats, only with `return_error`

    Raises
    ------
    ValueError
        If `samples` or `repeats` is not a whole number from 1, the error of one single draw is asked for, or data and
        rows do not fit the model or are not finite.

    Examples
    --------
    >>> from npvae.models import probabilistic_pca
    >>> model, X = probabilistic_pca(1, 3, sigma_g=1.0), np.zeros((2, 3))
    >>> L1, L100 = (importance_weighted_bound(model, X, np.zeros((2, 2)), k, repeats=50) for k in (1, 100))
    >>> bool((L1 < L100).all())
    True
    """
    whole("samples", samples)
    whole("repeats", repeats)
    if return_error and samples == repeats == 1:
        raise ValueError("one draw has no standard error: ask for more samples or repeats")
    X, q = _finite(*_checked(model, X, q))
    model, rng = model.copy(np.float64), np.random.default_rng(seed)
    size, value, error = _rows_at_once(model, samples), np.empty(len(q)), np.empty(len(q))
    for start in range(0, len(q), size):
        rows = slice(start, start + size)
        x = take(X, rows, np.float64)
        runs = [_log_weights(model, x, q[rows], samples, rng) for _ in range(repeats)]
        bounds = np.stack([log_sum_exp(log_w) for log_w in runs]) - np.log(samples)             # (repeats, B)
        value[rows] = bounds.mean(0)
        error[rows] = bounds.std(0, ddof=1) / repeats**0.5 if repeats > 1 else _delta_error(runs[0])
    return (value, error) if return_error else value


def _checked(model, X, q):
    X, q = check_data(X, model.data_dim, model.likelihood), np.asarray(q, np.float64)
    if q.shape != (len(X), model.latent.row_size):
        raise ValueError(f"got rows q of shape {q.shape}, expected ({len(X)}, {model.latent.row_size}): one for each "
                         "datapoint, [mu, log_sigma] for Gaussian, logits for Categorical")
    return X, q


def _finite(X, q):
    if not np.isfinite(q).all():
        raise ValueError(f"row {np.flatnonzero(~np.isfinite(q).all(1))[0]} of q has values that are not finite")
    return X, q


def _log_weights(model, x, q, samples, rng):
    # log p(x, z)/q(z|x) at draws z ~ q, (S, B), a piece at a time
    pieces = []
    for count in _pieces(samples, _rows_at_once(model, len(x))):
        z = model.latent.sample(q, count, rng)
        pieces.append(model.log_likelihood(x, z)[0] + model.latent.log_prior(z) - model.latent.log_q(q, z))
    return np.concatenate(pieces)


def _rows_at_once(model, points):
    # a hidden layer may be wider than narrow data: count at least 64 columns
    return max(1, NUMBERS_IN_WORK // (points * max(64, model.data_dim)))


def _pieces(total, most):
    return [min(most, total - done) for done in range(0, total, most)]


def _delta_error(log_w):
    # the standard deviation of log mean w is that of mean w over its value: √(Σ w²/(Σ w)² − 1/S)
    w = np.exp(log_w - log_w.max(0))
    return np.sqrt(np.maximum((w**2).sum(0) / w.sum(0) ** 2 - 1 / len(w), 0))


class Gaps(NamedTuple):
    """log p_θ(x) = elbo + approximation + amortization, each (B,) nats."""

    log_p: np.ndarray
    elbo: np.ndarray
    approximation: np.ndarray
    amortization: np.ndarray


def gap_decomposition(model, X, q, tolerance=1e-6, seed=0):
    """Split log p_θ(x) − ELBO into the approximation gap and the amortization gap (Cremer, Li & Duvenaud 2018).

    The approximation gap is what the best q_i of the family lacks, log p − max_q L(q, x, θ): the price of a diagonal
    Gaussian. The amortization gap is what these rows lack beside it: the price of an encoder, or of one q for all.

    Parameters
    ----------
    model : LatentVariableModel
        With an exact log p_θ(x).
    X : array (B, D)
    q : array (B, R)
        The rows to judge.
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
    >>> gaps = gap_decomposition(mixture_of_gaussians(3, 2, sigma_g=1.0), np.zeros((4, 2)), np.zeros((4, 3)))
    >>> gaps.approximation.round(9)
    array([0., 0., 0., 0.])
    """
    X, q = _finite(*_checked(model, X, q))
    X, model = take(X, slice(None), np.float64), model.copy(np.float64)
    log_p, elbo_q = log_marginal(model, X, tolerance), evaluate(model, q, X)
    best = elbo_q
    # from the rows themselves, and from elsewhere: a climb may end on the wrong one of several hills
    for start in (q, starting_rows(model, X, np.random.default_rng(seed))):
        best = np.maximum(best, evaluate(model, argmax_rows(model, X, start, tolerance), X))
    return Gaps(log_p, elbo_q, log_p - best, best - elbo_q)
