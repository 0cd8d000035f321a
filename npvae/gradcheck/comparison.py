"""One parameter's analytic gradient beside the numeric one: every coordinate, or random directions; and its row.

What disagrees is looked at a second time; coordinates that stand on a kink are left out by name.
"""

from dataclasses import dataclass, replace

import numpy as np

from npvae.differences import central, complex_step, five_point, richardson, rounding, step_size
from npvae.gradcheck.kinks import coordinates_on_kinks, kink_at_zero, second_look
from npvae.gradcheck.report import HIDDEN, MIXED, ON_KINKS, TIED, Row
from npvae.gradcheck.taylor import direction, taylor_row

ENOUGH = 20             # wrong for good on the second look, which takes forty calls for each: no use to look further
IMAGINARY_PART_LOST = ("the imaginary part is lost on the way through f (np.abs, x.real, a float buffer, max): use "
                       "another method, or np.where(x.real > 0, x, -x)")


@dataclass
class Compared:
    """One parameter's analytic and numeric gradient, flat (or their products with directions)."""

    analytic: np.ndarray    # (n,)
    numeric: np.ndarray     # (n,)
    floor: np.ndarray       # (n,) what rounding may do to each
    wrong: np.ndarray       # (n,) bool, too far apart even on the second look
    kinks: dict             # flat index -> (left, right) slopes
    tied: bool = False      # what is wrong are coordinates of one value, of which each gets the gradient of all
    shared: float = 0.0     # size of the slopes that such coordinates have together, and that are right

    @property
    def kept(self):
        """Which stand on no kink: (n,) bool."""
        return ~np.isin(np.arange(len(self.numeric)), list(self.kinks))

    @property
    def size(self):
        """‖a‖ or ‖n‖, whichever is greater."""
        return float(max(np.linalg.norm(np.nan_to_num(g[self.kept])) for g in (self.analytic, self.numeric))
                     + self.shared)

    @property
    def hidden(self):
        """Whether rounding hides 1 % of the gradient, or all of it, so that agreement says nothing."""
        return 0 < self.size and not 0.01 * self.size > np.linalg.norm(self.floor[self.kept])

    def too_far(self, relative):
        """Which differ by more than the relative tolerance and rounding together."""
        size = np.maximum(np.abs(self.analytic), np.abs(self.numeric))
        # written so that a gradient that is not finite is too far
        return ~np.isfinite(self.analytic) | ~(np.abs(self.analytic - self.numeric) <= relative * size + self.floor)

    def error(self, tolerance):
        """‖a − n‖ / (‖a‖ + ‖n‖), with what rounding allows added to the size; kinks left out."""
        a, n, floor = self.analytic[self.kept], self.numeric[self.kept], self.floor[self.kept]
        if not np.isfinite([a, n]).all():
            return 1.0
        # in units of the greatest, for squares overflow
        unit = max(np.abs(part).max(initial=0) for part in (a, n, floor)) or 1.0
        size = sum(np.linalg.norm(part / unit) for part in (a, n)) + np.linalg.norm(floor / unit) / tolerance
        return float(np.linalg.norm(a / unit - n / unit) / size) if size else 0.0


def numeric_gradient(subject, method="central", function=None, where=slice(None)) -> np.ndarray:
    """∂F/∂v for the coordinates `where` of the subject's vector, from values alone: (n,).

    `function` of the same arguments is differentiated in place of the subject's own, if given.
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
    size, places = np.abs(subject.at.value[where]), range(where.start, where.stop)
    numeric = numeric_gradient(subject, method, where=where)
    h, base = step_size(method, dtype, size), float(step_size("central", dtype))
    scale = max(scale, _scale_beside(subject, where, h))
    floor = np.full(len(numeric), rounding(scale, 1.0 if method == "complex" else h, dtype))
    if method != "complex":
        # x + h is itself rounded, by ε|x|; the second look's steps are a thousandth and less
        floor += rounding(np.nan_to_num(size * np.abs(analytic.ravel())), 1e3 * base, dtype)
    found = Compared(analytic.ravel().astype(float), numeric.astype(float), floor, np.zeros(len(numeric), bool), {})
    # one coordinate may be off by a hundred times the gradient's tolerance, but never by 1 %
    close, phis = min(100 * tolerance, 4e-3), [subject.along_coordinate(j) for j in places]
    if method == "complex":
        found.wrong[:] = found.too_far(close)
        _refuse_lost_imaginary_part(found, phis, base)
    else:
        pieces = [subject.along_coordinate(j, value=subject.pieces) for j in places]
        _look_again(found, subject, phis, close, tolerance, size, pieces)
        _look_at_ties(found, subject, where, base, scale)
    return found


def _scale_beside(subject, where, h):
    """|F(v + h)|: rounding acts on numbers beside v, which are the greater ones where those at v vanish."""
    step = np.zeros(subject.at.value.size)
    step[where] = h
    return abs(float(np.nan_to_num(subject.along(step)(1.0))))


def _look_at_ties(found, subject, where, h, scale):
    """Coordinates of one value, each on a kink, that move together without one share a slope, as equal maxima do."""
    kinked, values = np.array(list(found.kinks), dtype=int), subject.at.value[where]
    for value in np.unique(values[kinked]):
        group, d = kinked[values[kinked] == value], np.zeros(subject.at.value.size)
        d[where.start + group] = 1
        phi, total = subject.along(d), found.analytic[group]
        slope = central(phi, h)
        close = 1e-3 * np.abs(total).sum() + found.floor[group].sum()
        if len(group) < 2 or kink_at_zero(phi, h, scale, subject.at.value.dtype):
            continue
        if abs(total.sum() - slope) <= close:
            found.shared += abs(slope)
        else:
            found.wrong[group], found.numeric[group], found.tied = True, slope / len(group), True
            found.kinks = {j: kink for j, kink in found.kinks.items() if j not in group}


def _refuse_lost_imaginary_part(found, phis, h):
    for j in np.flatnonzero(found.wrong & np.isfinite(found.analytic))[:10]:
        real = richardson(phis[j], 1000 * h)[0]
        # a real difference that takes the gradient's side, far more closely than the complex step's
        if abs(found.analytic[j] - real) <= 0.01 * abs(found.numeric[j] - real):
            raise ValueError(IMAGINARY_PART_LOST)


def compare_directions(subject, name, analytic, directions, tolerance, rng, left_out=()):
    """Hold g·d against a central difference along d, for random d ~ N(0, I) in one parameter's coordinates."""
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


