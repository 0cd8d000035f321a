"""How code is called: whatever is handed in, as one scalar function F = Σ c ⊙ f of one vector, with its gradient.

    y, back = f(*args)          a function, or a layer; with `arrays` and `on` its parameters are checked, too
    value, gradient = f(*args)  a plain function

c is a random upstream gradient: with c = 1, a `back` that forgets dy, or that sums over the wrong axis, would pass.
What else people write (pairs, layers with a state) is brought into this form by `dialects`.
"""

import copy
import inspect
import re
from dataclasses import dataclass

import numpy as np

from npvae.nn import Parameters
from npvae.nn.parameters import has_parameters

OUTSIDE = (ValueError, ArithmeticError)     # what f raises where a step beside x has left its domain
CACHE = re.compile(r"caches?|ctx|context|memo|memory|saved|state|store")
UPSTREAM = re.compile(r"d[A-Z_].*|d[a-z]{1,2}\d?|d(out|next|prev|loss|log).*|.*grad.*|g_.*|delta.*|upstream.*")



@dataclass(frozen=True)
class Later:
    """A gradient that is computed when it is asked for."""

    gradient: object


class Subject:
    """F(v) = Σ c ⊙ f at the point v = [arguments, parameters], all in one `Parameters` vector.

    `call(f, *args)` is f(*args) by default; c is `upstream`, or random of the seed.
    """

    def __init__(self, f, arguments, call=None, upstream=None, dtype=np.float64, seed=0):
        self.part, self.call, self.arguments, self.seed, self.inner_scale = f, call, arguments, seed, 0.0
        self.inputs = arguments.arrays
        self.parametrised = has_parameters(f)
        own = f.arrays() if self.parametrised else {}
        clash = set(own) & set(self.inputs)
        if clash:
            raise ValueError(f"{sorted(clash)} names both an input and a parameter: rename the input")
        self._place({**self.inputs, **own}, dtype)
        y, back = self.forward()
        self.callback = callable(back)
        if self.callback:
            # not default_rng(seed): with an x of the same seed and shape, c = x, and xᵀc does not tell a transposed one
            self.upstream = np.random.default_rng([seed, 2]).standard_normal(y.shape) if upstream is None else upstream
        else:
            self.upstream = np.ones(y.shape)
            if y.size != 1:
                if np.size(back) == 1:
                    raise ValueError("f returned (gradient, value), expected (value, gradient): exchange the two")
                raise ValueError(f"f returned a value of shape {y.shape} with its gradient, expected one number: "
                                 "return (y, back) with back(dy) for a function with several outputs")

    def _place(self, arrays, dtype):
        self.at = Parameters(arrays, dtype)
        self.start = self.at.value.copy()
        self.f = self.part.on(self.at) if self.parametrised else self.part

    def at_dtype(self, dtype):
        """The same subject with its point in another dtype."""
        twin = copy.copy(self)
        twin._place({n: self.at[n] for n in self.at.names}, dtype)
        return twin

    def where(self, name):
        """The slice of the vector that holds `name`."""
        start = sum(self.at[n].size for n in self.at.names[:self.at.names.index(name)])
        return slice(start, start + self.at[name].size)

    def args(self):
        """The arguments as f takes them, the arrays where they now are."""
        return self.arguments.rebuilt({n: self.at[n] for n in self.inputs})

    def _ask(self, function):
        # functions that stand beside a `call` take the part, too, with its parameters where they now are
        return function(self.f, *self.args()) if self.call else function(*self.args())

    def forward(self):
        """y (or the value) as an array, and back (or the gradient)."""
        answer = self._ask(self.call or self.f)
        if not isinstance(answer, tuple) or len(answer) != 2:
            raise ValueError(f"f returned {describe(answer)}, expected (y, back), with dx = back(dy), or (value, "
                             "gradient)")
        if callable(answer[0]) and not callable(answer[1]):
            raise ValueError("f returned (back, y), expected (y, back): exchange the two")
        return np.asarray(answer[0]), answer[1]

    def value(self, function=None):
        """F = Σ c ⊙ y; of another function of the same arguments, if one is given."""
        # a step beside x may leave the domain of f: what is not finite is seen to where values are compared
        with np.errstate(all="ignore"):
            y = self.forward()[0] if function is None else self._ask(function)
            # functions beside f may be written as f is
            y = np.asarray(y[0] if isinstance(y, tuple) else y)
        return (self.upstream * y).sum()

    def scale(self):
        """Σ |c ⊙ y|, or more if `cancels` has found so: the size of the numbers that rounding acts on."""
        return max(float(np.abs(self.upstream * self.forward()[0]).sum()), self.inner_scale)

    def cancels(self):
        """Whether f cancels numbers greater than y on the way, as a sum of what is centred does."""
        epsilon, rng = float(np.finfo(self.at.value.dtype).eps), np.random.default_rng([self.seed, 5])
        moves = [4 * epsilon * np.abs(self.start) * rng.standard_normal(self.start.size) for _ in range(4)]
        here, phis, outer = self.value(), [self.along(d) for d in moves], self.scale()
        # φ(1) + φ(−1) − 2 φ(0) is nothing but rounding for a step of a few last digits
        noise = np.abs([phi(1.0) + phi(-1.0) - 2 * here for phi in phis])
        self.inner_scale = float(np.nan_to_num(noise).max() / (4 * epsilon))
        return self.inner_scale > outer

    def gradient(self, times=1):
        """The analytic gradient by name, after `times` calls of `back`; None for an input that gets none."""
        # layers may write their gradients, or add them
        self.at.grad.fill(0)
        answer = back = self.forward()[1]
        for _ in range(times if self.callback else 0):
            answer = self._asked_back(back)
        found = self.arguments.gradients(answer.gradient() if isinstance(answer, Later) else answer)
        return found | {n: self.at.gradient(n).copy() for n in self.at.names if n not in self.inputs}

    def answer(self, back, times=1):
        """What back returns for the inputs when dy is c, or `times` c: by name, in arrays of its own."""
        return self.arguments.gradients(self._asked_back(back, times))

    def alike(self, first, second):
        """Whether two answers of back are the same up to rounding."""
        return all(a is None and second[n] is None or a is not None and second[n] is not None and a.shape ==
                   second[n].shape and np.allclose(a, second[n], rtol=1e-5, atol=0, equal_nan=True)
                   for n, a in first.items())

    def _asked_back(self, back, times=1):
        dy = self.upstream * self.upstream.dtype.type(times)
        kept, answer = dy.copy(), back(dy)
        if not np.array_equal(dy, kept):
            raise ValueError("back changes dy in place, which spoils it for whoever else needs it: copy first")
        return answer

    def along(self, direction, function=None):
        """φ(t) = F(v + t d), for a direction d (n,)."""
        start = self.at.value.copy()

        def phi(t):
            self.at.value[...] = start + t * direction
            try:
                return self.value(function)
            except OUTSIDE:
                return np.nan
            finally:
                self.at.value[...] = start

        return phi

    def along_coordinate(self, j, function=None, value=None):
        """φ(t) = F(v + t e_j), or what else `value()` is there."""
        old, value = self.at.value[j], value or (lambda: self.value(function))

        def phi(t):
            self.at.value[j] = old + t
            try:
                return value()
            except OUTSIDE:
                return np.nan
            finally:
                self.at.value[j] = old

        return phi

    def ignores(self, name):
        """Whether the value stays exactly the same however far one of the arrays is moved."""
        d = np.zeros(self.at.value.size)
        d[self.where(name)] = np.random.default_rng([self.seed, 6]).standard_normal(self.at[name].size)
        return all(self.along(d)(t) == self.value() for t in (1.0, -1.0, 10.0))

    def pieces(self):
        """c ⊙ y (n,), the numbers that F is the sum of."""
        with np.errstate(all="ignore"):
            return (self.upstream * self.forward()[0]).ravel()


