"""Every analytic gradient of the package, checked: what `npvae gradcheck` prints."""

import numpy as np

from npvae.gradcheck import gradcheck
from npvae.gradcheck.report import Report
from npvae.lab.own_gradients.inference import elbos, posteriors
from npvae.lab.own_gradients.layers import latents, layers, likelihoods
from npvae.lab.own_gradients.training import estimators, training
from npvae.tables import table

# add a generator of (name, keyword arguments of `gradcheck`) here, and its gradients are in the table
ROOMS = (layers, likelihoods, latents, posteriors, elbos, training, estimators)
DEFAULT_METHODS = ("complex", "central", "taylor")


def check_package(methods=DEFAULT_METHODS, seed=0, progress=lambda subjects: subjects):
    """Check every gradient of the package by every method: a list of Reports, named by subject.

    The points, the parameters and the upstream gradients are of the seed; `progress` wraps the list of subjects, as
    tqdm does.
    """
    rng = np.random.default_rng(seed)
    subjects = [subject for room in ROOMS for subject in room(rng)]
    return [gradcheck(**arguments, method=method, name=name, seed=seed)
            for name, arguments in progress(subjects) for method in methods]


def record(report):
    """A report as one line of JSON: name, method, error, tolerance, passed.

    The error is the greatest of all parameters: ‖a − n‖/(‖a‖ + ‖n‖), or for "taylor" |slope − 2|.
    """
    return {"name": report.name, "method": report.method, "error": float(report.error),
            "tolerance": float(report.rows[0].tolerance), "passed": bool(report.passed)}


def records_of_rows(report):
    """A record as by `record` for each parameter of one report."""
    return [record(Report(f"{report.name} {row.name}", [row], row.method)) for row in report.rows]


def own_gradients_text(reports):
    """A line for each gradient, a column for each method, and what it comes to."""
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
