"""Functions of PyTorch and of JAX as y, back = f(*arrays), recognised by the names of types: neither is imported here.

What is checked is the backward pass that was written by hand, in a torch.autograd.Function, a jax.custom_vjp or
jax.custom_jvp, or a gradient that is returned, as by jax.value_and_grad; in float64, whatever comes in.
"""

import inspect
import sys
from functools import partial

import numpy as np

from npvae.dialects.arguments import fits
from npvae.dialects.calling import joined, name_of, names_of


def framework_of(f, args):
    """The translation of f's framework, or of that of its arguments; None for NumPy."""
    things = [*_leaves((f, args)), *(getattr(g, "__self__", None) for g in _leaves((f,)))]
    kinds = [base for thing in things for base in (thing if isinstance(thing, type) else type(thing)).__mro__]
    modules = {kind.__module__.partition(".")[0] for kind in kinds}
    # what jax.value_and_grad returns is a function
    modules |= {getattr(g, "__globals__", {}).get("__name__", "").partition(".")[0] for g in _leaves((f,))}
    return next((way for name, way in (("torch", of_torch), ("jax", of_jax), ("jaxlib", of_jax)) if name in modules),
                None)


def of_torch(f, args):
    """(f, arguments, names, name, notes) of a function of tensors, an autograd.Function or a module."""
    torch = sys.modules["torch"]
    module = isinstance(f, torch.nn.Module)
    own = dict(f.named_parameters()) if module else {}
    notes = _converted(args, own)
    if isinstance(f, tuple):
        return (*_pair(f, args, lambda a: _tensor(torch, a).detach()), notes)
    function = f.apply if isinstance(f, type) else f
    owner = getattr(function, "__self__", None)
    behind, skip = (owner.forward, 1) if isinstance(owner, type) else (f.forward if module else f, 0)
    names = names_of(behind, len(args), skip) or (["x"] if len(args) == 1 else [f"x{i}" for i in range(len(args))])
    name = owner.__name__ if isinstance(owner, type) else type(f).__name__ if module else name_of(f)
    called, arrays = TorchFunction(torch, function, args, bool(own)), tuple(_mapped(a, _array) for a in args)
    if own:
        return called, (*arrays, {n: _array(p) for n, p in own.items()}), [*names, ""], name, notes
    return called, arrays, names, name, notes


def _tensor(torch, a):
    return torch.from_numpy(np.array(a)).requires_grad_()


class TorchFunction:
    """A function of tensors, or a module with the parameters as its last argument, as y, back = f(*arrays)."""

    def __init__(self, torch, function, args, own):
        self.torch, self.function, self.args, self.own = torch, function, args, own

    def __call__(self, *given):
        *given, parameters = given if self.own else (*given, {})
        inputs = _like(self.args, given, lambda a: _tensor(self.torch, a))
        own = {n: _tensor(self.torch, p) for n, p in parameters.items()}
        with self.torch.random.fork_rng(devices=[]):
            self.torch.manual_seed(0)        # a dropout's mask stays
            answer = self._answer(inputs, own)
        if _by_hand(answer, self.args):
            return _array(answer[0]), _back_by_hand(answer[1], lambda dy: _tensor(self.torch, dy).detach())
        outs = [y for y in _leaves(answer) if isinstance(y, self.torch.Tensor) and y.is_floating_point()]
        if not any(y.requires_grad for y in outs):
            raise ValueError("autograd sees no way from the answer to the arguments: a detach(), .data, .item() or "
                             "no_grad() cuts it off" if outs else
                             f"f returned {type(answer).__name__}, expected a tensor of floats, or several")
        y, parts = joined([_array(y) for y in outs])
        return y, lambda dy: self._back(outs, parts(dy), inputs, own)

    def _answer(self, inputs, own):
        if not isinstance(self.function, self.torch.nn.Module):
            return self.function(*inputs)
        buffers = {n: (b.double() if b.is_floating_point() else b).clone() for n, b in self.function.named_buffers()}
        return self.torch.func.functional_call(self.function, own | buffers, tuple(inputs))

    def _back(self, outs, dys, inputs, own):
        tensors = [t for t in _leaves(inputs) if isinstance(t, self.torch.Tensor) and t.requires_grad]
        tensors += own.values()
        pairs = [(y, self.torch.from_numpy(np.array(d))) for y, d in zip(outs, dys, strict=True) if y.requires_grad]
        found = self.torch.autograd.grad([y for y, _ in pairs], tensors, [d for _, d in pairs], retain_graph=True,
                                         allow_unused=True)
        found = {id(t): _array(g) for t, g in zip(tensors, found, strict=True)}
        mine = [_mapped(given, lambda t: found.get(id(t)), every=True) for given in inputs]
        if own:
            return (*mine, {n: found[id(p)] for n, p in own.items()})
        return mine[0] if len(mine) == 1 else tuple(mine)


