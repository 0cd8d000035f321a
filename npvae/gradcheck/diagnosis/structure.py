"""What the difference of two gradients looks like, where no formula explains it: n − a, numeric minus analytic.

Each relation is asked again at another point with another upstream gradient, and counts only if it is the same there.
"""

import numpy as np

from npvae.gradcheck.diagnosis.factors import Candidate, Evidence
from npvae.repair.points import moved

CLOSE = 1e-4        # of what is wrong


def structures(e):
    """The candidates for one parameter that hold at both points."""
    first = _seen(e)
    if not first:
        return []
    twin = moved(e.subject, np.random.default_rng([e.subject.seed, 3]), 1)
    second = _seen(Evidence(twin, e.name, twin.gradient()[e.name], e.sizes, {}))
    return [c for c in first if c in second][:1]


def _seen(e):
    with np.errstate(all="ignore"):
        return [c for relation in (decay, straight_through, labels, masked, permuted, some_rows, along_axis)
                for c in relation(e)]


def _small(r, e):
    return bool(np.linalg.norm(r) <= CLOSE * np.linalg.norm(e.a - e.n) + 1e-8 * np.linalg.norm(e.n))


def _multiple(r, v, e):
    """k if r = k v, else 0."""
    k = float((r * v).sum() / ((v * v).sum() or 1))
    return k if _small(r - k * v, e) else 0.0


def decay(e):
    """A regulariser ½ k W², or k |W|, left out or there too often."""
    found = []
    for v, text, what in ((e.v, e.name, "squares: a weight decay, a KL"),
                          (np.sign(e.v), f"sign({e.name})", "absolute values")):
        k = _multiple(e.n - e.a, v, e) if e.v.size > 1 and np.ptp(e.v) else 0.0
        if k:
            off = f"{-k:.4g} {text} is too much" if k < 0 else f"{k:.4g} {text} is missing"
            found.append(Candidate("path", f"the term {off}: the gradient of {what}, or a part of it",
                                   "Give it the same weight in back as in the value"))
    return found


def straight_through(e):
    """dy itself is lacking: the residual path of y = x + f(x)."""
    k = _multiple(e.n - e.a, e.c, e) if e.subject.callback and e.c.shape == e.v.shape else 0.0
    times = "" if abs(k - 1) < 1e-4 else f"{k:.4g} "
    return [Candidate("path", f"the term {times}dy is missing: the residual path, on which x reaches y unchanged",
                      "Add it to dx")] if k else []


def labels(e):
    """One number in each row: the 1 at the label's place, missing or at another place."""
    r = e.n - e.a
    if r.ndim != 2 or r.shape[1] < 3 or not r.any():
        return []
    there = np.abs(r) > 1e-5 * np.abs(r).max()
    size, rows = np.abs(r).max(), there.any(1)
    if not np.allclose(np.abs(r[there]), size, rtol=1e-4) or not rows.any() or len(r) < 3:
        return []
    one = rows.all() and (there.sum(1) == 1).all() and (np.sign(r[there]) == np.sign(r[there][0])).all()
    two = (there.sum(1)[rows] == 2).all() and np.allclose(r.sum(1), 0, atol=1e-4 * size)
    if one:
        minus = "−" if r[there][0] < 0 else ""
        return [Candidate("path", f"the same {minus}{size:.4g} is missing once in each row: the 1 of the labels, "
                          "p − onehot(y)", "Subtract 1 at the label's place")]
    return [Candidate("slice", "the 1 of the labels, p − onehot(y), stands at another place in the row",
                      "Use the labels of the value, none off by one")] if two else []


