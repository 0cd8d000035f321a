"""A value as a sum of the task's terms: which of them is missing, has another sign or another factor?"""

import numpy as np

from npvae.exercises.asking import called
from npvae.exercises.points import attempt, random_points
from npvae.exercises.relations import CONSTANTS, FACTORS, near
from npvae.exercises.task import Task, Wrong


def about_terms(task: Task, answer, tried: list) -> tuple[str, str] | None:
    """The mistake and half a sentence, if the first result is a sum of the terms with other factors than 1."""
    names = list(task.terms)
    if not names:
        return None
    if sum(t.got[0].size for t in tried) < len(names) + 4:
        # single numbers: more of them
        tried = [attempt(task, answer, point) for point in random_points(task, len(names) + 4)]
        if any(t.problem or t.got[0].shape != t.point.right[0].shape for t in tried):
            return None
    got = np.concatenate([np.ravel(t.got[0]).astype(float) for t in tried])
    parts = []
    for f in task.terms.values():
        try:
            values = [np.asarray(called(task, f, t.point.args)[0], float) for t in tried]
        except Wrong:
            return None
        parts.append(np.concatenate([np.broadcast_to(v, t.point.right[0].shape).ravel()
                                     for v, t in zip(values, tried, strict=True)]))
    for more in ([], [np.ones_like(got)]):
        A = np.stack([*parts, *more], 1)
        if len(got) <= A.shape[1] or not np.isfinite(A).all() or np.linalg.matrix_rank(A) < A.shape[1]:
            continue
        factors = np.linalg.lstsq(A, got, rcond=None)[0]
        if near(A @ factors, got):
            return _said(names, factors)
    return None


def _said(names, factors):
    said = [(f"{name}: {what}", phrase.format(name=name))
            for name, factor in zip(names, factors, strict=False) for what, phrase in [_of(factor)] if what]
    if len(factors) > len(names):
        c = factors[-1]
        known = next((n for n, v in CONSTANTS.items() if np.isclose(abs(c), v, rtol=1e-5)), f"{abs(c):.4g}")
        said.append(("constant", f"a constant is {'added' if c > 0 else 'taken off'} that does not belong, {known}"))
    return ("; ".join(s[0] for s in said[:2]), ", and ".join(s[1] for s in said)) if 0 < len(said) <= 2 else None


def _of(factor):
    if np.isclose(factor, 1, rtol=1e-5):
        return "", ""
    if abs(factor) < 1e-5:
        return "missing", "{name} is missing"
    if np.isclose(factor, -1, rtol=1e-5):
        return "sign", "{name} has the wrong sign"
    known = next((n for n, v in FACTORS.items() if np.isclose(abs(factor), v, rtol=1e-5)), f"{abs(factor):.4g}")
    minus = "−" if factor < 0 else ""
    return f"factor {minus}{known}", "{name} " + f"is taken {minus}{known} times"
