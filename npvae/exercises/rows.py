"""Where a value is wrong: in some rows or columns, for several rows at once, where an argument is negative."""

import numpy as np

from npvae.exercises.plain_words import told_apart
from npvae.exercises.points import Tried, agrees, attempt, close, point_at
from npvae.exercises.relations import relation
from npvae.exercises.task import Task, Wrong


def about_rows(task: Task, answer, tried: list[Tried], i: int) -> tuple[str, str] | None:
    """The mistake and a half sentence on where result i is wrong, of equal shapes."""
    masks = [np.asarray(close(task, t.got[i], t.point.right[i])) for t in tried]
    return (_negative(task, tried, masks) or _of_an_axis(masks, 0, "row") or _of_an_axis(masks, -1, "column")
            or _diagonal(masks) or _one_by_one(task, answer, tried[0], i) or _of_a_half(tried, masks, i))


def _of_an_axis(masks, axis, thing):
    if any(m.ndim == 0 or m.shape[axis] < 2 or m.ndim == 1 and axis == -1 for m in masks):
        return None
    fine = [np.moveaxis(m, axis, 0).reshape(m.shape[axis], -1).all(1) for m in masks]
    if all(f[0] and not f[1:].any() for f in fine):
        return f"first {thing} only", f"only its first {thing} is right: treat every {thing} alike"
    if all(f[-1] and not f[:-1].any() for f in fine):
        return f"last {thing} only", f"only its last {thing} is right: is each overwritten by the next?"
    if all(f[:-1].all() and not f[-1] for f in fine):
        return f"last {thing}", f"its last {thing} is wrong, all others are right: one round of a loop too few?"
    if all(f[1:].all() and not f[0] for f in fine):
        return f"first {thing}", f"its first {thing} is wrong, all others are right: does a loop begin too late?"
    return None


def _of_a_half(tried, masks, i):
    # of rows [μ, log σ] one half
    if any(m.ndim < 2 or m.shape[-1] % 2 for m in masks):
        return None
    for which, k, other in (("first", 0, "second"), ("second", 1, "first")):
        wrong, fine = ([np.split(m, 2, -1)[j] for m in masks] for j in (k, 1 - k))
        if all(m.all() for m in fine) and all(m.mean() < 0.5 for m in wrong):
            got, right = ([np.split(a.astype(float), 2, -1)[k] for a in half] for half in (
                [t.got[i] for t in tried], [t.point.right[i] for t in tried]))
            found = relation(got, right, [t.point.sizes for t in tried])
            said = f"its {other} half is right, and the {which} half is wrong"
            return (f"{which} half: {found[0]}", f"{said}: {found[1]}") if found else (f"{which} half", said)
    return None


def _diagonal(masks):
    if any(m.ndim != 2 or m.shape[0] != m.shape[1] or len(m) < 2 for m in masks):
        return None
    on = [np.diag(m) for m in masks]
    off = [m[~np.eye(len(m), dtype=bool)] for m in masks]
    if all(a.all() for a in on) and not any(b.any() for b in off):
        return "off the diagonal", "its diagonal is right, and what is off the diagonal is wrong"
    if not any(a.any() for a in on) and all(b.all() for b in off):
        return "diagonal", "its diagonal is wrong, and what is off the diagonal is right"
    return None


def _negative(task, tried, masks):
    # wrong exactly where an argument of the same shape is negative, or positive
    for k, name in enumerate(task.arguments):
        args = [t.point.args[k] for t in tried]
        if not all(isinstance(a, np.ndarray) and a.shape == m.shape and a.dtype.kind == "f"
                   for a, m in zip(args, masks, strict=True)):
            continue
        if not any((a < 0).any() and (a > 0).any() for a in args):
            continue
        if all(np.array_equal(m, a >= 0) for a, m in zip(args, masks, strict=True)):
            return f"negative {name}", f"it is wrong where {name} is negative, and right elsewhere"
        if all(np.array_equal(m, a <= 0) for a, m in zip(args, masks, strict=True)):
            return f"positive {name}", f"it is wrong where {name} is positive, and right elsewhere"
    return None


def _one_by_one(task, answer, tried, i):
    B = tried.point.sizes.get("B")
    if not B or not task.one_row or task.kind == "back":
        return None
    got, right = tried.got[i], tried.point.right[i]
    if np.ndim(right) == 0 or len(right) != B:
        return None
    # a row that is right among the others says nothing
    for row in [r for r in range(B) if not np.all(close(task, got[r], right[r]))][:2]:
        args = tuple(a[row:row + 1] if isinstance(a, np.ndarray) and a.ndim and len(a) == B else a
                     for a in tried.point.args)
        try:
            if not agrees(task, attempt(task, answer, point_at(task, args, {}))):
                return None
        except (Wrong, Exception):      # the solution itself knows no single row
            return None
    return "batch", ("it is right for one row alone and wrong for several: a row's value is not to depend on the other "
                     "rows, so reduce over the last axis only")


def worst_number(task: Task, got: np.ndarray, right: np.ndarray) -> str:
    """Half a sentence with the number that is furthest off, and what is right."""
    wrong = ~np.asarray(close(task, got, right))
    far = np.where(wrong, np.abs(np.nan_to_num(got.astype(float), nan=np.inf) - right), -1)
    place = np.unravel_index(np.nanargmax(far), far.shape) if far.ndim else ()
    at = f"at index {', '.join(map(str, place))} " if place else ""
    share = f" ({wrong.sum()} of {wrong.size} numbers are wrong)" if wrong.ndim and wrong.size > 1 else ""
    one, other = told_apart(float(got[place]), float(right[place]))
    return f"{at}it is {one}, and right is {other}{share}"
