"""Layers and models that a function holds, or is a method of: the layer is checked then, with its parameters."""

import copy
import types

import numpy as np

from npvae.dialects.arguments import by_name, leaves
from npvae.dialects.calling import takes
from npvae.dialects.slots import slots
from npvae.nn.parameters import has_parameters

WAYS = [("forward", "backward"), ("forward", "backprop"), ("forward_pass", "backward_pass"), ("fprop", "bprop"),
        ("forward_prop", "backward_prop"), ("forward_propagation", "backward_propagation"), ("forward", "back"),
        ("feedforward", "backprop"), ("feed_forward", "back_propagate"), ("call", "backward"), ("__call__", "backward"),
        ("forward", "grad"), ("forward", "gradient")]
LOSSES = ("loss", "loss_and_gradients", "loss_and_grads", "loss_and_grad", "compute_loss", "cost", "compute_cost",
          "objective")


def has(f, name, args=None):
    """Whether an object has a method of that name, which takes these arguments."""
    method = None if isinstance(f, type | types.FunctionType | types.MethodType) else getattr(f, name, None)
    return callable(method) and (args is None or takes(method, args))


def function_run(f):
    """`run` of a function of layers, (layer.forward(x), layer.backward), whose layers are taken as the state."""

    def run(held, *inputs):
        answer = _rebound(f, {id(thing): held[name] for name, thing in captured(f).items()})(*inputs)
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


def layer_inside(f, args):
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


def model_of(f, args):
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


def captured(f):
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
    return any(has(thing, there) and has(thing, back) for there, back in WAYS) and not has_parameters(thing)


def _rebound(f, new):
    """The function with other layers in its closure and around it."""
    code = f.__code__
    around = f.__globals__ | {n: new[id(f.__globals__[n])] for n in code.co_names if id(f.__globals__.get(n)) in new}
    cells = tuple(types.CellType(new.get(id(c.cell_contents), c.cell_contents)) for c in f.__closure__ or ())
    return types.FunctionType(code, around, f.__name__, f.__defaults__, cells or None)
