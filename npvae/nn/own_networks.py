"""A network with layers of the user's own, tried at the door: each layer is called once, forwards and backwards."""

import numpy as np

from npvae.nn.layers import Chain
from npvae.nn.parameters import lay_out
from npvae.nn.protocols import Layer, Network
from npvae.parts import asked_back, check_finite, check_members, check_shape, is_own, laid_out, with_back

B = 7   # rows of a trial, as few networks have inputs or outputs


def try_network(role: str, network, n_in: int, trained: bool = True, input_gradient: bool = True) -> None:
    """Raise a ValueError that names the layer, if one of the user's own does not answer as a layer does.

    The package's own networks are believed; the trial is made on a copy. What is not to be `trained` may return None
    for back, and without `input_gradient` the first layer's back may return None for dx.
    """
    layers, protocol = (_layers(network), Layer) if type(network) is Chain else ([network], Network)
    if not any(is_own(layer) for layer in layers):
        return

    def check(layer):
        check_members(role, layer, protocol, "npvae.mlp([2, 64])")

    for layer in layers:
        check(layer)
    x, backs = np.linspace(-1, 1, B * n_in).reshape(B, n_in), []
    for layer in (laid_out(layer, protocol, check, lay_out) for layer in layers):
        y, back = with_back(layer, protocol, "__call__", x, none=not trained)
        check_shape(layer, protocol, "__call__", "y", y, (B, np.shape(y)[1] if np.ndim(y) > 1 else "n_out"))
        _check_rows(layer, protocol, "y", y, x)
        backs.append((layer, x.shape, back))
        x = y
    dy = np.ones_like(x)
    for layer, shape, back in reversed(backs):
        if back is None:
            # for what is computed without a gradient
            return
        dx = asked_back(layer, protocol, "__call__", back, dy)
        if dx is None and layer is backs[0][0] and not input_gradient:
            # a layer that reads data needs no gradient for what stands before it
            return
        check_shape(layer, protocol, "__call__", "dx, which back returns,", dx, shape)
        _check_rows(layer, protocol, "dx, which back returns,", dx, x, dy)
        dy = dx


def _check_rows(layer, protocol, what, a, *given):
    # some rows of a trial may be no inputs, such as negative ones of a logarithm, but not all
    known = np.all([np.isfinite(g).all(1) for g in given], axis=0)
    if known.any() and not np.isfinite(a[known]).all(1).any():
        check_finite(layer, protocol, "__call__", what, np.isfinite(a[known]))


def _layers(network):
    # of chains within chains
    return [layer for part in network.layers for layer in (_layers(part) if type(part) is Chain else [part])]
