"""What a fit leaves behind: a record a sweep, or word that it has diverged."""

import numpy as np


class DivergenceError(ArithmeticError):
    """A non-finite ELBO, squared error or parameter; a solver keeps parameters from before it."""


class History(list):
    """One record (a dict) a sweep; `history["elbo"]` is a column as an array.

    Examples
    --------
    >>> History([{"sweep": 1, "elbo": -3.0}, {"sweep": 2, "elbo": -2.0}])["elbo"]
    array([-3., -2.])
    """

    def __getitem__(self, key):
        if not isinstance(key, str):
            return super().__getitem__(key)
        if self and not any(key in record for record in self):
            raise KeyError(key)
        # a sweep that was interrupted has no held-out score
        return np.array([record.get(key, np.nan) for record in self])

    def __repr__(self):
        if len(self) < 4:
            return f"History({list(self)})"
        return f"History({len(self)} sweeps, first {self[0]}, last {self[-1]})"
