"""Nodes at kinks: what a fit learns on them is what its report says, and the report stays below log p(x)."""

import numpy as np
import pytest

import npvae
from npvae import GaussHermite, MonteCarlo, VariationalEM, evaluate, log_marginal, mlp_model
from npvae.datasets import pinwheel
from npvae.inference.quadrature import quadrature, reporting_noise

X = pinwheel(30, 0).train


def fitted(activation, K, sweeps, noise=None):
    model = mlp_model(K, [16], 2, activation=activation, rng=np.random.default_rng(0))
    return VariationalEM(model, sweeps=sweeps, noise=noise, learning_rate=0.03).fit(X)


@pytest.mark.parametrize("activation, K, noise", [
    (npvae.relu, 1, None), (npvae.tanh, 1, None), (npvae.tanh, 2, None), (npvae.relu, 2, None),
    (npvae.relu, 2, GaussHermite(16)), (npvae.relu, 1, GaussHermite(64))])
def test_history_report_and_many_draws_agree_and_stay_below_log_p(activation, K, noise):
    em = fitted(activation, K, 60, noise)
    q, reported = em.infer(X), em.elbo(X)
    draws = np.array([evaluate(em.model, q, X, MonteCarlo(400), seed=seed) for seed in range(10)])
    assert em.history["elbo"][-1] == pytest.approx(draws.mean(), abs=0.03)
    assert reported.mean() == pytest.approx(draws.mean(), abs=0.03)
    # the standard error of 1000 draws
    error = draws.std(0, ddof=1) * np.sqrt(400 / 1000)
    assert (reported - 4 * error <= log_marginal(em.model, X, tolerance=1e-3) + 1e-3).all()


def test_where_there_may_be_kinks_the_climb_has_many_nodes_and_the_report_draws():
    for K, few, many in ((1, 20, 64), (2, 5, 16)):
        for activation, nodes in ((npvae.tanh, few), (npvae.relu, many), (lambda x: npvae.tanh(x), many)):
            model = mlp_model(K, [3], 2, activation=activation)
            assert quadrature(model) == GaussHermite(nodes)
            assert (reporting_noise(model) == MonteCarlo(1000)) is (nodes == many)


@pytest.mark.parametrize("K, usual", [(1, 64), (2, 16)])
def test_a_report_is_not_on_the_nodes_of_the_fit(K, usual):
    model = mlp_model(K, [3], 2)
    assert reporting_noise(model) == reporting_noise(model, GaussHermite(usual - 1)) == GaussHermite(usual)
    for nodes in (usual, 2 * usual):
        assert reporting_noise(model, GaussHermite(nodes)) == GaussHermite(nodes + nodes // 2)
    assert reporting_noise(model, GaussHermite(250)) == MonteCarlo(1000)
    em = fitted(npvae.tanh, K, 2, GaussHermite(usual))
    np.testing.assert_array_equal(em.elbo(X), evaluate(em.model, em.infer(X), X, GaussHermite(usual + usual // 2)))


def test_gaps_at_kinks_are_taken_on_many_nodes():
    em = fitted(npvae.relu, 1, 20)
    gaps = npvae.gap_decomposition(em.model, em.infer(X), X, 1e-4)
    assert gaps.approximation.min() > -1e-3 and gaps.amortization.min() >= 0
