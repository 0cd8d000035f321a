"""Solution 2: an encoder improves, is exact where a closed form says so, and is checked at the door."""

import math

import numpy as np
import pytest
from numeric_inference import joint_of_mixture, log_p_of_pca, posterior_of_pca

from npvae import datasets
from npvae.inference import Amortized, AmortizedVI, SharedQ, VariationalEM, elbo, evaluate, shared_ceiling
from npvae.inference.early_stopping import hold_out
from npvae.inference.fit_encoder import fit_encoder
from npvae.models import (
    BernoulliLikelihood,
    Categorical,
    Cubature,
    GaussHermite,
    GaussianLikelihood,
    LatentVariableModel,
    MonteCarlo,
    mixture_of_gaussians,
    mlp_model,
    probabilistic_pca,
)
from npvae.nn import Affine, chain, mlp, quadratic_features, relu, tanh

MOONS = datasets.two_moons(100, 0).train


@pytest.mark.parametrize("model, noise", [
    (mlp_model(1, [8], 2), None), (mlp_model(2, [8], 2), GaussHermite(4)), (mlp_model(3, [8], 2), MonteCarlo(2)),
    (probabilistic_pca(1, 2), Cubature()), (mixture_of_gaussians(4, 2), None)], ids=str)
def test_learning_lifts_the_elbo_above_what_a_shared_q_can_reach(model, noise):
    solver = AmortizedVI(model, sweeps=120, batch_size=20, learning_rate=1e-2, noise=noise).fit(MOONS)
    assert solver.history["elbo"][-5:].mean() > solver.history["elbo"][:5].mean() + 0.2
    assert solver.elbo(MOONS).mean() > shared_ceiling(MOONS) + 0.1


def test_bernoulli_learns_too():
    X = np.random.default_rng(0).integers(0, 2, (100, 1)) * np.ones((1, 6))    # all six pixels on, or all off
    solver = AmortizedVI(mlp_model(1, [4], 6, BernoulliLikelihood()), sweeps=120, batch_size=20, learning_rate=3e-2)
    assert solver.fit(X).elbo(X).mean() > -3 > -6 * np.log(2)                  # independent pixels: −6 log 2


def mixture():
    rng = np.random.default_rng(2)
    model = LatentVariableModel(Categorical(3, [0.2, 0.3, 0.5]), mlp([3, 2], rng=rng), GaussianLikelihood(0.6))
    mu = model.decoder.layers[0].W + model.decoder.layers[0].b
    # w_k = μ_k/σ²,  c_k = log π_k − ‖μ_k‖²/(2σ²)
    encoder = chain(Affine(mu.T / 0.36, np.log([0.2, 0.3, 0.5]) - (mu**2).sum(1) / 0.72, np.zeros((2, 3)), np.zeros(3)))
    return model, encoder, rng.normal(size=(40, 2))


def pca(aligned=True):
    rng = np.random.default_rng(3)
    model = probabilistic_pca(2, 5, 0.6, rng)
    if aligned:
        W = np.linalg.svd(model.decoder.layers[0].W, full_matrices=False)
        model.decoder.layers[0].W[...] = W[1][:, None] * W[2]
    m, P = posterior_of_pca(model, np.concatenate([np.zeros((1, 5)), np.eye(5)]))
    W = np.concatenate([m[1:] - m[0], np.zeros((5, 2))], axis=1)
    b = np.concatenate([m[0], -0.5 * np.log(np.diag(P))])
    return model, chain(Affine(W, b, np.zeros_like(W), np.zeros_like(b))), rng.normal(size=(40, 5)), P


def test_a_linear_encoder_is_exact_for_a_mixture_with_one_covariance():
    model, encoder, X = mixture()
    log_p = np.logaddexp.reduce(joint_of_mixture(model, X), axis=1)
    np.testing.assert_allclose(elbo(model, Amortized(encoder)(X)[0], X)[0], log_p, rtol=0, atol=1e-10)
    solver = AmortizedVI(model.given(), encoder=encoder, sweeps=1, learning_rate=1e-30, dtype=np.float64).fit(X)
    np.testing.assert_allclose(solver.elbo(X), log_p, rtol=0, atol=1e-10)


def test_an_affine_encoder_is_exact_for_aligned_pca():
    model, encoder, X, _ = pca()
    q = Amortized(encoder)(X)[0]
    gap = log_p_of_pca(model, X) - elbo(model, q, X, Cubature()(None, 40, 2))[0]
    assert np.abs(gap).max() < 1e-12
    solver = AmortizedVI(model.given(), encoder=encoder, sweeps=1, learning_rate=1e-30, dtype=np.float64).fit(X)
    np.testing.assert_allclose(solver.elbo(X), log_p_of_pca(model, X), rtol=0, atol=1e-11)


