"""The lattice serves smooth decoders that its first nodes resolve, and agrees with the boxes, which serve all."""

import numpy as np
import pytest

from npvae.models import GaussianLikelihood, mlp_model
from npvae.models.exact import boxes, lattice
from npvae.nn import relu, sigmoid, softplus, tanh


def model(K, activation=tanh, steep=1.0, hidden=(8,)):
    made = mlp_model(K, hidden, 2, GaussianLikelihood(0.3), activation, np.random.default_rng(0))
    made.decoder.layers[0].W[...] *= steep
    return made


@pytest.mark.parametrize("activation", [tanh, sigmoid, softplus])
@pytest.mark.parametrize("hidden", [(8,), (8, 8)], ids=str)
@pytest.mark.parametrize("K", [1, 2])
def test_lattice_and_boxes_agree(K, activation, hidden):
    X, made = np.random.default_rng(1).normal(size=(6, 2)), model(K, activation, 4.0, hidden)
    assert lattice.resolves(made)
    (one, error), (other, bound) = (f(made, X, 1e-4) for f in (lattice.log_marginal, boxes.log_marginal))
    assert (np.abs(one - other) <= error + bound).all() and error.max() <= 1e-4


def test_kinks_and_steep_units_are_left_to_the_boxes():
    assert lattice.resolves(model(1)) and lattice.resolves(model(2)) and lattice.resolves(model(1, steep=100.0))
    assert not lattice.resolves(model(1, relu)) and not lattice.resolves(model(2, relu))
    assert not lattice.resolves(model(2, steep=100.0)) and not lattice.resolves(model(1, steep=1e5))
    assert not lattice.resolves(model(2, steep=30.0, hidden=(8, 8)))
