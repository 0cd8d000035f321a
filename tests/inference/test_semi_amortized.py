"""The encoder's row and k steps of argmax_q: k = 0 is the encoder, the gap falls with k, many steps are argmax_q."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import npvae
from npvae import Amortized, AmortizedVI, SemiAmortized, lay_out, mlp, mlp_model
from npvae.inference.elbo import lower_bound
from npvae.inference.quadrature import quadrature_nodes

X = np.random.default_rng(0).normal(size=(40, 3))


def mean_elbo(model, q):
    return lower_bound(model, q, X, quadrature_nodes(model))[0]


MODELS = [mlp_model(1, [4], 3, npvae.GaussianLikelihood(0.4), rng=0),
          mlp_model(2, [4], 3, npvae.GaussianLikelihood(0.4), rng=1),
          mlp_model(4, [5], 3, npvae.GaussianLikelihood(0.4), rng=2),
          npvae.mixture_of_gaussians(3, 3, 0.5, rng=3),
          npvae.LatentVariableModel(npvae.FullGaussian(2), mlp([2, 4, 3], rng=4), npvae.GaussianLikelihood(0.4))]


@given(st.sampled_from(MODELS), st.integers(0, 10**6), st.lists(st.integers(0, 40), min_size=2, max_size=4))
def test_no_further_step_lowers_the_elbo_of_a_row(model, seed, steps):
    encoder = mlp([3, model.latent.row_size], rng=seed)
    values = [mean_elbo(model, SemiAmortized(encoder, model, k)(X)[0]) for k in [0, *sorted(steps)]]
    assert (np.diff(values, axis=0) >= -1e-12).all()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: repr(model.latent))
def test_no_steps_are_the_encoder_with_its_gradient_and_some_steps_help(model):
    encoder = mlp([3, model.latent.row_size], rng=5)
    parameters = lay_out({"phi": encoder})
    encoder = encoder.on(parameters, "phi.")
    dq = np.random.default_rng(1).normal(size=(len(X), model.latent.row_size))
    rows, gradients = [], []
    for posterior in (Amortized(encoder), SemiAmortized(encoder, model, 0), SemiAmortized(encoder, model, 20)):
        parameters.grad.fill(np.nan)
        q, back = posterior(X)
        back(dq)
        rows.append(q)
        gradients.append(parameters.grad.copy())
        assert posterior.size == parameters.value.size
    np.testing.assert_array_equal(rows[0], rows[1])
    np.testing.assert_array_equal(gradients[0], gradients[1])
    np.testing.assert_array_equal(gradients[0], gradients[2])
    assert mean_elbo(model, rows[2]).mean() > mean_elbo(model, rows[0]).mean() + 0.1


@pytest.mark.parametrize("steps", [1, 3])
def test_each_step_is_one_look_at_the_model_after_the_first(steps):
    looks = []

    def counted(z):
        looks.append(z)
        return z, lambda dy: dy

    decoder = npvae.chain(counted, *mlp([1, 4, 3], rng=4).layers)
    model = npvae.LatentVariableModel(npvae.Gaussian(1), decoder, npvae.GaussianLikelihood(0.4))
    posterior = SemiAmortized(mlp([3, 2], rng=5), model, steps)
    # what the door has looked at is no step
    looks.clear()
    posterior(X)
    assert len(looks) == steps + 1


def test_many_steps_are_argmax_q():
    model = MODELS[0]
    encoder = mlp([3, 2], rng=6)
    q = SemiAmortized(encoder, model, 3000)(X)[0]
    best = npvae.argmax_q(model, encoder(X)[0], X, tolerance=1e-9)
    np.testing.assert_allclose(mean_elbo(model, q), mean_elbo(model, best), rtol=0, atol=1e-6)


def test_the_amortization_gap_of_a_trained_encoder_falls_with_the_steps():
    solver = AmortizedVI(mlp_model(1, [6], 3), sweeps=30, learning_rate=1e-2).fit(X)
    gaps = [npvae.gap_decomposition(solver.model, SemiAmortized(solver.posterior.encoder, solver.model, k)(X)[0], X)
            for k in (0, 5, 40)]
    amortization = [gap.amortization.mean() for gap in gaps]
    assert amortization[0] > amortization[1] > amortization[2] >= -1e-9
    np.testing.assert_allclose([gap.log_p for gap in gaps[1:]], [gaps[0].log_p] * 2)


def test_theta_gets_no_gradient_from_the_steps():
    parameters = lay_out({"theta": MODELS[0]})
    model = MODELS[0].on(parameters, "theta.")
    parameters.grad.fill(7.0)
    SemiAmortized(mlp([3, 2]), model, 5)(X)
    assert (parameters.grad == 7).all()


@pytest.mark.parametrize("settings, says", [
    ((mlp([3, 2]), MODELS[0], -1), "steps is -1"), ((mlp([3, 5]), MODELS[0], 1), "returns 5 numbers a row, expected 2"),
    ((mlp([3, 2]), "pca", 1), "model is 'pca'")])
def test_parts_that_do_not_fit_are_named(settings, says):
    with pytest.raises(ValueError, match=says):
        SemiAmortized(*settings)
