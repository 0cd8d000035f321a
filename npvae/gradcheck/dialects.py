"""What people write, brought into the form y, back = f(*args): several arguments, nested ones, pairs of functions,
layers with a state.

    gradcheck(f, x, W, b)                       back returns one gradient for each argument
    gradcheck(loss, params)                     dict, list or tuple of arrays, nested or not; integers are constants
    gradcheck((forward, backward), x, W, b)     out, cache = forward(x, W, b); dx, dW, db = backward(dout, cache)
    gradcheck((fun, jac), w)                    SciPy's pair
    gradcheck(layer, x)                         y = layer.forward(x); dx = layer.backward(dy); layer.dW, layer.grads, …
"""

import copy

import numpy as np

from npvae.gradcheck.calling import Later, describe, name_of, names_of
from npvae.gradcheck.refusals import as_array
from npvae.nn.parameters import has_parameters

# where layers keep their parameters, and the gradients of those
HOLDERS = (("params", "grads"), ("parameters", "gradients"), ("params", "gradients"), ("parameters", "grads"),
           ("weights", "grads"))
GRADIENT_OF = ("d{}", "d_{}", "grad_{}", "{}_grad", "{}")


def understood(f, args, call=None):
    """(f, arguments, what to call f, notes)."""
    if isinstance(f, tuple) and len(f) == 2 and all(map(callable, f)):
        owner = getattr(f[0], "__self__", None)
        if owner is not None and _is_layer(owner) and f[0] == owner.forward and f[1] == owner.backward:
            return _layer(owner, args)
        return _pair(*f, args)
    own = call is not None or has_parameters(f)
    if not own and _is_layer(f):
        return _layer(f, args)
    layer = None if own else _layer_inside(f, args)
    if layer is not None:
        return _layer(layer, args)
    if not own and not callable(f):
        raise ValueError(f"f is {name_of(f)}, expected a function x -> (y, back) or x -> (value, gradient), a pair "
                         "(forward, backward), a layer, or a LatentVariableModel")
    names = names_of(call or f, len(args), call is not None) if len(args) > 1 else None
    return f, Arguments(args, names), None, []


def _is_layer(f):
    return not isinstance(f, type) and all(callable(getattr(f, way, None)) for way in ("forward", "backward"))


def _layer_inside(f, args):
    """The layer of `lambda x: (layer.forward(x), layer.backward)`, whose parameters would not be looked at; or None."""
    if "backward" not in getattr(getattr(f, "__code__", None), "co_names", ()):
        return None
    try:
        y, back = f(*copy.deepcopy(args))
        layer = getattr(back, "__self__", None)
        same = _is_layer(layer) and np.array_equal(copy.deepcopy(layer).forward(*copy.deepcopy(args)), y)
    except Exception:       # what it is that f does wrong is said where it is called as it is
        return None
    return layer if same else None


def _pair(first, second, args):
    """`forward` and `backward` with a cache between them, or `fun` and `jac`."""

    def with_cache(*args):
        y, *cache = first(*args)
        return y, lambda dy: second(*_dy_and(second, dy, cache))

    def with_jacobian(*args):
        value = np.asarray(first(*args))
        if value.size == 1:
            return value, Later(lambda: second(*args))
        # dx = dyᵀ J
        return value, lambda dy: np.tensordot(dy, second(*args), dy.ndim)

    cached = isinstance(first(*copy.deepcopy(args)), tuple)
    name = getattr(first, "__name__", None)
    return with_cache if cached else with_jacobian, Arguments(args, names_of(first, len(args))), name, []


def _dy_and(backward, dy, cache):
    """The arguments of backward(dy, cache), backward(cache, dy) or backward(dy, *cache)."""
    first = (names_of(backward, 2) or [""])[0]
    return (*cache, dy) if len(cache) == 1 and first in ("cache", "caches", "ctx") else (dy, *cache)


class Stateful:
    """A layer with `forward`, `backward` and a state; each call is on a fresh copy, with the parameters given."""

    def __init__(self, layer, args):
        self.base, self.args, probe = layer, args, copy.deepcopy(layer)
        y, *cache = _tupled(probe.forward(*copy.deepcopy(args)))
        probe.backward(np.ones_like(y), *cache)
        made = {n for n, (_, g) in _parameters(probe).items() if g is not None}
        if made - set(_arrays(layer)):
            # the parameters are made in the first call
            self.base = probe
            for flush in ("flush_gradients", "zero_grad"):
                getattr(probe, flush, lambda: None)()
        mine = _arrays(self.base)
        self.parameters = {n: a for n, a in mine.items() if n in made}
        self.alone = [n for n, a in mine.items() if n not in made and self._counts(n, a)]

    def _fresh(self, parameters):
        # a copy in which the arrays stand wherever the old ones stood
        mine = _arrays(self.base)
        return copy.deepcopy(self.base, {id(mine[n]): a for n, a in parameters.items()})

    def _counts(self, name, a):
        """Whether y depends on an array that no gradient was found for."""
        y, moved = (_tupled(self._fresh({name: v}).forward(*copy.deepcopy(self.args)))[0] for v in (a.copy(), a + 0.1))
        return not np.array_equal(y, moved)

    def __call__(self, *args):
        *inputs, parameters = args
        layer = self._fresh(parameters)
        y, *cache = _tupled(layer.forward(*inputs))

        def back(dy):
            twin = copy.deepcopy(layer)
            for _, gradient in _parameters(twin).values():
                if isinstance(gradient, np.ndarray):
                    gradient[...] = 0               # it may write, or add
            answer = twin.backward(dy, *copy.deepcopy(cache))
            answer = answer if isinstance(answer, tuple | list) and len(inputs) > 1 else (answer,)
            gradients = {n: g for n, (_, g) in _parameters(twin).items() if n in parameters}
            return *answer, gradients

        return y, back


