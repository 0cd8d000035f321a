"""The arguments of a function, nested or not, as arrays by name; and the gradients that come back for them."""

import inspect

import numpy as np

from npvae.gradcheck.calling import describe


class Arguments:
    """The arguments of f: `arrays` by name, which are moved, and the rest, which is held constant.

    An argument is an array, or a dict, list or tuple of them, nested or not. Integers, booleans, texts and None are
    constants. A single argument is called x, the entries of a single dict by their own names.
    """

    def __init__(self, args, names=None):
        self.args, self.arrays, self.constants = args, {}, []
        names = names or (["x"] if len(args) == 1 else [f"x{i}" for i in range(len(args))])
        self.paths = [("" if isinstance(a, dict) and len(args) == 1 else n) for a, n in zip(args, names, strict=True)]
        for a, path in zip(args, self.paths, strict=True):
            self._gather(a, path, alone=len(args) == 1)
        if not self.arrays and self.constants:
            # nothing that can be moved: said by whoever looks at the types
            self.arrays = {name: np.asarray(a) for name, a in self.constants}
            self.constants = []

    def _gather(self, value, path, alone=False):
        for name, leaf in leaves(value, path):
            if name in self.arrays:
                raise ValueError(f"two arguments are called {name}: rename one")
            a = as_array(name, leaf)
            if alone and leaf is value or a.dtype.kind in "fc":
                self.arrays[name] = a
            else:
                self.constants.append((name, leaf))

    def rebuilt(self, at):
        """The arguments, with the arrays that are in `at` in their places."""
        return [_filled(a, path, at) for a, path in zip(self.args, self.paths, strict=True)]

    def gradients(self, answer):
        """What `back` returned, by name; None for an argument that gets no gradient."""
        if len(self.args) == 1:
            return self._matched(self.args[0], answer, self.paths[0])
        if isinstance(answer, dict) and set(answer) <= set(self.paths):
            answer = [answer.get(path) for path in self.paths]
        return self._matched(list(self.args), answer, None)

    def _matched(self, value, answer, path):
        """Walk along the arguments and the answer together."""
        if is_container(value):
            return {n: g for v, a, p in self._pairs(value, answer, path) for n, g in self._matched(v, a, p).items()}
        name = path or "x"
        if name not in self.arrays:
            return {}
        if isinstance(answer, tuple | dict):
            raise ValueError(f"the gradient is {describe(answer)}, expected one array of the shape of {name}, "
                             f"{self.arrays[name].shape}: for several arguments write gradcheck(f, a, b)")
        return {name: None if answer is None else np.array(answer)}

    def _pairs(self, value, answer, path):
        places, paths = _places(value), _paths(value, path) if path is not None else self.paths
        moved = [i for i, p in enumerate(paths) if any(n in self.arrays for n, _ in leaves(value[places[i]], p))]
        if answer is None:
            answer = dict.fromkeys(places) if isinstance(value, dict) else [None] * len(places)
        if isinstance(value, dict):
            if not isinstance(answer, dict):
                raise ValueError(f"the gradient is {describe(answer)}, expected a dict with the names {places}")
            missing = {places[i] for i in moved} - set(answer)
            if missing:
                raise ValueError(f"the gradient has no entry for {sorted(map(str, missing))}: give one for each input, "
                                 "None for one that needs none")
            return [(value[places[i]], answer[places[i]], paths[i]) for i in moved]
        # constants have no gradient, and numbers that stand alone may have none
        arrays = [i for i in moved if not isinstance(value[i], float)]
        many = answer if isinstance(answer, tuple | list) else [answer] * (path is None)
        for chosen in (range(len(places)), moved, arrays):
            if len(many) == len(chosen):
                got = dict(zip(chosen, many, strict=True))
                return [(value[i], got.get(i), paths[i]) for i in moved]
        raise ValueError(f"the gradient is {describe(answer)}, expected {len(moved)}: one for each of "
                         f"{', '.join(paths[i] for i in moved)}, None for one that needs none")


def is_container(value):
    """Whether a value holds arguments: a dict, or a list or tuple that is more than numbers."""
    return isinstance(value, dict) or isinstance(value, list | tuple) and any(
        is_container(v) or isinstance(v, np.ndarray) for v in value)


def leaves(value, path):
    """(name, leaf) of everything in a value."""
    if not is_container(value):
        return [(path or "x", value)]
    return [leaf for key, p in zip(_places(value), _paths(value, path), strict=True) for leaf in leaves(value[key], p)]


def _places(value):
    return list(value) if isinstance(value, dict) else list(range(len(value)))


def _paths(value, path):
    if isinstance(value, dict):
        return [f"{path}.{key}" if path else str(key) for key in value]
    return [f"{path}[{i}]" for i in range(len(value))]


def _filled(value, path, at):
    if not is_container(value):
        return at.get(path or "x", value)
    entries = [_filled(value[key], p, at) for key, p in zip(_places(value), _paths(value, path), strict=True)]
    if isinstance(value, dict):
        return dict(zip(value, entries, strict=True))
    # a named tuple takes its entries one by one
    return type(value)(*entries) if hasattr(value, "_fields") else type(value)(entries)


def as_array(name, a):
    """The array of an input, or a ValueError that says what was given instead of one."""
    try:
        return np.asarray(a)
    except Exception as problem:        # whatever a list of lists or somebody's own class makes of it
        raise ValueError(f"{name} is a {type(a).__name__} that makes no array, expected one of float64") from problem


def names_of(f, count, skip=0):
    """The names of f's first arguments, as its signature has them, or None."""
    try:
        parameters = list(inspect.signature(f).parameters.values())[skip:]
    except (TypeError, ValueError):
        return None
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return names[:count] if len(names) >= count else None
