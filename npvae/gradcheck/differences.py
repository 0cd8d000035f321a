"""Derivatives of φ(t) at t = 0 from values of φ alone, how far each can be trusted, and whether φ has a kink there.

    central        (φ(h) − φ(−h)) / 2h                                    error ~ h²: h = ε^{1/3} gives ε^{2/3}
    five_point     (8 [φ(h) − φ(−h)] − [φ(2h) − φ(−2h)]) / 12h            error ~ h⁴
    richardson     central differences at h, h/2, h/4, …, extrapolated    error estimated on the way
    complex_step   Im φ(ih) / h                                           no subtraction, so exact to rounding

A central difference across a kink is the mean of two slopes, and a third derivative that is large beside the first
spoils it, too. Neither is a mistake in the gradient, so a slope that disagrees is looked at a second time.
"""

import numpy as np

METHODS = ("central", "five_point", "richardson", "complex", "direction", "taylor")

# for float64: the greatest ‖a − n‖ / (‖a‖ + ‖n‖) of a gradient that counts as right; float32 gets FLOAT32_TOLERANCE
TOLERANCES = {"central": 1e-7, "five_point": 1e-8, "richardson": 1e-8, "complex": 1e-12, "direction": 1e-7,
              "taylor": 0.05}
FLOAT32_TOLERANCE = 1e-3
POWERS = {"central": 3, "direction": 3, "five_point": 5}
SHRINK = (1, 8, 64, 512)


def step_size(method, dtype, size=1.0):
    """The h that balances truncation and rounding: ε^{1/3} for central differences, ε^{1/5} for five points.

    It grows with size = |x|.

    Examples
    --------
    >>> float(round(step_size("central", np.float64) * 1e6, 2))
    6.06
    """
    if method == "complex":
        return 1e-30
    epsilon = np.finfo(dtype).eps
    h = epsilon ** (1 / POWERS[method]) if method in POWERS else 10 * epsilon**0.2
    return h * np.maximum(1.0, size)


def tolerance_of(method, dtype):
    """The tolerance that goes with a method and a dtype."""
    return TOLERANCES[method] if np.dtype(dtype) == np.float64 or method == "taylor" else FLOAT32_TOLERANCE


def rounding(scale, h, dtype):
    """What rounding may do to a difference quotient of numbers of size `scale`: 10 ε |f| / h."""
    return 10 * np.finfo(dtype).eps * scale / h


def forward(phi, h):
    """(φ(h) − φ(0)) / h, for the plot; its error only falls with h."""
    return (phi(h) - phi(0.0)) / h


def central(phi, h):
    """(φ(h) − φ(−h)) / 2h."""
    return (phi(h) - phi(-h)) / (2 * h)


def five_point(phi, h):
    """(8 [φ(h) − φ(−h)] − [φ(2h) − φ(−2h)]) / 12h."""
    return (8 * (phi(h) - phi(-h)) - (phi(2 * h) - phi(-2 * h))) / (12 * h)


def complex_step(phi, h=1e-30):
    """Im φ(ih) / h (Squire & Trapp 1998)."""
    return phi(1j * h).imag / h


def richardson(phi, h, levels=5, ratio=4):
    """Central differences at h, h/2, h/4, …, extrapolated to h = 0 (Richardson 1911; Ridders 1982).

    The error is a series in h² where φ is smooth, hence ratio = 4; take 2 where φ″ jumps at 0 and it is one in h.
    Returns the best entry of the table, and how far its neighbours are from it.

    Examples
    --------
    >>> slope, error = richardson(np.exp, 0.03)
    >>> bool(abs(slope - 1) < 1e-11)
    True
    """
    row, best, error = [central(phi, h)], None, np.inf
    for level in range(1, levels):
        previous, row = row, [central(phi, h / 2**level)]
        for k, coarse in enumerate(previous, start=1):
            # T_k(h/2) = T_{k−1}(h/2) + [T_{k−1}(h/2) − T_{k−1}(h)] / (4^k − 1)
            row.append(row[-1] + (row[-1] - coarse) / (ratio**k - 1))
            change = max(abs(row[-1] - row[-2]), abs(row[-1] - coarse))
            if change <= error:
                best, error = row[-1], change
    return (row[-1], np.inf) if best is None else (best, error)


def second_look(phi, expected, h, scale, dtype, tolerance, x=0.0, pieces=None):
    """The slope of φ at 0 as sharply as its values tell, and a kink that excuses the difference from `expected`.

    `h` is the step of the first look, `scale` the size of the numbers in φ that rounding acts on, `x` the |x| of the
    coordinate that φ moves (0 if it moves several), `pieces(t)` (n,) what φ is the sum of: several of them may stand on
    a kink of their own.

    Returns
    -------
    slope : float
        The one nearest to `expected` among those that can tell a thousandth.
    kink : (left, right) or None
        The one-sided slopes, if φ has a kink at 0 and `expected` lies between them.
    """
    looks = _sharper_looks(phi, h, scale, dtype, x)
    # the first look counts for the size: beside a kink, the true slope may be zero
    size = max([abs(expected), *(abs(slope) for slope, _ in looks[:1])])
    sharp = [(slope, doubt) for slope, doubt in looks if doubt <= 1e-3 * size]
    agree = [slope for slope, doubt in sharp
             if abs(slope - expected) <= tolerance * max(abs(slope), abs(expected)) + min(doubt, 1e-4 * size)]
    if agree:
        return min(agree, key=lambda slope: abs(slope - expected)), None
    kink = kink_that_excuses(phi, expected, h, scale, dtype, pieces)
    if kink:
        return looks[0][0], kink
    slopes = [slope for slope, _ in sharp or looks[:1]]
    return min(slopes, key=lambda slope: abs(slope - expected), default=np.nan), None


