"""Numbers that a user gave, checked where they come in."""

import math
import numbers


class NotFittedError(ValueError, AttributeError):
    """Asked for what only `fit` can give; both kinds, as in scikit-learn, so that `hasattr` says no."""


def whole(name, number, least=1, most=math.inf):
    """The number as an int, or a ValueError unless it is a whole number from `least` to `most`.

    >>> whole("batch_size", 64)
    64
    >>> whole("batch_size", 0)
    Traceback (most recent call last):
    ValueError: batch_size is 0, expected a whole number from 1
    """
    if isinstance(number, bool) or not isinstance(number, numbers.Integral) or not least <= number <= most:
        to = "" if most == math.inf else f" to {most}"
        raise ValueError(f"{name} is {number!r}, expected a whole number from {least}{to}")
    return int(number)


def positive(name, number, most=math.inf):
    """The number, or a ValueError unless it is positive, finite and at most `most`.

    >>> positive("learning_rate", 0.1)
    0.1
    >>> positive("learning_rate", float("nan"))
    Traceback (most recent call last):
    ValueError: learning_rate is nan, expected a positive finite number
    """
    if isinstance(number, bool) or not isinstance(number, numbers.Real) or not 0 < number < math.inf or number > most:
        end = "" if most == math.inf else f" up to {most:g}"
        raise ValueError(f"{name} is {number!r}, expected a positive finite number{end}")
    return number
