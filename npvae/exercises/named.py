"""A name for a function that is written in one line: the mistake that it makes."""

from collections.abc import Callable


def named(mistake: str, f: Callable) -> Callable:
    """f, called by its mistake: a variant for the misconceptions of a task.

    >>> named("the root is missing", lambda x: x).__name__
    'the root is missing'
    """
    f.__name__ = mistake
    return f
