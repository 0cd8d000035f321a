"""What people write, brought into the form y, back = f(*args).

    gradcheck(f, x, W, b)                     y, back = f(x, W, b); back returns one gradient for each, or for the first
    gradcheck(loss, params, x, labels)        value, gradients, those built as params is; integers are constants
    gradcheck((forward, backward), x, W, b)   out, cache = forward(x, W, b); dx, dW, db = backward(dout, cache)
    gradcheck((fun, jac), w)                  SciPy's pair, or an elementwise function and its derivative
    gradcheck(layer, x), gradcheck(net, X, y) what has a state: in `layers`
    gradcheck(Swish.apply, tensor)            PyTorch and JAX: in `frameworks`
"""

import copy

import numpy as np

from npvae.dialects import frameworks, layers
from npvae.dialects.arguments import Arguments, fits
from npvae.dialects.calling import CACHE, Later, apart, joined, name_of, names_of, required, surplus, takes, unheeded
from npvae.nn.parameters import has_parameters

VALUES, GRADIENTS = ("loss", "value", "cost"), ("grads", "grad", "gradients", "gradient")


def understood(f, args, call=None):
    """(f, arguments, what to call f, notes)."""
    notes = []
    if call is None and (framework := frameworks.framework_of(f, args)):
        f, args, names, called, notes = framework(f, args)
        if not isinstance(f, tuple):
            return f, Arguments(args, names), called, notes
    if isinstance(f, tuple) and len(f) == 2 and all(map(callable, f)):
        owner = getattr(f[0], "__self__", None)
        if owner is not None and owner is getattr(f[1], "__self__", None) and (found := layers.stateful(owner, args)):
            return found
        return *_pair(*f, args, notes), notes
    own = call is not None or has_parameters(f)
    if isinstance(f, type) and not own and all(isinstance(vars(f).get(way), staticmethod) for way in
                                               ("forward", "backward")):
        return *_pair(f.forward, f.backward, args, notes), notes
    if isinstance(f, type) and not own and any(hasattr(f, way) for way in ("forward", "backward", "loss")):
        raise ValueError(f"f is the class {f.__name__}, expected a layer of it: gradcheck({f.__name__}(…), x)")
    if not own and (found := layers.stateful(f, args)):
        return found
    if not own and not callable(f):
        raise ValueError(f"f is {name_of(f)}, expected a function x -> (y, back) or x -> (value, gradient), a pair "
                         "(forward, backward), a layer, or a LatentVariableModel")
    names = names_of(call or f, len(args), call is not None) if len(args) > 1 else None
    return f if own else _function(f, notes), Arguments(args, names), None if own else name_of(f), notes


def _function(f, notes):
    """y, back = f(*args) with one y or several, or value, gradients in any order and number."""
    alone = []

    def called(*args):
        answer = f(*args)
        if isinstance(answer, dict):
            # {"loss": …, "grads": …}
            named = [next((answer[n] for n in some if n in answer), None) for some in (VALUES, GRADIENTS)]
            answer = answer if any(a is None for a in named) else tuple(named)
        if not isinstance(answer, tuple) or len(answer) < 2 or callable(answer[0]):
            return answer
        *outs, back = answer
        if callable(back):
            nested = len(outs) == 1 and isinstance(outs[0], tuple | list) and any(np.ndim(y) for y in outs[0])
            outs = outs[0] if nested else outs
            if len(outs) > 1 and not alone:
                alone.append(_takes_one(back, outs))
                _note(notes, alone[0] and len(outs) - 1)
            outs = outs[:1] if alone and alone[0] else outs
            y, parts = joined(outs)
            if len(outs) == 1:
                return y, back
            return y, lambda dy: back(*parts(dy)) if required(back) > 1 else back(tuple(parts(dy)))
        if isinstance(outs[0], dict) and len(outs) == 1 and np.ndim(back) == 0:
            return back, outs[0]
        if len(outs) == 1 or np.size(outs[0]) != 1:
            return answer
        # value, gradients, cache; or value, dW, db
        found = [g for g in answer[1:] if len(args) == 1 and fits(args[0], g) or len(args) > 1
                 and isinstance(g, tuple | list) and len(g) == len(args) and all(map(fits, args, g))]
        return outs[0], found[0] if found else answer[1:]

    return called


def _takes_one(back, outs):
    """Whether back takes the dy of the first output, not a tuple of all."""
    dys = [np.ones(np.shape(y)) for y in outs]
    if required(back) > 1:
        return False
    for given, answer in ((tuple(dys), False), (dys[0], True)):
        try:
            back(given)
        except (TypeError, ValueError, IndexError, AttributeError):
            continue
        return answer
    return False


def _note(notes, count):
    if count and unheeded(count) not in notes:
        notes.append(unheeded(count))


def _pair(first, second, args, notes):
    """(f, arguments, name) of `forward` and `backward`, with or without a cache, of `fun` and `jac`, or of f and f′."""

    def with_cache(*args):
        answer = first(*args)
        if isinstance(answer[0], tuple):
            answer = (*answer[0], *answer[1:])
        outs, cache = apart(answer, second, len(answer) - 1)
        if not takes(second, (*outs, *cache)) and required(second) == len(outs) + len(args):
            more, cache = len(cache), args      # backward(dout, x, W)
        else:
            more = surplus(outs, cache, second)
            cache = cache[more:]
        _note(notes, more)
        y, parts = joined(outs)
        return y, layers.spared(lambda dy: second(*_in_order(second, parts(dy), cache)), notes)

    def with_arguments(*args):
        # backward(dout, x, W)
        return np.asarray(first(*args)), layers.spared(lambda dy: second(dy, *args), notes)

    def with_jacobian(*args):
        value = np.asarray(first(*args))
        if value.size == 1:
            return value, Later(lambda: second(*args))
        return value, lambda dy: _through(dy, second(*args), args)

    answer = first(*copy.deepcopy(args))
    way = with_cache if isinstance(answer, tuple) else with_arguments if required(second) > len(args) else with_jacobian
    return way, Arguments(args, names_of(first, len(args))), getattr(first, "__name__", None)


def _through(dy, slopes, args):
    if np.shape(slopes) == dy.shape == np.shape(args[0]):
        # dx = dy f′(x), elementwise
        return dy * slopes
    # dx = dyᵀ J
    return np.tensordot(dy, slopes, dy.ndim)


def _in_order(backward, dys, cache):
    """The arguments of backward(dy, cache), backward(cache, dy) or backward(dy, *cache)."""
    first = (names_of(backward, 2) or [""])[0]
    return (*cache, *dys) if len(cache) == 1 and CACHE.fullmatch(first) else (*dys, *cache)
