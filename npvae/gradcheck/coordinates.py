"""The test of every coordinate, and the test in random directions for models with many."""

from dataclasses import dataclass

import numpy as np

from npvae.gradcheck.differences import central, complex_step, five_point, richardson, rounding, step_size
from npvae.gradcheck.second_look import second_look


@dataclass
class Compared:
    """One parameter's analytic and numeric gradient, flat, with what is known about the comparison."""

    analytic: np.ndarray    # (n,), or its products with the directions
    numeric: np.ndarray     # (n,)
    floor: np.ndarray       # (n,) what rounding may do to each
    wrong: np.ndarray       # (n,) bool, too far apart even on the second look
    kinks: dict             # flat index -> (left, right) slopes


def numeric_gradient(subject, method="central", function=None, where=slice(None)):
    """∂F/∂v for the coordinates `where` of the subject's vector, from values alone: (n,).

    Parameters
    ----------
    subject : Subject
    method : "central", "five_point", "richardson" or "complex"
    function : callable, optional
        Differentiate this function of the same arguments instead of the subject's own.
    where : slice
        Of the vector.
    """
    places = range(*where.indices(subject.at.value.size))
    if method == "complex":
        twin = subject.at_dtype(np.complex128)
        return np.array([complex_step(twin.along_coordinate(j, function)) for j in places])
    h = step_size(method, subject.at.value.dtype, np.abs(subject.at.value))
    slope = {"central": central, "five_point": five_point, "richardson": lambda phi, h: richardson(phi, h)[0]}[method]
    return np.array([slope(subject.along_coordinate(j, function), h[j]) for j in places])


def compare_coordinates(subject, name, analytic, method, tolerance):
    """Hold one parameter's analytic gradient against the numeric one, coordinate by coordinate."""
    where, dtype, scale = subject.where(name), subject.at.value.dtype, subject.scale()
    numeric = numeric_gradient(subject, method, where=where)
    h = step_size(method, dtype, np.abs(subject.at.value[where]))
    floor = np.full(len(numeric), rounding(scale, 1.0 if method == "complex" else h, dtype))
    found = Compared(analytic.ravel().astype(float), numeric.astype(float), floor, np.zeros(len(numeric), bool), {})
    close = coordinate_tolerance(tolerance)
    found.wrong[:] = too_far(found, close)
    if method != "complex":
        _look_again(found, [subject.along_coordinate(j) for j in range(where.start, where.stop)], scale, dtype, close)
    return found


def compare_directions(subject, name, analytic, directions, tolerance, rng):
    """Hold g·d against a central difference along d, for random d ~ N(0, I) in one parameter's coordinates."""
    where, dtype, scale = subject.where(name), subject.at.value.dtype, subject.scale()
    h = float(step_size("direction", dtype))
    phis, slopes = [], []
    for _ in range(directions):
        d = np.zeros(subject.at.value.size)
        d[where] = rng.standard_normal(where.stop - where.start)
        phis.append(subject.along(d))
        slopes.append(analytic.ravel() @ d[where])
    numeric = np.array([central(phi, h) for phi in phis])
    floor = np.full(directions, rounding(scale, h, dtype))
    found = Compared(np.array(slopes), numeric, floor, np.zeros(directions, bool), {})
    found.wrong[:] = too_far(found, 10 * tolerance)
    _look_again(found, phis, scale, dtype, 10 * tolerance)
    return found


def coordinate_tolerance(tolerance):
    """How far one coordinate may be off, relative: a hundred times the gradient's, but never 1 %."""
    return min(100 * tolerance, 4e-3)


def too_far(found, relative):
    """Which coordinates differ by more than the relative tolerance and rounding together."""
    size = np.maximum(np.abs(found.analytic), np.abs(found.numeric))
    # written so that a gradient that is not finite is too far
    return ~np.isfinite(found.analytic) | ~(np.abs(found.analytic - found.numeric) <= relative * size + found.floor)


def _look_again(found, phis, scale, dtype, close):
    for j in np.flatnonzero(found.wrong & np.isfinite(found.analytic)):
        h = float(step_size("central", dtype))
        found.numeric[j], kink = second_look(phis[j], found.analytic[j], h, scale, dtype, close)
        if kink:
            found.kinks[int(j)] = kink
    found.wrong[:] = too_far(found, close)
    found.wrong[list(found.kinks)] = False


def relative_error(found, tolerance):
    """‖a − n‖ / (‖a‖ + ‖n‖), with what rounding allows added to the size; kinks left out."""
    keep = np.ones(len(found.numeric), bool)
    keep[list(found.kinks)] = False
    a, n = found.analytic[keep], found.numeric[keep]
    if not np.isfinite(a).all():
        return 1.0
    size = np.linalg.norm(a) + np.linalg.norm(n) + np.linalg.norm(found.floor[keep]) / tolerance
    return float(np.linalg.norm(a - n) / size) if size else 0.0
