"""scikit-learn's conventions for tables and images: columns keep their names, codes come back in the table's kind.

scikit-learn is not needed, and neither is pandas, unless `set_output(transform="pandas")` asks for it.
"""

from __future__ import annotations

import importlib
import warnings

import numpy as np
from numpy.typing import ArrayLike

from npvae.checks import shown
from npvae.models.data.arrays import as_array, column_names

COLOURS = (1, 3, 4)


def rows_of(X: ArrayLike) -> tuple[np.ndarray, tuple[int, ...] | None]:
    """Data as rows (m, D): images (m, h, w) or (m, h, w, c) with 1, 3 or 4 colours are laid out flat.

    Beside them stands what an image was like, (h, w) or (h, w, c), or None for what was rows already. A ValueError for
    what is neither.

    Examples
    --------
    >>> X, shape = rows_of(np.zeros((5, 8, 6, 3)))
    >>> X.shape, shape
    ((5, 144), (8, 6, 3))
    """
    X = as_array(X)
    if X.ndim not in (3, 4) or X.size == 0:
        return X, None
    if X.ndim == 4 and X.shape[3] not in COLOURS:
        raise ValueError(f"data has shape {X.shape}, expected images (rows, height, width) or (rows, height, width, "
                         "colours) with 1, 3 or 4 colours; colours that stand first go last by X.transpose(0, 2, 3, 1)")
    shape = X.shape[1:3] if X.ndim == 3 or X.shape[3] == 1 else X.shape[1:]
    return X.reshape(len(X), -1), shape


def check_shape(model, X: np.ndarray, image_shape) -> None:
    """A ValueError if rows X (B, D), or the images that they are, have another shape than what was learned from."""
    D, expected = model.n_features_in_, model.image_shape_
    if X.ndim == 2 and X.shape[1] != D:
        # in scikit-learn's words, whose checks look for them, and in ours
        raise ValueError(f"X has {X.shape[1]} features, but {type(model).__name__} is expecting {D} features as input: "
                         f"data has {X.shape[1]} columns, expected {D}")
    if image_shape is not None and expected is not None and tuple(image_shape) != tuple(expected):
        raise ValueError(f"data are images of shape {tuple(image_shape)}, but the model has learned from images of "
                         f"shape {tuple(expected)}: give such")


def check_names(model, X) -> None:
    """A ValueError unless the columns of X are called as those that `model` has learned from, in their order.

    If only one of the two has names there is a warning.
    """
    names, known = column_names(X), getattr(model, "feature_names_in_", None)
    kind = type(model).__name__
    if known is None and names is not None:
        warnings.warn(f"X has feature names, but {kind} was fitted without feature names", stacklevel=4)
    elif names is None and known is not None:
        warnings.warn(f"X does not have valid feature names, but {kind} was fitted with feature names", stacklevel=4)
    elif names is not None and list(names) != list(known):
        raise ValueError("The feature names should match those that were passed during fit.\n"
                         + _difference(list(names), list(known)))


def _difference(names, known):
    # in scikit-learn's words, which its own checks look for
    unseen, missing = sorted(set(names) - set(known)), sorted(set(known) - set(names))
    text = ""
    for title, odd in (("Feature names unseen at fit time", unseen),
                       ("Feature names seen at fit time, yet now missing", missing)):
        if odd:
            text += f"{title}:\n" + "".join(f"- {name}\n" for name in odd[:5]) + ("- ...\n" if len(odd) > 5 else "")
    return text or "Feature names must be in the same order as they were in fit.\n"


def check_output_kind(kind: str | None) -> None:
    """A ValueError unless codes can be returned as "default", "pandas" or "polars"; None asks for no change."""
    if kind is not None and (not isinstance(kind, str) or kind not in ("default", "pandas", "polars")):
        raise ValueError(f"transform is {shown(kind)}, expected 'default', 'pandas', 'polars' or None")
    if kind in ("pandas", "polars"):
        try:
            importlib.import_module(kind)
        except ImportError as problem:
            raise ValueError(f"transform is {kind!r}, but {kind} is not installed: install it, or expect arrays with "
                             "'default'") from problem


def as_output(kind: str, codes: np.ndarray, X, names: np.ndarray):
    """Codes (B, K) as an array, or as a table with these names of columns, a pandas one with the index of X."""
    if kind == "pandas":
        index = X.index if hasattr(X, "iloc") else None
        return importlib.import_module("pandas").DataFrame(codes, index=index, columns=names, copy=False)
    if kind == "polars":
        return importlib.import_module("polars").DataFrame(codes, schema=list(names), orient="row")
    return codes
