"""Is a wrong value the right one for other inputs: x² for x, −x, p and q exchanged, x not used at all?"""

import itertools
import time

import numpy as np

from npvae.exercises.points import Point, agrees, point_at
from npvae.exercises.task import Task, Wrong

PATIENCE = 1.0      # seconds
CHANGES = {
    "{a} is not used: the answer is the same for any other": lambda a: 0 * a,
    "it is right for −{a} in place of {a}: a sign of {a} is wrong": lambda a: -a,
    "it is right for {a}² in place of {a}: {a} is squared once too often": lambda a: a**2,
    "it is right for √{a} in place of {a}: a power of {a} is wrong": lambda a: np.sqrt(a),
    "it is right for exp({a}) in place of {a}": lambda a: np.exp(a),
    "it is right for log({a}) in place of {a}": lambda a: np.log(a),
    "it is right for 2·{a} in place of {a}": lambda a: 2 * a,
    "it is right for {a}/2 in place of {a}": lambda a: a / 2,
    "it is right for 1/{a} in place of {a}": lambda a: 1 / a,
    "it is right for |{a}| in place of {a}": lambda a: np.abs(a),
    "it is right for the transpose of {a} in place of {a}": lambda a: a.T if a.ndim == 2 else a + np.nan,
    "it is right for all rows being the first of {a}: use each row": lambda a: np.broadcast_to(a[:1], a.shape).copy(),
    "it is right for the mean row of {a} in place of {a}": lambda a: np.broadcast_to(a.mean(0), a.shape).copy(),
}
NAMES = ("not used", "sign of {a}", "{a} squared", "{a} not squared", "exp of {a}", "log of {a}", "2 {a}", "half {a}",
         "1/{a}", "absolute {a}", "transposed {a}", "first row of {a}", "mean of {a}")


def at_other_inputs(task: Task, tried: list) -> tuple[str, str] | None:
    """The mistake and a sentence, if what was returned is right at changed arguments, at all points."""
    end = time.process_time() + PATIENCE
    for mistake, said, change in _changes(task, tried[0].point.args):
        if time.process_time() > end:
            return None
        if all(_right_if(task, t, change) for t in tried):
            return mistake, said
    return None


def _changes(task, args):
    # an argument at a time, then two exchanged
    floats = [i for i, a in enumerate(args) if np.asarray(a).dtype.kind == "f"]
    names = task.arguments
    for i in floats:
        for (said, f), mistake in zip(CHANGES.items(), NAMES, strict=True):
            yield mistake.format(a=names[i]), said.format(a=names[i]), _one(i, f)
    for i, j in itertools.combinations(range(len(args)), 2):
        if np.shape(args[i]) == np.shape(args[j]):
            yield (f"{names[i]} and {names[j]} exchanged",
                   f"it is right for {names[i]} and {names[j]} exchanged", _two(i, j))


def _one(i, f):
    def change(args):
        new = f(np.asarray(args[i], float))
        return (*args[:i], new if np.ndim(args[i]) else float(new), *args[i + 1:])

    return change


def _two(i, j):
    def change(args):
        args = list(args)
        args[i], args[j] = args[j], args[i]
        return tuple(args)

    return change


def _right_if(task, tried, change):
    try:
        with np.errstate(all="ignore"):
            args = change(tried.point.args)
        out = point_at(task, args, tried.point.sizes, seed=tried.point.seed)
    except (Wrong, Exception):      # what cannot be called there is no explanation
        return False
    if any(not np.isfinite(a).all() for a in out.right if a.dtype.kind == "f"):
        return False
    return agrees(task, type(tried)(Point(args, out.right, {}), tried.got))
