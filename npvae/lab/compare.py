"""The lecture's comparison: three solvers, one model, one initial θ, one time budget."""

import time
from dataclasses import dataclass

import numpy as np

from npvae.datasets import Dataset
from npvae.inference import AmortizedVI, SharedQ, VariationalEM, evaluate, gap_decomposition, shared_ceiling
from npvae.models import mixture_of_gaussians, mlp_model
from npvae.models.data import check_data, take
from npvae.models.exact import exact_method, log_marginal

SOLVERS = {"variational_em": VariationalEM, "shared_q": SharedQ, "amortized_vi": AmortizedVI}
# of each part of the data so many numbers are measured, lest log p of wide or many rows takes longer than the training
MEASURED, FEWEST = 256_000, 100
TITLES = {"variational_em": "variational EM", "shared_q": "shared q", "amortized_vi": "amortized VI"}


@dataclass
class Comparison:
    """What `compare` found: the trained solvers, and the figures as the JSON file has them."""

    data: Dataset
    solvers: dict
    rows: dict      # for each solver, the rows q of the test data that were measured (n, R)
    figures: dict


def initial_model(train, latent="gaussian", latent_dim=None, hidden=(64,), seed=0):
    """The model whose θ all three solvers start from: the lecture's VAE, or a mixture of Gaussians.

    Parameters
    ----------
    train : array (m, D)
        A mixture's means start at some of its rows; from means close together, all three solvers may stay there.
    latent : "gaussian" or "categorical"
    latent_dim : int, optional
        K; 2 by default, or 10 components.
    hidden : sequence of int
        Units of the decoder's hidden layers (Gaussian latent).
    seed : int

    Returns
    -------
    model : LatentVariableModel

    Raises
    ------
    ValueError
        For another latent, or more components than rows.

    Examples
    --------
    >>> initial_model(np.zeros((5, 64))).decoder
    chain(Affine(2, 64), tanh, Affine(64, 64))
    """
    # not the generator of the solvers' batches and noise, which have the same seed
    rng = np.random.default_rng([seed, 3])
    if latent == "categorical":
        components = 10 if latent_dim is None else latent_dim
        if components > len(train):
            raise ValueError(f"{components} components for {len(train)} rows: ask for {len(train)} or fewer")
        means = take(train, rng.choice(len(train), components, replace=False), np.float64)
        return mixture_of_gaussians(components, train.shape[1], means=means)
    if latent == "gaussian":
        return mlp_model(2 if latent_dim is None else latent_dim, hidden, train.shape[1], rng=rng)
    raise ValueError(f"latent is {latent!r}, expected 'gaussian' or 'categorical'")


def compare(data, latent="gaussian", latent_dim=None, hidden=(64,), seed=0, time_budget=15.0, sweeps=1000,
            progress=None):
    """Train the three solvers from the same θ, each under the same budget, and measure them.

    Parameters
    ----------
    data : Dataset
        All training rows are trained on; the first rows of each part are measured, as many as make 256,000 numbers,
        and 100 at least.
    latent, latent_dim, hidden, seed
        As in `initial_model`.
    time_budget : float or None
        Seconds of training for each solver.
    sweeps : int or None
        At most so many sweeps: with more, a small encoder overfits the training images. With `time_budget=None` the
        run is repeatable bit by bit.
    progress : bool, optional
        By default bars on a terminal.

    Returns
    -------
    comparison : Comparison

    Raises
    ------
    ValueError
        For training data without variance, or as `initial_model`.

    Examples
    --------
    >>> from npvae.datasets import ring
    >>> found = compare(ring(50), hidden=(8,), time_budget=None, sweeps=2)
    >>> sorted(found.figures["solvers"])
    ['amortized_vi', 'shared_q', 'variational_em']
    """
    train, test = check_data(data.train), check_data(data.test)
    parts = [X[:max(FEWEST, MEASURED // X.shape[1])] for X in (train, test)]
    # of the rows that are measured, so that no shared q can be measured above it
    ceiling = shared_ceiling(parts[0])
    if not np.isfinite(ceiling):
        raise ValueError(f"the training data of {data.name} have no variance: a shared q has no ceiling to be compared "
                         "with; give rows that differ")
    model = initial_model(train, latent, latent_dim, hidden, seed)
    solvers, rows, measured = {}, {}, {}
    for name, solver in SOLVERS.items():
        solvers[name] = solver(model, seconds=time_budget, sweeps=sweeps, seed=seed, progress=progress).fit(train)
        measured[name], rows[name] = measure(solvers[name], *parts, progress)
    figures = {"data": data.name, "latent": latent, "latent_dim": model.latent.dim, "seed": seed,
               "shared_ceiling": ceiling, "rows": {"train": len(train), "test": len(test)},
               "rows_measured": dict(zip(("train", "test"), map(len, parts), strict=True)), "solvers": measured}
    return Comparison(data, solvers, rows, figures)


def measure(solver, train, test, progress=None):
    """The figures of one trained solver (a dict, nats and seconds), and its rows q of the test data."""
    from tqdm import tqdm

    model, last = solver.model, solver.history[-1]
    with tqdm(total=4, desc=f"measuring {type(solver).__name__}", unit="part", leave=False,
              disable=None if progress is None else not progress) as bar:
        q_train = solver.infer(train)
        figures = {"train_elbo": float(evaluate(model, q_train, train).mean())}
        bar.update()
        q_test = solver.infer(test)
        figures["test_elbo"] = float(evaluate(model, q_test, test).mean())
        bar.update()
        figures["train_log_marginal"] = mean_log_marginal(model, train)
        bar.update()
        figures |= gaps(model, test, q_test)
        bar.update()
    figures |= {"seconds": last["seconds"], "sweeps": last["sweep"],
                "variational_parameters": int(solver.posterior.size),
                "seconds_per_new_x": seconds_per_new_x(solver, test)}
    return figures, q_test


def mean_log_marginal(model, X, tolerance=1e-2):
    """The mean of log p_θ(x), nats, or None where it cannot be computed exactly."""
    log_p = where_exact(model, lambda: log_marginal(model, X, tolerance))
    return None if log_p is None else float(log_p.mean())


def gaps(model, X, q, tolerance=1e-3):
    """Means of log p_θ(x) and of its two gaps to the ELBO, nats, or None where log p_θ(x) is not known exactly."""
    names = ("test_log_marginal", "test_approximation_gap", "test_amortization_gap")
    found = where_exact(model, lambda: gap_decomposition(model, q, X, tolerance))
    if found is None:
        return dict.fromkeys(names)
    parts = (found.log_p, found.approximation, found.amortization)
    return {name: float(part.mean()) for name, part in zip(names, parts, strict=True)}


def where_exact(model, compute):
    """What `compute()` returns, or None if no exact method covers the model or no grid is fine enough."""
    if exact_method(model) is None:
        return None
    try:
        return compute()
    except ValueError:
        # a posterior too narrow for any grid: no number rather than a wrong one
        return None


def seconds_per_new_x(solver, X, repeats=5):
    """The median time to infer q for one row that the solver has not seen, seconds."""
    times = []
    for i in range(repeats):
        x, start = X[i % len(X)][None], time.perf_counter()
        solver.infer(x)
        times.append(time.perf_counter() - start)
    return float(np.median(times))
