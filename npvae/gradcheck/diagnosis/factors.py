"""One wrong gradient beside the right one, and whether a factor explains it: of the whole gradient or of one
of the terms that the value is a sum of, called 2, ½, or a size that a sum or a mean runs over.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from npvae.gradcheck.comparison import numeric_gradient


@dataclass(frozen=True)
class Candidate:
    """A relation that explains the wrong gradient. The lower its `rank`, the sooner it is believed."""

    kind: str
    what: str
    mend: str
    rank: int = 1


class Evidence:
    """One parameter whose gradient is wrong: a (analytic), n (numeric), v (where), and the block that is wrong.

    `sizes` are numbers by name that a factor may be; `terms` the parts of the value, each called as f is.
    """

    def __init__(self, subject, name, analytic, sizes, terms):
        self.subject, self.name, self.a, self.sizes, self.terms = subject, name, analytic, sizes, terms
        self.v, self.c, self.y = subject.at[name].copy(), subject.upstream, subject.forward()[0]
        self.n = self.numeric()
        size = np.maximum(np.abs(self.a), np.abs(self.n))
        self.off = np.abs(self.a - self.n) > 1e-5 * size + 1e-9 * np.abs(self.n).max(initial=0)
        self.block, self.where = block_of(name, self.off)

    def numeric(self, upstream=None, function=None, changed=None):
        """This parameter's numeric gradient, for another upstream gradient, function or point if given."""
        subject, kept = self.subject, self.subject.upstream
        values = subject.at.value.copy()
        try:
            if upstream is not None:
                subject.upstream = upstream
            for name, value in (changed or {}).items():
                subject.at[name][...] = value
            found = numeric_gradient(subject, "five_point", function, subject.where(self.name))
            return found.reshape(self.v.shape)
        finally:
            subject.upstream = kept
            subject.at.value[...] = values

    def analytic(self, upstream):
        """This parameter's analytic gradient for another upstream gradient."""
        subject, kept = self.subject, self.subject.upstream
        try:
            subject.upstream = upstream
            return subject.gradient()[self.name]
        finally:
            subject.upstream = kept

    def explains(self, predicted):
        """Whether a predicted gradient is the wrong one, on the block, to a ten-thousandth of what is wrong."""
        a, n, p = self.a[self.block], self.n[self.block], np.broadcast_to(predicted, self.a.shape)[self.block]
        return bool(np.linalg.norm(p - a) <= 1e-4 * np.linalg.norm(a - n) + 1e-8 * np.linalg.norm(n))

    def few_coordinates(self):
        """The wrong coordinates in words, if they are three at most among many."""
        wrong = np.argwhere(self.off)
        if len(wrong) > 3 or len(wrong) == self.off.size:
            return ""
        return ", ".join(f"{self.name}{list(map(int, index))}" for index in wrong)

    @property
    def activation(self):
        """Whether f is an elementwise function of one input, in which no σ can stand beside x."""
        return len(self.subject.inputs) == 1 and self.elementwise

    @property
    def elementwise(self):
        """Whether each y depends on its own x alone, as in an activation."""
        if self.y.shape != self.v.shape or self.name not in self.subject.inputs or self.v.size < 2:
            return False
        one = np.zeros_like(self.c)
        one.flat[0] = 1
        return not self.numeric(upstream=one).flat[1:].any()


def block_of(name, off):
    """The wrong stretch as an index and in words: whole columns if some columns of a matrix are right, else all."""
    if off.ndim == 2 and off.any() and not off.any(0).all():
        columns = np.flatnonzero(off.any(0))
        first, last = int(columns[0]), int(columns[-1])
        if len(columns) == last - first + 1:
            return (slice(None), slice(first, last + 1)), f"{name}[:, {first}:{last + 1}]"
    return (slice(None),) * off.ndim, name


