"""Layers and models with a state: their parameters are found with their gradients, each call is on a fresh copy.

    y = layer.forward(x); dx = layer.backward(dy)         gradients in dW, grads["W"], W.grad, written or added
    loss = criterion.forward(scores, y); dx = criterion.backward()
    loss, grads = net.loss(X, y); or loss = net.loss(X, y); grads = net.gradient(X, y)
    lambda x: (layer.forward(x), layer.backward)          a function of a layer
"""

import copy
import types
from functools import partial

import numpy as np

from npvae.dialects.arguments import Arguments, Beside, by_name, leaves
from npvae.dialects.calling import Later, apart, joined, names_of, required, spared, takes
from npvae.dialects.slots import slots
from npvae.nn.parameters import has_parameters

WAYS = [("forward", "backward"), ("forward", "backprop"), ("forward_pass", "backward_pass"), ("fprop", "bprop"),
        ("__call__", "backward"), ("forward", "grad"), ("forward", "gradient")]
LOSSES = ("loss", "loss_and_gradients", "loss_and_grads", "loss_and_grad", "compute_loss", "cost", "compute_cost",
          "objective")
AFTERWARDS = ("backward", "gradient", "gradients", "grad", "compute_gradients", "compute_gradient", "backprop")
FLUSHES = ("flush_gradients", "zero_grad", "zero_grads", "zero_gradients", "clear_grads")
IN_PLACE_INPUT = "forward changes its input in place, which spoils it for whoever else needs it"


class Stateful:
    """What has a state, as y, back = f(*inputs, parameters).

    `run(layer, *inputs)` gives y and back; back(layer, dy) the gradients of the inputs and, if it returns them itself,
    of the parameters: by name, or in order.
    """

    def __init__(self, layer, args, run, takes_dy=True):
        self.base, self.args, self.run, self.takes_dy, probe = layer, args, run, takes_dy, copy.deepcopy(layer)
        self.notes = []
        self.order = list(slots(layer))
        y, back = run(probe, *copy.deepcopy(args))
        made = {n for n, g in self._gradients(probe, back(probe, np.ones(np.shape(y)))[1]).items() if g is not None}
        if made - set(self.order):
            # the parameters are made in the first call
            self.base = probe
            for flush in FLUSHES:
                getattr(probe, flush, lambda: None)()
        self.base = copy.deepcopy(self.base)
        self.places = mine = slots(self.base)
        for slot in mine.values():      # what an earlier step has left
            if isinstance(slot.gradient, np.ndarray):
                slot.gradient[...] = 0
            elif slot.gradient is not None:
                slot.twin[slot.twin_key] = 0.0
        held = {n: np.array(s.value) for n, s in mine.items()
                if (n in made or np.ndim(s.value)) and not self._is_replaced(n, s)}
        self.parameters = {n: a for n, a in held.items() if n in made}
        self.order = [n for n in self.order if n in self.parameters]
        self.alone = [n for n, a in held.items() if n not in made and self._counts(n, a)]

    def _gradients(self, layer, given):
        """The gradients by name: those that stand beside the parameters, or those that were returned."""
        own = slots(layer)
        if isinstance(given, dict):
            flat = dict(leaves(given, ""))
            return by_name(flat, list(own)) or by_name(flat, [n.rpartition(".")[2] for n in own])
        if given is None:
            return {n: s.gradient for n, s in own.items()}
        given = [g for _, g in leaves(list(given), "")]
        return dict(zip(self.order, given, strict=True)) if len(self.order) == len(given) else {}

    def fresh(self, parameters):
        """A copy in which the parameters stand wherever the old ones stood."""
        mine = {n: self.places[n].value for n in parameters}
        numbers = {n for n, a in mine.items() if not isinstance(a, np.ndarray)}
        twin = copy.deepcopy(self.base, {id(a): parameters[n] for n, a in mine.items() if n not in numbers})
        for name, slot in slots(twin).items() if numbers else ():
            if name in numbers:
                slot.owner[slot.key] = parameters[name][()]
        return twin

    def _is_replaced(self, name, slot):
        """Whether a call puts something else in its place, as in that of an input that is kept."""
        new = np.array(slot.value)
        twin = self.fresh({name: new})
        self.run(twin, *copy.deepcopy(self.args))
        there = slots(twin).get(name)
        return there is None or (there.value is not new if isinstance(slot.value, np.ndarray) else there.value != new)

    def _counts(self, name, a):
        """Whether y depends on an array that no gradient was found for."""
        here, there = (self.run(self.fresh({name: v}), *copy.deepcopy(self.args))[0] for v in (a.copy(), a + 0.1))
        return not np.array_equal(here, there)

    def __call__(self, *args):
        *inputs, parameters = args
        layer, own = self.fresh(parameters), copy.deepcopy(inputs)
        y, back = self.run(layer, *own)
        if IN_PLACE_INPUT not in self.notes and any(isinstance(a, np.ndarray) and not np.array_equal(
                a, b, equal_nan=a.dtype.kind == "f") for a, b in zip(inputs, own, strict=True)):
            self.notes.append(IN_PLACE_INPUT)

        def gradients(dy):
            twin = copy.deepcopy(layer)
            answer, given = spared(partial(back, twin), self.notes)(dy)
            found = self._gradients(twin, given)
            return Beside(answer, {n: found.get(n) for n in parameters})

        return y, gradients if self.takes_dy else Later(lambda: gradients(np.ones(np.shape(y))))


