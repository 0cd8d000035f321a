"""The test of every coordinate, and the test in random directions for models with many."""

from dataclasses import dataclass

import numpy as np

from npvae.gradcheck.differences import central, complex_step, five_point, richardson, rounding, step_size
from npvae.gradcheck.second_look import kink_at_zero, kink_that_excuses, second_look

ENOUGH = 100            # wrong for good on the second look, which takes forty calls for each: no use to look further
MOST_KINKS = 20_000     # numbers in a parameter that is searched for kinks after a test in directions
IMAGINARY_PART_LOST = ("the imaginary part is lost on the way through f (np.abs, x.real, a float buffer, max): use "
                       "another method, or np.where(x.real > 0, x, -x)")


@dataclass
class Compared:
    """One parameter's analytic and numeric gradient, flat, with what is known about the comparison."""

    analytic: np.ndarray    # (n,), or its products with the directions
    numeric: np.ndarray     # (n,)
    floor: np.ndarray       # (n,) what rounding may do to each
    wrong: np.ndarray       # (n,) bool, too far apart even on the second look
    kinks: dict             # flat index -> (left, right) slopes

    @property
    def kept(self):
        """Which stand on no kink: (n,) bool."""
        return ~np.isin(np.arange(len(self.numeric)), list(self.kinks))

    @property
    def size(self):
        """‖a‖ or ‖n‖, whichever is greater."""
        return float(max(np.linalg.norm(np.nan_to_num(g[self.kept])) for g in (self.analytic, self.numeric)))

    @property
    def hidden(self):
        """Whether rounding hides 1 % of the gradient, or all of it, so that agreement says nothing."""
        return 0 < self.size and not 0.01 * self.size > np.linalg.norm(self.floor[self.kept])


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
    if subject.at.value.dtype == np.float32:
        # float32 code is held against differences of its own function in float64, where it can be asked so
        twin = subject.at_dtype(np.float64)
        if twin.forward()[0].dtype == np.float64:
            subject = twin
    where, dtype, scale = subject.where(name), subject.at.value.dtype, subject.scale()
    numeric = numeric_gradient(subject, method, where=where)
    h, base = step_size(method, dtype, np.abs(subject.at.value[where])), float(step_size("central", dtype))
    floor = np.full(len(numeric), rounding(scale, 1.0 if method == "complex" else h, dtype))
    if method != "complex":
        # x + h is itself rounded, by ε|x|; the second look's steps are a thousandth and less
        floor += rounding(np.nan_to_num(np.abs(subject.at.value[where] * analytic.ravel())), 1e3 * base, dtype)
    found = Compared(analytic.ravel().astype(float), numeric.astype(float), floor, np.zeros(len(numeric), bool), {})
    close, phis = coordinate_tolerance(tolerance), [subject.along_coordinate(j) for j in range(where.start, where.stop)]
    if method == "complex":
        found.wrong[:] = too_far(found, close)
        _refuse_lost_imaginary_part(found, phis, float(step_size("central", dtype)))
    else:
        pieces = [subject.along_coordinate(j, value=subject.pieces) for j in range(where.start, where.stop)]
        _look_again(found, subject, phis, close, tolerance, np.abs(subject.at.value[where]), pieces)
    return found


def _refuse_lost_imaginary_part(found, phis, h):
    for j in np.flatnonzero(found.wrong & np.isfinite(found.analytic))[:10]:
        real = richardson(phis[j], 1000 * h)[0]
        # a real difference that takes the gradient's side, far more closely than the complex step's
        if abs(found.analytic[j] - real) <= 0.01 * abs(found.numeric[j] - real):
            raise ValueError(IMAGINARY_PART_LOST)