def named_factor(k, sizes):
    """What a factor is called, and what it tells: a list of (name, reading), empty if k has no name.

    Examples
    --------
    >>> named_factor(0.2, {"B": 5, "D": 3})
    [('1/B', 'a mean over B where the value takes the sum')]
    >>> named_factor(2.5, {"B": 5, "D": 3})
    []
    """
    found = []
    pair = [name for name, size in sizes.items() if size == 2]
    if same(k, 2):
        found.append(("2", "a ½ is missing, or something is counted twice"
                      + "".join(f", or it is a sum over {name} = 2 where the value takes the mean" for name in pair)))
    if same(k, 0.5):
        found.append(("½", "the 2 of a square or of log σ² is missing"
                      + "".join(f", or it is a mean over {name} = 2 where the value takes the sum" for name in pair)))
    for name, size in sizes.items():
        if size == 2:
            continue        # a number that has other reasons, too
        whole, under = float(size).is_integer(), f"({name})" if " or " in name else name
        if same(k, size):
            found.append((name, f"a sum over {name} where the value takes the mean" if whole
                          else f"a 1/{under} is missing"))
        if same(k, 1 / size):
            # the same number by chance, if the array is as small as exponents are
            power = f", or the {size:g} of a power is missing" if size in (3, 4) else ""
            found.append((f"1/{under}", f"a mean over {name} where the value takes the sum{power}" if whole
                          else f"a factor {name} is missing"))
    return found or _products(k, sizes)


def _products(k, sizes):
    """Products of two sizes, if no size alone fits."""
    sizes = {f"({name})" if " or " in name else name: size for name, size in sizes.items()}
    pairs = [(a, b) for i, a in enumerate(sizes) for b in list(sizes)[i + 1:]]
    found = [(f"{a}·{b}", f"sums over {a} and {b} where the value takes means") for a, b in pairs
             if same(k, sizes[a] * sizes[b])]
    found += [(f"1/({a}·{b})", f"means over {a} and {b} where the value takes sums") for a, b in pairs
              if same(k, 1 / (sizes[a] * sizes[b]))]
    for name, size in sizes.items():
        found += [(f"√{name}", f"a 1/√{name} is missing")] * same(k, size**0.5)
        found += [(f"1/√{name}", f"a 1/√{name} is there once too often")] * same(k, size**-0.5)
        found += [(f"2·{name}", f"a ½ and a 1/{name} are missing")] * same(k, 2 * size)
        found += [(f"2/{name}", f"a factor {name}/2 is missing")] * same(k, 2 / size)
    ratios = [(a, b) for a in sizes for b in sizes if a != b and same(k, sizes[a] / sizes[b])]
    return found or [(f"{a}/{b}", f"a mean over {b} where the value takes one over {a}") for a, b in ratios]


def factor_of_many(subject, name, a, sizes):
    """(kind, what, mend) if a gradient of many numbers, of which some are looked at, is a factor off, or None."""
    places = np.random.default_rng([subject.seed, 7]).permutation(a.size)[:200]
    start = subject.where(name).start
    n = np.concatenate([numeric_gradient(subject, "five_point", where=slice(start + j, start + j + 1)) for j in places])
    some = a.ravel()[places]
    k = float(some @ n / (n @ n or 1))
    if not np.linalg.norm(some - k * n) <= 1e-4 * np.linalg.norm(some - n) or abs(k) < 1e-6 or same(k, 1):
        return None
    if same(k, -1):
        return "sign", "the gradient has the wrong sign", "Flip it where back forms it"
    names, minus = named_factor(abs(k), sizes), "−" if k < 0 else ""
    what = " or ".join(f"{minus}{factor} times the right one: {reading}" for factor, reading in names)
    return "factor", f"the gradient is {what or f'{k:.6g} times the right one, everywhere the same factor'}", \
        "Take the factor out, in back or in the value"


def factor_candidates(evidence):
    """The gradient is a constant times the right one."""
    if not evidence.n[evidence.block].any():
        return []
    k = multiple(evidence)
    if abs(k) < 1e-6 or same(k, 1) or not evidence.explains(k * evidence.n):
        return []
    if same(k, -1):
        return [Candidate("sign", "the gradient has the wrong sign", "Flip it where back forms it")]
    names = named_factor(abs(k), evidence.sizes)
    minus = "−" if k < 0 else ""
    if names:
        # a size that is no count, as σ, gives way to a relation that explains where it comes from
        return [Candidate("factor", f"the gradient is {minus}{name} times the right one: {reading}"
                          + (", and the sign is wrong" if minus else ""),
                          f"Take the factor {minus}{name} out, in back or in the value",
                          rank=1 if same(max(abs(k), 1 / abs(k)), round(max(abs(k), 1 / abs(k)))) else 2)
                for name, reading in names]
    if evidence.a[evidence.block].size < 2:
        return []
    return [Candidate("factor", f"the gradient is {k:.6g} times the right one, everywhere the same factor",
                      f"Look for a constant {k:.6g} that the value has not", rank=3)]


