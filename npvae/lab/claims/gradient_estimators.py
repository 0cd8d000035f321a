"""7. Pathwise against score function: unbiased both, and how far their variances are apart."""

from collections.abc import Iterator

import numpy as np

from npvae.inference.argmax_q import argmax_q
from npvae.inference.elbo_gradients import sticking_the_landing
from npvae.inference.estimator_variance import unbiasedness_test, variance_against_dimension
from npvae.inference.gradient_estimators import pathwise, score_function, squared_norm
from npvae.lab.claims.claim import Claim
from npvae.lab.claims.known_models import random_ppca
from npvae.models import Gaussian, MonteCarlo

RATIOS = {1: (4, 15, 10, 6), 100: (4, 10608, 208, 204)}
NAMES = ("pathwise", "no baseline", "mean baseline", "optimal baseline")


def claims(quick: bool) -> Iterator[Claim]:
    """Variances, unbiasedness, and the estimator that lands."""
    vectors = 200_000 if quick else 2_000_000
    for K, closed in RATIOS.items():
        records = variance_against_dimension([K], np.random.default_rng(0), vectors=vectors)
        measured = {record["estimator"]: record["measured"] for record in records}
        for name, expected in zip(NAMES, closed, strict=True):
            yield Claim(f"variance of ∂/∂μ_j E‖z‖², K = {K}: {name}", f"simulated, as a ratio to {expected}", 1.0,
                        measured[name] / expected, 0.06 if quick else 0.03)
    yield from unbiased(4000 if quick else 20_000)
    yield landing()


def unbiased(draws: int) -> Iterator[Claim]:
    """Both estimators against the exact gradient ∂/∂μ = 2μ, ∂/∂log σ = 2σ², and a planted bias that must be seen."""
    latent, rng = Gaussian(3), np.random.default_rng(1)
    q = 0.3 * rng.standard_normal((1, 6))
    exact = np.concatenate([2 * q[0, :3], 2 * np.exp(2 * q[0, 3:])])
    z = latent.sample(q, draws, rng)
    for name, gradients in [("pathwise", pathwise(latent, q, squared_norm, MonteCarlo(draws)(rng, 1, 3))),
                            ("score function", score_function(latent, q, squared_norm, z))]:
        found = unbiasedness_test(gradients[:, 0], exact)
        yield Claim(f"the {name} gradient is unbiased", "greatest |z| of 6 coordinates, Bonferroni at 1e-6",
                    found["threshold"], found["z"], 0.0, bound=True)
    biased = unbiasedness_test(pathwise(latent, q, squared_norm, MonteCarlo(draws)(rng, 1, 3))[:, 0], 1.1 * exact)
    yield Claim("and the test sees a planted bias of 10 %", "minus the greatest |z|", -biased["threshold"],
                -biased["z"], 0.0, bound=True)


def landing() -> Claim:
    """Sticking the landing at the exact posterior of an aligned linear model."""
    model, X = random_ppca()
    layer = model.decoder.layers[0]
    layer.W[...] = np.linalg.svd(layer.W, full_matrices=False)[2] * [[2.0], [1.0]]
    q = argmax_q(model, None, X)
    gradients = sticking_the_landing(model, q, X, MonteCarlo(200)(np.random.default_rng(0), len(X), 2))
    return Claim("sticking the landing has no variance at the exact posterior", "greatest variance of 200 draws", 0.0,
                 gradients.var(0).max(), 1e-25)
