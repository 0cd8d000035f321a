"""How to differentiate E_q f(z) with respect to the row q when z is sampled: along the path, or through the density.

    pathwise          ∂/∂q E_q f(z) = E_ε  ∂f(z(q, ε))/∂q               needs ∂f/∂z and z = μ + σ ⊙ ε
    score function    ∂/∂q E_q f(z) = E_q  (f(z) − b) ∂log q(z)/∂q      needs values of f only, so any latent will do

A function to be averaged is in callback style: `value, back = f(z)` with z (S, B, K), value (S, B) and
`back(dvalue) -> dz`. Every estimator returns one gradient for each draw, (S, B, R): their mean over S is the
estimate, their spread the noise (Mohamed et al. 2020, "Monte Carlo Gradient Estimation in Machine Learning").
"""

import numpy as np

from npvae.arrays import finite_array, numbers
from npvae.checks import shown
from npvae.declared import declares
from npvae.models import Noise
from npvae.models.generative import check_latent
from npvae.models.latents import log_softmax
from npvae.models.noise import check_noise


class NotFinite(ValueError):
    """Draws or a gradient that floats cannot hold."""


def squared_norm(z):
    """f(z) = ‖z‖², for z (S, B, K): (S, B), and back : (S, B) -> dz = 2z. The test function with known variances."""
    return np.einsum("sbk,sbk->sb", z, z), lambda dvalue: 2 * z * dvalue[:, :, None]


def score_of_q(latent, q, z):
    """The score ∂log q(z)/∂q of each row at each z; its mean under q is zero, so a baseline may be subtracted.

    Parameters
    ----------
    latent : Gaussian or Categorical
    q : array (B, R)
    z : array (S, B, K), or (S, 1, K) when all rows share the nodes

    Returns
    -------
    score : array (S, B, R)

    Raises
    ------
    ValueError
        If the rows or the draws do not fit the latent.

    Examples
    --------
    >>> from npvae.models import Gaussian
    >>> score_of_q(Gaussian(1), np.array([[0.0, np.log(2)]]), np.array([[[2.0]], [[4.0]]]))[:, 0]
    array([[0.5, 0. ],
           [1. , 3. ]])
    """
    q, z = _checked(latent, q, z)
    with np.errstate(all="ignore"):
        return finite(_score(latent, q, z))


def _score(latent, q, z):
    if declares(latent, "nodes are all z"):
        # ∂/∂logits = z − softmax(logits)
        return z - np.exp(log_softmax(q))
    if not declares(latent, "nodes are mu + sigma eps"):
        raise ValueError(f"no score is known for {latent}, whose q is its own: take the pathwise gradient")
    mu, log_sigma = q[:, : latent.dim], q[:, latent.dim:]
    eps = (z - mu) * np.exp(-log_sigma)
    # ∂/∂μ = ε/σ,  ∂/∂log σ = ε² − 1
    return np.concatenate([eps * np.exp(-log_sigma), eps * eps - 1], axis=2)


def pathwise(latent, q, f, noise):
    """The pathwise (reparameterization) gradient of E_q f(z), one for each draw.

    Parameters
    ----------
    latent : Gaussian
    q : array (B, 2K)
        Rows [μ, log σ].
    f : callable z -> (value, back)
        Only its `back` is used, once, with ones: what f's parameters gather is the sum over draws and rows.
    noise : Noise
        ε (S, B or 1, K), drawn outside; its weights are left to whoever takes the mean.

    Returns
    -------
    gradient : array (S, B, 2K)

    Raises
    ------
    ValueError
        If the latent is Categorical, the rows do not fit it, or f's values are not (S, B).

    References
    ----------
    Kingma & Welling 2014; Rezende, Mohamed & Wierstra 2014.

    Examples
    --------
    >>> from npvae.models import Gaussian
    >>> eps = np.array([[[1.0]], [[-1.0]]])
    >>> pathwise(Gaussian(1), np.array([[3.0, 0.0]]), squared_norm, Noise(eps, 0.5))[:, 0]
    array([[ 8.,  8.],
           [ 4., -4.]])
    """
    if declares(latent, "nodes are all z"):
        raise ValueError(f"pathwise got {latent}, expected Gaussian: a one-hot z does not move with q, so there is no "
                         "path to differentiate along; use score_function, or `elbo`, which sums over every z")
    q = checked_rows(latent, q)
    noise = check_noise(noise, len(q), latent.dim)
    S, (B, R), K = len(noise.eps), q.shape, latent.dim
    # each draw is given a row of its own, so that the backward pass has no draws to sum over
    rows = np.broadcast_to(q, (S, B, R)).reshape(S * B, R)
    eps = np.broadcast_to(noise.eps, (S, B, K)).reshape(1, S * B, K)
    with np.errstate(all="ignore"):
        # z = μ + σ ⊙ ε
        z, _, back_nodes = latent.nodes(rows, Noise(eps, 1.0))
        value, back_f = _asked(f, finite(z.reshape(S, B, K), "z"))
        # ∂f/∂q = ∂z/∂q ∂f/∂z
        dz = _derivative(back_f, value, (S, B, K))
        return finite(back_nodes(dz.reshape(1, S * B, K), 0.0).reshape(S, B, R))


