"""Probabilistic PCA in closed form: x = zW + b + σ ε with z ~ N(0, I), and its maximum likelihood solution.

Tipping & Bishop 1999, "Probabilistic principal component analysis". With W (K, D) as the layers have it, their W is
the transpose: M = W Wᵀ + σ² I is (K, K).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from npvae.checks import whole
from npvae.declared import declares, is_affine, is_affine_in_noise
from npvae.models.data import as_floats
from npvae.models.gaussian_latent import LOG_2PI
from npvae.models.gaussian_likelihood import GaussianLikelihood
from npvae.models.generative import LatentVariableModel
from npvae.models.named_models import probabilistic_pca


def is_affine_gaussian(model: LatentVariableModel) -> bool:
    """Whether the model is probabilistic PCA: Gaussian latent, affine decoder, Gaussian likelihood."""
    return declares(model.latent, "standard normal prior") and is_quadratic_in_z(model)


def is_quadratic_in_z(model: LatentVariableModel) -> bool:
    """Whether z is affine in ε and log p_θ(x|z) quadratic in z, whatever the prior: cubature is exact then."""
    return (is_affine_in_noise(model.latent) and declares(model.likelihood, "isotropic normal")
            and declares(model, "likelihood of the decoder's output") and is_affine(model.decoder))


def affine_map(model: LatentVariableModel) -> tuple[np.ndarray, np.ndarray]:
    """The W (K, D) and b (D,) of an affine decoder g(z) = zW + b."""
    dtype = next((a.dtype for a in model.decoder.arrays().values()), np.dtype(float))
    z = np.concatenate([np.zeros((1, model.latent.dim), dtype), np.eye(model.latent.dim, dtype=dtype)])
    g = model.decoder(z)[0]
    return g[1:] - g[0], g[0]


def log_marginal(model: LatentVariableModel, X: np.ndarray) -> np.ndarray:
    """log p_θ(x) = log N(x; b, WᵀW + σ² I) for X (B, D): (B,) nats."""
    W, b = affine_map(model)
    sigma2, D = model.likelihood.sigma_g**2, X.shape[1]
    # in W's right singular frame the covariance is diagonal: s_j² + σ² inside it, σ² outside
    _, s, V = np.linalg.svd(W, full_matrices=False)
    inside = (X - b) @ V.T
    outside = X - b - inside @ V
    variances = s**2 + sigma2
    quadratic = (inside**2 / variances).sum(1) + (outside**2).sum(1) / sigma2
    log_det = np.log(variances).sum() + (D - len(s)) * math.log(sigma2)
    return -0.5 * (quadratic + log_det + D * LOG_2PI)


def posterior(model: LatentVariableModel, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """p_θ(z|x) = N(M⁻¹W(x − b), σ²M⁻¹) with M = WWᵀ + σ²I: mean (B, K) and covariance (K, K), the same for every x."""
    W, b = affine_map(model)
    sigma2 = model.likelihood.sigma_g**2
    # W = U s V: along U_j the posterior has precision (s_j² + σ²)/σ²; where W does not reach, it is the prior
    U, s, V = np.linalg.svd(W, full_matrices=False)
    mean = ((X - b) @ V.T * (s / (s**2 + sigma2))) @ U.T
    covariance = (U * (sigma2 / (s**2 + sigma2))) @ U.T
    if len(W) > len(s):
        covariance += np.eye(len(W)) - U @ U.T
    return mean, covariance


def best_rows(model: LatentVariableModel, X: np.ndarray) -> np.ndarray:
    """argmax_q L(q, x, θ) where `is_affine_gaussian` holds, (B, R): the posterior, if q may have its covariance."""
    if declares(model.latent, "nodes are mu + L eps"):
        return model.latent.row_of(*posterior(model, X)).astype(X.dtype)
    return best_diagonal_rows(model, X)


def best_diagonal_rows(model: LatentVariableModel, X: np.ndarray) -> np.ndarray:
    """argmax_q L(q, x, θ) among N(μ, diag σ²), rows [μ, log σ] (B, 2K), where `is_affine_gaussian` holds.

    μ is the posterior's mean, σ_j² = 1/P_jj with its precision P.
    """
    W, _ = affine_map(model)
    mean, _ = posterior(model, X)
    # P = M/σ² = I + W Wᵀ/σ²
    log_sigma = -0.5 * np.log1p((W * W).sum(1) / model.likelihood.sigma_g**2)
    return np.concatenate([mean, np.broadcast_to(log_sigma, mean.shape)], axis=1).astype(X.dtype)


def approximation_gap(model: LatentVariableModel) -> float:
    """log p_θ(x) − max over diagonal q of the ELBO, the same for every x: ½[Σ_j log P_jj − log det P], nats."""
    W, _ = affine_map(model)
    P = np.eye(len(W)) + W @ W.T / model.likelihood.sigma_g**2
    return 0.5 * float(np.log(np.diag(P)).sum() - np.linalg.slogdet(P)[1])


def maximum_likelihood_ppca(X: ArrayLike, latent_dim: int) -> LatentVariableModel:
    """The probabilistic PCA of greatest likelihood: b = x̄, s² = mean of the D − K small eigenvalues, W = (Λ − s²)^½ Uᵀ.

    W is in its aligned frame: W Wᵀ is diagonal, so the best diagonal q is the exact posterior. A ValueError if K is not
    below D, or the data (m, D) have no variance outside K directions.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(500, 3)) * [2.0, 1.0, 1.0]
    >>> round(maximum_likelihood_ppca(X, 1).likelihood.sigma_g, 2)
    0.99
    """
    X = as_floats(X, likelihood=GaussianLikelihood(1.0))
    D = X.shape[1]
    latent_dim = whole("latent_dim", latent_dim)
    if latent_dim >= D:
        raise ValueError(f"latent_dim is {latent_dim}, expected 1 … {D - 1} for data with {D} columns")
    b = X.mean(0)
    eigenvalues, U = np.linalg.eigh((X - b).T @ (X - b) / len(X))
    s2 = eigenvalues[: D - latent_dim].mean()
    if not s2 > 1e-12 * eigenvalues[-1]:
        raise ValueError(f"the data lie in {latent_dim} or fewer directions: the likelihood grows without bound as "
                         "sigma_g falls; take a smaller latent_dim")
    top = slice(None, D - latent_dim - 1, -1)
    model = probabilistic_pca(latent_dim, D, sigma_g=math.sqrt(s2))
    model.decoder.layers[0].b[...] = b
    model.decoder.layers[0].W[...] = np.sqrt(np.maximum(eigenvalues[top] - s2, 0))[:, None] * U[:, top].T
    return model
