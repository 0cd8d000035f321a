"""Where data are and how far they spread, read once."""

import math
import warnings
from typing import NamedTuple

import numpy as np

from npvae.models.data.batches import blocks, take


class Moments(NamedTuple):
    """The mean x̄ (D,) of data, and V = Σ_i ‖x^i − x̄‖²/(mD), the variance of a column averaged over the columns."""

    mean: np.ndarray
    variance: float

    @property
    def scale(self) -> float:
        """The data's unit, 2√V, so that most of them lie within ±1 of the mean; 1 for data without variance."""
        return 2 * math.sqrt(self.variance) if self.variance > 0 else 1.0


def moments(X: np.ndarray, rows: np.ndarray | None = None) -> Moments:
    """The `Moments` of X (m, D), or of its `rows`, read once, a block at a time; a ValueError if V is beyond floats."""
    # counted from the first row, so that what is constant leaves nothing but zero
    first = take(X, slice(1) if rows is None else rows[:1], np.float64)[0]
    n, mean, squares = 0, np.zeros(X.shape[1]), 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        for x in blocks(X, rows=rows):
            x = x - first
            here, share = x.mean(0), len(x) / (n + len(x))
            x -= here
            # Σ‖x − x̄‖² of two parts together (Chan, Golub & LeVeque 1979)
            squares += np.einsum("bd,bd->", x, x) + n * share * ((here - mean) ** 2).sum()
            mean += share * (here - mean)
            n += len(x)
    if np.isnan(squares) and any(np.isnan(x).any() for x in blocks(X, rows=rows)):
        return _moments_of_seen(X, rows)
    if not np.isfinite(squares):
        raise ValueError("the data's variance is beyond floats: rescale the data, to about [0, 1]")
    return Moments(first + mean, float(squares) / (n * X.shape[1]))


def _moments_of_seen(X, rows):
    # of the numbers that are not NaN; 0 is the mean of a column that nobody has seen
    n = sum((~np.isnan(x)).sum(0) for x in blocks(X, rows=rows))
    mean = sum(np.nansum(x, 0) for x in blocks(X, rows=rows)) / np.maximum(n, 1)
    squares = sum(np.nansum((x - mean) ** 2) for x in blocks(X, rows=rows))
    return Moments(mean, float(squares) / max(int(n.sum()), 1))


def warn_if_unresolved(found: Moments, dtype) -> None:
    """A UserWarning if numbers of this dtype are too coarse, where the data are, for how little they differ."""
    resolution = np.finfo(dtype).eps * float(np.abs(found.mean).max())
    if found.variance > 0 and resolution > 1e-3 * math.sqrt(found.variance):
        warnings.warn(f"the data differ by {math.sqrt(found.variance):.3g} about means of up to "
                      f"{np.abs(found.mean).max():.3g}, where {np.dtype(dtype).name} resolves {resolution:.2g}: "
                      "subtract their mean first, or train in float64 (dtype)", stacklevel=2)
