"""`FILE.py:NAME` on the command line: a function of the user's own, and where to check it."""

import importlib.util
import sys
from pathlib import Path

from npvae.gradcheck.check import gradcheck


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
    module = loaded(Path(path))
    if not hasattr(module, name):
        raise ValueError(f"{path} has no {name}: it has {', '.join(n for n in vars(module) if not n.startswith('_'))}")
    f, x = point_of(module, name, path)
    try:
        return gradcheck(f, x, method=method, seed=seed, name=name)
    except (ValueError, ArithmeticError):
        raise
    except Exception as problem:
        raise ValueError(f"{name} in {path} failed: {type(problem).__name__}: {problem}") from problem


def loaded(path):
    """The file as a module; what it imports may stand beside it."""
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent.resolve()))
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as problem:
        raise ValueError(f"{path} could not be loaded: {type(problem).__name__}: {problem}") from problem
    finally:
        sys.path.pop(0)
    return module


def point_of(module, name, path):
    """The function and the point x to check it at."""
    f, x = getattr(module, name), getattr(module, f"{name}_x", None)
    if x is not None:
        return f, x
    how = (f"put the point beside it, {name}_x = np.array(…), or let {name} take no arguments and return (f, x)")
    try:
        answer = f()
    except Exception as problem:
        raise ValueError(f"{path} has no {name}_x, and {name}() failed ({type(problem).__name__}: {problem}): {how}"
                         ) from problem
    if not isinstance(answer, tuple) or len(answer) != 2:
        raise ValueError(f"{name}() returned {type(answer).__name__}, expected (f, x): {how}")
    return answer
