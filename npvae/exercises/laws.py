"""What every right answer keeps: a KL is never negative, weights sum to one, what is shifted comes out shifted."""

import numpy as np

from npvae.exercises.asking import called
from npvae.exercises.task import Task, Wrong


def broken_law(task: Task, answer, tried: list) -> str | None:
    """The sentence of the first of the task's laws that the answer breaks, at the first input that shows it."""

    def f(*args):
        out = called(task, answer, args)[0]
        return [np.asarray(a, float) for a in out] if isinstance(out, tuple | list) and len(
            tried[0].point.right) > 1 else np.asarray(out, float)

    for holds, sentence in task.laws:
        for t in tried:
            try:
                if not holds(f, *t.point.args):
                    return sentence
            except (Wrong, Exception):      # the answer is none that the law speaks of
                break
    return None


def same(a, b) -> bool:
    """Whether two results agree but for rounding."""
    return np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=1e-4, atol=1e-7)
