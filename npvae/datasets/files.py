"""A user's own data: .npz, .npy, .csv or an IDX file, as one data set."""

import os
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from npvae.archives import check_archive

from .checks import check_file, check_labels
from .csv_files import read_csv
from .csv_layout import listed
from .dataset import Dataset, split
from .file_rows import split_file
from .idx_files import GZIP, read_idx
from .in_memory import as_rows, dataset_of

DATA_KEYS = ("X", "x", "data", "images", "arr_0")
LABEL_KEYS = ("y", "labels", "target")
TRAIN_KEYS, TEST_KEYS = ("train", "x_train"), ("test", "x_test")
TEXT = (".csv", ".tsv", ".txt", ".dat", ".data")
MOST_COPIED = 2**30     # bytes of an array that cannot be used as it lies in its file
TRAIN_LABEL_KEYS, TEST_LABEL_KEYS = ("train_labels", "y_train"), ("test_labels", "y_test")


def load_file(path: str | os.PathLike, label: str | int | None = None,
              leave_out: str | int | Sequence[str | int] = ()) -> Dataset:
    """The data set in a .npz, .npy or .csv file, or in one IDX file of images, told apart by what is in it.

    A .npz file holds train and test, with train_labels and test_labels if there are any (or x_train, x_test, y_train,
    y_test), or else one array X, x, data, images or arr_0, with y, labels or target. A .csv file (.tsv, .txt) holds one
    row per line; of its columns, by name or by number from 1, `label` holds the labels and `leave_out` are not read, as
    `read_csv` says. Data are (n, D), or images (n, height, width)
    or (n, height, width, colours).

    uint8 pixels stay uint8, and floats the floats they are; other integers become floats of the same value, booleans 0
    and 1. A plain .npy or IDX file in C order stays on disk, but for the test rows. A sixth of the rows, drawn with a
    fixed seed, is for testing, unless the file says which; of a file on disk at most 10,000 rows or 32 MB.

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
    text = magic[:4] not in (b"PK\3\4", b"PK\5\6", b"\x93NUM") and magic[:2] not in (GZIP, b"\0\0")
    if text and Path(path).suffix.lower() in TEXT:
        return _from_table(path, read_csv(path, label, leave_out))
    check_no_columns(path, label, leave_out)
    if magic[:4] in (b"PK\3\4", b"PK\5\6"):
        return _from_npz(path)
    if magic == b"\x93NUMPY":
        return _from_map(path, _map_npy(path))
    if magic[:2] in (GZIP, b"\0\0"):
        return _from_map(path, read_idx(path))
    png = ": a .png file is one picture, name the folder of all" if magic[:4] == b"\x89PNG" else ""
    raise ValueError(f"{path}: not a data set: it starts with {magic!r}, expected a .npz, .npy, IDX or .csv file{png}")


def check_no_columns(source: str | os.PathLike, label, leave_out) -> None:
    """A ValueError if columns are named of what is not a text file."""
    if label is not None or listed(leave_out):
        raise ValueError(f"{source}: label and leave_out name columns of a .csv file, which this is not: take the "
                         "columns out of the array, and store labels as y beside it in a .npz file")


def _map_npy(path):
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    # NumPy's header parser raises several types on damaged bytes
    except Exception as error:
        raise _unreadable(path, error) from error


def _read_npz(path):
    """The arrays in a .npz file under the keys that mean something here."""
    keys = {*DATA_KEYS, *LABEL_KEYS, *TRAIN_KEYS, *TEST_KEYS, *TRAIN_LABEL_KEYS, *TEST_LABEL_KEYS}
    try:
        with open(path, "rb") as file:
            if zipfile.is_zipfile(file):
                check_archive(file, keys)
            file.seek(0)
            stored = np.load(file, allow_pickle=False)
            return {key: np.asarray(stored[key]) for key in stored if key in keys}
    # zipfile, zlib and NumPy's header parser raise a dozen types between them on damaged bytes
    except Exception as error:
        raise _unreadable(path, error) from error


def _unreadable(path, error):
    return ValueError(f"{path}: cannot be read as NumPy arrays ({error}): expected numbers stored with np.savez or "
                      "np.save; the file is damaged, or holds Python objects, which are never loaded")


def _from_table(path, table):
    """The data set of a text file."""
    labels = check_labels(table.labels, len(table.rows), f"{path}: labels")
    parts = split(table.rows, labels, name=f"{path}: data")
    return Dataset(Path(path).stem, *parts, None, table.columns, table.classes, table.notes)


def _from_npz(path):
    arrays = _read_npz(path)

    def first(keys):
        return next((arrays[key] for key in keys if key in arrays), None)

    train, test, X = first(TRAIN_KEYS), first(TEST_KEYS), first(DATA_KEYS)
    if train is not None and test is not None:
        return dataset_of(path, Path(path).stem, train, first(TRAIN_LABEL_KEYS), test, first(TEST_LABEL_KEYS))
    if X is None:
        raise ValueError(f"{path}: has {', '.join(arrays) or 'no array of a known name'}, expected both train and "
                         f"test, or one of {', '.join(DATA_KEYS)}: store the data under such a name")
    return dataset_of(path, Path(path).stem, X, first(LABEL_KEYS))


def _from_map(path, X):
    """The data set of an array in a file, most of which stays there."""
    name = f"{path}: data"
    as_it_lies = X.flags.c_contiguous and (X.dtype == np.uint8 or X.dtype.kind == "f" and X.dtype.itemsize <= 8)
    if X.ndim not in (2, 3, 4) or not as_it_lies or not isinstance(X, np.memmap):
        # integers become float32 or float64
        size = X.size * max(X.itemsize, 4)
        if isinstance(X, np.memmap) and size > MOST_COPIED:
            order = "C" if X.flags.c_contiguous else "Fortran"
            raise ValueError(f"{name} are {X.dtype} {X.shape} in {order} order, which would take {size / 2**30:.1f} "
                             "GiB of memory: save them as uint8, float32 or float64 in C order, which is read from "
                             "disk, np.save(path, np.ascontiguousarray(X, np.float32))")
        return dataset_of(path, Path(path).stem, X)
    rows, image_shape = as_rows(X, name)
    if len(rows) < 2:
        split(rows, name=name)
    return Dataset(Path(path).stem, *split_file(path, rows), image_shape=image_shape)
