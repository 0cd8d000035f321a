"""No result that is not finite: the right number, or a ValueError that names the row."""

import numpy as np
import pytest

import npvae
from npvae import Categorical, Gaussian, GaussianLikelihood, LatentVariableModel, MonteCarlo, mlp
from npvae.arrays import finite_rows
from npvae.inference.argmax_q import argmax_rows
from npvae.inference.argmax_shared_q import argmax_shared_q

X = np.random.default_rng(0).normal(size=(3, 2))
CURVE = npvae.mlp_model(1, [4], 2, GaussianLikelihood(0.5))
PLANE = npvae.mlp_model(3, [4], 2, GaussianLikelihood(0.5))
PCA = npvae.probabilistic_pca(2, 2, 0.5)
MIXTURE = npvae.mixture_of_gaussians(3, 2, 0.5)
NODES = {1: npvae.GaussHermite(5)(None, 1, 1), 2: npvae.Cubature()(None, 1, 2), 3: npvae.Cubature()(None, 1, 3)}


def doors(model):
    """Every function that takes model, q, X."""
    noise = None if model is MIXTURE else NODES[model.latent.dim]
    yield lambda q: npvae.evaluate(model, q, X)
    yield lambda q: npvae.elbo(model, q, X, noise)[0]
    yield lambda q: npvae.importance_weighted_bound(model, q, X, 20)
    if model is not PLANE:
        yield lambda q: npvae.gap_decomposition(model, q, X, 1e-3).elbo
    if model in (CURVE, PLANE):
        yield lambda q: npvae.evaluate(model, npvae.argmax_q(model, q, X, most_steps=20), X)


@pytest.mark.parametrize("model", [CURVE, PLANE, PCA, MIXTURE])
@pytest.mark.parametrize("wrong", [np.nan, np.inf, 1e300, 800.0, -1e300])
@pytest.mark.parametrize("column", [0, -1])
def test_a_row_that_is_not_finite_or_beyond_floats_is_named(model, wrong, column):
    q = np.zeros((3, model.latent.row_size))
    q[1, column] = wrong
    for door in doors(model):
        try:
            value = door(q)
        except ValueError as said:
            # a climb from there may end on other rows: this one has been named
            assert "row 1" in str(said)
        else:
            assert np.isfinite(wrong) and np.isfinite(value).all()


def test_what_must_be_refused_is():
    for wrong in (np.nan, np.inf):
        for model in (CURVE, PLANE, PCA, MIXTURE):
            q = np.zeros((3, model.latent.row_size))
            q[2, 0] = wrong
            for door in doors(model):
                with pytest.raises(ValueError, match="row 2"):
                    door(q)
    with pytest.raises(ValueError, match="the ELBO of row 0 is -inf"):
        npvae.evaluate(CURVE, np.array([[0.0, 400.0]]), X[:1])
    with pytest.raises(ValueError, match="the ELBO of row 0 is"):
        npvae.evaluate(CURVE, np.array([[0.0, 800.0]]), X[:1])


@pytest.mark.parametrize("start", [np.full((3, 2), np.inf), np.full((3, 2), np.nan)])
def test_a_start_that_is_not_finite_is_refused(start):
    with pytest.raises(ValueError, match="start has values that are not finite in row 0"):
        npvae.argmax_q(CURVE, start, X)
    with pytest.raises(ValueError, match="start has values that are not finite"):
        argmax_shared_q(CURVE, start[0], X)
    with pytest.raises(ValueError, match="row 0"):
        npvae.argmax_q(CURVE, np.full((3, 2), 1e300), X)
    with pytest.raises(ValueError, match="row 0"):
        argmax_shared_q(CURVE, np.full(2, 1e300), X)


@pytest.mark.parametrize("corner", [[-np.inf, -np.inf, 0.0], [-1e308, -1e308, 1e308], [-1000.0, -1000.0, 0.0]])
def test_a_corner_of_the_simplex_has_the_bound_of_its_component(corner):
    q = np.tile(corner, (3, 1))
    one_hot = np.eye(3)[2:]
    # L = log p(x|k) + log π_k
    expected = MIXTURE.log_likelihood(X, np.broadcast_to(one_hot, (1, 3, 3)))[0][0] + MIXTURE.latent.log_weights()[2]
    value, back = npvae.elbo(MIXTURE, q, X)
    np.testing.assert_allclose(value, expected, rtol=1e-14)
    np.testing.assert_allclose(back(np.ones(3)), 0, atol=1e-12)
    np.testing.assert_allclose(npvae.evaluate(MIXTURE, q, X), expected, rtol=1e-14)
    np.testing.assert_allclose(npvae.importance_weighted_bound(MIXTURE, q, X, 20), expected, rtol=1e-14)
    np.testing.assert_allclose(npvae.gap_decomposition(MIXTURE, q, X).elbo, expected, rtol=1e-14)


