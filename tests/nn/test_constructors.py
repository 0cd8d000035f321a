"""What the constructors of layers, optimizers, nodes and models refuse, each in a sentence."""

import numpy as np
import pytest

import npvae
from npvae.nn import Chain

ONES = np.ones(4)


@pytest.mark.parametrize("make", [
    lambda: Chain(None), lambda: Chain(()), lambda: Chain((npvae.tanh, 3)), lambda: npvae.chain("relu"),
    lambda: npvae.Affine(np.ones((2, 3)), np.ones(2)), lambda: npvae.Affine([[1.0]], np.ones(1)),
    lambda: npvae.Affine(np.ones((2, 3), int), np.ones(3)), lambda: npvae.Affine(np.ones((2, 3)), np.ones(3), dW=ONES),
    lambda: npvae.Affine.random(2, 10**20, 0), lambda: npvae.Affine.random(10**5, 10**5, 0),
    lambda: npvae.mlp([2, 3], input_gradient="no"),
    lambda: npvae.SGD(ONES, True), lambda: npvae.SGD([1.0], ONES), lambda: npvae.Adam(ONES, np.ones(3)),
    lambda: npvae.Adam(np.ones(4, int), ONES), lambda: npvae.Adam(np.broadcast_to(1.0, 4), ONES),
    lambda: npvae.SGD(ONES, ONES, maximize=ONES), lambda: npvae.RowAdam(None), lambda: npvae.RowAdam(ONES),
    lambda: npvae.RowAdam(np.ones((2, 3)), moments=np.ones((1, 2))),
    lambda: npvae.MonteCarlo(2)(0, batch="3", dim=2), lambda: npvae.MonteCarlo(2)(0, batch=3, dim=2, dtype="f2"),
    lambda: npvae.GaussHermite(4)(None, batch=3, dim=10**9), lambda: npvae.GaussHermite(10**6)(None, batch=1, dim=1),
    lambda: npvae.Cubature()(None, batch=3, dim=None), lambda: npvae.Gaussian(2).sample_prior(10**20, 0),
    lambda: npvae.LatentVariableModel(npvae.tanh, npvae.mlp([2, 3]), npvae.GaussianLikelihood()),
    lambda: npvae.LatentVariableModel(npvae.Gaussian, npvae.mlp([2, 3]), npvae.GaussianLikelihood()),
    lambda: npvae.LatentVariableModel(npvae.Gaussian(2), npvae.BernoulliLikelihood(), npvae.GaussianLikelihood()),
    lambda: npvae.LatentVariableModel(npvae.Gaussian(2), npvae.mlp([2, 3]), "gaussian"),
    lambda: npvae.mlp_model(2, [4], 3, activation=lambda x: None), lambda: npvae.mlp_model(2, [4], 3, "poisson")])
def test_what_makes_no_sense_is_refused_in_a_sentence(make):
    with pytest.raises(ValueError, match="expected|does not|take|use MonteCarlo"):
        make()


def test_a_repr_in_a_message_is_cut_where_it_is_long():
    with pytest.raises(ValueError) as refusal:
        npvae.Gaussian(np.zeros((50, 50)))
    assert len(str(refusal.value)) < 400
