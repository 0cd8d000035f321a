"""1. The identity: ELBO_i + KL(q_i ‖ p(z|x_i)) = log p(x_i), for any q and θ."""

from collections.abc import Iterator

import numpy as np

from npvae.inference import evaluate, gap_decomposition
from npvae.inference.elbo import elbo
from npvae.lab.claims.claim import Claim
from npvae.lab.claims.known_models import parabola_data, parabola_model, random_mixture, random_ppca, random_rows
from npvae.models import Cubature, GaussHermite, MonteCarlo
from npvae.models.categorical_latent import log_softmax
from npvae.models.climb import climb
from npvae.models.exact import exact_posterior, log_marginal


def claims(quick: bool) -> Iterator[Claim]:
    """The identity in three settings, and what follows: the ELBO is a bound, also as it is reported."""
    yield Claim("ELBO + KL(q‖posterior) = log p(x): mixture", "enumeration, random q, greatest of 50 rows", 0.0,
                mixture_residual(), 1e-10)
    yield Claim("ELBO + KL(q‖posterior) = log p(x): probabilistic PCA", "closed forms, random q, greatest of 50 rows",
                0.0, ppca_residual(), 1e-10)
    yield Claim("ELBO + KL(q‖posterior) = log p(x): nonlinear decoder", "grid of 4001 nodes, random q, 50 rows", 0.0,
                nonlinear_residual(), 1e-10)
    yield Claim("a reported ELBO is below log p(x)", "q fitted to one frozen draw of noise, reported by evaluate", 0.0,
                reported_excess(), 0.0, bound=True)
    yield Claim("log p = ELBO + approximation gap + amortization gap", "gaps of a random q, mixture", 0.0,
                gap_residual(), 1e-10)


def mixture_residual() -> float:
    """Greatest |ELBO + KL − log p| with the posterior by Bayes' rule."""
    model, X = random_mixture()
    q, posterior = random_rows(model.latent, len(X)), exact_posterior(model, X).mean
    log_q = log_softmax(q)
    kl = (np.exp(log_q) * (log_q - np.log(posterior))).sum(1)
    return float(abs(elbo(model, q, X)[0] + kl - log_marginal(model, X)).max())


def ppca_residual() -> float:
    """Greatest |ELBO + KL − log p| with the KL of two Gaussians; cubature makes the ELBO exact."""
    model, X = random_ppca()
    K, q = model.latent.dim, random_rows(model.latent, len(X))
    mean, covariance = exact_posterior(model, X)
    S, precision = np.exp(2 * q[:, K:]), np.linalg.inv(covariance)
    d = q[:, :K] - mean
    # KL(N(μ, S) ‖ N(m, C)) = ½[tr C⁻¹S + (μ − m)ᵀC⁻¹(μ − m) − K + log det C − log det S]
    kl = 0.5 * (np.einsum("bkk,bk->b", precision, S) + np.einsum("bj,bjk,bk->b", d, precision, d) - K
                + np.linalg.slogdet(covariance)[1] - np.log(S).sum(1))
    value = elbo(model, q, X, Cubature()(None, 1, K))[0]
    return float(abs(value + kl - log_marginal(model, X)).max())


def nonlinear_residual() -> float:
    """Greatest |ELBO + KL − log p| with the posterior and the KL on a fine grid."""
    model, X = parabola_model(), parabola_data(50)
    q, z, h = random_rows(model.latent, 50), np.linspace(-12, 12, 4001)[:, None, None], 24 / 4000
    nodes = np.broadcast_to(z, (4001, 50, 1))
    joint = model.log_likelihood(X, nodes)[0] + model.latent.log_prior(nodes)
    log_p = np.log(np.exp(joint - joint.max(0)).sum(0) * h) + joint.max(0)
    log_q = model.latent.log_q(q, nodes)
    kl = (np.exp(log_q) * (log_q - (joint - log_p))).sum(0) * h
    value = elbo(model, q, X, GaussHermite(64)(None, 1, 1))[0]
    return float(abs(value + kl - log_marginal(model, X, 1e-11)).max())


def reported_excess() -> float:
    """How far the reported mean ELBO is above log p(x) when q was fitted to one frozen draw."""
    model, X = parabola_model(), parabola_data(100)
    frozen = MonteCarlo(1)(np.random.default_rng(0), len(X), 1)
    q = climb(lambda q, rows: elbo(model, q, X[rows], frozen._replace(eps=frozen.eps[:, rows])),
              np.zeros((len(X), 2)), most_steps=60)
    return float((evaluate(model, q, X) - log_marginal(model, X)).mean())


def gap_residual() -> float:
    """Greatest |log p − ELBO − the two gaps|, with the exact posterior as the best q."""
    model, X = random_mixture()
    q = random_rows(model.latent, len(X))
    gaps = gap_decomposition(model, q, X)
    kl = log_marginal(model, X) - elbo(model, q, X)[0]
    return float(np.max([abs(gaps.amortization - kl).max(), abs(gaps.approximation).max()]))
