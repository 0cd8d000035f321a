"""Maximising a function of rows that do not depend on each other, such as the ELBOs of data points."""

from collections.abc import Callable

import numpy as np


def climb(objective: Callable, start: np.ndarray, tolerance: float = 1e-6, most_steps: int = 500) -> np.ndarray:
    """Maximise an objective over rows, all at once, by Rprop (Riedmiller & Braun 1993).

    Every coordinate has its own step: longer while its gradient keeps its sign, half as long when the sign flips, and
    then it waits for one step (the variant iRprop⁻ of Igel & Hüsken 2000).
    Only signs are used, so rows whose posteriors differ in width by orders of magnitude climb together.

    Parameters
    ----------
    objective : (q (n, R), rows (n,)) -> value (n,), back
    start : array (B, R)
    tolerance
        A row is left alone when Σ_j |∂L/∂q_j| · step_j, what its next step promises, falls below this.

    Returns
    -------
    q : array (B, R)
        For each row the best point seen, the start included.

    Examples
    --------
    >>> q = climb(lambda q, rows: (-(q**2).sum(1), lambda d: -2 * q * d[:, None]), np.ones((2, 3)))
    >>> bool(abs(q).max() < 1e-3)
    True
    """
    best, best_value = start.copy(), np.full(len(start), -np.inf)
    q, rows = start.copy(), np.arange(len(start))
    size, previous = np.full_like(q, 0.1), np.zeros_like(q)
    for _ in range(most_steps):
        value, back = objective(q, rows)
        g = back(np.ones_like(value))
        higher = value > best_value[rows]
        best[rows[higher]], best_value[rows[higher]] = q[higher], value[higher]
        # a step into an overflow is taken back, and the next one is a tenth
        lost = ~(np.isfinite(value) & np.isfinite(g).all(1))
        q[lost], g[lost], size[lost] = best[rows[lost]], 0, 0.1 * size[lost]
        agreement = g * previous
        size = np.clip(size * np.where(agreement > 0, 1.2, np.where(agreement < 0, 0.5, 1.0)), 1e-12, 1.0)
        promised = (np.abs(g) * size).sum(1)
        g[agreement < 0] = 0
        q += np.sign(g) * size
        on = (promised > tolerance) | lost
        q, size, previous, rows = q[on], size[on], g[on], rows[on]
        if not len(rows):
            break
    return best