def compare_directions(subject, name, analytic, directions, tolerance, rng, left_out=()):
    """Hold g·d against a central difference along d, for random d ~ N(0, I) in one parameter's coordinates.

    `left_out` are flat indices of coordinates in which d is zero.
    """
    where, dtype, scale = subject.where(name), subject.at.value.dtype, subject.scale()
    h = float(step_size("direction", dtype))
    moves = [direction(subject, where, rng, left_out) for _ in range(directions)]
    phis = [subject.along(d) for d in moves]
    slopes = np.array([analytic.ravel() @ d[where] for d in moves])
    numeric = np.array([central(phi, h) for phi in phis])
    moved = np.linalg.norm(np.nan_to_num(subject.at.value[where] * analytic.ravel()))
    floor = np.full(directions, rounding(scale + moved, h, dtype))
    found = Compared(slopes, numeric, floor, np.zeros(directions, bool), {})
    _look_again(found, subject, phis, 10 * tolerance, tolerance, np.zeros(directions))
    return found


def direction(subject, where, rng, left_out=()):
    """A random direction d ~ N(0, I) in the coordinates `where`, zero in those of them that are left out: (n,)."""
    d = np.zeros(subject.at.value.size)
    d[where] = rng.standard_normal(where.stop - where.start)
    d[where.start + np.array(list(left_out), int)] = 0
    return d


def coordinates_on_kinks(subject, name, analytic):
    """The kinks that a step in any direction would meet: flat index -> (left, right) slopes."""
    where, dtype, scale = subject.where(name), subject.at.value.dtype, subject.scale()
    h = float(step_size("central", dtype))
    along = subject.along(direction(subject, where, np.random.default_rng(subject.seed)))
    if where.stop - where.start > MOST_KINKS or not kink_at_zero(along, h, scale, dtype):
        return {}
    # a longer step, as rounding grows with the number of outputs and one coordinate's kink does not
    kinks = {j: kink_that_excuses(subject.along_coordinate(where.start + j), slope, 64 * h, scale, dtype,
                                  subject.along_coordinate(where.start + j, value=subject.pieces))
             for j, slope in enumerate(analytic.ravel())}
    return {j: kink for j, kink in kinks.items() if kink}


def coordinate_tolerance(tolerance):
    """How far one coordinate may be off, relative: a hundred times the gradient's, but never 1 %."""
    return min(100 * tolerance, 4e-3)


def too_far(found, relative):
    """Which coordinates differ by more than the relative tolerance and rounding together."""
    size = np.maximum(np.abs(found.analytic), np.abs(found.numeric))
    # written so that a gradient that is not finite is too far
    return ~np.isfinite(found.analytic) | ~(np.abs(found.analytic - found.numeric) <= relative * size + found.floor)


def _look_again(found, subject, phis, close, tolerance, x, pieces=None):
    dtype, scale = subject.at.value.dtype, subject.scale()
    h = float(step_size("central", dtype))
    found.wrong[:] = ~np.isfinite(found.analytic)
    # at the second round only if the whole gradient is too far off, though no coordinate is
    for within in (close, tolerance):
        suspects = np.flatnonzero(too_far(found, within) & np.isfinite(found.analytic) & found.kept)
        for some in np.split(suspects, range(ENOUGH, len(suspects), ENOUGH)):
            for j in some:
                found.numeric[j], kink = second_look(phis[j], found.analytic[j], h, scale, dtype, within, x[j],
                                                     pieces and pieces[j])
                if kink:
                    found.kinks[int(j)] = kink
            found.wrong[some] = (too_far(found, close) & found.kept)[some]
            if found.wrong.sum() >= ENOUGH:
                # the others may stand on kinks, and are not accused
                return
        if found.wrong.any() or relative_error(found, tolerance) <= tolerance:
            return


def relative_error(found, tolerance):
    """‖a − n‖ / (‖a‖ + ‖n‖), with what rounding allows added to the size; kinks left out."""
    a, n = found.analytic[found.kept], found.numeric[found.kept]
    if not np.isfinite([a, n]).all():
        return 1.0
    # in units of the greatest, for squares overflow
    unit = max(np.abs(a).max(initial=0), np.abs(n).max(initial=0)) or 1.0
    size = (np.linalg.norm(a / unit) + np.linalg.norm(n / unit)
            + np.linalg.norm(found.floor[found.kept] / unit) / tolerance)
    return float(np.linalg.norm(a / unit - n / unit) / size) if size else 0.0
