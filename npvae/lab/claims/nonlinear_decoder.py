"""5. A nonlinear decoder with K = 1: the ladder of gaps, from one q for all to an MLP encoder."""

from collections.abc import Iterator

import numpy as np

from npvae.inference import evaluate, gap_decomposition
from npvae.inference.argmax_shared_q import argmax_shared_q
from npvae.inference.fit_encoder import fit_encoder
from npvae.lab.claims.claim import Claim
from npvae.lab.claims.known_models import parabola_data, parabola_model
from npvae.models import LatentVariableModel, probabilistic_pca
from npvae.models.exact import boxes, log_marginal
from npvae.nn import Affine, chain, mlp, quadratic_features

RUNGS = ("constant", "linear", "quadratic", "MLP-4", "MLP-16")
GAPS = {"constant": 4.297, "linear": 0.363, "quadratic": 0.192}     # as the ground truth has them, nats


def claims(quick: bool) -> Iterator[Claim]:
    """The grid, the two lower rungs, and the ladder of encoders."""
    model, X = parabola_model(), parabola_data()
    log_p, error = log_marginal(model, X, 1e-9, return_error=True)
    fine, _ = boxes.log_marginal(model, X, 1e-12)
    yield Claim("the grid's own error estimate holds", "greatest error over its estimate", 1.0,
                (abs(log_p - fine) / np.maximum(error, 1e-13)).max(), 0.0, bound=True)
    yield grid_against_closed_form()
    yield Claim("log p(x) for g(z) = (z, z²/2), σ_g = 0.4", "grid, 300 rows", -2.16636, log_p.mean(), 5e-4)
    gaps = gap_decomposition(model, np.zeros((len(X), 2)), X, tolerance=1e-10)
    best = gaps.elbo + gaps.amortization
    yield Claim("the best q_i", "argmax, 300 rows", -2.17515, best.mean(), 5e-4)
    yield Claim("for every i: the best q_i is below log p", "greatest excess", 0.0, (best - log_p).max(), 1e-8,
                bound=True)
    yield from ladder(model, X, best, quick)


def grid_against_closed_form() -> Claim:
    """A grid knows nothing of closed forms: it must find probabilistic PCA's."""
    model = probabilistic_pca(2, 3, sigma_g=0.2)
    X = model.sample(40, np.random.default_rng(0))[0]
    value, _ = boxes.log_marginal(model, X, 1e-10)
    return Claim("the grid finds probabilistic PCA's log p(x)", "K = 2, greatest deviation of 40 rows", 0.0,
                 abs(value - log_marginal(model, X)).max(), 1e-9)


def ladder(model: LatentVariableModel, X: np.ndarray, best, quick: bool) -> Iterator[Claim]:
    """The amortization gap falls with what the encoder can express."""
    gaps = {}
    for name in RUNGS:
        if quick and name.startswith("MLP"):
            continue
        values = best - evaluate(model, rung(name, model, X), X)
        gaps[name] = values.mean()
        yield Claim(f"for every i: a {name} encoder is below the best q_i", "greatest excess", 0.0, (-values).max(),
                    1e-8, bound=True)
    for name, gap in GAPS.items():
        yield Claim(f"amortization gap of a {name} encoder", "mean of 300 rows", gap, gaps[name], 2e-2)
    for coarse, fine in zip(list(gaps), list(gaps)[1:], strict=False):
        yield Claim(f"{fine} leaves less than {coarse}", "the two mean gaps", gaps[coarse], gaps[fine], 0.0, bound=True)
    if not quick:
        yield Claim("MLP-16 leaves less than a hundredth of a nat", "mean of 300 rows", 1e-2, gaps["MLP-16"], 0.0,
                    bound=True)


def zero_affine(n_in: int, n_out: int) -> Affine:
    """An affine layer that returns zeros."""
    return Affine(np.zeros((n_in, n_out)), np.zeros(n_out))


def rung(name: str, model: LatentVariableModel, X: np.ndarray) -> np.ndarray:
    """The rows of the best encoder of this form, (300, 2)."""
    if name == "constant":
        return np.tile(argmax_shared_q(model, np.zeros(2), X, tolerance=1e-12), (len(X), 1))
    rng = np.random.default_rng(0)
    # the affine ones start at the prior: log σ quadratic in x, drawn at random, overshoots on outlying rows
    encoder = {"linear": chain(zero_affine(2, 2)), "quadratic": chain(quadratic_features, zero_affine(5, 2)),
               "MLP-4": mlp([2, 4, 2], rng=rng), "MLP-16": mlp([2, 16, 2], rng=rng)}[name]
    steps = 6000 if name == "MLP-16" else 2500
    return fit_encoder(model, encoder, X, steps, learning_rate=2e-2)(X)[0]
