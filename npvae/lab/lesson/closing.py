"""The claims at a notebook's end: they hold as it stands, and say so without an error where a reader has changed it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np


@contextmanager
def closing() -> Iterator[Callable]:
    """A context whose `holds(claim, comparison, because="…")` says which claims hold; nothing in it ends in an error.

    The comparison is a bool, or an array of bools that all have to be true. What cannot be computed any more ends the
    context with the error's words.

    >>> with closing() as holds:
    ...     holds("the parts add up", abs(0.1 + 0.2 - 0.3) < 1e-12)
    ...     holds("the wide q is the worse one", 2.0 < 1.0, because="log_sigma was raised")
    changed: "the wide q is the worse one" no longer holds, because log_sigma was raised
    1 of 2 claims hold.
    """
    asked, held = [], []

    def holds(claim: str, comparison: bool | np.ndarray, because: str = "a number above was changed") -> None:
        asked.append(claim)
        answer = np.asarray(comparison)
        if answer.dtype != bool or not answer.size:
            raise ValueError(f"the claim rests on {comparison!r}: pass a comparison, True or False")
        if answer.all():
            held.append(claim)
        else:
            print(f'changed: "{claim}" no longer holds, because {because}')

    try:
        yield holds
    except Exception as error:
        where = f'after "{asked[-1]}"' if asked else "before the first claim"
        print(f"changed: {where} something can no longer be computed ({type(error).__name__}: {error})")
        asked.append(where)
    print(f"All {len(asked)} claims hold." if held == asked else f"{len(held)} of {len(asked)} claims hold.")
