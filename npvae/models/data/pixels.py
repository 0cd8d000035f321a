"""In which units a learner reads numbers: uint8 are pixels 0 … 255, floats are what they are."""

import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from npvae.checks import positive, real, truth
from npvae.files import release
from npvae.models.data.batches import ROWS

PIXELS = 255.0


class Scale(NamedTuple):
    """What integers are divided by before a model sees them; floats are in the model's units already."""

    divisor: float = PIXELS         # of uint8, or, if `given`, of integers of any kind
    given: bool = False             # whether the user has said so
    # in the model's units, if it has learned from integers that were divided: floats far beyond it are those integers
    greatest: float | None = None

    def read(self, X: np.ndarray) -> np.ndarray:
        """X in the model's units; uint8 to be divided by 255 stay as they are, on disk too, for `take` does that.

        A ValueError for floats, or integers that are not divided, which the model would read as something else; a
        warning for what looks like pixels 0 … 255 if it has learned from numbers in [0, 1].
        """
        if X.ndim == 0 or X.size == 0:
            return X
        if X.dtype == np.uint8 or self.given and X.dtype.kind in "iu":
            if self.divisor == 1:
                return X.astype(np.float64) if X.dtype == np.uint8 else X
            return X if X.dtype == np.uint8 and self.divisor == PIXELS else X / self.divisor
        if self.greatest is not None and X.dtype.kind in "iuf":
            self._refuse_other_units(X)
        elif self.divisor == PIXELS and not self.given and X.dtype.kind in "iuf":
            _warn_of_pixels(X)
        return X

    def _refuse_other_units(self, X):
        _, top = _extremes(X)
        if top > 2 * max(self.greatest, 1.0) or top > 2 * self.greatest and _are_whole(X):
            kind = "integers" if self.given else "uint8"
            raise ValueError(f"data has {X.dtype} values up to {top:.6g}, but the model has learned from {kind} "
                             f"divided by {self.divisor:g}, up to {self.greatest:.3g}: divide these, too, "
                             f"X / {self.divisor:g}, or give them as {kind}")


def _warn_of_pixels(X):
    # the first rows will tell; divisor is 255 of what was learned in [0, 1]
    least, greatest = _extremes(X[:ROWS])
    if least >= 0 and 128 <= greatest <= 255:
        warnings.warn(f"data has {X.dtype} values up to {greatest:.6g}, but the model has learned from numbers in "
                      "[0, 1]: if these are pixels 0 … 255, divide them by 255, X / 255, or give them as uint8",
                      stacklevel=3)


def learned_scale(X: np.ndarray, scale: float | None = None) -> Scale:
    """The `Scale` of a learner that learns from X (m, D): the one asked for, or what its numbers say.

    Without `scale`, uint8 are divided by 255 if X is uint8 or lies in [0, 1], where such images would be; after data
    of another range uint8 are taken as they are, as other integers always are. Floats that look like pixels draw a
    warning.

    Examples
    --------
    >>> learned_scale(np.array([[0, 255]], np.uint8)).divisor, learned_scale(np.array([[1, 5]])).divisor
    (255.0, 1.0)
    """
    divisor = PIXELS if scale is None else positive("scale", scale)
    if X.ndim == 0 or X.size == 0:
        return Scale(divisor, scale is not None)
    if X.dtype == np.uint8 or scale is not None and X.dtype.kind in "iu":
        return Scale(divisor, scale is not None, float(_extremes(X)[1]) / divisor if divisor != 1 else None)
    if scale is not None:
        return Scale(divisor, True)
    least, greatest = _extremes(X)
    if X.dtype.kind == "f" and least >= 0 and 128 <= greatest <= 255 and _are_whole(X):
        warnings.warn(f"data are floats that look like pixels 0 … 255 (whole, up to {greatest:g}): divide them by 255, "
                      "or give them as uint8; scale=1 says that they are meant as they are", stacklevel=2)
    return Scale(PIXELS if least >= 0 and greatest <= 1 else 1.0)


def common_scale(found: Scale, gather: Callable | None) -> Scale:
    """The `Scale` of data that lie on several ranks, of that of each; `gather` gives all of them, None if it is one."""
    if gather is None:
        return found
    every = gather(found)
    greatest = [scale.greatest for scale in every if scale.greatest is not None]
    if len({scale.greatest is None for scale in every}) > 1:
        raise ValueError("some ranks have integers that are to be divided, and some have floats: expected one kind")
    return Scale(min(scale.divisor for scale in every), found.given, max(greatest, default=None))


def _are_whole(X):
    return all((block % 1 == 0).all() for block in _blocks(X))


def _extremes(X):
    # the least and the greatest; NaN, of which others complain, is neither less nor greater than anything
    ends = [(block.min(), block.max()) for block in _blocks(X)]
    return min(least for least, _ in ends), max(greatest for _, greatest in ends)


def _blocks(X):
    for i in range(0, len(X), ROWS):
        yield np.asarray(X[i:i + ROWS])
        release(X)


def stored_scale(numbers) -> Scale:
    """The `Scale` in a model file, or a ValueError if it is none."""
    divisor, given, greatest = numbers
    greatest = None if greatest is None else real("scale", greatest)
    return Scale(positive("scale", divisor), truth("scale", given), greatest)
