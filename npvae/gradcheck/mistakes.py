"""Planting a mistake: a small patch to the source of the package's own, correct code."""

import importlib
import inspect
import textwrap
from dataclasses import dataclass


@dataclass(frozen=True)
class Mistake:
    """One mistake of the catalogue.

    Parameters
    ----------
    name : str
    target : str
        What is patched, "module:name" of a function or class.
    patches : tuple of (old, new)
        Each old text must occur exactly once in the target's source.
    check : callable (target) -> report
        With `.passed` and `.diagnosis`: the check that catches it. On the unpatched target it passes.
    where : str
        What the diagnosis must name, "" for anything.
    says : str
        What the sentence must say; "unknown" if no relation names this mistake.
    seen : str
        Where public code shipped it.
    """

    name: str
    target: str
    patches: tuple
    check: object
    where: str
    says: str
    seen: str = ""

    def right(self):
        """The package's own code."""
        module, name = self.target.split(":")
        return getattr(importlib.import_module(module), name)

    def planted(self):
        """The code with the mistake in it."""
        return plant(self.right(), *self.patches)

    def diff(self):
        """The patch, for people."""
        lines = [line for old, new in self.patches
                 for line in [*("- " + part.strip() for part in old.splitlines()),
                              *("+ " + part.strip() for part in new.splitlines())]]
        return "\n".join(lines)


def plant(thing, *patches):
    """A copy of a function or class whose source is patched, in a copy of its module's names.

    Parameters
    ----------
    thing : function or class
    *patches : pairs (old, new) of str

    Returns
    -------
    planted : function or class

    Raises
    ------
    ValueError
        If an old text does not occur exactly once: the source has changed, and the patch must follow.

    Examples
    --------
    >>> import numpy as np
    >>> from npvae.nn import tanh
    >>> plant(tanh, ("1 - y * y", "1 - x * x"))(np.array([2.0]))[1](1.0)
    array([-3.])
    """
    source = textwrap.dedent(inspect.getsource(thing))
    for old, new in patches:
        if source.count(old) != 1:
            raise ValueError(f"{old!r} occurs {source.count(old)} times in {thing.__name__}, expected once: "
                             "the source has changed, mend the patch")
        source = source.replace(old, new)
    names = dict(vars(inspect.getmodule(thing)))
    exec(compile(source, f"<{thing.__name__} with a mistake>", "exec"), names)
    return names[thing.__name__]
