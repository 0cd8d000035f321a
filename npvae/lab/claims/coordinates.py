"""13. What is seen of a VAE's code: KL, active units, aggregate posterior; probabilistic PCA knows them all."""

from collections.abc import Iterator

import numpy as np

from npvae.autoencoders import VAE
from npvae.autoencoders.coordinates import ACTIVE, aggregate_covariance, kl_by_coordinate, variance_of_means
from npvae.datasets import linear_gaussian
from npvae.inference import argmax_q
from npvae.lab.claims.claim import Claim
from npvae.models.affine import maximum_likelihood_ppca


def claims(quick: bool) -> Iterator[Claim]:
    """At the optimum of θ, then of a VAE with affine networks at a fixed σ_g."""
    X = linear_gaussian(400, 0, data_dim=6, latent_dim=2, sigma_g=0.5).train
    eigenvalues = np.linalg.eigvalsh(np.cov(X.T, bias=True))[::-1]
    yield from at_the_optimum(X, eigenvalues)
    yield from an_affine_vae(X, eigenvalues)


def at_the_optimum(X: np.ndarray, eigenvalues: np.ndarray) -> Iterator[Claim]:
    """The best rows at the maximum of the likelihood, K = 2."""
    mle = maximum_likelihood_ppca(X, 2)
    q, top, s2 = argmax_q(mle, None, X), eigenvalues[:2], eigenvalues[2:].mean()
    yield Claim("coordinate j has KL ½ log(λ_j/s²)", "mean over x, greatest deviation of 2", 0.0,
                abs(kl_by_coordinate(q).mean(0) - 0.5 * np.log(top / s2)).max(), 1e-10)
    yield Claim("coordinate j has Var_x E[z_j|x] = 1 − s²/λ_j", "greatest deviation of 2", 0.0,
                abs(variance_of_means(q) - (1 - s2 / top)).max(), 1e-10)
    yield Claim("the aggregate posterior has the prior's covariance", "greatest deviation of an entry", 0.0,
                abs(aggregate_covariance(q) - np.eye(2)).max(), 1e-10)


def an_affine_vae(X: np.ndarray, eigenvalues: np.ndarray) -> Iterator[Claim]:
    """At a σ_g² between the eigenvalues λ_2 and λ_3 two of four coordinates live, with KL ½ log(λ_j/σ_g²)."""
    s2 = float(np.sqrt(eigenvalues[1] * eigenvalues[2]))
    vae = VAE(latent_dim=4, hidden=(), sigma_g=s2**0.5, sweeps=150, learning_rate=2e-2, samples=4).fit(X)
    # 1 − s²/λ is above Burda's 0.01 where λ is above s²/0.99
    above = int((1 - s2 / eigenvalues > ACTIVE).sum())
    yield Claim("active units: as many as eigenvalues above σ_g²", "affine VAE, K = 4", above,
                vae.active_units(X).sum(), 0.0)
    yield Claim("and Σ_j KL_j = ½ Σ log(λ_j/σ_g²) over them", "affine VAE, mean over x",
                0.5 * np.log(eigenvalues[:above] / s2).sum(), vae.kl(X).sum(1).mean(), 3e-2)
    terms = vae.history_["elbo"] - (vae.history_["reconstruction"] - vae.history_["kl"])
    yield Claim("history: elbo = reconstruction − kl", "greatest deviation of 150 sweeps", 0.0, abs(terms).max(), 1e-9)
    # log p(x|z) is quadratic in z: the draws of the last report average out
    yield Claim("history's elbo comes to the ELBO of the trained model", "last of 150 sweeps", vae.score(X),
                vae.history_["elbo"][-1], 0.1)
