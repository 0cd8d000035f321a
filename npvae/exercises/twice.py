"""What a right answer does besides: to its arguments, and when it, what it returns, or its back is called once more."""

import copy
import inspect

import numpy as np

from npvae.exercises.asking import gradients_apart, names_of
from npvae.exercises.points import Point, agrees, attempt
from npvae.exercises.task import Task, Wrong
from npvae.exercises.trial import at_most


def check_twice(task: Task, answer, point: Point) -> None:
    """Wrong if a right answer changes a list, or is another when it, or what it has returned, is called again."""
    if not inspect.isclass(answer):
        lists = []
        attempt(task, _watched(answer, lists), point)
        if not task.changes and any(not _as_before(now, before) for now, before in lists):
            raise Wrong("changes its input", "it changes a list that it is given, its length or its order: whoever "
                        "calls it goes on with another list than before. Go over it, or make a new one.")
        for other in (_called_before, _called_meanwhile):
            if not agrees(task, attempt(task, other(answer), point)):
                raise Wrong("another answer each time", "it is right once, and wrong when it, or the function it "
                            "returns, is called twice: something is kept from call to call, in a name outside of it.")
    if task.kind == "back":
        check_back_twice(task, answer, point)


def _watched(answer, lists):
    # the answer, which leaves in `lists` each list that it was given, with a copy
    def f(*args, **named):
        lists.extend((a, copy.copy(a)) for a in (*args, *named.values()) if isinstance(a, list | dict))
        return answer(*args, **named)

    return f


def _as_before(now, before):
    if isinstance(now, dict):
        return list(now) == list(before) and all(now[k] is before[k] for k in now)
    return len(now) == len(before) and all(a is b for a, b in zip(now, before, strict=True))


def _called_before(f):
    # each call is the second one with its arguments
    def g(*args, **named):
        _in_vain(f, args, named)
        out = f(*args, **named)
        return _called_before(out) if inspect.isfunction(out) else out

    return g


def _called_meanwhile(f):
    # between a call and the use of what it gave there is a call with other numbers
    def g(*args, **named):
        out = f(*args, **named)
        _in_vain(f, [_other(a) for a in args], named)
        return _called_meanwhile(out) if inspect.isfunction(out) else out

    return g


def _in_vain(f, args, named):
    try:
        f(*copy.deepcopy(list(args)), **named)
    except Exception:       # other numbers may be none that it knows
        pass


def _other(a):
    return 0.5 * a if isinstance(a, float | np.ndarray) and np.asarray(a).dtype.kind == "f" else a


def check_back_twice(task: Task, answer, point: Point) -> None:
    """Wrong if a back changes the gradient that it is given, or gives others when it is called again."""
    args, given = copy.deepcopy(point.args), np.array(point.upstream)
    with at_most(2 * task.seconds), np.errstate(all="ignore"):
        _, back = task.call(answer, *args) if task.call else answer(*args)
        # a second call may write into what the first has given
        first = copy.deepcopy(gradients_apart(task, back(given), args))
        try:
            second = gradients_apart(task, back(np.array(point.upstream)), args)
        except Exception:       # nothing is left for a second call
            second = [np.nan] * len(first)
    if not np.array_equal(given, point.upstream):
        raise Wrong("changes its input", "its back changes the gradient that it is given, in place: whoever calls it "
                    "goes on with another one than before. Make a new array.")
    for name, a, b in zip(names_of(task, len(point.right))[1:], first, second, strict=False):
        if np.shape(a) != np.shape(b) or not np.allclose(a, b, rtol=1e-9, atol=1e-12, equal_nan=True):
            raise Wrong("another answer each time", f"{name}: its back gives something else when it is called again "
                        "with the same gradient: it uses up, or changes, what the forward pass has left.")