def _look_again(found, subject, phis, close, tolerance, x, pieces=None):
    dtype, scale = subject.at.value.dtype, subject.scale()
    h = float(step_size("central", dtype))
    found.wrong[:] = ~np.isfinite(found.analytic)
    # at the second round only if the whole gradient is too far off, though no coordinate is
    for within in (close, tolerance):
        suspects = np.flatnonzero(found.too_far(within) & np.isfinite(found.analytic) & found.kept)
        for some in np.split(suspects, range(ENOUGH, len(suspects), ENOUGH)):
            for j in some:
                found.numeric[j], kink = second_look(phis[j], found.analytic[j], h, scale, dtype, within, x[j],
                                                     pieces and pieces[j])
                if kink:
                    found.kinks[int(j)] = kink
            found.wrong[some] = (found.too_far(close) & found.kept)[some]
            if found.wrong.sum() >= ENOUGH:
                # the others may stand on kinks, and are not accused
                return
        if found.wrong.any() or found.error(tolerance) <= tolerance:
            return


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
        row, found = _row_beside_kinks(subject, name, a, method, tolerance, directions, rng)
        rows.append(row)
        if found:
            compared[name] = found
    if subject.parametrised:
        twice = subject.gradient(times=2)
        rows += [Row(name, a.shape, method, 0.5, 1e-12, "FAIL", note=MIXED)
                 for name, a in gradient.items() if name not in subject.inputs
                 and not any(np.allclose(twice[name], k * a, rtol=1e-5, atol=1e-300, equal_nan=True) for k in (1, 2))]
    return rows, compared


def _row_beside_kinks(subject, name, a, method, *options):
    """A test in directions that fails is made again without the coordinates that stand on kinks."""
    row, found = _compared_row(subject, name, a, method, *options)
    if method not in ("direction", "taylor") or row.passed and not row.kinks:
        return row, found
    left_out = coordinates_on_kinks(subject, name, a)
    if not left_out:
        return row, found
    row, found = _compared_row(subject, name, a, method, *options, left_out)
    kinks = _kink_names(left_out, a.ravel(), _coordinate_of(name, a.shape)) + row.kinks
    return replace(row, kinks=kinks, note=ON_KINKS if len(left_out) == a.size else row.note), found


def _compared_row(subject, name, a, method, tolerance, directions, rng, left_out=()):
    if method == "taylor":
        return taylor_row(subject, name, a, tolerance, rng, left_out), None
    if method == "direction":
        found = compare_directions(subject, name, a, directions, tolerance, rng, left_out)
        return _row_of(name, a.shape, method, found, tolerance, lambda k: f"direction {k + 1}"), found
    found = compare_coordinates(subject, name, a, method, tolerance)
    return _row_of(name, a.shape, method, found, tolerance, _coordinate_of(name, a.shape)), found


def _coordinate_of(name, shape):
    """A function from a flat index to the coordinate's name, `W[0, 2]`."""
    return lambda j: name + (str(list(map(int, np.unravel_index(j, shape)))) if shape else "")


def _row_of(name, shape, method, found, tolerance, label):
    error = found.error(tolerance)
    with np.errstate(invalid="ignore"):
        off = np.abs(found.analytic - found.numeric) / (np.abs(found.analytic) + np.abs(found.numeric) + 1e-300)
    off = np.where(np.isfinite(off), off, 2.0) * (1.0 + found.wrong)
    off[list(found.kinks)] = -1
    kinks = _kink_names(found.kinks, found.analytic, label)
    if off.size and off.max() < 0 and not found.shared:
        return Row(name, shape, method, 0.0, tolerance, "pass", kinks=kinks, note=ON_KINKS)
    worst = int(off.argmax()) if off.size else None
    got, expected = (None, None) if worst is None else (
        float(a[worst]) if np.isfinite(a[worst]) else None for a in (found.analytic, found.numeric))
    verdict = "pass" if error <= tolerance and not found.wrong.any() else "FAIL"
    note = "not finite" if not np.isfinite(found.analytic).all() else TIED if found.tied else ""
    if verdict == "pass" and found.hidden:
        note = HIDDEN
    return Row(name, shape, method, error, tolerance, verdict, "" if worst is None else label(worst), got, expected,
               kinks, note)


def _kink_names(kinks, analytic, label):
    return tuple(f"{label(j)} stands on a kink: slopes {left:.4g} and {right:.4g}, the gradient says "
                 f"{analytic[j] + 0:.4g}" for j, (left, right) in kinks.items())
