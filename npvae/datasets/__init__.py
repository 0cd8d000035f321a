"""Data to learn from: embedded digits, toy generators with a known truth, and loaders for a user's own files."""

import os

from .dataset import Dataset, split
from .description import describe
from .digits import digits
from .files import check_no_columns, load_file
from .idx_files import idx, read_idx
from .toys import linear_gaussian, mixture, pinwheel, ring, spiral, two_moons

__all__ = ["Dataset", "digits", "linear_gaussian", "mixture", "two_moons", "pinwheel", "ring", "spiral",
           "load", "describe", "names", "load_file", "idx", "read_idx", "split"]

_BUILT_IN = {make.__name__: make for make in (digits, linear_gaussian, mixture, two_moons, pinwheel, ring, spiral)}


def names():
    """Return the names that load knows.

    Examples
    --------
    >>> names()
    ('digits', 'linear_gaussian', 'mixture', 'two_moons', 'pinwheel', 'ring', 'spiral')
    """
    return tuple(_BUILT_IN)


def load(name_or_path, label=None, leave_out=()):
    """Return a data set by its name, or from a file or a folder of IDX files.

    Parameters
    ----------
    name_or_path : str or Path
        One of names(), else a path: a name wins over a file of that name, which ./name reaches.
    label : str or int, optional
    leave_out : str, int or a sequence of them
        Columns of a .csv file, as in `load_file`.

    Returns
    -------
    Dataset

    Raises
    ------
    ValueError
        Neither a known name nor a path that is there, or load_file or idx cannot read it.

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
            return idx(name_or_path)
        if os.path.isfile(name_or_path):
            return load_file(name_or_path, label, leave_out)
    raise ValueError(f"unknown data set {str(name_or_path)!r}: expected one of {', '.join(names())}, or the path of a "
                     ".npz, .npy, .csv or IDX file or of a folder of IDX files")
