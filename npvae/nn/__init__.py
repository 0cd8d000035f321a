"""Floor 1: hand-written layers with manual backprop, the parameter vector they live in, and optimizers."""

from npvae.nn.layers import Affine, Chain, chain, mlp, quadratic_features, relu, sigmoid, softplus, tanh
from npvae.nn.optimizers import SGD, Adam, RowAdam
from npvae.nn.parameters import Parameters, lay_out
from npvae.nn.units import Standardised, Unstandardise, as_drawn

__all__ = ["Parameters", "lay_out", "Affine", "tanh", "relu", "sigmoid", "softplus", "quadratic_features",
           "Chain", "chain", "mlp", "SGD", "Adam", "RowAdam", "Standardised", "Unstandardise", "as_drawn"]
