"""A misconception in one expression: a wrong function with a name, and what is said of answers like it."""

from collections.abc import Callable


def mistake(name: str, variant: Callable, sentence: str) -> tuple[Callable, str]:
    """An entry of a task's misconceptions.

    >>> mistake("no half", lambda x: x * x, "the half is missing.")[0].__name__
    'no half'
    """
    variant.__name__ = name
    return variant, sentence
