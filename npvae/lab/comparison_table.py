"""The table of `npvae compare`: means and spreads over the seeds."""

from npvae.lab.compare import TITLES
from npvae.tables import fixed, table


def comparison_table(figures):
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
        ("seconds_per_new_x", "q for one new x (ms)", lambda seconds: f"{1e3 * seconds:.2g}"),
    ]
    rows = [[title, *(cell(solvers[n][key], spread[n][key], as_text) for n in TITLES)]
            for key, title, as_text in measures]
    return table([f"per row of {figures['data']}, K = {figures['latent_dim']}", *TITLES.values()], rows)


def cell(mean, deviation, as_text):
    """A mean and its spread as text.

    >>> cell(14.2, 0.31, decimals(1)), cell(96.0, 0.0, decimals(0)), cell(None, None, nats)
    ('14.2 ± 0.3', '96', '–')
    """
    if mean is None:
        return "–"
    return as_text(mean) + (f" ± {as_text(deviation)}" if deviation else "")


def decimals(count):
    """How to write a number with so many decimals."""
    return lambda number: fixed(number, count)


def nats(number):
    """Three decimals, or one for the thousands of nats of wide data: a column stays as narrow as its title.

    >>> nats(-7.15003), nats(-1689.04)
    ('-7.150', '-1689.0')
    """
    return fixed(number, 3 if abs(number) < 1000 else 1)
