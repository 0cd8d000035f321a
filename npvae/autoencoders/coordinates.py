"""Which coordinates of a code live: their KL, the active units, and the aggregate posterior beside the prior."""

import numpy as np

COLLAPSED = 0.01    # nats, mean over x: a coordinate with less says nothing of x
ACTIVE = 0.01       # of Var_x E[z|x], as Burda et al. have it


def kl_by_coordinate(q: np.ndarray) -> np.ndarray:
    """KL(q(z_k|x) ‖ N(0, 1)) of rows q = [μ, log σ] (B, 2K): (B, K) nats.

    Examples
    --------
    >>> kl_by_coordinate(np.array([[1.0, 0.0, 0.0, 0.0]]))
    array([[0.5, 0. ]])
    """
    mu, log_sigma = np.split(q, 2, axis=1)                  # (B, K)
    # ½ (σ² + μ² − 1 − log σ²)
    return 0.5 * (np.exp(2 * log_sigma) + mu**2 - 1) - log_sigma


def variance_of_means(q: np.ndarray) -> np.ndarray:
    """Var_x(E[z_k|x]) over rows q = [μ, log σ] (B, 2K): (K,), from 0 to about 1."""
    return np.split(q, 2, axis=1)[0].var(axis=0)


def aggregate_covariance(q: np.ndarray) -> np.ndarray:
    """The covariance (K, K) of the mixture of all rows q = [μ, log σ] (B, 2K)."""
    mu, log_sigma = np.split(q, 2, axis=1)
    centred = mu - mu.mean(axis=0)
    # Cov z = Cov_x(E[z|x]) + E_x(Cov[z|x])
    return centred.T @ centred / len(q) + np.diag(np.exp(2 * log_sigma).mean(axis=0))