def stateful(f, args):
    """(f, arguments, name, notes) of a layer, of a model with a loss, or of a function of a layer; else None."""
    if type(f).__module__.startswith("npvae."):
        return None
    f = _layer_inside(f, args) or _model_of(f, args) or f
    way = next(((there, back) for there, back in WAYS if _has(f, there, args) and _has(f, back)), None)
    loss = None if way else next((name for name in LOSSES if _has(f, name, args)), None)
    if way:
        run, function = layer_run(*way), getattr(f, way[0])
        takes_dy = takes(getattr(f, way[1]), (1.0,)) or required(getattr(f, way[1])) > 0
        found = Stateful(f, args, run, takes_dy)
    elif loss:
        function, found = getattr(f, loss), Stateful(f, args, model_run(loss), takes_dy=False)
    elif captured := _captured(f):
        function, found = f, Stateful(captured, args, function_run(f))
    else:
        return None
    names = (["x"] if len(args) == 1 else names_of(function, len(args))) or [f"x{i}" for i in range(len(args))]
    names = [f"input {n}" if n in found.parameters else n for n in names]
    found.notes += [f"{n}: no gradient was found for it (d{n.rpartition('.')[2]}, grads[{n!r}] or the like), so it was "
                    "not checked" for n in found.alone]
    name = getattr(f, "__name__", None) or type(f).__name__
    return found, Arguments((*args, found.parameters), [*names, ""]), name, found.notes


def _has(f, name, args=None):
    method = None if isinstance(f, type | types.FunctionType | types.MethodType) else getattr(f, name, None)
    return callable(method) and (args is None or takes(method, args))


def layer_run(there, way_back):
    """`run` of what has forward and backward."""

    def run(layer, *inputs):
        method, answer = getattr(layer, there), getattr(layer, there)(*inputs)
        if answer is None:
            answer = next((getattr(layer, n) for n in ("output", "out", "outputs", "y") if hasattr(layer, n)), None)
        answer = answer if isinstance(answer, tuple) else (answer,)
        outs, cache = apart(answer, getattr(layer, way_back), len(answer))
        y, parts = joined(outs)

        def back(twin, dy):
            backward = getattr(twin, way_back)
            given = [*parts(dy), *copy.deepcopy(cache)][:required(backward) or 1] if takes(backward, (dy,)) or required(
                backward) else []
            if required(backward) > len(given):     # backward(dy, x)
                given += list(inputs)[:required(backward) - len(given)]
            answer = backward(*given)
            if answer is None:
                # kept as dinputs
                names = [*(names_of(method, len(inputs)) or []), "input", "inputs", "x", "X"]
                kept = by_name({n: a for n, a in vars(twin).items() if n not in names}, names)
                return next(iter(kept.values()), None) if len(inputs) == 1 else kept or None, None
            extra = isinstance(answer, tuple) and len(answer) > len(inputs)
            if extra:
                # dx, dW, db; or dx, {"W": …}
                rest = answer[len(inputs):]
                return answer[:len(inputs)], rest[0] if len(rest) == 1 and isinstance(rest[0], dict) else rest
            return answer, None

        return y, back

    return run


