"""What counts as an offence when a public name is called with anything at all: the judge of the fuzzer."""

import ast
import contextlib
import hashlib
import io
import os
import signal
import sys
import traceback
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

import npvae
from npvae.inference import DivergenceError

PACKAGE = str(Path(npvae.__file__).parent)
LIMIT = 10.0                    # seconds that a call may compute
LONGEST = 1500                  # characters in a message that somebody reads
USERS = "users_"                # functions of the pool: what they raise themselves is the caller's own error
DEEPEST = 6                     # of results inside results


@dataclass
class Call:
    """One call: `function(**arguments)`, or with the arguments in their places if they were swapped."""

    name: str
    function: object
    arguments: dict
    changes: tuple = ()         # arguments that it is there to change
    allowed: tuple = ()         # of "inf", "nan" in a result, "OSError", "AssertionError" as an answer
    places: tuple = ()          # arguments handed over by place: a callable's own names are none of its business
    watch: object = None        # says how the files stand that nothing may touch

    def __call__(self):
        rest = {name: value for name, value in self.arguments.items() if name not in self.places}
        return self.function(*(self.arguments[name] for name in self.places), **rest)

    def __str__(self):
        return f"{self.name}({', '.join(f'{n}={shown(a)}' for n, a in self.arguments.items())})"


class Hang(BaseException):
    """Raised in a call that takes too long; no `except Exception` keeps it."""


def offences(call):
    """What is wrong with what came of a call: a list of (kind, sentence), empty if all is well."""
    found, before, world = [], fingerprint(_kept(call)), _world()
    files = call.watch and call.watch()
    result = problem = None
    silent = contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO())
    with warnings.catch_warnings(record=True) as caught, silent[0], silent[1]:
        warnings.simplefilter("always")
        try:
            with _clock():
                result = call()
                _finite = not_finite(result, call.allowed)
        except Hang:
            return [("hang", f"more than {LIMIT:g} s")]
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            problem = error
    if problem is not None:
        found += _of_exception(problem, call)
    elif _finite:
        found.append(("not finite", _finite))
    # the same one from the same line once
    found += dict.fromkeys(("warning", f"{w.category.__name__}: {w.message} [{os.path.relpath(w.filename, PACKAGE)}:"
                                       f"{w.lineno}]") for w in caught if not _is_ours(w))
    if fingerprint(_kept(call)) != before:
        found.append(("input changed", _changed(call, before)))
    if call.watch and call.watch() != files:
        found.append(("file changed", "a file that was not the package's own was changed, or one of ours was closed"))
    if _world() != world:
        found.append(("global state", "NumPy's error state or its global generator was changed"))
        np.seterr(**world[0])
    return found


def _kept(call):
    return {name: value for name, value in call.arguments.items() if name not in call.changes}


def _world():
    _, keys, place, *_ = np.random.get_state()     # noqa: NPY002
    return np.geterr(), keys.tobytes(), place, os.getcwd()


# ---- exceptions

def _of_exception(error, call):
    kinds = (ValueError, TypeError, DivergenceError, MemoryError) + tuple(
        kind for kind in (OSError, AssertionError) if kind.__name__ in call.allowed)
    said = str(error)
    if not isinstance(error, kinds) or isinstance(error, UnicodeError):
        return [("exception class", f"{type(error).__name__}: {said[:200]} [{_place(error)}]")]
    if not _is_a_sentence(error, call):
        return [("raw message", f"{type(error).__name__}: {said[:200]} [{_place(error)}]")]
    if len(said) > LONGEST:
        return [("long message", f"{len(said)} characters: {said[:100]} … [{_place(error)}]")]
    return []


def _is_a_sentence(error, call):
    """Whether somebody here wrote it: raised by a `raise` of the package, or by the call itself, or a user's own."""
    handed_in = {getattr(value, "__name__", None) for value in call.arguments.values() if callable(value)}
    if isinstance(error, TypeError) and str(error).split("()")[0].removesuffix(".__init__") in handed_in:
        # Python's own words on the arguments that a function takes that the caller has handed in
        return True
    if " " not in str(error).strip():
        return False
    if isinstance(error, MemoryError):
        return True
    frames = traceback.extract_tb(error.__traceback__)
    last = frames[-1]
    # what a callback of the caller's raises is the caller's
    if last.name == getattr(call.arguments.get("after_sweep"), "__name__", ""):
        return True
    inside = [frame for frame in frames if frame.filename.startswith(PACKAGE)]
    if not inside:
        # Python's own words for a wrong name or number of arguments of a public function, or a user's part called
        return isinstance(error, TypeError) or USERS in frames[-1].name
    if USERS in last.name or isinstance(error, TypeError) and USERS in str(error):
        return True
    if isinstance(error, TypeError) and "abstract class" in str(error):
        return True
    return last.filename.startswith(PACKAGE) and _raises(last.filename, last.lineno)


@cache
def _raise_lines(filename):
    tree = ast.parse(Path(filename).read_text(encoding="utf-8"))
    return {line for node in ast.walk(tree) if isinstance(node, ast.Raise)
            for line in range(node.lineno, node.end_lineno + 1)}


def _raises(filename, line):
    return line in _raise_lines(filename)


def _place(error):
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(PACKAGE)]
    return f"{os.path.relpath(frames[-1].filename, PACKAGE)}:{frames[-1].lineno}" if frames else "at the call"


# ---- warnings

def _is_ours(warning):
    # of the package, with a sentence, or of the user's own functions in the pool
    return warning.category is UserWarning and " " in str(warning.message) or warning.filename.endswith("fuzz_pool.py")


