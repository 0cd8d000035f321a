"""Relations that a wrong gradient may bear to the right one: each function gives the candidates that explain it."""

from contextlib import contextmanager

import numpy as np

from npvae.gradcheck.diagnosis.factors import Candidate, multiple
from npvae.nn import Affine


def zero(e):
    """No gradient arrives."""
    if e.a[e.block].any():
        return []
    return [Candidate("zero", "no gradient arrives, though the value depends on it",
                      "Write into the view, dW[...] = …: dW = … only rebinds a name; or a path was left out", rank=2)]


def chain_rule(e):
    """σ for log σ, and σ² for σ, where the parameter is a logarithm."""
    if e.activation or not e.v[e.block].any():
        # at log σ = 0 each of these factors is 1 or 2, as a factor that has nothing to do with σ may be
        return []
    s = np.exp(np.clip(e.v, -300, 300))
    found = []
    for factor, kind, what, mend in (
            (1 / s, "chain rule", "∂/∂σ stands where ∂/∂log σ belongs: the chain-rule factor σ is missing",
             "Multiply by σ: ∂/∂log σ = σ ∂/∂σ"),
            (s, "chain rule", "the chain-rule factor σ is there once too often", "Divide by σ"),
            (0.5 / s, "variance", "the value uses σ² where back differentiates σ", "Write z = μ + σ ε, not μ + σ² ε"),
            (2 * s, "variance", "back differentiates σ² where the value uses σ", "Differentiate what is computed"),
            (1 / s**2, "variance", "∂/∂σ² stands where ∂/∂log σ² belongs: a factor σ² is missing", "Multiply by σ²"),
            (s**2, "variance", "a factor σ² is there once too often", "Divide by σ²")):
        if e.explains(e.n * factor):
            found.append(Candidate(kind, what, mend))
    return found


def other_point(e):
    """The derivative taken at another point: log σ read as log σ², a sign lost inside, y for x."""
    half, twice = ("x/2 where x belongs", "2x where x belongs") if e.activation else (
        "log σ read as log σ² (σ where σ² belongs)", "log σ² read as log σ (σ² where σ belongs)")
    points = {half: e.v / 2, twice: 2 * e.v, "−x where x belongs": -e.v}
    if np.ptp(e.v[e.block]) and e.explains(multiple(e) * e.n):
        # one factor at different x is a constant: in x² every point differs from every other by a factor
        return []
    found = []
    for what, moved in points.items():
        point = e.v.copy()
        point[e.block] = moved[e.block]
        n = e.numeric(changed={e.name: point})
        kind = "variance" if "σ" in what else "wrong point"
        # a factor beside another point is a second mistake, unless both come from σ for σ²
        for k in (1.0,) if e.activation else (1.0, 0.5, 2.0):
            if e.explains(k * n):
                found.append(Candidate(kind, f"the derivative is taken at the wrong point: {what}",
                                       "Use σ² = exp(2 log σ) in value and back" if "σ" in what else
                                       "Take it where the value is computed", rank=2))
    return found[:1]


def clamp(e):
    """Forward is flat beyond a limit and back is not, or the other way round."""
    if not e.off.any() or e.off[e.block].all():
        return []
    flat, steep = (e.n, e.a) if not np.abs(e.n[e.off]).max() > 1e-7 * np.abs(e.n).max() else (e.a, e.n)
    if np.abs(flat[e.off]).max() > 1e-7 * np.abs(e.n).max() or not steep[e.off].all():
        return []
    if e.elementwise and not e.y[e.off].any():
        return []
    # only the columns that the clamp is for
    columns = e.off.any(0) if e.off.ndim == 2 else slice(None)
    inside = np.abs(e.v[..., columns][~e.off[..., columns]]).max(initial=0)
    outside = np.abs(e.v[e.off]).min()
    if not 0 < inside < outside or not _flat_only_outside(e, flat is e.n, inside):
        return []
    who, mend = (("forward clamps in between and back ignores the clamp", "Multiply by [inside the clamp] in back")
                 if flat is e.n else ("back clamps in between and forward does not", "Clamp in both or in neither"))
    return [Candidate("clamp", f"right up to |x| = {inside:.3g}, wrong from {outside:.3g} on: {who}", mend, rank=0)]


