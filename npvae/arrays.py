"""Arrays of numbers: those that a user gave, checked where they come in, and results, none of which is not finite."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

OUT_OF_RANGE = ("q, x or the model's parameters are beyond what floats hold: bring the data nearer to what the model "
                "generates, or take a q that fits")


def finite_array(name: str, array: ArrayLike, shape: tuple[int | str, ...]) -> np.ndarray:
    """The array, floats as they are and other numbers as float64; a ValueError unless finite and of the shape.

    In the shape an int is a size, a str the name of a size that may be any.

    Examples
    --------
    >>> finite_array("z", [[1, 2]], ("rows", 2))
    array([[1., 2.]])
    >>> finite_array("z", [[1, 2]], ("rows", 3))
    Traceback (most recent call last):
    ValueError: z has shape (1, 2), expected (rows, 3)
    """
    found = numbers(name, array)
    if found.ndim != len(shape) or any(isinstance(n, int) and n != m for n, m in zip(shape, found.shape, strict=True)):
        expected = ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "")
        raise ValueError(f"{name} has shape {found.shape}, expected ({expected})")
    if not np.isfinite(found).all():
        raise ValueError(f"{name} has values that are not finite: remove or fill in such values first")
    return found


def finite_rows(what: str, values: np.ndarray, why: str) -> np.ndarray:
    """The values (B, …), or a ValueError that names the first row with one that is not finite, and says why.

    >>> finite_rows("the ELBO", np.array([-1.0, -np.inf]), "q is too wide")
    Traceback (most recent call last):
    ValueError: the ELBO of row 1 is -inf: q is too wide
    """
    good = np.isfinite(values)
    if not good.all():
        row = int(np.argmin(good.reshape(len(values), -1).all(1)))
        found = np.ravel(values[row])[np.argmin(np.ravel(good[row]))]
        raise ValueError(f"{what} of row {row} is {found}: {why}")
    return values


def real_array(name: str, array: ArrayLike) -> np.ndarray:
    """The array as float64, or a ValueError unless it is one of real numbers; NaN and infinities are let through.

    >>> real_array("q", [[0, 1]])
    array([[0., 1.]])
    >>> real_array("q", [[0, 1], [2]])
    Traceback (most recent call last):
    ValueError: q is a list that makes no array of numbers, expected real numbers, as many in each row
    """
    try:
        found = np.asarray(array)
    except (TypeError, ValueError):
        found = None
    if found is None or found.dtype.kind not in "fiub":
        holds = "that makes no array of numbers" if found is None or found.dtype.kind == "O" else f"of {found.dtype}"
        raise ValueError(f"{name} is a {type(array).__name__} {holds}, expected real numbers, as many in each row")
    return found.astype(np.float64, copy=False)


def numbers(name: str, array: ArrayLike) -> np.ndarray:
    """The array, floats as they are and other numbers as float64, or a ValueError if it holds something else.

    >>> numbers("W", [[1, 2], [3]])
    Traceback (most recent call last):
    ValueError: W is a list that makes no array, expected numbers, as many in each row
    """
    try:
        found = np.asarray(array)
    except Exception as problem:        # whatever a list of lists or somebody's own class makes of it
        raise ValueError(f"{name} is a {type(array).__name__} that makes no array, expected numbers, as many in each "
                         "row") from problem
    if found.dtype.kind not in "fciub":
        raise ValueError(f"{name} is a {type(array).__name__} of type {found.dtype}, expected an array of numbers")
    if isinstance(array, np.ma.MaskedArray):
        raise ValueError(f"{name} is a masked array, whose mask would be lost: fill in the masked values first")
    return found if found.dtype.kind in "fc" else found.astype(np.float64)


def float_dtype(dtype: DTypeLike) -> np.dtype:
    """The dtype, or a ValueError unless it is one of real or complex floats.

    >>> float_dtype("float32")
    dtype('float32')
    >>> float_dtype(int)
    Traceback (most recent call last):
    ValueError: dtype is <class 'int'>, expected floats such as numpy.float64 or numpy.float32
    """
    try:
        found = np.dtype(dtype) if isinstance(dtype, str | type | np.dtype) else None
    except TypeError:
        found = None
    if found is None or found.kind not in "fc":
        raise ValueError(f"dtype is {dtype!r}, expected floats such as numpy.float64 or numpy.float32")
    return found


def described(a):
    """The shape and the type of what should be an array, for a message."""
    return f"shape {a.shape} and type {a.dtype}" if isinstance(a, np.ndarray) else f"type {type(a).__name__}"
