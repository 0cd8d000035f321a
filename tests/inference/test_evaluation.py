"""Reported ELBOs: in float64, on noise that q was not fitted on, in blocks that nobody notices."""

import numpy as np
import pytest
from numeric_inference import joint_of_mixture, joint_on_grid, kl_to_posterior_of_pca, log_p_of_pca

from npvae.inference import (
    AmortizedVI,
    argmax_q,
    elbo,
    elbo_estimators,
    evaluate,
    fit_rows,
    fit_vae,
    gap_decomposition,
    importance_weighted_bound,
    quadrature,
    shared_ceiling,
)
from npvae.models import (
    Categorical,
    Cubature,
    GaussHermite,
    Gaussian,
    GaussianLikelihood,
    LatentVariableModel,
    MonteCarlo,
    Noise,
    mixture_of_gaussians,
    mlp_model,
    probabilistic_pca,
)
from npvae.models.affine import maximum_likelihood_ppca
from npvae.models.climb import climb
from npvae.models.exact import exact_posterior, log_marginal
from npvae.nn import Affine, chain, mlp


def case(K, B=30, D=4):
    rng = np.random.default_rng(K)
    model = probabilistic_pca(K, D, 0.3, rng)
    return model, 0.5 * rng.normal(size=(B, 2 * K)), model.sample(B, rng)[0]


@pytest.mark.parametrize("K", [1, 2, 3, 6])
def test_a_q_fitted_on_one_draw_passes_log_p_on_that_draw_and_not_in_the_report(K):
    model, _, X = case(K)
    frozen = MonteCarlo(1)(np.random.default_rng(0), len(X), K)
    of = np.arange(len(X))

    def on_the_draw(q, rows=of):
        return elbo(model, q, X[rows], Noise(frozen.eps[:, rows], frozen.w))

    q = climb(on_the_draw, np.zeros((len(X), 2 * K)), most_steps=300)
    log_p = log_p_of_pca(model, X)
    assert (on_the_draw(q)[0] > log_p + 0.1).any()
    assert (evaluate(model, q, X) < log_p).all()


@pytest.mark.parametrize("K", [1, 2])
def test_a_report_is_exact_for_a_linear_decoder_with_few_dimensions(K):
    model, q, X = case(K)
    expected = log_p_of_pca(model, X) - kl_to_posterior_of_pca(model, q, X)
    np.testing.assert_allclose(evaluate(model, q, X), expected, rtol=0, atol=1e-10)


def test_a_report_is_unbiased_in_many_dimensions():
    model, q, X = case(5)
    expected = log_p_of_pca(model, X) - kl_to_posterior_of_pca(model, q, X)
    draws = np.array([evaluate(model, q, X, MonteCarlo(20), seed=s) for s in range(200)])
    z = (draws.mean(0) - expected) / (draws.std(0, ddof=1) / np.sqrt(200))
    assert np.abs(z).max() < 5.5


@pytest.mark.parametrize("K", [1, 3])
def test_a_model_trained_in_float32_is_reported_in_float64(K):
    X = case(K)[2]
    solver = AmortizedVI(mlp_model(K, [4], 4), sweeps=2).fit(X)
    q = solver.infer(X)
    assert solver.parameters.value.dtype == np.float32
    assert evaluate(solver.model, q.astype(np.float32), X.astype(np.float32)).dtype == np.float64
    np.testing.assert_array_equal(solver.elbo(X), evaluate(solver.model.copy(np.float64), q, X))


def test_categorical_needs_no_noise():
    rng = np.random.default_rng(0)
    model = LatentVariableModel(Categorical(3, [0.2, 0.3, 0.5]), mlp([3, 2], rng=rng), GaussianLikelihood(0.8))
    X, q = rng.normal(size=(20, 2)), rng.normal(size=(20, 3))
    joint, w = joint_of_mixture(model, X), model.latent.mean(q)
    np.testing.assert_allclose(evaluate(model, q, X), (w * (joint - np.log(w))).sum(1), rtol=0, atol=1e-12)


