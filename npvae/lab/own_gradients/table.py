"""Every analytic gradient of the package, checked: what `npvae gradcheck` prints."""

import numpy as np

from npvae.gradcheck import gradcheck
from npvae.lab.own_gradients.inference import elbos, posteriors
from npvae.lab.own_gradients.layers import latents, layers, likelihoods
from npvae.lab.own_gradients.training import estimators, training

# add a generator of (name, keyword arguments of `gradcheck`) here, and its gradients are in the table
ROOMS = (layers, likelihoods, latents, posteriors, elbos, training, estimators)
DEFAULT_METHODS = ("complex", "central", "taylor")


def package_subjects(seed=0):
    """All subjects, as a list of (name, keyword arguments of `gradcheck`)."""
    rng = np.random.default_rng(seed)
    return [subject for room in ROOMS for subject in room(rng)]


def check_package(methods=DEFAULT_METHODS, seed=0, progress=lambda subjects: subjects):
    """Check every gradient of the package by every method.

    Parameters
    ----------
    methods : sequence of str
    seed : int
        Of the points, the parameters and the upstream gradients.
    progress : callable
        Wraps the list of subjects, as tqdm does.

    Returns
    -------
    reports : list of Report, named by subject, one for each subject and method
    """
    return [gradcheck(**arguments, method=method, name=name, seed=seed)
            for name, arguments in progress(package_subjects(seed)) for method in methods]


def record(report):
    """A report as one line of JSON: name, method, error, tolerance, passed.

    The error is the greatest of all parameters: ‖a − n‖/(‖a‖ + ‖n‖), or for "taylor" |slope − 2|.
    """
    return {"name": report.name, "method": report.method, "error": float(report.error),
            "tolerance": float(report.rows[0].tolerance), "passed": bool(report.passed)}


def records_of_rows(report):
    """A record as by `record` for each parameter of one report."""
    return [{"name": f"{report.name} {row.name}", "method": row.method, "error": float(row.error),
             "tolerance": float(row.tolerance), "passed": bool(row.passed)} for row in report.rows]


def own_gradients_text(reports):
    """A line for each gradient, a column for each method, and what it comes to."""
    from npvae.tables import table

    by_name = {}
    for report in reports:
        by_name.setdefault(report.name, []).append(report)
    methods = list(dict.fromkeys(report.method for report in reports))
    rows = [[name, *(f"{r.error:.1e}" for r in mine), "pass" if all(r.passed for r in mine) else "FAIL"]
            for name, mine in by_name.items()]
    lines = [table(["gradient", *methods, "verdict"], rows), ""]
    for method in methods:
        worst = max((r for r in reports if r.method == method), key=lambda r: r.error)
        lines.append(f"{method}: at most {worst.error:.1e} ({worst.name}), tolerance {worst.rows[0].tolerance:.0e}")
    failed = [r for r in reports if not r.passed]
    lines.append(f"{len(reports)} checks of {len(by_name)} gradients, {len(failed) or 'none'} failed")
    return "\n".join(lines + [f"\n{r}" for r in failed])
