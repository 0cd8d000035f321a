"""The judge of an answer: it is called at random inputs and edge cases, and what is wrong with it gets a name.

In this order: can it be called; does it agree with a known misconception; the sentence of gradcheck or check_bound; an
input that it changes, another answer when asked again; a shape; the relation to the right value; rows; a number.
"""

from dataclasses import replace
from functools import partial

import numpy as np

from npvae.exercises.asking import check_callable, gradients_apart, names_of
from npvae.exercises.laws import broken_law
from npvae.exercises.mutants import UNTOLD, about_a_slip, about_two_slips
from npvae.exercises.other_inputs import at_other_inputs
from npvae.exercises.points import (
    Tried,
    agrees,
    attempt,
    close,
    edge_points,
    point_at,
    random_points,
)
from npvae.exercises.relations import relation, shape_relation
from npvae.exercises.rows import about_rows, worst_number
from npvae.exercises.task import Task, Wrong
from npvae.exercises.terms import about_terms
from npvae.exercises.twice import check_back_twice, check_twice
from npvae.exercises.views import sentence_of_a_change
from npvae.gradcheck import gradcheck


def judge(task: Task, answer) -> None:
    """Nothing if the answer is right, else Wrong."""
    if task.judge:
        return task.judge(answer)
    answer = check_callable(task, answer)
    tried = []
    for point in random_points(task):
        tried.append(attempt(task, answer, point))
        if tried[-1].problem and tried[-1].problem.mistake in ("no end", "not written"):
            raise tried[-1].problem
    if all(agrees(task, t) for t in tried):
        return _of_a_right_one(task, answer, tried)
    raise _of_a_wrong_one(task, answer, tried)


def _of_a_right_one(task, answer, tried):
    # right at all random inputs: what else can be wrong?
    _unchanged(task, answer, tried)
    _the_same_again(task, answer, tried[0])
    check_twice(task, answer, tried[0].point)
    for point in edge_points(task):
        t = attempt(task, answer, point)
        if t.problem:
            raise Wrong(t.problem.mistake, f"{point.where}: {t.problem.sentence}")
        if not agrees(task, t):
            known = _misconception(task, [t], right_at=[other.point for other in tried])
            raise known or Wrong(f"edge: {point.where}", f"{point.where} it is wrong, though it is right at other "
                                 f"inputs: {_number(task, t)}.")


def _of_a_wrong_one(task, answer, tried):
    first = tried[0]
    known = _misconception(task, tried)
    if known:
        return known
    problem = next((t.problem for t in tried if t.problem), None)
    if problem:
        return _hard_coded(task, answer, tried) or problem
    if not agrees(task, again := attempt(task, answer, first.point)) and not _alike(first, again):
        return Wrong("another answer each time", "it answers differently when it is called again with the same "
                     "arguments: it keeps something from call to call, or draws numbers of its own.")
    known = _hard_coded(task, answer, tried) or _shape(task, tried) or _kind_of_number(task, tried)
    if known:
        return known
    if task.kind == "back" and _first_wrong(task, tried) == 0:
        # of a wrong value the slopes are wrong, too, or those of another one: a report counts if it speaks of the value
        reported = _reported(task, answer)
        return (_misconception(task, tried, only=0) or _related(task, answer, tried)
                or (reported if reported and "value" in reported.sentence else _unknown(task, answer, tried)))
    return _reported(task, answer) or _related(task, answer, tried) or _unknown(task, answer, tried)


def _first_wrong(task, tried):
    # which result is wrong, the first of them
    return next(i for i in range(len(tried[0].point.right))
                if not all(np.all(close(task, t.got[i], t.point.right[i])) for t in tried))


def _misconception(task, tried, right_at=(), only=None):
    for variant, sentence in task.misconceptions:
        if all(_alike_at(task, variant, t, only) for t in tried) and all(
                agrees(task, attempt(task, variant, point)) for point in right_at):
            return Wrong(variant.__name__.replace("_", " ").strip(), sentence)
    return None


def _alike_at(task, variant, t, only):
    other = attempt(task, variant, t.point)
    if other.problem or t.problem or len(other.got) != len(t.got) or any(a.dtype.kind == "c" for a in t.got):
        return False
    if only is not None:
        t, other = (replace(one, got=[one.got[only]]) for one in (t, other))
    return _alike(t, other, task.tolerance)


def _the_same(task, a, b):
    return not b.problem and _alike(a, b, task.tolerance)


def _alike(a: Tried, b: Tried, tolerance=1e-9):
    return len(a.got) == len(b.got) and all(
        x.shape == y.shape and x.dtype.kind in "biufc" and np.allclose(x, y, rtol=tolerance, atol=1e-10, equal_nan=True)
        for x, y in zip(a.got, b.got, strict=True))


def _unchanged(task, answer, tried):
    for t in tried:
        if t.changed:
            raise Wrong("changes its input", sentence_of_a_change(task, answer, t.changed[0]))


def _the_same_again(task, answer, first):
    again = attempt(task, answer, first.point)
    if not agrees(task, again):
        raise Wrong("another answer each time", "it answers differently when it is called again with the same "
                    "arguments: it keeps something from call to call, or draws numbers of its own.")