@pytest.mark.parametrize("noise", [None, GaussHermite(5), Cubature()], ids=str)
@pytest.mark.parametrize("size", [1, 64, 65, 200])
def test_blocks_do_not_change_the_report(noise, size, monkeypatch):
    model, q, X = case(2)
    whole = evaluate(model, q, X, noise)
    monkeypatch.setattr(quadrature, "NUMBERS_IN_WORK", 64 * size)
    np.testing.assert_allclose(evaluate(model, q, X, noise), whole, rtol=1e-13)
    assert np.ptp(whole) > 1


def test_no_two_rows_of_the_blocks_share_a_draw(monkeypatch):
    model, q, X = case(4)
    q, X = np.tile(q[:1], (30, 1)), np.tile(X[:1], (30, 1))
    for size in (128, 128 * 7, 40_000):
        monkeypatch.setattr(quadrature, "NUMBERS_IN_WORK", 64 * size)
        assert len(np.unique(evaluate(model, q, X, MonteCarlo(128)))) == 30


def test_a_report_repeats_itself_and_other_seeds_draw_afresh():
    model, q, X = case(4)
    draws = MonteCarlo(128)
    np.testing.assert_array_equal(evaluate(model, q, X, draws), evaluate(model, q, X, draws))
    assert (evaluate(model, q, X, draws) != evaluate(model, q, X, draws, seed=1)).all()
    np.testing.assert_array_equal(evaluate(model, q, X, Cubature()), evaluate(model, q, X, Cubature(), seed=1))


def test_a_report_on_an_affine_decoder_is_exact_at_any_k():
    model, q, X = case(4)
    expected = log_p_of_pca(model, X) - kl_to_posterior_of_pca(model, q, X)
    np.testing.assert_allclose(evaluate(model, q, X), expected, rtol=0, atol=1e-9)


def test_reporting_moves_no_gradient():
    model, q, X = case(2)
    evaluate(model, q, X)
    assert not model.decoder.layers[0].dW.any()


def test_data_or_rows_that_do_not_fit_are_turned_away():
    model, q, X = probabilistic_pca(1, 3), np.zeros((4, 2)), np.zeros((4, 3))
    for report in (lambda X, q: evaluate(model, q, X), lambda X, q: importance_weighted_bound(model, q, X, 5),
                   lambda X, q: gap_decomposition(model, q, X)):
        for wrong in (np.zeros((4, 1)), np.full((4, 3), np.nan)):
            with pytest.raises(ValueError, match="data has"):
                report(wrong, q)
        for wrong in (np.zeros((3, 2)), np.zeros((4, 3)), np.zeros(4)):
            with pytest.raises(ValueError, match=r"q of shape .* and X of shape .* expected q of shape \(4, 2\)"):
                report(X, wrong)


def test_grey_values_mean_the_same_to_every_function():
    images = np.random.default_rng(0).integers(0, 256, (6, 3), dtype=np.uint8)
    model, q = mlp_model(1, [4], 3, GaussianLikelihood(0.3)), np.zeros((6, 2))
    for function in (lambda X: evaluate(model, q, X), lambda X: importance_weighted_bound(model, q, X, 5),
                     lambda X: log_marginal(model, X), lambda X: exact_posterior(model, X).mean,
                     lambda X: gap_decomposition(model, q, X).elbo, lambda X: argmax_q(model, q, X),
                     lambda X: argmax_q(probabilistic_pca(1, 3), q, X), shared_ceiling,
                     lambda X: maximum_likelihood_ppca(X, 1).likelihood.sigma_g):
        np.testing.assert_allclose(function(images), function(images / 255), rtol=1e-12)