def score_function(latent, q, f, z, baseline=0.0):
    """The score-function gradient (REINFORCE) of E_q f(z), one for each draw.

    Parameters
    ----------
    latent : Gaussian or Categorical
    q : array (B, R)
    f : callable z -> (value, back)
        Only its values are used.
    z : array (S, B, K)
        Draws from q, as by `latent.sample(q, S, rng)`.
    baseline : float or array (B, 1) or (B, R)
        b, which reduces the variance and adds no bias as long as it does not depend on the draws z.

    Returns
    -------
    gradient : array (S, B, R)

    Raises
    ------
    ValueError
        If the rows, the draws, f's values or the baseline have another shape.

    References
    ----------
    Glynn 1990; Williams 1992; for the ELBO Ranganath, Gerrish & Blei 2014, "Black Box Variational Inference".

    Examples
    --------
    >>> from npvae.models import Gaussian
    >>> score_function(Gaussian(1), np.array([[0.0, 0.0]]), squared_norm, np.array([[[2.0]]]), baseline=1.0)
    array([[[6., 9.]]])
    """
    (q, z), baseline = _checked(latent, q, z), numbers("baseline", baseline)
    if baseline.ndim and baseline.shape not in ((len(q), 1), q.shape):
        raise ValueError(f"baseline has shape {baseline.shape}, expected a number, ({len(q)}, 1) of them for one a row "
                         f"or {q.shape} for one a coordinate")
    finite(baseline, "baseline")
    value, _ = _asked(f, z)                                 # (S, B)
    with np.errstate(all="ignore"):
        # (f(z) − b) ∂log q(z)/∂q
        return finite((value[:, :, None] - baseline) * _score(latent, q, z))


def mean_baseline(f, z):
    """b = E_q f(z), estimated from draws z (S, B, K) other than those that it is subtracted at: (B, 1).

    From the same S draws it shrinks the gradient by the factor 1 − 1/S: each f(z_s) is then a part of its own baseline.

    Examples
    --------
    >>> mean_baseline(squared_norm, np.array([[[1.0]], [[3.0]]]))
    array([[5.]])
    """
    return _asked(f, z)[0].mean(0)[:, None]


def optimal_baseline(latent, q, f, z):
    """The b of least variance for every coordinate, estimated from draws z (S, B, K) of its own.

    Parameters
    ----------
    latent, q, f, z
        As for `score_function`, but with other draws than those at which the baseline is subtracted.

    Returns
    -------
    baseline : array (B, R)

    References
    ----------
    Weaver & Tao 2001; Greensmith, Bartlett & Baxter 2004.

    Examples
    --------
    >>> from npvae.models import Gaussian
    >>> optimal_baseline(Gaussian(1), np.zeros((1, 2)), squared_norm, np.array([[[1.0]], [[3.0]]]))
    array([[8.2, 9. ]])
    """
    q, z = _checked(latent, q, z)
    score2 = score_of_q(latent, q, z) ** 2
    # b_j = E[f(z) s_j²] / E[s_j²],  s = ∂log q(z)/∂q
    above, below = (_asked(f, z)[0][:, :, None] * score2).sum(0), score2.sum(0)
    # where the score is zero at every draw, any b will do
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


