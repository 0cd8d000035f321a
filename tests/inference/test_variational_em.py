"""Variational EM: the argmax is the argmax, a sweep never loses, and `infer` beats every other source of q."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numeric_inference import joint_of_mixture, kl_to_posterior_of_pca, log_p_of_pca, posterior_of_pca

from npvae import datasets
from npvae.inference import AmortizedVI, VariationalEM, argmax_q, elbo, evaluate
from npvae.inference.argmax_q import argmax_rows, best_rows
from npvae.inference.theta_steps import LineSearchStep
from npvae.models import (
    Categorical,
    Cubature,
    GaussHermite,
    Gaussian,
    GaussianLikelihood,
    LatentVariableModel,
    MonteCarlo,
    mixture_of_gaussians,
    mlp_model,
    probabilistic_pca,
)
from npvae.models.climb import climb
from npvae.nn import Affine, chain, lay_out, mlp

X3 = datasets.mixture(120, 0).train
MOONS = datasets.two_moons(60, 0).train


def mixture(sigma_g=0.5, learn_weights=True, K=3):
    return LatentVariableModel(Categorical(K, learn_weights=learn_weights), mlp([K, 2]), GaussianLikelihood(sigma_g))


def curve(sigma_g=0.4, K=1):
    return mlp_model(K, [6], 2, GaussianLikelihood(sigma_g), rng=np.random.default_rng(3))


@pytest.mark.parametrize("seed", range(3))
def test_the_argmax_of_a_mixture_is_its_posterior_and_closes_the_bound(seed):
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(np.ones(4))
    model = LatentVariableModel(Categorical(4, weights), mlp([4, 2], rng=rng), GaussianLikelihood(0.5))
    X = 2 * rng.normal(size=(30, 2))
    joint = joint_of_mixture(model, X)
    log_p = np.logaddexp.reduce(joint, axis=1)
    q = argmax_q(model, np.zeros((30, 4)), X)
    np.testing.assert_allclose(model.latent.mean(q), np.exp(joint - log_p[:, None]), rtol=0, atol=1e-12)
    np.testing.assert_allclose(elbo(model, q, X)[0], log_p, rtol=0, atol=1e-10)


@pytest.mark.parametrize("sigma_g", [0.5, None], ids=["sigma fixed", "sigma learned"])
@pytest.mark.parametrize("learn_weights", [False, True], ids=["weights fixed", "weights learned"])
@pytest.mark.parametrize("learning_rate", [3e-3, 1e3])
def test_a_mixture_never_falls_and_ends_on_its_log_p(sigma_g, learn_weights, learning_rate):
    em = VariationalEM(mixture(sigma_g, learn_weights), sweeps=40, learning_rate=learning_rate).fit(X3)
    assert (np.diff(em.history["elbo"]) >= -1e-12).all()
    assert em.history["elbo"][-1] > em.history["elbo"][0] + 0.1
    log_p = np.logaddexp.reduce(joint_of_mixture(em.model, X3), axis=1)
    np.testing.assert_allclose(em.elbo(X3), log_p, rtol=0, atol=1e-10)
    weights = em.model.latent.mean(em.model.latent.prior_row()[None])[0]
    assert (np.ptp(weights) > 0.01) == learn_weights
    assert (em.model.likelihood.sigma_g != 0.5) == (sigma_g is None)


@pytest.mark.parametrize("sweeps", [1, 4])
def test_a_sweep_records_log_p_at_the_theta_that_it_started_from(sweeps):
    before = VariationalEM(mixture(None), sweeps=sweeps).fit(X3)
    after = VariationalEM(mixture(None), sweeps=sweeps + 1).fit(X3)
    log_p = np.logaddexp.reduce(joint_of_mixture(before.model, X3), axis=1).mean()
    np.testing.assert_allclose(after.history["elbo"][-1], log_p, rtol=0, atol=1e-10)


def test_a_sweep_of_pca_records_the_best_diagonal_q_at_the_theta_that_it_started_from():
    X = datasets.linear_gaussian(80, 0, data_dim=4, latent_dim=3).train
    before, after = (VariationalEM(probabilistic_pca(3, 4), sweeps=s, batch_size=80).fit(X) for s in (6, 7))
    best = (log_p_of_pca(before.model, X) - kl_to_posterior_of_pca(before.model, best_diagonal(before.model, X), X))
    assert best.mean() - 1e-5 <= after.history["elbo"][-1] <= best.mean() + 1e-12


@pytest.mark.parametrize("model, noise", [
    (curve(None), None), (curve(None, 2), None), (curve(None, 3), Cubature()), (curve(None), GaussHermite(5)),
    (curve(0.4), Cubature())], ids=str)
@pytest.mark.parametrize("learning_rate", [3e-3, 1e3])
def test_full_sweeps_with_a_gaussian_latent_never_fall(model, noise, learning_rate):
    em = VariationalEM(model, sweeps=8, batch_size=60, noise=noise, learning_rate=learning_rate).fit(MOONS)
    assert len(em.history) == 8
    assert (np.diff(em.history["elbo"]) >= -1e-9).all()
    assert em.history["elbo"][-1] > em.history["elbo"][0] + 1e-3


def test_a_theta_step_that_cannot_rise_leaves_theta_where_it_was():
    model = mixture().started(X3)
    parameters = lay_out({"theta": model})
    downhill = LineSearchStep(model.on(parameters, "theta."), parameters, 1.0)
    downhill.learning_rate = -1e12                          # 40 halvings leave λ = −1
    start, q = parameters.value.copy(), np.zeros((120, 3))
    value = downhill(q, X3, None)
    np.testing.assert_array_equal(value, elbo(model, q, X3)[0])
    np.testing.assert_array_equal(parameters.value, start)


def test_full_sweeps_in_three_dimensions_record_what_is_reported():
    em = VariationalEM(mlp_model(5, [16], 2), sweeps=60, batch_size=60, learning_rate=0.1).fit(MOONS)
    assert em.history["elbo"][-1] < em.elbo(MOONS).mean() + 0.1


@pytest.mark.parametrize("noise", [None, MonteCarlo(4), GaussHermite(5)], ids=str)
def test_mini_batches_improve(noise):
    em = VariationalEM(curve(None), sweeps=30, batch_size=20, noise=noise, learning_rate=1e-2).fit(MOONS)
    assert em.history["elbo"][-3:].mean() > em.history["elbo"][:3].mean() + 0.2
    short = VariationalEM(curve(None), sweeps=1, batch_size=20).fit(MOONS)
    assert em.elbo(MOONS).mean() > short.elbo(MOONS).mean() + 0.2


def test_random_noise_makes_even_a_batch_of_everything_a_mini_batch():
    full, drawn = (VariationalEM(curve(), sweeps=2, batch_size=60, noise=n).fit(MOONS) for n in (None, MonteCarlo(2)))
    assert full.parameters.value.dtype == np.float64
    assert drawn.parameters.value.dtype == np.float32


def test_mini_batches_of_a_mixture_take_the_exact_argmax():
    em = VariationalEM(mixture(), sweeps=1, batch_size=50, learning_rate=1e-30, dtype=np.float64).fit(X3)
    joint = joint_of_mixture(em.model, X3)
    posterior = np.exp(joint - np.logaddexp.reduce(joint, axis=1)[:, None])
    np.testing.assert_allclose(em.model.latent.mean(em.posterior.table), posterior, rtol=0, atol=1e-12)


def test_a_record_on_noise_that_q_was_not_fitted_on_stays_below_log_p():
    # θ stands; 300 steps on one frozen draw would lift the ELBO on that draw above log p(x)
    rng = np.random.default_rng(0)
    model = probabilistic_pca(6, 8, 0.3, rng)
    X = model.sample(200, rng)[0]
    em = VariationalEM(model, sweeps=3, batch_size=100, learning_rate=1e-30, q_steps=300, q_learning_rate=0.1).fit(X)
    best = log_p_of_pca(model, X) - kl_to_posterior_of_pca(model, best_diagonal(model, X), X)
    assert (em.history["elbo"] < best.mean()).all()


@pytest.mark.parametrize("K, batch_size", [(1, 20), (1, 60), (2, 20), (3, 20)])
def test_infer_beats_the_prior_on_new_data_and_the_table_on_old(K, batch_size):
    em = VariationalEM(curve(0.4, K), sweeps=10, batch_size=batch_size).fit(MOONS)
    new = datasets.two_moons(200, 1).train
    nodes = em._nodes(np.float64)
    model = em.model.copy()
    prior = np.tile(model.latent.prior_row(), (200, 1))
    assert (elbo(model, em.infer(new), new, nodes)[0] >= elbo(model, prior, new, nodes)[0]).all()
    table = em.posterior.table.astype(np.float64)
    old, climbed = elbo(model, table, MOONS, nodes)[0], elbo(model, em.infer(MOONS), MOONS, nodes)[0]
    assert (climbed >= old - 1e-12).all()


def test_infer_knows_its_own_data_and_starts_afresh_for_other_rows():
    em = VariationalEM(curve(0.4), sweeps=5, batch_size=60).fit(MOONS)
    np.testing.assert_array_equal(em.infer(MOONS), em.infer(MOONS.copy()))
    assert em.infer(MOONS[::-1]).shape == (60, 2)
    assert (em.elbo(MOONS[::-1])[::-1] >= em.elbo(MOONS) - 1e-3).mean() > 0.9


def wave(z):
    """[sin 4z, z/3]: a decoder on which the ELBO of a datapoint has several hills."""
    return (np.concatenate([np.sin(4 * z), z / 3], axis=1),
            lambda dy: 4 * np.cos(4 * z) * dy[:, :1] + dy[:, 1:] / 3)


def test_infer_finds_the_highest_of_several_hills_for_new_data():
    model = LatentVariableModel(Gaussian(1), chain(wave, Affine(np.eye(2), np.zeros(2))), GaussianLikelihood(0.1))
    rng = np.random.default_rng(0)
    em = VariationalEM(model, sweeps=1, batch_size=40, learning_rate=1e-30).fit(model.sample(40, rng)[0])
    new, nodes = model.sample(40, rng)[0], em._nodes(np.float64)
    values = np.array([elbo(model, argmax_q(model, np.tile([z, -1.0], (40, 1)), new), new, nodes)[0]
                       for z in np.linspace(-3, 3, 25)])
    assert (np.ptp(values, axis=0) > 1).all()               # the hills differ
    assert (elbo(model, em.infer(new), new, nodes)[0] >= values.max(0) - 1e-3).mean() >= 0.95


@pytest.mark.parametrize("hidden", [None, []], ids=["default encoder", "linear encoder"])
def test_infer_beats_the_amortized_encoder_on_the_same_theta(hidden):
    X = datasets.spiral(80, 0).train
    encoder = None if hidden is None else mlp([2, 2])
    amortized = AmortizedVI(curve(0.4), encoder=encoder, sweeps=60, batch_size=20, learning_rate=1e-2).fit(X)
    em = VariationalEM(amortized.model.copy(), sweeps=1, batch_size=80, learning_rate=1e-30, tolerance=1e-8).fit(X)
    start = amortized.infer(X)
    best = argmax_q(em.model, start, X, tolerance=1e-8)
    nodes = em._nodes(np.float64)
    encoded, climbed, inferred = (elbo(em.model, q, X, nodes)[0] for q in (start, best, em.infer(X)))
    assert (climbed >= encoded).all()
    assert (inferred >= encoded - 1e-6).all()
    assert inferred.mean() > encoded.mean() + 1e-3
    assert (em.elbo(X) >= amortized.elbo(X) - 1e-6).all()


def best_diagonal(model, X):
    m, P = posterior_of_pca(model, X)
    return np.concatenate([m, np.broadcast_to(-0.5 * np.log(np.diag(P)), m.shape)], axis=1)


@pytest.mark.parametrize("K", [1, 2, 5])
def test_the_argmax_of_pca_is_the_best_diagonal(K):
    rng = np.random.default_rng(K)
    model = probabilistic_pca(K, 6, 0.7, rng)
    X = model.sample(50, rng)[0]
    q = argmax_q(model, np.tile(model.latent.prior_row(), (50, 1)), X)
    best = best_diagonal(model, X)
    np.testing.assert_allclose(q[:, :K], best[:, :K], rtol=0, atol=1e-4)
    np.testing.assert_allclose(np.exp(2 * q[:, K:]), np.exp(2 * best[:, K:]), rtol=0, atol=1e-4)
    lost = kl_to_posterior_of_pca(model, q, X) - kl_to_posterior_of_pca(model, best, X)
    assert -1e-12 < lost.min() <= lost.max() < 1e-6


def concave(rng, B, R, spread):
    """−½ (q − c)ᵀ A (q − c) with its own A and c for each row; eigenvalues within a factor `spread`."""
    frame = np.linalg.qr(rng.normal(size=(B, R, R)))[0]
    A = np.einsum("bij,bj,bkj->bik", frame, spread ** rng.uniform(0, 1, (B, R)), frame)
    c = 3 * rng.normal(size=(B, R))

    def objective(q, rows):
        slope = np.einsum("bij,bj->bi", A[rows], q - c[rows])
        return -0.5 * ((q - c[rows]) * slope).sum(1), lambda d: -slope * d[:, None]

    return objective, c


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 4), st.floats(1, 10))
def test_climb_finds_the_top_of_concave_quadratics(seed, B, R, spread):
    rng = np.random.default_rng(seed)
    objective, c = concave(rng, B, R, spread)
    start = c + 3 * rng.normal(size=(B, R))
    q = climb(objective, start.copy(), tolerance=1e-10)
    assert objective(q, np.arange(B))[0].min() > -1e-8
    np.testing.assert_allclose(q, c, rtol=0, atol=2e-4)


@given(st.integers(0, 2**32 - 1), st.integers(1, 8))
def test_climb_never_returns_worse_than_the_start_and_leaves_the_start_alone(seed, most_steps):
    rng = np.random.default_rng(seed)
    objective, c = concave(rng, 5, 3, 1e4)
    start = c + 1e-3 * rng.normal(size=c.shape)
    kept = start.copy()
    q = climb(objective, start, most_steps=most_steps)
    assert (objective(q, np.arange(5))[0] >= objective(start, np.arange(5))[0]).all()
    np.testing.assert_array_equal(start, kept)


def test_climb_keeps_the_best_point_of_a_landscape_that_deceives_it():
    # a gradient of the wrong sign leads every step downhill
    start = np.array([[1.0, -2.0], [0.5, 0.5]])
    q = climb(lambda q, rows: (-(q**2).sum(1), lambda d: 2 * q * d[:, None]), start, most_steps=20)
    np.testing.assert_array_equal(q, start)


def test_rows_climb_alone():
    objective, c = concave(np.random.default_rng(0), 6, 3, 10)
    start = np.zeros((6, 3))
    together = climb(objective, start)
    alone = [climb(lambda q, rows, i=i: objective(q, np.array([i])), start[:1])[0] for i in range(6)]
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-12)


def test_climb_takes_a_step_into_an_overflow_back():
    # finite only within |q| < 5, where the first steps of up to 1 lead past the edge
    def walled(q, rows):
        value = np.where(np.abs(q[:, 0]) < 5, -((q[:, 0] - 4.999) ** 2), np.nan)
        return value, lambda d: np.where(np.isfinite(value), -2 * (q[:, 0] - 4.999) * d, np.nan)[:, None]

    q = climb(walled, np.array([[-4.0], [3.0], [4.9]]), tolerance=1e-9)
    np.testing.assert_allclose(q, 4.999, rtol=0, atol=1e-3)


def test_climb_survives_rows_that_start_in_an_overflow():
    model, start = curve(0.4), np.array([[0.0, 0.0], [0.0, 400.0], [1.0, -1.0], [400.0, 400.0]])
    with np.errstate(over="ignore", invalid="ignore"):
        q = best_rows(model, start, MOONS[:4])
    assert np.isfinite(q).all()
    np.testing.assert_array_equal(q[[1, 3]], start[[1, 3]])             # nowhere to go back to
    np.testing.assert_allclose(q[[0, 2]], argmax_q(model, start[[0, 2]], MOONS[[0, 2]]), rtol=0, atol=1e-12)


@pytest.mark.parametrize("K", [1, 2])
def test_climb_agrees_with_the_closed_form_of_pca(K):
    rng = np.random.default_rng(K)
    model = probabilistic_pca(K, 6, 0.7, rng)
    X, nodes = model.sample(50, rng)[0], Cubature()(None, 50, K)
    q = climb(lambda q, rows: elbo(model, q, X[rows], nodes), np.zeros((50, 2 * K)), tolerance=1e-8)
    best = best_diagonal(model, X)
    np.testing.assert_allclose(q[:, :K], best[:, :K], rtol=0, atol=1e-4)
    np.testing.assert_allclose(np.exp(2 * q[:, K:]), np.exp(2 * best[:, K:]), rtol=0, atol=1e-4)


def test_quadrature_in_the_argmax_agrees_with_a_finer_rule():
    em = VariationalEM(curve(0.4), sweeps=5, batch_size=60).fit(MOONS)
    q = em.infer(MOONS)
    coarse = elbo(em.model, q, MOONS, em._nodes(np.float64))[0]
    np.testing.assert_allclose(coarse, evaluate(em.model, q, MOONS, GaussHermite(80)), rtol=0, atol=1e-4)


def test_the_latents_rows_start_at_the_prior():
    em = VariationalEM(LatentVariableModel(Gaussian(2), mlp([2, 3]), GaussianLikelihood(1.0)), batch_size=5,
                       sweeps=1, q_steps=0, learning_rate=1e-30).fit(np.zeros((10, 3)))
    np.testing.assert_array_equal(em.posterior.table, np.zeros((10, 4)))


def test_the_table_of_full_sweeps_holds_the_argmax_for_the_theta_that_stands():
    em = VariationalEM(curve(), sweeps=2, batch_size=60, learning_rate=0.5).fit(MOONS)
    best = evaluate(em.model, argmax_q(em.model, em.posterior.table, MOONS), MOONS)
    np.testing.assert_allclose(evaluate(em.model, em.posterior.table, MOONS), best, rtol=0, atol=0.01)


@pytest.mark.parametrize("on_disk", [False, True])
def test_the_first_step_of_every_row_is_its_learning_rate_long(on_disk, tmp_path):
    em = VariationalEM(curve(), sweeps=1, batch_size=20, q_steps=1, q_learning_rate=0.07, dtype=np.float64,
                       table_file=str(tmp_path / "table.npy") if on_disk else None).fit(MOONS)
    # from the prior, whose row is zero
    np.testing.assert_allclose(np.abs(em.posterior.table), 0.07, rtol=1e-4)


def test_infer_climbs_on_nodes_of_ones_own_if_they_are_deterministic():
    em = VariationalEM(curve(), sweeps=1, batch_size=60, noise=GaussHermite(3)).fit(MOONS)
    own, default = (argmax_rows(em.model, em.posterior.table, MOONS, em.tolerance, nodes)
                    for nodes in (GaussHermite(3)(None, 1, 1), None))
    np.testing.assert_array_equal(em.infer(MOONS), own)
    assert not np.array_equal(own, default)


def test_restarts_keep_the_best_of_their_fits():
    X = datasets.digits().train[:200]
    model = mixture_of_gaussians(8, 64)
    single = [VariationalEM(model, sweeps=15, exact_m_step=True, seed=seed).fit(X) for seed in (3, 4, 5)]
    best = VariationalEM(model, sweeps=15, exact_m_step=True, seed=3, restarts=3).fit(X)
    means = [em.elbo(X).mean() for em in single]
    assert np.ptp(means) > 0.1 and best.elbo(X).mean() == max(means)
    assert best.seed == 3 and best.restarts == 3 and len(best.history) == 15
    with pytest.raises(ValueError, match="leave one of them out"):
        VariationalEM(model, restarts=2, table_file="q.npy").fit(X)
    with pytest.raises(ValueError, match="restarts is 0"):
        VariationalEM(model, restarts=0).fit(X)
