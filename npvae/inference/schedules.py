"""Numbers that change from sweep to sweep: the learning rate λ, and the weight β of the KL."""

import math
from collections.abc import Callable
from functools import partial

from npvae.checks import real, whole


def at(schedule: float | Callable[[int], float], sweep: int, name: str = "the schedule") -> float:
    """The value of a schedule in a sweep, counted from 0: a number stands for itself, a function is asked.

    A ValueError, with the name, if the function fails or the value is not a finite number from 0.

    Examples
    --------
    >>> at(0.1, 7), at(lambda sweep: sweep / 10, 7)
    (0.1, 0.7)
    """
    value, when = schedule, ""
    if callable(schedule):
        when = f" in sweep {sweep}"
        try:
            value = schedule(sweep)
        except Exception as problem:
            raise ValueError(f"{name} fails{when} ({type(problem).__name__}: {problem}), expected a finite number from "
                             "0") from problem
    try:
        return real(name, value, least=0)
    except ValueError:
        raise ValueError(f"{name} is {value!r}{when}, expected a finite number from 0") from None


def warm_up(sweeps: int, end: float = 1.0) -> Callable[[int], float]:
    """β from end/sweeps up to `end` in equal steps, then `end` (Bowman et al. 2016; Sønderby et al. 2016).

    While β is small the decoder learns to use z before the KL presses q(z|x) onto the prior. With 0 sweeps β is `end`
    from the start; an `end` of 1 is the ELBO, another is Higgins et al.'s β-VAE (2017), no bound for β < 1.

    Examples
    --------
    >>> beta = warm_up(4)
    >>> [beta(sweep) for sweep in range(6)]
    [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    """
    # partial, not a closure: a solver that holds a schedule can be pickled
    return partial(_rising, whole("sweeps of the warm-up", sweeps, least=0), real("end", end, least=0))


def cosine(start: float, end: float, sweeps: int) -> Callable[[int], float]:
    """λ from `start` down to `end` along half a cosine of so many sweeps, then `end` (Loshchilov & Hutter 2017).

    Examples
    --------
    >>> rate = cosine(0.1, 0.0, 4)
    >>> [round(rate(sweep), 4) for sweep in range(6)]
    [0.1, 0.0854, 0.05, 0.0146, 0.0, 0.0]
    """
    return partial(_falling, real("start", start, least=0), real("end", end, least=0),
                   whole("sweeps of the fall", sweeps, least=0))


def _rising(sweeps, end, sweep):
    # β = end · min(1, (s + 1)/sweeps)
    return end * min(1.0, (sweep + 1) / sweeps) if sweeps else end


def _falling(start, end, sweeps, sweep):
    # λ = end + (start − end) · ½ (1 + cos π s/sweeps)
    done = min(1.0, sweep / sweeps) if sweeps else 1.0
    return end + (start - end) * 0.5 * (1 + math.cos(math.pi * done))
