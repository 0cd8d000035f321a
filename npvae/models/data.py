"""Data at the door of a solver or an exact method: checked once, then taken in batches, scaled and cast on the way."""

import math
import warnings
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from npvae.arrays import finite_array
from npvae.files import release
from npvae.models.user_data import as_array

ROWS = 4096     # looked at in one piece


def check_data(X: ArrayLike, data_dim: int | None = None, likelihood=None, dtype=np.float64) -> np.ndarray:
    """The data as an array (m, D), without a copy where possible, or a ValueError that says what to do.

    Parameters
    ----------
    X : array (m, D), nested sequence or table
        Real numbers; uint8 are images 0 … 255 (a `numpy.memmap` stays on disk). If they are 0 and 1 alone there is a
        warning, for they would be read as images that are nearly black.
    data_dim
        D of the model.
    likelihood
        Asked whether the values are possible ones.
    dtype
        What they will be computed in.

    Raises
    ------
    ValueError
        Data that are empty, not a matrix, no numbers, of another width, not finite, or beyond `dtype`.

    Examples
    --------
    >>> check_data([[0.0, float("nan")]])
    Traceback (most recent call last):
        ...
    ValueError: data has nan in row 0, column 1: remove or fill in NaN and inf first
    """
    X = as_array(X)
    if X.ndim != 2 or X.size == 0:
        # the last words are scikit-learn's, whose checks look for them
        none = f"; 0 feature(s) (shape={X.shape}) while a minimum of 1 is required." if X.shape[1:] == (0,) else ""
        raise ValueError(f"data has shape {X.shape}, expected (rows, columns) with at least one of each. Reshape your "
                         f"data: one datapoint is X[None], images are X.reshape(len(X), -1){none}")
    if data_dim is not None and X.shape[1] != data_dim:
        raise ValueError(f"data has {X.shape[1]} columns, expected {data_dim}, as many as the model's decoder returns")
    greatest = 0
    for start in range(0, len(X), ROWS):
        ends = _finite_extremes(X[start:start + ROWS], start)
        greatest = max(greatest, ends[0, 1])
        if np.abs(ends.astype(float)).max() > np.finfo(dtype).max:
            raise ValueError(f"data has values in [{ends[0, 0]:.3g}, {ends[0, 1]:.3g}], beyond {np.dtype(dtype)}: "
                             "rescale them, to about [0, 1]")
        if likelihood is not None:
            likelihood.check(take(ends, slice(None), np.float64))
        release(X)
    if X.dtype == np.uint8 and greatest == 1:
        warnings.warn("uint8 data 0 and 1 are read as images 0 … 255: give binary data as X.astype(float)",
                      stacklevel=2)
    return X


def as_floats(X: ArrayLike, data_dim: int | None = None, likelihood=None) -> np.ndarray:
    """All of the data, checked by `check_data`, as float64; uint8 images 0 … 255 become [0, 1]."""
    return take(check_data(X, data_dim, likelihood), slice(None), np.float64)


def float_data(x: ArrayLike, data_dim: int | None = None, likelihood=None) -> np.ndarray:
    """The data x (B, D), checked by `check_data`, in their own type of floats, else as float64 (`as_floats`).

    Complex numbers, which a complex step hands in, stay as they are.
    """
    if isinstance(x, np.ndarray) and x.dtype.kind == "c":
        return finite_array("data", x, ("rows", "columns" if data_dim is None else data_dim))
    x = check_data(x, data_dim, likelihood)
    return x if x.dtype in (np.float32, np.float64) else take(x, slice(None), np.float64)


def _finite_extremes(block, start):
    # a NaN or an infinity anywhere is in one of the two
    ends = np.array([[block.min(), block.max()]])
    if block.dtype.kind == "f" and not np.isfinite(ends).all():
        row, column = np.argwhere(~np.isfinite(block))[0]
        raise ValueError(f"data has {block[row, column]} in row {start + row}, column {column}: "
                         "remove or fill in NaN and inf first")
    return ends


def outputs(network, X: np.ndarray, dtype) -> np.ndarray:
    """A network's outputs for X (m, D), computed in `dtype` a block at a time: (m, R), float64."""
    return np.concatenate([network(x)[0].astype(np.float64) for x in blocks(X, dtype)])


def blocks(X: np.ndarray, dtype=np.float64, rows: np.ndarray | None = None) -> Iterable[np.ndarray]:
    """X (m, D) in `dtype`, or its `rows` (n,), a block after the other; pages of a file are let go of each time."""
    for start in range(0, len(X) if rows is None else len(rows), ROWS):
        block = slice(start, start + ROWS)
        yield take(X, block if rows is None else rows[block], dtype)
        release(X)


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
    if not np.isfinite(squares):
        raise ValueError("the data's variance is beyond floats: rescale the data, to about [0, 1]")
    return Moments(first + mean, float(squares) / (n * X.shape[1]))


def warn_if_unresolved(found: Moments, dtype) -> None:
    """A UserWarning if numbers of this dtype are too coarse, where the data are, for how little they differ."""
    resolution = np.finfo(dtype).eps * float(np.abs(found.mean).max())
    if found.variance > 0 and resolution > 1e-3 * math.sqrt(found.variance):
        warnings.warn(f"the data differ by {math.sqrt(found.variance):.3g} about means of up to "
                      f"{np.abs(found.mean).max():.3g}, where {np.dtype(dtype).name} resolves {resolution:.2g}: "
                      "subtract their mean first, or train in float64 (dtype)", stacklevel=2)


def some_rows(X: np.ndarray, rng: np.random.Generator, rows: np.ndarray | None = None, runs: int = 40,
              length: int = 50) -> np.ndarray:
    """All of few rows, or some of many, as float64: `runs` · `length` random rows, of a file on disk random runs.

    Single rows of a file would bring most of its pages into memory, for pages come in many at a time. With `rows` (n,)
    only those are chosen from, one by one.
    """
    m, most = len(X) if rows is None else len(rows), runs * length
    if m <= most:
        return take(X, slice(None) if rows is None else rows, np.float64)
    if rows is not None or not isinstance(X, np.memmap):
        chosen = rng.choice(m, most, replace=False)
        return take(X, chosen if rows is None else rows[chosen], np.float64)
    found = []
    for start in np.sort(rng.integers(len(X) - length + 1, size=runs)):
        found.append(take(X, slice(start, start + length), np.float64))
        release(X)
    return np.concatenate(found)


def take(X: np.ndarray, index: np.ndarray | slice, dtype) -> np.ndarray:
    """The rows `index` of X (m, D) in `dtype`; uint8 images 0 … 255 become [0, 1]."""
    X = np.asarray(X)
    # single rows come faster by X.take(index) than by X[index]
    x = (X[index] if isinstance(index, slice) else X.take(index, axis=0)).astype(dtype, copy=False)
    return x / np.dtype(dtype).type(255) if X.dtype == np.uint8 else x
