"""Layers one after another: `chain(layer, …)` of any, `mlp([n, …])` of affine layers and activations."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from npvae.checks import as_generator, shown, truth, wholes
from npvae.declared import is_affine, is_smooth
from npvae.nn.activations import tanh
from npvae.nn.affine import Affine
from npvae.nn.parameters import Parameters


@dataclass(frozen=True)
class Chain:
    """Layers one after another; `back` runs theirs in reverse. Made by `chain` or `mlp`.

    It is affine, or smooth, if all its layers say so of themselves (`affine = True`, `smooth = True`).
    """

    layers: tuple

    def __post_init__(self):
        if not isinstance(self.layers, tuple | list) or not self.layers:
            raise ValueError(f"chain got {shown(self.layers)}, expected at least one layer: a callable that returns "
                             "(y, back)")
        for layer in self.layers:
            if not callable(layer) or isinstance(layer, type):
                raise ValueError(f"chain got {shown(layer)}, expected layers: callables that return (y, back)")

    @property
    def affine(self) -> bool:
        """Whether y is affine in x."""
        return all(is_affine(layer) for layer in self.layers)

    @property
    def smooth(self) -> bool:
        """Whether y has all derivatives in x."""
        return all(is_smooth(layer) for layer in self.layers)

    def __call__(self, x: np.ndarray) -> tuple[np.ndarray, Callable]:
        backs = []
        for layer in self.layers:
            x, back = layer(x)
            backs.append(back)

        def back(dy):
            for layer_back in reversed(backs):
                dy = layer_back(dy)
                if dy is None:
                    # a layer that reads data needs no gradient for what stands before it
                    return None
            return dy

        return x, back

    def arrays(self) -> dict:
        """The parameters by name: `0.W`, `0.b`, `2.W`, … numbered by place, as in a PyTorch `Sequential`."""
        return {f"{i}.{n}": a for i, layer in self._parametrised() for n, a in layer.arrays().items()}

    def on(self, parameters: Parameters, prefix: str = "", gradient: bool = True) -> "Chain":
        """The same network with its views in `parameters`; without `gradient` it is held fixed."""
        moved = {i: layer.on(parameters, f"{prefix}{i}.", gradient) for i, layer in self._parametrised()}
        return replace(self, layers=tuple(moved.get(i, layer) for i, layer in enumerate(self.layers)))

    def _parametrised(self):
        return [(i, layer) for i, layer in enumerate(self.layers) if hasattr(layer, "arrays")]

    def __repr__(self):
        return "chain(" + ", ".join(getattr(layer, "__name__", repr(layer)) for layer in self.layers) + ")"


def chain(*layers: Callable) -> Chain:
    """Compose layers, the first one applied first.

    Functions x -> (y, back) such as `tanh`, or layers with parameters such as `Affine`. A layer that stands in two
    places has two sets of parameters once a model or a solver lays the network out. A ValueError for no layers, or one
    that is not callable.

    Examples
    --------
    >>> chain(Affine.random(2, 3, np.random.default_rng(0)), tanh)
    chain(Affine(2, 3), tanh)
    """
    return Chain(layers)


def mlp(sizes: Sequence[int], activation: Callable = tanh, rng: np.random.Generator | int | None = None,
        input_gradient: bool = True) -> Chain:
    """A multi-layer perceptron: affine layers with an activation between them, none after the last.

    Parameters
    ----------
    sizes : sequence of int
        Numbers of units, input first: `[2, 64, 64]` is 2 inputs, one hidden layer of 64 and 64 outputs.
    activation : layer function
        `tanh`, `relu`, `sigmoid`, `softplus` or your own.
    rng : numpy.random.Generator or int, optional
        Draws the initial weights. Without one, the sizes seed it: the same line gives the same weights.
    input_gradient : bool
        False for a network that reads data: nothing stands before it that could use the gradient.

    A ValueError for fewer than two sizes, one that is no positive integer, or an activation that is not callable.

    Examples
    --------
    >>> mlp([2, 64, 64])
    chain(Affine(2, 64), tanh, Affine(64, 64))
    """
    sizes = wholes("units", sizes)
    if len(sizes) < 2:
        raise ValueError(f"mlp got sizes {sizes}, expected two or more, e.g. [2, 64, 64]")
    if not callable(activation):
        raise ValueError(f"mlp got the activation {shown(activation)}, expected a layer function such as npvae.relu")
    input_gradient = truth("input_gradient", input_gradient)
    rng = np.random.default_rng(sizes) if rng is None else as_generator(rng)
    layers = []
    for n_in, n_out in zip(sizes, sizes[1:], strict=False):
        layers += [Affine.random(n_in, n_out, rng, input_gradient or bool(layers)), activation]
    return chain(*layers[:-1])
