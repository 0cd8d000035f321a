"""The error of finite differences over the step h: it falls as h does, and rises where rounding takes over."""

import numpy as np

from npvae.differences import central, forward, richardson


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
