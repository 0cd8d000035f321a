"""Which method is exact for a model, and what it answers.

The lecture calls the integral ∫ p_θ(x|z) p(z) dz hard. It is hard in many dimensions; with a categorical latent, an
affine decoder, or K ≤ 2 it can be computed, and then every bound can be held against it.

    enumeration       the nodes are all z
    closed form       affine decoder, everything Gaussian
    lattice           K ≤ 2, smooth decoders that are not steep
    boxes             K ≤ 2, any other decoder
    plain lattice     K ≤ 2, a prior or a likelihood of the user's own
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from npvae.arrays import OUT_OF_RANGE, finite_rows
from npvae.checks import positive, truth
from npvae.declared import check_one_prior, declares, has_one_prior, stands
from npvae.models import affine
from npvae.models.checks import check_model
from npvae.models.data import as_floats
from npvae.models.exact import boxes, lattice, plain_lattice
from npvae.models.generative import LatentVariableModel
from npvae.models.joint import all_z, has_table, log_joint, log_sum_exp
from npvae.nn.units import folded


class Posterior(NamedTuple):
    """Mean (B, K) and covariance (B, K, K) of p_θ(z|x) for each x; of a Categorical z they are those of its one-hot."""

    mean: np.ndarray
    covariance: np.ndarray


def log_marginal(model: LatentVariableModel, X: ArrayLike, tolerance: float = 1e-6, return_error: bool = False
                 ) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
    """Exact log p_θ(x) = log Σ_z p_θ(x|z) p(z), or log ∫ p_θ(x|z) p(z) dz.

    Parameters
    ----------
    X : array (B, D)
        Floats, or uint8 images 0 … 255.
    tolerance
        What a grid may err by, nats per row.
    return_error
        Also return the error of each row: a bound where boxes of z are integrated; an estimate for layers other than
        affine, tanh, relu, sigmoid and softplus, and, its last change, where a lattice serves, for smooth decoders
        that are not steep; zero where there is no grid.

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
    tolerance, return_error = positive("tolerance", tolerance), truth("return_error", return_error)
    model, X, method = _prepared(model, X)
    error = np.zeros(len(X))
    if method == "enumeration":
        value = log_sum_exp(log_joint(model, X, all_z(model.latent)))
    elif method == "closed form":
        value = affine.log_marginal(model, X)
    else:
        value, error = _grid(model, method).log_marginal(model, X, tolerance)
    finite_rows("log p(x)", value, OUT_OF_RANGE)
    return (value, error) if return_error else value


def exact_posterior(model: LatentVariableModel, X: ArrayLike, tolerance: float = 1e-6) -> Posterior:
    """The mean and covariance of the exact posterior p_θ(z|x) = p_θ(x, z) / p_θ(x).

    Parameters and errors are those of `log_marginal`; also a ValueError if log p(x) is so low that what a grid's
    numbers are rounded by drowns the posterior. For a Categorical latent the mean is the vector of probabilities.

    Examples
    --------
    >>> from npvae.models import mixture_of_gaussians
    >>> exact_posterior(mixture_of_gaussians(3, 2), np.zeros((5, 2))).mean.sum(1).round(12)
    array([1., 1., 1., 1., 1.])
    """
    tolerance = positive("tolerance", tolerance)
    model, X, method = _prepared(model, X)
    if method == "enumeration":
        mean, covariance = _enumerated_moments(model, X)
    elif method == "closed form":
        mean, covariance = affine.posterior(model, X)
        covariance = np.broadcast_to(covariance, (len(X), *covariance.shape))
    else:
        mean, covariance = _grid(model, method).moments(model, X, tolerance)
    return Posterior(finite_rows("the posterior's mean", mean, OUT_OF_RANGE),
                     finite_rows("the posterior's covariance", covariance, OUT_OF_RANGE))


def exact_method(model: LatentVariableModel) -> str | None:
    """How log p_θ(x) can be computed: "enumeration", "closed form", "grid", "plain grid" (every node), or None."""
    latent = model.latent
    if not has_one_prior(latent):
        return None
    if declares(latent, "nodes are all z"):
        return "enumeration"
    if affine.is_affine_gaussian(model):
        return "closed form"
    # of a family that says nothing of itself the grid finds out whether its prior is a density
    density = declares(latent, "z in R^K") or not hasattr(latent, "closed_forms") and stands(latent, "log_prior")
    if not density or latent.dim > 2:
        return None
    # what is left out of the grid is judged by the prior N(0, I) and by the likelihood's own bounds
    bounds = all(stands(model.likelihood, name, "log_prob") for name in ("curvature", "ceiling", "greatest_log_prob"))
    return "grid" if bounds and declares(latent, "standard normal prior") and has_table(model) else "plain grid"


def _grid(model, method):
    # the module whose log_marginal and moments serve
    if method == "plain grid":
        return plain_lattice
    return lattice if lattice.resolves(model) else boxes


def _enumerated_moments(model, X):
    z = all_z(model.latent)                                 # (S, K)
    joint = log_joint(model, X, z)
    # far out, log K drowns in the rounding of log p(x): take the sum after the exponentials
    p = np.exp(joint - joint.max(0)).T                      # (B, S)
    p /= p.sum(1, keepdims=True)
    mean = p @ z                                            # (B, K)
    # Cov[z] = E[z zᵀ] − E[z] E[z]ᵀ
    return mean, np.einsum("bs,sk,sl->bkl", p, z, z) - mean[:, :, None] * mean[:, None, :]


def _prepared(model, X):
    # the model in float64 and folded, the data as floats, and the method
    check_one_prior(check_model(model).latent)
    method = exact_method(model)
    if method is None:
        raise ValueError(f"no exact log p(x) for {model}: that needs a Categorical latent (enumeration), an affine "
                         "decoder with GaussianLikelihood (closed form) or a Gaussian latent with K ≤ 2 (grid); "
                         "importance_weighted_bound covers any model from below")
    X = as_floats(X, model.data_dim, model.likelihood)
    model = model.copy(np.float64)
    decoder = folded(model.decoder)
    return model if decoder is model.decoder else replace(model, decoder=decoder), X, method
