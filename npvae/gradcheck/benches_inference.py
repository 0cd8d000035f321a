"""The checks that mistakes in the ELBO, the posteriors and the solvers are put to, and those in a bound."""

import numpy as np

from npvae.gradcheck.benches import SIGMA_G, B, D, K, S, rng, rows
from npvae.gradcheck.bound import check_bound
from npvae.gradcheck.check import gradcheck
from npvae.gradcheck.elbo_check import check_elbo
from npvae.inference.elbo import elbo
from npvae.models import Categorical, GaussianLikelihood, LatentVariableModel, MonteCarlo, Noise, probabilistic_pca
from npvae.nn import Parameters, mlp


def elbo_of_vae(f):
    """An `elbo`, on the lecture's VAE with a small network."""
    model = LatentVariableModel(probabilistic_pca(K, D).latent, mlp([K, 4, D], rng=rng()),
                                GaussianLikelihood(SIGMA_G, learn=True))
    return check_elbo(model, rng().standard_normal((B, D)), noise=MonteCarlo(S)(rng(), B, K), elbo=f)


def elbo_of_mixture(f):
    """An `elbo`, on a mixture."""
    model = LatentVariableModel(Categorical(K), mlp([K, D], rng=rng()), GaussianLikelihood(SIGMA_G, learn=True))
    return check_elbo(model, rng().standard_normal((B, D)), elbo=f)


def shared_row(posterior):
    """One row q for B data."""

    class Row:
        """The shared row as a part with parameters."""

        def __init__(self, row, drow=None):
            self.row, self.drow = row, drow

        def arrays(self):
            return {"row": self.row}

        def on(self, parameters, prefix="", gradient=True):
            return Row(parameters[prefix + "row"], parameters.gradient(prefix + "row"))

    def call(part, x):
        q, back = posterior(part.row, part.drow)(x)
        return q.copy(), lambda dq: back(dq)

    return gradcheck(Row(rng().standard_normal(2 * K)), rng().standard_normal((B, D)), call=call,
                     sizes={"B": B, "D": D, "K": K}, name="Shared")


def theta_step(step):
    """The gradient that a step of θ has gathered, the second time it is called."""
    model = probabilistic_pca(2, D, SIGMA_G, rng())
    batches = [rng().standard_normal((B, D)) + i for i in range(2)]
    q, noise = rows(4), MonteCarlo(S)(rng(), B, 2)
    start = Parameters({f"theta.{n}": a for n, a in model.arrays().items()})

    def mean_elbo(theta, x):
        at = Parameters(start.arrays(), theta.dtype)
        at.value[...] = theta
        value, back = elbo(model.on(at, "theta."), q, x, noise)
        back(np.full(B, 1 / B))
        return value.mean(), at.grad

    def f(theta):
        at = Parameters(start.arrays())
        at.value[...] = theta
        # a learning rate so small that nothing moves
        stepped = step(model.on(at, "theta."), at, 1e-300)
        for x in batches:
            stepped(q, x, noise)
        return mean_elbo(theta, batches[1])[0], at.grad

    before = mean_elbo(start.value, batches[0])[1]
    return gradcheck(f, start.value, sizes={"B": B}, name=step.__name__,
                     terms={"this batch": lambda theta: mean_elbo(theta, batches[1])[0],
                            "the step before": lambda theta: before @ theta})


def bound(latent=None, likelihood=None, elbo_function=elbo):
    """An ELBO put together from parts, one of them wrong, against the exact log p(x) of probabilistic PCA."""
    right = probabilistic_pca(3, 5, sigma_g=0.5)
    model = LatentVariableModel(latent(3) if latent else right.latent, right.decoder,
                                likelihood(0.5) if likelihood else right.likelihood)
    weight = np.ones((1, 1))
    return check_bound(lambda q, x, eps: elbo_function(model, q, x, Noise(eps[None], weight))[0], right)


def latent_bound(latent):
    """A Gaussian latent in the bound."""
    return bound(latent=latent)


def likelihood_bound(likelihood):
    """A Gaussian likelihood in the bound."""
    return bound(likelihood=likelihood)


def elbo_bound(f):
    """An `elbo` in the bound."""
    return bound(elbo_function=f)