def _layer(layer, args):
    stateful = Stateful(layer, args)
    names = (["x"] if len(args) == 1 else names_of(layer.forward, len(args))) or [f"x{i}" for i in range(len(args))]
    arguments = Arguments((*args, stateful.parameters), [*names, ""])
    notes = [f"{n}: no gradient was found for it (d{n}, grads[{n!r}] or the like), so it was not checked"
             for n in stateful.alone]
    return stateful, arguments, type(layer).__name__, notes


def _tupled(y):
    return y if isinstance(y, tuple) else (y,)


def _is_array(a):
    return isinstance(a, np.ndarray) and a.dtype.kind == "f" and a.ndim > 0


def _arrays(layer):
    """Every array of floats that a layer holds, by name."""
    return {n: a for n, (a, _) in _parameters(layer).items()}


def _parameters(layer):
    """(array, gradient or None) by name: of `params` with `grads`, and of W with dW or grads["W"]."""
    own, found = vars(layer), {}
    for holder, twin in HOLDERS:
        gradients = _by_name(holder, own.get(twin))
        for name, a in _by_name(holder, own.get(holder)).items():
            if _is_array(a) and name not in found:
                found[name] = a, _gradient_of(name, gradients)
    known = {id(a) for pair in found.values() for a in pair}
    beside = {name: a for twin in ("gradients", "grads") for name, a in _by_name(twin, own.get(twin)).items()}
    for name, a in own.items():
        if _is_array(a) and id(a) not in known and name not in found:
            gradient = _gradient_of(name, {n: g for n, g in own.items() if n != name})
            found[name] = a, _gradient_of(name, beside) if gradient is None else gradient
    twins = {id(g) for _, g in found.values()}
    return {n: (a, g) for n, (a, g) in found.items() if id(a) not in twins}


def _by_name(holder, held):
    if isinstance(held, list):
        return {f"{holder}[{i}]": a for i, a in enumerate(held)}
    return held if isinstance(held, dict) else {}


def _gradient_of(name, held):
    return next((held[k] for k in (p.format(name) for p in GRADIENT_OF) if _is_array(held.get(k))), None)


class Arguments:
    """The arguments of f: `arrays` by name, which are moved, and the rest, which is held constant.

    Integers, booleans, texts and None are constants. A single argument is called x, the entries of a single dict by
    their own names.
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
        """The arguments, with the arrays that are in `at` in their places."""
        return [_filled(a, path, at) for a, path in zip(self.args, self.paths, strict=True)]

    def gradients(self, answer):
        """What `back` returned, by name; None for an argument that gets no gradient."""
        if len(self.args) == 1:
            return self._matched(self.args[0], answer, self.paths[0])
        if isinstance(answer, dict) and set(answer) <= set(self.paths):
            answer = [answer.get(path) for path in self.paths]
        whole = list(zip(range(len(self.args)), self.args, self.paths, strict=True))
        answer = answer if isinstance(answer, tuple | list) else [answer]
        return self._paired(whole, answer)

    def _matched(self, value, answer, path):
        """Walk along the arguments and the answer together."""
        if is_container(value):
            return self._paired(entries(value, path), answer)
        name = path or "x"
        if isinstance(answer, tuple | dict):
            raise ValueError(f"the gradient is {describe(answer)}, expected one array of the shape of {name}, "
                             f"{self.arrays[name].shape}: for several arguments write gradcheck(f, a, b)")
        return {name: None if answer is None else np.array(answer)}

    def _paired(self, whole, answer):
        moved = [entry for entry in whole if any(name in self.arrays for name, _ in leaves(*entry[1:]))]
        # constants have no gradient, and numbers that stand alone may have none
        chosen = next((some for some in (whole, moved, [e for e in moved if not isinstance(e[1], float)])
                       if isinstance(answer, tuple | list) and len(answer) == len(some)), None)
        if chosen is not None:
            answer = {key: None for key, *_ in moved} | dict(zip([key for key, *_ in chosen], answer, strict=True))
        elif answer is None:
            answer = {key: None for key, *_ in moved}
        missing = [path for key, _, path in moved if not isinstance(answer, dict) or key not in answer]
        if missing:
            what = "has no entry for" if isinstance(answer, dict) else f"is {describe(answer)}, not one for each of"
            raise ValueError(f"the gradient {what} {', '.join(missing)}: give one for each argument, None for one that "
                             "needs none")
        return {name: g for key, value, path in moved for name, g in self._matched(value, answer[key], path).items()}


def is_container(value):
    """Whether a value holds arguments: a dict, or a list or tuple that is more than numbers."""
    return isinstance(value, dict) or isinstance(value, list | tuple) and any(
        is_container(v) or isinstance(v, np.ndarray) for v in value)


def entries(value, path):
    """(key, entry, path) of what a container holds."""
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
        return at.get(path or "x", value)
    filled = {key: _filled(entry, p, at) for key, entry, p in entries(value, path)}
    if isinstance(value, dict):
        return filled
    # a named tuple takes its entries one by one
    return type(value)(*filled.values()) if hasattr(value, "_fields") else type(value)(filled.values())
