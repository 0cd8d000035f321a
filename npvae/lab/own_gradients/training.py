"""What training hands to its optimizer, and the gradient estimators, as (name, what `gradcheck` takes)."""

import numpy as np

from npvae.autoencoders.squared_error import SquaredErrorSolver
from npvae.inference import AmortizedVI, elbo
from npvae.inference.elbo_gradients import log_weight, pathwise_elbo, sticking_the_landing, total_derivative
from npvae.inference.gradient_estimators import (
    leave_one_out,
    pathwise,
    score_function,
    score_of_q,
    squared_norm,
)
from npvae.lab.own_gradients.layers import B, D, K, S
from npvae.models import Categorical, Cubature, Gaussian, GaussianLikelihood, LatentVariableModel, MonteCarlo
from npvae.nn import Parameters, mlp

STILL = 1e-300      # a learning rate with which nothing moves


def training(rng):
    """The gradient that stands in a solver's vector after one full batch, and the objective that it is of."""
    x = rng.standard_normal((B, D))
    encoder, decoder = mlp([D, 3, K], rng=rng, input_gradient=False), mlp([K, 3, D], rng=rng)

    autoencoder = SquaredErrorSolver(encoder, decoder, 1, batch_size=B, learning_rate=STILL, dtype=np.float64,
                                     progress=False).fit(x)

    def squared_error(at):
        # at the data's unit scale, as it is trained
        z = autoencoder.encoder.on(at, "phi.")(x)[0]
        error = autoencoder.decoder.on(at, "theta.decoder.")(z)[0] - x
        return (error**2).sum() / B / autoencoder.decoder.layers[-1].scale ** 2

    yield "Autoencoder, ‖y − x‖²", whole_vector(autoencoder.parameters, squared_error)

    model = LatentVariableModel(Gaussian(K), decoder, GaussianLikelihood(0.7, learn=True))
    rows, nodes = mlp([D, 3, 2 * K], rng=rng, input_gradient=False), Cubature()(None, 1, K)

    vae = AmortizedVI(model, 1, batch_size=B, learning_rate=STILL, noise=Cubature(), encoder=rows, dtype=np.float64,
                      progress=False).fit(x)

    def mean_elbo(at):
        q = vae.posterior.encoder.on(at, "phi.")(x)[0]
        return elbo(vae.model.on(at, "theta."), q, x, nodes)[0].mean()

    yield "AmortizedVI and VAE, mean ELBO", whole_vector(vae.parameters, mean_elbo)


def whole_vector(parameters, value):
    """`value` as a function of a solver's whole vector, with the gradient that the solver has left there."""
    gradient = parameters.grad.copy()

    def f(v):
        at = Parameters(parameters.arrays(), v.dtype)
        at.value[...] = v
        return value(at), gradient

    return {"f": f, "x": parameters.value.copy()}


def estimators(rng):
    """The estimators on frozen draws: each is the gradient of a mean over these draws."""
    latent, x = Gaussian(K), rng.standard_normal((B, D))
    model = LatentVariableModel(latent, mlp([K, 3, D], rng=rng), GaussianLikelihood(0.7)).copy(gradient=False)
    q, z = 0.5 * rng.standard_normal((B, 2 * K)), rng.standard_normal((S, B, K))
    noise = MonteCarlo(S)(rng, B, K)

    def on_path(f, q):
        return f(latent.nodes(q, noise)[0])[0].mean(0).sum()

    yield "‖z‖²", {"f": squared_norm, "x": z}
    yield "log weight, by z", {"f": log_weight(model, q, x), "x": z}
    yield "pathwise", {"x": q, "f": lambda r: (on_path(squared_norm, r),
                                               pathwise(latent, r, squared_norm, noise).mean(0))}
    yield "pathwise ELBO", {"x": q, "f": lambda r: (elbo(model, r, x, noise)[0].sum(),
                                                    pathwise_elbo(model, r, x, noise).mean(0))}
    yield "total derivative", {"x": q, "f": lambda r: (on_path(log_weight(model, r, x), r),
                                                       total_derivative(model, r, x, noise).mean(0))}
    # q stands still inside the logarithm: that is what this estimator leaves out
    yield "sticking the landing", {"x": q, "f": lambda r: (on_path(log_weight(model, q, x), r),
                                                           sticking_the_landing(model, q, x, noise).mean(0))}
    yield from scores(latent, q, z)
    yield from scores(Categorical(3), rng.standard_normal((B, 3)), np.eye(3)[rng.integers(3, size=(S, B))])


def scores(latent, q, z):
    """At fixed draws z_s the score-function estimators are gradients of mean_s (f(z_s) − b_s) log q(z_s)."""
    value = 1.0 + np.arange(z.shape[0] * z.shape[1], dtype=float).reshape(z.shape[:2]) % 7
    others = (value.sum(0) - value) / (len(value) - 1)

    def f(z):
        return value, None

    def weighted(r, weight):
        return (weight * latent.log_q(r, z)).mean(0).sum()

    yield f"score, {latent}", {"x": q, "f": lambda r: (latent.log_q(r, z).sum(), score_of_q(latent, r, z).sum(0))}
    yield f"score function, {latent}", {"x": q, "f": lambda r: (
        weighted(r, value - 2.0), score_function(latent, r, f, z, baseline=2.0).mean(0))}
    yield f"leave-one-out, {latent}", {"x": q, "f": lambda r: (
        weighted(r, value - others), leave_one_out(latent, r, f, z).mean(0))}
