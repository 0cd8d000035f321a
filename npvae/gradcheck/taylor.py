"""The Taylor test: |F(v + h d) − F(v) − h g·d| falls with slope 2 in h if g is the gradient, with slope 1 if not.

No step and no tolerance on the gradient have to be chosen (Farrell et al. 2013, dolfin-adjoint).
"""

import numpy as np

from npvae.gradcheck.report import HIDDEN, Row

DIRECTIONS = 5      # one alone may have next to no curvature
STEPS = 0.05 / 2.0 ** np.arange(26)


def direction(subject, where, rng, left_out=()):
    """A random direction d ~ N(0, I) in the coordinates `where`, zero in those of them that are left out: (n,)."""
    d = np.zeros(subject.at.value.size)
    d[where] = rng.standard_normal(where.stop - where.start)
    d[where.start + np.array(list(left_out), int)] = 0
    return d


def remainders(subject, gradient, where, rng, left_out=()):
    """The Taylor remainder for each of `STEPS`, what rounding does to it, and the size of g·d, over a few directions.

    `gradient` is g in the coordinates `where`; in the places `left_out` of it the directions are zero.
    """
    squares, sizes = np.zeros(len(STEPS)), 0.0
    for _ in range(DIRECTIONS):
        d = direction(subject, where, rng, left_out)
        phi, slope = subject.along(d), gradient @ d[where]
        here = phi(0.0)
        # R(h) = F(v + h d) − F(v) − h g·d
        squares += np.array([phi(h) - here - h * slope for h in STEPS]) ** 2
        sizes += slope**2
    # x + h d is itself rounded
    moved = np.linalg.norm(subject.at.value[where] * gradient)
    noise = np.finfo(subject.at.value.dtype).eps * (subject.scale() + moved)
    return np.sqrt(squares / DIRECTIONS), noise, np.sqrt(sizes / DIRECTIONS)


def linear_nearby(remainder, noise, size):
    """Whether R is nothing but rounding at a step at which an error of a millionth in g would show.

    So it is for a right gradient where F is linear beside x and has kinks further off, as in a network of ReLUs.

    Examples
    --------
    >>> linear_nearby(np.where(STEPS > 1e-4, STEPS, 0), 1e-16, 1.0), linear_nearby(1e-3 * STEPS, 1e-16, 1.0)
    (True, False)
    """
    telling = 1e-5 * STEPS * size > 30 * noise
    return bool((telling & (remainder <= 30 * noise + 1e-5 * STEPS * size)).any())


def linear(remainder, noise, size):
    """Whether F is seen to be linear beside x: an error of 1 % would show, or nothing at all depends on x.

    Examples
    --------
    >>> linear(0 * STEPS, 1e-16, 1.0), linear(0 * STEPS, 1e-2, 1.0), linear(0 * STEPS, 1e-2, 0.0)
    (True, False, True)
    """
    # g·d is itself rounded
    noise = np.maximum(100 * noise, 1e-9 * size * STEPS)
    telling = 0.01 * size * STEPS > noise
    return bool((telling & (remainder <= noise)).any() or not (size or remainder.any()))


def taylor_slope(remainder, noise, size):
    """The slope of log R against log h over the five smallest steps at which R stands clear of rounding.

    None if F is linear here, R being rounding at every small step.

    Examples
    --------
    >>> float(round(taylor_slope(STEPS**2, 1e-16, 1.0), 3)), taylor_slope(0 * STEPS, 1e-16, 1.0)
    (2.0, None)
    """
    clear = np.flatnonzero(remainder > 1e3 * noise)
    small = np.flatnonzero(STEPS < 1e-3)[:4]
    if (remainder[small] <= np.maximum(100 * noise, 1e-9 * size * STEPS[small])).all() or len(clear) < 3:
        return None
    window = clear[-5:]
    return float(np.polyfit(np.log(STEPS[window]), np.log(remainder[window]), 1)[0])


def taylor_row(subject, name, a, tolerance, rng, left_out=()):
    """The slope must be 2, or the remainder nothing but rounding."""
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
    return Row(name, a.shape, "taylor", error, tolerance, "pass" if error <= tolerance else "FAIL", "slope", slope, 2.0)
