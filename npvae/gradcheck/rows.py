"""From comparisons to rows: one for each parameter, with its worst coordinate, its kinks and its verdict."""

import numpy as np

from npvae.gradcheck.coordinates import compare_coordinates, compare_directions, relative_error
from npvae.gradcheck.report import Row
from npvae.gradcheck.taylor import linear_nearby, remainders, taylor_slope


def rows_of(subject, gradient, method, tolerance, directions, rng):
    """A row for each parameter, and what each comparison saw."""
    rows, compared = [], {}
    for name, a in gradient.items():
        if a is None:
            continue
        shape = subject.at[name].shape
        if a.shape != shape:
            rows.append(Row(name, shape, method, 1.0, tolerance, "FAIL", note=f"the gradient has shape {a.shape}"))
        elif method == "taylor":
            rows.append(taylor_row(subject, name, a, tolerance, rng))
        elif method == "direction":
            compared[name] = compare_directions(subject, name, a, directions, tolerance, rng)
            rows.append(row_of(name, shape, method, compared[name], tolerance, lambda k: f"direction {k + 1}"))
        else:
            compared[name] = compare_coordinates(subject, name, a, method, tolerance)
            rows.append(row_of(name, shape, method, compared[name], tolerance, coordinate_of(name, shape)))
    if subject.parametrised:
        rows += accumulation_rows(subject, gradient, method)
    return rows, compared


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
    if off.size and off.max() < 0:
        raise ValueError(f"every coordinate of {name} stands on a kink, so there is nothing left to check: move x")
    worst = int(off.argmax()) if off.size else None
    kinks = tuple(f"{label(j)} stands on a kink: slopes {left:.4g} and {right:.4g}, the gradient says "
                  f"{found.analytic[j]:.4g}" for j, (left, right) in found.kinks.items())
    got, expected = (None, None) if worst is None else (finite(found.analytic[worst]), finite(found.numeric[worst]))
    verdict = "pass" if error <= tolerance and not found.wrong.any() else "FAIL"
    note = "" if np.isfinite(found.analytic).all() else "not finite"
    return Row(name, shape, method, error, tolerance, verdict, "" if worst is None else label(worst), got, expected,
               kinks, note)


def taylor_row(subject, name, a, tolerance, rng):
    """The row of a Taylor test: the slope must be 2, or the remainder nothing but rounding."""
    if not np.isfinite(a).all():
        return Row(name, a.shape, "taylor", 1.0, tolerance, "FAIL", note="not finite")
    measured = remainders(subject, a.ravel(), subject.where(name), rng)
    slope = taylor_slope(*measured)
    if slope is None:
        return Row(name, a.shape, "taylor", 0.0, tolerance, "pass", note="linear: no remainder")
    error = abs(slope - 2)
    if error > tolerance and linear_nearby(*measured):
        return Row(name, a.shape, "taylor", 0.0, tolerance, "pass", note="linear beside x: no remainder")
    return Row(name, a.shape, "taylor", error, tolerance, "pass" if error <= tolerance else "FAIL",
               "slope", slope, 2.0)


def accumulation_rows(subject, gradient, method):
    """A row for each parameter whose gradient is not added to by a second call of `back`."""
    twice = subject.gradient(times=2)
    return [Row(name, a.shape, method, 0.5, 1e-12, "FAIL", note="a second call of back does not add")
            for name, a in gradient.items() if name not in subject.inputs
            and not np.allclose(twice[name], 2 * a, rtol=1e-5, atol=1e-300, equal_nan=True)]


def finite(value):
    """A float, or None if it is not finite."""
    return float(value) if np.isfinite(value) else None
