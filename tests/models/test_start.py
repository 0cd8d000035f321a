"""Where θ starts: at the data, whatever their units; and what was given stays."""

import numpy as np
import pytest

from npvae.inference import AmortizedVI
from npvae.models import (
    BernoulliLikelihood,
    Categorical,
    Gaussian,
    GaussianLikelihood,
    LatentVariableModel,
    mixture_of_gaussians,
    mlp_model,
    probabilistic_pca,
)
from npvae.models.data import moments
from npvae.models.start import rows_apart
from npvae.nn import Standardised, Unstandardise, as_drawn, mlp, quadratic_features, relu

X = np.random.default_rng(0).normal([293, -40, 7], 5, (400, 3))


@pytest.mark.parametrize("model", [mlp_model(2, [8], 3), probabilistic_pca(2, 3),
                                   mlp_model(1, [4, 4], 3, GaussianLikelihood(0.1), relu)], ids=str)
def test_the_decoder_starts_at_the_datas_mean(model):
    started = model.started(X)
    np.testing.assert_allclose(started.decode(np.zeros((1, model.latent.dim)))[0], X.mean(0), rtol=1e-14)
    if model.likelihood.from_data:
        assert 4.5 < started.sample(4000, np.random.default_rng(0))[0].std(0).mean() < 15


def test_bernoulli_starts_at_the_datas_mean_too():
    pixels = (np.random.default_rng(0).random((500, 4)) < [0.1, 0.5, 0.9, 0.3]).astype(float)
    started = mlp_model(2, [8], 4, BernoulliLikelihood()).started(pixels)
    np.testing.assert_allclose(started.decode(np.zeros((1, 2)))[0], pixels.mean(0), rtol=1e-12)


def test_weights_that_were_set_or_trained_stay_whatever_the_dtype():
    changed, one, exchanged = (mlp_model(2, [8], 3) for _ in range(3))
    changed.decoder.layers[0].W[...] *= 2
    one.decoder.layers[2].b[1] += 1e-3
    W = exchanged.decoder.layers[0].W
    W[0, 0], W[0, 1] = W[0, 1], W[0, 0]
    trained = AmortizedVI(mlp_model(2, [8], 3), sweeps=1).fit(X).model
    for model in (changed, one, exchanged, trained, mlp_model(2, [8], 3).given(),
                  mixture_of_gaussians(2, 3, means=X[:2]), mlp_model(2, [8], 3).started(X)):
        for dtype in (np.float32, np.float64):
            copied = model.copy(dtype)
            assert copied.started(X).decoder is copied.decoder
    for dtype in (np.float32, np.float64):
        assert isinstance(mlp_model(2, [8], 3).copy(dtype).started(X).decoder.layers[-1], Unstandardise)


def test_an_encoder_that_was_given_is_not_standardised():
    given = mlp([3, 4])
    given.layers[0].W[...] = 0
    fits = [AmortizedVI(mlp_model(2, [8], 3), encoder=encoder, sweeps=1).fit(X)
            for encoder in (None, mlp([3, 4]), given)]
    assert [isinstance(fit.posterior.encoder, Standardised) for fit in fits] == [True, True, False]


def test_units_have_the_right_backward_pass():
    rng = np.random.default_rng(1)
    for layer in (Unstandardise(rng.normal(size=3), 0.7), Standardised(quadratic_features, rng.normal(size=3), 0.7)):
        x, h = rng.normal(size=(4, 3)), 1e-30j
        y, back = layer(x)
        dy = rng.normal(size=y.shape)
        for i in np.ndindex(x.shape):
            moved = x.astype(complex)
            moved[i] += h
            assert back(dy)[i] == pytest.approx((layer(moved)[0] * dy).sum().imag / 1e-30, rel=1e-12)


def test_moments_are_those_of_all_rows_far_from_zero_and_of_some():
    data = np.random.default_rng(0).standard_t(3, (9000, 2)) + [1e8, -3]
    found, exact = moments(data), data - [1e8, -3]
    np.testing.assert_allclose(found.mean, exact.mean(0) + [1e8, -3], rtol=1e-14)
    assert found.variance == pytest.approx(exact.var(0).mean(), rel=1e-6)
    rows = np.arange(5, 9000, 7)
    assert moments(data, rows).variance == pytest.approx(data[rows].var(0).mean(), rel=1e-6)
    assert moments(np.full((9000, 3), 0.1)).variance == 0 and moments(np.full((10, 3), 0.1)).scale == 1


def test_sorted_heavy_tailed_data_have_their_own_sigma_g():
    data = np.sort(np.random.default_rng(0).standard_t(2, (100_000, 1)), axis=0)
    model = LatentVariableModel(Gaussian(1), mlp([1, 1]), GaussianLikelihood(learn=False))
    fit = AmortizedVI(model, sweeps=1, batch_size=10_000).fit(data)
    assert fit.model.likelihood.sigma_g == pytest.approx(data.std(), rel=1e-6)


def test_rows_far_apart_find_every_clump_whatever_the_seed():
    clumps = np.repeat(np.arange(8.0), 50)[:, None] * 100 + np.random.default_rng(0).normal(size=(400, 1))
    for seed in range(20):
        means = rows_apart(clumps, 8, np.random.default_rng(seed))
        assert sorted((means[:, 0] / 100).round()) == list(range(8))
    assert rows_apart(np.ones((3, 2)), 5, np.random.default_rng(0)).shape == (5, 2)


def test_a_mixture_starts_at_rows_of_the_data_by_the_solvers_seed():
    model = mixture_of_gaussians(3, 3)
    means = [model.started(X, seed).decode(np.eye(3)) for seed in (0, 0, 1)]
    np.testing.assert_array_equal(means[0], means[1])
    assert np.abs(means[0] - means[2]).max() > 1
    assert all(np.abs(X - mean).sum(1).min() < 1e-9 for mean in means[0])
    both = LatentVariableModel(Categorical(2), mlp([2, 3]), BernoulliLikelihood()).started((X > X.mean(0)) * 1.0)
    assert np.isin(both.decode(np.eye(2)).round(2), [0.01, 0.99]).all()


def test_a_started_model_is_not_drawn_any_more_but_a_copy_of_a_drawn_one_is():
    assert as_drawn(mlp([2, 3])) and as_drawn(mlp_model(2, [8], 3).copy(np.float32).decoder)
    assert not as_drawn(mlp_model(2, [8], 3).started(X).decoder)
