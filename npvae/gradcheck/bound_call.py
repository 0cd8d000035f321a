"""Calling an ELBO function for its expectation over the noise, and what can be seen from how it reacts to it."""

import numpy as np

from npvae.arrays import numbers
from npvae.checks import whole
from npvae.gradcheck.evidence import Finding
from npvae.models import Cubature

ROWS = {"log_sigma": lambda s: s, "log_variance": lambda s: 2 * s, "sigma": np.exp}
FEWEST = 100        # draws, with which six standard errors are as rare as for a normal


def expected_value(elbo_fn, q, X, row, draws, rng):
    """E_ε of the function for each row, its standard error, and what is already wrong: (B,), (B,), findings.

    Parameters
    ----------
    elbo_fn : callable
    q : array (B, 2K)
        Rows [μ, log σ]; handed on as `row` asks.
    X : array (B, D)
    row : str
    draws : int or None
    rng : numpy.random.Generator
    """
    if not isinstance(row, str) or row not in ROWS:
        raise ValueError(f"row is {row!r}, expected one of {', '.join(ROWS)}")
    if draws is not None:
        # the standard error of fewer is too uncertain
        whole("draws", draws, least=FEWEST)
    K = q.shape[1] // 2
    rows = np.concatenate([q[:, :K], ROWS[row](q[:, K:])], axis=1)
    if draws is not None:
        values = np.array([called(elbo_fn, rows, X) for _ in range(draws)])
        return values.mean(0), values.std(0, ddof=1) / np.sqrt(draws), []
    broken = reactions(elbo_fn, rows, X, rng)
    # exact for polynomials up to degree 3 in ε, so for every affine decoder
    nodes = Cubature()(None, 1, K).eps[:, 0]
    values = [called(elbo_fn, rows, X, np.tile(eps, (len(X), 1))) for eps in nodes]
    return np.mean(values, axis=0), np.zeros(len(X)), broken


def called(elbo_fn, q, X, *eps):
    """The values (B,), or a ValueError that says what came instead."""
    value = elbo_fn(q.copy(), X.copy(), *eps)
    value = numbers("the ELBO function's value", value[0] if isinstance(value, tuple) and value else value)
    if value.dtype == np.float32:
        raise ValueError("the ELBO function answers in float32, whose rounding hides small mistakes: some array in it, "
                         "or its model, is float32; check in float64 (model.copy(np.float64))")
    value = value.astype(float)
    if value.shape != (len(X),):
        raise ValueError(f"the ELBO function returned shape {value.shape}, expected ({len(X)},): one number for each "
                         "row, neither summed nor averaged over the batch")
    if not np.isfinite(value).all():
        raise ValueError("the ELBO function returned numbers that are not finite, for moderate rows: look for an "
                         "overflow, or a logarithm of 0")
    return value


def reactions(elbo_fn, rows, X, rng):
    """Findings from one draw: does each row react to its own noise, and to its own only?"""
    eps = rng.standard_normal((len(X), rows.shape[1] // 2))
    other = eps.copy()
    other[0] = rng.standard_normal(eps.shape[1])
    elsewhere, others = X.copy(), rows.copy()
    elsewhere[0] += 1
    others[0] += 0.1
    value, again, moved = (called(elbo_fn, rows, X, e) for e in (eps, eps, other))
    if not np.allclose(value, again, rtol=1e-12):
        return [Finding("noise", "sampler", "sampler: the function draws noise of its own beside eps. Use eps only, or "
                        "pass draws=… for a function (q, x).")]
    if not np.allclose(value[1:], called(elbo_fn, others, elsewhere, eps)[1:], rtol=1e-12):
        return [Finding("batch", "ELBO", "ELBO: a row's value depends on another row's x or q: a mean or a sum over "
                        "the batch, or shapes such as (B,) and (B, 1) broadcast to (B, B). Reduce over axis 1 only.")]
    if not np.allclose(value[1:], moved[1:], rtol=1e-12):
        return [Finding("noise", "sampler", "sampler: reused noise, a row's value depends on another row's ε. Draw ε "
                        "with shape (B, K), one for each row.")]
    # z is linear in ε, so beyond its value at 0 the even part of an ELBO grows with its square
    at = [called(elbo_fn, rows, X, t * eps) for t in (0.0, 1.0, -1.0, 2.0, -2.0)]
    even, twice = at[1] + at[2] - 2 * at[0], at[3] + at[4] - 2 * at[0]
    if not np.allclose(twice, 4 * even, rtol=1e-6, atol=1e-9 * np.abs(at).max()):
        return [Finding("noise", "sampler", "sampler: the value is no quadratic of ε, as it is for z = μ + σ ε: the "
                        "noise is clipped, squashed or has lost its sign. Use ε as it is.")]
    return []
