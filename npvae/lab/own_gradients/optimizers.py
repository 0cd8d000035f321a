"""Is an optimizer the one of its paper? Four steps along random gradients are held against the rule written out, and
against each way to get it wrong.
"""

from collections.abc import Callable

import numpy as np

from npvae.gradcheck.report import Finding, Report, Row

RATE = 0.1


def check_optimizer(optimizer: Callable, rule: str = "adam", seed: int = 0) -> Report:
    """Hold an optimizer's first steps against its rule, and say which mistake makes the same steps.

    `optimizer(value, grad, rate)` has `step()`, climbs in place, with the default settings of `npvae.Adam`, for "sgd"
    with momentum 0.9; for the rule "row_adam" `optimizer(table, rate)` has `step(index, dq)`.

    Raises
    ------
    ValueError
        For another rule.

    Examples
    --------
    >>> from npvae.nn import Adam
    >>> bool(check_optimizer(Adam))
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
    got, right = _walk(optimizer, start, batches, rule), path(start, batches, RATE)
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


def _walk(optimizer, start, batches, rule):
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


def adam_path(value, gradients, rate, beta1=0.9, beta2=0.999, epsilon=1e-8, sign=1, correct_m=True, correct_v=True,
              root=True, counts=True, moments=True):
    """The values after each step of Adam (Kingma & Ba 2015, algorithm 1), ascending: (T, n)."""
    value, m, v, path = value.copy(), 0 * value, 0 * value, []
    for t, g in enumerate(gradients, start=1):
        m, v = (beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g) if moments else (
            (1 - beta1) * g, (1 - beta2) * g * g)
        t = t if counts else 1
        m_hat = m / (1 - beta1**t) if correct_m else m
        v_hat = v / (1 - beta2**t) if correct_v else v
        # θ ← θ + λ m̂ / (√v̂ + ε)
        value = value + sign * rate * m_hat / ((np.sqrt(v_hat) if root else v_hat) + epsilon)
        path.append(value)
    return np.array(path)


def sgd_path(value, gradients, rate, momentum=0.9, sign=1, decays=True, remembers=True):
    """The values after each step of gradient ascent with momentum (Polyak 1964): (T, n)."""
    value, velocity, path = value.copy(), 0 * value, []
    for g in gradients:
        # v ← momentum · v + ∇θ,  θ ← θ + λ v
        velocity = ((momentum if decays else 1.0) * velocity if remembers else 0 * velocity) + g
        value = value + sign * rate * velocity
        path.append(value)
    return np.array(path)


def row_adam_path(table, batches, rate, duplicates="add", own_counter=True, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """The tables after each step of row-wise Adam: (T, m, R). `batches` holds (index (B,), dq (B, R))."""
    table, m, v, path = table.copy(), 0 * table, 0 * table, []
    t = np.zeros(len(table))
    for step, (index, dq) in enumerate(batches, start=1):
        for row in np.unique(index):
            mine = dq[index == row]
            g = {"add": mine.sum(0), "last": mine[-1], "mean": mine.mean(0)}[duplicates]
            t[row] = t[row] + 1 if own_counter else step
            m[row] = beta1 * m[row] + (1 - beta1) * g
            v[row] = beta2 * v[row] + (1 - beta2) * g * g
            m_hat, v_hat = m[row] / (1 - beta1 ** t[row]), v[row] / (1 - beta2 ** t[row])
            table[row] = table[row] + rate * m_hat / (np.sqrt(v_hat) + epsilon)
        path.append(table.copy())
    return np.array(path)


# for each rule: what is wrong, how to mend it, and the settings with which the rule does the same
MISTAKES = {
    "adam": (adam_path, [
        ("the bias correction is missing", "Divide m by 1 − β₁ᵗ and v by 1 − β₂ᵗ",
         {"correct_m": False, "correct_v": False}),
        ("the bias correction of m is missing", "Divide m by 1 − β₁ᵗ", {"correct_m": False}),
        ("the bias correction of v is missing", "Divide v by 1 − β₂ᵗ", {"correct_v": False}),
        ("it walks downhill where it should climb", "Add the step: θ ← θ + λ m̂/(√v̂ + ε)", {"sign": -1}),
        ("the root of v is missing", "Divide by √v̂ + ε", {"root": False}),
        ("the step counter stands still", "Count t up in each step", {"counts": False}),
        ("the moments do not carry over to the next step", "Keep m and v between steps: m ← β₁ m + …",
         {"moments": False, "counts": True}),
        ("β₁ and β₂ are exchanged", "β₁ = 0.9 belongs to m, β₂ = 0.999 to v", {"beta1": 0.999, "beta2": 0.9})]),
    "sgd": (sgd_path, [
        ("it walks downhill where it should climb", "Add the step: θ ← θ + λ v", {"sign": -1}),
        ("the velocity does not decay", "Write v ← momentum · v + ∇θ", {"decays": False}),
        ("the velocity is forgotten after each step", "Write v ← momentum · v + ∇θ", {"remembers": False})]),
    "row_adam": (row_adam_path, [
        ("of a row that occurs twice only one gradient is used", "Add duplicates first: np.add.at",
         {"duplicates": "last"}),
        ("the gradients of a row that occurs twice are averaged", "Add them", {"duplicates": "mean"}),
        ("the rows share one step counter", "Give each row its own t", {"own_counter": False})]),
}