def _hard_coded(task, answer, tried):
    if task.example is None:
        return None
    example = attempt(task, answer, point_at(task, task.example(), {}))
    if not agrees(task, example):
        return None
    if all(t.problem and t.problem.mistake.startswith("raises") for t in tried):
        return Wrong("size hard-coded", "it works at the shapes of the notebook's example alone: a size is written "
                     f"as a number; at other shapes {tried[0].problem.sentence}")
    if all(not t.problem and _alike(t, example) for t in tried):
        return Wrong("hard-coded", "it returns the numbers of the notebook's example, whatever it is called with: "
                     "compute them from the arguments.")
    if all(not t.problem and t.got[0].shape == example.got[0].shape != t.point.right[0].shape for t in tried):
        return Wrong("size hard-coded", "it returns the shape of the notebook's example, whatever it is called with: a "
                     "size is written as a number.")
    return None


def _shape(task, tried):
    for i, name in enumerate(names_of(task, len(tried[0].point.right))):
        t = next((t for t in tried if i < len(t.got) and t.got[i].shape != t.point.right[i].shape), None)
        if t:
            mistake, said = shape_relation(t.got[i], t.point.right[i], t.point.sizes)
            return Wrong(mistake, f"{name} {said}.")
    return None


def _kind_of_number(task, tried):
    for i, name in enumerate(names_of(task, len(tried[0].point.right))):
        for t in tried:
            got, right = t.got[i], t.point.right[i]
            if np.all(close(task, got, right)):
                continue
            if got.dtype.kind in "iu" and right.dtype.kind == "f":
                return Wrong("integers", f"{name} holds whole numbers ({got.dtype}), expected floats: whatever is "
                             "written into an array of integers loses its decimals.")
            if got.dtype.kind in "bc":
                return Wrong("type", f"{name} is {'true or false' if got.dtype.kind == 'b' else 'complex'}, expected "
                             f"{right.dtype}." if got.dtype.kind == "b" else f"{name} is complex, a real and an "
                             f"imaginary part ({got.dtype}), expected {right.dtype}.")
            if got.dtype.kind == "f" and (~np.isfinite(got) & np.isfinite(right)).any():
                bad = got[~np.isfinite(got) & np.isfinite(right)]
                return Wrong("not finite", f"{name} has {bad.size} of {got.size} numbers that are {bad.flat[0]}: a "
                             "logarithm of 0 or of a negative number, an exp that overflows, or 0/0?")
    return None


def _reported(task, answer):
    report = report_of(task, answer)
    if report is None or report or not report.diagnosis or report.diagnosis[0].kind == "unknown":
        return None
    finding = report.diagnosis[0]
    return Wrong(finding.kind, finding.sentence)


def report_of(task: Task, answer):
    """The checker's report of an answer, for a gradient or a bound; None where there is none."""
    try:
        if task.report:
            return task.report(answer)
        if task.kind != "back":
            return None
        return gradcheck(*_as_one_argument(task, answer), name=task.name)
    except Exception:       # what the checker refuses is no explanation
        return None


def _as_one_argument(task, answer):
    # f and its x, a dict, so that the arguments keep their names in what is said
    args, names = random_points(task)[0].args, task.arguments
    x = {name: a for name, a in zip(names, args, strict=True)
         if (name in task.wrt or not task.wrt) and np.asarray(a).dtype.kind == "f"}

    def f(given):
        filled = [given.get(name, a) for name, a in zip(names, args, strict=True)]
        y, back = task.call(answer, *filled) if task.call else answer(*filled)

        def named(dy):
            return dict(zip(x, gradients_apart(task, back(dy), args), strict=True))

        return y, named

    return f, x


def _related(task, answer, tried):
    n, i = len(tried[0].point.right), _first_wrong(task, tried)
    where = "" if n == 1 else f"{names_of(task, n)[i]}: "
    got, right = [t.got[i].astype(float) for t in tried], [t.point.right[i].astype(float) for t in tried]
    found = relation(got, right, [t.point.sizes for t in tried])
    if not found or found[0] == "constant":
        found = (about_terms(task, answer, tried) if i == 0 else None) or found
    found = found or at_other_inputs(task, tried) or about_rows(task, answer, tried, i)
    slip = None if found else about_a_slip(task, tried, partial(_the_same, task))
    if slip and any(words in slip[1] for words in UNTOLD) and broken_law(task, answer, tried):
        return _unknown(task, answer, tried)        # a law says more than a place without a name
    if found := found or slip:
        return Wrong(found[0], f"{where}{found[1]}.")
    try:
        _unchanged(task, answer, tried)
        if task.kind == "back" and i:
            check_back_twice(task, answer, tried[0].point)
    except Wrong as problem:
        return problem
    return None


def _unknown(task, answer, tried):
    # no name for it: a law that it breaks, two slips at once, or a number
    law = broken_law(task, answer, tried)
    number = _number(task, next(t for t in tried if not agrees(task, t)))
    if law:
        return Wrong("breaks a law", f"{law}; {number}.")
    found = about_two_slips(task, tried, partial(_the_same, task)) or ("unknown", number)
    return Wrong(found[0], f"{found[1]}.")


def _number(task, t):
    n = len(t.point.right)
    i = next(i for i in range(n) if not np.all(close(task, t.got[i], t.point.right[i])))
    where = "" if n == 1 else f"{names_of(task, n)[i]}: "
    if t.got[i].shape != t.point.right[i].shape:
        return f"{names_of(task, n)[i]} {shape_relation(t.got[i], t.point.right[i], t.point.sizes)[1]}"
    return where + worst_number(task, t.got[i], t.point.right[i])
