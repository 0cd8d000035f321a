"""Early stopping: rows that no gradient sees say when the fit has begun to overfit."""

import math

import numpy as np

from npvae.checks import real, whole


class EarlyStopping:
    """Keep the parameters of the best sweep, and say when `patience` sweeps have brought none better.

    The vector that is being trained goes on from where it is; only `finish` puts the best one in its place, and
    `go_on` puts it back, so that a fit in two parts is the same as one.

    Parameters
    ----------
    value : array (n,)
        The parameters, watched and changed in place.
    patience
        Sweeps without a better score.

    Examples
    --------
    >>> value = np.array([1.0])
    >>> stopping, stop = EarlyStopping(value, patience=2), []
    >>> for score in (-3.0, -1.0, -2.0, -2.5):
    ...     stop.append(stopping(score))
    ...     value += 1
    >>> stopping.finish()
    >>> stop, value
    ([False, False, False, True], array([2.]))
    """

    def __init__(self, value: np.ndarray, patience: int):
        self.value, self.patience = value, whole("patience", patience)
        self.best_score, self.waited = -math.inf, 0
        self.best, self.last = value.copy(), None

    def __call__(self, score: float) -> bool:
        """Note the held-out score (higher is better) after a sweep; True if it is time to stop."""
        self.waited += 1
        if score > self.best_score:
            self.best_score, self.waited = score, 0
            self.best[...] = self.value
        return self.exhausted

    @property
    def exhausted(self) -> bool:
        """Whether `patience` sweeps have passed without a better score."""
        return self.waited >= self.patience

    def finish(self) -> None:
        """Put the best parameters in place, and remember the last ones."""
        if self.last is None and math.isfinite(self.best_score):
            self.last = self.value.copy()
            self.value[...] = self.best

    def go_on(self) -> None:
        """Put the last parameters back, to train on from there."""
        if self.last is not None:
            self.value[...] = self.last
            self.last = None

    def arrays(self) -> dict[str, np.ndarray]:
        """All of it by name, for saving."""
        return {"best": self.best.copy(), "last": self.value.copy() if self.last is None else self.last.copy(),
                "score": np.array([self.best_score, self.waited])}

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Take up what `arrays` gave, the training finished for now."""
        self.best[...], self.last = arrays["best"], np.array(arrays["last"], self.value.dtype)
        self.best_score, self.waited = float(arrays["score"][0]), int(arrays["score"][1])


def hold_out(m: int, fraction: float, seed: int) -> tuple[np.ndarray | None, np.ndarray]:
    """Split the row numbers 0 … m − 1 at random into rows to train on and rows to hold out, both sorted.

    For a fraction of 0 nothing is split: None, and no rows. A ValueError for one that is not from 0 to less than 1, or
    if one part would be empty.

    Examples
    --------
    >>> [len(rows) for rows in hold_out(10, 0.2, seed=0)]
    [8, 2]
    """
    if real("the held-out fraction", fraction, 0, 1) == 1:
        raise ValueError(f"the held-out fraction is {fraction}, expected a number from 0 to less than 1")
    if fraction == 0:
        return None, np.arange(0)
    n = max(1, round(fraction * m))
    if n >= m:
        raise ValueError(f"{fraction:g} of {m} rows held out leaves none to train on: give more rows")
    # a generator of its own: the fit's draws do not depend on whether rows are held out
    order = np.random.default_rng([seed, 1]).permutation(m)
    return np.sort(order[n:]), np.sort(order[:n])
