"""Misconceptions of a log-sum-exp or a softmax: what is taken off before the exponential is not the row's greatest."""

import numpy as np

from npvae.exercises.misconceptions import mistake

_SHIFTS = {
    "mean for greatest": (lambda a, axis: a.mean(axis, keepdims=True),
                          "a mean is taken off before the exponential: where one number lies far above the rest, what "
                          "is left of it is still large, and its exp overflows."),
    "least for greatest": (lambda a, axis: a.min(axis, keepdims=True),
                           "the least number is taken off before the exponential: where others lie far above it, their "
                           "exp overflows."),
    "absolute greatest": (lambda a, axis: np.abs(a).max(axis, keepdims=True),
                          "the greatest absolute value is taken off: where all numbers are very negative that makes "
                          "them more so, and each exp underflows to 0."),
    "one greatest for all": (lambda a, axis: a.max(),
                             "one greatest number is taken off all rows: a row far below it underflows, each needs "
                             "its own."),
}


def wrong_shifts(build, names=tuple(_SHIFTS)):
    """Entries of misconceptions; `build(shift)` is the wrong answer that takes off shift(a, axis), the axis kept."""
    return [mistake(name, build(_SHIFTS[name][0]), _SHIFTS[name][1]) for name in names]
