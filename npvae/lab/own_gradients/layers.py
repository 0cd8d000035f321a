"""Every hand-written gradient of floors 1 and 2, as (name, what `gradcheck` takes): layers, likelihoods, latents."""

import numpy as np

import npvae
from npvae.autoencoders.settings import ACTIVATIONS
from npvae.declared import declares
from npvae.models.seen_pixels import seen_or_zero
from npvae.nn import Affine, chain, mlp, quadratic_features

B, D, K, S = 5, 3, 2, 4


def layers(rng):
    """Layers and networks."""
    x = rng.standard_normal((B, D))
    for f in (*ACTIVATIONS.values(), quadratic_features):
        yield f.__name__, {"f": f, "x": x}
    yield "seen_or_zero", {"f": seen_or_zero, "x": x}
    yield "Affine", {"f": Affine.random(D, K, rng), "x": x}
    yield "Affine, no input gradient", {"f": Affine.random(D, K, rng, input_gradient=False), "x": x}
    for f in ACTIVATIONS.values():
        yield f"mlp {f.__name__}", {"f": mlp([D, 4, 4, K], f, rng), "x": x}
    yield "quadratic encoder", {"f": chain(quadratic_features, Affine.random(D + D * (D + 1) // 2, K, rng)), "x": x}


def likelihoods(rng):
    """log p(x|z), for nodes of each row's own and for nodes that all rows share."""
    x = rng.uniform(size=(B, D))
    kinds = {"Gaussian, σ_g fixed": npvae.GaussianLikelihood(0.7),
             "Gaussian, σ_g learned": npvae.GaussianLikelihood(0.7, learn=True),
             "Bernoulli": npvae.BernoulliLikelihood(), "seen pixels": npvae.SeenPixelsLikelihood(0.7, learn=True),
             "Poisson": npvae.PoissonLikelihood(), "Laplace, b learned": npvae.LaplaceLikelihood(0.7, learn=True)}
    for name, likelihood in kinds.items():
        for nodes, width in (("own nodes", B), ("shared nodes", 1)):
            yield f"log p(x|z), {name}, {nodes}", {
                "f": likelihood, "x": rng.standard_normal((S, width, D)), "call": lambda f, g: f.log_prob(x, g)}
            model = npvae.LatentVariableModel(npvae.Gaussian(K), mlp([K, 4, D], rng=rng), likelihood)
            yield f"log p(x|z) of a model, {name}, {nodes}", {
                "f": model, "x": rng.standard_normal((S, width, K)), "call": lambda f, z: f.log_likelihood(x, z)}


def latents(rng):
    """KLs, and the nodes with their weights."""
    families = {"Gaussian K=1": npvae.Gaussian(1), "Gaussian K=2": npvae.Gaussian(2),
                "FullGaussian K=3": npvae.FullGaussian(3), "Categorical": npvae.Categorical(3, [0.2, 0.3, 0.5]),
                "Categorical, π fixed": npvae.Categorical(3, learn_weights=False)}
    noises = npvae.MonteCarlo(S), npvae.GaussHermite(3), npvae.Cubature()
    for name, latent in families.items():
        q = rng.standard_normal((B, latent.row_size))
        yield f"KL, {name}", {"f": latent, "x": q, "call": lambda f, q: f.kl(q)}
        for noise in (None,) if declares(latent, "nodes are all z") else noises:
            draw = None if noise is None else noise(rng, B, latent.dim)
            yield f"nodes, {name}" + (f", {noise}" if noise else ""), {"f": latent, "x": q, "call": nodes_call(draw)}


def nodes_call(noise):
    """`nodes` as one function of q: z and w side by side."""

    def call(latent, q):
        z, w, back = latent.nodes(q, noise)
        y = np.concatenate([z.ravel(), w.ravel()])
        return y, lambda dy: back(dy[:z.size].reshape(z.shape), dy[z.size:].reshape(w.shape))

    return call
