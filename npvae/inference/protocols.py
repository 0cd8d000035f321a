"""What a posterior and a schedule have, those of a user as well as the package's own."""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from npvae.parts import optional


class Posterior(Protocol):
    """Where a datapoint's q comes from: for `AmortizedVI`, of an encoder and the model that is trained."""

    def __call__(self, x: np.ndarray, index: np.ndarray | None = None) -> tuple[np.ndarray, Callable]:
        """x (B, D), index (B,) -> q (B, R), back: dq (B, R) -> anything.

        `back` writes the gradients of the encoder's parameters, as `back` of the encoder does.
        """

    @property
    @optional("True")
    def exact_gradient(self) -> bool:
        """-> False if `back` leaves out how q depends on the encoder's row."""

    @property
    @optional("the numbers in the encoder's `arrays()`")
    def size(self) -> int:
        """-> how many numbers describe q."""


class Schedule(Protocol):
    """A function of the sweep, for λ or β."""

    def __call__(self, sweep: int) -> float:
        """sweep, from 0 -> a finite number from 0."""
