"""Calls an answer, and says in words what is wrong with how it answers: an error, no end, None, a type, a shape."""

import copy
import inspect
import linecache
import traceback

import numpy as np

from npvae.exercises.plain_words import about_shapes, shape_in_names
from npvae.exercises.task import Task, Wrong
from npvae.exercises.trial import TooSlow, Waits, at_most


def check_callable(task: Task, answer):
    """The answer as a function of the task's arguments, or Wrong; a number stands for a function of none."""
    if not task.arguments and not callable(answer) and answer is not None:
        return lambda: answer
    if inspect.isclass(task.solution):
        if not inspect.isclass(answer):
            raise Wrong("no class", f"{task.name} is to be a class, got {_kind(answer)}.")
        return answer
    if not callable(answer):
        raise Wrong("no function", f"got {_kind(answer)}, expected the function itself, without a call: "
                    f'check("{task.name}", {task.name}).')
    try:
        signature = inspect.signature(answer)
    except (TypeError, ValueError):
        return answer
    names = list(inspect.signature(task.solution).parameters)
    try:
        signature.bind(*names)
    except TypeError:
        takes = ", ".join(signature.parameters) or "nothing"
        raise Wrong("arguments", f"it takes ({takes}), expected ({', '.join(names)}): keep the stub's first line."
                    ) from None
    return answer


def called(task: Task, answer, args: tuple, upstream=None, sizes: dict | None = None):
    """What the answer returns at a copy of the arguments, and the copy; Wrong if it raises, or does not end.

    With an upstream gradient, what `y, back` gives: (y, dx, …). Shapes are told in the names of `sizes`.
    """
    args = copy.deepcopy(args)
    try:
        with at_most(task.seconds), np.errstate(all="ignore"):
            out = task.call(answer, *args) if task.call else answer(*args)
            return (out if upstream is None else _with_gradients(task, out, upstream, args)), args
    except Wrong:
        raise
    except Waits as problem:        # past all who try: waiting is not allowed again and again
        raise Waits(_where(answer, problem)) from None
    except TooSlow as problem:
        raise Wrong("no end", f"it does not come to an end in {task.seconds:g} seconds{_where(answer, problem)}: a "
                    "loop whose condition never changes, or far too many rounds?") from None
    except NotImplementedError as problem:
        raise not_written(task) from problem
    except (Exception, SystemExit) as problem:
        said = " ".join(str(problem).split())
        said = about_shapes(said, sizes or {}) or said[:150]
        said = f" ({said})" if said else ""
        raise Wrong(f"raises {type(problem).__name__}",
                    f"it raises {_a(type(problem).__name__)}{said}{_where(answer, problem)}"
                    f"{_at_shapes(task, args, sizes or {})}.") from problem


def _with_gradients(task, out, upstream, args):
    if out is None:
        raise Wrong("returns None", "it returns None: the last line needs `return y, back`.")
    if not isinstance(out, tuple | list) or len(out) != 2 or not callable(out[1]):
        raise Wrong("no back", f"it returns {_kind(out)}, expected two things, y and a function back.")
    y, back = out
    if np.shape(y) not in (np.shape(upstream), np.shape(upstream) or (1,)):
        # outputs that are compared below, where a wrong shape is explained
        return (y,)
    gradients = back(np.array(upstream))
    if gradients is None:
        raise Wrong("back returns None", "its back returns None: the last line of back needs a `return`.")
    return (y, *gradients_apart(task, gradients, args))


def gradients_apart(task: Task, gradients, args: tuple) -> list:
    """What a back has returned as a list of gradients; one of them may be a list of rows itself."""
    names = task.wrt or task.arguments
    try:
        shape, expected = np.shape(gradients), np.shape(args[task.arguments.index(names[0])])
    except ValueError:      # of unequal lengths, or of another name
        shape = expected = None
    if expected is not None and len(names) == 1 and not isinstance(gradients, tuple) and len(shape) == len(expected):
        return [np.asarray(gradients)]
    several = isinstance(gradients, tuple | list) or shape == (len(names), *(expected or ())) and len(names) > 1
    return list(gradients) if several else [gradients]


