"""log p_θ(x) and p_θ(z|x) without approximation: by enumeration, in closed form, or on a grid that checks itself.

The lecture calls the integral ∫ p_θ(x|z) p(z) dz hard. It is hard in many dimensions; with a categorical latent, an
affine decoder, or K ≤ 2 it can be computed, and then every bound can be held against it.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from npvae.arrays import OUT_OF_RANGE, finite_rows
from npvae.checks import positive
from npvae.declared import check_one_prior, declares, has_one_prior, stands
from npvae.models import affine
from npvae.models.data import as_floats
from npvae.models.generative import check_model
from npvae.models.grid import grid_log_marginal, grid_moments
from npvae.models.joint import has_table, log_joint, log_sum_exp
from npvae.models.lattice import lattice_log_marginal, lattice_moments, resolves
from npvae.models.plain_grid import plain_grid_log_marginal, plain_grid_moments
from npvae.nn.units import folded


class Posterior(NamedTuple):
    """Mean (B, K) and covariance (B, K, K) of p_θ(z|x) for each x; of a Categorical z they are those of its one-hot."""

    mean: np.ndarray
    covariance: np.ndarray


def log_marginal(model, X, tolerance=1e-6, return_error=False):
    """Exact log p_θ(x) = log Σ_z p_θ(x|z) p(z), or log ∫ p_θ(x|z) p(z) dz.

    Parameters
    ----------
    model : LatentVariableModel
    X : array (B, D)
        Floats, or uint8 images 0 … 255.
    tolerance : float
        What a grid may err by, nats per row.
    return_error : bool
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
    tolerance = positive("tolerance", tolerance)
    model, X, method = _prepared(model, X)
    error = np.zeros(len(X))
    if method == "enumeration":
        value = log_sum_exp(log_joint(model, X, np.eye(model.latent.dim)))
    elif method == "closed form":
        value = affine.log_marginal(model, X)
    elif method == "grid":
        value, error = (lattice_log_marginal if resolves(model) else grid_log_marginal)(model, X, tolerance)
    else:
        value, error = plain_grid_log_marginal(model, X, tolerance)
    finite_rows("log p(x)", value, OUT_OF_RANGE)
    return (value, error) if return_error else value


def exact_posterior(model, X, tolerance=1e-6):
    """The mean and covariance of the exact posterior p_θ(z|x) = p_θ(x, z) / p_θ(x).

    Parameters
    ----------
    model : LatentVariableModel
    X : array (B, D)
        Floats, or uint8 images 0 … 255.
    tolerance : float
        Of a grid, nats per row.

    Returns
    -------
    posterior : Posterior
        mean (B, K) and covariance (B, K, K). For a Categorical latent the mean is the vector of probabilities.

    Raises
    ------
    ValueError
        As `log_marginal`, or if log p(x) is so low that what a grid's numbers are rounded by drowns the posterior.

    Examples
    --------
    >>> from npvae.models import mixture_of_gaussians
    >>> exact_posterior(mixture_of_gaussians(3, 2), np.zeros((5, 2))).mean.sum(1).round(12)
    array([1., 1., 1., 1., 1.])
    """
    tolerance = positive("tolerance", tolerance)
    found = _posterior(*_prepared(model, X), tolerance)
    for name, values in found._asdict().items():
        finite_rows(f"the posterior's {name}", values, OUT_OF_RANGE)
    return found


def _posterior(model, X, method, tolerance):
    if method == "closed form":
        mean, covariance = affine.posterior(model, X)
        return Posterior(mean, np.broadcast_to(covariance, (len(X), *covariance.shape)))
    if method == "grid":
        return Posterior(*(lattice_moments if resolves(model) else grid_moments)(model, X, tolerance))
    if method == "plain grid":
        return Posterior(*plain_grid_moments(model, X, tolerance))
    joint = log_joint(model, X, np.eye(model.latent.dim))
    # far out, log K drowns in the rounding of log p(x): take the sum after the exponentials
    p = np.exp(joint - joint.max(0)).T                      # (B, K)
    p /= p.sum(1, keepdims=True)
    return Posterior(p, p[:, :, None] * np.eye(p.shape[1]) - p[:, :, None] * p[:, None, :])


def exact_method(model):
    """How log p_θ(x) of this model can be computed: "enumeration", "closed form", "grid", or None."""
    latent = model.latent
    if not has_one_prior(latent):
        return None
    if declares(latent, "nodes are all z"):
        return "enumeration"
    if affine.is_affine_gaussian(model):
        return "closed form"
    if not declares(latent, "z in R^K") or latent.dim > 2:
        return None
    return "grid" if _has_grid(model) else "plain grid"


def _has_grid(model):
    # what is left out of the grid is judged by the prior N(0, I) and by the likelihood's own bounds
    bounds = all(stands(model.likelihood, name, "log_prob") for name in ("curvature", "ceiling", "greatest_log_prob"))
    return bounds and declares(model.latent, "standard normal prior") and has_table(model)


def _prepared(model, X):
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