def multiple(evidence):
    """The k for which ‖a − k n‖ is least on the block, 0 if n is zero there."""
    a, n = evidence.a[evidence.block], evidence.n[evidence.block]
    return float((a * n).sum() / ((n * n).sum() or 1))


def same(k, value):
    """Equal to rounding of a numeric gradient."""
    return abs(k - value) <= 1e-5 * abs(value)


def path_candidates(e):
    """The value is Σ_i α_i · term_i and its gradient Σ_i β_i · term_i's: which β differs from its α?

    The terms' gradients are numeric; α and β come from least squares and must leave nothing unexplained.
    """
    if not e.terms:
        return []
    upstreams = _more_upstreams(e)
    n, a = _stacked(e.numeric, e, upstreams), _stacked(e.analytic, e, upstreams)
    gradients = {name: _stacked(partial(e.numeric, function=term), e, upstreams) for name, term in e.terms.items()}
    gradients = {name: t for name, t in gradients.items() if np.linalg.norm(t) > 1e-7 * (np.linalg.norm(n) or 1)}
    if not gradients:
        return []
    T = np.stack(list(gradients.values()), axis=1)
    if len(T) <= T.shape[1] or np.linalg.matrix_rank(T, tol=1e-6 * np.linalg.norm(T)) < T.shape[1]:
        return []
    alpha, beta = (_fit(T, g, np.linalg.norm(a - n)) for g in (n, a))
    if alpha is None or beta is None:
        return []
    names = list(gradients)
    differ = [i for i in range(len(names)) if abs(alpha[i] - beta[i]) > 1e-4 * max(abs(alpha[i]), abs(beta[i]), 1)]
    if len(differ) != 1:
        return []
    return _path(names[differ[0]], alpha[differ[0]], beta[differ[0]], e.sizes, alone=len(names) == 1)


def _more_upstreams(e):
    """The upstream gradient; for a small parameter a few more, which give as many equations more."""
    rng = np.random.default_rng(1)
    more = 4 if e.subject.callback and e.c.size > 1 and e.a[e.block].size <= 2 * len(e.terms) else 0
    return [e.c] + [rng.standard_normal(e.c.shape) for _ in range(more)]


def _stacked(gradient, e, upstreams):
    """The block's gradient for every upstream gradient, one after another."""
    return np.concatenate([gradient(upstream=c)[e.block].ravel() for c in upstreams])


def _fit(T, g, off):
    """The coefficients with which T's columns make g, or None if they do not."""
    coefficients = np.linalg.lstsq(T, g, rcond=None)[0]
    return coefficients if np.linalg.norm(T @ coefficients - g) <= 1e-4 * off else None


def _path(name, alpha, beta, sizes, alone):
    """The candidate for a term that has weight β in the gradient and α in the value."""
    if abs(beta) < 1e-4:
        return [Candidate("path", f"the path through {name} is left out of the gradient",
                          f"Add the gradient of {name} in back", rank=0)]
    if alone:
        return []
    if abs(alpha) < 1e-4:
        return [Candidate("path", f"{name} is in the gradient, though not in the value",
                          "Take it out; what an earlier step left is overwritten by dW[...] = …", rank=0)]
    k = beta / alpha
    if same(k, -1):
        return [Candidate("sign", f"the gradient of {name} has the wrong sign", f"Flip the sign of {name} in back",
                          rank=0)]
    names, minus = named_factor(abs(k), sizes), "−" if k < 0 else ""
    text = " or ".join(minus + n for n, _ in names) or f"{k:.6g}"
    return [Candidate("factor", f"the gradient of {name} is {text} times what the value holds"
                      + "".join(f": {reading}" for _, reading in names[:1]),
                      f"Give {name} the same weight in the value and in back", rank=0)]
