"""Latent families: each turns a row q that describes q(z|x) into weighted nodes, and knows its KL to the prior.

    Gaussian      row [μ, log σ], nodes z = μ + σ ⊙ ε: the gradient flows through the nodes z
    Categorical   row of logits,  nodes z = one-hot k: the gradient flows through the weights w
"""

import copy
import math

import numpy as np

from npvae.arrays import real_array
from npvae.checks import LARGEST, as_generator, truth, whole
from npvae.models.noise import over_nodes

LOG_2PI = math.log(2 * math.pi)


class Gaussian:
    """z ∈ R^K with prior p(z) = N(0, I) and q(z|x) = N(μ, diag σ²), described by the row [μ, log σ] (2K,).

    Parameters
    ----------
    dim : int
        K, the latent dimension.

    Raises
    ------
    ValueError
        If K is not a whole number from 1.

    Examples
    --------
    >>> latent = Gaussian(2)
    >>> kl, back = latent.kl(np.array([[1.0, 0.0, 0.0, 0.0]]))        # μ = (1, 0), σ = (1, 1)
    >>> kl, back(np.ones(1))
    (array([0.5]), array([[1., 0., 0., 0.]]))
    """

    closed_forms = frozenset({"nodes are mu + sigma eps", "standard normal prior", "one prior", "moments", "z in R^K"})

    def __init__(self, dim):
        self.dim = whole("dim of Gaussian", dim, most=LARGEST)
        self.row_size = 2 * self.dim

    def nodes(self, q, noise):
        """z = μ + σ ⊙ ε, the reparameterization trick (Kingma & Welling 2014; Rezende et al. 2014).

        Parameters
        ----------
        q : array (B, 2K)
            Rows [μ, log σ].
        noise : Noise
            eps (S, B or 1, K) and weights (S, 1), drawn outside.

        Returns
        -------
        z (S, B, K), w (S, 1), back : (dz, dw) -> dq (B, 2K)

        Raises
        ------
        ValueError
            Without noise.
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
            dq = np.empty(q.shape, sigma.dtype)             # rows of whole numbers have no whole gradient
            dq[:, :K] = over_nodes(dz)
            dq[:, K:] = over_nodes(dz * eps) * sigma
            return dq

        return z, noise.w, back

    def kl(self, q):
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

    def log_prior(self, z):
        """log p(z) = −½‖z‖² − (K/2) log 2π, nats, for z (…, K)."""
        return -0.5 * np.einsum("...k,...k->...", z, z) - 0.5 * self.dim * LOG_2PI

    def log_q(self, q, z):
        """log q(z|x) = −½‖(z − μ)/σ‖² − Σ_j log σ_j − (K/2) log 2π, nats, for z (S, B, K): (S, B)."""
        mu, log_sigma = q[:, : self.dim], q[:, self.dim:]
        eps = (z - mu) * np.exp(-log_sigma)
        # the density of ε ~ N(0, I), whatever the prior of a subclass
        return -0.5 * np.einsum("...k,...k->...", eps, eps) - 0.5 * self.dim * LOG_2PI - log_sigma.sum(1)

    def sample(self, q, n, rng):
        """n draws z ~ q(z|x) for each row, (n, B, K)."""
        K = self.dim
        eps = as_generator(rng).standard_normal((whole("n", n, most=LARGEST), len(q), K))
        return q[:, :K] + np.exp(q[:, K:]) * eps

    def sample_prior(self, n, rng):
        """n draws z ~ N(0, I), (n, K)."""
        return as_generator(rng).standard_normal((whole("n", n, most=LARGEST), self.dim))

    def prior_row(self):
        """The row that describes the prior: μ = 0, log σ = 0, (2K,)."""
        return np.zeros(self.row_size)

    def starting_rows(self, log_joint, batch, rng, candidates=512):
        """Rows to start a climb from: q narrow around the best of some draws from the prior.

        From the prior itself a climb may end on the wrong one of several hills.

        Parameters
        ----------
        log_joint : callable z (S, K) -> (S, B)
            log p_θ(x, z) of the B data points, nats.
        batch : int
            B.
        rng : numpy.random.Generator
        candidates : int
            Number of draws.

        Returns
        -------
        q : array (B, 2K)
        """
        z = self.sample_prior(candidates, rng)
        best = z[log_joint(z).argmax(0)]                    # (B, K)
        return np.concatenate([best, np.full_like(best, -1.0)], axis=1)

    def mean(self, q):
        """E_q z = μ, (B, K)."""
        return q[:, : self.dim]

    def covariance(self, q):
        """Σ_b Cov_q z = diag(Σ_b σ_b²), summed over the rows, (K, K)."""
        return np.diag(np.exp(2 * q[:, self.dim:]).sum(0))

    def arrays(self):
        """No parameters: the prior is fixed."""
        return {}

    def on(self, parameters, prefix="", gradient=True):
        """Itself, as there is nothing to move."""
        return self

    def __repr__(self):
        return f"Gaussian({self.dim})"


class Categorical:
    """z ∈ {1 … K} as a one-hot row, with prior weights π and q(z|x) = softmax(row), a row of K logits.

    Parameters
    ----------
    components : int
        K.
    weights : array (K,), optional
        The prior π; equal weights without it.
    learn_weights : bool
        Whether π belongs to θ (as in a mixture of Gaussians) or stays as it is.

    Raises
    ------
    ValueError
        If K is not a whole number from 1, or `weights` are not K positive numbers that sum to 1.

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

    def __init__(self, components, weights=None, learn_weights=True):
        self.dim = self.row_size = whole("components of Categorical", components, most=LARGEST)
        weights = np.full(self.dim, 1 / self.dim) if weights is None else real_array("weights", weights)
        if weights.shape != (self.dim,) or not (weights > 0).all() or abs(weights.sum() - 1) > 1e-6:
            raise ValueError(f"Categorical got weights {weights}, expected {self.dim} positive numbers that sum to 1")
        self.learn_weights = truth("learn_weights", learn_weights)
        self.logits = np.log(weights)
        self.dlogits = np.zeros_like(self.logits) if learn_weights else None

    def nodes(self, q, noise):
        """Every one-hot z with weight w_k = q_k: the lecture's exact Σ_z. `noise` is not used.

        Parameters
        ----------
        q : array (B, K)
            Rows of logits.

        Returns
        -------
        z (K, 1, K), w (K, B), back : (dz, dw) -> dq (B, K)
        """
        p = np.exp(log_softmax(q))                          # (B, K)

        def back(dz, dw):
            # w = softmax(logits): ∂/∂logit_k = w_k (dw_k − Σ_j w_j dw_j); the nodes are constants
            dp = np.broadcast_to(dw, p.T.shape).T
            return p * (dp - (p * dp).sum(1, keepdims=True))

        return np.eye(self.dim, dtype=q.dtype)[:, None], p.T, back

    def kl(self, q):
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

    def log_weights(self):
        """log π, (K,) nats."""
        return log_softmax(self.logits[None])[0]

    def log_prior(self, z):
        """log p(z) for one-hot z (…, K), nats."""
        return z @ self.log_weights()

    def log_q(self, q, z):
        """log q(z|x) for one-hot z (S, B or 1, K), nats: (S, B)."""
        return np.where(z == 0, 0, log_softmax(q)).sum(2)

    def sample(self, q, n, rng):
        """n one-hot draws z ~ q(z|x) for each row, (n, B, K)."""
        # the first k whose cumulated probability exceeds a uniform number
        u = as_generator(rng).random((whole("n", n, most=LARGEST), len(q), 1))
        k = (u > np.cumsum(np.exp(log_softmax(q)), axis=1)[:, :-1]).sum(2)
        return np.eye(self.dim)[k]

    def sample_prior(self, n, rng):
        """n one-hot draws z ~ π, (n, K)."""
        return self.sample(self.prior_row()[None], n, rng)[:, 0]

    def prior_row(self):
        """The row that describes the prior: its logits, (K,)."""
        return self.log_weights()

    def starting_rows(self, log_joint, batch, rng):
        """Rows to start a climb from, (B, K): the prior, whatever log p_θ(x, z) is."""
        return np.tile(self.prior_row(), (batch, 1))

    def mean(self, q):
        """E_q z, the probabilities (B, K)."""
        return np.exp(log_softmax(q))

    def covariance(self, q):
        """Σ_b Cov_q z = Σ_b diag(q_b) − q_b q_bᵀ, summed over the rows, (K, K)."""
        p = self.mean(q)
        return np.diag(p.sum(0)) - p.T @ p

    def arrays(self):
        """The prior's logits, if they are learned."""
        return {"logits": self.logits} if self.learn_weights else {}

    def on(self, parameters, prefix="", gradient=True):
        """The same family with its logits in `parameters`; without `gradient` they are held fixed."""
        twin = copy.copy(self)
        twin.logits = self.logits.astype(parameters.value.dtype)
        if self.learn_weights:
            twin.logits = parameters[prefix + "logits"]
            twin.dlogits = parameters.gradient(prefix + "logits") if gradient else None
        return twin

    def __repr__(self):
        return f"Categorical({self.dim})"


def log_softmax(a):
    """log softmax along axis 1, without overflow: a − log Σ_k e^{a_k}."""
    a = a - a.real.max(1, keepdims=True)
    return a - np.log(np.exp(a).sum(1, keepdims=True))