def test_a_list_or_truth_values_will_do_for_the_argmax():
    model, q = mlp_model(1, [4], 3, GaussianLikelihood(0.3)), np.zeros((1, 2))
    expected = argmax_q(model, q, np.array([[1.0, 0.0, 1.0]]))
    for x in ([[1.0, 0.0, 1.0]], np.array([[True, False, True]])):
        np.testing.assert_array_equal(argmax_q(model, q, x), expected)


def test_training_under_an_estimator_reads_grey_values_as_its_reports_do():
    images = np.random.default_rng(0).integers(0, 256, (6, 3), dtype=np.uint8)
    model, encoder = mlp_model(1, [4], 3, GaussianLikelihood(0.3)), mlp([3, 2])
    along = elbo_estimators(model.latent, samples=2)["pathwise"]
    for fit in (lambda x: fit_rows(model, x, along, np.random.default_rng(0), steps=3),
                lambda x: fit_vae(model, encoder, x, along, np.random.default_rng(0), steps=3, every=1)):
        np.testing.assert_allclose(fit(images), fit(images / 255), rtol=1e-12)


def test_one_draw_has_no_standard_error_and_what_is_no_number_no_bound():
    model, X = probabilistic_pca(1, 3, sigma_g=1.0), np.zeros((2, 3))
    with pytest.raises(ValueError, match="one draw has no standard error"):
        importance_weighted_bound(model, np.zeros((2, 2)), X, samples=1, return_error=True)
    with pytest.raises(ValueError, match="samples is 1.5"):
        importance_weighted_bound(model, np.zeros((2, 2)), X, samples=1.5)
    with pytest.raises(ValueError, match="row 1 of q has values that are not finite"):
        importance_weighted_bound(model, np.array([[0.0, 0.0], [0.0, np.nan]]), X)


@pytest.mark.parametrize("samples, repeats", [(200, 1), (5, 40)])
def test_the_standard_error_is_the_spread_of_repetitions(samples, repeats):
    model, X = probabilistic_pca(1, 3, sigma_g=1.0), np.full((1, 3), 0.5)
    found = [importance_weighted_bound(model, np.zeros((1, 2)), X, samples, repeats, seed, return_error=True)
             for seed in range(400)]
    values, errors = (np.array(column)[:, 0] for column in zip(*found, strict=True))
    assert values.std() == pytest.approx(np.sqrt((errors**2).mean()), rel=0.15)


def test_the_argmax_in_a_narrow_slanting_posterior_arrives():
    # an affine decoder that does not look like one, so that the truth is known
    W = np.array([[1.0, 0.0, 0.0], [0.999, 0.0447, 0.0]])
    layer = Affine(W, np.zeros(3), np.zeros_like(W), np.zeros(3))
    disguised = LatentVariableModel(Gaussian(2), chain(layer, lambda x: (x + 0.0, lambda dy: dy)),
                                    GaussianLikelihood(0.001))
    plain = LatentVariableModel(Gaussian(2), layer, GaussianLikelihood(0.001))
    X = plain.sample(10, np.random.default_rng(0))[0]
    got, best = (evaluate(plain, argmax_q(model, np.zeros((10, 4)), X), X) for model in (disguised, plain))
    np.testing.assert_allclose(got, best, rtol=0, atol=0.02)


def tent(left, right, tip):
    """g(z) = 5 + left (z − tip) on the left of the tip and 5 − right (z − tip) on its right: two hills for x = 0."""

    def layer(z):
        slope = np.where(z < tip, left, -right)
        return 5 + slope * (z - tip), lambda dy: dy * slope

    return LatentVariableModel(Gaussian(1), chain(layer), GaussianLikelihood(0.1))


@pytest.mark.parametrize("left, right, tip, start", [
    (5.0, 5.0, 0.3, 1.3), (5.0, 5.0, -0.3, -1.3), (10.0, 5.0, 0.0, 1.0)],
    ids=["the left one is better", "the right one is better", "the other one has the greatest density"])