def not_written(task: Task) -> Wrong:
    """What is said of a stub."""
    about = inspect.getdoc(task.solution).split("\n\n")[0].replace("\n", " ").rstrip(".")
    return Wrong("not written", f"it is not written yet: in place of `raise NotImplementedError`, write what gives "
                 f"this: {about}.")


def outputs(task: Task, out, n: int, several: bool) -> list[np.ndarray]:
    """What was returned as a list of n arrays, or of y alone if that has a wrong shape; else Wrong."""
    if out is None:
        raise Wrong("returns None", "it returns None: the last line needs a `return`.")
    if not several:
        if isinstance(out, tuple) and len(out) > 1 and any(np.ndim(item) for item in out):
            raise Wrong("number of results", f"it returns {_kind(out)}, expected one thing, {names_of(task, 1)[0]}.")
        return [_as_array(task, out, 0, 1)]
    y_alone = task.kind == "back" and isinstance(out, tuple) and len(out) == 1
    if isinstance(out, np.ndarray) and out.ndim and len(out) == n:
        out = list(out)
    if not isinstance(out, tuple | list) or len(out) != n and not y_alone:
        names = names_of(task, n)
        if task.kind == "back":
            raise Wrong("number of results", f"its back returns {len(out) - 1} things, expected {n - 1}: "
                        f"{', '.join(names[1:])}.")
        raise Wrong("number of results", f"it returns {_kind(out)}, expected {n} things: {', '.join(names)}.")
    return [_as_array(task, item, i, n) for i, item in enumerate(out)]


def _as_array(task, item, i, n):
    what = "it returns" if n == 1 else f"{names_of(task, n)[i]} is"
    if item is None:
        raise Wrong("returns None", f"{what} None: is a `return` missing?")
    if callable(item) and not isinstance(item, np.ndarray):
        raise Wrong("type", f"{what} {_kind(item)}, expected numbers: call it?")
    try:
        array = np.asarray(item)
    except ValueError:
        raise Wrong("type", f"{what} {_kind(item)} of unequal lengths, expected an array.") from None
    if array.dtype.kind not in "biufc":
        raise Wrong("type", f"{what} {_kind(item)}, expected numbers.")
    return array


def names_of(task: Task, n: int) -> list[str]:
    """The names of what is returned."""
    if len(task.returns) >= n:
        return list(task.returns[:n])
    if task.kind == "back":
        return ["y", *(f"d{name}" for name in task.wrt or task.arguments)][:n]
    return ["the value"] if n == 1 else [f"result {i + 1}" for i in range(n)]


def _kind(thing):
    if isinstance(thing, np.ndarray):
        return f"an array of shape {thing.shape}"
    if isinstance(thing, tuple | list):
        return f"a {type(thing).__name__} of {len(thing)}"
    if inspect.isfunction(thing) or inspect.ismethod(thing):
        return "a function"
    return "None" if thing is None else _a(type(thing).__name__)


def _a(name):
    return f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"


def _at_shapes(task, args, sizes):
    shapes = [f"{name} {shape_in_names(np.shape(a), sizes)}" for name, a in zip(task.arguments, args, strict=False)
              if isinstance(a, np.ndarray) and np.ndim(a)]
    return f", at shapes {', '.join(shapes)}" if shapes else ""


def _is_ours(filename):
    return any(place in filename.replace("\\", "/") for place in ("npvae/exercises/", "site-packages/"))


def _where(answer, problem):
    # the last line of the file, or cell, that the answer was written in
    code = getattr(inspect.unwrap(answer), "__code__", None)
    if code is None and inspect.isclass(answer):
        code = next((f.__code__ for f in vars(answer).values() if inspect.isfunction(f)), None)
    if code is None:
        return ""
    frames = [f for f in traceback.extract_tb(problem.__traceback__) if f.filename == code.co_filename]
    if not frames or _is_ours(code.co_filename):
        # a task has wrapped the answer in a function of its own
        frames = [f for f in traceback.extract_tb(problem.__traceback__) if not _is_ours(f.filename)] or frames
    if not frames:
        return ""
    line = linecache.getline(frames[-1].filename, frames[-1].lineno).strip()
    return f" in line {frames[-1].lineno}" + (f", `{line}`" if line else "")
