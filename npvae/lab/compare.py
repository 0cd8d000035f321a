"""The lecture's comparison, controlled: three solvers, one initial θ, one λ, the same batches and draws, one budget."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from npvae.checks import whole
from npvae.datasets import Dataset
from npvae.declared import declares
from npvae.files import VERSION
from npvae.inference import AmortizedVI, SharedQ, VariationalEM, evaluate, gap_decomposition, shared_ceiling
from npvae.inference.ranks import ranks_of, shard
from npvae.lab.comparison_seeds import at_equal_budgets, deviation, levelling, mean, over_seeds
from npvae.models import LatentVariableModel, MonteCarlo, mixture_of_gaussians, mlp_model
from npvae.models.data import check_data
from npvae.models.exact import exact_method

SOLVERS = {"variational_em": VariationalEM, "shared_q": SharedQ, "amortized_vi": AmortizedVI}
# of each part of the data so many numbers are measured, lest log p of wide or many rows takes longer than the training
MEASURED, FEWEST = 256_000, 100
# best on the digits: λ of 0.001, 0.003, 0.01, for q_i as for q_φ; the rows' λ of 0.01, 0.03, 0.1, and one step on q a
# batch of 1, 2, 5, 10
LEARNING_RATE, ROW_LEARNING_RATE, BATCH_SIZE, SECONDS = 3e-3, 0.1, 100, 3.0
TITLES = {"variational_em": "variational EM", "shared_q": "shared q", "amortized_vi": "amortized VI"}


@dataclass
class Comparison:
    """What `compare` found: the trained solvers, and the figures as the JSON file has them."""

    data: Dataset
    solvers: dict   # those of the first seed
    rows: dict      # for each of them, the rows q of the test data that were measured (n, R)
    figures: dict


def initial_model(train: np.ndarray, latent: str = "gaussian", latent_dim: int | None = None,
                  hidden: Sequence[int] = (64,), seed: int = 0) -> LatentVariableModel:
    """The model whose θ all three solvers start from: the lecture's VAE ("gaussian"), or a mixture ("categorical").

    K is 2 by default, or 10 components; `hidden` are units of the VAE's decoder. It has been started at the data
    (m, D), so that no solver starts it anew: g is x̄ at the prior's mean, a mixture's means are rows far apart. A
    ValueError for another latent, or more components than rows.

    >>> model = initial_model(np.full((5, 64), 7.0) + np.eye(5, 64))
    >>> float(model.decode(np.zeros((1, 2)))[0, 63])
    7.0
    """
    # not the generator of the solvers' batches and noise, which have the same seed
    rng = np.random.default_rng([seed, 3])
    if latent == "categorical":
        components = 10 if latent_dim is None else latent_dim
        if components > len(train):
            raise ValueError(f"{components} components for {len(train)} rows: ask for {len(train)} or fewer")
        return mixture_of_gaussians(components, train.shape[1], rng=rng).started(train, rng)
    if latent == "gaussian":
        return mlp_model(2 if latent_dim is None else latent_dim, hidden, train.shape[1], rng=rng).started(train, rng)
    raise ValueError(f"latent is {latent!r}, expected 'gaussian' or 'categorical'")


def compare(data: Dataset, latent: str = "gaussian", latent_dim: int | None = None, hidden: Sequence[int] = (64,),
            seed: int = 0, time_budget: float | None = SECONDS, sweeps: int | None = None, progress: bool | None = None,
            seeds: int = 1, learning_rate: float = LEARNING_RATE, batch_size: int | None = None,
            comm: object = None) -> Comparison:
    """Train the three solvers under the same conditions, once for each seed, and measure them.

    All three start from the same θ and take the same λ, the same batches (the same rows in the same order), one draw
    of z a row for each gradient, one step on q with each step of θ, and the same budget. What is left to differ is
    where q comes from, and the λ of a row q_i, 0.1: it is visited once a sweep, where the others move with each batch.

    Parameters
    ----------
    data
        All training rows are trained on; the first rows of each part are measured, as many as make 256,000 numbers,
        and 100 at least.
    latent, latent_dim, hidden
        As in `initial_model`.
    seed, seeds
        The first of the seeds, and how many; each has its own initial θ, batches and noise.
    time_budget, sweeps
        Seconds and sweeps, at most, of each fit. Without `time_budget` the run is repeatable bit by bit.
    learning_rate
        λ of Adam, for θ, φ and the shared q.
    batch_size
        100 by default, or half of fewer than 200 rows.
    comm : MPI communicator, optional
        Each of its ranks is handed all of the data, trains on its share of the rows, and measures the first of them.

    Raises
    ------
    ValueError
        For training data without variance, a batch of more than half of them, or as `initial_model`.

    Examples
    --------
    >>> from npvae.datasets import ring
    >>> found = compare(ring(50), hidden=(8,), time_budget=None, sweeps=2)
    >>> sorted(found.figures["solvers"])
    ['amortized_vi', 'shared_q', 'variational_em']
    """
    from tqdm import tqdm

    train, test = check_data(data.train), check_data(data.test)
    mine = train[shard(len(train), ranks_of(comm))]
    parts = [X[:max(FEWEST, MEASURED // X.shape[1])] for X in (mine, test)]
    # of the rows that are measured, so that no shared q can be measured above it
    ceiling = shared_ceiling(parts[0])
    if not np.isfinite(ceiling):
        raise ValueError(f"the training data of {data.name} have no variance: a shared q has no ceiling to be compared "
                         "with; give rows that differ")
    settings = {"seconds": time_budget, "sweeps": sweeps, "learning_rate": learning_rate, "progress": progress,
                "batch_size": checked_batch_size(batch_size, len(train)), "noise": MonteCarlo(1)}
    seed, seeds = whole("seed", seed, least=0), whole("seeds", seeds)
    solvers, rows, runs = {}, {}, []
    with tqdm(total=len(SOLVERS) * seeds, desc="compare", unit="fit", leave=False,
              disable=None if progress is None else not progress) as bar:
        for number in range(seed, seed + seeds):
            model = initial_model(train, latent, latent_dim, hidden, number)
            for name, solver in SOLVERS.items():
                fitted = solver(model, **settings, **steps_on_q(name, learning_rate), seed=number, comm=comm).fit(mine)
                measured, q = measure(fitted, *parts, progress)
                history = {key: fitted.history[key].tolist() for key in ("sweep", "elbo", "seconds")}
                runs.append({"solver": name, "seed": number, **measured, "history": history})
                solvers.setdefault(name, fitted)
                rows.setdefault(name, q)
                bar.update()
    return Comparison(data, solvers, rows, {
        **conditions(data, solvers, hidden), "seeds": list(range(seed, seed + seeds)), "shared_ceiling": ceiling,
        "rows": {"train": len(train), "test": len(test)},
        "rows_measured": dict(zip(("train", "test"), map(len, parts), strict=True)), "equal": at_equal_budgets(runs),
        "solvers": over_seeds(runs, mean), "spread": over_seeds(runs, deviation), "runs": runs})


def checked_batch_size(batch_size: int | None, m: int) -> int:
    """The rows of a batch: at most half of m, for two solvers have another algorithm for full sweeps."""
    most = max(1, m // 2)
    if batch_size is None:
        return min(BATCH_SIZE, most)
    batch_size = whole("batch_size", batch_size)
    if batch_size > most:
        raise ValueError(f"batch_size is {batch_size} for {m} rows: the solvers are compared on mini-batches, expected "
                         f"{most} or less")
    return batch_size


def steps_on_q(name: str, learning_rate: float) -> dict:
    """The settings of a solver's steps on q: one with each step of θ; an encoder's is together with θ's."""
    if name == "amortized_vi":
        return {}
    return {"q_steps": 1, "q_learning_rate": ROW_LEARNING_RATE if name == "variational_em" else learning_rate}