def test_the_best_q_of_the_gaps_stands_on_the_better_of_two_hills(left, right, tip, start):
    # on either side of the tip the model is probabilistic PCA: log p = log N(0; b, w² + σ²), its best q the posterior
    log_p = [-0.5 * (b**2 / v + np.log(2 * np.pi * v)) for b, v in [(5 - left * tip, left**2 + 0.01),
                                                                     (5 + right * tip, right**2 + 0.01)]]
    gaps = gap_decomposition(tent(left, right, tip), np.array([[start, -3.0]]), np.zeros((1, 1)))
    np.testing.assert_allclose(gaps.log_p, np.logaddexp(*log_p), rtol=0, atol=1e-6)
    np.testing.assert_allclose(gaps.elbo + gaps.amortization, max(log_p), rtol=0, atol=1e-3)
    np.testing.assert_allclose(gaps.approximation, np.log1p(np.exp(-abs(log_p[0] - log_p[1]))), rtol=0, atol=1e-3)


def test_rows_that_are_the_best_have_no_amortization_gap_and_never_less_than_none():
    # the argmax on the nodes of the report; from there a climb on its own fewer nodes leads down
    model, X = mlp_model(2, [6], 2, GaussianLikelihood(0.1), rng=np.random.default_rng(3)), np.eye(2) / 2
    q = argmax_q(model, np.full((2, 4), -1.0), X, GaussHermite(16)(None, 1, 2), tolerance=1e-9)
    gaps = gap_decomposition(model, q, X)
    assert (gaps.amortization >= 0).all() and (gaps.amortization < 1e-3).all()


@pytest.mark.parametrize("model", [probabilistic_pca(1, 4, 0.3), mixture_of_gaussians(3, 4, 0.8)], ids=str)
@pytest.mark.parametrize("samples, repeats", [(1, 1), (7, 3)])
def test_from_the_exact_posterior_every_importance_weight_is_p_of_x(model, samples, repeats):
    X = model.sample(20, np.random.default_rng(0))[0]
    bound = importance_weighted_bound(model, argmax_q(model, None, X), X, samples, repeats)
    np.testing.assert_allclose(bound, log_marginal(model, X), rtol=0, atol=1e-10)


def test_the_report_of_a_bent_decoder_is_the_integral_over_q():
    model = mlp_model(1, [6], 3, GaussianLikelihood(0.3), rng=np.random.default_rng(3))
    for layer in model.decoder.layers[::2]:
        layer.W[...] *= 3
    rng = np.random.default_rng(0)
    X, q = rng.normal(size=(5, 3)), np.stack([rng.normal(size=5), np.linspace(-2, 0, 5)], axis=1)
    z, (mu, log_sigma) = np.linspace(-12, 12, 24_001), q.T[:, :, None]
    log_q = -0.5 * ((z - mu) / np.exp(log_sigma)) ** 2 - log_sigma - 0.5 * np.log(2 * np.pi)
    expected = (np.exp(log_q) * (joint_on_grid(model, X, z) - log_q)).sum(1) * 1e-3
    np.testing.assert_allclose(evaluate(model, q, X), expected, rtol=1e-3)


def test_in_two_dimensions_the_report_agrees_with_a_far_finer_rule():
    model, rng = mlp_model(2, [6], 3, GaussianLikelihood(0.3), rng=np.random.default_rng(3)), np.random.default_rng(0)
    X, q = rng.normal(size=(5, 3)), rng.normal(size=(5, 4)) * [1, 1, 0.3, 0.3]
    np.testing.assert_allclose(evaluate(model, q, X), evaluate(model, q, X, GaussHermite(60)), rtol=1e-4)


def test_rows_that_are_not_finite_have_no_gaps():
    with pytest.raises(ValueError, match="row 1 of q has values that are not finite"):
        gap_decomposition(probabilistic_pca(1, 3, 0.5), np.array([[0.0, 0.0], [np.nan, 0.0]]), np.zeros((2, 3)))
