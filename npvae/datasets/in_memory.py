"""A data set of arrays or a table that a user holds, and of arrays as files hold them."""

import math
import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from npvae.models.data.arrays import as_array, column_names

from .checks import check_labels, check_matrix
from .csv_cells import class_numbers
from .dataset import Dataset, split

COLOURS = (1, 3, 4)


def from_arrays(X: ArrayLike, y: ArrayLike | None = None, name: str = "data", columns: Sequence[str] | None = None,
                test: ArrayLike | None = None, test_labels: ArrayLike | None = None) -> Dataset:
    """The data set of arrays: rows X (n, D), images (n, height, width) or (n, height, width, 3), or a table.

    Labels y (n,) may be text. Without `test` (and its `test_labels`) a sixth of the rows is for testing, drawn with a
    fixed seed. `columns` are names, by default those of a table. uint8 are pixels and stay uint8, other integers become
    floats of the same value. A ValueError for what does not fit together.

    Examples
    --------
    >>> data = from_arrays(np.zeros((12, 8, 8, 3), np.uint8), ["cat", "dog"] * 6, name="pets")
    >>> data, data.classes
    (Dataset 'pets': train (10, 192), test (2, 192), uint8 pixels, images 8 x 8 in colour, 2 classes, ('cat', 'dog'))
    """
    if not isinstance(name, str):
        raise ValueError(f"name is a {type(name).__name__}, expected a text")
    known = column_names(X)
    if test is None and test_labels is not None:
        raise ValueError("got test_labels without test: give the rows that they are of")
    X, test = as_array(X), None if test is None else as_array(test)
    columns = columns if columns is not None or known is None else tuple(map(str, known))
    return dataset_of(name, name, X, y, test, test_labels, columns)


def dataset_of(source: str | os.PathLike, name: str, X: np.ndarray, labels=None, test=None, test_labels=None,
               columns=None) -> Dataset:
    """The data set of arrays, split if there is no test array; messages begin with the source."""
    (labels, test_labels), classes = _numbered(source, labels, test_labels)
    rows, image_shape = as_rows(X, f"{source}: {'data' if test is None else 'train'}")
    if test is None:
        labels = check_labels(labels, len(rows), f"{source}: labels")
        return Dataset(name, *split(rows, labels, name=f"{source}: data"), image_shape, columns, classes)
    if (X.dtype == np.uint8) != (test.dtype == np.uint8):
        raise ValueError(f"{source}: train holds {X.dtype}, test {test.dtype}: expected uint8 pixels in both or in "
                         "neither: convert one, e.g. X.astype(float) / 255")
    test, test_shape = as_rows(test, f"{source}: test")
    if image_shape != test_shape:
        raise ValueError(f"{source}: train images are {image_shape}, test images {test_shape}: expected one size")
    return Dataset(name, rows, test, labels, test_labels, image_shape, columns, classes)


def as_rows(X: np.ndarray, name: str) -> tuple[np.ndarray, tuple[int, ...] | None]:
    """An array as a matrix (n, D) of uint8 or floats, and (height, width) or (height, width, colours) of images."""
    if X.ndim not in (2, 3, 4) or X.ndim == 4 and X.shape[3] not in COLOURS:
        raise ValueError(f"{name} has shape {X.shape}, expected (n, D), images (n, height, width), or (n, height, "
                         "width, colours) with 1, 3 or 4 colours: reshape it")
    image_shape = X.shape[1:] if X.ndim > 2 else None
    if X.ndim == 4 and X.shape[3] == 1:
        image_shape = X.shape[1:3]
    X = X.reshape(len(X), math.prod(X.shape[1:]))
    if X.dtype.kind in "iub" and X.dtype != np.uint8:
        # float32 holds every number of 16 bits
        X = X.astype(np.float32 if X.itemsize <= 2 else np.float64)
    elif X.dtype.kind == "f" and X.itemsize > 8:
        # a long double beyond float64 becomes an infinity, which check_matrix reports
        with np.errstate(over="ignore"):
            X = X.astype(np.float64)
    return check_matrix(X, name), image_shape


def _numbered(name, *parts):
    """Labels that are text as the numbers of their classes, the same in all parts, and the classes."""
    try:
        parts = [None if labels is None else np.asarray(labels) for labels in parts]
    except (TypeError, ValueError, RuntimeError) as problem:
        raise ValueError(f"{name}: labels make no array, expected one per data point") from problem
    parts = [labels if labels is None or labels.dtype.kind != "S" else np.char.decode(labels, "utf-8", "replace")
             for labels in parts]
    given = [labels for labels in parts if labels is not None]
    text = [labels.ndim == 1 and all(isinstance(label, str) for label in labels) for labels in given]
    if not given or not all(text) or not sum(labels.size for labels in given):
        return parts, None
    found = sorted({str(label) for labels in given for label in labels})
    numbers, classes = class_numbers(found)
    number_of = dict(zip(found, numbers, strict=True))
    return [None if part is None else np.array([number_of[label] for label in part]) for part in parts], classes
