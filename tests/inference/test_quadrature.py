"""Which nodes a model is climbed, reported and compared on: those that are right for it."""

import pytest

from npvae.inference.quadrature import comparing_noise, quadrature, reporting_noise
from npvae.models import Cubature, GaussHermite, MonteCarlo, mixture_of_gaussians, mlp_model, probabilistic_pca
from npvae.nn import relu, tanh


@pytest.mark.parametrize("K, activation, climbed, reported, compared", [
    (1, tanh, GaussHermite(20), GaussHermite(64), None), (2, tanh, GaussHermite(5), GaussHermite(16), None),
    (1, relu, GaussHermite(64), MonteCarlo(1000), GaussHermite(96)),
    (2, relu, GaussHermite(16), MonteCarlo(1000), GaussHermite(24)),
    (3, tanh, Cubature(), MonteCarlo(128), None), (3, relu, Cubature(), MonteCarlo(128), None)])
def test_the_nodes_of_a_network(K, activation, climbed, reported, compared):
    model = mlp_model(K, [4], 3, activation=activation)
    assert (quadrature(model), reporting_noise(model), comparing_noise(model)) == (climbed, reported, compared)


@pytest.mark.parametrize("fitted, reported", [(10, 64), (63, 64), (64, 96), (65, 97), (100, 150)])
def test_what_was_fitted_on_many_nodes_is_reported_on_others(fitted, reported):
    assert reporting_noise(mlp_model(1, [4], 3), GaussHermite(fitted)) == GaussHermite(reported)


def test_where_few_nodes_or_none_are_exact_they_are_taken():
    assert reporting_noise(probabilistic_pca(2, 3)) == Cubature() and comparing_noise(probabilistic_pca(2, 3)) is None
    mixture = mixture_of_gaussians(3, 2)
    assert quadrature(mixture) is None and reporting_noise(mixture) is None and comparing_noise(mixture) is None
