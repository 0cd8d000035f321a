"""Parts of a user's own: what one lacks or answers wrongly is one sentence when something is built of it.

A protocol is a class of methods: the first line of a docstring has the shapes, and an `optional` method says what
happens without it.
"""

import copy
import inspect
from collections.abc import Callable
from functools import cache

import numpy as np

from npvae.arrays import described
from npvae.checks import shown

PAIRS = (("arrays", "on"), ("on", "arrays"), ("arrays", "restore"), ("restore", "arrays"))     # one is none


def optional(without: str) -> Callable:
    """Mark a method of a protocol that a part need not have, with what happens then."""

    def mark(method):
        method.without = without
        return method

    return mark


@cache
def members(protocol: type) -> dict[str, Callable]:
    """The methods and attributes of a protocol by name, those that may be missing last."""
    found = {name: getattr(member, "fget", member) for name, member in vars(protocol).items()
             if name == "__call__" or not name.startswith("_")}
    return dict(sorted(found.items(), key=lambda item: hasattr(item[1], "without")))


def shapes_of(protocol: type, name: str) -> str:
    """What a method takes and returns: the first line of its docstring."""
    return inspect.getdoc(members(protocol)[name]).splitlines()[0].rstrip(".")


def has(part: object, protocol: type, name: str) -> bool:
    """Whether a part has a method, or an attribute, of a protocol."""
    if isinstance(vars(protocol)[name], property):
        return hasattr(part, name)
    method = part if name == "__call__" else getattr(part, name, None)
    return callable(method) and not isinstance(method, Derived)


def check_members(role: str, part: object, protocol: type, example: str) -> None:
    """Raise a ValueError unless a part has all that a protocol asks for."""
    required = [name for name, member in members(protocol).items() if not hasattr(member, "without")]
    missing = [name for name in required if not has(part, protocol, name)]
    # a class in place of its instance has the methods, but nothing that they could be called on
    if isinstance(part, type) or missing == required:
        raise ValueError(f"{role} is {shown(part)}, which has no {', '.join(missing or required)}; expected an object "
                         f"with {', '.join(required)}, e.g. {example}")
    if is_own(part):
        missing += _halves_and_nones(part, protocol, missing)
    if missing:
        lacks = "; ".join(f"`{name}`: {shapes_of(protocol, name)}" for name in missing)
        raise ValueError(f"{name_of(part)} lacks {lacks}")


def _halves_and_nones(part, protocol, missing):
    names = [name for name in members(protocol) if name not in missing]
    halves = [b for a, b in PAIRS if b in names and a in members(protocol) and has(part, protocol, a)
              and not has(part, protocol, b)]
    # None, say, where a class takes the method of another away
    return halves + [name for name in names if name not in halves and hasattr(part, name)
                     and not has(part, protocol, name) and not isinstance(getattr(part, name), Derived)]


def is_own(part: object) -> bool:
    """Whether a part is a user's, or of an experiment in lab, not one of the package's."""
    where = part if hasattr(part, "__module__") and hasattr(part, "__name__") else type(part)
    return not str(where.__module__).startswith("npvae.") or str(where.__module__).startswith("npvae.lab.")


def name_of(part: object) -> str:
    """What a part is called in a sentence."""
    return getattr(part, "__name__", type(part).__name__ if is_own(part) else shown(part))


def asked(part: object, protocol: type, name: str, *arguments):
    """What a method answers to a trial; a ValueError that says with which shapes it failed."""
    method = part if name == "__call__" else getattr(part, name)
    names = list(inspect.signature(members(protocol)[name]).parameters)[1:]
    got = ", ".join(f"{n} {a.shape}" for n, a in zip(names, arguments, strict=False) if isinstance(a, np.ndarray))
    return _in_words(method, arguments, f"{_title(part, name)} fails" + f" with {got}" * bool(got),
                     shapes_of(protocol, name))


def asked_back(part: object, protocol: type, name: str, back: Callable, *arguments):
    """What the `back` of a method answers; a ValueError that says with which shapes it failed."""
    got = ", ".join(str(a.shape) for a in arguments)
    return _in_words(back, arguments, f"the back of {_title(part, name)} fails with {got}", shapes_of(protocol, name))


def with_back(part: object, protocol: type, name: str, *arguments, values: int = 1, none: bool = False) -> tuple:
    """What a method answers that ends in its backward pass, or with `none` in None: (value, …, back); or a ValueError.
    """
    found = asked(part, protocol, name, *arguments)
    good = isinstance(found, tuple) and len(found) == values + 1 and (callable(found[-1]) or none and found[-1] is None)
    if not good:
        what = f"({', '.join(type(a).__name__ for a in found)})" if isinstance(found, tuple) else described(found)
        raise ValueError(f"{_title(part, name)} returns {what}, expected {values + 1} things, the last of them back: "
                         f"{shapes_of(protocol, name)}")
    return found


