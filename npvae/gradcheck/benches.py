"""For each kind of code, the check that a mistake in it is put to: function or class in, report out."""

import numpy as np

from npvae.gradcheck.check import gradcheck
from npvae.models import MonteCarlo
from npvae.nn import Chain, mlp, tanh

B, D, K, S = 5, 3, 4, 6
SIGMA_G = 0.7


def rng():
    """A fresh generator with the catalogue's seed."""
    return np.random.default_rng(7)


def rows(size=2 * K):
    """Rows q (B, 2K), spread widely enough to meet a clamp."""
    return 1.2 * rng().standard_normal((B, size))


def activation(f):
    """An elementwise function, at numbers off any kink."""
    return gradcheck(f, 1.5 * rng().standard_normal((B, D)), sizes={"B": B, "D": D})


def affine(layer):
    """An affine layer that is not square."""
    return gradcheck(layer.random(D, K, rng()), rng().standard_normal((B, D)), sizes={"B": B, "n_in": D, "n_out": K})


def square_affine(layer):
    """An affine layer with as many outputs as inputs, in which a transposed weight has the right shape."""
    return gradcheck(layer.random(D, D, rng()), rng().standard_normal((B, D)), sizes={"B": B})


def features(f):
    """`quadratic_features`, with the two halves of its product rule as terms."""
    x = rng().standard_normal((B, D))
    i, j = np.triu_indices(D)

    def half(move_first):
        def term(f, v):
            first, second = (v, x) if move_first else (x, v)
            return np.concatenate([np.zeros_like(v), first[:, i] * second[:, j]], axis=1)
        return term

    def linear(f, v):
        return np.concatenate([v, 0 * v[:, i]], axis=1)

    return gradcheck(f, x, call=lambda f, v: f(v), sizes={"B": B},
                     terms={"x itself": linear, "x_i ∂x_j": half(False), "x_j ∂x_i": half(True)})


def chained(chain):
    """A chain of square layers, in which the order of the backs cannot be told from shapes."""
    layers = mlp([D, D, D], tanh, rng()).layers
    # a planted copy of Chain is another class, whose layers nobody would look at
    as_chain = type("Chain", (Chain,), {"__call__": chain.__call__, "on": chain.on})
    return gradcheck(as_chain(layers), rng().standard_normal((B, D)))


def gaussian_likelihood(likelihood, shared_nodes=False, name=None):
    """log p(x|z) of a Gaussian likelihood with learned σ_g, for g (S, B, D) or nodes (S, 1, D) shared by all rows."""
    x, g = rng().standard_normal((B, D)), rng().standard_normal((S, 1 if shared_nodes else B, D))
    sigma_g = lambda f: np.exp(f.log_sigma)     # noqa: E731

    def normaliser(f, g):
        return -D * f.log_sigma + np.zeros((S, B))

    def misfit(f, g):
        return -0.5 * ((x - g) ** 2).sum(2) / sigma_g(f) ** 2

    return gradcheck(likelihood(SIGMA_G, learn=True), g, call=lambda f, g: f.log_prob(x, g),
                     sizes={"B": B, "D": D, "S": S, "σ_g²": SIGMA_G**2, "σ_g": SIGMA_G},
                     terms={"the normaliser −D log σ_g": normaliser, "the squared error": misfit})


def shared_nodes(likelihood):
    """The same, with nodes that all rows share."""
    return gaussian_likelihood(likelihood, shared_nodes=True)


def bernoulli_likelihood(likelihood):
    """log p(x|z) of a Bernoulli likelihood, from logits g (S, B, D)."""
    x, g = rng().uniform(size=(B, D)), rng().standard_normal((S, B, D))
    return gradcheck(likelihood(), g, call=lambda f, g: f.log_prob(x, g), sizes={"B": B, "D": D, "S": S})


def gaussian_kl(latent):
    """KL(N(μ, σ²) ‖ N(0, I)), its prior part and its entropy part as terms."""
    terms = {"the entropy −Σ log σ": lambda f, q: -q[:, K:].sum(1),
             "the second moment ½ Σ σ²": lambda f, q: 0.5 * np.exp(2 * q[:, K:]).sum(1),
             "the mean ½ Σ μ²": lambda f, q: 0.5 * (q[:, :K] ** 2).sum(1)}
    return gradcheck(latent(K), rows(), call=lambda f, q: f.kl(q), sizes={"B": B, "K": K}, terms=terms)


def categorical_kl(latent):
    """KL(q ‖ π), for logits and for the weights π."""
    weights = rng().dirichlet(np.full(K, 5.0))
    return gradcheck(latent(K, weights), rows(K), call=lambda f, q: f.kl(q), sizes={"B": B, "K": K})


def gaussian_nodes(latent):
    """z = μ + σ ε on frozen noise."""
    noise = MonteCarlo(S)(rng(), B, K)

    def call(latent, q):
        z, _, back = latent.nodes(q, noise)
        return z, lambda dz: back(dz, 0.0)

    return gradcheck(latent(K), rows(), call=call, sizes={"B": B, "K": K, "S": S})


def categorical_nodes(latent):
    """The weights w of the one-hot nodes."""

    def call(latent, q):
        _, w, back = latent.nodes(q, None)
        return w, lambda dw: back(None, dw)

    return gradcheck(latent(K), rows(K), call=call, sizes={"B": B, "K": K})
