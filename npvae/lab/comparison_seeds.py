"""Many runs as one: what curves say at equal sweeps and seconds, whether they have levelled off, means and spreads."""

from collections.abc import Callable, Sequence

import numpy as np

FLAT = 0.01, 0.05       # nats; what a last tenth may bring to a curve that is called level, at least and at most


def levelling(elbo: np.ndarray) -> tuple[float, bool]:
    """What the last tenth of the sweeps brought over the tenth before, nats, and whether the curve has levelled off.

    It has if that is less than 1 % of the whole rise, or than 0.01 nats, but in no case more than 0.05 nats; and if
    there are twenty sweeps or more. The ELBO (sweeps,) is a mean over the rows.

    >>> levelling(-np.exp(-np.arange(100.0)))[1], levelling(np.log(np.arange(1.0, 101.0)))[1]
    (True, False)
    """
    elbo = np.asarray(elbo)
    tenth = max(1, len(elbo) // 10)
    last, before = elbo[-tenth:].mean(), elbo[-2 * tenth:-tenth].mean() if len(elbo) > 1 else elbo[0]
    brought = float(last - before)
    return brought, bool(len(elbo) >= 20 and brought < np.clip(0.01 * (last - elbo[0]), *FLAT))


def at_equal_budgets(runs: list[dict]) -> dict[str, float]:
    """Give every run the height of its curve at the sweep, and at the time, that all of them have reached.

    To each run, with a `history` of columns, `elbo_at_equal_sweeps` and `elbo_at_equal_seconds` (nats) are added;
    those `sweeps` and `seconds` are returned.
    """
    equal = {"sweeps": min(run["history"]["sweep"][-1] for run in runs),
             "seconds": min(run["history"]["seconds"][-1] for run in runs)}
    for run in runs:
        history = run["history"]
        for unit, axis in (("sweeps", "sweep"), ("seconds", "seconds")):
            run[f"elbo_at_equal_{unit}"] = float(np.interp(equal[unit], history[axis], history["elbo"]))
    return equal


def over_seeds(runs: list[dict], summary: Callable) -> dict[str, dict]:
    """For each solver a dict of `summary(values)` of its figures, one value a seed; None where a value is None."""
    found = {}
    for solver in dict.fromkeys(run["solver"] for run in runs):
        own = [run for run in runs if run["solver"] == solver]
        keys = [key for key in own[0] if key not in ("solver", "seed", "history")]
        values = {key: [run[key] for run in own] for key in keys}
        found[solver] = {key: None if None in v else summary(v) for key, v in values.items()}
    return found


def mean(values: Sequence):
    """The mean of some numbers; numbers that are all the same stay what they are.

    >>> mean([2, 2]), mean([True, False]), mean([1.0, 2.0])
    (2, False, 1.5)
    """
    if isinstance(values[0], bool):
        return all(values)
    return values[0] if len(set(values)) == 1 else float(np.mean(values))


def deviation(values: Sequence[float]) -> float | None:
    """The standard deviation of some numbers over the seeds, or None of a single one.

    >>> deviation([1.0, 3.0]), deviation([1.0])
    (1.4142135623730951, None)
    """
    return float(np.std(values, ddof=1)) if len(values) > 1 else None
