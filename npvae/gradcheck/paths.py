"""A path left out, or counted with another weight: the gradients are compared term by term."""

from functools import partial

import numpy as np

from npvae.gradcheck.evidence import Candidate
from npvae.gradcheck.factors import named_factor, same


def path_candidates(e):
    """The value is Σ_i α_i · term_i and its gradient Σ_i β_i · term_i's: which β differs from its α?

    The terms' gradients are numeric; α and β come from least squares and must leave nothing unexplained.
    """
    if not e.terms:
        return []
    upstreams = more_upstreams(e)
    n, a = stacked(e.numeric, e, upstreams), stacked(e.analytic, e, upstreams)
    gradients = {name: stacked(partial(e.numeric, function=term), e, upstreams) for name, term in e.terms.items()}
    gradients = {name: t for name, t in gradients.items() if np.linalg.norm(t) > 1e-7 * (np.linalg.norm(n) or 1)}
    if not gradients:
        return []
    T = np.stack(list(gradients.values()), axis=1)
    if len(T) <= T.shape[1] or np.linalg.matrix_rank(T, tol=1e-6 * np.linalg.norm(T)) < T.shape[1]:
        return []
    alpha, beta = (fit(T, g, np.linalg.norm(a - n)) for g in (n, a))
    if alpha is None or beta is None:
        return []
    names = list(gradients)
    differ = [i for i in range(len(names)) if abs(alpha[i] - beta[i]) > 1e-4 * max(abs(alpha[i]), abs(beta[i]), 1)]
    if len(differ) != 1:
        return []
    return path(names[differ[0]], alpha[differ[0]], beta[differ[0]], e.sizes, alone=len(names) == 1)


def more_upstreams(e):
    """The upstream gradient; for a small parameter a few more, which give as many equations more."""
    rng = np.random.default_rng(1)
    more = 4 if e.subject.callback and e.c.size > 1 and e.a[e.block].size <= 2 * len(e.terms) else 0
    return [e.c] + [rng.standard_normal(e.c.shape) for _ in range(more)]


def stacked(gradient, e, upstreams):
    """The block's gradient for every upstream gradient, one after another."""
    return np.concatenate([gradient(upstream=c)[e.block].ravel() for c in upstreams])


def fit(T, g, off):
    """The coefficients with which T's columns make g, or None if they do not."""
    coefficients = np.linalg.lstsq(T, g, rcond=None)[0]
    return coefficients if np.linalg.norm(T @ coefficients - g) <= 1e-4 * off else None


def path(name, alpha, beta, sizes, alone):
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
