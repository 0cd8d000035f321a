"""The arguments of a function, nested or not, as arrays by name; and which of them a gradient belongs to."""

import copy
import re
from dataclasses import dataclass, is_dataclass
from itertools import combinations
from types import SimpleNamespace

import numpy as np

from npvae.dialects.calling import describe

TARGETS = re.compile(r"t|y|ys|target.*|label.*|(y|t)_?true|true_.*|ground_?truth|y_?gt")     # beside a prediction
AS_THEY_ARE = (np.ndarray, str, bool, int, float, type(None), type)


def as_array(name, a):
    """The array of an input, or a ValueError that says what was given instead of one."""
    try:
        return np.asarray(a)
    except Exception as problem:        # whatever a list of lists or somebody's own class makes of it
        raise ValueError(f"{name} is a {type(a).__name__} that makes no array, expected one of float64") from problem


@dataclass(frozen=True)
class Beside:
    """The gradients of a layer's inputs, as its backward returns them, and those of its parameters by name."""

    inputs: object
    parameters: dict


class Arguments:
    """The arguments of f: `arrays` by name, which are moved, and the rest, which is held constant.

    Integers, booleans, texts, generators and None are constants. A single argument is called x, the entries of a
    single dict by their own names.
    """

    def __init__(self, args, names=None):
        self.args, self.arrays, self.constants = args, {}, []
        names = names or (["x"] if len(args) == 1 else [f"x{i}" for i in range(len(args))])
        self.paths = [("" if isinstance(a, dict) and len(args) == 1 else n) for a, n in zip(args, names, strict=True)]
        for value, path in zip(args, self.paths, strict=True):
            for name, leaf in leaves(value, path):
                if name in self.arrays:
                    raise ValueError(f"two arguments are called {name}: rename one")
                a = as_array(name, leaf)
                if len(args) == 1 and leaf is value or a.dtype.kind in "fc":
                    self.arrays[name] = a
                else:
                    self.constants.append((name, leaf))
        if not self.arrays:     # nothing that can be moved: said by whoever looks at the types
            self.arrays, self.constants = {name: np.asarray(a) for name, a in self.constants}, []

    def rebuilt(self, at):
        """The arguments, with the arrays that are in `at` in their places, and generators where they were."""
        return [_filled(a, path, at) for a, path in zip(self.args, self.paths, strict=True)]

    def gradients(self, answer):
        """What `back` returned, by name; None for an argument that gets no gradient."""
        whole = list(zip(range(len(self.args)), self.args, self.paths, strict=True))
        if isinstance(answer, Beside):
            *whole, (_, *own) = whole
            return (self._of_arguments(whole, answer.inputs) if whole else {}) | self._matched(
                own[0], answer.parameters, own[1])
        return self._of_arguments(whole, answer)

    def _of_arguments(self, whole, answer):
        answer = as_dict(answer)
        if len(whole) == 1:
            _, value, path = whole[0]
            alone = isinstance(answer, tuple | list) and len(answer) == 1 and not is_container(value)
            return self._matched(value, answer[0] if alone else answer, path)
        moved = [entry for entry in whole if self._moves(*entry[1:])]
        if isinstance(answer, dict) and (found := by_name(answer, [path for *_, path in moved])):
            return self._paired(moved, {key: found.get(path) for key, _, path in moved})
        chosen, gradients = self._owners(whole, moved, answer)
        return self._paired(moved, dict(zip([key for key, *_ in chosen], gradients, strict=True)))

    def _moves(self, value, path):
        return any(name in self.arrays for name, _ in leaves(value, path))

    def _owners(self, whole, moved, answer):
        """The arguments that the gradients are of: all, those that can be moved, or those first in order that fit."""
        if answer is None:
            return [], []
        several, ways = list(answer) if isinstance(answer, tuple | list) else [], []
        for some in (whole, moved, [e for e in moved if not isinstance(e[1], float)]):
            ways += [(some, several)] if several and len(some) == len(several) else []
        fewer = [(list(some), several) for some in combinations(moved, len(several))] if several else []
        fewer += [([entry], [answer]) for entry in moved]
        # y_true, y_pred: the one that is no target
        fewer.sort(key=lambda way: (sum(TARGETS.fullmatch(path) is not None for *_, path in way[0]), way[0][0][0]))
        ways += fewer if len(several) < len(moved) else [way for way in fewer if len(way[0]) == 1]
        for shapes in (True, False):
            for some, gradients in ways:
                if all(fits(value, g, shapes) for (_, value, _), g in zip(some, gradients, strict=True)):
                    return some, gradients
        raise ValueError(f"the gradient is {describe(answer)}, not one for each of "
                         f"{', '.join(path for *_, path in moved)}: give one for each argument, None for one that "
                         "needs none")

    def _matched(self, value, answer, path):
        """Walk along the arguments and the answer together."""
        answer = as_dict(answer)
        if is_container(value):
            return self._in_container(entries(value, path), answer)
        name = path or "x"
        if isinstance(answer, tuple | dict):
            raise ValueError(f"the gradient is {describe(answer)}, expected one array of the shape of {name}, "
                             f"{self.arrays[name].shape}: for several arguments write gradcheck(f, a, b)")
        return {name: None if answer is None else np.array(answer)}

    def _in_container(self, whole, answer):
        moved = [entry for entry in whole if self._moves(*entry[1:])]
        # numbers that stand alone may have no gradient
        for some in (whole, moved, [e for e in moved if not isinstance(e[1], float)]):
            if isinstance(answer, tuple | list) and len(answer) == len(some):
                answer = dict(zip([key for key, *_ in some], answer, strict=True))
        if answer is None:
            answer = {key: None for key, *_ in moved}
        if isinstance(answer, dict):
            answer = {key: None for key, value, _ in moved if isinstance(value, float)} | answer
            answer |= by_name(answer, [key for key, *_ in moved if key not in answer])
        missing = [path for key, _, path in moved if not isinstance(answer, dict) or key not in answer]
        if missing:
            what = "has no entry for" if isinstance(answer, dict) else f"is {describe(answer)}, not one for each of"
            raise ValueError(f"the gradient {what} {', '.join(missing)}: give one for each argument, None for one that "
                             "needs none")
        return self._paired(moved, answer)

    def _paired(self, moved, answer):
        return {name: g for key, value, path in moved
                for name, g in self._matched(value, answer.get(key), path).items() if name in self.arrays}


