"""Numbers, seeds and paths that a user gave, checked where they come in: what is returned is what is to be used."""

import math
import numbers
import operator
import os
import re
from decimal import Decimal
from pathlib import Path

import numpy as np

LARGEST = 10**9     # rows, columns or numbers: an array of more is a slip, and NumPy's own words for it say little


class NotFittedError(ValueError, AttributeError):
    """Asked for what only `fit` can give; both kinds, as in scikit-learn, so that `hasattr` says no."""


def whole(name: str, number, least: int = 1, most: float = math.inf) -> int:
    """The number as an int, or a ValueError unless it is a whole number from `least` to `most`.

    >>> whole("batch_size", np.uint8(64))
    64
    >>> whole("batch_size", 0)
    Traceback (most recent call last):
    ValueError: batch_size is 0, expected a whole number from 1
    """
    try:
        # no truth values, and no floats: what rounds them is not said
        found = None if isinstance(number, bool | np.bool_) else operator.index(number)
    except TypeError:
        found = None
    if found is None or not least <= found <= most:
        to = "" if most == math.inf else f" to {most}"
        raise ValueError(f"{name} is {shown(number)}, expected a whole number from {least}{to}")
    return found


def shown(value) -> str:
    """The value's repr for a message, in one line, cut where it is long, without an address.

    >>> shown(np.zeros(1000))[:20]
    'array([0., 0., 0., 0'
    >>> shown(object())
    '<object object>'
    """
    text = re.sub(r" at 0x[0-9a-fA-F]+>", ">", " ".join(repr(value).split()))
    return text if len(text) <= 200 else text[:200] + " …"


def wholes(name: str, sequence, least: int = 1) -> list[int]:
    """The sequence as a list of ints, or a ValueError unless it is one of whole numbers from `least`.

    >>> wholes("hidden", np.array([64, 32], np.uint8))
    [64, 32]
    >>> wholes("hidden", 64)
    Traceback (most recent call last):
    ValueError: hidden is 64, expected a sequence of whole numbers, e.g. (64,)
    """
    try:
        # sets and dicts have no order to rely on
        items = None if isinstance(sequence, str | bytes | set | frozenset | dict) else list(sequence)
    except TypeError:
        items = None
    if items is None:
        raise ValueError(f"{name} is {shown(sequence)}, expected a sequence of whole numbers, e.g. (64,)")
    return [whole(f"a number of {name}", item, least) for item in items]


def real(name: str, number, least: float = -math.inf, most: float = math.inf) -> float:
    """The number as a float, or a ValueError unless it is a finite real number from `least` to `most`.

    >>> real("held_out", np.float16(0.5), 0, 1)
    0.5
    >>> real("held_out", "0.5", 0, 1)
    Traceback (most recent call last):
    ValueError: held_out is '0.5', expected a finite number from 0 to 1
    """
    found = _as_float(number)
    if not least <= found <= most or math.isinf(found):
        bounds = ("" if least == -math.inf else f" from {least:g}") + ("" if most == math.inf else f" to {most:g}")
        raise ValueError(f"{name} is {shown(number)}, expected a finite number{bounds}")
    return found


def positive(name: str, number, most: float = math.inf) -> float:
    """The number as a float, or a ValueError unless it is positive, finite and at most `most`.

    >>> positive("learning_rate", 0.1)
    0.1
    >>> positive("learning_rate", float("nan"))
    Traceback (most recent call last):
    ValueError: learning_rate is nan, expected a positive finite number
    """
    found = _as_float(number)
    if not 0 < found < math.inf or found > most:
        end = "" if most == math.inf else f" up to {most:g}"
        raise ValueError(f"{name} is {shown(number)}, expected a positive finite number{end}")
    return found


def _as_float(number):
    # NaN for what is no real number; an array without dimensions is one
    if isinstance(number, np.ndarray) and number.shape == ():
        number = number[()]
    if isinstance(number, bool | np.bool_) or not isinstance(number, numbers.Real | Decimal):
        return math.nan
    try:
        return float(number)
    except (OverflowError, ValueError, TypeError):     # of NumPy's own kinds of numbers, a time span is none
        return math.nan


def truth(name: str, value) -> bool:
    """The value as a bool, or a ValueError unless it is True or False.

    >>> truth("learn", np.True_), truth("learn", False)
    (True, False)
    """
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name} is {shown(value)}, expected True or False")
    return bool(value)


def as_generator(rng: np.random.Generator | int, name: str = "rng") -> np.random.Generator:
    """A numpy.random.Generator: the one given, or the one that a seed stands for; else a ValueError.

    >>> bool(as_generator(0).integers(10) == np.random.default_rng(0).integers(10))
    True
    >>> as_generator("0")
    Traceback (most recent call last):
    ValueError: rng is '0', expected a numpy.random.Generator or a seed, a whole number from 0
    """
    if isinstance(rng, np.random.Generator):
        return rng
    try:
        return np.random.default_rng(whole(name, rng, least=0))
    except ValueError:
        raise ValueError(f"{name} is {shown(rng)}, expected a numpy.random.Generator or a seed, a whole number from "
                         "0") from None


def _can_be_named(text):
    # a lone surrogate has no bytes, and no system has names of more than 255
    try:
        return max(len(os.fsencode(part)) for part in text.split(os.sep)) <= 255
    except UnicodeEncodeError:
        return False


def as_path(path: str | os.PathLike, name: str = "path") -> Path:
    """The path as a Path, or a ValueError unless it is a str or a Path that can name a file.

    >>> as_path(None)
    Traceback (most recent call last):
    ValueError: path is None, expected the path of a file as a str or a Path
    """
    text = os.fspath(path) if isinstance(path, str | os.PathLike) else b""
    if not isinstance(text, str) or not text or "\0" in text or not _can_be_named(text):
        raise ValueError(f"{name} is {shown(path)}, expected the path of a file as a str or a Path")
    return Path(text)