# ---- results

def not_finite(result, allowed=(), depth=0):
    """The first NaN or infinity in a result, its backward pass included, as a phrase; None if there is none."""
    if depth > DEEPEST or result is None or isinstance(result, str | bytes | int | type):
        return None
    if isinstance(result, float | complex | np.generic | np.ndarray):
        return _of_numbers(np.asarray(result), allowed)
    if isinstance(result, tuple) and len(result) in (2, 3) and callable(result[-1]) and isinstance(
            result[0], np.ndarray | np.generic):
        return _first([*result[:-1], _backward(*result)], allowed, depth)
    return _first(_inside(result), allowed, depth)


def _first(parts, allowed, depth):
    return next((found for part in parts if (found := not_finite(part, allowed, depth + 1))), None)


def _of_numbers(a, allowed):
    if a.dtype.kind == "O":
        return _first(a.ravel().tolist()[:50], allowed, 0)
    if a.dtype.kind not in "fc":
        return None
    if np.isnan(a).any() and "nan" not in allowed:
        return f"NaN in {a.dtype}{a.shape}"
    return f"infinity in {a.dtype}{a.shape}" if np.isinf(a).any() and "inf" not in allowed else None


def _backward(*forward):
    if len(forward) == 3:
        z, w, back = forward
        return back(np.ones(np.broadcast_shapes(z.shape, (1, w.shape[1], 1))), np.ones_like(w))
    return forward[1](np.ones_like(forward[0]))


def _inside(result):
    if isinstance(result, dict):
        return list(result.values())
    if isinstance(result, list | tuple):
        return list(result)
    if hasattr(result, "solver_"):
        return [result.history_, result.solver_]
    if hasattr(result, "posterior") and hasattr(result, "parameters"):
        return [result.history, result.parameters, getattr(result.posterior, "table", None),
                getattr(result.posterior, "row", None)]
    if isinstance(result, npvae.Parameters):
        return [result.value, result.grad]
    if isinstance(result, npvae.datasets.Dataset):
        return [result.train, result.test]
    if callable(getattr(result, "to_dict", None)) and type(result).__module__.startswith("npvae"):
        return [result.to_dict()]
    if callable(getattr(result, "arrays", None)) and not isinstance(result, type):
        return [result.arrays()]
    return []


# ---- inputs

def fingerprint(value, depth=0):
    """A value that differs when an argument was changed."""
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "O":
            return "O", value.shape, tuple(fingerprint(item, depth + 1) for item in value.ravel().tolist())
        mask = fingerprint(np.ma.getmaskarray(value)) if isinstance(value, np.ma.MaskedArray) else None
        return (value.dtype.str, value.shape, value.strides, value.flags.writeable,
                hashlib.sha1(np.asarray(value).tobytes()).hexdigest(), mask)
    if depth > DEEPEST:
        return None
    if isinstance(value, dict):
        return tuple((repr(key), fingerprint(item, depth + 1)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return type(value).__name__, tuple(fingerprint(item, depth + 1) for item in value)
    if isinstance(value, npvae.Parameters):
        return fingerprint(value.value)
    if isinstance(value, type) or callable(value) and not hasattr(value, "arrays"):
        return str(value)
    for inside in ("arrays", "get_params", "to_numpy", "toarray"):
        if callable(getattr(value, inside, None)):
            with contextlib.suppress(Exception):
                return fingerprint(getattr(value, inside)(), depth + 1)
    if hasattr(value, "__dict__") and type(value).__module__.startswith("npvae"):
        return fingerprint(vars(value), depth + 1)
    return repr(value) if isinstance(value, str | int | float | complex | bytes) else type(value).__name__


def _changed(call, before):
    after = fingerprint(_kept(call))
    names = [name for (name, then), (_, now) in zip(before, after, strict=True) if then != now]
    return f"{', '.join(names)} changed"


def shown(value):
    """A short line for a value, for the table."""
    if isinstance(value, np.ndarray):
        return f"{type(value).__name__}[{value.dtype.str}{value.shape}]"
    try:
        text = repr(value)
    except Exception as error:      # a repr of somebody's object is not what is judged here
        text = f"<{type(value).__name__}: its repr raises {type(error).__name__}>"
    text = " ".join(text.split())
    return text if len(text) < 60 else text[:57] + "…"


# ---- limits

@contextlib.contextmanager
def _clock():
    if not hasattr(signal, "setitimer"):
        yield
        return

    def ring(*_):
        raise Hang

    # of computing, since a machine may be busy with something else; and a multiple of it of waiting
    timers = ((signal.ITIMER_PROF, signal.SIGPROF, LIMIT), (signal.ITIMER_REAL, signal.SIGALRM, 6 * LIMIT))
    previous = [signal.signal(number, ring) for _, number, _ in timers]
    for timer, _, seconds in timers:
        signal.setitimer(timer, seconds)
    try:
        yield
    finally:
        for (timer, number, _), handler in zip(timers, previous, strict=True):
            signal.setitimer(timer, 0)
            signal.signal(number, handler)


@contextlib.contextmanager
def little_memory(more=2 << 30):
    """While it lasts the process gets no more than so many bytes on top of what it has: NumPy says so, none dies."""
    if not sys.platform.startswith("linux"):
        yield
        return
    import resource

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = pages * resource.getpagesize() + more
    resource.setrlimit(resource.RLIMIT_AS, (limit if soft == resource.RLIM_INFINITY else min(limit, soft), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
