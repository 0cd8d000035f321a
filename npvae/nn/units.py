"""Between the data's units and unit scale: what lets one learning rate serve data in metres, grey levels or years.

A decoder ends in `Unstandardise`, an encoder stands inside `Standardised`. Their centre and scale are constants of the
model: no gradient moves them, and log p(x) stays in the data's units, for g(z) is.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from npvae.arrays import finite_array
from npvae.checks import shown
from npvae.nn.layers import Affine
from npvae.nn.parameters import Parameters
from npvae.parts import is_own


@dataclass(frozen=True)
class Unstandardise:
    """y = center + scale · x: the last layer of a decoder, from unit scale to the data's units.

    Parameters
    ----------
    center : array (D,)
        In the data's units, e.g. the mean x̄.
    scale : float
        The data's standard deviation.

    Examples
    --------
    >>> y, back = Unstandardise(np.array([170.0]), 10.0)(np.array([[-1.0], [0.0]]))
    >>> y.ravel(), back(np.ones((2, 1))).ravel()
    (array([160., 170.]), array([10., 10.]))
    """

    center: np.ndarray
    scale: np.ndarray
    affine, smooth = True, True
    in_data_units = True

    def __post_init__(self):
        _check(self.center, self.scale)

    def __call__(self, x: np.ndarray) -> tuple[np.ndarray, Callable]:   # x (B, D)
        # y = c + s x;  dx = s dy
        y = x * self.scale
        y += self.center
        return y, lambda dy: dy * self.scale

    def arrays(self) -> dict:
        """No parameters: centre and scale are constants."""
        return {}

    def on(self, parameters: Parameters, prefix: str = "", gradient: bool = True) -> "Unstandardise":
        """The same layer in the dtype of `parameters`."""
        return replace(self, **_cast(self, parameters.value.dtype))

    def __repr__(self):
        return f"Unstandardise({np.size(self.center)})"


@dataclass(frozen=True)
class Standardised:
    """network((x − center) / scale): an encoder that meets every data set at mean 0 and unit scale.

    The network's parameters keep their names; center and scale are as in `Unstandardise`.

    Examples
    --------
    >>> from npvae.nn import mlp
    >>> Standardised(mlp([2, 3]), np.array([170.0, 60.0]), 10.0)
    Standardised(chain(Affine(2, 3)))
    """

    network: Callable
    center: np.ndarray
    scale: np.ndarray
    in_data_units = True

    def __post_init__(self):
        if not callable(self.network) or isinstance(self.network, type):
            raise ValueError(f"network is {shown(self.network)}, expected a callable that returns (y, back)")
        _check(self.center, self.scale)
        reads_data = not getattr(getattr(self.network, "layers", (self.network,))[0], "input_gradient", True)
        object.__setattr__(self, "_reads_data", reads_data)

    def __call__(self, x: np.ndarray) -> tuple[np.ndarray, Callable]:   # x (B, D)
        y, back = self.network((x - self.center) / self.scale)
        if self._reads_data:
            return y, back

        def back_to_x(dy):
            # dx = dy ∂y/∂u / s; a network that reads data behind its first layer returns none
            du = back(dy)
            return None if du is None else du / self.scale

        return y, back_to_x

    @property
    def layers(self) -> tuple:
        """The layers of the network."""
        return self.network.layers

    def arrays(self) -> dict:
        """The network's parameters by name; a function has none."""
        return self.network.arrays() if hasattr(self.network, "arrays") else {}

    def on(self, parameters: Parameters, prefix: str = "", gradient: bool = True) -> "Standardised":
        """The same with the network's views in `parameters`."""
        return Standardised(self.network.on(parameters, prefix, gradient), **_cast(self, parameters.value.dtype))

    def __repr__(self):
        return f"Standardised({self.network})"


def _check(center, scale):
    finite_array("center", center, ("columns",))
    if not (finite_array("scale", scale, ()).real > 0):
        raise ValueError(f"scale is {scale}, expected a positive number, e.g. the data's standard deviation")


def folded(network: Callable) -> Callable:
    """The same function, with an `Unstandardise` behind an affine layer made part of it: one pass less, held fixed.

    Examples
    --------
    >>> from npvae.nn import chain
    >>> folded(chain(Affine(np.eye(2), np.zeros(2)), Unstandardise(np.ones(2), 3.0))).layers[0].W
    array([[3., 0.],
           [0., 3.]])
    """
    layers = getattr(network, "layers", ())
    if len(layers) < 2 or not (type(layers[-1]) is Unstandardise and type(layers[-2]) is Affine):
        return network
    affine, units = layers[-2:]
    # c + s (xW + b) = x (sW) + (c + sb)
    return replace(network, layers=(*layers[:-2], Affine(affine.W * units.scale, units(affine.b)[0])))


def _cast(layer, dtype):
    # what is beyond the dtype is refused as not finite
    with np.errstate(over="ignore"):
        return {"center": np.asarray(layer.center, dtype), "scale": np.asarray(layer.scale, dtype)[()]}


def as_drawn(network: Callable) -> bool:
    """Whether the affine layers of a network, one at least, all hold the weights that were drawn at random for them."""
    # asked of no class by name, which another copy of the module would not be
    layers = [layer for layer in getattr(network, "layers", (network,)) if hasattr(layer, "drawn")]
    return bool(layers) and not is_own(network) and all(layer.as_drawn for layer in layers)
