"""Probabilistic PCA in closed form, term by term: what an ELBO with a mistake in it would be."""

import numpy as np

from npvae.models import affine

LOG_2PI = np.log(2 * np.pi)


class LinearGaussian:
    """The terms of the ELBO of x = zW + b + σ_g ε at rows q = [μ, log σ]; each method gives (B,) nats.

    Parameters
    ----------
    model : LatentVariableModel
    q : array (B, 2K)
    X : array (B, D)
    """

    def __init__(self, model, q, X):
        self.W, self.b = affine.affine_map(model)
        self.model, self.s, self.X = model, model.likelihood.sigma_g, X
        self.mu, log_sigma = np.split(q, 2, axis=1)
        self.sigma, (self.B, self.D), self.K = np.exp(log_sigma), X.shape, self.mu.shape[1]

    def squares(self, x=None):
        """‖x − g(μ)‖²."""
        return (((self.X if x is None else x) - self.b - self.mu @ self.W) ** 2).sum(1)

    def spread(self, variance):
        """E‖g(z) − g(μ)‖² for z ~ N(μ, diag variance): Σ_j variance_j ‖w_j‖²."""
        return variance @ (self.W**2).sum(1)

    def log_px(self, variance=None, x=None):
        """E log p(x|z) = −(D/2) log 2π − D log σ_g − E‖x − g(z)‖²/(2σ_g²)."""
        error = self.squares(x) + self.spread(self.sigma**2 if variance is None else variance)
        return -self.D * (0.5 * LOG_2PI + np.log(self.s)) - error / (2 * self.s**2)

    def kl(self, variance=None):
        """KL(N(μ, variance) ‖ N(0, I)) = ½ Σ_j (variance_j + μ_j² − 1 − log variance_j)."""
        variance = self.sigma**2 if variance is None else variance
        return 0.5 * (variance + self.mu**2 - 1 - np.log(variance)).sum(1)

    def kl_to_posterior(self):
        """KL(q ‖ p(z|x)) = ½ [tr PΣ + (m − μ)ᵀP(m − μ) − K − log det P − log det Σ]."""
        m, covariance = affine.posterior(self.model, self.X)
        P = np.linalg.inv(covariance)
        quadratic = np.einsum("bj,jk,bk->b", m - self.mu, P, m - self.mu)
        return (0.5 * (self.sigma**2 @ np.diag(P) + quadratic - self.K - np.linalg.slogdet(P)[1])
                - np.log(self.sigma).sum(1))
