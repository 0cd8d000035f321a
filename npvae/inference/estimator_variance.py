"""How noisy the estimators of ∂/∂μ E‖z‖², z ~ N(μ, σ² I_K), are: in closed form, and measured.

The pathwise variance stays at 4σ² in every dimension, as ‖z‖² is a sum over coordinates: of (Σ z)² it is 4Kσ². The
score function multiplies one ε_j by the whole of ‖z‖², noise of the other K − 1 coordinates included: its variance
grows like K², with the best baseline like K.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from npvae.arrays import numbers
from npvae.checks import as_generator, real, whole, wholes
from npvae.inference.gradient_estimators import (
    leave_one_out,
    mean_baseline,
    optimal_baseline,
    pathwise,
    score_function,
    squared_norm,
)
from npvae.models import Gaussian, MonteCarlo

MOST = 1e6      # of μ and σ, and 1/MOST the least σ: fourth powers of them are looked at


def expected_squared_norm(mu: np.ndarray, sigma: float) -> float:
    """E‖z‖² = ‖μ‖² + Kσ² for μ (K,): the mean baseline."""
    return np.dot(mu, mu) + len(mu) * sigma**2


def best_baseline(mu: np.ndarray, sigma: float) -> float:
    """E[‖z‖² ε_j²] = ‖μ‖² + Kσ² + 2σ² for μ (K,): the baseline of least variance for ∂/∂μ, the same for every j."""
    return expected_squared_norm(mu, sigma) + 2 * sigma**2


def pathwise_variance(mu: np.ndarray, sigma: float) -> np.ndarray:
    """Variance of the pathwise ∂/∂μ_j E‖z‖², a draw 2z_j: 4σ² for every j, (K,)."""
    return np.full(len(mu), 4.0 * sigma**2)


def score_function_variance(mu: np.ndarray, sigma: float, baseline: float = 0.0) -> np.ndarray:
    """Variance (K,) of the score-function ∂/∂μ_j E‖z‖², a draw (‖z‖² − c) ε_j/σ with a baseline c, for μ (K,).

    Examples
    --------
    >>> mu, sigma = np.zeros(100), 1.0
    >>> [float(score_function_variance(mu, sigma, c)[0])
    ...  for c in (0.0, expected_squared_norm(mu, sigma), best_baseline(mu, sigma))]
    [10608.0, 208.0, 204.0]
    """
    mu, K = np.asarray(mu), len(mu)
    S, B = expected_squared_norm(mu, sigma), best_baseline(mu, sigma)
    # A = E[‖z‖⁴ ε_j²] = S² + 2Kσ⁴ + 4σ²‖μ‖² + 8σ²(μ_j² + σ²) + 4σ²S
    A = S**2 + 2 * K * sigma**4 + 4 * sigma**2 * (mu @ mu) + 8 * sigma**2 * (mu**2 + sigma**2) + 4 * sigma**2 * S
    # (A − 2cB + c²)/σ² − 4μ_j²
    return (A - 2 * baseline * B + baseline**2) / sigma**2 - 4 * mu**2


def leave_one_out_variance(mu: np.ndarray, sigma: float, samples: int) -> np.ndarray:
    """Variance (K,) of a leave-one-out ∂/∂μ_j E‖z‖² from S ≥ 2 draws, for μ (K,).

    It is that under the mean baseline, and what the baseline's own noise adds.

    Examples
    --------
    >>> leave_one_out_variance(np.zeros(1), 1.0, samples=3)
    array([11.])
    """
    mu = np.asarray(mu)
    # Var ‖z‖² = 2Kσ⁴ + 4σ²‖μ‖²
    var_f = 2 * len(mu) * sigma**4 + 4 * sigma**2 * (mu @ mu)
    # b is independent of ε_j and has mean E f, so it adds Var(b) E[(ε_j/σ)²] = Var f/(S − 1) · 1/σ²
    return score_function_variance(mu, sigma, expected_squared_norm(mu, sigma)) + var_f / (samples - 1) / sigma**2


def variance_against_dimension(dims: Sequence[int], rng: np.random.Generator | int, mu: float = 0.0,
                               sigma: float = 1.0, vectors: int = 1_000_000, samples: int = 4) -> list[dict]:
    """The variance of every estimator of ∂/∂μ_j E‖z‖², measured and in closed form, in several dimensions.

    Parameters
    ----------
    dims
        The K to measure at.
    mu
        Every μ_j.
    vectors
        How many z to measure on in one dimension; in K dimensions vectors/√K, in √K blocks, to bound time and memory.
    samples
        S ≥ 2, for leave-one-out.

    Returns
    -------
    records with `K`, `estimator`, `measured` and `closed_form`, the mean over the coordinates j

    Examples
    --------
    >>> for record in variance_against_dimension([100], np.random.default_rng(0), vectors=100_000):
    ...     print(record["estimator"], round(record["closed_form"]))
    pathwise 4
    no baseline 10608
    mean baseline 208
    optimal baseline 204
    leave-one-out 275
    """
    dims, rng = wholes("dims", dims), as_generator(rng)
    vectors, samples = whole("vectors", vectors), whole("samples", samples, least=2)
    mu, sigma, records = real("mu", mu, -MOST, MOST), real("sigma", sigma, 1 / MOST, MOST), []
    for K in dims:
        row, rows, blocks = np.full(K, mu, float), max(2, vectors // (K * samples)), math.ceil(math.sqrt(K))
        measured = [_measured_variances(row, sigma, rows, samples, rng) for _ in range(blocks)]
        closed_form = _variances_in_closed_form(row, sigma, samples)
        records += [{"K": K, "estimator": name, "measured": float(np.mean([block[name] for block in measured])),
                     "closed_form": float(variance.mean())} for name, variance in closed_form.items()]
    return records


def unbiasedness_test(gradients: ArrayLike, exact: ArrayLike, level: float = 1e-6) -> dict:
    """Whether the mean of independent gradients is the exact one, by a z-test of every coordinate.

    Parameters
    ----------
    gradients : array (N, n), N from 2
    exact : array (n,)
    level
        Chance that an unbiased estimator fails, over all n coordinates together (Bonferroni: level/n for each).

    Returns
    -------
    report with `z`, the greatest |mean − exact| in standard errors, its `threshold`, and whether it has `passed`

    Examples
    --------
    >>> gradients = np.random.default_rng(0).normal(2.0, 1.0, (10_000, 20))
    >>> [unbiasedness_test(gradients, np.full(20, exact))["passed"] for exact in (2.0, 2.1)]
    [True, False]
    """
    gradients, exact = numbers("gradients", gradients), numbers("exact", exact)
    if not 0 < real("level", level, 0, 1) < 1:
        raise ValueError(f"level is {level}, expected a number between 0 and 1")
    if gradients.ndim != 2 or len(gradients) < 2 or exact.shape != gradients.shape[1:]:
        raise ValueError(f"gradients have shape {gradients.shape} and exact {exact.shape}, expected (N, n) with N from "
                         "2, and (n,): of an estimator's (S, B, R) take one row's, gradients[:, b]")
    N, n = gradients.shape
    with np.errstate(all="ignore"):
        # z_j = (mean_j − exact_j) / (sd_j/√N)
        error = np.abs(gradients.mean(0) - exact)
        # an estimator without variance errs by rounding only, which must not be divided by zero
        z = error / (gradients.std(0, ddof=1) / N**0.5 + 1e-12 * (1 + np.abs(exact)))
    if not n or not np.isfinite(z).all():
        raise ValueError("gradients or exact have numbers that are not finite, or none, or beyond what floats hold "
                         "when squared: expected moderate ones")
    # of the lower tail, where a small level is not lost beside 1
    threshold = -NormalDist().inv_cdf(max(level / (2 * n), math.ulp(0.0)))
    return {"z": float(z.max()), "threshold": threshold, "passed": bool(z.max() <= threshold)}


def _measured_variances(mu, sigma, rows, samples, rng):
    # the same row many times over, so that leave-one-out has independent groups of draws
    latent, K = Gaussian(len(mu)), len(mu)
    q = np.tile(np.concatenate([mu, np.full(K, math.log(sigma))]), (rows, 1))
    noise, f = MonteCarlo(samples)(rng, rows, K), squared_norm
    z, pilot = latent.nodes(q, noise)[0], latent.sample(q, samples, rng).reshape(-1, 1, K)

    def variance(gradient):
        return gradient[:, :, :K].var((0, 1)).mean()

    best = np.broadcast_to(optimal_baseline(latent, q[:1], f, pilot), q.shape)
    return {"pathwise": variance(pathwise(latent, q, f, noise)),
            "no baseline": variance(score_function(latent, q, f, z)),
            "mean baseline": variance(score_function(latent, q, f, z, mean_baseline(f, pilot).item())),
            "optimal baseline": variance(score_function(latent, q, f, z, best)),
            "leave-one-out": variance(leave_one_out(latent, q, f, z))}


def _variances_in_closed_form(mu, sigma, samples):
    return {"pathwise": pathwise_variance(mu, sigma),
            "no baseline": score_function_variance(mu, sigma),
            "mean baseline": score_function_variance(mu, sigma, expected_squared_norm(mu, sigma)),
            "optimal baseline": score_function_variance(mu, sigma, best_baseline(mu, sigma)),
            "leave-one-out": leave_one_out_variance(mu, sigma, samples)}
