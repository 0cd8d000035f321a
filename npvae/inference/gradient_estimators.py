"""How to differentiate E_q f(z) with respect to the row q when z is sampled: along the path, or through the density.

    pathwise          ∂/∂q E_q f(z) = E_ε  ∂f(z(q, ε))/∂q               needs ∂f/∂z and z = μ + σ ⊙ ε
    score function    ∂/∂q E_q f(z) = E_q  (f(z) − b) ∂log q(z)/∂q      needs values of f only, so any latent will do

A function to be averaged is in callback style: `value, back = f(z)` with z (S, B, K), value (S, B) and
`back(dvalue) -> dz`. Every estimator returns one gradient for each draw, (S, B, R): their mean over S is the
estimate, their spread the noise (Mohamed et al. 2020, "Monte Carlo Gradient Estimation in Machine Learning").
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from npvae.arrays import numbers
from npvae.checks import shown
from npvae.declared import declares
from npvae.inference.checks import finite_q
from npvae.inference.estimator_checks import checked_draws, finite, slope, value_and_back
from npvae.models import Noise
from npvae.models.categorical_latent import log_softmax
from npvae.models.noise import check_noise


def squared_norm(z: np.ndarray) -> tuple[np.ndarray, Callable]:
    """f(z) = ‖z‖², for z (S, B, K): (S, B), and back : (S, B) -> dz = 2z. The test function with known variances."""
    return np.einsum("sbk,sbk->sb", z, z), lambda dvalue: 2 * z * dvalue[:, :, None]


def score_of_q(latent, q: ArrayLike, z: ArrayLike) -> np.ndarray:
    """The score ∂log q(z)/∂q, (S, B, R), of each row of q (B, R) at each z (S, B or 1, K).

    Its mean under q is zero, so a baseline may be subtracted. A ValueError if rows or draws do not fit the latent.

    Examples
    --------
    >>> from npvae.models import Gaussian
    >>> score_of_q(Gaussian(1), np.array([[0.0, np.log(2)]]), np.array([[[2.0]], [[4.0]]]))[:, 0]
    array([[0.5, 0. ],
           [1. , 3. ]])
    """
    q, z = checked_draws(latent, q, z)
    with np.errstate(all="ignore"):
        return finite(_score(latent, q, z))


def _score(latent, q, z):
    if declares(latent, "nodes are all z"):
        # ∂/∂logits = z − softmax(logits)
        return z - np.exp(log_softmax(q))
    if not declares(latent, "nodes are mu + sigma eps"):
        raise ValueError(f"no score is known for {shown(latent)}, whose q is its own: take the pathwise gradient")
    mu, log_sigma = q[:, : latent.dim], q[:, latent.dim:]
    eps = (z - mu) * np.exp(-log_sigma)
    # ∂/∂μ = ε/σ,  ∂/∂log σ = ε² − 1
    return np.concatenate([eps * np.exp(-log_sigma), eps * eps - 1], axis=2)


def pathwise(latent, q: ArrayLike, f: Callable, noise: Noise) -> np.ndarray:
    """The pathwise (reparameterization) gradient of E_q f(z), one for each draw: (S, B, 2K).

    Kingma & Welling 2014; Rezende, Mohamed & Wierstra 2014.

    Parameters
    ----------
    q : array (B, 2K)
        Rows [μ, log σ].
    f : z -> (value, back)
        Only its `back` is used, once, with ones: the gradient of f's parameters is the sum over draws and rows.
    noise
        ε (S, B or 1, K), drawn outside; its weights are left to whoever takes the mean.

    Raises
    ------
    ValueError
        If the latent is Categorical, the rows do not fit it, or f's values are not (S, B).

    Examples
    --------
    >>> from npvae.models import Gaussian
    >>> eps = np.array([[[1.0]], [[-1.0]]])
    >>> pathwise(Gaussian(1), np.array([[3.0, 0.0]]), squared_norm, Noise(eps, 0.5))[:, 0]
    array([[ 8.,  8.],
           [ 4., -4.]])
    """
    if declares(latent, "nodes are all z"):
        raise ValueError(f"pathwise got {shown(latent)}, expected Gaussian: a one-hot z does not move with q, so there "
                         "is no path to differentiate along; use score_function, or `elbo`, which sums over every z")
    q = finite_q(latent, q)
    noise = check_noise(noise, len(q), latent.dim)
    S, (B, R), K = len(noise.eps), q.shape, latent.dim
    # each draw is given a row of its own, so that the backward pass has no draws to sum over
    rows = np.broadcast_to(q, (S, B, R)).reshape(S * B, R)
    eps = np.broadcast_to(noise.eps, (S, B, K)).reshape(1, S * B, K)
    with np.errstate(all="ignore"):
        # z = μ + σ ⊙ ε
        z, _, back_nodes = latent.nodes(rows, Noise(eps, 1.0))
        # ∂f/∂q = ∂z/∂q ∂f/∂z
        dz = slope(f, finite(z.reshape(S, B, K), "z"))
        return finite(back_nodes(dz.reshape(1, S * B, K), 0.0).reshape(S, B, R))


def score_function(latent, q: ArrayLike, f: Callable, z: ArrayLike, baseline: ArrayLike = 0.0) -> np.ndarray:
    """The score-function gradient (REINFORCE) of E_q f(z), one for each draw: (S, B, R).

    Glynn 1990; Williams 1992; for the ELBO Ranganath, Gerrish & Blei 2014, "Black Box Variational Inference".

    Parameters
    ----------
    q : array (B, R)
    f : z -> (value, back)
        Only its values are used.
    z : array (S, B, K)
        Draws from q, as by `latent.sample(q, S, rng)`.
    baseline : float or array (B, 1) or (B, R)
        b, which reduces the variance and adds no bias as long as it does not depend on the draws z.

    Raises
    ------
    ValueError
        If the rows, the draws, f's values or the baseline have another shape.

    Examples
    --------
    >>> from npvae.models import Gaussian
    >>> score_function(Gaussian(1), np.array([[0.0, 0.0]]), squared_norm, np.array([[[2.0]]]), baseline=1.0)
    array([[[6., 9.]]])
    """
    (q, z), baseline = checked_draws(latent, q, z), numbers("baseline", baseline)
    if baseline.ndim and baseline.shape not in ((len(q), 1), q.shape):
        raise ValueError(f"baseline has shape {baseline.shape}, expected a number, ({len(q)}, 1) of them for one a row "
                         f"or {q.shape} for one a coordinate")
    finite(baseline, "baseline")
    value, _ = value_and_back(f, z)                         # (S, B)
    with np.errstate(all="ignore"):
        # (f(z) − b) ∂log q(z)/∂q
        return finite((value[:, :, None] - baseline) * _score(latent, q, z))


def mean_baseline(f: Callable, z: np.ndarray) -> np.ndarray:
    """b = E_q f(z), estimated from draws z (S, B, K) other than those that it is subtracted at: (B, 1).

    From the same S draws it shrinks the gradient by the factor 1 − 1/S: each f(z_s) is then a part of its own baseline.

    Examples
    --------
    >>> mean_baseline(squared_norm, np.array([[[1.0]], [[3.0]]]))
    array([[5.]])
    """
    return value_and_back(f, z)[0].mean(0)[:, None]


def optimal_baseline(latent, q: ArrayLike, f: Callable, z: ArrayLike) -> np.ndarray:
    """The b of least variance for every coordinate, (B, R), estimated from draws z (S, B, K) of its own.

    Parameters are those of `score_function`; Weaver & Tao 2001; Greensmith, Bartlett & Baxter 2004.

    Examples
    --------
    >>> from npvae.models import Gaussian
    >>> optimal_baseline(Gaussian(1), np.zeros((1, 2)), squared_norm, np.array([[[1.0]], [[3.0]]]))
    array([[8.2, 9. ]])
    """
    q, z = checked_draws(latent, q, z)
    score2 = score_of_q(latent, q, z) ** 2
    # b_j = E[f(z) s_j²] / E[s_j²],  s = ∂log q(z)/∂q
    above, below = (value_and_back(f, z)[0][:, :, None] * score2).sum(0), score2.sum(0)
    # where the score is zero at every draw, any b will do
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


def leave_one_out(latent, q: ArrayLike, f: Callable, z: ArrayLike) -> np.ndarray:
    """The score-function gradient of E_q f(z), (S, B, R), with the mean of the other draws as each draw's baseline.

    RLOO: Mnih & Rezende 2016; Kool, van Hoof & Welling 2019, "Buy 4 REINFORCE Samples, Get a Baseline for Free!".
    Parameters are those of `score_function`, with S ≥ 2 draws; a ValueError if there is only one. Each gradient is
    unbiased; they are slightly correlated, since each draw is in the baselines of the others.

    Examples
    --------
    >>> from npvae.models import Gaussian
    >>> leave_one_out(Gaussian(1), np.zeros((1, 2)), squared_norm, np.array([[[1.0]], [[3.0]]]))[:, 0]
    array([[-8., -0.],
           [24., 64.]])
    """
    q, z = checked_draws(latent, q, z)
    if len(z) < 2:
        raise ValueError(f"leave_one_out got {len(z)} draw, expected two or more: a baseline is the mean of the others")
    value, _ = value_and_back(f, z)                         # (S, B)
    with np.errstate(all="ignore"):
        # b_s = 1/(S − 1) Σ_{t≠s} f(z_t)
        baseline = (value.sum(0) - value) / (len(z) - 1)
        return finite((value - baseline)[:, :, None] * _score(latent, q, z))
