"""Arrays that a user gave, and the type of their numbers, checked where they come in."""

import numpy as np


def finite_array(name, array, shape):
    """The array, floats as they are and other numbers as float64; a ValueError unless finite and of the shape.

    Parameters
    ----------
    name : str
        For the message.
    array : array-like
    shape : tuple of int and str
        An int is a size, a str the name of a size that may be any.

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


def numbers(name, array):
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


def float_dtype(dtype):
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
