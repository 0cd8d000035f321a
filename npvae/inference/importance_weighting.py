"""The importance-weighted bound: more draws from q bring the ELBO to log p_θ(x)."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike

from npvae.arrays import OUT_OF_RANGE, finite_rows
from npvae.checks import as_generator, shown, truth, whole
from npvae.inference.checks import checked_q_and_x
from npvae.inference.missed_hills import missed_by
from npvae.inference.mixture_proposal import components, mixture_log_weights
from npvae.inference.quadrature import rows_at_once
from npvae.models import LatentVariableModel
from npvae.models.data import take
from npvae.models.joint import log_sum_exp

ENOUGH = 500        # draws of a row beside which a look for missed hills is cheap
MISSED = 0.1        # nats worth a warning


def importance_weighted_bound(model: LatentVariableModel, q: ArrayLike, X: ArrayLike, samples: int = 1000,
                              repeats: int = 1, seed: int | np.random.Generator = 12345, return_error: bool = False,
                              proposal: str = "q", return_effective_sample_size: bool = False
                              ) -> np.ndarray | tuple[np.ndarray, ...]:
    """L_k = E log 1/k Σ_s p_θ(x, z_s)/q(z_s|x), z_s ~ q: a lower bound on log p_θ(x) that k draws tighten.

    L_1 is the ELBO; L_1 ≤ L_5 ≤ … → log p_θ(x) (Burda, Grosse & Salakhutdinov 2016). It covers any K, with a Gaussian
    or Categorical latent.

    Parameters
    ----------
    q : array (B, R)
        Rows that describe the proposal, e.g. `solver.infer(X)`.
    X : array (B, D)
    samples
        k, the draws in one bound.
    repeats
        Independent bounds to average.
    return_error
        Also return the standard error of each row's value: from the spread of the repeats, or, with one, from the
        spread of its weights (delta method).
    proposal : "q" or "mixture"
        Where z is drawn from: q alone, as in L_k, or a mixture of q, the best q on each hill of the posterior that a
        search finds, and the prior. Draws from q say nothing of hills that q does not reach.
    return_effective_sample_size
        Also return (Σ w)²/Σ w² of each row, of the mean of the repeats: how many draws have a say.

    Returns
    -------
    bound : array (B,), nats
    error : array (B,), nats, only with `return_error`
    effective_sample_size : array (B,), only with `return_effective_sample_size`

    Warns
    -----
    UserWarning
        From 100 samples on, if few of them have a say in a row: fewer than 10, or than 1 %. With proposal="q" and 500
        draws or more, if some draws of the prior lead to hills where q has none that hold 0.1 nats; most hills are
        found, not all.

    Raises
    ------
    ValueError
        If the error of a single draw is asked for, or data and rows do not fit the model or are not finite.

    Examples
    --------
    >>> from npvae.models import probabilistic_pca
    >>> model, X = probabilistic_pca(1, 3, sigma_g=1.0), np.zeros((2, 3))
    >>> L1, L100 = (importance_weighted_bound(model, np.zeros((2, 2)), X, k, repeats=50) for k in (1, 100))
    >>> bool((L1 < L100).all())
    True
    """
    samples, repeats = whole("samples", samples), whole("repeats", repeats)
    return_error = truth("return_error", return_error)
    if return_error and samples == repeats == 1:
        raise ValueError("one draw has no standard error: ask for more samples or repeats")
    return_effective_sample_size = truth("return_effective_sample_size", return_effective_sample_size)
    if not isinstance(proposal, str) or proposal not in ("q", "mixture"):
        raise ValueError(f'proposal is {shown(proposal)}, expected "q" or "mixture"')
    q, X = checked_q_and_x(model, q, X)
    model, rng, size = model.copy(np.float64), as_generator(seed, "seed"), rows_at_once(model, samples)
    found = np.empty((4, len(q)))
    for start in range(0, len(q), size):
        rows = slice(start, start + size)
        found[:, rows] = _bounds(model, q[rows], take(X, rows, np.float64), samples, repeats, rng, proposal)
    value, error, effective, missed = found
    finite_rows("the importance-weighted bound", value, OUT_OF_RANGE)
    few = _warn_of_few(effective, samples, proposal)
    _warn_of_hills(np.where(few, 0, missed))
    more = (error,) * return_error + (effective,) * return_effective_sample_size
    return (value, *more) if more else value


def _bounds(model, q, x, samples, repeats, rng, proposal):
    # the bound, its error, the effective sample size, and what hills that q misses add at least, each (B,)
    with np.errstate(all="ignore"):
        runs = _log_weights_of_repeats(model, q, x, samples, repeats, rng, proposal)
        bounds = np.stack([log_sum_exp(log_w) for log_w in runs]) - np.log(samples)             # (repeats, B)
        value = bounds.mean(0)
        error = bounds.std(0, ddof=1) / repeats**0.5 if repeats > 1 else _delta_error(runs[0])
        effective = np.mean([_effective_sample_size(log_w) for log_w in runs], axis=0)
        look = proposal == "q" and samples * repeats >= ENOUGH
        return value, error, effective, missed_by(model, q, x, value, samples * repeats) if look else np.zeros(len(q))


def _warn_of_few(effective, samples, proposal):
    few = (effective < max(10, samples / 100)) & (samples >= 100)
    if few.any():
        better = ('the best q of each row, argmax_q(model, q, X), or proposal="mixture"' if proposal == "q" else
                  "more samples")
        warnings.warn(f"of {samples} draws only {effective[few].min():.1f} have a say in row {effective.argmin()}, and "
                      f"few in {few.sum()} of {len(few)} rows: the bound may lie far below log p(x); take {better}",
                      UserWarning, stacklevel=3)
    return few


def _warn_of_hills(missed):
    if (missed > MISSED).any():
        warnings.warn(f"the posterior has hills that q sends no draws to in {(missed > MISSED).sum()} of {len(missed)} "
                      f"rows: of row {missed.argmax()} the bound is {missed.max():.2f} nats too low, or more; take "
                      'proposal="mixture"', UserWarning, stacklevel=3)


def _log_weights_of_repeats(model, q, x, samples, repeats, rng, proposal):
    # the log weights (S, B) of each repeat
    if proposal == "q":
        return [_log_weights(model, q, x, samples, rng) for _ in range(repeats)]
    rows = components(model, q, x, rng)
    return [mixture_log_weights(model, rows, x, samples, rng) for _ in range(repeats)]


def _effective_sample_size(log_w):
    # (Σ w)²/Σ w²
    w = np.exp(log_w - log_w.max(0))
    return w.sum(0) ** 2 / (w**2).sum(0)


def _log_weights(model, q, x, samples, rng):
    # log p(x, z)/q(z|x) at draws z ~ q, (S, B), a piece at a time
    pieces = []
    for count in _counts(samples, rows_at_once(model, len(x))):
        z = model.latent.sample(q, count, rng)
        pieces.append(model.log_likelihood(x, z)[0] + model.latent.log_prior(z) - model.latent.log_q(q, z))
    return np.concatenate(pieces)


def _counts(total, most):
    return [min(most, total - done) for done in range(0, total, most)]


def _delta_error(log_w):
    # the standard deviation of log mean w is that of mean w over its value: √(Σ w²/(Σ w)² − 1/S)
    w = np.exp(log_w - log_w.max(0))
    return np.sqrt(np.maximum((w**2).sum(0) / w.sum(0) ** 2 - 1 / len(w), 0))
