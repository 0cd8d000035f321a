"""The checks that loaders and generators share: each message says what was got, what was expected, what to do."""

from __future__ import annotations

import numbers
import os
from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from npvae.checks import as_path, shown
from npvae.files import release


def check_matrix(X: np.ndarray, name: str = "data") -> np.ndarray:
    """X itself, or a ValueError unless it is a non-empty matrix (n, D) of finite floats or of uint8 pixels.

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


def row_blocks(X: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """The rows of X (n, D), a block of some four million numbers after the other, each with the number of its first."""
    rows = max(1, 2**22 // X.shape[1])
    for start in range(0, len(X), rows):
        yield start, X[start:start + rows]
        release(X)


def check_labels(labels: ArrayLike | None, n: int, name: str = "labels") -> np.ndarray | None:
    """The labels as n finite numbers (integers as int64), or None for None; else a ValueError.

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
    if labels.dtype.kind == "O":
        labels = _of_one_kind(labels, name)
    if labels.dtype.kind not in "biuf":
        raise ValueError(f"{name} hold {labels.dtype}, expected numbers: "
                         "number the classes with np.unique(labels, return_inverse=True)[1]")
    if not np.isfinite(labels).all():
        raise ValueError(f"{name} have {labels[~np.isfinite(labels)][0]} in row {np.argmin(np.isfinite(labels))} "
                         "(counted from 0), expected finite numbers: number missing classes too")
    # a difference of two uint8 labels would wrap around
    return labels.astype(np.float64 if labels.dtype.kind == "f" else np.int64)


def _of_one_kind(labels, name):
    # numbers in an array of objects, or a word on the first that is none, or no text among text
    text = isinstance(labels[0], str)
    odd = next((i for i, label in enumerate(labels) if not isinstance(label, str if text else numbers.Real)), None)
    if odd is not None:
        kind = f"{'text' if text else 'numbers'}, as in row 0" if odd else "numbers or text"
        raise ValueError(f"{name} hold objects, {shown(labels[odd])} in row {odd} (counted from 0), expected {kind}: "
                         "give all in one kind, a name for missing classes, too")
    return np.array(list(labels))


def check_file(path: str | os.PathLike) -> bytes:
    """The first six bytes of the file at path, or a ValueError that says why there are none.

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
