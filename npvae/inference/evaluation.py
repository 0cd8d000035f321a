"""What is reported: ELBOs in float64, on noise that q was not fitted on.

A q that was fitted on a draw of noise has adapted to it: its ELBO on that draw is biased upwards and can pass
log p(x). So a reported ELBO is computed on other nodes.
"""

import numpy as np

from npvae.inference.data import take
from npvae.inference.elbo import elbo
from npvae.models import Categorical, GaussHermite, MonteCarlo

NODES_IN_WORK = 40_000  # nodes times rows at once: temporaries of a hidden layer with 64 units stay at 20 MB


def evaluate(model, q, X, noise=None, seed=12345):
    """The ELBO of each row on fresh noise, in float64.

    Parameters
    ----------
    model : LatentVariableModel
    q : array (B, R)
    X : array (B, D)
    noise : MonteCarlo, GaussHermite, Cubature, optional
        Exact enumeration for Categorical; else 64 Gauss–Hermite nodes for K = 1, 16² for K = 2, 128 fresh draws above.
    seed : int
        Of the draws.

    Returns
    -------
    value : array (B,), nats

    Examples
    --------
    >>> from npvae.models import probabilistic_pca
    >>> evaluate(probabilistic_pca(2, 3), np.zeros((5, 4)), np.zeros((5, 3))).shape
    (5,)
    """
    model, q, rng = model.copy(np.float64), np.asarray(q, np.float64), np.random.default_rng(seed)
    noise = reporting_noise(model.latent) if noise is None else noise
    points = model.latent.dim if noise is None else len(noise(rng, 1, model.latent.dim).w)
    size, value = max(1, NODES_IN_WORK // points), np.empty(len(q))
    for start in range(0, len(q), size):
        rows = slice(start, start + size)
        x = take(X, rows, np.float64)
        draw = None if noise is None else noise(rng, len(x), model.latent.dim)
        value[rows] = elbo(model, q[rows], x, draw)[0]
    return value


def reporting_noise(latent):
    """The nodes that `evaluate` reports on."""
    if isinstance(latent, Categorical):
        return None
    return {1: GaussHermite(64), 2: GaussHermite(16)}.get(latent.dim, MonteCarlo(128))
