"""Layers and models with a state: their parameters are found with their gradients, each call is on a fresh copy.

    y = layer.forward(x); dx = layer.backward(dy)         gradients in dW, grads["W"], W.grad, written or added
    loss = criterion.forward(scores, y); dx = criterion.backward()
    loss, grads = net.loss(X, y); or loss = net.loss(X, y); grads = net.gradient(X, y)
    lambda x: (layer.forward(x), layer.backward)          a function of a layer
"""

import copy
import itertools
from functools import partial

import numpy as np

from npvae.dialects.arguments import Arguments, Beside, by_name, leaves
from npvae.dialects.calling import Later, apart, joined, names_of, required, surplus, takes, unheeded
from npvae.dialects.held_layers import LOSSES, WAYS, captured, function_run, has, layer_inside, model_of
from npvae.dialects.slots import slots

AFTERWARDS = ("backward", "gradient", "gradients", "grad", "compute_gradients", "compute_gradient", "backprop")
FLUSHES = ("flush_gradients", "zero_grad", "zero_grads", "zero_gradients", "clear_grads")
IN_PLACE = "backward changes dout in place, which spoils it for whoever else needs it"
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
        # in order, or in groups such as (nabla_b, nabla_w) in the other one
        ways = [[g for _, g in leaves(list(some), "")] for some in itertools.islice(itertools.permutations(given), 24)]
        ways = [way for way in ways if len(way) == len(self.order)]
        fit = [way for way in ways if all(np.shape(g) == np.shape(own[n].value) for n, g in
                                          zip(self.order, way, strict=True))]
        return dict(zip(self.order, [*fit, *ways][0], strict=True)) if ways else {}

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
    f = layer_inside(f, args) or model_of(f, args) or f
    way = next(((there, back) for there, back in WAYS if has(f, there, args) and has(f, back)), None)
    loss = None if way else next((name for name in LOSSES if has(f, name, args)), None)
    if way:
        run, function = layer_run(*way), getattr(f, way[0])
        takes_dy = takes(getattr(f, way[1]), (1.0,)) or required(getattr(f, way[1])) > 0
        found = Stateful(f, args, run, takes_dy)
        answer = getattr(copy.deepcopy(f), way[0])(*copy.deepcopy(args))
        if isinstance(answer, tuple) and (more := surplus(*apart(answer, getattr(f, way[1]), len(answer)),
                                                          getattr(f, way[1]))):
            found.notes.append(unheeded(more))
    elif loss:
        function, found = getattr(f, loss), Stateful(f, args, model_run(loss), takes_dy=False)
    elif held := captured(f):
        function, found = f, Stateful(held, args, function_run(f))
    else:
        return None
    names = (["x"] if len(args) == 1 else names_of(function, len(args))) or [f"x{i}" for i in range(len(args))]
    names = [f"input {n}" if n in found.parameters else n for n in names]
    found.notes += [f"{n}: no gradient was found for it (d{n.rpartition('.')[2]}, grads[{n!r}] or the like), so it was "
                    "not checked" for n in found.alone]
    name = getattr(f, "__name__", None) or type(f).__name__
    return found, Arguments((*args, found.parameters), [*names, ""]), name, found.notes


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
            answer = backward(*_given(backward, parts(dy), cache, inputs))
            if answer is None:
                return _kept(twin, method, inputs), None
            if isinstance(answer, tuple) and len(answer) > len(inputs):
                # dx, dW, db; or dx, {"W": …}
                rest = answer[len(inputs):]
                return answer[:len(inputs)], rest[0] if len(rest) == 1 and isinstance(rest[0], dict) else rest
            return answer, None

        return y, back

    return run


def _given(backward, dys, cache, inputs):
    """What backward is given: dy, the cache and, as in backward(dy, x), inputs, as many as it takes."""
    any_at_all = takes(backward, (dys[0],)) or required(backward)
    given = [*dys, *copy.deepcopy(cache)][:required(backward) or 1] if any_at_all else []
    return given + list(inputs)[:max(required(backward) - len(given), 0)]


def _kept(twin, method, inputs):
    """The gradients of the inputs that a layer keeps as dinputs, and does not return."""
    names = [*(names_of(method, len(inputs)) or []), "input", "inputs", "x", "X"]
    kept = by_name({n: a for n, a in vars(twin).items() if n not in names}, names)
    return next(iter(kept.values()), None) if len(inputs) == 1 else kept or None


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


def spared(back, notes):
    """`back` with a dy of its own to write into, as layers do that mask it in place; that it writes is noted."""

    def asked(dy):
        own = dy.copy()
        answer = back(own)
        if not np.array_equal(own, dy) and IN_PLACE not in notes:
            notes.append(IN_PLACE)
        return answer

    return asked
