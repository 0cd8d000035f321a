"""Where a difference quotient and the gradient disagree: is it the gradient, the step, or a kink?

A central difference across a kink returns the mean of two slopes, and a third derivative that is large beside the
first one spoils it, too. Neither is a mistake in the gradient, so a coordinate that disagrees is looked at again.
"""

from npvae.gradcheck.differences import central, richardson, rounding

SHRINK = (1, 8, 64, 512)


def second_look(phi, expected, h, scale, dtype, tolerance):
    """The slope of φ at 0, as sharply as values of φ tell it, beside the slope that is expected.

    Parameters
    ----------
    phi : callable float -> float
    expected : float
        The analytic slope.
    h : float
        The step of the first look.
    scale : float
        Size of the numbers in φ that rounding acts on.
    dtype : numpy dtype
    tolerance : float
        Relative.

    Returns
    -------
    slope : float
        The one nearest to `expected` among those that can tell a thousandth.
    kink : (left, right) or None
        The one-sided slopes, if φ has a kink at 0 and `expected` lies between them.
    """
    looks = [(central(phi, h / k), rounding(scale, h / k, dtype)) for k in SHRINK]
    looks.append(richardson(phi, 1000 * h))
    # the first look counts for the size: beside a kink, the true slope may be zero
    size = max(abs(looks[0][0]), abs(expected))
    sharp = [(slope, doubt) for slope, doubt in looks if doubt <= 1e-3 * size]
    for slope, doubt in sharp:
        if abs(slope - expected) <= tolerance * max(abs(slope), abs(expected)) + min(doubt, 1e-4 * size):
            return slope, None
    kink = kink_at_zero(phi, h, scale, dtype)
    if kink and min(kink) - 0.01 * (max(kink) - min(kink)) <= expected <= max(kink) + 0.01 * (max(kink) - min(kink)):
        return looks[0][0], kink
    return min((slope for slope, _ in sharp or looks[:1]), key=lambda slope: abs(slope - expected)), None


def kink_at_zero(phi, h, scale, dtype):
    """The slopes to the left and to the right if φ has a kink at 0, else None.

    The gap between the two one-sided slopes falls with h where φ is smooth, and stays where it has a kink.
    """
    gaps = []
    for step in (h, h / 64):
        here = phi(0.0)
        left, right = (here - phi(-step)) / step, (phi(step) - here) / step
        gaps.append(right - left)
    stays = abs(gaps[1]) > 0.5 * abs(gaps[0]) and abs(gaps[1]) > 10 * rounding(scale, h / 64, dtype)
    return (left, right) if stays else None