def describe(thing):
    """A short name for what came back, for messages."""
    if isinstance(thing, tuple):
        return "a tuple of " + ", ".join(describe(t) for t in thing)
    shape = f" of shape {thing.shape}" if isinstance(thing, np.ndarray) else ""
    return f"{type(thing).__name__}{shape}"


def name_of(f) -> str:
    """What to call f in a report."""
    return getattr(f, "__name__", None) or repr(f).splitlines()[0]


def names_of(f, count, skip=0):
    """The names of f's first arguments, as its signature has them, or None."""
    try:
        parameters = list(inspect.signature(f).parameters.values())[skip:]
    except (TypeError, ValueError):
        return None
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return names[:count] if len(names) >= count else None


def required(f):
    """How many arguments f must be given; 1 where its signature is not known."""
    try:
        return sum(p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
                   for p in inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        return 1


def takes(f, args):
    """Whether f can be called with these arguments, as far as its signature says."""
    try:
        inspect.signature(f).bind(*args)
    except (TypeError, ValueError):
        return False
    return True


def joined(outs):
    """One array for one output or several, and how dy is taken apart again."""
    outs = [np.asarray(out) for out in outs]
    if len(outs) == 1:
        return outs[0], lambda dy: [dy]
    cuts = np.cumsum([out.size for out in outs])[:-1]
    return (np.concatenate([out.ravel() for out in outs]),
            lambda dy: [part.reshape(out.shape) for part, out in zip(np.split(dy, cuts), outs, strict=True)])


def apart(answer, backward, most):
    """The outputs, at most so many, and the cache in what a forward returned: an output for each dy of backward."""
    names = [n for n in names_of(backward, required(backward)) or [] if not CACHE.fullmatch(n)]
    count = next((i for i, name in enumerate(names) if not UPSTREAM.fullmatch(name)), len(names))
    count = min(max(count, 1), most)
    return answer[:count], answer[count:]


def unheeded(count):
    """The note on outputs of a forward pass that the backward pass takes no dy for."""
    outputs = "1 output" if count == 1 else f"{count} outputs"
    return f"{outputs} of the forward pass: backward takes no dy for it, so it was not checked"


def surplus(outs, cache, backward):
    """How many entries of a cache are outputs that backward has no argument for."""
    return 0 if takes(backward, (*outs, *cache)) else max(0, len(outs) + len(cache) - required(backward))
