"""From comparisons to rows: one for each parameter, with its worst coordinate, its kinks and its verdict."""

from dataclasses import replace

import numpy as np

from npvae.gradcheck.coordinates import (
    compare_coordinates,
    compare_directions,
    coordinates_on_kinks,
    relative_error,
)
from npvae.gradcheck.report import Row
from npvae.gradcheck.taylor import linear, linear_nearby, remainders, taylor_slope

HIDDEN = 'rounding hides it: not checked, use method="complex"'
ON_KINKS = "not checked: it stands on a kink wherever it is moved"


def rows_of(subject, gradient, method, tolerance, directions, rng):
    """A row for each parameter, and what each comparison saw."""
    rows, compared = [], {}
    for name, a in gradient.items():
        if a is None:
            continue
        shape = subject.at[name].shape
        if a.shape != shape:
            rows.append(Row(name, shape, method, 1.0, tolerance, "FAIL", note=f"the gradient has shape {a.shape}"))
            continue
        row, found = row_beside_kinks(subject, name, a, method, tolerance, directions, rng)
        rows.append(row)
        if found:
            compared[name] = found
    if subject.parametrised:
        rows += accumulation_rows(subject, gradient, method)
    return rows, compared


def row_beside_kinks(subject, name, a, method, *options):
    """As `compared_row`; a test in directions that fails is made again without the coordinates that stand on kinks."""
    row, found = compared_row(subject, name, a, method, *options)
    if method not in ("direction", "taylor") or row.passed and not row.kinks:
        return row, found
    left_out = coordinates_on_kinks(subject, name, a)
    if not left_out:
        return row, found
    row, found = compared_row(subject, name, a, method, *options, left_out)
    kinks = kink_names(left_out, a.ravel(), coordinate_of(name, a.shape)) + row.kinks
    return replace(row, kinks=kinks, note=ON_KINKS if len(left_out) == a.size else row.note), found


def compared_row(subject, name, a, method, tolerance, directions, rng, left_out=()):
    """One parameter's row and what the comparison saw, which is None for a Taylor test.

    Tests in directions leave the coordinates `left_out` where they are.
    """
    if method == "taylor":
        return taylor_row(subject, name, a, tolerance, rng, left_out), None
    if method == "direction":
        found, label = compare_directions(subject, name, a, directions, tolerance, rng, left_out), direction_name
    else:
        found, label = compare_coordinates(subject, name, a, method, tolerance), coordinate_of(name, a.shape)
    return row_of(name, a.shape, method, found, tolerance, label), found


def direction_name(k):
    """What the k-th direction is called."""
    return f"direction {k + 1}"


def coordinate_of(name, shape):
    """A function from a flat index to the coordinate's name, `W[0, 2]`."""
    return lambda j: name + (str(list(map(int, np.unravel_index(j, shape)))) if shape else "")


def row_of(name, shape, method, found, tolerance, label):
    """The row of a comparison."""
    error = relative_error(found, tolerance)
    with np.errstate(invalid="ignore"):
        off = np.abs(found.analytic - found.numeric) / (np.abs(found.analytic) + np.abs(found.numeric) + 1e-300)
    off = np.where(np.isfinite(off), off, 2.0) * (1.0 + found.wrong)
    off[list(found.kinks)] = -1
    kinks = kink_names(found.kinks, found.analytic, label)
    if off.size and off.max() < 0:
        return Row(name, shape, method, 0.0, tolerance, "pass", kinks=kinks, note=ON_KINKS)
    worst = int(off.argmax()) if off.size else None
    got, expected = (None, None) if worst is None else (finite(found.analytic[worst]), finite(found.numeric[worst]))
    verdict = "pass" if error <= tolerance and not found.wrong.any() else "FAIL"
    note = "" if np.isfinite(found.analytic).all() else "not finite"
    if verdict == "pass" and found.hidden:
        note = HIDDEN
    return Row(name, shape, method, error, tolerance, verdict, "" if worst is None else label(worst), got, expected,
               kinks, note)


def kink_names(kinks, analytic, label):
    """A sentence for each kink."""
    return tuple(f"{label(j)} stands on a kink: slopes {left:.4g} and {right:.4g}, the gradient says {analytic[j]:.4g}"
                 for j, (left, right) in kinks.items())


def taylor_row(subject, name, a, tolerance, rng, left_out=()):
    """The row of a Taylor test: the slope must be 2, or the remainder nothing but rounding."""
    if not np.isfinite(a).all():
        return Row(name, a.shape, "taylor", 1.0, tolerance, "FAIL", note="not finite")
    measured = remainders(subject, a.ravel(), subject.where(name), rng, left_out)
    slope = taylor_slope(*measured)
    if slope is None:
        note = "linear: no remainder" if linear(*measured) else HIDDEN
        return Row(name, a.shape, "taylor", 0.0, tolerance, "pass", note=note)
    error = abs(slope - 2)
    if error > tolerance and linear_nearby(*measured):
        return Row(name, a.shape, "taylor", 0.0, tolerance, "pass", note="linear beside x: no remainder")
    return Row(name, a.shape, "taylor", error, tolerance, "pass" if error <= tolerance else "FAIL",
               "slope", slope, 2.0)


def accumulation_rows(subject, gradient, method):
    """A row for each parameter whose gradient a second call of `back` neither writes again nor adds to."""
    twice = subject.gradient(times=2)
    return [Row(name, a.shape, method, 0.5, 1e-12, "FAIL", note="a second call of back neither writes nor adds")
            for name, a in gradient.items() if name not in subject.inputs
            and not any(np.allclose(twice[name], k * a, rtol=1e-5, atol=1e-300, equal_nan=True) for k in (1, 2))]


def finite(value):
    """A float, or None if it is not finite."""
    return float(value) if np.isfinite(value) else None
