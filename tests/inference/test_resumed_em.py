"""Variational EM and the shared q take an optimizer, schedules of λ and β, and go on bit by bit, also once saved."""

import copy

import numpy as np
import pytest

import npvae
from npvae.inference import SharedQ, VariationalEM, argmax_q
from npvae.inference.argmax_q import best_rows
from npvae.inference.argmax_shared_q import best_row
from npvae.inference.elbo import bound_terms
from npvae.models import GaussianLikelihood, LatentVariableModel, MonteCarlo, mixture_of_gaussians, mlp_model

X = np.random.default_rng(0).normal(size=(60, 3)) @ np.diag([2.0, 1.0, 0.5])
MLP, MIXTURE, PPCA = mlp_model(1, [4], 3), mixture_of_gaussians(3, 3), npvae.probabilistic_pca(2, 3)
SOLVERS = pytest.mark.parametrize("solver", [VariationalEM, SharedQ])


class Nesterov:
    def __init__(self, value, grad, learning_rate, maximize=True):
        self.value, self.grad, self.learning_rate, self.v = value, grad, learning_rate, np.zeros_like(value)

    def step(self):
        self.v *= 0.8
        self.v += self.grad
        self.value += self.learning_rate * (0.8 * self.v + self.grad)


def falling(sweep):
    return 0.02 / (1 + sweep)


def rising(sweep):
    return min(1.0, (1 + sweep) / 4)


def bits(solver):
    q = getattr(solver.posterior, "table", None)
    rows = solver.posterior.row if q is None else q
    return solver.parameters.value.tobytes(), rows.tobytes(), list(solver.history["elbo"])


@SOLVERS
@pytest.mark.parametrize("model, settings", [
    (MLP, {"batch_size": 20}), (MLP, {"batch_size": 20, "optimizer": Nesterov, "learning_rate": falling}),
    (MLP, {"batch_size": 60, "learning_rate": falling}), (MLP, {"batch_size": 60, "optimizer": Nesterov}),
    (MLP, {"batch_size": 60, "beta": rising, "dtype": np.float32}),
    (MLP, {"batch_size": 20, "beta": rising, "q_learning_rate": falling, "noise": MonteCarlo(2)}),
    (MIXTURE, {"beta": rising}), (MIXTURE, {"batch_size": 20, "beta": 2.0}), (PPCA, {"exact_m_step": True}),
    (LatentVariableModel(npvae.Gaussian(1), npvae.mlp([1, 3]), GaussianLikelihood(learn=False)), {"batch_size": 60})])
def test_a_fit_in_two_parts_is_one_fit_bit_by_bit_also_saved_and_copied(solver, model, settings):
    whole = solver(model, sweeps=6, **settings).fit(X)
    part = solver(model, sweeps=3, **settings).fit(X)
    twin, arrays = copy.deepcopy(part), part.run.arrays()
    assert all(isinstance(a, np.ndarray) for a in arrays.values())
    restored = solver(model, sweeps=3, **settings).restore(arrays)
    assert bits(restored) == bits(part)
    np.testing.assert_array_equal(restored.elbo(X[:9]).shape, (9,))
    for again in (part, twin, restored):
        again.sweeps = 6
        assert bits(again.fit(X, resume=True)) == bits(whole)


def test_what_a_resumed_run_cannot_change_or_lacks_is_said(tmp_path):
    em = VariationalEM(MLP, sweeps=1, batch_size=20).fit(X)
    em.sweeps = 2
    with pytest.raises(ValueError, match="rows: 59, but the run that goes on began with 60"):
        em.fit(X[:59], resume=True)
    em.batch_size = 60
    with pytest.raises(ValueError, match="full sweeps: True, but the run that goes on began with False"):
        em.fit(X, resume=True)
    for wrong in ({}, None, {"parameters/theta.decoder.0.W": np.ones((1, 1))}):
        with pytest.raises(ValueError, match="expected what run.arrays"):
            VariationalEM(MLP).restore(wrong)
    with pytest.raises(ValueError, match="saved parameters do not fit"):
        VariationalEM(mlp_model(1, [5], 3)).restore(em.run.arrays())
    on_disk = VariationalEM(MLP, sweeps=1, batch_size=20, table_file=str(tmp_path / "q.npy")).fit(X)
    with pytest.raises(ValueError, match="resume with a table_file"):
        on_disk.fit(X, resume=True)
    assert SharedQ(MLP, sweeps=1, batch_size=20).fit(X).fit(X[:59], resume=True).history[-1]["sweep"] == 1


