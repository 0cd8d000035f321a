"""Where a layer keeps its parameters and their gradients: W with dW, params with grads, W.data with W.grad, in it or in
the layers that it is made of.
"""

import types
from dataclasses import dataclass

import numpy as np

from npvae.dialects.arguments import GRADIENT_OF, entries
from npvae.dialects.calling import required

# where layers keep their parameters, and the gradients of those
HOLDERS = [(own, twin) for own in ("params", "parameters", "weights", "theta", "p")
           for twin in ("grads", "gradients", "grad", "gradient", "dparams", "derivatives")]
VALUES, GRADS = ("value", "data", "val", "array", "weight", "w"), ("grad", "gradient", "g", "delta")


@dataclass(frozen=True)
class Slot:
    """Where a parameter and its gradient stand: in which object's or dict's names, under which."""

    owner: object
    key: object
    twin: object = None
    twin_key: object = None

    @property
    def value(self):
        return self.owner[self.key]

    @property
    def gradient(self):
        return None if self.twin is None else self.twin[self.twin_key]


def slots(layer):
    """Every array of floats that a layer and the layers in it hold, with its gradient, by name."""
    found, known = {}, set()
    for path, thing, own in _namespaces(layer, "", {}):
        for name, slot in sorted(_of_one(thing, own).items(), key=lambda item: item[1].twin is None):
            name = f"{path}.{name}" if path else name
            if id(slot.value) not in known or not isinstance(slot.value, np.ndarray):
                known.add(id(slot.value))
                found[name] = slot
    gradients = {id(s.gradient) for s in found.values()}
    return {n: s for n, s in found.items() if id(s.value) not in gradients and
            (s.twin is not None or isinstance(s.value, np.ndarray))}


def _namespaces(thing, path, seen):
    """(path, object, what it holds by name) of a layer, of the layers in it and of its dicts."""
    if id(thing) in seen or isinstance(thing, type | types.ModuleType | types.FunctionType | np.ndarray):
        return
    seen[id(thing)] = thing
    own = thing if isinstance(thing, dict) else getattr(thing, "__dict__", None)
    if isinstance(own, dict):
        yield path, thing, own
        inside = [(f"{path}.{n}" if path else str(n), part) for n, part in own.items()]
    else:
        inside = [(f"{path}[{i}]", part) for i, part in enumerate(thing)] if isinstance(thing, list | tuple) else []
    for name, part in inside:
        if not isinstance(part, np.ndarray | str | int | float | None):
            yield from _namespaces(part, name, seen)


def _of_one(thing, own):
    """The slots of one object: of `params` with `grads`, and of W with dW, grads["W"] or W.grad."""
    found = {}
    for holder, twin in HOLDERS:
        gradients = _by_path(holder, _held(thing, own, twin))
        for name, (owner, key) in _by_path(holder, _held(thing, own, holder)).items():
            if _is_number(owner[key]) and (name not in found or found[name].twin is None):
                found[name] = Slot(owner, key, *_twin(name, gradients))
    for holder in [n for n, held in own.items() if isinstance(n, str) and isinstance(held, list | tuple)]:
        # weights with dweights, both lists
        twin = next((own[g.format(holder)] for g in GRADIENT_OF[1:] if g.format(holder) in own), None)
        gradients = _by_path(holder, twin)
        for name, (owner, key) in _by_path(holder, own[holder]).items():
            if _is_number(owner[key]) and (name not in found or found[name].twin is None):
                found[name] = Slot(owner, key, *gradients.get(name, ()))
    own_names = {n: (own, n) for n in own if isinstance(n, str)}
    beside = {k: v for twin in ("gradients", "grads") for k, v in _by_path(twin, _held(thing, own, twin)).items()}
    for name in own_names:
        if _is_number(own[name]):
            found.setdefault(name, Slot(own, name, *(_twin(name, {k: v for k, v in own_names.items() if k != name})
                                                     or _twin(name, beside))))
    return found


def _held(thing, own, name):
    """What stands under a name, or is returned by a method or property of that name."""
    held = own.get(name)
    if held is None and not isinstance(thing, dict) and name in ("params", "parameters", "grads", "gradients"):
        held = getattr(thing, name, None)
        try:
            held = held() if isinstance(held, types.MethodType) and required(held) == 0 else held
        except AttributeError:      # of what backward has not made yet
            return None
        return list(held) if isinstance(held, types.GeneratorType) else held
    return held


def _by_path(path, held):
    """(owner, key) of everything in nested dicts, lists and tuples, by name."""
    if not isinstance(held, dict | list | tuple):
        return {}
    parts = entries(held, "" if isinstance(held, dict) else path)
    return {name: place for part in parts for name, place in _places(held, *part)}


def _places(held, key, part, path):
    if not isinstance(part, dict | list | tuple):
        return [(path, (held, key))]
    return [place for inner in entries(part, path) for place in _places(part, *inner)]


def _twin(name, held):
    """(owner, key) of the gradient of a parameter of that name, or ()."""
    head, dot, last = name.rpartition(".")
    patterns = [*GRADIENT_OF, *(g for g in GRADS if last in VALUES)]
    short = ["d" + last[0].lower(), "d" + last[0].upper()] if last[:1].isalpha() else []     # weights, dw
    places = [held[k] for k in (head + dot + p.format(last) for p in [*patterns, *short]) if k in held]
    return next(((owner, key) for owner, key in places if _is_number(owner[key])), ())


def _is_number(a):
    return isinstance(a, np.ndarray) and a.dtype.kind == "f" or isinstance(a, float | np.floating)
