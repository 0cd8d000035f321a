"""The latent family with all covariances: row [μ, Cholesky factor with log-diagonal], nodes z = μ + L ε."""

from collections.abc import Callable

import numpy as np

from npvae.checks import LARGEST, as_generator, shown, whole
from npvae.models.gaussian_latent import LOG_2PI, Gaussian
from npvae.models.noise import Noise


class FullGaussian(Gaussian):
    """z ∈ R^K with prior p(z) = N(0, I) and q(z|x) = N(μ, L Lᵀ), L lower triangular with a positive diagonal.

    The row is [μ (K), log of L's diagonal (K), the rest of L row by row (K(K−1)/2)]; with zeros for the rest it is
    `Gaussian`'s. With an affine decoder and Gaussian noise the best q is the posterior: the approximation gap is 0.

    Parameters
    ----------
    dim
        As in `Gaussian`.

    Examples
    --------
    >>> latent = FullGaussian(2)
    >>> latent.factor(np.array([[0.0, 0.0, 0.0, 0.0, 0.5]]))
    array([[[1. , 0. ],
            [0.5, 1. ]]])
    """

    closed_forms = frozenset({"nodes are mu + L eps", "standard normal prior", "one prior", "moments",
                              "z in R^K"})

    def __init__(self, dim: int):
        super().__init__(dim)
        self.row_size = 2 * self.dim + self.dim * (self.dim - 1) // 2
        self._below = np.tril_indices(self.dim, -1)

    def factor(self, q: np.ndarray) -> np.ndarray:
        """L (B, K, K) of rows q (B, R)."""
        K = self.dim
        L = np.zeros((len(q), K, K), q.dtype)
        L[:, range(K), range(K)] = np.exp(q[:, K:2 * K])
        L[:, self._below[0], self._below[1]] = q[:, 2 * K:]
        return L

    def nodes(self, q: np.ndarray, noise: Noise) -> tuple[np.ndarray, np.ndarray, Callable]:
        """z = μ + L ε for rows q (B, R) and noise with eps (S, B or 1, K) and weights (S, 1), drawn outside.

        Returns z (S, B, K), w (S, 1), back : (dz, dw) -> dq (B, R); a ValueError without noise.
        """
        if not hasattr(noise, "eps"):
            got = "" if noise is None else f" in place of {noise!r}"
            raise ValueError(f"a FullGaussian latent needs noise{got}, e.g. MonteCarlo()(rng, batch=len(q), dim=K)")
        L, eps = self.factor(q), noise.eps
        # z = μ + L ε
        z = q[:, :self.dim] + (L @ eps[..., None])[..., 0]  # (S, B, K)

        def back(dz, dw):
            # ∂/∂μ = Σ_s dz_s,  ∂/∂L = Σ_s dz_s ε_sᵀ; the weights are constants
            dL = np.einsum("sbi,sbj->bij", dz, np.broadcast_to(eps, dz.shape))
            return self._row(dz.sum(0), _diagonal(dL) * _diagonal(L), dL)

        return z, noise.w, back

    def kl(self, q: np.ndarray) -> tuple[np.ndarray, Callable]:
        """KL(N(μ, LLᵀ) ‖ N(0, I)) = ½ (‖L‖² + ‖μ‖² − K) − Σ_j log L_jj, (B,) nats, and its backward pass."""
        K, L, mu = self.dim, self.factor(q), q[:, :self.dim]
        kl = 0.5 * ((L * L).sum((1, 2)) + (mu * mu).sum(1) - K) - q[:, K:2 * K].sum(1)

        def back(dkl):                                      # (B,)
            # ∂/∂μ = μ,  ∂/∂log L_jj = L_jj² − 1,  ∂/∂L_ij = L_ij below the diagonal
            return dkl[:, None] * self._row(mu, _diagonal(L) ** 2 - 1, L)

        return kl, back

    def log_q(self, q: np.ndarray, z: np.ndarray) -> np.ndarray:
        """log q(z|x) = −½‖L⁻¹(z − μ)‖² − Σ_j log L_jj − (K/2) log 2π, nats, for z (S, B, K): (S, B)."""
        K = self.dim
        eps = np.linalg.solve(self.factor(q), (z - q[:, :K])[..., None])[..., 0]
        return -0.5 * (eps * eps).sum(2) - q[:, K:2 * K].sum(1) - 0.5 * K * LOG_2PI

    def sample(self, q: np.ndarray, n: int, rng: np.random.Generator | int) -> np.ndarray:
        """n draws z ~ q(z|x) for each row, (n, B, K)."""
        n, rng = whole("n", n, most=LARGEST), as_generator(rng)
        eps = rng.standard_normal((n, len(q), self.dim))
        return q[:, :self.dim] + (self.factor(q) @ eps[..., None])[..., 0]

    def starting_rows(self, log_joint: Callable, batch: int, rng: np.random.Generator, candidates: int = 512
                      ) -> np.ndarray:
        """Rows (B, R) to start a climb from: those of `Gaussian`, without correlations."""
        rows = super().starting_rows(log_joint, batch, rng, candidates)
        return np.concatenate([rows, np.zeros((batch, self.row_size - 2 * self.dim))], axis=1)

    def covariance(self, q: np.ndarray) -> np.ndarray:
        """Σ_b Cov_q z = Σ_b L_b L_bᵀ, summed over the rows, (K, K)."""
        L = self.factor(q)
        return np.einsum("bij,bkj->ik", L, L)

    def row_of(self, mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
        """The rows (B, R) of N(mean, covariance) for means (B, K) and a covariance (K, K) or (B, K, K)."""
        try:
            L = np.broadcast_to(np.linalg.cholesky(covariance), (*mean.shape, self.dim))
        except np.linalg.LinAlgError:
            raise ValueError(f"covariance is {shown(covariance)}, expected a positive definite matrix") from None
        return self._row(mean, np.log(_diagonal(L)), L)

    def _row(self, mean, diagonal, L):
        return np.concatenate([mean, diagonal, L[:, self._below[0], self._below[1]]], axis=1)

    def __repr__(self):
        return f"FullGaussian({self.dim})"


def _diagonal(L):
    return np.einsum("bii->bi", L)
