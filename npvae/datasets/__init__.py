"""Data to learn from: embedded digits and clothes, toys with a known truth, loaders for a user's own files."""

import os
from collections.abc import Sequence

from .dataset import Dataset, split
from .description import describe
from .digits import digits
from .fashion import fashion
from .files import check_no_columns, load_file
from .idx_files import idx, is_idx_set, read_idx
from .in_memory import from_arrays
from .png_files import png_files, read_folder
from .shards import read_shards, shard_files
from .toys import linear_gaussian, mixture, pinwheel, ring, spiral, two_moons

__all__ = ["Dataset", "digits", "fashion", "linear_gaussian", "mixture", "two_moons", "pinwheel", "ring",
           "spiral", "load", "from_arrays", "describe", "names", "load_file", "idx", "read_idx", "split"]

_BUILT_IN = {make.__name__: make for make in (
    digits, fashion, linear_gaussian, mixture, two_moons, pinwheel, ring, spiral)}


def names() -> tuple[str, ...]:
    """The names that `load` knows.

    Examples
    --------
    >>> names()
    ('digits', 'fashion', 'linear_gaussian', 'mixture', 'two_moons', 'pinwheel', 'ring', 'spiral')
    """
    return tuple(_BUILT_IN)


def load(name_or_path: str | os.PathLike, label: str | int | None = None,
         leave_out: str | int | Sequence[str | int] = ()) -> Dataset:
    """A data set by its name, one of `names()`, or from a file (`load_file`), or a folder of PNG or IDX files.

    PNG files of one size are uint8 images, grey or in colour; if they lie in folders within the folder, these are the
    classes. IDX files are named like MNIST's, as `idx` says. The rows of .npy files in one folder are one data set.

    A name wins over a file of that name, which ./name reaches; `label` and `leave_out` are columns of a .csv file. A
    ValueError for neither a known name nor a path that is there, or for what cannot be read.

    Examples
    --------
    >>> load("two_moons")
    Dataset 'two_moons': train (1500, 2), test (300, 2), values in [...], 2 classes
    """
    if isinstance(name_or_path, str) and name_or_path in _BUILT_IN:
        check_no_columns(name_or_path, label, leave_out)
        return _BUILT_IN[name_or_path]()
    if isinstance(name_or_path, str | os.PathLike):
        if os.path.isdir(name_or_path):
            check_no_columns(name_or_path, label, leave_out)
            if png_files(name_or_path):
                return read_folder(name_or_path)
            return read_shards(name_or_path) if shard_files(name_or_path) else idx(name_or_path)
        if os.path.isfile(name_or_path):
            return load_file(name_or_path, label, leave_out)
        if is_idx_set(name_or_path):
            check_no_columns(name_or_path, label, leave_out)
            return idx(name_or_path)
    raise ValueError(f"unknown data set {str(name_or_path)!r}: expected one of {', '.join(names())}, or the path of a "
                     ".npz, .npy, .csv or IDX file or of a folder of PNG or IDX files")
