"""11. Counts, absolute errors, missing numbers: evidence beside sums, integrals and closed forms of one's own."""

import math
from collections.abc import Iterator

import numpy as np

from npvae.inference import argmax_q, evaluate
from npvae.lab.claims.claim import Claim
from npvae.models import (
    FullGaussian,
    Gaussian,
    GaussianLikelihood,
    LaplaceLikelihood,
    LatentVariableModel,
    PoissonLikelihood,
    SeenPixelsLikelihood,
)
from npvae.models.exact import log_marginal
from npvae.nn import Affine, chain


def claims(quick: bool) -> Iterator[Claim]:
    """Poisson, Laplace, and the part of x that was seen."""
    yield from counts()
    yield from absolute_errors()
    yield from missing_numbers()


def affine_model(W, b, likelihood, latent=Gaussian) -> LatentVariableModel:
    """x from g(z) = zW + b and a likelihood."""
    W = np.array(W, float)
    return LatentVariableModel(latent(len(W)), chain(Affine(W, np.array(b, float))), likelihood)


def counts() -> Iterator[Claim]:
    """Poisson with log rates zW + b: the integral by brute force, all counts, and their mean."""
    W, b = np.array([[0.6, -0.4, 0.3]]), np.array([1.0, 0.5, -0.5])
    model = affine_model(W, b, PoissonLikelihood())
    X = model.sample(20, np.random.default_rng(0))[0]
    z, h = np.linspace(-12, 12, 200_001)[:, None], 24 / 200_000
    g, factorials = z @ W + b, np.array([[math.lgamma(n + 1) for n in x] for x in X])
    log_p = []
    for x, f in zip(X, factorials, strict=True):
        # log N(z; 0, 1) + Σ_d x_d g_d − e^{g_d} − log x_d!
        joint = -0.5 * z[:, 0] ** 2 - 0.5 * np.log(2 * np.pi) + (x * g - np.exp(g) - f).sum(1)
        log_p.append(np.log(np.exp(joint - joint.max()).sum() * h) + joint.max())
    yield Claim("Poisson: log p(x) by brute force", "200,001 nodes, K = 1, greatest deviation of 20 rows", 0.0,
                abs(log_marginal(model, X, 1e-9) - log_p).max(), 1e-9)
    n, a = np.arange(400.0)[:, None], 0.5
    p = np.exp(log_marginal(affine_model([[a]], [1.0], PoissonLikelihood()), n, 1e-9))
    yield Claim("Poisson: the probabilities of all counts add to 1", "counts 0 to 399 of one column", 1.0, p.sum(),
                1e-8)
    # E x = E_z e^{b + az}, a log-normal's mean
    yield Claim("Poisson: their mean is e^{b + a²/2}", "counts 0 to 399 of one column", math.exp(1 + a**2 / 2),
                (n[:, 0] * p).sum(), 1e-7)


def absolute_errors() -> Iterator[Claim]:
    """Laplace noise on a normal: the normal-Laplace density (Reed & Jorgensen 2004), and the best width."""
    s, b, x = 0.8, 0.5, np.linspace(-4, 4, 15)

    def half(x):
        # e^{x/b} Φ(−x/s − s/b)
        return math.exp(x / b) * 0.5 * math.erfc((x / s + s / b) / math.sqrt(2))

    closed = np.log([math.exp(s**2 / (2 * b**2)) / (2 * b) * (half(t) + half(-t)) for t in x])
    model = affine_model([[s]], [0.0], LaplaceLikelihood(b))
    yield Claim("Laplace: log p(x) of x = sz + Laplace(b), the normal-Laplace density", "15 points, greatest deviation",
                0.0, abs(log_marginal(model, x[:, None], 1e-8) - closed).max(), 1e-7)
    rng = np.random.default_rng(0)
    X, g = rng.laplace(0, b, (500, 3)), np.zeros((1, 1, 3))
    best = abs(X).mean()

    def mean_log_prob(b):
        return LaplaceLikelihood(b).log_prob(X, g)[0].mean()

    around = np.max([mean_log_prob(best * f) for f in (0.9, 0.99, 1.01, 1.1)])
    yield Claim("Laplace: the best b is E|x − x̂|", "four others around it are not better", mean_log_prob(best), around,
                0.0, bound=True)
    yield Claim("Laplace: at the best b, −E log p = D (1 + log 2b)", "500 rows, D = 3", -3 * (1 + math.log(2 * best)),
                mean_log_prob(best), 1e-12)


def missing_numbers() -> Iterator[Claim]:
    """Probabilistic PCA with NaN: what was seen of x is normal, too, with the rows and columns that were seen."""
    rng, s = np.random.default_rng(0), 0.6
    W, b = rng.standard_normal((2, 5)), rng.standard_normal(5)
    X = affine_model(W, b, GaussianLikelihood(s)).sample(6, rng)[0]
    X[rng.random(X.shape) < 0.4] = np.nan
    X[0] = np.nan
    model = affine_model(W, b, SeenPixelsLikelihood(s), FullGaussian)
    log_p, mean = np.array([seen_part(W, b, s, x) for x in X], dtype=object).T
    log_p, mean = log_p.astype(float), np.stack(mean)
    found = log_marginal(model, X, 1e-7)
    yield Claim("missing numbers: log p(seen) = log N(x_s; b_s, W_sᵀW_s + σ_g²I)",
                "K = 2, greatest deviation of 6 rows", 0.0, abs(found - log_p).max(), 1e-7)
    yield Claim("missing numbers: where nothing was seen log p = 0", "a row of NaN", 0.0, found[0], 1e-7)
    q = argmax_q(model, None, X, tolerance=1e-10)
    yield Claim("missing numbers: the best full q leaves no gap", "a climb, greatest gap of a row", 0.0,
                abs(log_p - evaluate(model, q, X)).max(), 1e-6)
    # no posterior is wider than the prior, so a gap of 1e-6 allows ½‖Δμ‖² ≤ 1e-6
    yield Claim("missing numbers: and has the mean that the seen columns give", "a climb, greatest deviation", 0.0,
                abs(q[:, :2] - mean).max(), 1.5e-3)


def seen_part(W: np.ndarray, b: np.ndarray, s: float, x: np.ndarray) -> tuple[float, np.ndarray]:
    """log N(x_s; b_s, W_sᵀW_s + s²I) of the numbers that are not NaN, and the posterior's mean (K,)."""
    seen = ~np.isnan(x)
    W, d = W[:, seen], (x - b)[seen]
    C = W.T @ W + s**2 * np.eye(len(d))
    log_p = -0.5 * (d @ np.linalg.solve(C, d) + np.linalg.slogdet(C)[1] + len(d) * np.log(2 * np.pi))
    return float(log_p), W @ np.linalg.solve(C, d)