def check_shape(part: object, protocol: type, name: str, what: str, a: object, *shapes: tuple) -> None:
    """Raise a ValueError unless what a method has answered is an array of float32 or float64 of one of the shapes."""
    # float16 would end every sum at 65,504
    floats = isinstance(a, np.ndarray | np.floating) and a.dtype.kind == "f" and a.itemsize >= 4
    if not floats or a.shape not in shapes:
        got = described(a)
        raise ValueError(f"{what} of {_title(part, name)} has {got}, expected {' or '.join(map(str, shapes))}: "
                         f"{shapes_of(protocol, name)}")


def check_finite(part: object, protocol: type, name: str, what: str, good: np.ndarray) -> None:
    """Raise a ValueError unless what a method has answered is `good`, an array of bool, in each place."""
    if not np.all(good):
        raise ValueError(f"{what} of {_title(part, name)} is NaN or infinite in {np.size(good) - np.sum(good)} of "
                         f"{np.size(good)} places, expected finite numbers: {shapes_of(protocol, name)}")


def laid_out(part: object, protocol: type, check: Callable, lay_out: Callable):
    """A part with parameters of its own in a vector of its own, so that a trial leaves it as it was."""
    if not has(part, protocol, "on"):
        return part
    arrays = asked(part, protocol, "arrays")
    if not isinstance(arrays, dict) or not all(isinstance(n, str) for n in arrays):
        raise ValueError(f"{_title(part, 'arrays')} returns {shown(arrays)}, expected a dict of arrays by name: "
                         f"{shapes_of(protocol, 'arrays')}")
    parameters = lay_out({"part": part})
    for gradient in (False, True):
        twin = asked(part, protocol, "on", parameters, "part.", gradient)
        # itself, moved, or what lacks the methods of a subclass
        lost = twin is part and arrays or type(twin) is not type(part) and isinstance(part, type(twin))
        if twin is None or isinstance(twin, type) or lost:
            what = "itself" if twin is part else shown(twin)
            raise ValueError(f"{_title(part, 'on')} returns {what}, expected another {name_of(part)}: "
                             f"{shapes_of(protocol, 'on')}")
        try:
            check(twin)
        except ValueError as problem:
            raise ValueError(f"what {_title(part, 'on')} returns: {problem}") from problem
        for name, a in asked(twin, protocol, "arrays").items():
            if np.size(a) and not np.shares_memory(a, parameters.value):
                raise ValueError(f"{_title(part, 'on')} leaves {name} where it was, expected a view, "
                                 f"parameters[prefix + {name!r}]: {shapes_of(protocol, 'on')}")
    return twin


class Derived:
    """A method that a part has not, made of those that it has: `function(part, …)`."""

    derived = True      # which `npvae.declared` looks for

    def __init__(self, function: Callable, part: object):
        self.function, self.part = function, part

    def __call__(self, *arguments, **named):
        return self.function(self.part, *arguments, **named)


def completed(part: object, methods: dict[str, Callable]):
    """The part itself, or a copy that has all these methods, those derived that it has not."""
    there = {name: getattr(part, name, None) for name in methods}
    missing = [name for name, method in there.items() if isinstance(method, Derived) or not callable(method)]
    if not missing:
        return part
    twin = copy.copy(part)
    for name in missing:
        try:
            # also where a dataclass is frozen
            object.__setattr__(twin, name, Derived(methods[name], twin))
        except AttributeError as problem:
            raise ValueError(f"{name_of(part)} lacks `{name}`, and takes no other in its place ({problem}): define "
                             "it") from problem
    return twin


def completed_as(twin: object, part: object):
    """What `part.on` has returned, with the methods that were derived for the part."""
    derived = {name: a.function for name, a in getattr(part, "__dict__", {}).items() if isinstance(a, Derived)}
    return completed(twin, derived) if derived else twin


def _title(part, name):
    return f"`{name}` of {name_of(part)}" if name != "__call__" else name_of(part)


def _in_words(f, arguments, what, expected):
    try:
        with np.errstate(all="ignore"):
            return f(*arguments)
    except Exception as problem:
        said = " ".join(str(problem).split())
        raise ValueError(f"{what} ({type(problem).__name__}: {said}), expected {expected}") from problem
