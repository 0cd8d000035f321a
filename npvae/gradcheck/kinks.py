"""A slope that disagrees is looked at a second time: whether φ has a kink at 0, or bends too much for the first step.

A central difference across a kink is the mean of two slopes, and a third derivative that is large beside the first
spoils it, too. Neither is a mistake in the gradient.
"""

import numpy as np

from npvae.differences import central, richardson, rounding, step_size
from npvae.gradcheck.taylor import direction

SHRINK = (1, 8, 64, 512)
MOST_KINKS = 20_000     # numbers in a parameter that is searched for kinks after a test in directions


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


def coordinates_on_kinks(subject, name, analytic):
    """The kinks that a step in any direction would meet: flat index -> (left, right) slopes."""
    where, dtype, scale = subject.where(name), subject.at.value.dtype, subject.scale()
    h = float(step_size("central", dtype))
    along = subject.along(direction(subject, where, np.random.default_rng(subject.seed)))
    if where.stop - where.start > MOST_KINKS or not kink_at_zero(along, h, scale, dtype):
        return {}
    # a longer step, as rounding grows with the number of outputs and one coordinate's kink does not
    h *= 64

    def kink_of(j, slope):
        phi = subject.along_coordinate(j)
        # where a central difference agrees, as at next to all coordinates, there is nothing to excuse
        if abs(central(phi, h) - slope) <= 1e-4 * abs(slope) + rounding(scale, h, dtype):
            return None
        pieces = subject.along_coordinate(j, value=subject.pieces)
        return kink_that_excuses(phi, slope, h, scale, dtype, pieces)

    kinks = {j: kink_of(where.start + j, slope) for j, slope in enumerate(analytic.ravel())}
    return {j: kink for j, kink in kinks.items() if kink}


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
