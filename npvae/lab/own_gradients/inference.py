"""Every hand-written gradient of floor 3, as (name, what `gradcheck` takes): posteriors, all combinations' ELBOs."""

import numpy as np

import npvae
from npvae.inference import Amortized, Free, Shared, elbo
from npvae.lab.own_gradients.layers import B, D
from npvae.models.learned_parts import LearnedPart
from npvae.nn import Affine, chain, lay_out, mlp, quadratic_features

INDEX = np.array([4, 0, 4, 2, 4])       # a batch in which row 4 occurs three times
ENCODERS = {
    "linear": lambda R, rng: Affine.random(D, R, rng, input_gradient=False),
    "quadratic": lambda R, rng: chain(quadratic_features, Affine.random(D + D * (D + 1) // 2, R, rng)),
    "mlp": lambda R, rng: mlp([D, 3, R], rng=rng, input_gradient=False),
}


class Table(LearnedPart):
    """The rows of `Free` or `Shared` as a part with parameters."""

    array, learn = "rows", True

    def __init__(self, rows):
        self.rows = rows

    def __call__(self, x):
        """q for the batch, and a back that adds into the rows' gradient."""
        if self.rows.ndim == 1:
            return Shared(self.rows, self.drows)(x)
        q, back = Free(self.rows)(x, INDEX)

        def scattered(dq):
            # the same row may occur twice in a batch: add
            np.add.at(self.drows, *back(dq))

        return q, scattered


class Whole:
    """A posterior and a model in one: the ELBO as a function of x, with θ and φ as its parameters."""

    def __init__(self, model, source):
        self.model, self.source = model, source

    def arrays(self):
        """θ and φ by name."""
        return lay_out({"theta": self.model, "phi": self.source}).arrays()

    def on(self, parameters, prefix="", gradient=True):
        """The same in `parameters`."""
        return Whole(self.model.on(parameters, f"{prefix}theta.", gradient),
                     self.source.on(parameters, f"{prefix}phi."))


def posteriors(rng):
    """q_i, q and q_φ as functions of their parameters; the data get no gradient."""
    x = rng.standard_normal((B, D))
    for name, source in sources(4, rng):
        yield f"posterior {name}", {"f": source, "x": x, "call": rows_call}


def sources(R, rng):
    """Where q comes from: a table, one row, three encoders."""
    yield "q_i", Table(rng.standard_normal((6, R)))
    yield "q", Table(rng.standard_normal(R))
    for name, encoder in ENCODERS.items():
        yield f"q_φ {name}", encoder(R, rng)


def rows_call(source, x):
    """q, and a back that gives x nothing."""
    q, back = source(x) if isinstance(source, Table) else Amortized(source)(x)

    def discard(dq):
        back(dq)

    return q + 0, discard


def elbos(rng):
    """The ELBO: latent × noise × likelihood × posterior."""
    x = rng.uniform(size=(B, D))
    noises = [npvae.MonteCarlo(1), npvae.MonteCarlo(4), npvae.GaussHermite(3), npvae.Cubature()]
    likelihoods = {"Gaussian": npvae.GaussianLikelihood(0.7),
                   "Gaussian σ_g learned": npvae.GaussianLikelihood(0.7, learn=True),
                   "Bernoulli": npvae.BernoulliLikelihood()}
    for latent, noise in [(npvae.Gaussian(k), n) for k in (1, 2) for n in noises] + [(npvae.Categorical(3), None)]:
        draw = None if noise is None else noise(rng, B, latent.dim)
        for kind, likelihood in likelihoods.items():
            for name, source in sources(latent.row_size, rng):
                model = npvae.LatentVariableModel(latent, mlp([latent.dim, 3, D], rng=rng), likelihood)
                label = f"ELBO, {latent}, {kind}, {name}" + (f", {noise}" if noise else "")
                yield label, {"f": Whole(model, source), "x": x, "call": elbo_call(draw)}


def elbo_call(noise):
    """The ELBO of a `Whole`; x, the data, gets no gradient."""

    def call(whole, x):
        q, back_q = rows_call(whole.source, x)
        value, back = elbo(whole.model, q, x, noise)
        return value, lambda dvalue: back_q(back(dvalue))

    return call
