"""A latent family whose gradient flows through the weights: row of logits, nodes z = one-hot k with w = q_k."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from npvae.arrays import real_array
from npvae.checks import LARGEST, as_generator, truth, whole
from npvae.models.learned_parts import LearnedPart


class Categorical(LearnedPart):
    """z ∈ {1 … K} as a one-hot row, with prior weights π and q(z|x) = softmax(row), a row of K logits.

    Parameters
    ----------
    components
        K.
    weights : array (K,), optional
        The prior π, positive numbers that sum to 1; equal weights without it.
    learn_weights
        Whether π belongs to θ (as in a mixture of Gaussians) or stays as it is.

    Examples
    --------
    >>> latent = Categorical(3)
    >>> z, w, back = latent.nodes(np.zeros((1, 3)), None)             # the lecture's Σ_z: every z, weighted by q
    >>> z[:, 0], w.ravel().round(3)
    (array([[1., 0., 0.],
           [0., 1., 0.],
           [0., 0., 1.]]), array([0.333, 0.333, 0.333]))
    """

    closed_forms = frozenset({"nodes are all z", "prior weights pi", "one prior", "moments"})
    array = "logits"

    def __init__(self, components: int, weights: ArrayLike | None = None, learn_weights: bool = True):
        self.dim = self.row_size = whole("components of Categorical", components, most=LARGEST)
        weights = np.full(self.dim, 1 / self.dim) if weights is None else real_array("weights", weights)
        if weights.shape != (self.dim,) or not (weights > 0).all() or abs(weights.sum() - 1) > 1e-6:
            raise ValueError(f"Categorical got weights {weights}, expected {self.dim} positive numbers that sum to 1")
        self.learn = self.learn_weights = truth("learn_weights", learn_weights)
        self.logits = np.log(weights)
        self.dlogits = np.zeros_like(self.logits) if learn_weights else None

    def nodes(self, q: np.ndarray, noise=None) -> tuple[np.ndarray, np.ndarray, Callable]:
        """Every one-hot z with weight w_k = q_k, for rows of logits q (B, K): the lecture's exact Σ_z.

        Returns z (K, 1, K), w (K, B), back : (dz, dw) -> dq (B, K). `noise` is not used.
        """
        p = np.exp(log_softmax(q))                          # (B, K)

        def back(dz, dw):
            # w = softmax(logits): ∂/∂logit_k = w_k (dw_k − Σ_j w_j dw_j); the nodes are constants
            dp = np.broadcast_to(dw, p.T.shape).T
            return p * (dp - (p * dp).sum(1, keepdims=True))

        return np.eye(self.dim, dtype=q.dtype)[:, None], p.T, back

    def kl(self, q: np.ndarray) -> tuple[np.ndarray, Callable]:
        """KL(q ‖ π) = Σ_k q_k (log q_k − log π_k), (B,) nats, and its backward pass."""
        log_pi = self.log_weights()
        log_p = log_softmax(q)
        p = np.exp(log_p)
        # 0 log 0 = 0
        ratio = np.where(p == 0, 0, log_p - log_pi)
        kl = (p * ratio).sum(1)

        def back(dkl):                                      # (B,)
            if self.dlogits is not None:
                # −∂/∂logit π = Σ_b dkl_b (q_b − π)
                np.negative((dkl[:, None] * (p - np.exp(log_pi))).sum(0), out=self.dlogits)
            # ∂/∂logit_k = q_k (log q_k/π_k − KL)
            return dkl[:, None] * p * (ratio - kl[:, None])

        return kl, back

    def log_weights(self) -> np.ndarray:
        """log π, (K,) nats."""
        return log_softmax(self.logits[None])[0]

    def log_prior(self, z: np.ndarray) -> np.ndarray:
        """log p(z) for one-hot z (…, K), nats."""
        return z @ self.log_weights()

    def log_q(self, q: np.ndarray, z: np.ndarray) -> np.ndarray:
        """log q(z|x) for one-hot z (S, B or 1, K), nats: (S, B)."""
        return np.where(z == 0, 0, log_softmax(q)).sum(2)

    def sample(self, q: np.ndarray, n: int, rng: np.random.Generator | int) -> np.ndarray:
        """n one-hot draws z ~ q(z|x) for each row, (n, B, K)."""
        n, rng = whole("n", n, most=LARGEST), as_generator(rng)
        # the first k whose cumulated probability exceeds a uniform number
        u = rng.random((n, len(q), 1))
        k = (u > np.cumsum(np.exp(log_softmax(q)), axis=1)[:, :-1]).sum(2)
        return np.eye(self.dim)[k]

    def sample_prior(self, n: int, rng: np.random.Generator | int) -> np.ndarray:
        """n one-hot draws z ~ π, (n, K)."""
        return self.sample(self.prior_row()[None], n, rng)[:, 0]

    def prior_row(self) -> np.ndarray:
        """The row that describes the prior: its logits, (K,)."""
        return self.log_weights()

    def starting_rows(self, log_joint: Callable, batch: int, rng: np.random.Generator) -> np.ndarray:
        """Rows to start a climb from, (B, K): the prior, whatever log p_θ(x, z) is."""
        return np.tile(self.prior_row(), (batch, 1))

    def mean(self, q: np.ndarray) -> np.ndarray:
        """E_q z, the probabilities (B, K)."""
        return np.exp(log_softmax(q))

    def covariance(self, q: np.ndarray) -> np.ndarray:
        """Σ_b Cov_q z = Σ_b diag(q_b) − q_b q_bᵀ, summed over the rows, (K, K)."""
        p = self.mean(q)
        return np.diag(p.sum(0)) - p.T @ p

    def __repr__(self):
        return f"Categorical({self.dim})"


def log_softmax(a: np.ndarray) -> np.ndarray:
    """log softmax along the last axis, without overflow: a − log Σ_k e^{a_k}."""
    a = a - a.real.max(-1, keepdims=True)
    return a - np.log(np.exp(a).sum(-1, keepdims=True))
