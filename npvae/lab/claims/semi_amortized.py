"""12. Between solution 2 and a q_i for each datapoint: k steps of the climb close the encoder's gap on the digits."""

from collections.abc import Iterator

import numpy as np

from npvae.datasets import digits
from npvae.inference import AmortizedVI, SemiAmortized, evaluate
from npvae.inference.argmax_q import argmax_rows
from npvae.inference.elbo import elbo
from npvae.inference.quadrature import quadrature_nodes
from npvae.lab.claims.claim import Claim
from npvae.models import mlp_model

STEPS = (0, 1, 2, 5, 10, 20, 50, 100)
ROWS = 200


def claims(quick: bool) -> Iterator[Claim]:
    """At each of three seeds: no step lowers a row, none is the encoder, and many are the per-datapoint q_i."""
    X = digits().train
    for seed in range(1 if quick else 3):
        solver = AmortizedVI(mlp_model(2, [32], 64), sweeps=40, seed=seed, learning_rate=1e-2).fit(X)
        yield from one_seed(solver, X[:ROWS].astype(np.float64), seed)


def one_seed(solver: AmortizedVI, X: np.ndarray, seed: int) -> Iterator[Claim]:
    """The gaps at the trained θ, which is held."""
    model = solver.model.copy(np.float64, gradient=False)
    rows = {k: SemiAmortized(solver.posterior.encoder, solver.model, k)(X)[0] for k in STEPS}
    best = evaluate(model, argmax_rows(model, rows[0], X, 1e-8), X)
    gap = np.array([(best - evaluate(model, q, X)).mean() for q in rows.values()])
    where = f"digits, seed {seed}"
    # on its own nodes the climb keeps the best that each row has seen
    nodes = quadrature_nodes(model)
    fitted = np.array([elbo(model, q, X, nodes)[0] for q in rows.values()])
    yield Claim(f"k more steps never lower a row's ELBO: {where}", f"{ROWS} rows, k = 0 to 100, on the climb's nodes",
                0.0, -np.diff(fitted, axis=0).min(), 0.0, bound=True)
    yield Claim(f"the amortization gap falls with k: {where}", "greatest rise of the mean gap, k = 0 to 100", 0.0,
                np.diff(gap).max(), 1e-4, bound=True)
    yield Claim(f"k = 0 is the encoder's gap: {where}", "mean gap of AmortizedVI's rows",
                (best - evaluate(model, solver.infer(X), X)).mean(), gap[0], 1e-5)
    yield Claim(f"k = 100 is the per-datapoint q_i: {where}", f"mean gap, from {gap[0]:.3g} nats at k = 0", 0.0,
                gap[-1], 1e-4)
