"""4. Mixture of Gaussians: the lecture's Σ_z, where argmax_q is the posterior."""

from collections.abc import Iterator

import numpy as np

from npvae.inference import VariationalEM, argmax_q, elbo
from npvae.inference.fit_encoder import fit_encoder
from npvae.lab.claims.claim import Claim
from npvae.lab.claims.known_models import random_mixture
from npvae.models import Categorical, LatentVariableModel
from npvae.models.exact import log_marginal
from npvae.models.gaussian_latent import LOG_2PI
from npvae.nn import Affine, chain, quadratic_features


def claims(quick: bool) -> Iterator[Claim]:
    """Exact inference, monotone ascent, and when an encoder is exact."""
    model, X = random_mixture(rows=200)
    value = elbo(model, argmax_q(model, None, X), X)[0]
    yield Claim("argmax_q is the posterior: the ELBO equals log p(x_i)", "greatest deviation of 200 rows", 0.0,
                abs(value - log_marginal(model, X)).max(), 1e-10)
    for name, exact in [("gradient steps", False), ("exact M-step", True)]:
        em = VariationalEM(model, sweeps=60, exact_m_step=exact).fit(X)
        yield Claim(f"the ELBO never falls from sweep to sweep: {name}", "greatest fall in 60 sweeps", 0.0,
                    np.maximum(0.0, -np.diff(em.history["elbo"]).min()), 1e-12)
        yield Claim(f"after the argmax it equals log p(x_i) of the trained model: {name}", "greatest deviation", 0.0,
                    abs(em.elbo(X) - log_marginal(em.model, X)).max(), 1e-10)
    yield linear_encoder(model, X)
    yield from unequal_covariances(quick)


def linear_encoder(model: LatentVariableModel, X: np.ndarray) -> Claim:
    """Shared covariance σ²I: softmax(Wx + c) with w_k = μ_k/σ², c_k = log π_k − ‖μ_k‖²/(2σ²) is exact."""
    means, s2 = model.decode(np.eye(model.latent.dim)), model.likelihood.sigma_g**2
    encoder = Affine((means / s2).T, model.latent.log_weights() - (means**2).sum(1) / (2 * s2))
    value = elbo(model, encoder(X)[0], X)[0]
    return Claim("shared covariance: a linear softmax encoder has no amortization gap", "greatest gap of 200 rows", 0.0,
                 abs(log_marginal(model, X) - value).max(), 1e-10)


class OwnSigma:
    """A Gaussian likelihood whose decoder gives each component its mean and its own log σ: g = [μ_k, log σ_k]."""

    def log_prob(self, x, g):
        """log N(x; μ, σ² I) for x (B, D), g (S, B or 1, D + 1): (S, B), and no gradient for g, which is fixed."""
        D, log_sigma = x.shape[1], g[:, :, -1]
        squares = ((x - g[:, :, :-1]) ** 2).sum(2)
        return -0.5 * squares * np.exp(-2 * log_sigma) - D * (log_sigma + 0.5 * LOG_2PI), lambda d: 0 * g

    def mean(self, g):
        """E[x|z] = μ."""
        return g[:, :-1]


def unequal_covariances(quick: bool) -> Iterator[Claim]:
    """Standard deviations 0.3, 1, 3: a linear encoder is no longer exact, a quadratic one is."""
    rng = np.random.default_rng(0)
    means, sigma = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]]), np.array([0.3, 1.0, 3.0])
    layer = Affine(np.column_stack([means, np.log(sigma)]), np.zeros(3))
    model = LatentVariableModel(Categorical(3), chain(layer), OwnSigma())
    k = rng.integers(3, size=300)
    X = means[k] + sigma[k, None] * rng.standard_normal((300, 2))
    # log π_k − D log σ_k − (‖x‖² − 2 μ_k·x + ‖μ_k‖²)/(2σ_k²), affine in [x_1, x_2, x_1², x_1 x_2, x_2²]
    W = np.concatenate([(means / sigma[:, None] ** 2).T, -0.5 / sigma**2 * np.array([[1.0], [0.0], [1.0]])])
    quadratic = Affine(W, -2 * np.log(sigma) - 0.5 * (means**2).sum(1) / sigma**2)
    log_p = log_marginal(model, X)
    gap = log_p - elbo(model, quadratic(quadratic_features(X)[0])[0], X)[0]
    yield Claim("unequal covariances: a quadratic encoder has no amortization gap", "greatest gap of 300 rows", 0.0,
                abs(gap).max(), 1e-10)
    zero = chain(Affine(np.zeros((2, 3)), np.zeros(3)))
    linear = fit_encoder(model, zero, X, steps=500 if quick else 3000, learning_rate=5e-2)
    gap = (log_p - elbo(model, linear(X)[0], X)[0]).mean()
    yield Claim("and the best linear one keeps a gap", "minus its mean gap", -1e-2, -gap, 0.0, bound=True)
