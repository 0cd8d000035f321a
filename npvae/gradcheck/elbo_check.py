"""The gradients of an ELBO, for θ and for q, and the parts that it is a sum of."""

import numpy as np

from npvae.declared import declares
from npvae.gradcheck.check import gradcheck
from npvae.inference.elbo import elbo as package_elbo
from npvae.models import MonteCarlo
from npvae.models.data import as_floats


def check_elbo(model, x, q=None, noise=None, elbo=package_elbo, seed=0, **options):
    """Check ∂L/∂θ and ∂L/∂q of an ELBO of a model.

    Parameters
    ----------
    model : LatentVariableModel
    x : array (B, D)
        Floats, or uint8 images 0 … 255.
    q : array (B, R), optional
        Rows that describe q(z|x); random by default.
    noise : Noise, optional
        Frozen nodes; three Monte-Carlo draws by default.
    elbo : callable (model, q, x, noise) -> (value (B,), back), optional
        The package's own by default.
    seed : int
    **options
        As in `gradcheck`.

    Returns
    -------
    report : Report

    Examples
    --------
    >>> from npvae.models import probabilistic_pca
    >>> check_elbo(probabilistic_pca(2, 3, sigma_g=0.5), np.ones((4, 3))).passed
    True
    """
    rng, x = np.random.default_rng([seed, 4]), as_floats(x, model.data_dim, model.likelihood)
    q = 0.5 * rng.standard_normal((len(x), model.latent.row_size)) if q is None else q
    if noise is None and not declares(model.latent, "nodes are all z"):
        noise = MonteCarlo(3)(rng, len(x), model.latent.dim)

    def call(model, inputs):
        value, back = elbo(model, inputs["q"], x, noise)
        return value, lambda dvalue: {"q": back(dvalue)}

    named = {"terms": elbo_terms(x, noise), "sizes": elbo_sizes(model, x, noise), "name": "ELBO"}
    return gradcheck(model, {"q": q}, call=call, seed=seed, **(named | options))


def elbo_terms(x, noise):
    """The parts of the ELBO by name, each a function of (model, {"q": q}) that gives (B,) nats, forward only."""

    def reconstruction(model, inputs):
        z, w, _ = model.latent.nodes(inputs["q"], noise)
        return (w * model.log_likelihood(x, z)[0]).sum(0)

    def kl(model, inputs):
        return -model.latent.kl(inputs["q"])[0]

    return {"the reconstruction E_q log p(x|z)": reconstruction, "the KL": kl}


def elbo_sizes(model, x, noise):
    """What a wrong factor in an ELBO may be called."""
    S = model.latent.dim if noise is None else len(noise.w)
    return {"B": len(x), "D": x.shape[1], "K": model.latent.dim} | ({"S": S} if noise is not None else {})
