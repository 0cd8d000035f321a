"""What a full covariance, or some steps of argmax_q, are worth on the digits: the gaps at K = 2, log p exact."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from tqdm import tqdm

from npvae.checks import whole
from npvae.datasets import digits
from npvae.inference import AmortizedVI, Gaps, SemiAmortized, VariationalEM, evaluate, gap_decomposition
from npvae.inference.argmax_q import argmax_rows
from npvae.inference.solver import Solver
from npvae.lab.comparison_table import cell, nats
from npvae.models import FullGaussian, Gaussian, GaussianLikelihood, LatentVariableModel
from npvae.nn import mlp
from npvae.tables import table

SWEEPS, SEEDS, STEPS, ROWS = 200, 3, 10, 200
HIDDEN, LEARNING_RATE, BATCH, TOLERANCE = 64, 3e-3, 64, 1e-3
ARMS = {"diagonal q_i": (VariationalEM, Gaussian), "full q_i": (VariationalEM, FullGaussian),
        "diagonal q_φ": (AmortizedVI, Gaussian), "full q_φ": (AmortizedVI, FullGaussian)}
TITLES = {"log_p": "log p(x)", "elbo": "ELBO", "approximation": "approximation gap", "amortization": "amortization gap"}


def posteriors(sweeps: int = SWEEPS, seeds: int = SEEDS, rows: int = ROWS, first_seed: int = 0,
               progress: bool | None = None) -> dict:
    """Train each solver with each latent family on the digits, and measure its gaps, nats a row, at each seed.

    At a seed all start from the same θ, with the same λ, batches of 64 and `sweeps` sweeps. At an encoder's θ its rows
    are also measured after 10 steps of the climb (`SemiAmortized`), and at that of a diagonal q the best full q.
    Figures are means over the first `rows` rows of each part of the data.

    Returns
    -------
    figures : dict, for `posteriors_table` or as JSON
        The budget, and under "runs" one record for each seed, posterior and part of the data: log_p, elbo,
        approximation, amortization.
    """
    data, runs = digits(), []
    sweeps, seeds, rows = whole("sweeps", sweeps), whole("seeds", seeds), whole("rows", rows)
    first_seed = whole("first_seed", first_seed, least=0)
    jobs = [(seed, *arm) for seed in range(first_seed, first_seed + seeds) for arm in ARMS.items()]
    for seed, name, (solver, latent) in tqdm(jobs, desc="posteriors", unit="fit", leave=False,
                                             disable=None if progress is None else not progress):
        # at one seed the decoder is the same whatever the latent family
        decoder = mlp([2, HIDDEN, data.train.shape[1]], rng=np.random.default_rng(seed))
        model = LatentVariableModel(latent(2), decoder, GaussianLikelihood())
        fitted = solver(model, sweeps=sweeps, seed=seed, learning_rate=LEARNING_RATE, batch_size=BATCH,
                        progress=False).fit(data.train)
        for part, X in (("train", data.train[:rows]), ("test", data.test[:rows])):
            runs += [{"seed": seed, "posterior": posterior, "part": part, **found}
                     for posterior, found in measured(name, fitted, X)]
    return {"data": data.name, "latent_dim": 2, "hidden": HIDDEN, "sweeps": sweeps, "seeds": seeds, "steps": STEPS,
            "rows": rows, "runs": runs}


def measured(name: str, solver: Solver, X: np.ndarray) -> Iterator[tuple[str, dict[str, float]]]:
    """By name, the means for X (B, D) of log p, ELBO and gaps of a solver's q, and of others at the same θ, nats."""
    q = solver.infer(X)
    gaps = gap_decomposition(solver.model, q, X, TOLERANCE)
    yield name, means(gaps)
    if isinstance(solver, AmortizedVI):
        semi = SemiAmortized(solver.posterior.encoder, solver.model, STEPS)
        value = evaluate(solver.model, semi(X.astype(np.float64))[0], X)
        # log p and the best q are those of θ
        best = np.maximum(gaps.elbo + gaps.amortization, value)
        yield f"{name}, {STEPS} steps", means(Gaps(gaps.log_p, value, gaps.log_p - best, best - value))
    if not isinstance(solver.model.latent, FullGaussian):
        value = best_full_elbo(solver.model, q, X)
        yield f"best full q, θ of {name}", means(Gaps(gaps.log_p, value, gaps.log_p - value, 0 * value))


def best_full_elbo(model: LatentVariableModel, q: np.ndarray, X: np.ndarray) -> np.ndarray:
    """max_q L(q, x, θ) over all covariances, of two climbs: from diagonal rows q (B, 2K), and from elsewhere; (B,)."""
    model = replace(model.copy(np.float64), latent=FullGaussian(model.latent.dim))
    start = np.concatenate([q, np.zeros((len(q), model.latent.row_size - q.shape[1]))], axis=1)
    return np.max([evaluate(model, argmax_rows(model, rows, X, TOLERANCE), X) for rows in (start, None)], axis=0)


def means(gaps: Gaps) -> dict[str, float]:
    """Means over the rows, nats."""
    return {name: float(column.mean()) for name, column in gaps._asdict().items()}


def posteriors_table(figures: dict) -> str:
    """The figures as a table: means over the seeds ± standard deviations, a line for each posterior."""
    names, lines = list(dict.fromkeys(run["posterior"] for run in figures["runs"])), []
    for part, title in (("train", "training rows"), ("test", "new rows")):
        lines.append([title, *("" for _ in TITLES)])
        lines += [[f"  {name}", *(_cell(figures["runs"], name, part, key) for key in TITLES)] for name in names]
    seeds = f"{figures['seeds']} seeds" if figures["seeds"] > 1 else "1 seed"
    budget = (f"{figures['data']}, K = {figures['latent_dim']}, {figures['hidden']} hidden units: {figures['sweeps']} "
              f"sweeps, {seeds}, the first {figures['rows']} rows of each part, nats a row")
    return table(["", *TITLES.values()], lines) + "\n\n" + budget


def _cell(runs: Sequence[dict], name: str, part: str, key: str) -> str:
    values = np.array([run[key] for run in runs if run["posterior"] == name and run["part"] == part])
    return cell(float(values.mean()), float(values.std(ddof=1)) if len(values) > 1 else None, nats)
