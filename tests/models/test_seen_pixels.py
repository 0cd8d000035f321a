"""Missing pixels: log p of what was seen is the marginal, gradients, the door, and all three solvers."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numeric_models import agree

import npvae
from npvae import AmortizedVI, GaussianLikelihood, SeenPixelsLikelihood, SharedQ, VariationalEM
from npvae.models.data import moments
from npvae.models.seen_pixels import seen_or_zero
from npvae.nn import lay_out

NAN = np.nan


def holed(shape, seed=0, share=0.3):
    rng = np.random.default_rng(seed)
    return np.where(rng.random(shape) < share, NAN, rng.normal(size=shape))


@given(st.integers(1, 5), st.integers(0, 10**6), st.floats(0, 1))
def test_log_prob_is_the_gaussian_one_of_the_columns_that_were_seen(D, seed, share):
    x, g = holed((4, D), seed, share), np.random.default_rng(seed).normal(size=(3, 4, D))
    value = SeenPixelsLikelihood(0.7).log_prob(x, g)[0]
    for b in range(4):
        seen = ~np.isnan(x[b])
        expected = GaussianLikelihood(0.7).log_prob(x[b:b + 1, seen], g[:, b:b + 1, seen])[0][:, 0]
        np.testing.assert_allclose(value[:, b], expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("rows", [4, 1])
def test_gradients_with_respect_to_g_and_log_sigma(rows):
    rng, x, likelihood = np.random.default_rng(1), holed((4, 3)), SeenPixelsLikelihood(0.7, learn=True)
    g, dvalue = rng.normal(size=(2, rows, 3)), rng.normal(size=(2, 4))
    parameters, twin_parameters = lay_out({"p": likelihood}), lay_out({"p": likelihood}, complex)
    own, twin, twin_g = likelihood.on(parameters, "p."), likelihood.on(twin_parameters, "p."), g.astype(complex)
    parameters.grad.fill(NAN)
    dg = own.log_prob(x, g)[1](dvalue)
    assert dg.shape == g.shape and np.isnan(x).any()
    for array, twin_array, gradient in [(g, twin_g, dg), (parameters.value, twin_parameters.value, parameters.grad)]:
        agree(lambda: (dvalue * own.log_prob(x, g)[0]).sum(), array,
              lambda: (dvalue * twin.log_prob(x, twin_g)[0]).sum(), twin_array, gradient)


def test_the_encoders_first_layer_passes_on_what_was_seen_and_its_gradient():
    y, back = seen_or_zero(np.array([[1.5, NAN], [NAN, -2.0]]))
    np.testing.assert_array_equal(y, [[1.5, 0], [0, -2.0]])
    np.testing.assert_array_equal(back(np.array([[3.0, 4.0], [5.0, 6.0]])), [[3, 0], [0, 6]])
    assert back(None) is None


@pytest.mark.parametrize("K", [1, 2])
def test_behind_an_affine_decoder_log_p_is_the_marginal_of_probabilistic_pca(K):
    pca, x = npvae.probabilistic_pca(K, 4, sigma_g=0.6, rng=0), holed((6, 4), 3)
    log_p = npvae.log_marginal(replace(pca, likelihood=SeenPixelsLikelihood(0.6)), x, 1e-8)
    W, b = pca.decoder.layers[0].W, pca.decoder.layers[0].b
    for row, value in zip(x, log_p, strict=True):
        seen = ~np.isnan(row)
        # log N(x_seen; b_seen, (WᵀW + σ² I)_seen)
        C, error = (W.T @ W + 0.36 * np.eye(4))[np.ix_(seen, seen)], (row - b)[seen]
        expected = -0.5 * (error @ np.linalg.solve(C, error) + np.linalg.slogdet(2 * np.pi * C)[1])
        assert value == pytest.approx(expected, abs=1e-7)


def test_moments_are_those_of_what_was_seen():
    X = holed((9000, 3), 5) * [1, 2, 3] + 7
    X[:, 2] = NAN
    found = moments(X)
    np.testing.assert_allclose(found.mean[:2], np.nanmean(X[:, :2], 0), rtol=1e-12)
    assert found.mean[2] == 0
    assert found.variance == pytest.approx(np.nanmean((X[:, :2] - np.nanmean(X[:, :2], 0)) ** 2), rel=1e-12)


@pytest.mark.parametrize("solver", [AmortizedVI, VariationalEM, SharedQ])
def test_every_solver_learns_from_what_was_seen(solver):
    truth = npvae.probabilistic_pca(1, 4, sigma_g=0.3, rng=0)
    X = np.where(np.random.default_rng(1).random((80, 4)) < 0.3, NAN, 5 + truth.sample(80, 0)[0])
    model = npvae.mlp_model(1, [4], 4, SeenPixelsLikelihood(), rng=0)
    first, last = (solver(model, sweeps=n, batch_size=20, learning_rate=1e-2).fit(X) for n in (1, 15))
    elbo = last.elbo(X)
    assert elbo.mean() > first.elbo(X).mean()
    assert (elbo <= npvae.log_marginal(last.model, X, 1e-4) + 1e-3).all()


def test_only_nan_may_be_missing_and_only_where_the_likelihood_takes_it():
    X = holed((8, 4))
    with pytest.raises(ValueError, match="data has nan in row"):
        AmortizedVI(npvae.mlp_model(1, [4], 4)).fit(X)
    X[3, 1] = np.inf
    with pytest.raises(ValueError, match="data has inf in row 3, column 1"):
        AmortizedVI(npvae.mlp_model(1, [4], 4, SeenPixelsLikelihood())).fit(X)
