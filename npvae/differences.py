"""Derivatives of φ(t) at t = 0 from values of φ alone, and how far each can be trusted.

    central        (φ(h) − φ(−h)) / 2h                                    error ~ h²: h = ε^{1/3} gives ε^{2/3}
    five_point     (8 [φ(h) − φ(−h)] − [φ(2h) − φ(−2h)]) / 12h            error ~ h⁴
    richardson     central differences at h, h/2, h/4, …, extrapolated    error estimated on the way
    complex_step   Im φ(ih) / h                                           no subtraction, so exact to rounding
"""

import numpy as np

METHODS = ("central", "five_point", "richardson", "complex", "direction", "taylor")

# for float64: the greatest ‖a − n‖ / (‖a‖ + ‖n‖) of a gradient that counts as right; float32 gets FLOAT32_TOLERANCE
TOLERANCES = {"central": 1e-7, "five_point": 1e-8, "richardson": 1e-8, "complex": 1e-12, "direction": 1e-7,
              "taylor": 0.05}
FLOAT32_TOLERANCE = 1e-3
POWERS = {"central": 3, "direction": 3, "five_point": 5}


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
