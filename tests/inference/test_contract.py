"""The contract: posteriors × latents × likelihoods × noise, one body; every gradient against two derivatives."""

from types import SimpleNamespace

import numpy as np
import pytest
from numeric_inference import central_difference, complex_step, relative_error

from npvae.inference import Amortized, Free, Shared, elbo
from npvae.models import (
    BernoulliLikelihood,
    Categorical,
    Cubature,
    GaussHermite,
    Gaussian,
    GaussianLikelihood,
    LatentVariableModel,
    MonteCarlo,
)
from npvae.nn import Affine, Parameters, RowAdam, chain, lay_out, mlp, quadratic_features

D, INDEX = 3, np.array([4, 0, 4, 2, 4])     # a batch in which row 4 occurs three times
NOISES = [MonteCarlo(1), MonteCarlo(4), GaussHermite(3), Cubature()]
LATENTS = [(Gaussian(1), n) for n in NOISES] + [(Gaussian(2), n) for n in NOISES] + [
    (Categorical(3, [0.2, 0.3, 0.5]), None)]
LIKELIHOODS = {"fixed": GaussianLikelihood(0.7), "learned": GaussianLikelihood(0.7, learn=True),
               "bernoulli": BernoulliLikelihood()}


def table(rng, R):
    return SimpleNamespace(arrays=lambda: {"table": rng.normal(size=(6, R))}, on=None)


def row(rng, R):
    return SimpleNamespace(arrays=lambda: {"row": rng.normal(size=R)}, on=None)


POSTERIORS = {
    "free": table,
    "shared": row,
    "linear": lambda rng, R: Affine.random(D, R, rng),
    "mlp": lambda rng, R: mlp([D, 3, R], rng=rng, input_gradient=False),
    "quadratic": lambda rng, R: chain(quadratic_features, Affine.random(D + D * (D + 1) // 2, R, rng)),
}


class Problem:
    """Σ_b c_b L_b as a function of one vector that holds θ and the variational parameters."""

    def __init__(self, posterior, latent, noise, likelihood):
        rng = np.random.default_rng(5)
        self.kind, self.model = posterior, LatentVariableModel(latent, mlp([latent.dim, 3, D], rng=rng), likelihood)
        self.source = POSTERIORS[posterior](rng, latent.row_size)
        self.x, self.c = rng.uniform(size=(len(INDEX), D)), rng.normal(size=len(INDEX))
        self.noise = None if noise is None else noise(rng, len(INDEX), latent.dim)
        self.start = lay_out({"theta": self.model, "phi": self.source})

    def value(self, v, gradient=False):
        p = Parameters(self.start.arrays(), v.dtype)
        p.value[...] = v
        q, back_q = self.posterior(p)(self.x, INDEX)
        value, back = elbo(self.model.on(p, "theta."), q, self.x, self.noise)
        if not gradient:
            return (self.c * value).sum()
        rows = back_q(back(self.c))
        if self.kind == "free":
            np.add.at(p.gradient("phi.table"), *rows)
        return p.grad

    def posterior(self, p):
        if self.kind == "free":
            return Free(p["phi.table"])
        if self.kind == "shared":
            return Shared(p["phi.row"], p.gradient("phi.row"))
        return Amortized(self.source.on(p, "phi."))


@pytest.mark.parametrize("posterior", POSTERIORS)
@pytest.mark.parametrize("likelihood", LIKELIHOODS)
@pytest.mark.parametrize("latent, noise", LATENTS, ids=str)
def test_the_gradient_of_the_elbo_is_its_derivative(posterior, latent, noise, likelihood):
    problem = Problem(posterior, latent, noise, LIKELIHOODS[likelihood])
    v = problem.start.value
    gradient = problem.value(v, gradient=True)
    differences, steps = central_difference(problem.value, v), complex_step(problem.value, v)
    for part in ("theta.", "phi."):
        where = problem.start.stretch(part)
        assert relative_error(gradient[where], differences[where]) <= 1e-6
        assert relative_error(gradient[where], steps[where]) <= 1e-12


def test_the_check_rejects_a_gradient_that_is_wrong_by_a_thousandth():
    problem = Problem("mlp", Gaussian(2), MonteCarlo(4), LIKELIHOODS["learned"])
    v = problem.start.value
    gradient = problem.value(v, gradient=True)
    assert relative_error(1.001 * gradient, central_difference(problem.value, v)) > 1e-6


@pytest.mark.parametrize("posterior", ["shared", "linear", "mlp", "quadratic"])
@pytest.mark.parametrize("latent, noise", [(Gaussian(2), Cubature()), (Categorical(3), None)], ids=str)
def test_every_gradient_is_written_whatever_stood_there_before(posterior, latent, noise):
    problem = Problem(posterior, latent, noise, LIKELIHOODS["learned"])
    p = Parameters(problem.start.arrays())
    q, back_q = problem.posterior(p)(problem.x, INDEX)
    _, back = elbo(problem.model.on(p, "theta."), q, problem.x, problem.noise)
    back_q(back(problem.c))
    once = p.grad.copy()
    assert once.any()
    p.grad.fill(np.nan)
    for _ in range(2):
        back_q(back(problem.c))
        np.testing.assert_array_equal(p.grad, once)


def test_a_first_affine_layer_may_skip_the_input_gradient_behind_features_too():
    encoder = chain(quadratic_features, Affine.random(9, 2, np.random.default_rng(0), input_gradient=False))
    assert encoder(np.ones((4, D)))[1](np.ones((4, 2))) is None


def test_a_model_held_fixed_gathers_no_gradient_but_passes_it_on_to_q():
    problem = Problem("shared", Categorical(3), None, LIKELIHOODS["learned"])
    p = Parameters(problem.start.arrays())
    gradients = []
    for gradient in (False, True):
        q, _ = problem.posterior(p)(problem.x, INDEX)
        gradients.append(elbo(problem.model.on(p, "theta.", gradient), q, problem.x)[1](problem.c))
        assert p.grad.any() == gradient
    np.testing.assert_array_equal(*gradients)


def test_the_tables_optimizer_adds_the_gradients_of_a_row_that_occurs_twice():
    rng, start = np.random.default_rng(0), np.random.default_rng(1).normal(size=(5, 2))
    twice, summed = RowAdam(start.copy(), 0.1), RowAdam(start.copy(), 0.1)
    for _ in range(4):
        dq = rng.normal(size=(3, 2))
        twice.step(np.array([3, 1, 3]), dq)
        summed.step(np.array([1, 3]), np.stack([dq[1], dq[0] + dq[2]]))
    np.testing.assert_array_equal(twice.table, summed.table)
    np.testing.assert_array_equal(twice.table[[0, 2, 4]], start[[0, 2, 4]])
    assert (twice.table[[1, 3]] != start[[1, 3]]).all()


def test_free_hands_back_row_numbers_and_gradients_as_they_are():
    rows, dq = np.arange(12.0).reshape(4, 3), np.ones((3, 3))
    q, back = Free(rows)(None, np.array([2, 2, 0]))
    np.testing.assert_array_equal(q, rows[[2, 2, 0]])
    index, same = back(dq)
    np.testing.assert_array_equal(index, [2, 2, 0])
    assert same is dq


def test_sizes_count_variational_parameters():
    assert Free(np.zeros((10, 4))).size == 40
    assert Shared(np.zeros(4), np.zeros(4)).size == 4
    assert Amortized(chain(quadratic_features, Affine(np.zeros((9, 4)), np.zeros(4)))).size == 40
