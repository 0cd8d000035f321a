"""The README's twelve parts at work: trained under every solver that they make sense for, saved, and loaded."""

import numpy as np
import pytest
import twelve_own_parts as own

import npvae
from npvae import (
    Affine,
    AmortizedVI,
    Gaussian,
    GaussianLikelihood,
    LatentVariableModel,
    SharedQ,
    VariationalEM,
    chain,
)
from npvae.autoencoders import load

RNG = np.random.default_rng(0)
Z = RNG.normal(size=(60, 2))
X = Z @ RNG.normal(size=(2, 5)) + 0.3 * RNG.normal(size=(60, 5))
COUNTS = RNG.poisson(np.exp(1 + 0.8 * X)).astype(float)
SOLVERS = {"VariationalEM": VariationalEM, "SharedQ": SharedQ, "AmortizedVI": AmortizedVI}


def decoder_of(*layers, K=2):
    return chain(Affine.random(K, 8, 1), *layers, Affine.random(8, 5, 2))


def scale_and_shift():
    return own.ScaleAndShift(np.ones(8), np.zeros(8))


def convolution():
    return chain(Affine.random(2, 8, 1), npvae.tanh, own.Convolution(np.array([0.2, 0.6, 0.2]), np.zeros(())),
                 Affine.random(6, 5, 2))


MODELS = {
    "leaky ReLU": (lambda: {"decoder": decoder_of(own.leaky_relu)}, X),
    "scale and shift": (lambda: {"decoder": decoder_of(npvae.tanh, scale_and_shift())}, X),
    "convolution": (lambda: {"decoder": convolution()}, X),
    "Poisson": (lambda: {"likelihood": own.Poisson()}, COUNTS),
    "Laplace": (lambda: {"likelihood": own.Laplace(np.array(0.0))}, X),
    "Student's t": (lambda: {"likelihood": own.StudentT()}, X),
    "Laplace latent": (lambda: {"latent": own.LaplaceLatent(2)}, X),
    "full Gaussian": (lambda: {"latent": own.FullGaussian(2)}, X)}
# what a solver is built of, and the solvers that take it
SETTINGS = {
    "semi-amortized": ({"make_posterior": own.SemiAmortized}, ["AmortizedVI"]),
    "Nesterov": ({"optimizer": own.Nesterov, "learning_rate": 1e-3}, list(SOLVERS)),
    "cosine": ({"learning_rate": own.cosine}, list(SOLVERS)),
    "Halton": ({"noise": own.Halton(1)}, list(SOLVERS))}


def model_of(latent=None, decoder=None, likelihood=None):
    return LatentVariableModel(latent or Gaussian(2), decoder or decoder_of(npvae.tanh),
                               likelihood or GaussianLikelihood())


def check_trained(solver, data):
    fitted = solver.fit(data)
    first, last = fitted.history["elbo"][0], np.mean(fitted.history["elbo"][-3:])
    # one q for all begins at the data's mean, which is about the best it can
    assert last > first + (-0.1 if isinstance(solver, SharedQ) else 0.05), fitted.history["elbo"]
    assert np.isfinite(fitted.elbo(data)).all() and fitted.infer(data[:3]).shape == (3, fitted.model.latent.row_size)
    return fitted


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("name", MODELS)
def test_a_part_of_the_model_is_trained(name, solver):
    parts, data = MODELS[name]
    fitted = check_trained(SOLVERS[solver](model_of(**parts()), sweeps=12, batch_size=20, learning_rate=1e-2), data)
    again = SOLVERS[solver](model_of(**parts()), sweeps=12, batch_size=20, learning_rate=1e-2).fit(data)
    np.testing.assert_array_equal(again.parameters.value, fitted.parameters.value)


@pytest.mark.parametrize("name, solver", [(name, solver) for name, (_, which) in SETTINGS.items() for solver in which])
def test_a_part_of_the_solver_trains(name, solver):
    settings = {"learning_rate": 1e-2} | SETTINGS[name][0]
    check_trained(SOLVERS[solver](model_of(), sweeps=12, batch_size=20, **settings), X)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("name", ["Poisson", "Laplace", "scale and shift"])
def test_a_part_meets_nodes_that_all_rows_share(name, solver):
    parts, data = MODELS[name]
    given = parts() | {"latent": npvae.Categorical(2)}
    check_trained(SOLVERS[solver](model_of(**given), sweeps=12, batch_size=20, learning_rate=1e-2), data)


@pytest.mark.parametrize("name", MODELS)
def test_a_vae_is_saved_and_loaded(name, tmp_path):
    parts, data = MODELS[name]
    vae = npvae.VAE(latent_dim=2, hidden=(8,), sweeps=2, progress=False, **parts()).fit(data)
    vae.save(tmp_path / "m.npz")
    again = load(tmp_path / "m.npz", **parts())
    np.testing.assert_array_equal(again.elbo(data), vae.elbo(data))
    again.set_params(sweeps=3).fit(data, resume=True)
    vae.set_params(sweeps=3).fit(data, resume=True)
    np.testing.assert_array_equal(again.solver_.parameters.value, vae.solver_.parameters.value)
    with pytest.raises(ValueError, match="not in the file: hand it over"):
        npvae.VAE.load(tmp_path / "m.npz")


@pytest.mark.parametrize("own_settings", [{"optimizer": own.Nesterov}, {"learning_rate": own.cosine}])
def test_what_moves_a_vae_is_saved_and_loaded(own_settings, tmp_path):
    vae = npvae.VAE(latent_dim=2, hidden=(8,), sweeps=2, progress=False, **own_settings).fit(X)
    vae.save(tmp_path / "m.npz")
    again = load(tmp_path / "m.npz", **own_settings).set_params(sweeps=3).fit(X, resume=True)
    np.testing.assert_array_equal(again.solver_.parameters.value,
                                  vae.set_params(sweeps=3).fit(X, resume=True).solver_.parameters.value)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("name", [*MODELS, *SETTINGS])
def test_a_solver_with_parts_of_ones_own_goes_on_from_what_was_saved(name, solver):
    (parts, data), (settings, which) = MODELS.get(name, (dict, X)), SETTINGS.get(name, ({}, list(SOLVERS)))
    if solver not in which:
        pytest.skip("it makes no sense for this solver")

    def made(sweeps):
        return SOLVERS[solver](model_of(**parts()), sweeps=sweeps, batch_size=20, **settings)

    whole, half = made(4).fit(data), made(2).fit(data)
    again = made(4).restore(half.run.arrays()).fit(data, resume=True)
    np.testing.assert_array_equal(again.parameters.value, whole.parameters.value)
    np.testing.assert_array_equal(again.infer(data), whole.infer(data))


def test_the_semi_amortized_posterior_is_better_than_its_encoder():
    solver = AmortizedVI(model_of(), sweeps=30, batch_size=20, make_posterior=own.SemiAmortized).fit(X)
    plain = npvae.evaluate(solver.model, solver.posterior.encoder(X.astype(np.float32))[0], X)
    assert solver.elbo(X).mean() > plain.mean()
    assert isinstance(solver.posterior, own.SemiAmortized) and solver.infer(X).shape == (60, 4)
