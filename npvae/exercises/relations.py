"""How a wrong number is related to the right one: a sign, a factor, a constant, a logarithm, a transpose, a mean."""

import itertools

import numpy as np

from npvae.exercises.plain_words import shape_in_names, told_apart

FACTORS = {"2": 2, "1/2": 0.5, "4": 4, "1/4": 0.25, "3": 3, "π": np.pi, "1/π": 1 / np.pi, "2π": 2 * np.pi,
           "1/√(2π)": (2 * np.pi) ** -0.5,
           "√2": 2**0.5, "1/√2": 2**-0.5, "log 2": np.log(2), "1/log 2": 1 / np.log(2), "1/log 10": 1 / np.log(10)}
CONSTANTS = {"1": 1, "1/2": 0.5, "2": 2, "log 2π": np.log(2 * np.pi), "(1/2) log 2π": np.log(2 * np.pi) / 2,
             "log 2": np.log(2), "π": np.pi, "(1/2) log(2πe)": np.log(2 * np.pi * np.e) / 2,
             "(1/2) log 2": np.log(2) / 2, "log π": np.log(np.pi)}
OTHERS = {
    "log": ("its logarithm is asked for, and it returns the value itself", np.exp),
    "no log": ("it is the logarithm of what is asked for", np.log),
    "squared": ("it is the square of what is asked for", np.square),
    "root": ("it is the square root of what is asked for", np.sqrt),
    "reciprocal": ("it is one over what is asked for", lambda r: 1 / r),
    "complement": ("it is one minus what is asked for", lambda r: 1 - r),
    "absolute value": ("it is the absolute value of what is asked for: a sign is lost", np.abs),
    "clipped": ("it is right where positive and 0 elsewhere: it is cut off at 0", lambda r: np.maximum(r, 0)),
    "log base 2": ("a logarithm is to base 2: np.log is the natural one, in nats", lambda r: r / np.log(2)),
    "not squared sigma": ("it is exp of what is asked for, halved: e^(r/2)", lambda r: np.exp(r / 2)),
    "cumulative": ("it is a running sum of what is asked for", lambda r: np.cumsum(r, -1) if r.ndim else r + np.nan),
}
RTOL = 1e-6