def model_run(loss):
    """`run` of what has a loss, which returns the gradients, keeps them, or leaves them to another method."""

    def run(layer, *inputs):
        answer = getattr(layer, loss)(*inputs)
        value, *given = answer if isinstance(answer, tuple) else (answer,)

        def back(twin, dy):
            if given:
                held = next((g for g in given if isinstance(g, dict | list)), given)
                return None, held
            for name in AFTERWARDS:
                way = next((some for some in (inputs, (), (1.0,)) if takes(getattr(twin, name, None), some)), None)
                if way is not None and callable(getattr(twin, name, None)):
                    answer = getattr(twin, name)(*way)
                    return None, answer if isinstance(answer, dict | list | tuple) else None
            return None, None

        return np.asarray(value), back

    return run


def function_run(f):
    """`run` of a function of layers, (layer.forward(x), layer.backward), whose layers are taken as the state."""

    def run(held, *inputs):
        answer = _rebound(f, {id(thing): held[name] for name, thing in _captured(f).items()})(*inputs)
        if not isinstance(answer, tuple) or len(answer) != 2 or not callable(answer[1]):
            raise ValueError("f returned no (y, back)")
        y, back = answer

        def again(twin, dy):
            new = {id(held[name]): twin[name] for name in held}
            if isinstance(back, types.MethodType) and id(back.__self__) in new:
                return getattr(new[id(back.__self__)], back.__name__)(dy), None
            return (_rebound(back, new) if isinstance(back, types.FunctionType) else back)(dy), None

        return np.asarray(y), again

    return run


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


def _model_of(f, args):
    """The model of `net.loss`, whose gradients are those of its parameters and not of the arguments; or None."""
    model = getattr(f, "__self__", None)
    if model is None or getattr(f, "__name__", "") not in LOSSES:
        return None
    try:
        answer = getattr(copy.deepcopy(model), f.__name__)(*copy.deepcopy(args))
    except Exception:       # said where it is called as it is
        return None
    given = next((g for g in answer if isinstance(g, dict)), {}) if isinstance(answer, tuple) else {}
    return model if by_name(dict(leaves(given, "")), list(slots(model))) or by_name(
        given, [n.rpartition(".")[2] for n in slots(model)]) else None


def _captured(f):
    """The layers, and lists of layers, that a function holds in its closure or takes from around it, by name."""
    if not isinstance(f, types.FunctionType):
        return {}
    around = {n: f.__globals__[n] for n in f.__code__.co_names if n in f.__globals__}
    for name, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True):
        try:
            around[name] = cell.cell_contents
        except ValueError:
            continue
    return {n: thing for n, thing in around.items() if _is_layer(thing) or isinstance(thing, list) and thing and all(
        map(_is_layer, thing))}


def _is_layer(thing):
    return any(_has(thing, there) and _has(thing, back) for there, back in WAYS) and not has_parameters(thing)


def _rebound(f, new):
    """The function with other layers in its closure and around it."""
    code = f.__code__
    around = f.__globals__ | {n: new[id(f.__globals__[n])] for n in code.co_names if id(f.__globals__.get(n)) in new}
    cells = tuple(types.CellType(new.get(id(c.cell_contents), c.cell_contents)) for c in f.__closure__ or ())
    return types.FunctionType(code, around, f.__name__, f.__defaults__, cells or None)