GRADIENT_OF = ("{}", "d{}", "d_{}", "grad_{}", "{}_grad", "g{}", "grad{}", "{}grad", "delta_{}", "d{}_", "dL_d{}",
               "dLd{}", "gradient_{}", "{}_gradient", "{}_gradients", "nabla_{}")


def by_name(answer, names):
    """The gradients of a dict that are those of `names`: under the name itself, dW, grad_W and the like."""
    found = {}
    for name in names:
        keys = [pattern.format(name) for pattern in GRADIENT_OF] if isinstance(name, str) else [name]
        key = next((key for key in keys if key in answer), None)
        if key in answer:
            found[name] = answer[key]
    return found


def fits(value, gradient, shapes=True):
    """Whether a gradient is built as the argument is; None fits everything."""
    if gradient is None:
        return True
    if is_container(value):
        value, gradient = as_dict(value), as_dict(gradient)
        if isinstance(value, dict):
            return isinstance(gradient, dict) and any(True for _ in by_name(gradient, list(value)))
        return isinstance(gradient, list | tuple) and len(gradient) == len(value) and all(
            fits(v, g, shapes) for v, g in zip(value, gradient, strict=True))
    if isinstance(gradient, dict | tuple) or not isinstance(value, np.ndarray | np.floating | float):
        return False
    return not shapes or np.shape(gradient) == np.shape(value)


def is_container(value):
    """Whether a value holds arguments: a dict, a dataclass, or a list or tuple that is more than numbers."""
    return isinstance(value, dict) or is_record(value) or isinstance(value, list | tuple) and any(
        is_container(v) or isinstance(v, np.ndarray) for v in value)


def is_record(value):
    """Whether a value is of a dataclass or a namespace, which hold arrays under names."""
    return is_dataclass(value) and not isinstance(value, type) or isinstance(value, SimpleNamespace)


def as_dict(value):
    """What a record holds, by name; anything else as it is."""
    return dict(vars(value)) if is_record(value) and hasattr(value, "__dict__") else value


def entries(value, path):
    """(key, entry, path) of what a container holds."""
    value = as_dict(value)
    if isinstance(value, dict):
        return [(key, entry, f"{path}.{key}" if path else str(key)) for key, entry in value.items()]
    return [(i, entry, f"{path}[{i}]") for i, entry in enumerate(value)]


def leaves(value, path):
    """(name, leaf) of everything in a value."""
    if not is_container(value):
        return [(path or "x", value)]
    return [leaf for _, entry, p in entries(value, path) for leaf in leaves(entry, p)]


def _filled(value, path, at):
    if not is_container(value):
        # what has a state, such as a generator, begins each call alike
        try:
            return at.get(path or "x", value if isinstance(value, AS_THEY_ARE) else copy.deepcopy(value))
        except TypeError as problem:
            raise ValueError(f"{path or 'x'} is a {type(value).__name__}, which cannot be copied ({problem}): expected "
                             "arrays of floats, numbers, or what holds them") from None
    filled = {key: _filled(entry, p, at) for key, entry, p in entries(value, path)}
    if isinstance(value, dict):
        return filled
    if is_record(value):
        twin = copy.copy(value)
        for key, entry in filled.items():
            object.__setattr__(twin, key, entry)        # a frozen one, too
        return twin
    # a named tuple takes its entries one by one
    return type(value)(*filled.values()) if hasattr(value, "_fields") else type(value)(filled.values())
