"""A wrong factor, of the whole gradient or of one of the terms that the value is a sum of; and what it may be called:
2, ½, or a size that a sum or a mean runs over.
"""

from functools import partial

import numpy as np

from npvae.gradcheck.diagnosis.evidence import Candidate


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
    if same(k, 2):
        found.append(("2", "a ½ is missing, or something is counted twice"))
    if same(k, 0.5):
        found.append(("½", "the 2 of a square or of log σ² is missing"))
    for name, size in sizes.items():
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
    return found + [(f"1/({a}·{b})", f"means over {a} and {b} where the value takes sums") for a, b in pairs
                    if same(k, 1 / (sizes[a] * sizes[b]))]


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