def leave_one_out(latent, q, f, z):
    """The score-function gradient of E_q f(z) with the mean of the other draws as each draw's baseline (RLOO).

    Parameters
    ----------
    latent, q, f, z
        As for `score_function`, with S ≥ 2 draws.

    Returns
    -------
    gradient : array (S, B, R)
        Each is unbiased; they are slightly correlated, since each draw is in the baselines of the others.

    Raises
    ------
    ValueError
        If there is only one draw, or f's values are not (S, B).

    References
    ----------
    Mnih & Rezende 2016; Kool, van Hoof & Welling 2019, "Buy 4 REINFORCE Samples, Get a Baseline for Free!".

    Examples
    --------
    >>> from npvae.models import Gaussian
    >>> leave_one_out(Gaussian(1), np.zeros((1, 2)), squared_norm, np.array([[[1.0]], [[3.0]]]))[:, 0]
    array([[-8., -0.],
           [24., 64.]])
    """
    q, z = _checked(latent, q, z)
    if len(z) < 2:
        raise ValueError(f"leave_one_out got {len(z)} draw, expected two or more: a baseline is the mean of the others")
    value, _ = _asked(f, z)                                 # (S, B)
    with np.errstate(all="ignore"):
        # b_s = 1/(S − 1) Σ_{t≠s} f(z_t)
        baseline = (value.sum(0) - value) / (len(z) - 1)
        return finite((value - baseline)[:, :, None] * _score(latent, q, z))


def _asked(f, z):
    if not callable(f):
        raise ValueError(f"f is {shown(f)}, expected a function z -> (value, back)")
    answer = f(z)
    if not isinstance(answer, tuple) or len(answer) != 2:
        raise ValueError(f"f(z) is a {type(answer).__name__}, expected (value, back): f's value for each draw and row, "
                         "and its backward pass")
    value, back = numbers("f's value", answer[0]), answer[1]
    # a shape such as (B,) would broadcast without a word; nodes (S, 1, K) that all rows share do have (S, B) values
    if np.ndim(value) != 2 or len(value) != len(z) or z.shape[1] not in (1, value.shape[1]):
        raise ValueError(f"f(z) has shape {np.shape(value)} for z of shape {np.shape(z)}, expected {np.shape(z)[:2]}: "
                         "one number for each draw and row")
    return value, back


def _derivative(back, value, shape):
    if not callable(back):
        raise ValueError(f"f returns {shown(back)} beside its value, expected its backward pass dvalue -> dz")
    dz = numbers("what f's backward pass returns", back(np.ones_like(value)))
    if dz.shape != shape:
        raise ValueError(f"what f's backward pass returns has shape {dz.shape}, expected that of z, {shape}")
    return dz


def checked_rows(latent, q):
    """The rows q (B, R), or a ValueError unless they are finite numbers, as many as a row of the latent has."""
    q = finite_array("q", q, ("rows", check_latent(latent).row_size))
    if not len(q):
        raise ValueError(f"q has no rows, expected from one row of {latent.row_size} numbers for {latent}")
    return q


def _checked(latent, q, z):
    q, z = checked_rows(latent, q), numbers("z", z)
    if z.ndim != 3 or z.shape[1] not in (1, len(q)) or z.shape[2] != latent.dim or not len(z):
        raise ValueError(f"z has shape {z.shape}, expected (draws, {len(q)}, {latent.dim}): see `latent.sample`")
    if not np.isfinite(z).all():
        # of a ValueError's kind that a climb knows: a q that floats still hold may have draws that they do not
        raise NotFinite("z has values that are not finite: expected draws from a moderate q, as by `latent.sample`")
    return q, z


def finite(array, name="the gradient"):
    """The array, or NotFinite if floats cannot hold it."""
    if not np.isfinite(array).all():
        raise NotFinite(f"{name} has numbers beyond what floats hold: expected moderate rows q, draws and values of f")
    return array
