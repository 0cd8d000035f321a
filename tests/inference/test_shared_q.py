"""Solution 1 against its ceiling: −(D/2)(log 2πV + 1), which no decoder, no q and no solver can pass."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numeric_inference import joint_of_mixture

from npvae import datasets
from npvae.inference import SharedQ, VariationalEM, argmax_q, elbo, shared_ceiling
from npvae.inference.argmax_shared_q import argmax_shared_q
from npvae.models import (
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
from npvae.nn import mlp

X = datasets.two_moons(80, 0).train


def models(seed=0):
    rng = np.random.default_rng(seed)
    steep = probabilistic_pca(2, 2, rng=rng)
    steep.decoder.layers[0].W[...] *= 5
    return {"mixture": mixture_of_gaussians(3, 2, rng=rng), "pca": steep, "mlp": mlp_model(2, [6], 2, rng=rng),
            "mlp K=1": mlp_model(1, [6], 2, rng=rng)}


def test_the_ceiling_by_hand():
    data = np.array([[0.0, 1.0], [2.0, 1.0], [4.0, 4.0]])   # variances 8/3 and 2, V = 7/3
    assert shared_ceiling(data) == pytest.approx(-(np.log(2 * np.pi * 7 / 3) + 1), abs=1e-14)
    assert shared_ceiling(data.tolist()) == shared_ceiling(data)


def test_the_ceiling_of_data_without_variance_is_infinite():
    assert shared_ceiling(np.ones((4, 3))) == np.inf


@given(st.integers(0, 2**32 - 1))
def test_the_ceiling_is_the_best_spherical_gaussian(seed):
    rng = np.random.default_rng(seed)
    data = rng.normal(size=(9, 3)) * rng.uniform(0.1, 5)
    V = data.var(0).mean()
    fit = (-1.5 * np.log(2 * np.pi * V) - ((data - data.mean(0)) ** 2).sum(1) / (2 * V)).mean()
    assert shared_ceiling(data) == pytest.approx(fit, abs=1e-12)


@pytest.mark.parametrize("name", models())
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("batch_size", [20, 80])
def test_no_fit_passes_the_ceiling_and_full_sweeps_reach_it(name, seed, batch_size):
    solver = SharedQ(models(seed)[name], sweeps=60, batch_size=batch_size, seed=seed, learning_rate=1e-2).fit(X)
    reached = solver.elbo(X).mean()
    assert reached <= shared_ceiling(X) + 1e-9
    if batch_size == 80:
        assert reached > shared_ceiling(X) - 0.05
    assert np.ptp(solver.infer(X), axis=0).max() == 0


@pytest.mark.parametrize("name", ["mixture", "pca", "mlp"])
def test_full_sweeps_never_fall(name):
    history = SharedQ(models()[name], sweeps=25, batch_size=80, learning_rate=10.0).fit(X).history["elbo"]
    assert (np.diff(history) >= -1e-12).all()
    assert history[-1] > history[0] + 0.05
    assert (history <= shared_ceiling(X) + 1e-9).all()


@pytest.mark.parametrize("noise", [None, MonteCarlo(3), GaussHermite(4)], ids=str)
def test_mini_batches_improve_and_stop_below_the_ceiling(noise):
    solver = SharedQ(models()["mlp"], sweeps=60, batch_size=20, noise=noise, learning_rate=1e-2).fit(X)
    assert solver.history["elbo"][-3:].mean() > solver.history["elbo"][:3].mean() + 0.05
    assert solver.elbo(X).mean() <= shared_ceiling(X) + 1e-9


def test_random_noise_suits_a_batch_of_everything():
    solver = SharedQ(models()["mlp"], sweeps=3, batch_size=80, noise=MonteCarlo(2)).fit(X)
    assert solver.parameters.value.dtype == np.float32 and len(solver.history) == 3


def test_2000_random_decoders_deviations_and_rows_stay_below_the_ceiling():
    rng, ceiling = np.random.default_rng(0), shared_ceiling(X)
    margins = []
    for _ in range(2000):
        K = int(rng.integers(1, 3))
        model = mlp_model(K, [3], 2, GaussianLikelihood(np.exp(rng.normal(-0.5, 0.7))), rng=rng)
        for layer in model.decoder.layers[::2]:
            layer.W[...] *= rng.exponential(2)
            layer.b[...] = rng.normal(size=layer.b.shape)
        model.decoder.layers[2].b[...] += X.mean(0)
        q = np.tile(rng.normal(size=2 * K), (len(X), 1))
        noise = (Cubature() if rng.random() < 0.5 else GaussHermite(7))(None, len(X), K)
        margins.append(ceiling - elbo(model, q, X, noise)[0].mean())
    assert min(margins) >= -1e-12
    assert min(margins) < 1


def test_at_the_mean_with_the_prior_and_sigma_squared_equal_to_v_the_ceiling_is_met():
    model = probabilistic_pca(2, 2, np.sqrt(X.var(0).mean()))
    model.decoder.layers[0].W[...] = 0
    model.decoder.layers[0].b[...] = X.mean(0)
    value = elbo(model, np.zeros((len(X), 4)), X, Cubature()(None, 80, 2))[0]
    assert value.mean() == pytest.approx(shared_ceiling(X), abs=1e-12)


def test_the_shared_argmax_of_a_mixture_in_closed_form():
    rng = np.random.default_rng(4)
    model = LatentVariableModel(Categorical(3, [0.2, 0.3, 0.5]), mlp([3, 2], rng=rng), GaussianLikelihood(0.8))
    solver = SharedQ(model.given(), sweeps=1, learning_rate=1e-30).fit(X)
    scores = joint_of_mixture(model, X).mean(0)
    best = np.logaddexp.reduce(scores)                      # log Σ_k π_k exp(mean_i log p(x_i|k))
    np.testing.assert_allclose(model.latent.mean(solver.infer(X))[0], np.exp(scores - best), rtol=0, atol=1e-12)
    assert solver.elbo(X).mean() == pytest.approx(best, abs=1e-12)
    others = rng.normal(size=(200, 3)) + solver.infer(X)[0]
    assert max(elbo(model, np.tile(q, (80, 1)), X)[0].mean() for q in others) <= best + 1e-12


def test_the_shared_argmax_takes_images_and_any_start_of_the_right_size():
    model, images = mlp_model(1, [3], 2, rng=np.random.default_rng(0)), np.random.default_rng(1).integers(
        256, size=(20, 2), dtype=np.uint8)
    best = argmax_shared_q(model, np.zeros(2), images / 255)
    np.testing.assert_array_equal(argmax_shared_q(model, [0, 0], images), best)
    np.testing.assert_array_equal(argmax_shared_q(model, None, images), best)
    with pytest.raises(ValueError, match=r"start has shape \(3,\).*expected a start of \(2,\) real numbers"):
        argmax_shared_q(model, np.zeros(3), images)
    with pytest.raises(ValueError, match="data has 3 columns, expected 2"):
        argmax_shared_q(model, np.zeros(2), np.ones((5, 3)))


@pytest.mark.parametrize("m", [3, 5000])
def test_data_without_variance_have_an_infinite_ceiling_whatever_their_mean_is_rounded_to(m):
    X = np.full((m, 2), 0.1)
    assert shared_ceiling(X) == np.inf
    assert GaussianLikelihood().started(X).sigma_g == 1


def test_data_whose_squares_overflow_have_no_ceiling():
    with pytest.raises(ValueError, match="the squares would overflow; rescale the data"):
        shared_ceiling(1e160 * X)


def test_a_record_of_a_mixture_is_the_best_shared_q_at_the_theta_that_the_sweep_started_from():
    before, after = (SharedQ(models()["mixture"], sweeps=s, batch_size=80).fit(X) for s in (4, 5))
    best = np.logaddexp.reduce(joint_of_mixture(before.model, X).mean(0))
    assert after.history["elbo"][-1] == pytest.approx(best, abs=1e-12)


def test_a_record_of_pca_is_the_best_shared_q_at_the_theta_that_the_sweep_started_from():
    # L(q) depends on the data through x̄ alone, so the best shared q is the best q of one datapoint at x̄
    before, after = (SharedQ(models()["pca"], sweeps=s, batch_size=80, tolerance=1e-8).fit(X) for s in (3, 4))
    q = argmax_q(before.model, np.zeros((1, 4)), X.mean(0)[None], tolerance=1e-10)
    best = elbo(before.model, np.tile(q, (80, 1)), X, Cubature()(None, 80, 2))[0].mean()
    assert best - 1e-5 <= after.history["elbo"][-1] <= best + 1e-9


def test_a_q_of_ones_own_is_worth_more_than_a_shared_one():
    em, shared = (s(models()["mlp"], sweeps=30, batch_size=80).fit(X) for s in (VariationalEM, SharedQ))
    assert em.elbo(X).mean() > shared.elbo(X).mean() + 0.05


@pytest.mark.parametrize("batch_size", [1, 10, 100])
def test_mini_batches_of_a_mixture_share_one_q_too(batch_size):
    # two clusters far apart: a q for each batch of its own would pass the ceiling by nats
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(3, 1, (100, 2)), rng.normal(-3, 1, (101, 2))])
    solver = SharedQ(mixture_of_gaussians(2, 2), batch_size=batch_size,
                     sweeps=max(60, 6 * batch_size)).fit(X)
    assert solver.history["elbo"].max() < shared_ceiling(X) + 0.02
    assert shared_ceiling(X) - 0.05 < solver.elbo(X).mean() <= shared_ceiling(X) + 1e-9


def test_the_row_climbs_along_the_mean_gradient_of_a_batch():
    model = probabilistic_pca(2, 3, sigma_g=0.5, rng=np.random.default_rng(0))
    x, (layer,) = np.array([0.3, -1.0, 2.0]), model.decoder.layers
    solver = SharedQ(model.given(), sweeps=1, batch_size=20, noise=Cubature(), q_learning_rate=1e-30,
                     learning_rate=1e-30, dtype=np.float64).fit(np.tile(x, (40, 1)))
    # at q = p:  ∂/∂μ = W (x − b)/σ²,  ∂/∂log σ_j = −‖W_j‖²/σ²
    expected = np.concatenate([layer.W @ (x - layer.b), -(layer.W**2).sum(1)]) / 0.25
    np.testing.assert_allclose(solver.posterior.drow, expected, rtol=1e-12)
