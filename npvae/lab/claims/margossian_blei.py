"""9. The linear model of Margossian & Blei 2024, "Amortized Variational Inference: When and Why?" (UAI).

The paper nearest to the lecture's progression. Each x_i = z_i + noise with z_i ~ N(b, τ²) and noise N(0, σ²): it is
probabilistic PCA with K = D = 1, W = τ, σ_g = σ.
"""

from collections.abc import Iterator

import numpy as np

from npvae.inference import evaluate
from npvae.inference.argmax_q import argmax_rows
from npvae.inference.argmax_shared_q import argmax_shared_q
from npvae.inference.fit_encoder import fit_encoder
from npvae.lab.claims.claim import Claim
from npvae.models import Cubature, LatentVariableModel, probabilistic_pca
from npvae.nn import mlp

N, TAU, SIGMA = 10_000, 1.155, 2.43
PUBLISHED = {"factorized": 6090.30, "constant": 7232.36, "degree 1": 6087.99, "degree 2": 6088.00}


def optimum(r: float) -> float:
    """Their −ELBO at the optimum without the constants that they drop: n[½r + ½ log(1 + τ²/σ²)] + ½ log(n/σ²)."""
    return N * (0.5 * r + 0.5 * np.log(1 + TAU**2 / SIGMA**2)) + 0.5 * np.log(N / SIGMA**2)


def claims(quick: bool) -> Iterator[Claim]:
    """Their published figures against each other, then our optima on our own data against the closed form."""
    r = (PUBLISHED["degree 1"] - optimum(0.0)) / (0.5 * N)
    constant = optimum(r) + 0.5 * N * r * TAU**2 / SIGMA**2
    yield Claim("their degree-1 encoder predicts their constant one", "½ n r τ²/σ² above, r from degree 1", constant,
                PUBLISHED["constant"], 0.2)
    yield Claim("and their degree-2 encoder gains nothing", "published −ELBO", PUBLISHED["degree 1"],
                PUBLISHED["degree 2"], 0.05)
    model, X = linear_model()
    r = X.var() / (SIGMA**2 + TAU**2)
    # ours keeps the constant ½ log 2πσ² of each datapoint, and has no prior on b
    closed = 0.5 * r + 0.5 * np.log(1 + TAU**2 / SIGMA**2) + 0.5 * np.log(2 * np.pi * SIGMA**2)
    values = optima(model, X, 300 if quick else 2000)
    yield Claim("separate q_i: ½r + ½ log(1 + τ²/σ²) + ½ log 2πσ²", "mean −ELBO of 10,000 rows", closed,
                values["separate"], 1e-9)
    yield Claim("one constant q costs ½ r τ²/σ² more", "mean −ELBO of 10,000 rows",
                closed + 0.5 * r * TAU**2 / SIGMA**2, values["constant"], 1e-7)
    yield Claim("an affine encoder costs nothing", "mean −ELBO of 10,000 rows", closed, values["affine"],
                1e-3 if quick else 1e-6)


def linear_model() -> tuple[LatentVariableModel, np.ndarray]:
    """Their model with b at the data's mean, and 10,000 draws of our own."""
    rng = np.random.default_rng(0)
    X = TAU * rng.standard_normal((N, 1)) + SIGMA * rng.standard_normal((N, 1))
    model = probabilistic_pca(1, 1, sigma_g=SIGMA)
    model.decoder.layers[0].W[...], model.decoder.layers[0].b[...] = TAU, X.mean()
    return model, X


def optima(model: LatentVariableModel, X: np.ndarray, steps: int) -> dict[str, float]:
    """Mean −ELBO of the best separate, constant and affine q at fixed θ."""
    cubature = Cubature()
    rows = {"separate": argmax_rows(model, np.zeros((len(X), 2)), X),
            "constant": np.tile(argmax_shared_q(model, np.zeros(2), X, tolerance=1e-10), (len(X), 1)),
            "affine": fit_encoder(model, mlp([1, 2]), X, steps, 2e-2, cubature)(X)[0]}
    return {name: -evaluate(model, q, X, cubature).mean() for name, q in rows.items()}
