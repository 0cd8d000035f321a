"""Numbers that change from sweep to sweep: the learning rate λ, and the weight β of the KL."""

import math
from functools import partial

from npvae.checks import real, whole


def at(schedule, sweep, name="the schedule"):
    """The value of a schedule in a sweep: a number stands for itself, a function is asked.

    Parameters
    ----------
    schedule : float, or callable sweep (from 0) -> float
    sweep : int
    name : str
        What it is the schedule of, for the error.

    Raises
    ------
    ValueError
        If the value is not a finite number from 0.

    Examples
    --------
    >>> at(0.1, 7), at(lambda sweep: sweep / 10, 7)
    (0.1, 0.7)
    """
    value, when = (schedule(sweep), f" in sweep {sweep}") if callable(schedule) else (schedule, "")
    try:
        return real(name, value, least=0)
    except ValueError:
        raise ValueError(f"{name} is {value!r}{when}, expected a finite number from 0") from None


def warm_up(sweeps, end=1.0):
    """β from end/sweeps up to `end` in equal steps, then `end` (Bowman et al. 2016; Sønderby et al. 2016).

    While β is small the decoder learns to use z before the KL presses q(z|x) onto the prior.

    Parameters
    ----------
    sweeps : int
        Length of the rise; with 0, β is `end` from the start.
    end : float
        1 is the ELBO; another weight is Higgins et al.'s β-VAE (2017), whose objective is no bound for β < 1.

    Returns
    -------
    beta : sweep (int, from 0) -> float

    Examples
    --------
    >>> beta = warm_up(4)
    >>> [beta(sweep) for sweep in range(6)]
    [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    """
    # partial, not a closure: a solver that holds a schedule can be pickled
    return partial(_rising, whole("sweeps of the warm-up", sweeps, least=0), real("end", end, least=0))


def cosine(start, end, sweeps):
    """λ from `start` down to `end` along half a cosine (Loshchilov & Hutter 2017), then `end`.

    Parameters
    ----------
    start, end : float
    sweeps : int
        Length of the fall.

    Returns
    -------
    rate : sweep (int, from 0) -> float

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