def _flat_only_outside(e, forward, inside):
    """Whether it is |x| that makes forward flat there: brought inside the limits, each of them counts."""
    if not forward:
        return True
    v = e.v.copy()
    v[e.off] *= 0.5 * inside / np.abs(v[e.off])
    return bool(e.numeric(changed={e.name: v})[e.off].all())


def upstream(e):
    """dy ignored, or only one row or node of it used."""
    if not e.subject.callback or e.y.ndim == 0:
        return []
    if e.explains(e.numeric(upstream=np.ones_like(e.c))):
        return [Candidate("upstream", "back ignores dy: it gives the gradient for dy = 1", "Multiply by dy", rank=0)]
    found = []
    for axis in (i for i, size in enumerate(e.c.shape) if size > 1):
        for index, which in ((0, "first"), (-1, "last")):
            one = np.zeros_like(e.c)
            place = (slice(None),) * axis + (index,)
            one[place] = e.c[place]
            if e.explains(e.numeric(upstream=one)):
                over = _axis_name(e, axis)
                found.append(Candidate("slice", f"only the {which} of {over} is counted: the sum over {over} is "
                                       "missing", f"Sum over axis {axis}", rank=0))
    return found


def _axis_name(e, axis):
    """What runs along an axis of y: a name from `sizes`, if one size alone fits."""
    names = [name for name, size in e.sizes.items() if size == e.c.shape[axis]]
    return f"{names[0]} = {e.c.shape[axis]}" if len(names) == 1 else f"the {e.c.shape[axis]} along axis {axis} of y"


def transposed(e):
    """A square gradient transposed, or a square weight used untransposed."""
    square = e.a.ndim == 2 and e.a.shape[0] == e.a.shape[1] > 1
    if square and e.explains(e.n.T):
        return [Candidate("transposed", "the gradient is the transposed of the right one", "Write dW = xᵀ dy", rank=0)]
    found = []
    for name in e.subject.at.names:
        W = e.subject.at[name]
        if name != e.name and W.ndim == 2 and W.shape[0] == W.shape[1] > 1 and e.explains(
                e.numeric(changed={name: W.T.copy()})):
            found.append(Candidate("transposed", f"{name} is used where its transposed belongs",
                                   f"Write dx = dy {name}ᵀ", rank=0))
    return found


