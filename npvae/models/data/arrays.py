"""What a user holds as data, as one array of real numbers: arrays, nested lists, tables with named columns.

pandas and polars are not needed: a table is known by its `columns`, `dtypes` and `to_numpy`.
"""

from __future__ import annotations

import numbers
from decimal import Decimal

import numpy as np
from numpy.typing import ArrayLike

OTHERS = {"categor": "encode them, e.g. with pandas.get_dummies, or leave the column out",
          "date": "turn them into numbers, e.g. days since the first, or leave the column out",
          "time": "turn them into numbers, e.g. seconds, or leave the column out",
          "complex": "Complex data not supported, give real and imaginary parts as two columns"}
TEXT = "if these are numbers, convert them, e.g. with pandas.to_numeric, else encode them or leave the column out"


def as_array(X: ArrayLike) -> np.ndarray:
    """The data as an array of real numbers, without a copy where possible, or a ValueError with the remedy.

    Parameters
    ----------
    X : array, nested sequence, or table
        Masked arrays and nullable columns are taken if nothing is missing in them.

    Examples
    --------
    >>> as_array([[0, 1], [2]])
    Traceback (most recent call last):
    ValueError: data is a list that makes no array: expected rows of numbers, as many in each
    """
    if is_table(X):
        return _table_values(X)
    if hasattr(X, "toarray") and not isinstance(X, np.ndarray):
        raise ValueError(f"data is a sparse {type(X).__name__}, expected an array: a network reads every number; "
                         "give X.toarray(), or a few columns of it")
    if isinstance(X, np.ma.MaskedArray):
        return _without_mask(X)
    try:
        # a memory map stays one, whose pages can be let go of
        found = X if isinstance(X, np.memmap) else np.asarray(X)
    except (TypeError, ValueError, RuntimeError) as problem:
        raise ValueError(f"data is a {type(X).__name__} that makes no array: expected rows of numbers, as many in "
                         "each") from problem
    if found.dtype.kind == "O":
        return _as_numbers(found, X)
    if found.dtype.kind == "V":
        raise ValueError(f"data has named fields {found.dtype.names}, expected an array with a row for each: give "
                         "numpy.lib.recfunctions.structured_to_unstructured(X)")
    if found.dtype.kind not in "fiub":
        raise ValueError(f"data has type {found.dtype}, expected real numbers: {_remedy(str(found.dtype))}")
    return found


def is_table(X: object) -> bool:
    """Whether X is a DataFrame, whoever made it."""
    return all(hasattr(X, name) for name in ("columns", "dtypes", "to_numpy"))


def column_names(X: object) -> np.ndarray | None:
    """The names of a table's columns as an array of str, or None if it has none.

    A ValueError if some are str and some are not, which no later table could be held against.
    """
    names = list(X.columns) if is_table(X) else []
    texts = [isinstance(name, str) for name in names]
    if any(texts) and not all(texts):
        raise ValueError(f"data has columns called {names[texts.index(True)]!r} and {names[texts.index(False)]!r}: "
                         "expected names that are all str, X.columns = X.columns.astype(str)")
    return np.array(names, dtype=object) if texts and all(texts) else None


def _table_values(X):
    dtypes = list(X.dtypes)
    if dtypes and all(isinstance(dtype, np.dtype) and dtype.kind in "fiub" for dtype in dtypes):
        return np.asarray(X.to_numpy())
    columns = [_column(name, X.iloc[:, j] if hasattr(X, "iloc") else X[name]) for j, name in enumerate(X.columns)]
    return np.stack(columns, axis=1) if columns else np.empty((len(X), 0))


def _column(name, column):
    kind = getattr(column.dtype, "kind", None)
    if kind == "O" and isinstance(column.dtype, np.dtype):
        return _as_numbers(np.asarray(column, dtype=object), column, f"column {name!r}")
    if isinstance(column.dtype, np.dtype) or kind is None:
        values = np.asarray(column.to_numpy())
    elif kind in "fiub" and "categor" not in str(column.dtype).lower():
        missing = np.flatnonzero(np.asarray(column.isna(), dtype=bool))
        if len(missing):
            raise ValueError(f"data has nothing in row {missing[0]} of column {name!r}: remove or fill in such values "
                             "first, e.g. X.dropna() or X.fillna(0)")
        values = np.asarray(column.to_numpy(getattr(column.dtype, "numpy_dtype", np.float64)))
    else:
        values = np.empty(0, object)
    if values.dtype.kind not in "fiub":
        raise ValueError(f"column {name!r} holds {column.dtype}, expected real numbers: {_remedy(str(column.dtype))}")
    return values


def _remedy(dtype):
    return next((remedy for part, remedy in OTHERS.items() if part in dtype.lower()), TEXT)


def _as_numbers(found, X, name="data"):
    # an array of Python objects that are all real numbers is one of numbers
    for place, value in np.ndenumerate(found):
        where = ", ".join(f"{axis} {i}" for axis, i in zip(("row", "column"), place, strict=False))
        where = f" in {where}" if where else ""
        if value is None or type(value).__name__ in ("NAType", "NaTType"):
            raise ValueError(f"{name} has type object with {value}{where}, expected real numbers: remove or fill in "
                             "such values first")
        if not isinstance(value, numbers.Real | Decimal | np.bool_):
            kind = "type object" if place else f"type {type(X).__name__}"
            raise ValueError(f"{name} has {kind} with a {type(value).__name__}{where}, expected real numbers: {TEXT}")
    try:
        return found.astype(np.float64)
    except (OverflowError, ValueError) as problem:
        raise ValueError(f"{name} has numbers beyond float64, expected real numbers: rescale them") from problem


def _without_mask(X):
    where = np.argwhere(np.ma.getmaskarray(X))
    if len(where):
        raise ValueError(f"data is a masked array, masked at {tuple(map(int, where[0]))}: remove or fill in the masked "
                         "values first, X.filled(0)")
    return as_array(np.ma.getdata(X))