def of_jax(f, args):
    """(f, arguments, names, name, notes) of a function that JAX differentiates, or that returns its gradient."""
    jax = sys.modules["jax"]
    x64, notes = jax.enable_x64 if hasattr(jax, "enable_x64") else jax.experimental.enable_x64, _converted(args, {})
    if isinstance(f, tuple):
        return (*_pair(f, args, jax.numpy.asarray, x64), notes)
    names = names_of(f, len(args)) if len(args) > 1 else None
    return JaxFunction(jax, x64, f, args), tuple(_mapped(a, _array) for a in args), names, name_of(f), notes


class JaxFunction:
    """A function of JAX's arrays as y, back = f(*arrays)."""

    def __init__(self, jax, x64, function, args):
        self.jax, self.x64, self.function, self.args = jax, x64, function, args

    def __call__(self, *given):
        with self.x64(True):
            inputs = _like(self.args, given, self.jax.numpy.asarray)
            answer = self.function(*inputs)
            if _by_hand(answer, self.args):
                return _array(answer[0]), _back_by_hand(answer[1], self.jax.numpy.asarray, self.x64)
            try:
                outs, vjp = self.jax.vjp(partial(self._of_floats, inputs), *(a for a in _leaves(inputs)
                                                                             if _is_float(a)))
            except TypeError as problem:
                if type(problem).__module__.partition(".")[0] != "jax":
                    raise
                raise ValueError(f"JAX cannot follow f, which may call NumPy: {str(problem).splitlines()[0]}"
                                 ) from problem
        y, parts = joined([_array(y) for y in outs])
        return y, lambda dy: self._back(vjp, parts(dy), inputs)

    def _of_floats(self, inputs, *floats):
        new = iter(floats)
        return list(_leaves(self.function(*(_mapped(a, lambda leaf: next(new)) for a in inputs))))

    def _back(self, vjp, dys, inputs):
        with self.x64(True):
            found = iter([_array(g) for g in vjp([self.jax.numpy.asarray(d) for d in dys])])
            mine = [_mapped(a, lambda leaf: next(found) if _is_float(leaf) else None, every=True) for a in inputs]
        return mine[0] if len(mine) == 1 else tuple(mine)


def _pair(f, args, tensor, around=None):
    """(functions of arrays, arguments, names, name) of a pair of functions of tensors."""

    def on_arrays(part):
        def called(*given):
            if around is None:
                return _mapped(part(*(_mapped(a, tensor) for a in given)), _array)
            with around(True):
                return _mapped(part(*(_mapped(a, tensor) for a in given)), _array)

        called.__signature__ = inspect.signature(part)
        called.__name__ = name_of(part)
        return called

    return tuple(map(on_arrays, f)), tuple(_mapped(a, _array) for a in args), None, name_of(f[0])


def _by_hand(answer, args):
    """Whether the answer is (y, back), or (value, gradient of the arguments or of the first)."""
    if not isinstance(answer, tuple) or len(answer) != 2:
        return False
    if callable(answer[1]):
        return True
    gradient, arrays = _mapped(answer[1], _array), tuple(_mapped(a, _array) for a in args)
    return np.size(_array(answer[0])) == 1 and (fits(arrays[0], gradient) or isinstance(gradient, tuple) and len(
        gradient) <= len(arrays) and all(map(fits, arrays, gradient)))


def _back_by_hand(back, tensor, around=None):
    if not callable(back):
        return _mapped(back, _array)

    def on_arrays(dy):
        if around is None:
            return _mapped(back(tensor(dy)), _array)
        with around(True):
            return _mapped(back(tensor(dy)), _array)

    return on_arrays


def _converted(args, parameters):
    """A note where something was converted."""
    narrow = {str(a.dtype).rpartition(".")[2] for a in [*_leaves(args), *parameters.values()] if _is_float(a)}
    return [f"{dtype} was converted to float64" for dtype in sorted(narrow - {"float64"})]


def _is_float(a):
    return hasattr(a, "dtype") and "float" in str(a.dtype)


def _array(a):
    """A float tensor as an array of its own, float64; anything else as it is."""
    if not _is_float(a):
        return a
    if hasattr(a, "detach"):
        return a.detach().cpu().double().numpy().copy()
    return np.array(a, dtype=None if isinstance(a, np.ndarray) else np.float64)


def _like(args, given, tensor):
    """The arguments with arrays as tensors, plain numbers as plain numbers, and all else as it was."""
    given = iter([leaf for part in given for leaf in _leaves(part)])

    def one(leaf):
        new = next(given)
        if np.iscomplexobj(new):
            raise TypeError("tensors are moved by real steps only")
        return tensor(new) if _is_float(leaf) else float(new) if isinstance(leaf, float) else leaf

    return [_mapped(a, one, every=True) for a in args]


def _leaves(value):
    if isinstance(value, dict | list | tuple):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _leaves(part)
    else:
        yield value


def _mapped(value, turn, every=False):
    """The same dicts, lists and tuples with each tensor of floats turned into something else; or every leaf."""
    if isinstance(value, dict):
        return {key: _mapped(part, turn, every) for key, part in value.items()}
    if isinstance(value, list | tuple):
        parts = [_mapped(part, turn, every) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return turn(value) if every or _is_float(value) else value