def softmax(e):
    """The second term of the softmax's derivative, p (d − Σ p d), forgotten."""
    if e.v.ndim != 2 or e.v.shape[1] < 2:
        return []
    p = np.exp(e.v - e.v.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    # right = a − p Σ_k a_k
    if np.linalg.norm(e.a - p * e.a.sum(1, keepdims=True) - e.n) > 1e-4 * np.linalg.norm(e.a - e.n):
        return []
    return [Candidate("softmax", "the term −p Σ p d of the softmax's derivative is missing",
                      "Write p (d − Σ_k p_k d_k): the probabilities share one normaliser")]


def activation(e):
    """Mistakes in an elementwise function: y for x, x for y, a factor y lost, a mask the wrong way round."""
    if not e.elementwise:
        return []
    with np.errstate(all="ignore"):
        slope = e.n / e.c
    found = []
    if e.explains(e.numeric(changed={e.name: e.y})):
        found.append(_wrong_point("at y, where x belongs"))
    for formula in (lambda t: 1 - t * t, lambda t: t * (1 - t)):
        if np.allclose(slope, formula(e.y), rtol=1e-6, atol=1e-9) and e.explains(e.c * formula(e.v)):
            found.append(_wrong_point("x stands in the formula where the output y belongs"))
    with np.errstate(all="ignore"):
        found += [Candidate("product", f"a factor {name} is missing in the product of back", f"Multiply by {name}")
                  for name, factor in (("y", e.y), ("1 − y", 1 - e.y)) if e.explains(np.nan_to_num(e.n / factor))]
    on = np.round(slope)
    # a mask lets through or not; slopes that are all 1, or 2, or −1, are those of no mask
    return found + _masks(e, on) if np.allclose(slope, on, rtol=0, atol=1e-6) and set(on.flat) == {0, 1} else found


def _wrong_point(what):
    """The candidate for a derivative taken at another point."""
    return Candidate("wrong point", f"the derivative is taken at the wrong point: {what}",
                     "Keep x and y of the forward pass apart in the closure", rank=0)


def _masks(e, on):
    """For slopes 0 and 1: the mask of back is inverted, or always true."""
    found = []
    relu = np.array_equal(on == 1, e.v > 0) and not e.y[on == 0].any()
    if e.explains(e.c * (1 - on)):
        found.append(Candidate("mask", "the mask has the wrong sign: gradient passes where the unit is off",
                               "Multiply by [x > 0]" if relu else "Multiply by the mask of the forward pass", rank=0))
    if e.explains(e.c) and not e.y[on == 0].any():
        found.append(Candidate("mask", "the mask is always true: it is tested after the ReLU, where y ≥ 0 holds "
                               "everywhere", "Test the input, [x > 0]", rank=0) if relu else
                     Candidate("mask", "the mask of the forward pass is missing in back", "Multiply dy by it", rank=0))
    return found


def noise(e):
    """∂/∂log σ is dz · ε′ · σ for an ε′ that does not depend on dz, and that is not the ε of the forward pass."""
    K, shape = e.v.shape[-1] // 2, e.y.shape
    if len(shape) != 3 or e.v.shape != (shape[1], 2 * K) or shape[2] != K or e.block[1:] != (slice(K, 2 * K),):
        return []
    rng = np.random.default_rng(0)
    first, second = (_read_noise(e, rng.standard_normal(shape)) for _ in range(2))
    if first is None or second is None or not np.allclose(first, second, rtol=1e-6, atol=1e-9):
        return []
    sigma = np.exp(e.v[:, K:])
    forward = (e.y - e.v[:, :K]) / sigma
    if np.allclose(first, 1, atol=1e-6):
        return [Candidate("noise", "the factor ε is missing: ∂z/∂σ is ε", "Multiply dz by the ε of the forward pass")]
    if np.allclose(np.sort(first, axis=None), np.sort(forward, axis=None), rtol=1e-6):
        return [Candidate("noise", "back takes the noise of the forward pass in another order",
                          "Multiply each dz by its own ε", rank=4)]
    return [Candidate("noise", "stale or resampled noise: back multiplies by another ε than z was drawn with",
                      "Draw ε once and keep it in the closure", rank=4)]


def _read_noise(e, c):
    """The ε′ (S, B, K) that back multiplies by, one node at a time."""
    subject, kept, K, found = e.subject, e.subject.upstream, c.shape[2], []
    try:
        for s in range(c.shape[0]):
            subject.upstream = np.zeros_like(c)
            subject.upstream[s] = c[s]
            found.append(subject.gradient()[e.name][:, K:] / (c[s] * np.exp(e.v[:, K:])))
    finally:
        subject.upstream = kept
    return np.array(found) if np.isfinite(found).all() else None


def called_twice(e):
    """(kind, what, mend) if the gradient is right once what `Affine` writes is added up, else None."""
    with _affine_layers_add():
        added = e.subject.gradient()[e.name]
    if added is None or not np.allclose(added, e.n, rtol=1e-5, atol=1e-8 * np.abs(e.n).max(initial=0)):
        return None
    return ("called twice", "back writes, and the layer was called twice in one pass", "Add the two gradients by hand")


@contextmanager
def _affine_layers_add():
    writing = Affine.__call__

    def adding(layer, x):
        y, back = writing(layer, x)

        def back_and_add(dy):
            before = [(d, d.copy()) for d in (layer.dW, layer.db) if d is not None]
            dx = back(dy)
            for d, old in before:
                d += old
            return dx

        return y, back_and_add

    Affine.__call__ = adding
    try:
        yield
    finally:
        Affine.__call__ = writing


RELATIONS = (zero, chain_rule, other_point, activation, clamp, upstream, transposed, softmax)
