"""`FILE.py:NAME` on the command line: a function, a pair or a layer of the user's own, and where to check it."""

import importlib.util
import sys
import traceback
from contextlib import contextmanager
from pathlib import Path

from npvae import dialects
from npvae.gradcheck import Report, gradcheck, report


def check_file(target: str, method: str | None = None, seed: int = 0) -> Report:
    """Check what `FILE.py:NAME` names: a function, a layer or its class, or a pair `FILE.py:forward,backward`.

    The file has `NAME_x`, the point (a tuple for several arguments; of a pair, the first one's), and may have
    `NAME_terms`; or NAME takes no arguments and returns (f, x).

    Raises
    ------
    ValueError
        If there is no such file or name, or the file or the function raises an error: with its line.
    """
    path, _, given = target.rpartition(":")
    names = given.split(",")
    if not path.endswith(".py") or not all(name.isidentifier() for name in names) or len(names) > 2:
        raise ValueError(f"got {target!r}, expected FILE.py:NAME, e.g. my_layers.py:my_tanh, or "
                         "FILE.py:FORWARD,BACKWARD")
    with importable(Path(path)):
        module = loaded(Path(path))
        missing = [name for name in names if not hasattr(module, name)]
        if missing:
            known = ", ".join(n for n in vars(module) if not n.startswith("_"))
            raise ValueError(f"{path} has no {missing[0]}: it has {known}")
        f, x = point_of(module, names, path)
        args, terms = x if isinstance(x, tuple) else (x,), getattr(module, f"{names[0]}_terms", None)
        try:
            return gradcheck(f, *args, method=method, seed=seed, terms=terms, name=given)
        except (Exception, SystemExit) as problem:
            if isinstance(problem, (ValueError, ArithmeticError)) and refused_here(problem):
                raise
            raise ValueError(f"{given} in {where(path, problem)} failed: {told(problem)}") from problem


def told(problem: BaseException) -> str:
    """An error as one says it: its type and its words."""
    return f"{type(problem).__name__}: {problem}"


def where(path: str, problem: BaseException) -> str:
    """The file, and the line in it that an error comes from."""
    lines = [frame.lineno for frame in traceback.extract_tb(problem.__traceback__)
             if Path(frame.filename).resolve() == Path(path).resolve()]
    return f"{path}, line {lines[-1]}," if lines else path


@contextmanager
def importable(path: Path):
    """What the file imports may stand beside it, also if it imports only when its function runs."""
    folders, known = list(sys.path), path.stem in sys.modules
    sys.path.insert(0, str(path.parent.resolve()))
    try:
        yield
    finally:
        sys.path[:] = folders
        if not known:
            sys.modules.pop(path.stem, None)


def loaded(path: Path):
    """The file as a module, known by its name as dataclasses need it, unless a module that is loaded has that name."""
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as problem:
        raise ValueError(f"{where(str(path), problem)} could not be loaded: {told(problem)}") from problem
    return module


def refused_here(problem: BaseException) -> bool:
    """Whether an error was raised by the check itself rather than in code that it called."""
    last = Path(traceback.extract_tb(problem.__traceback__)[-1].filename).resolve()
    return last.parent in {Path(room.__file__).resolve().parent for room in (report, dialects)}


def point_of(module, names: list[str], path: str):
    """The function, pair or layer, and the point x to check it at."""
    parts, x = [getattr(module, name) for name in names], getattr(module, f"{names[0]}_x", None)
    how = f"put the point beside it, {names[0]}_x = np.array(…)"
    if len(parts) == 2 or x is not None:
        if x is None:
            raise ValueError(f"{path} has no {names[0]}_x: {how}, a tuple for several arguments")
        return tuple(parts) if len(parts) == 2 else layer_of(parts[0], names[0], path), x
    how += f", or let {names[0]} take no arguments and return (f, x)"
    try:
        answer = parts[0]()
    except (Exception, SystemExit) as problem:
        raise ValueError(f"{path} has no {names[0]}_x, and {names[0]}() failed ({told(problem)}): {how}") from problem
    if not isinstance(answer, tuple) or len(answer) != 2:
        raise ValueError(f"{names[0]}() returned {type(answer).__name__}, expected (f, x): {how}")
    return answer


def layer_of(part, name: str, path: str):
    """A class is checked as a layer that is made without arguments."""
    if not isinstance(part, type):
        return part
    try:
        return part()
    except (Exception, SystemExit) as problem:
        raise ValueError(f"{name}() in {where(path, problem)} failed ({told(problem)}): make a layer beside the class, "
                         f"layer = {name}(…), with layer_x, and check {path}:layer") from problem
