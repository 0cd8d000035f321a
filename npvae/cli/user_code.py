"""`FILE.py:NAME` on the command line: a function of the user's own, and where to check it."""

import importlib.util
import sys
import traceback
from contextlib import contextmanager
from pathlib import Path

from npvae.gradcheck import gradcheck, report


def check_file(target, method=None, seed=0):
    """Check the function that `FILE.py:NAME` names.

    Either the file also has `NAME_x`, the point, and NAME is the function; or NAME takes no arguments and returns
    (f, x).

    Parameters
    ----------
    target : str
    method : str, optional
    seed : int

    Returns
    -------
    report : Report

    Raises
    ------
    ValueError
        If there is no such file or name, or the file or the function raises an error.
    """
    path, _, name = target.rpartition(":")
    if not path.endswith(".py") or not name.isidentifier():
        raise ValueError(f"got {target!r}, expected FILE.py:NAME, e.g. my_layers.py:my_tanh")
    with importable(Path(path)):
        module = loaded(Path(path))
        if not hasattr(module, name):
            names = ", ".join(n for n in vars(module) if not n.startswith("_"))
            raise ValueError(f"{path} has no {name}: it has {names}")
        f, x = point_of(module, name, path)
        try:
            return gradcheck(f, x, method=method, seed=seed, name=name)
        except (Exception, SystemExit) as problem:
            if isinstance(problem, (ValueError, ArithmeticError)) and refused_here(problem):
                raise
            raise ValueError(f"{name} in {path} failed: {type(problem).__name__}: {problem}") from problem


@contextmanager
def importable(path):
    """What the file imports may stand beside it, also if it imports only when its function runs."""
    folders, known = list(sys.path), path.stem in sys.modules
    sys.path.insert(0, str(path.parent.resolve()))
    try:
        yield
    finally:
        sys.path[:] = folders
        if not known:
            sys.modules.pop(path.stem, None)


def loaded(path):
    """The file as a module, known by its name as dataclasses need it, unless a module that is loaded has that name."""
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as problem:
        raise ValueError(f"{path} could not be loaded: {type(problem).__name__}: {problem}") from problem
    return module


def refused_here(problem):
    """Whether an error was raised by the check itself rather than in code that it called."""
    frames = traceback.extract_tb(problem.__traceback__)
    return Path(frames[-1].filename).resolve().is_relative_to(Path(report.__file__).resolve().parent)


def point_of(module, name, path):
    """The function and the point x to check it at."""
    f, x = getattr(module, name), getattr(module, f"{name}_x", None)
    if x is not None:
        return f, x
    how = (f"put the point beside it, {name}_x = np.array(…), or let {name} take no arguments and return (f, x)")
    try:
        answer = f()
    except (Exception, SystemExit) as problem:
        raise ValueError(f"{path} has no {name}_x, and {name}() failed ({type(problem).__name__}: {problem}): {how}"
                         ) from problem
    if not isinstance(answer, tuple) or len(answer) != 2:
        raise ValueError(f"{name}() returned {type(answer).__name__}, expected (f, x): {how}")
    return answer