def conditions(data: Dataset, solvers: dict, hidden: Sequence[int]) -> dict:
    """What the runs had in common, and the λ of q, which has to differ."""
    em, amortized = solvers["variational_em"], solvers["amortized_vi"]
    gaussian = not declares(em.model.latent, "nodes are all z")
    rates = {name: getattr(solver, "q_learning_rate", amortized.learning_rate) for name, solver in solvers.items()}
    # a categorical q_i has its argmax in closed form, and no z is drawn
    rates["variational_em"] = rates["variational_em"] if gaussian else None
    return {"version": VERSION, "data": data.name, "latent": "gaussian" if gaussian else "categorical",
            "latent_dim": em.model.latent.dim, "hidden": [int(units) for units in hidden] if gaussian else [],
            "budget": {"seconds": em.seconds, "sweeps": em.sweeps}, "batch_size": em.batch_size,
            "learning_rate": float(amortized.learning_rate), "q_learning_rate": rates, "draws": 1 if gaussian else None}


def measure(solver, train: np.ndarray, test: np.ndarray, progress: bool | None = None) -> tuple[dict, np.ndarray]:
    """The figures of one trained solver (a dict, nats and seconds), and its rows q of the test data."""
    from tqdm import tqdm

    last, figures = solver.history[-1], {}
    for part, X in tqdm([("train", train), ("test", test)], desc=f"measuring {type(solver).__name__}", unit="part",
                        leave=False, disable=None if progress is None else not progress):
        q = solver.infer(X)
        figures[f"{part}_elbo"] = float(evaluate(solver.model, q, X).mean())
    brought, level = levelling(solver.history["elbo"])
    figures |= {**gaps(solver.model, test, q), "last_tenth": brought, "level": level, "seconds": last["seconds"],
                "sweeps": last["sweep"], "variational_parameters": variational_parameters(solver),
                "seconds_per_new_x": seconds_per_new_x(solver, test)}
    return figures, q


def variational_parameters(solver) -> int:
    """How many numbers describe q: of variational EM, the rows of all ranks."""
    size = int(solver.posterior.size)
    return sum(solver.ranks.gather(size)) if solver.ranks and isinstance(solver, VariationalEM) else size


def gaps(model: LatentVariableModel, X: np.ndarray, q: np.ndarray) -> dict:
    """Means of log p_θ(x) and of its two gaps to the ELBO, nats, or None where log p_θ(x) is not known exactly."""
    names = ("test_log_marginal", "test_approximation_gap", "test_amortization_gap")
    unknown = dict.fromkeys(names)
    if exact_method(model) is None:
        return unknown
    try:
        found = gap_decomposition(model, q, X, tolerance=1e-3)
    except ValueError:
        # a posterior too narrow for any grid: no number rather than a wrong one
        return unknown
    parts = (found.log_p, found.approximation, found.amortization)
    return {name: float(part.mean()) for name, part in zip(names, parts, strict=True)}


def seconds_per_new_x(solver, X: np.ndarray, repeats: int = 5) -> float:
    """The median time to infer q for one row that the solver has not seen, seconds."""
    times = []
    for i in range(repeats):
        x, start = X[i % len(X)][None], time.perf_counter()
        solver.infer(x)
        times.append(time.perf_counter() - start)
    return float(np.median(times))