def near(a, b) -> bool:
    """Whether two arrays agree up to rounding, and are no infinities alone."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    if a.shape != b.shape or not np.isfinite(a).all() or not np.isfinite(b).all():
        return False
    return bool(np.all(np.abs(a - b) <= RTOL * (np.abs(b) + np.abs(b).mean()) + 1e-13))


def relation(got: list, right: list, sizes: list[dict]) -> tuple[str, str] | None:
    """A mistake and half a sentence on it, if got and right, arrays of equal shapes at several inputs, are related.

    >>> r = [np.array([1.0, 2.0]), np.array([0.5, 3.0])]
    >>> relation([-a for a in r], r, [{}, {}])[0]
    'sign'
    """
    if all(near(g, -r) for g, r in zip(got, right, strict=True)):
        return "sign", "its sign is wrong: it is −1 times the right value"
    with np.errstate(all="ignore"):
        for mistake, (said, f) in OTHERS.items():
            if all(near(g, f(r)) for g, r in zip(got, right, strict=True)):
                return mistake, said
        return (_factor(got, right, sizes) or _constant(got, right, sizes) or _normalised(got, right)
                or _order(got, right))


def _factor(got, right, sizes):
    ratios = [_constant_of(g / r) for g, r in zip(got, right, strict=True)]
    if any(c is None for c in ratios):
        return None
    for name, values in _quantities(sizes, FACTORS, "·", 1.0):
        for sign in (1, -1):
            if np.allclose(ratios, sign * values, rtol=1e-6):
                minus = "" if sign > 0 else "−"
                return f"factor {minus}{name}", f"it is {minus}{name} times the right value"
    if len(ratios) > 1 and np.ptp(ratios) < 1e-6 * abs(ratios[0]):
        return "factor", f"it is {told_apart(ratios[0], 1)[0]} times the right value"
    return None


def _constant(got, right, sizes):
    offsets = [_constant_of(g - r) for g, r in zip(got, right, strict=True)]
    if any(c is None for c in offsets):
        return None
    for name, values in _quantities(sizes, CONSTANTS, "·", 0.0):
        for sign, side in ((1, "large"), (-1, "small")):
            if np.allclose(offsets, sign * values, rtol=1e-6):
                return "constant", f"it is too {side} by the constant {name}"
    if len(offsets) > 1 and np.ptp(offsets) < 1e-7 * max(abs(offsets[0]), 1):
        return "constant", f"it is too {'large' if offsets[0] > 0 else 'small'} by the constant {abs(offsets[0]):.4g}"
    return None


def _quantities(sizes, numbers, dot, one):
    # named numbers, sizes, their reciprocals, and products of both, each with its value at all inputs
    yield from ((name, np.full(len(sizes), float(v))) for name, v in numbers.items())
    names = sorted(set.intersection(*(set(s) for s in sizes))) if sizes else []
    powers = {}
    for a in names:
        n = np.array([float(s[a]) for s in sizes])
        powers |= {a: n, f"1/{a}": 1 / n, f"√{a}": n**0.5, f"1/√{a}": n**-0.5, f"({a} − 1)/{a}": (n - 1) / n,
                   f"{a}/({a} − 1)": n / (n - 1), f"{a}²": n**2, f"1/{a}²": n**-2.0}
    for a, b in itertools.combinations(names, 2):
        powers |= {f"{a}{dot}{b}": powers[a] * powers[b], f"1/({a}{dot}{b})": 1 / (powers[a] * powers[b]),
                   f"{a}/{b}": powers[a] / powers[b], f"{b}/{a}": powers[b] / powers[a]}
    yield from powers.items()
    simple = {k: v for k, v in powers.items() if k in names or k[:2] == "1/" and k[2:] in names}
    yield from ((f"{number}{dot}{name}", v * n) for number, v in numbers.items() if v != 1
                for name, n in simple.items())


def _constant_of(a):
    # the value that all numbers of an array share; None if they differ
    a = np.asarray(a, float)
    known = a[np.isfinite(a)] if a.ndim else a.reshape(1)
    if not known.size or not np.isfinite(known).all() or known.size < a.size / 2:
        return None
    middle = np.median(known)
    return middle if np.all(np.abs(known - middle) <= 1e-6 * max(abs(middle), 1e-3)) else None


def _normalised(got, right):
    for axis, along in ((-1, "the last axis"), (0, "the first axis")):
        if any(r.ndim == 0 for r in right):
            return None
        sums = [g / g.sum(axis, keepdims=True) for g in got]
        if all(near(s, r) for s, r in zip(sums, right, strict=True)):
            return "not normalised", f"it is not normalised: divide by its sum over {along}"
        if all(near(g, r / r.sum(axis, keepdims=True)) for g, r in zip(got, right, strict=True)):
            return "normalised", f"it is divided by its sum over {along}, and should not be"
        if all(near(g, r - r.mean(axis, keepdims=True)) for g, r in zip(got, right, strict=True)):
            return "centred", f"its mean over {along} is taken off, and should not be"
        if axis == -1 and all(near(g, np.full(r.shape, 1 / r.shape[-1])) and near(r.sum(-1), np.ones(r.shape[:-1]))
                              for g, r in zip(got, right, strict=True)):
            return "uniform", "it is uniform, the same for all, whatever it is called with"
        if all(near(g, np.broadcast_to(r.mean(axis, keepdims=True), r.shape)) for g, r in
               zip(got, right, strict=True)) and any(r.shape[axis] > 1 for r in right):
            return "mean", f"it is the same along {along}, the mean of the right values: do not average over it"
    return None


def _order(got, right):
    for axis, things in ((-1, "columns"), (0, "rows")):
        if all(r.ndim > (axis == -1) for r in right) and any(r.shape[axis] > 1 for r in right):
            if all(near(g, np.flip(r, axis)) for g, r in zip(got, right, strict=True)):
                return "order", f"its {things} are in the reverse order"
            for shift in (1, -1):
                if all(near(g, np.roll(r, shift, axis)) for g, r in zip(got, right, strict=True)):
                    return "order", f"its {things} are shifted by one place"
    if all(r.ndim == 2 and r.shape[0] == r.shape[1] and near(g, r.T) for g, r in zip(got, right, strict=True)):
        return "transposed", "it is the transpose of the right matrix"
    if all(r.ndim and near(np.sort(g, None), np.sort(r, None)) for g, r in zip(got, right, strict=True)):
        return "order", "its numbers are the right ones in another order"
    return None


def shape_relation(got: np.ndarray, right: np.ndarray, sizes: dict) -> tuple[str, str]:
    """The mistake and a sentence on a wrong shape."""
    expected, found = shape_in_names(right.shape, sizes), shape_in_names(got.shape, sizes)
    said = f"has shape {found}, expected {expected}" if got.shape else f"is one number, expected {expected}"
    for axis in range(got.ndim):
        for fold, word in ((np.sum, "sum"), (np.mean, "mean")):
            if near(fold(got, axis), right):
                return f"no {word}", f"{said}: take the {word} over axis {axis}"
    for axis in range(right.ndim):
        if right.shape[axis] > 1 and near(right, np.broadcast_to(np.take(right, [0], axis), right.shape)) and near(
                np.take(right, 0, axis), got):
            return "not repeated", f"{said}: repeat it along axis {axis}"
        for fold, word in ((np.sum, "sum"), (np.mean, "mean")):
            if near(fold(right, axis), got) or near(fold(right, axis, keepdims=True), got):
                return f"{word} too many", f"{said}: do not take the {word} over axis {axis}"
    for fold, word in ((np.sum, "sum"), (np.mean, "mean")):
        if right.ndim and got.ndim == 0 and near(fold(right), got):
            return f"{word} too many", f"{said}: do not take the {word} over all"
        if got.ndim > 1 and right.ndim == 0 and near(fold(got), right):
            return f"no {word}", f"{said}: take the {word} over all"
    for there, expected_axis in itertools.permutations(range(right.ndim), 2) if right.ndim == got.ndim else ():
        if got.shape[there] % 2 == 0 and right.shape[expected_axis] % 2 == 0 and near(
                np.concatenate(np.split(got, 2, there), expected_axis), right):
            return "joined along another axis", (f"{said}: its two halves are joined along axis {there}, expected "
                                                 f"along axis {expected_axis}")
    if got.ndim > 1 and right.ndim == got.ndim and got.T.shape == right.shape:
        return "transposed", f"{said}: transposed?"
    if got.size == right.size:
        return "shape", f"{said}: the numbers are as many, in another shape"
    if got.ndim > 1 and got.ndim == right.ndim + 1 and got.shape[0] == got.shape[1]:
        n = shape_in_names(got.shape[:1], sizes)[1:].split(",")[0]
        return "broadcast", f"{said}: ({n},) and ({n}, 1) broadcast to ({n}, {n}), keep both alike"
    missing = [axis for axis in range(got.ndim) if got.shape[:axis] + got.shape[axis + 1:] == right.shape]
    if missing:
        last = "the last axis" if missing[-1] == got.ndim - 1 else f"axis {missing[-1]}"
        return "no sum", f"{said}: a sum, or a mean, over {last} is missing?"
    extra = [axis for axis in range(right.ndim) if right.shape[:axis] + right.shape[axis + 1:] == got.shape]
    if extra:
        last = "the last axis" if extra[-1] == right.ndim - 1 else f"axis {extra[-1]}"
        return "sum too many", f"{said}: {last} is summed over, or lost"
    return "shape", said
