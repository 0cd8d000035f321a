"""A user's own data: .npz, .npy, .csv or an IDX file, as one data set of floats."""

import math
from pathlib import Path

import numpy as np

from .checks import check_file, check_labels, check_matrix
from .csv_files import read_csv
from .dataset import Dataset, split
from .idx_files import GZIP, read_idx

DATA_KEYS = ("X", "x", "data", "images", "arr_0")
LABEL_KEYS = ("y", "labels", "target")
TRAIN_KEYS, TEST_KEYS = ("train", "x_train"), ("test", "x_test")
TRAIN_LABEL_KEYS, TEST_LABEL_KEYS = ("train_labels", "y_train"), ("test_labels", "y_test")


def load_file(path):
    """Return the data set in a .npz, .npy or .csv file, or in one IDX file of images, told apart by what is in it.

    Parameters
    ----------
    path : str or Path
        A .npz file holds train and test, with train_labels and test_labels if there are any (or x_train, x_test,
        y_train, y_test), or else one array X, x, data, images or arr_0, with y, labels or target. A .csv file holds
        one row per line, separated by commas, after an optional header; a column that the header calls label, labels,
        target or class becomes the labels. Data are (n, D), or images (n, height, width).

    Returns
    -------
    Dataset
        Floats stay as they are. Integers are pixels from 0 to 255 and are divided by 255, booleans become 0 and 1; the
        numbers of a .csv file stay as they are. A sixth of the rows, drawn with a fixed seed, is for testing, unless
        the file says which.

    Raises
    ------
    ValueError
        The file is missing, damaged or of another format, or what it holds is not such data.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "points.csv")
    ...     _ = path.write_text("a,b,label\\n0,1,0\\n2,3,1\\n4,5,1\\n")
    ...     load_file(path)
    Dataset 'points': train (2, 2), test (1, 2), values in [...], ... classes
    """
    magic = check_file(path)
    if magic[:4] in (b"PK\3\4", b"PK\5\6"):
        return _from_npz(path)
    if magic == b"\x93NUMPY":
        return _from_arrays(path, _numpy_arrays(path)["X"])
    if magic[:2] in (GZIP, b"\0\0"):
        return _from_arrays(path, read_idx(path))
    if Path(path).suffix.lower() in (".csv", ".txt"):
        return _from_arrays(path, *read_csv(path))
    raise ValueError(f"{path}: not a data set: it starts with {magic!r}, expected a .npz, .npy, IDX or .csv file")


def _numpy_arrays(path):
    """The arrays in a .npz file under the keys that mean something here, or the one in a .npy file as X."""
    keys = {*DATA_KEYS, *LABEL_KEYS, *TRAIN_KEYS, *TEST_KEYS, *TRAIN_LABEL_KEYS, *TEST_LABEL_KEYS}
    try:
        with open(path, "rb") as file:
            stored = np.load(file, allow_pickle=False)
            return {"X": stored} if isinstance(stored, np.ndarray) else {
                key: np.asarray(stored[key]) for key in stored if key in keys}
    # zipfile, zlib and NumPy's header parser raise a dozen types between them on damaged bytes.
    except Exception as error:
        raise ValueError(f"{path}: cannot be read as NumPy arrays ({error}): expected numbers stored with np.savez or "
                         "np.save; the file is damaged, or holds Python objects, which are never loaded") from error


def _from_npz(path):
    arrays = _numpy_arrays(path)

    def first(keys):
        return next((arrays[key] for key in keys if key in arrays), None)

    train, test, X = first(TRAIN_KEYS), first(TEST_KEYS), first(DATA_KEYS)
    if train is not None and test is not None:
        return _from_arrays(path, train, first(TRAIN_LABEL_KEYS), test, first(TEST_LABEL_KEYS))
    if X is None:
        raise ValueError(f"{path}: has {', '.join(arrays) or 'no array of a known name'}, expected both train and "
                         f"test, or one of {', '.join(DATA_KEYS)}: store the data under such a name")
    return _from_arrays(path, X, first(LABEL_KEYS))


def _from_arrays(path, X, labels=None, test=None, test_labels=None):
    """The data set of arrays as they were stored, split if there is no test array."""
    rows, image_shape = _as_rows(X, f"{path}: {'data' if test is None else 'train'}")
    if test is None:
        labels = check_labels(labels, len(rows), f"{path}: labels")
        rows, test, labels, test_labels = split(rows, labels, name=f"{path}: data")
        return Dataset(Path(path).stem, rows, test, labels, test_labels, image_shape)
    if np.issubdtype(X.dtype, np.floating) != np.issubdtype(test.dtype, np.floating):
        raise ValueError(f"{path}: train holds {X.dtype}, test {test.dtype}: expected both floats or both integers")
    test, test_shape = _as_rows(test, f"{path}: test")
    if image_shape != test_shape:
        raise ValueError(f"{path}: train images are {image_shape}, test images {test_shape}: expected one size")
    return Dataset(Path(path).stem, rows, test, labels, test_labels, image_shape)


def _as_rows(X, name):
    """A stored array as a float matrix (n, D), and (height, width) if it held images."""
    if X.ndim not in (2, 3):
        raise ValueError(f"{name} has shape {X.shape}, expected (n, D) or images (n, height, width): reshape it")
    image_shape = X.shape[1:] if X.ndim == 3 else None
    X = X.reshape(len(X), math.prod(X.shape[1:]))
    if X.dtype.kind in "iu" and X.size > 0:
        if X.min() < 0 or X.max() > 255:
            raise ValueError(f"{name} are integers from {X.min()} to {X.max()}, expected pixels from 0 to 255: "
                             "if they are not pixels, store them as floats")
        if X.max() == 1:
            raise ValueError(f"{name} are integers 0 and 1, expected pixels from 0 to 255: "
                             "store binary images as booleans or floats")
        X = X / 255
    elif X.dtype.kind == "b" or X.dtype.kind == "f" and X.dtype.itemsize not in (4, 8):
        # A long double beyond float64 becomes an infinity, which check_matrix reports.
        with np.errstate(over="ignore"):
            X = X.astype(np.float64)
    return check_matrix(X.astype(X.dtype.newbyteorder("="), copy=False), name), image_shape