def masked(e):
    """Zeros of one gradient that the other has not, and equal elsewhere."""
    tiny = 1e-9 * max(np.abs(e.n).max(initial=0), np.abs(e.a).max(initial=0))
    a, n = np.abs(e.a) > tiny, np.abs(e.n) > tiny
    both = a & n
    if both.all() or e.v.size < 6 or (a == n).all():
        return []
    if not both.any() and (a ^ n).all():
        return [Candidate("mask", "the mask is the opposite one: it is zero where the right gradient is not, and the "
                          "other way round", "Use the mask of the forward pass")]
    if not np.allclose(e.a[both], e.n[both], rtol=1e-5) or not both.any():
        return []
    if not (n & ~a).any():
        return [Candidate("mask", "right but where the right gradient is zero: a mask of the forward pass is missing "
                          "in back", "Multiply by it")]
    alone = [axis for axis in range(e.v.ndim) if e.v.ndim > 1 and _whole(n & ~a, axis)]
    if not (a & ~n).any() and not alone:
        return [Candidate("mask", "right or zero: back masks what the forward pass lets through",
                          "Take the mask of the forward pass")]
    return []


def _whole(off, axis):
    # whether what is off are whole slices along an axis
    lines = off.any(tuple(i for i in range(off.ndim) if i != axis))
    return bool(lines.any() and not lines.all() and off[(slice(None),) * axis + (lines,)].all())


def permuted(e):
    """The right numbers in another order of columns, rows or blocks, such as gates."""
    for axis in range(e.v.ndim):
        a, n = (np.moveaxis(g, axis, 0).reshape(g.shape[axis], -1) for g in (e.a, e.n))
        far = np.linalg.norm(a[:, None] - n[None], axis=2) / (np.linalg.norm(n, axis=1) + 1e-300)
        order = far.argmin(1)
        if len(n) < 2 or far[np.arange(len(n)), order].max() > 1e-4 or (order == np.arange(len(n))).all() \
                or len(set(order)) < len(n):
            continue
        wrong = np.flatnonzero(order != np.arange(len(n)))
        runs = np.split(wrong, np.flatnonzero((np.diff(wrong) != 1) | (np.diff(order[wrong]) != 1)) + 1)
        blocks = ", ".join(f"{r[0]}:{r[-1] + 1} holds what belongs at {order[r[0]]}:{order[r[-1]] + 1}"
                           for r in runs[:4])
        return [Candidate("slice", f"the right numbers in another order along axis {axis}: {blocks}; blocks, such as "
                          "gates, are exchanged", "Put them together in the order of the forward pass")]
    return []


def some_rows(e):
    """Right but for some rows, as those whose index repeats, or the first or last of a loop."""
    off = e.off.reshape(len(e.off), -1).any(1) if e.v.ndim else e.off
    wrong = np.flatnonzero(off)
    if e.v.ndim < 2 or not 0 < len(wrong) <= len(off) // 2:
        return []
    rows = f"{e.name}[{', '.join(map(str, wrong[:6]))}{', …' if len(wrong) > 6 else ''}]"
    if not e.a[wrong].any():
        return [Candidate("slice", f"no gradient arrives in {rows}, and the other rows are right", "Look for a "
                          "loop that leaves out its first or last turn")]
    return [Candidate("slice", f"right but for {rows}: = where += belongs, if an index repeats, or a turn of a loop",
                      "Add what arrives, as np.add.at does")]


def along_axis(e):
    """What lacks is the same, or affine in x, along an axis: the paths through its mean and its variance."""
    r = e.n - e.a
    if e.name not in e.subject.inputs:
        return []
    for axis in range(e.v.ndim if e.v.ndim > 1 else 0):
        size, mean = e.v.shape[axis], r.mean(axis, keepdims=True)
        if size > 2 and _small(r - mean, e):
            return [Candidate("path", f"what is missing is the same along axis {axis}, as the path through a mean or a "
                              "sum over it is", f"Take it into account, as dx − mean(dx, {axis}) does")]
        x = e.v - e.v.mean(axis, keepdims=True)
        slope = (x * r).sum(axis, keepdims=True) / (x * x).sum(axis, keepdims=True)
        if size > 3 and _small(r - mean - slope * x, e):
            paths = "the variance" if _small(mean + 0 * r, e) else "the mean and the variance"
            return [Candidate("path", f"what is missing is affine in {e.name} along axis {axis}: the path through "
                              f"{paths} over it", "Each x moves them, too")]
    return []
