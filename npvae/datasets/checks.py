"""The checks that loaders and generators share: each message says what was got, what was expected, what to do."""

import os

import numpy as np

from npvae.checks import as_path
from npvae.models.data import release


def check_matrix(X, name="data"):
    """Return X, a non-empty matrix (n, D) of finite floats or of uint8 pixels, or say why it is not one.

    Parameters
    ----------
    X : ndarray (n, D)
        Rows are data points.
    name : str
        What the message calls X.

    Returns
    -------
    ndarray (n, D)
        X itself, not a copy.

    Raises
    ------
    ValueError
        X is not an array, not 2-D, empty, not of floats or uint8, or has a NaN or an infinity.

    Examples
    --------
    >>> check_matrix(np.array([[0.0, 1.0], [2.0, np.nan]]))
    Traceback (most recent call last):
    ValueError: data has nan in row 1, column 1 (counted from 0; first of 1): remove or impute such rows first
    """
    if not isinstance(X, np.ndarray):
        raise ValueError(f"{name} is a {type(X).__name__}, expected an array of shape (n, D): use np.asarray")
    if X.ndim != 2:
        raise ValueError(f"{name} has shape {X.shape}, expected (n, D): reshape it to one row per data point")
    if X.size == 0:
        raise ValueError(f"{name} is empty, its shape is {X.shape}: expected at least one row and one column")
    if X.dtype.kind != "f" and X.dtype != np.uint8:
        raise ValueError(f"{name} holds {X.dtype}, expected floats or uint8 pixels: convert it, e.g. X.astype(float)")
    if X.dtype.kind == "f":
        _check_finite(X, name)
    return X


def _check_finite(X, name):
    first, bad = None, 0
    for start, block in row_blocks(X):
        finite = np.isfinite(block)
        if not finite.all():
            if first is None:
                row, column = np.argwhere(~finite)[0]
                first = f"{block[row, column]} in row {start + row}, column {column}"
            bad += np.sum(~finite)
    if bad:
        raise ValueError(f"{name} has {first} (counted from 0; first of {bad}): remove or impute such rows first")


def row_blocks(X):
    """The rows of X (n, D), a block of some four million numbers after the other, each with the number of its first."""
    rows = max(1, 2**22 // X.shape[1])
    for start in range(0, len(X), rows):
        yield start, X[start:start + rows]
        release(X)


def check_labels(labels, n, name="labels"):
    """Return labels as n finite numbers (integers as int64), or None for None.

    Parameters
    ----------
    labels : array-like (n,) or None
        One number per data point.
    n : int
        Number of data points.
    name : str
        What the message calls the labels.

    Returns
    -------
    ndarray (n,) or None

    Raises
    ------
    ValueError
        Their number is not n, or they are not finite numbers.

    Examples
    --------
    >>> check_labels([3, 1], n=2)
    array([3, 1])
    """
    if labels is None:
        return None
    try:
        labels = np.asarray(labels)
    except Exception as problem:        # whatever a list of lists or somebody's own class makes of it
        raise ValueError(f"{name} are a {type(labels).__name__} that makes no array, expected ({n},): one label per "
                         "data point") from problem
    if labels.shape != (n,):
        raise ValueError(f"{name} have shape {labels.shape}, expected ({n},): one label per data point")
    if labels.dtype.kind not in "biuf":
        raise ValueError(f"{name} hold {labels.dtype}, expected numbers: "
                         "number the classes with np.unique(labels, return_inverse=True)[1]")
    if not np.isfinite(labels).all():
        raise ValueError(f"{name} have {labels[~np.isfinite(labels)][0]} in row {np.argmin(np.isfinite(labels))} "
                         "(counted from 0), expected finite numbers: number missing classes too")
    # A difference of two uint8 labels would wrap around.
    return labels.astype(np.float64 if labels.dtype.kind == "f" else np.int64)


def check_file(path):
    """Return the first six bytes of the file at path, or say why there are none.

    Examples
    --------
    >>> check_file("missing.npz")
    Traceback (most recent call last):
    ValueError: missing.npz: no such file
    """
    as_path(path)
    if not os.path.isfile(path):
        raise ValueError(f"{path}: {'is a folder, expected a file' if os.path.isdir(path) else 'no such file'}")
    try:
        with open(path, "rb") as file:
            return file.read(6)
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error})") from error


def check_folder(path):
    """Raise a ValueError unless there is a folder at path.

    Examples
    --------
    >>> check_folder("missing")
    Traceback (most recent call last):
    ValueError: missing: no such folder
    """
    as_path(path)
    if not os.path.isdir(path):
        raise ValueError(f"{path}: {'is a file, expected a folder' if os.path.isfile(path) else 'no such folder'}")
