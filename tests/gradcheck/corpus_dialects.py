"""How code of each dialect is called: as one function of a dict of arrays, and in the checker's one line.

    pair      (forward, backward): out, cache = forward(*args); grads = backward(dout, cache)
    layer     a class: out = forward(*inputs), backward(dout), gradients in dW, grads or gradients
    model     a class: loss, grads = loss(X, y), of what stands in its params
    fun_jac   fun(w) and jac(w)
    value     f(*args) -> (value, gradient or gradients of the first arguments)
    params    loss(params, X, y) -> (value, gradients as params are: dict, list, tuple, nested)
    back      y, back = f(*args); gradients = back(dy)
"""

import copy
import inspect
from operator import attrgetter

import numpy as np

from npvae.dialects.calling import joined


def one_line(dialect, code, args):
    """(f, *args) as `npvae.gradcheck` is to take them without an adapter."""
    return (args[0], *args[1:]) if dialect in ("layer", "model") else (code, *args)


def as_function(dialect, code, args):
    """(f, x) with x a dict of arrays, and f(x) -> (y, back) or (value, gradients)."""
    return ADAPTERS[dialect](code, args)


def leaves(tree, name):
    """The float arrays and numbers in nested dicts, lists and tuples, by a dotted name."""
    if isinstance(tree, dict):
        return {n: a for key, part in tree.items() for n, a in leaves(part, f"{name}.{key}").items()}
    if isinstance(tree, (list, tuple)):
        return {n: a for i, part in enumerate(tree) for n, a in leaves(part, f"{name}.{i}").items()}
    array = np.asarray(tree)
    return {name: array} if array.dtype.kind == "f" else {}


def rebuilt(tree, name, found):
    """The same tree with the arrays in `found`."""
    if isinstance(tree, dict):
        return {key: rebuilt(part, f"{name}.{key}", found) for key, part in tree.items()}
    if isinstance(tree, (list, tuple)):
        return type(tree)(rebuilt(part, f"{name}.{i}", found) for i, part in enumerate(tree))
    return found.get(name, tree)


def is_array(a):
    return isinstance(a, np.ndarray) and a.dtype.kind == "f"


def several(grads):
    return tuple(grads) if isinstance(grads, (tuple, list)) else (grads,)


def names_of(function, args):
    """The arguments that may get a gradient: names of arrays of floats, in order, each with its place."""
    names = list(inspect.signature(function).parameters)
    return [(name, i) for i, (name, a) in enumerate(zip(names, args, strict=False)) if is_array(a)]


def given(args, places, d):
    """Fresh arguments with those in `d` in their places."""
    args = [copy.deepcopy(a) for a in args]
    for name, i in places:
        if name in d:
            args[i] = d[name]
    return args


def first(places, grads):
    """The places that the gradients belong to, the first ones in order."""
    return places[:len(several(grads))]


def pair(code, args):
    forward, backward = code
    places = names_of(forward, args)

    def f(d):
        *outs, cache = forward(*given(args, places, d))
        y, apart = joined(outs)

        def back(dy):
            grads = several(backward(*apart(dy), copy.deepcopy(cache)))
            return {name: g for (name, _), g in zip(places, grads, strict=True)}

        return y, back

    return f, {name: args[i] for name, i in places}


def closure(function, args):
    places = names_of(function, args)
    y, back = function(*given(args, places, {}))
    places = first(places, back(np.ones(np.shape(y))))

    def f(d):
        y, back = function(*given(args, places, d))
        return y, lambda dy: {name: g for (name, _), g in zip(places, several(back(dy)), strict=True)}

    return f, {name: args[i] for name, i in places}


def fun_jac(code, args):
    fun, jac = code
    (name, _), = names_of(fun, args)
    return lambda d: (fun(d[name]), {name: jac(d[name])}), {name: args[0]}


def value(function, args):
    if isinstance(args[0], (dict, list, tuple)):
        return params(function, args)
    places = names_of(function, args)
    places = first(places, function(*given(args, places, {}))[1])

    def f(d):
        loss, grads = function(*given(args, places, d))
        return loss, {name: g for (name, _), g in zip(places, several(grads), strict=True)}

    return f, {name: args[i] for name, i in places}


def params(function, args):
    tree, *rest = args
    name = next(iter(inspect.signature(function).parameters))

    def f(d):
        loss, grads = function(rebuilt(tree, name, d), *copy.deepcopy(rest))
        return loss, leaves(grads, name)

    return f, leaves(tree, name)


def model(_, args):
    owner, *inputs = args

    def f(d):
        twin = copy.deepcopy(owner)
        twin.params.update(d)
        return twin.loss(*copy.deepcopy(inputs))

    return f, dict(owner.params)


def parameters_of(layer, used):
    """Names of the parameters, and the ways to them and to their gradients; `used` has run backwards once."""
    for own, grads in (("params", "grads"), ("parameters", "gradients")):
        if hasattr(layer, own):
            return list(getattr(layer, own)), attrgetter(own), attrgetter(grads)
    names = [n for n, a in vars(layer).items() if is_array(a) and is_array(getattr(used, f"d{n}", None))]
    return names, vars, lambda used: {n: getattr(used, f"d{n}") for n in names}


def layer(_, args):
    owner, *inputs = args
    used = copy.deepcopy(owner)
    y, apart = joined(several(used.forward(*copy.deepcopy(inputs))))
    takes_dy = bool(inspect.signature(owner.backward).parameters)
    answer = used.backward(*apart(np.ones(y.shape))) if takes_dy else used.backward()
    names, own, gradients = parameters_of(owner, used)
    places = [] if answer is None else first(names_of(owner.forward, inputs), answer)

    def f(d):
        twin = copy.deepcopy(owner)
        own(twin).update({n: d[n] for n in names})
        y, apart = joined(several(twin.forward(*given(inputs, places, d))))

        def back(dy=None):
            again = copy.deepcopy(twin)
            answer = again.backward(*apart(dy)) if takes_dy else again.backward()
            found = {name: g for (name, _), g in zip(places, several(answer), strict=False)}
            return found | {n: np.array(gradients(again)[n]) for n in names}

        return (y, back) if takes_dy else (y, back())

    return f, {name: inputs[i] for name, i in places} | {n: own(owner)[n] for n in names}


ADAPTERS = {"pair": pair, "layer": layer, "model": model, "fun_jac": fun_jac, "value": value, "params": params,
            "back": closure}