def test_a_rotated_pca_keeps_the_gap_that_the_closed_form_names():
    model, encoder, X, P = pca(aligned=False)
    q = Amortized(encoder)(X)[0]
    gap = log_p_of_pca(model, X) - elbo(model, q, X, Cubature()(None, 40, 2))[0]
    # ½ [Σ log P_jj − log det P], the same for every x
    expected = 0.5 * (np.log(np.diag(P)).sum() - np.linalg.slogdet(P)[1])
    assert expected > 0.01
    np.testing.assert_allclose(gap, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("setup", [mixture, lambda: pca()[:3]], ids=["mixture", "pca"])
def test_the_exact_encoder_has_no_gradient(setup):
    model, encoder, X = setup()
    noise = None if isinstance(model.latent, Categorical) else Cubature()(None, 40, 2)
    q, back_q = Amortized(encoder)(X)
    dq = elbo(model, q, X, noise)[1](np.ones(40))
    back_q(dq)
    assert np.abs(dq).max() < 1e-12
    assert np.abs(encoder.layers[0].dW).max() < 1e-11


@pytest.mark.parametrize("model, sizes", [
    (mlp_model(2, [8, 5], 3), [(3, 5), (5, 8), (8, 4)]), (probabilistic_pca(2, 3), [(3, 4)]),
    (mixture_of_gaussians(6, 3), [(3, 6)]), (mlp_model(1, [7], 3, activation=relu), [(3, 7), (7, 2)])])
def test_the_default_encoder_mirrors_the_decoder(model, sizes):
    solver = AmortizedVI(model, sweeps=1).fit(np.random.default_rng(0).normal(size=(10, 3)))
    assert [layer.W.shape for layer in solver.posterior.encoder.layers[::2]] == sizes
    assert solver.posterior.size == sum((n + 1) * k for n, k in sizes)


def test_the_default_encoder_mirrors_a_decoder_that_is_one_bare_layer():
    rng = np.random.default_rng(0)
    model = LatentVariableModel(Categorical(3), Affine.random(3, 2, rng), GaussianLikelihood())
    assert AmortizedVI(model, sweeps=1).fit(MOONS).infer(MOONS).shape == (100, 3)


def test_the_default_encoder_is_not_drawn_from_the_stream_of_batches_noise_or_a_decoder_of_the_same_seed():
    model = mlp_model(4, [4], 4, rng=np.random.default_rng(5))
    solver = AmortizedVI(model, sweeps=1, seed=5, learning_rate=1e-12).fit(np.random.default_rng(0).normal(size=(9, 4)))
    W = solver.posterior.encoder.layers[0].W
    assert np.abs(W - model.decoder.layers[0].W).max() > 0.1
    assert np.abs(W - Affine.random(4, 4, np.random.default_rng(5)).W).max() > 0.1


@pytest.mark.parametrize("encoder, message", [
    (mlp([4, 2]), "does not take rows of 2 numbers"),
    (chain(quadratic_features, Affine.random(9, 2, np.random.default_rng(0))), "does not take rows of 2 numbers"),
    (mlp([2, 8, 1]), r"returns 1 numbers a row, expected 2 for Gaussian\(1\).*\[mu, log_sigma\]"),
    (mlp([2, 8, 3]), "returns 3 numbers a row, expected 2"),
])
def test_an_encoder_of_the_wrong_size_is_turned_away(encoder, message):
    with pytest.raises(ValueError, match=message):
        AmortizedVI(mlp_model(1, [4], 2), encoder=encoder, sweeps=1).fit(MOONS)


def test_an_encoder_without_parameters_to_lay_out_is_turned_away():
    with pytest.raises(ValueError, match=r"got the encoder .*, expected a network with arrays\(\) and on\(\)"):
        AmortizedVI(mlp_model(1, [4], 2), encoder=lambda x: (x, None), sweeps=1).fit(MOONS)


def test_an_encoder_of_ones_own_may_have_features_in_front():
    encoder = chain(quadratic_features, Affine.random(5, 2, np.random.default_rng(0)))
    solver = AmortizedVI(mlp_model(1, [4], 2), encoder=encoder, sweeps=3).fit(MOONS)
    expected = solver.posterior.encoder(MOONS.astype(np.float32))[0]
    np.testing.assert_array_equal(solver.infer(MOONS), expected.astype(np.float64))


def test_infer_is_the_encoder_a_block_at_a_time():
    solver = AmortizedVI(mlp_model(1, [4], 2), sweeps=1, dtype=np.float64).fit(MOONS)
    X = np.random.default_rng(0).normal(size=(4100, 2))
    np.testing.assert_allclose(solver.infer(X), solver.posterior.encoder(X)[0], rtol=1e-13, atol=1e-15)
    assert solver.infer(MOONS[:3]).dtype == np.float64


@pytest.mark.parametrize("solver", [VariationalEM, SharedQ, AmortizedVI])
@pytest.mark.parametrize("batch_size", [20, 100])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_neither_the_model_nor_the_encoder_that_was_given_is_changed(solver, batch_size, dtype):
    model = LatentVariableModel(Categorical(4), chain(Affine.random(4, 3, np.random.default_rng(0)), tanh,
                                                      Affine.random(3, 2, np.random.default_rng(1))),
                                GaussianLikelihood())
    encoder = mlp([2, 5, 4])
    given = {**model.arrays(), **{f"phi.{n}": a for n, a in encoder.arrays().items()}}
    before = {name: a.copy() for name, a in given.items()}
    extra = {"encoder": encoder} if solver is AmortizedVI else {}
    trained = solver(model, sweeps=3, batch_size=batch_size, dtype=dtype, learning_rate=0.1, **extra).fit(MOONS)
    for name, a in before.items():
        np.testing.assert_array_equal(given[name], a, err_msg=name)
    for layer in (*model.decoder.layers[::2], *encoder.layers[::2]):
        assert not layer.dW.any() and not layer.db.any()
    for name, a in trained.model.arrays().items():
        assert not np.array_equal(a, before[name]), name


def test_the_gradient_of_a_step_knows_nothing_of_the_step_before():
    X = np.random.default_rng(0).random((40, 5))
    solver = AmortizedVI(mlp_model(2, [4], 5), sweeps=1, batch_size=20, noise=Cubature(), dtype=np.float64).fit(X)
    solver.gradient(X[20:])
    solver.gradient(X[:20])
    left = solver.parameters.grad.copy()

    q, back_q = solver.posterior(X[:20])
    value, back = elbo(solver.model, q, X[:20], Cubature()(None, 20, 2))
    back_q(back(np.full(20, 1 / 20)))
    assert left.any()
    np.testing.assert_array_equal(left, solver.parameters.grad)


def test_the_weight_of_the_kl_changes_from_sweep_to_sweep():
    X = np.random.default_rng(0).normal(size=(40, 3))
    model = mlp_model(1, [4], 3)

    def trained(beta):
        return AmortizedVI(model, sweeps=3, beta=beta).fit(X).parameters.value

    assert np.array_equal(trained(lambda sweep: 0.5), trained(0.5))
    # only the last sweep has another weight
    assert not np.array_equal(trained(lambda sweep: 0.5 if sweep < 2 else 1.0), trained(0.5))


@pytest.mark.parametrize("name", ["beta", "learning_rate"])
@pytest.mark.parametrize("value", [-1, math.nan, math.inf, None, "a", True])
def test_a_schedule_that_is_no_number_is_refused_from_its_first_sweep_on(name, value):
    model = mlp_model(1, [4], 2)
    with pytest.raises(ValueError, match=f"{name} is {value!r}, expected a finite number from 0"):
        AmortizedVI(model, sweeps=2, **{name: value}).fit(MOONS)
    with pytest.raises(ValueError, match=f"{name} is {value!r} in sweep 1, expected a finite number from 0"):
        AmortizedVI(model, sweeps=2, **{name: lambda sweep: value if sweep else 0.1}).fit(MOONS)


@pytest.mark.parametrize("m", [100, 10_000], ids=["one block", "two blocks"])
def test_the_held_out_score_is_the_mean_elbo_of_the_held_out_rows(m):
    X, (_, held) = np.random.default_rng(0).normal(size=(m, 2)), hold_out(m, 0.5, seed=3)
    solver = AmortizedVI(mlp_model(1, [4], 2), sweeps=1, batch_size=m, held_out=0.5, noise=Cubature(), seed=3).fit(X)
    expected = evaluate(solver.model, solver.infer(X[held]), X[held], Cubature()).mean()
    assert solver.history["held_out"][0] == pytest.approx(expected, rel=1e-12)


def test_held_out_scores_of_two_sweeps_differ_by_the_parameters_and_not_by_the_draws():
    solver = AmortizedVI(mlp_model(3, [4], 2), sweeps=4, held_out=0.2, learning_rate=1e-30).fit(MOONS)
    assert np.ptp(solver.history["held_out"]) == 0 < np.ptp(solver.history["elbo"])


def test_64_rows_are_the_default_batch():
    fits = [AmortizedVI(mlp_model(1, [4], 2), sweeps=2, **batch).fit(MOONS) for batch in ({}, {"batch_size": 64})]
    np.testing.assert_array_equal(fits[0].parameters.value, fits[1].parameters.value)


def test_every_step_of_a_fitted_encoder_sees_its_own_gradient_alone():
    model = mixture_of_gaussians(3, 2, sigma_g=0.5)
    # λ is so small that φ stands still
    once, thrice = (fit_encoder(model, mlp([2, 3]), MOONS, steps, learning_rate=1e-12).layers[0] for steps in (1, 3))
    assert once.dW.any()
    np.testing.assert_allclose(thrice.dW, once.dW, rtol=1e-6)
    np.testing.assert_allclose(thrice.db, once.db, rtol=1e-6)