def test_an_edge_of_the_simplex_has_a_gradient():
    q = np.array([[-np.inf, 0.3, -0.2]])
    two = LatentVariableModel(Categorical(2), mlp([2, 2]), GaussianLikelihood(0.5))
    layer = MIXTURE.decoder.layers[0]
    two.decoder.layers[0].W[...], two.decoder.layers[0].b[...] = layer.W[1:], layer.b
    value, back = npvae.elbo(MIXTURE, q, X[:1])
    smaller, back_smaller = npvae.elbo(two, q[:, 1:], X[:1])
    # π = 1/3 for 1/2
    np.testing.assert_allclose(value, smaller + np.log(2 / 3), rtol=1e-13)
    np.testing.assert_allclose(back(np.ones(1))[:, 1:], back_smaller(np.ones(1)), rtol=1e-12)


def test_a_row_of_impossible_components_is_refused():
    with pytest.raises(ValueError, match="row 1 of q"):
        npvae.evaluate(MIXTURE, np.array([[0.0] * 3, [-np.inf] * 3, [0.0] * 3]), X)


def test_means_and_parameters_that_are_no_numbers_are_refused():
    with pytest.raises(ValueError, match="the mean of row 1 is nan"):
        npvae.mixture_of_gaussians(2, 2, means=[[0.0, 0.0], [np.nan, 0.0]])
    model = npvae.mixture_of_gaussians(3, 2, 0.5)
    model.decoder.layers[0].W[0, 0] = np.nan
    q = np.zeros((3, 3))
    for asked in (lambda: npvae.log_marginal(model, X), lambda: npvae.evaluate(model, q, X),
                  lambda: npvae.argmax_q(model, q, X), lambda: npvae.exact_posterior(model, X),
                  lambda: npvae.importance_weighted_bound(model, q, X, 5), lambda: npvae.elbo(model, q, X)):
        with pytest.raises(ValueError, match="row 0 is nan"):
            asked()


def test_scores_of_rows_far_away_are_finite_or_refused_by_number():
    data = np.random.default_rng(0).normal(size=(300, 3))
    vae = npvae.VAE(activation="relu", latent_dim=2, hidden=(16,), sweeps=50).fit(data)
    far = data * 1e4
    refused = 0
    for row in far:
        try:
            assert np.isfinite(vae.score_samples(row[None])).all()
        except ValueError as said:
            assert "row 0" in str(said)
            refused += 1
    if refused:
        with pytest.raises(ValueError, match=r"row \d+"):
            vae.score_samples(far)
    assert np.isfinite(vae.score_samples(data * 10)).all()
    # float32 has no 1e38 times 16 weights, float64 has
    assert np.isfinite(vae.transform(np.full((1, 3), 3e38))).all()


def test_shapes_that_show_a_swap_are_said_with_both_names():
    q = np.zeros((3, 2))
    three = npvae.mlp_model(1, [4], 3, GaussianLikelihood(0.5))
    data = np.zeros((3, 3))
    for swapped in (lambda: npvae.evaluate(three, data, q), lambda: npvae.gap_decomposition(three, data, q),
                    lambda: npvae.importance_weighted_bound(three, data, q),
                    lambda: npvae.elbo(three, data, q, NODES[1])):
        with pytest.raises(ValueError, match=r"got q of shape \(3, 3\) and [xX] of shape \(3, 2\).*model, q, [xX]"):
            swapped()
    with pytest.raises(ValueError, match=r"got start of shape \(3, 3\) and x of shape \(3, 2\).*model, start, x"):
        npvae.argmax_q(three, data, q)
    with pytest.raises(ValueError, match="order is model, start, x"):
        npvae.argmax_q(PCA, data, None)


def test_every_row_of_many_is_counted():
    assert finite_rows("a", np.zeros((2, 3)), "").shape == (2, 3)
    q = np.zeros((3000, 2))
    q[2500] = 1e300
    with pytest.raises(ValueError, match="row 2500"):
        argmax_rows(CURVE, q, np.zeros((3000, 2)), tolerance=1.0)


def test_narrow_and_wide_rows_within_floats_keep_their_value():
    q = np.array([[0.5, -300.0], [0.5, 30.0]])
    for noise in (None, MonteCarlo(5)):
        assert np.isfinite(npvae.evaluate(CURVE, q, X[:2], noise)).all()
    # σ → 0: L = log p(x|μ) + log p(μ) + log σ + ½ (1 + log 2π)
    z = np.full((1, 1, 1), 0.5)
    expected = CURVE.log_likelihood(X[:1], z)[0][0, 0] + Gaussian(1).log_prior(z)[0, 0] - 300 + 0.5 * (
        1 + np.log(2 * np.pi))
    assert npvae.evaluate(CURVE, q[:1], X[:1])[0] == pytest.approx(expected, rel=1e-12)
