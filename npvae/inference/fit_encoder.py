"""The best encoder of a given form for a fixed θ: what is left between it and the best q_i is the amortization gap."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from npvae.checks import whole
from npvae.inference.elbo import lower_bound
from npvae.inference.quadrature import quadrature_nodes
from npvae.inference.schedules import cosine
from npvae.models import LatentVariableModel
from npvae.models.checks import check_model
from npvae.models.data import as_floats
from npvae.nn import Adam, lay_out
from npvae.nn.parameters import check_back_writes


def fit_encoder(model: LatentVariableModel, encoder: Callable, X: ArrayLike, steps: int = 2000,
                learning_rate: float = 1e-2, noise: Callable | None = None) -> Callable:
    """max_φ Σ_i L(x^i; φ, θ) over all data at once, θ held fixed, with a rate that falls to nothing.

    Parameters
    ----------
    model
        Its θ is not moved.
    encoder : network
        Maps x (B, D) to rows (B, R); its weights are where φ starts. What is returned is another, of float64.
    X : array (m, D)
        A ValueError if they do not fit the model.
    steps
    learning_rate
        λ at the start; it falls along half a cosine.
    noise : GaussHermite or Cubature, optional
        Deterministic nodes; `quadrature(model)` by default.

    Examples
    --------
    >>> from npvae.models import mixture_of_gaussians
    >>> from npvae.nn import mlp
    >>> model, X = mixture_of_gaussians(3, 2, sigma_g=1.0), np.random.default_rng(0).normal(size=(50, 2))
    >>> fit_encoder(model, mlp([2, 3]), X, steps=10)
    chain(Affine(2, 3))
    """
    check_model(model)
    model = model.copy(gradient=False)
    x = as_floats(X, model.data_dim, model.likelihood)
    parameters = lay_out({"phi": encoder})
    encoder = encoder.on(parameters, "phi.")
    check_back_writes(parameters, "encoder", encoder, x[:1])
    nodes = quadrature_nodes(model) if noise is None else noise(None, 1, model.latent.dim)
    steps = whole("steps", steps)
    rate = cosine(learning_rate, 0.0, steps)
    adam, share = Adam(parameters.value, parameters.grad, learning_rate), np.full(len(x), 1 / len(x))
    for step in range(steps):
        q, back_q = encoder(x)
        _, back = lower_bound(model, q, x, nodes)
        back_q(back(share))
        adam.learning_rate = rate(step)
        adam.step()
    return encoder
