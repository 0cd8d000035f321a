"""An optimizer of the user's: what it must do, and what of it is saved.

It is a class, or a function, that is called as `optimizer(value, grad, learning_rate, maximize=True)`. What it returns
has `step()`, which moves `value` (n,) in place along `grad` (n,), and `learning_rate`, which a schedule sets.

Its state is what it holds in arrays and numbers; one that holds it elsewhere has `arrays()` and `restore(arrays)`.
"""

from collections.abc import Callable

import numpy as np

from npvae.checks import shown
from npvae.nn.protocols import Optimizer
from npvae.parts import asked, check_members, has


def check_optimizer(optimizer: Callable | None) -> None:
    """A ValueError unless an optimizer climbs a few numbers in place; None is Adam.

    Examples
    --------
    >>> check_optimizer(lambda value, grad, learning_rate, maximize: value + learning_rate * grad)
    Traceback (most recent call last):
    ValueError: the optimizer <lambda> returns a ndarray without step(): ...
    """
    if optimizer is None:
        return
    if not callable(optimizer):
        raise ValueError(f"optimizer is {shown(optimizer)}, expected a class such as npvae.SGD, called as "
                         "optimizer(value, grad, learning_rate, maximize=True)")
    value, uphill, name = np.zeros(5), np.array([1.0, -2.0, 0.5, 1.0, -1.0]), name_in_file(optimizer)
    try:
        found = optimizer(value, uphill.copy(), 0.1, maximize=True)
    except Exception as problem:
        raise ValueError(f"the optimizer {name} is not called as optimizer(value, grad, learning_rate, maximize=True): "
                         f"{type(problem).__name__}: {problem}") from problem
    for part, words in (("step", "step()"), ("learning_rate", "a learning_rate")):
        if not has(found, Optimizer, part):
            raise ValueError(f"the optimizer {name} returns a {type(found).__name__} without {words}: it moves value "
                             "in place by step(), and a schedule sets its learning_rate")
    check_members("optimizer", found, Optimizer, "npvae.SGD")
    asked(found, Optimizer, "step")
    if not value.any():
        raise ValueError(f"the optimizer {name} leaves value as it is: step() has to change it in place, value += …")
    if not np.isfinite(value).all():
        raise ValueError(f"the optimizer {name} makes value {value[~np.isfinite(value)][0]}, expected finite numbers")
    if not value @ uphill > 0:
        raise ValueError(f"the optimizer {name} walks downhill: with maximize=True it adds λ ∇")
    try:
        found.learning_rate = 0.05
        if found.learning_rate != 0.05:
            raise ValueError(f"learning_rate is {found.learning_rate} after it was set to 0.05")
        take_up_state(found, state_of(found))
    except Exception as problem:
        raise ValueError(f"the optimizer {name} cannot be saved and set: a schedule sets its learning_rate, and its "
                         f"state is arrays and numbers ({type(problem).__name__}: {problem})") from problem


def name_in_file(own: Callable) -> str:
    """What an own part is called in a file."""
    if hasattr(own, "func"):
        return f"partial of {name_in_file(own.func)}"
    return getattr(own, "__name__", type(own).__name__)


def state_of(optimizer: object) -> dict[str, np.ndarray]:
    """Copies of its arrays and numbers by name, but for what it moves and λ; or what its `arrays()` gives."""
    if hasattr(optimizer, "arrays"):
        return optimizer.arrays()
    return {name: np.array(a) for name, a in vars(optimizer).items() if _is_state(optimizer, name, a)}


def take_up_state(optimizer: object, arrays: dict) -> None:
    """Put what `state_of` gave back into an optimizer of the same kind; a ValueError if it does not fit."""
    expected = {name: a.shape for name, a in state_of(optimizer).items()}
    got = {name: np.shape(a) for name, a in arrays.items()}
    if got != expected:
        raise ValueError(f"the optimizer's state has {got}, expected {expected}: hand over the optimizer of that run")
    if hasattr(optimizer, "restore"):
        optimizer.restore(arrays)
        return
    for name, a in arrays.items():
        now = getattr(optimizer, name)
        if isinstance(now, np.ndarray):
            now[...] = a
        else:
            setattr(optimizer, name, type(now)(a))


def _is_state(optimizer, name, a):
    if isinstance(a, np.ndarray):
        moved = [getattr(optimizer, part, None) for part in ("value", "grad")]
        return not any(a is part for part in moved)
    return isinstance(a, int | float) and not isinstance(a, bool) and name != "learning_rate"
