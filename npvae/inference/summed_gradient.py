"""The step on several ranks: an optimizer behind the sum of their gradients, ∇ ← Σ_r w_r ∇_r."""

import numpy as np

from npvae.inference.own_optimizer import state_of, take_up_state
from npvae.inference.ranks import Ranks


class SummedGradient:
    """An optimizer that moves the same vector on every rank, along the gradient's mean over all of them.

    Parameters
    ----------
    optimizer
        With `step()` and a `learning_rate`, over the vector `grad` (n,).

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> def doubled(sent, found):                               # two ranks with the same gradient
    ...     found[...] = 2 * sent
    >>> from npvae.nn import SGD
    >>> value, grad = np.zeros(1), np.ones(1)
    >>> ranks = Ranks(SimpleNamespace(rank=0, size=2, Allreduce=doubled))
    >>> ranks.weight = 0.5
    >>> SummedGradient(SGD(value, grad, 0.1), grad, ranks).step()
    >>> value
    array([0.1])
    """

    def __init__(self, optimizer, grad: np.ndarray, ranks: Ranks):
        self.optimizer, self.grad, self.ranks, self._fresh = optimizer, grad, ranks, state_of(optimizer)

    def step(self) -> None:
        """One step of the optimizer along Σ_r w_r ∇_r."""
        self.ranks.average(self.grad)
        self.optimizer.step()

    @property
    def learning_rate(self) -> float:
        """That of the optimizer."""
        return self.optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, rate):
        self.optimizer.learning_rate = rate

    def arrays(self) -> dict:
        """Its state, the same on every rank."""
        return state_of(self.optimizer)

    def restore(self, arrays: dict) -> None:
        """Take up what `arrays` gave."""
        take_up_state(self.optimizer, arrays)

    def forget(self) -> None:
        """Begin anew, as if no step had been taken."""
        take_up_state(self.optimizer, self._fresh)


def summed(optimizer, grad: np.ndarray, ranks: Ranks | None):
    """The optimizer, or on several ranks its `SummedGradient`."""
    return optimizer if ranks is None else SummedGradient(optimizer, grad, ranks)