@SOLVERS
@pytest.mark.parametrize("batch_size", [20, 60])
def test_an_optimizer_moves_theta_and_learns(solver, batch_size):
    fitted = solver(MLP, sweeps=30, batch_size=batch_size, optimizer=Nesterov).fit(X)
    assert isinstance(fitted.run.optimizer, Nesterov) and fitted.run.optimizer.v.any()
    assert fitted.history["elbo"][-1] > fitted.history["elbo"][0] + 0.02
    still = solver(MLP, sweeps=3, batch_size=batch_size, optimizer=Nesterov, learning_rate=lambda sweep: 1e-30).fit(X)
    start = solver(MLP, sweeps=1, batch_size=batch_size, optimizer=Nesterov, learning_rate=1e-30).fit(X)
    np.testing.assert_array_equal(still.parameters.value, start.parameters.value)


@SOLVERS
def test_an_optimizer_that_is_adam_gives_the_bits_of_the_default(solver):
    class MyAdam(npvae.Adam):
        pass

    fits = [solver(MLP, sweeps=3, batch_size=20, **given).fit(X) for given in ({}, {"optimizer": MyAdam})]
    assert bits(fits[0]) == bits(fits[1])
    with pytest.raises(ValueError, match="got both optimizer MyAdam and exact_m_step"):
        solver(PPCA, exact_m_step=True, optimizer=MyAdam).fit(X)
    with pytest.raises(ValueError, match="expected a class"):
        solver(MLP, optimizer="sgd")


def test_beta_weighs_the_kl_in_the_argmax_and_what_is_reported_is_the_elbo():
    # E log p − β KL is β (E log p^{1/β} − KL): a likelihood that is β times as wide has the same argmax
    for beta in (0.3, 2.5):
        wide = npvae.probabilistic_pca(2, 3, sigma_g=np.sqrt(beta))
        plain = LatentVariableModel(wide.latent, wide.decoder, GaussianLikelihood(1.0))
        expected = argmax_q(wide, np.zeros((60, 4)), X, tolerance=1e-10)
        found = best_rows(plain, np.zeros((60, 4)), X, tolerance=1e-10, beta=beta)
        np.testing.assert_allclose(found, expected, atol=1e-4)
        # and of a mixture π_k p(x|k)^{1/β}, for one row of all, its mean over the data
        mixture = mixture_of_gaussians(3, 3, sigma_g=1.0)
        wider = LatentVariableModel(mixture.latent, mixture.decoder, GaussianLikelihood(np.sqrt(beta)))
        for one, other in ((best_rows(mixture, None, X, beta=beta), best_rows(wider, None, X)),
                           (best_row(mixture, None, X, None, beta=beta)[None], best_row(wider, None, X, None)[None])):
            np.testing.assert_allclose(one - one.max(1)[:, None], other - other.max(1)[:, None], atol=1e-9)


@pytest.mark.parametrize("model", [MLP, MIXTURE])
def test_a_large_beta_brings_q_to_the_prior_and_full_sweeps_raise_what_is_maximised(model):
    kl, rising_to = {}, []
    for beta in (1.0, 30.0):
        em = VariationalEM(model, sweeps=8, batch_size=60, beta=beta).fit(X)
        nodes = em._nodes(np.float64)
        for sweeps in (2, 5, 8):
            part = VariationalEM(model, sweeps=sweeps, batch_size=60, beta=beta).fit(X)
            reconstruction, k, _ = bound_terms(part.model, part.posterior.table, X, nodes)
            rising_to.append(float((reconstruction - beta * k).mean()))
        kl[beta] = float(k.mean())
        assert rising_to[-3] <= rising_to[-2] <= rising_to[-1]
        # the history is of the ELBO before the last step, not of what was maximised
        assert abs(em.history["elbo"][-1] - float((reconstruction - k).mean())) < 0.2
    assert kl[30.0] < 0.2 * kl[1.0]
