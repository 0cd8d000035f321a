"""Where data are and how far they spread, read once."""

import math
import warnings
from collections.abc import Callable
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


def moments(X: np.ndarray, rows: np.ndarray | None = None, gather: Callable | None = None) -> Moments:
    """The `Moments` of X (m, D), or of its `rows`, read once, a block at a time; a ValueError if V is beyond floats.

    Of data that lie on several ranks, X being one's own, `gather` gives a value of each.
    """
    n, mean, squares = _part(X, rows)
    if gather is not None:
        n, mean, squares = _joined(gather((n, mean, squares)))
    if np.isnan(squares) and _any_missing(X, rows, gather):
        return _moments_of_seen(X, rows, gather)
    if not np.isfinite(squares):
        raise ValueError("the data's variance is beyond floats: rescale the data, to about [0, 1]")
    return Moments(mean, float(squares) / (n * X.shape[1]))


def _any_missing(X, rows, gather):
    missing = any(np.isnan(x).any() for x in blocks(X, rows=rows))
    return missing if gather is None else any(gather(missing))


def _joined(parts):
    # of parts (n, mean, Σ‖x − x̄‖²), counted from the first one's mean (Chan, Golub & LeVeque 1979)
    n, first = sum(part[0] for part in parts), parts[0][1]
    with np.errstate(over="ignore", invalid="ignore"):
        mean = first + sum(rows / n * (its - first) for rows, its, _ in parts)
        squares = sum(its + rows * ((x_bar - mean) ** 2).sum() for rows, x_bar, its in parts)
    return n, mean, float(squares)


def _part(X, rows):
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
    return n, first + mean, squares


def _moments_of_seen(X, rows, gather):
    # of the numbers that are not NaN; 0 is the mean of a column that nobody has seen
    def total(part):
        return part if gather is None else sum(gather(part))

    n = total(sum((~np.isnan(x)).sum(0) for x in blocks(X, rows=rows)))
    mean = total(sum(np.nansum(x, 0) for x in blocks(X, rows=rows))) / np.maximum(n, 1)
    squares = total(sum(np.nansum((x - mean) ** 2) for x in blocks(X, rows=rows)))
    return Moments(mean, float(squares) / max(int(n.sum()), 1))


def warn_if_unresolved(found: Moments, dtype) -> None:
    """A UserWarning if numbers of this dtype are too coarse, where the data are, for how little they differ."""
    resolution = np.finfo(dtype).eps * float(np.abs(found.mean).max())
    if found.variance > 0 and resolution > 1e-3 * math.sqrt(found.variance):
        warnings.warn(f"the data differ by {math.sqrt(found.variance):.3g} about means of up to "
                      f"{np.abs(found.mean).max():.3g}, where {np.dtype(dtype).name} resolves {resolution:.2g}: "
                      "subtract their mean first, or train in float64 (dtype)", stacklevel=2)
