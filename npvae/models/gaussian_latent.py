"""The latent family whose gradient flows through the nodes: row [μ, log σ], nodes z = μ + σ ⊙ ε."""

import math
from collections.abc import Callable

import numpy as np

from npvae.checks import LARGEST, as_generator, whole
from npvae.models.noise import Noise

LOG_2PI = math.log(2 * math.pi)


class Gaussian:
    """z ∈ R^K with prior p(z) = N(0, I) and q(z|x) = N(μ, diag σ²), described by the row [μ, log σ] (2K,).

    Parameters
    ----------
    dim
        K, the latent dimension; a ValueError if it is not a whole number from 1.

    Examples
    --------
    >>> latent = Gaussian(2)
    >>> kl, back = latent.kl(np.array([[1.0, 0.0, 0.0, 0.0]]))        # μ = (1, 0), σ = (1, 1)
    >>> kl, back(np.ones(1))
    (array([0.5]), array([[1., 0., 0., 0.]]))
    """

    closed_forms = frozenset({"nodes are mu + sigma eps", "standard normal prior", "one prior", "moments", "z in R^K"})

    def __init__(self, dim: int):
        self.dim = whole("dim of Gaussian", dim, most=LARGEST)
        self.row_size = 2 * self.dim

    def nodes(self, q: np.ndarray, noise: Noise) -> tuple[np.ndarray, np.ndarray, Callable]:
        """z = μ + σ ⊙ ε, the reparameterization trick (Kingma & Welling 2014; Rezende et al. 2014).

        Parameters
        ----------
        q : array (B, 2K)
            Rows [μ, log σ].
        noise
            eps (S, B or 1, K) and weights (S, 1), drawn outside; a ValueError without it.

        Returns
        -------
        z (S, B, K), w (S, 1), back : (dz, dw) -> dq (B, 2K)
        """
        if not hasattr(noise, "eps"):
            got = "" if noise is None else f" in place of {noise!r}"
            raise ValueError(f"a Gaussian latent needs noise{got}, e.g. MonteCarlo()(rng, batch=len(q), dim=K)")
        K, eps = self.dim, noise.eps
        sigma = np.exp(q[:, K:])                            # (B, K)
        # z = μ + σ ⊙ ε
        z = sigma * eps                                     # (S, B, K)
        z += q[:, :K]

        def back(dz, dw):
            # ∂/∂μ = Σ_s dz_s,  ∂/∂log σ = Σ_s dz_s ⊙ ε_s ⊙ σ; the weights are constants
            dq = np.concatenate([dz, dz * eps], axis=2).sum(0)
            dq[:, K:] *= sigma
            return dq

        return z, noise.w, back

    def kl(self, q: np.ndarray) -> tuple[np.ndarray, Callable]:
        """KL(N(μ, σ²) ‖ N(0, I)) = ½ Σ_j (σ_j² + μ_j² − 1 − log σ_j²), (B,) nats, and its backward pass."""
        K = self.dim
        mu, log_sigma = q[:, :K].copy(), q[:, K:].copy()    # (B, K), faster to compute with than columns of q
        sigma2 = np.exp(2 * log_sigma)
        kl = (0.5 * (sigma2 + mu * mu) - log_sigma).sum(1) - 0.5 * K

        def back(dkl):                                      # (B,)
            # ∂/∂μ = μ,  ∂/∂log σ = σ² − 1
            dq = np.concatenate([mu, sigma2 - 1], axis=1)
            dq *= dkl[:, None]
            return dq

        return kl, back

    def log_prior(self, z: np.ndarray) -> np.ndarray:
        """log p(z) = −½‖z‖² − (K/2) log 2π, nats, for z (…, K)."""
        return -0.5 * np.einsum("...k,...k->...", z, z) - 0.5 * self.dim * LOG_2PI

    def log_q(self, q: np.ndarray, z: np.ndarray) -> np.ndarray:
        """log q(z|x) = −½‖(z − μ)/σ‖² − Σ_j log σ_j − (K/2) log 2π, nats, for z (S, B, K): (S, B)."""
        mu, log_sigma = q[:, : self.dim], q[:, self.dim:]
        eps = (z - mu) * np.exp(-log_sigma)
        # the density of ε ~ N(0, I), whatever the prior of a subclass
        return -0.5 * np.einsum("...k,...k->...", eps, eps) - 0.5 * self.dim * LOG_2PI - log_sigma.sum(1)

    def sample(self, q: np.ndarray, n: int, rng: np.random.Generator | int) -> np.ndarray:
        """n draws z ~ q(z|x) for each row, (n, B, K)."""
        n, rng = whole("n", n, most=LARGEST), as_generator(rng)
        return q[:, : self.dim] + np.exp(q[:, self.dim:]) * rng.standard_normal((n, len(q), self.dim))

    def sample_prior(self, n: int, rng: np.random.Generator | int) -> np.ndarray:
        """n draws z ~ N(0, I), (n, K)."""
        return as_generator(rng).standard_normal((whole("n", n, most=LARGEST), self.dim))

    def prior_row(self) -> np.ndarray:
        """The row that describes the prior: μ = 0, log σ = 0, (2K,)."""
        return np.zeros(self.row_size)

    def starting_rows(self, log_joint: Callable, batch: int, rng: np.random.Generator, candidates: int = 512
                      ) -> np.ndarray:
        """Rows (B, 2K) to start a climb from: q narrow around the best of some draws from the prior.

        From the prior itself a climb may end on the wrong one of several hills. `log_joint` is z (S, K) -> (S, B),
        log p_θ(x, z) of the B data points, nats.
        """
        z = self.sample_prior(candidates, rng)
        best = z[log_joint(z).argmax(0)]                    # (B, K)
        return np.concatenate([best, np.full_like(best, -1.0)], axis=1)

    def mean(self, q: np.ndarray) -> np.ndarray:
        """E_q z = μ, (B, K)."""
        return q[:, : self.dim]

    def covariance(self, q: np.ndarray) -> np.ndarray:
        """Σ_b Cov_q z = diag(Σ_b σ_b²), summed over the rows, (K, K)."""
        return np.diag(np.exp(2 * q[:, self.dim:]).sum(0))

    def arrays(self) -> dict[str, np.ndarray]:
        """No parameters: the prior is fixed."""
        return {}

    def on(self, parameters, prefix: str = "", gradient: bool = True) -> "Gaussian":
        """Itself, as there is nothing to move."""
        return self

    def __repr__(self):
        return f"Gaussian({self.dim})"
