"""The table of `npvae compare`: means and spreads over the seeds."""

import math
from collections.abc import Callable

from npvae.lab.compare import TITLES
from npvae.tables import fixed, table


def comparison_table(figures: dict) -> str:
    """The table of `npvae compare`, from the figures of its JSON file: means over the seeds ± standard deviations."""
    solvers, spread, equal = figures["solvers"], figures["spread"], figures["equal"]
    measures = [
        ("train_elbo", "ELBO, training data (nats)", nats),
        ("elbo_at_equal_sweeps", f"  its curve at sweep {equal['sweeps']:.0f}", nats),
        ("elbo_at_equal_seconds", f"  its curve at {equal['seconds']:.2g} s", nats),
        ("test_elbo", "ELBO, new data (nats)", nats),
        ("test_log_marginal", "  log p(x)", nats),
        ("test_approximation_gap", "  approximation gap", nats),
        ("test_amortization_gap", "  amortization gap", nats),
        ("seconds", "training time (s)", decimals(1)),
        ("sweeps", "sweeps over the data", decimals(0)),
        ("variational_parameters", "variational parameters", decimals(0)),
        ("seconds_per_new_x", "q for one new x (ms)", milliseconds),
    ]
    rows = [[title, *(cell(solvers[n][key], spread[n][key], as_text) for n in TITLES)]
            for key, title, as_text in measures]
    return table([f"per row of {figures['data']}, K = {figures['latent_dim']}", *TITLES.values()], rows)


def cell(mean: float | None, deviation: float | None, as_text: Callable) -> str:
    """A mean and its spread as text, with as many decimals.

    >>> cell(14.2, 0.31, decimals(1)), cell(96.0, 0.0, decimals(0)), cell(None, None, nats)
    ('14.2 ± 0.3', '96', '–')
    """
    if mean is None:
        return "–"
    return as_text(mean, mean) + (f" ± {as_text(deviation, mean)}" if deviation else "")


def decimals(count: int) -> Callable[[float, float], str]:
    """How to write a number with so many decimals."""
    return lambda number, mean: fixed(number, count)


def nats(number: float, mean: float) -> str:
    """Three decimals, or one beside the thousands of nats of wide data: a column stays as narrow as its title.

    >>> nats(-7.15003, -7.2), nats(118.41, -1689.04)
    ('-7.150', '118.4')
    """
    return fixed(number, 3 if abs(mean) < 1000 else 1)


def milliseconds(number: float, mean: float) -> str:
    """Seconds as milliseconds, with the decimals that give the mean two digits.

    >>> milliseconds(0.84, 0.84), milliseconds(6.7e-6, 7e-5)
    ('840', '0.007')
    """
    return fixed(1e3 * number, max(0, 1 - math.floor(math.log10(1e3 * mean))) if mean > 0 else 0)
