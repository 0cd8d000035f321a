"""What a layer, a network and an optimizer have, those of a user as well as the package's own."""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from npvae.parts import optional


class Layer(Protocol):
    """A function x -> (y, back), or an object that is called so; where it has parameters, `arrays` and `on`."""

    def __call__(self, x: np.ndarray) -> tuple[np.ndarray, Callable]:
        """x (B, n_in) -> y (B, n_out), back: dy (B, n_out) -> dx (B, n_in).

        `back` writes the gradients of the layer's parameters, dW[...] = …, where it was given views for them.
        """

    @optional("it has no parameters")
    def arrays(self) -> dict[str, np.ndarray]:
        """-> {name: array}, the parameters."""

    @optional("it has no parameters")
    def on(self, parameters, prefix: str = "", gradient: bool = True) -> "Layer":
        """parameters, prefix, gradient -> the same layer on the views parameters[prefix + name].

        `back` writes into parameters.gradient(prefix + name); without `gradient` it writes nothing.
        """

    @property
    @optional("log p(x) is integrated by boxes or a grid, never in closed form")
    def affine(self) -> bool:
        """-> True if y is affine in x."""

    @property
    @optional("quadrature takes many nodes, as for relu")
    def smooth(self) -> bool:
        """-> True if y has all derivatives."""


class Network(Protocol):
    """A layer with parameters, such as `mlp` and `chain` make: a decoder z -> g, or an encoder x -> q."""

    def __call__(self, x: np.ndarray) -> tuple[np.ndarray, Callable]:
        """x (B, n_in) -> y (B, n_out), back: dy (B, n_out) -> dx (B, n_in).

        An encoder, behind which nothing stands, may return None for dx.
        """

    def arrays(self) -> dict[str, np.ndarray]:
        """-> {name: array}, the parameters."""

    def on(self, parameters, prefix: str = "", gradient: bool = True) -> "Network":
        """parameters, prefix, gradient -> the same network on the views parameters[prefix + name]."""


class Optimizer(Protocol):
    """What `optimizer(value, grad, learning_rate, maximize=True)` makes, of a class or a function."""

    def step(self) -> None:
        """-> None; moves value (n,) in place along grad (n,), uphill if maximize."""

    @property
    def learning_rate(self) -> float:
        """-> λ, which a schedule sets."""

    @optional("its arrays and numbers are saved, but for value, grad and learning_rate")
    def arrays(self) -> dict[str, np.ndarray]:
        """-> {name: array}, what it remembers from step to step, copied."""

    @optional("its arrays and numbers are put back")
    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """{name: array} -> None; takes up what `arrays` gave."""

    @optional("after a divergence its arrays and numbers are those of the start")
    def forget(self) -> None:
        """-> None; begins anew."""
