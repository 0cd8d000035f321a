"""Data at the door of a solver or an exact method, checked once."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike

from npvae.arrays import finite_array
from npvae.files import release
from npvae.models.data.arrays import as_array
from npvae.models.data.batches import ROWS, take
from npvae.parts import is_own


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
        rows = slice(start, start + ROWS)
        ends = _finite_extremes(X[rows], start, getattr(likelihood, "takes_missing", False))
        greatest = max(greatest, ends[0, 1])
        if np.abs(ends.astype(float)).max() > np.finfo(dtype).max:
            raise ValueError(f"data has values in [{ends[0, 0]:.3g}, {ends[0, 1]:.3g}], beyond {np.dtype(dtype)}: "
                             "rescale them, to about [0, 1]")
        if likelihood is not None:
            whole = getattr(likelihood, "looks_at_every_number", is_own(likelihood))
            likelihood.check(take(X if whole else ends, rows if whole else slice(None), np.float64))
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


def _finite_extremes(block, start, takes_missing):
    # a NaN or an infinity anywhere is in one of the two
    ends = np.array([[block.min(), block.max()]])
    if takes_missing and np.isnan(ends).any():
        # the extremes of what was seen, 0 if nothing was
        ends = np.nan_to_num([[np.fmin.reduce(block, None), np.fmax.reduce(block, None)]], nan=0, posinf=np.inf,
                             neginf=-np.inf)
    if block.dtype.kind == "f" and not np.isfinite(ends).all():
        row, column = np.argwhere(np.isinf(block) if takes_missing else ~np.isfinite(block))[0]
        raise ValueError(f"data has {block[row, column]} in row {start + row}, column {column}: "
                         "remove or fill in NaN and inf first")
    return ends
