"""Data at the door of a solver: checked once, then taken in batches, scaled and cast on the way."""

import numpy as np


def check_data(X, data_dim=None, likelihood=None):
    """The data as a 2-D array, without a copy where possible, or a ValueError that says what to do.

    Parameters
    ----------
    X : array (m, D)
        Real numbers, or integer images with values 0 … 255 (a `numpy.memmap` stays on disk).
    data_dim : int, optional
        D of the model.
    likelihood : optional
        Asked whether the values are possible ones.

    Returns
    -------
    X : array (m, D)

    Raises
    ------
    ValueError
        Data that are empty, not a matrix, of another width, not finite, or integers outside 0 … 255.

    Examples
    --------
    >>> check_data([[0.0, float("nan")]])
    Traceback (most recent call last):
        ...
    ValueError: data has nan in row 0, column 1: remove or fill in such values first
    """
    X = X if isinstance(X, np.ndarray) else np.asarray(X)
    if X.dtype.kind not in "fiub":
        raise ValueError(f"data has type {X.dtype}, expected real numbers")
    if X.ndim != 2 or X.size == 0:
        raise ValueError(f"data has shape {X.shape}, expected (rows, columns) with at least one of each; "
                         "give one datapoint as X[None], images as X.reshape(len(X), -1)")
    if data_dim is not None and X.shape[1] != data_dim:
        raise ValueError(f"data has {X.shape[1]} columns, expected {data_dim}: the model's decoder ends in {data_dim}")
    for start in range(0, len(X), 4096):
        _check_values(X[start:start + 4096], start)
        if likelihood is not None:
            likelihood.check(take(X, slice(start, start + 4096), np.float64))
    return X


def _check_values(block, start):
    if block.dtype.kind == "f":
        bad = np.argwhere(~np.isfinite(block))
        if len(bad):
            row, column = bad[0]
            raise ValueError(f"data has {block[row, column]} in row {start + row}, column {column}: "
                             "remove or fill in such values first")
    elif block.dtype.kind in "iu" and (block.min() < 0 or block.max() > 255):
        raise ValueError(f"integer data has values in [{block.min()}, {block.max()}], expected images in 0 … 255: "
                         "give other integers as floats, X.astype(float)")


def take(X, index, dtype):
    """The rows `index` of X (m, D) in `dtype`; integer images 0 … 255 become [0, 1]."""
    x = X[index].astype(dtype, copy=False)
    return x / dtype(255) if X.dtype.kind in "iu" else x