def _sharper_looks(phi, h, scale, dtype, x=0.0):
    """(slope, doubt) by several steps and extrapolations; none that left the domain of φ, where x is close to its edge.
    """
    looks = [(central(phi, h / k), rounding(scale, h / k, dtype)) for k in SHRINK]
    looks += [richardson(phi, 1000 * h), richardson(phi, 1000 * h, ratio=2)]
    if x:
        # a step that shrinks with x, as 1/x needs it
        looks.append(richardson(phi, 0.1 * x))
    if not np.isfinite([phi(1000 * h), phi(-1000 * h)]).all():
        # near the edge of its domain: a tenth of the first step that stays inside
        inside = [s for s in 1000 * h / 2.0 ** np.arange(40) if np.isfinite([phi(s), phi(-s)]).all()]
        looks += [richardson(phi, 0.1 * s) for s in inside[:1]]
    return [(slope, doubt) for slope, doubt in looks if np.isfinite(slope)]


def kink_that_excuses(phi, expected, h, scale, dtype, pieces=None):
    """The (left, right) slopes of a kink of φ at 0 that `expected` lies between, else None.

    With `pieces`, the ends of what a sum of kinks allows: at each of them back may choose a slope of its own.
    """
    kink = kink_at_zero(phi, h, scale, dtype)
    if pieces is not None and not _between(kink, expected):
        kink = _kinks_of_pieces(pieces, h, scale, dtype)
    return kink if _between(kink, expected) else None


def _between(kink, expected):
    margin = 0.01 * (max(kink) - min(kink)) if kink else 0.0
    return kink is not None and min(kink) - margin <= expected <= max(kink) + margin


def _kinks_of_pieces(pieces, h, scale, dtype):
    """The least and the greatest sum of one-sided slopes, if some pieces have a kink at 0, else None."""
    left, right, stay = _one_sided_slopes(pieces, h, scale, dtype)
    if not stay.any():
        return None
    middle = (left + right) / 2
    low, high = (np.where(stay, end(left, right), middle).sum() for end in (np.minimum, np.maximum))
    return float(low), float(high)


def kink_at_zero(phi, h, scale, dtype):
    """The slopes to the left and to the right if φ has a kink at 0, else None."""
    left, right, stay = _one_sided_slopes(phi, h, scale, dtype)
    return (left, right) if stay else None


def _one_sided_slopes(phi, h, scale, dtype):
    """The slopes to the left and to the right of 0, and whether they stay apart as h falls; numbers, or arrays."""
    gaps = []
    for step in (h, h / 64):
        here = phi(0.0)
        left, right = (here - phi(-step)) / step, (phi(step) - here) / step
        gaps.append(right - left)
    # where φ is smooth the gap falls with h
    stay = (abs(gaps[1]) > 0.5 * abs(gaps[0])) & (abs(gaps[1]) > 10 * rounding(scale, h / 64, dtype))
    return left, right, stay


def u_curve(subject, steps=None) -> dict:
    """Relative errors of forward differences, central differences and the complex step, in one random direction.

    The dict has "h" (10⁻¹ … 10⁻¹⁴ by default), "forward", "central", "complex" (None if f takes no complex numbers)
    and "analytic", the error of the gradient under test, one number. Errors are against the complex step where there is
    one, else against Richardson's extrapolation.
    """
    h = np.logspace(-1, -14, 53) if steps is None else np.asarray(steps, float)
    d = np.random.default_rng(subject.seed).standard_normal(subject.at.value.size)
    gradient, phi = subject.gradient(), subject.along(d)
    slope = sum((gradient[n].ravel() @ d[subject.where(n)] for n in subject.at.names if gradient[n] is not None), 0.0)
    truth = richardson(phi, 0.03)[0]
    complex_slopes = _complex_slopes(subject, d, np.append(h, 1e-30))
    if complex_slopes is not None and abs(complex_slopes[-1] - truth) <= 1e-4 * abs(truth):
        truth, complex_slopes = complex_slopes[-1], complex_slopes[:-1]
    else:
        complex_slopes = None

    def error(slopes):
        return (np.abs(np.asarray(slopes) - truth) / abs(truth)).tolist()

    return {"h": h.tolist(), "forward": error([forward(phi, s) for s in h]),
            "central": error([central(phi, s) for s in h]),
            "complex": None if complex_slopes is None else error(complex_slopes), "analytic": error(slope)}


def _complex_slopes(subject, d, h):
    """Im F(v + ihd)/h for every h, or None."""
    try:
        phi = subject.at_dtype(np.complex128).along(d)
        return np.array([phi(1j * s).imag / s for s in h])
    except TypeError:
        return None
