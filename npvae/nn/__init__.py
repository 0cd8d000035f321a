"""Floor 1: hand-written layers with manual backprop, the parameter vector they live in, and optimizers.

A layer returns its own backward pass: `y, back = layer(x)`, and then `dx = back(dy)`. What `back` needs is kept in its
closure, so that a second forward pass cannot corrupt the first. It writes the gradients of the layer's parameters,
so that nothing has to be zeroed: who calls one layer twice in one pass adds the two gradients by hand.
"""

from npvae.nn.activations import gelu, leaky_relu, quadratic_features, relu, sigmoid, softplus, tanh
from npvae.nn.layers import Affine, Chain, chain, mlp
from npvae.nn.optimizers import SGD, Adam, RowAdam
from npvae.nn.parameters import Parameters, lay_out
from npvae.nn.units import Standardised, Unstandardise, as_drawn

__all__ = ["Parameters", "lay_out", "Affine", "tanh", "relu", "leaky_relu", "gelu", "sigmoid", "softplus",
           "quadratic_features", "Chain", "chain", "mlp", "SGD", "Adam", "RowAdam", "Standardised",
           "Unstandardise", "as_drawn"]
