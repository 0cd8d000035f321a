"""A user's own part in a solver: one whose `back` writes is trained, one whose `back` adds is refused at the door."""

import numpy as np
import pytest

from npvae.autoencoders.squared_error import SquaredErrorSolver
from npvae.inference import AmortizedVI, SharedQ, VariationalEM
from npvae.inference.elbo_gradients import elbo_estimators
from npvae.inference.estimator_training import fit_vae
from npvae.inference.fit_encoder import fit_encoder
from npvae.models import Categorical, Gaussian, GaussianLikelihood, LatentVariableModel
from npvae.nn import Affine, chain, mlp, quadratic_features, tanh

X = np.random.default_rng(0).normal(size=(40, 3)) * [2.0, 1.0, 0.5]


class Scaling:
    """y = x s, with a gradient that is written or added."""

    def __init__(self, s, adds, ds=None):
        self.s, self.adds, self.ds = s, adds, ds

    def arrays(self):
        return {"s": self.s}

    def on(self, parameters, prefix="", gradient=True):
        return Scaling(parameters[prefix + "s"], self.adds, parameters.gradient(prefix + "s") if gradient else None)

    def __call__(self, x):
        def back(dy):
            if self.ds is not None:
                self.ds[...] = (dy * x).sum(0) + self.adds * self.ds
            return dy * self.s

        return x * self.s, back


class Width(GaussianLikelihood):
    """A likelihood, and `Weights` a prior, whose `back` adds."""

    def log_prob(self, x, g):
        value, back = super().log_prob(x, g)
        return value, lambda dvalue: adding(self.dlog_sigma, back, dvalue)


class Weights(Categorical):
    def kl(self, q):
        value, back = super().kl(q)
        return value, lambda dkl: adding(self.dlogits, back, dkl)


def adding(gradient, back, dvalue):
    before = None if gradient is None else gradient.copy()
    answer = back(dvalue)
    if before is not None:
        gradient += before
    return answer


def decoder(adds):
    return chain(Scaling(np.ones(2), adds), mlp([2, 3]))


def model(adds=False):
    return LatentVariableModel(Gaussian(2), decoder(adds), GaussianLikelihood(1.0))


def encoder(adds=False, rows=4):
    return chain(mlp([3, rows]), Scaling(np.ones(rows), adds))


ESTIMATOR = elbo_estimators(Gaussian(2), samples=4)["pathwise"]
FITS = {
    "AmortizedVI": lambda adds: AmortizedVI(model(adds), 2, encoder=encoder()).fit(X),
    "AmortizedVI's encoder": lambda adds: AmortizedVI(model(), 2, encoder=encoder(adds)).fit(X),
    "VariationalEM": lambda adds: VariationalEM(model(adds), 2, batch_size=20).fit(X),
    "SharedQ": lambda adds: SharedQ(model(adds), 2, batch_size=20).fit(X),
    "autoencoder": lambda adds: SquaredErrorSolver(encoder(rows=2), decoder(adds), 2).fit(X),
    "autoencoder's encoder": lambda adds: SquaredErrorSolver(encoder(adds, 2), decoder(False), 2).fit(X),
    "fit_encoder": lambda adds: fit_encoder(model(), encoder(adds), X, steps=2),
    "fit_vae": lambda adds: fit_vae(model(adds), encoder(), X, ESTIMATOR, np.random.default_rng(0), steps=2, every=1),
}


@pytest.mark.parametrize("fit", FITS.values(), ids=FITS)
def test_a_layer_that_writes_is_trained_and_one_that_adds_is_refused(fit):
    fit(adds=False)
    with pytest.raises(ValueError, match=r"adds to the gradient of .*s, which no step sets to zero: let it write"):
        fit(adds=True)


@pytest.mark.parametrize("solver", [AmortizedVI, VariationalEM, SharedQ])
@pytest.mark.parametrize("latent, likelihood, role, name", [
    (Gaussian(2), Width(), "likelihood", "log_sigma"), (Weights(2), GaussianLikelihood(1.0), "latent", "logits")])
def test_a_likelihood_or_a_prior_that_adds_is_refused(solver, latent, likelihood, role, name):
    with pytest.raises(ValueError, match=f"back of the {role} adds to the gradient of theta.{role}.{name}"):
        solver(LatentVariableModel(latent, mlp([2, 3]), likelihood), 2).fit(X)


def test_a_layer_that_writes_moves_as_the_same_numbers_in_an_affine_layer_would():
    solver = AmortizedVI(model(), 200, encoder=encoder(), learning_rate=0.01).fit(X)
    assert solver.elbo(X).mean() > AmortizedVI(model(), 1, encoder=encoder()).fit(X).elbo(X).mean() + 0.5
    assert np.abs(solver.model.decoder.layers[0].s - 1).min() > 1e-3


@pytest.mark.parametrize("encoder", [
    chain(quadratic_features, Affine.random(9, 4, 0, input_gradient=False)),
    chain(mlp([3, 4], input_gradient=False), tanh, Affine.random(4, 4, 1))], ids=["features", "chain"])
def test_an_encoder_that_reads_data_behind_its_first_layer_is_trained(encoder):
    solver = AmortizedVI(model(), 30, encoder=encoder, learning_rate=0.01).fit(X)
    assert solver.history["elbo"][-1] > solver.history["elbo"][0]
