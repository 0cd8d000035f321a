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

from npvae.gradcheck.arguments import Arguments, names_of
from npvae.gradcheck.calling import Later, name_of
from npvae.nn.parameters import has_parameters

# where layers keep their parameters, and the gradients of those
HOLDERS = (("params", "grads"), ("parameters", "gradients"), ("params", "gradients"), ("parameters", "grads"),
           ("weights", "grads"))
GRADIENT_OF = ("d{}", "d_{}", "grad_{}", "{}_grad", "{}")


def understood(f, args, call=None):
    """(f, arguments, what to call f, notes) for whatever was handed in."""
    if call is not None or has_parameters(f):
        return f, Arguments(args, names_of(call or f, len(args), call is not None) if len(args) > 1 else None), None, []
    if isinstance(f, tuple) and len(f) == 2 and all(map(callable, f)):
        return _pair(*f, args)
    if not isinstance(f, type) and all(callable(getattr(f, part, None)) for part in ("forward", "backward")):
        return _layer(f, args)
    if not callable(f):
        raise ValueError(f"f is {name_of(f)}, expected a function x -> (y, back) or x -> (value, gradient), a pair "
                         "(forward, backward), a layer, or a LatentVariableModel")
    return f, Arguments(args, names_of(f, len(args)) if len(args) > 1 else None), None, []


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
    names = names_of(backward, 2)
    if len(cache) == 1 and names and names[0] in ("cache", "caches", "ctx"):
        return *cache, dy
    return dy, *cache


class Stateful:
    """A layer with `forward`, `backward` and a state; each call is on a fresh copy, with the parameters given."""

    def __init__(self, layer, args):
        probe = self._used(layer, args)
        self.base, self.args = layer, args
        made = {n for n, (_, g) in _parameters(probe).items() if g is not None}
        if made - set(_arrays(layer)):
            # the parameters are made in the first call
            self.base = self._flushed(probe)
        mine = _arrays(self.base)
        self.parameters = {n: a for n, a in mine.items() if n in made}
        self.alone = [n for n, a in mine.items() if n not in made and self._counts(n, a)]

    @staticmethod
    def _used(layer, args):
        probe = copy.deepcopy(layer)
        y = probe.forward(*copy.deepcopy(args))
        y, *cache = y if isinstance(y, tuple) else (y,)
        probe.backward(np.ones_like(y), *cache)
        return probe

    @staticmethod
    def _flushed(layer):
        for flush in ("flush_gradients", "zero_grad", "clear_cache"):
            if callable(getattr(layer, flush, None)):
                getattr(layer, flush)()
        return layer

    def _fresh(self, parameters):
        # a copy in which the arrays stand wherever the old ones stood
        mine = _arrays(self.base)
        return copy.deepcopy(self.base, {id(mine[n]): a for n, a in parameters.items()})

    def _counts(self, name, a):
        """Whether y depends on an array that no gradient was found for."""
        y, moved = (self._fresh({name: v}).forward(*copy.deepcopy(self.args)) for v in (a.copy(), a + 0.1))
        return not np.array_equal(*(np.asarray(v[0] if isinstance(v, tuple) else v) for v in (y, moved)))

    def __call__(self, *args):
        *inputs, parameters = args
        layer = self._fresh(parameters)
        y = layer.forward(*inputs)
        y, *cache = y if isinstance(y, tuple) else (y,)

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
    names = names_of(layer.forward, len(args)) if len(args) > 1 else ["x"]
    arguments = Arguments((*args, stateful.parameters), [*(names or [f"x{i}" for i in range(len(args))]), ""])
    notes = [f"{n}: no gradient was found for it (d{n}, grads[{n!r}] or the like), so it was not checked"
             for n in stateful.alone]
    return stateful, arguments, type(layer).__name__, notes


def _is_array(a):
    return isinstance(a, np.ndarray) and a.dtype.kind == "f" and a.ndim > 0


def _arrays(layer):
    """Every array of floats that a layer holds, by name."""
    return {n: a for n, (a, _) in _parameters(layer).items()}


def _parameters(layer):
    """(array, gradient or None) by name: of `params` with `grads`, and of W with dW or grads["W"]."""
    own, found = vars(layer), {}
    for holder, twin in HOLDERS:
        arrays, gradients = _by_name(holder, own.get(holder)), _by_name(holder, own.get(twin))
        if isinstance(arrays, dict):
            found |= {n: (a, _gradient_of(n, gradients)) for n, a in arrays.items() if _is_array(a) and n not in found}
    known = {id(a) for a, _ in found.values()} | {id(g) for _, g in found.values()}
    for name, a in own.items():
        if _is_array(a) and id(a) not in known and name not in found:
            gradients = [_gradient_of(name, held) for held in
                         ({k: v for k, v in own.items() if k != name}, own.get("grads"), own.get("gradients"))]
            found[name] = a, next((g for g in gradients if g is not None), None)
    twins = {id(g) for _, g in found.values()}
    return {n: (a, g) for n, (a, g) in found.items() if id(a) not in twins}


def _by_name(holder, held):
    return {f"{holder}[{i}]": a for i, a in enumerate(held)} if isinstance(held, list) else held


def _gradient_of(name, held):
    if not isinstance(held, dict):
        return None
    return next((held[k] for k in (p.format(name) for p in GRADIENT_OF) if _is_array(held.get(k))), None)
