"""Is an optimizer the one of its paper? Four steps along random gradients are held against the rule written out."""

import numpy as np

from npvae.gradcheck.evidence import Finding
from npvae.gradcheck.optimizer_rules import MISTAKES
from npvae.gradcheck.report import Report, Row

RATE = 0.1


def check_optimizer(optimizer, rule="adam", seed=0):
    """Hold an optimizer's first steps against its rule, and say which mistake makes the same steps.

    Parameters
    ----------
    optimizer : callable (value, grad, RATE) -> object with `step()`
        For "row_adam": (table, RATE) -> object with `step(index, dq)`. It climbs, in place, with the default settings
        of `npvae.Adam`; for "sgd" with momentum 0.9.
    rule : "adam", "sgd" or "row_adam"
    seed : int

    Returns
    -------
    report : Report

    Raises
    ------
    ValueError
        For another rule.

    Examples
    --------
    >>> from npvae.nn import Adam
    >>> check_optimizer(Adam).passed
    True
    """
    if rule not in MISTAKES:
        raise ValueError(f"rule is {rule!r}, expected one of {', '.join(MISTAKES)}")
    path, mistakes = MISTAKES[rule]
    rng = np.random.default_rng(seed)
    start = rng.standard_normal((4, 2) if rule == "row_adam" else 5)
    batches = [rng.standard_normal(start.shape) for _ in range(4)]
    if rule == "row_adam":
        index = [np.array(i) for i in ([2, 0, 2], [1, 2, 1], [0, 0, 1], [2, 1, 0])]
        batches = [(i, rng.standard_normal((3, 2))) for i in index]
    got, right = walk(optimizer, start, batches, rule), path(start, batches, RATE)
    # what is left after the first step is what counts: the moves, not the places
    error = np.linalg.norm(got - right) / np.linalg.norm(right - start) if np.isfinite(got).all() else 1.0
    row = Row("steps", right.shape, rule, float(error), 1e-9, "pass" if error <= 1e-9 else "FAIL")
    report = Report(getattr(optimizer, "__name__", "optimizer"), [row], rule)
    if not report.passed:
        fits = [(what, mend) for what, mend, settings in mistakes
                if np.linalg.norm(got - path(start, batches, RATE, **settings)) <= 1e-6 * np.linalg.norm(got - right)]
        what, mend = fits[0] if len(fits) == 1 else ("unknown: no known mistake makes these steps", "Step by hand")
        report.diagnosis = [Finding("optimizer" if len(fits) == 1 else "unknown", "steps", f"steps: {what}. {mend}.")]
    return report


def walk(optimizer, start, batches, rule):
    """The places after each step, (T, …)."""
    value, places = start.copy(), []
    if rule == "row_adam":
        rows = optimizer(value, RATE)
        for index, dq in batches:
            rows.step(index, dq)
            places.append(value.copy())
        return np.array(places)
    grad = np.zeros_like(value)
    stepper = optimizer(value, grad, RATE)
    for g in batches:
        grad[...] = g
        stepper.step()
        places.append(value.copy())
    return np.array(places)
