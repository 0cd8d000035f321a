"""The evidence lower bound. Whoever has understood this function has understood every solver in the package.

    L(q, x, θ) = Σ_s w_s log p_θ(x|z_s) − KL(q(z) ‖ p(z))
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from npvae.arrays import OUT_OF_RANGE, finite_rows, numbers
from npvae.checks import real
from npvae.declared import is_affine_in_noise
from npvae.inference.checks import check_complex, check_rows, check_shapes
from npvae.models import LatentVariableModel, Noise
from npvae.models.checks import check_model
from npvae.models.data import float_data
from npvae.models.noise import check_noise


def elbo(model: LatentVariableModel, q: ArrayLike, x: ArrayLike, noise: Noise | None = None, beta: float = 1.0
         ) -> tuple[np.ndarray, Callable]:
    """The ELBO of each row and its gradients: the lecture's L(q_i, x^i, θ) = E_q log p_θ(x|z) − KL(q ‖ p).

    Parameters
    ----------
    model
        Holds θ; `back` writes ∂/∂θ into its gradient views.
    q : array (B, R)
        Rows that describe q(z|x^i): [μ, log σ], or logits. Where they come from is all that tells the solvers apart.
    x : array (B, D)
    noise
        Nodes ε and weights for a Gaussian latent, drawn outside; a Categorical latent needs none.
    beta
        Weight of the KL. Only 1 makes the value an ELBO; a warm-up starts below it.

    Returns
    -------
    value : array (B,), nats
    back : dvalue (B,) -> dq (B, R)

    Raises
    ------
    ValueError
        If a Gaussian latent gets no noise, the rows do not fit the data, or an ELBO is not finite.

    Examples
    --------
    >>> from npvae.models import MonteCarlo, probabilistic_pca
    >>> model, x, q = probabilistic_pca(2, 3), np.ones((5, 3)), np.zeros((5, 4))
    >>> value, back = elbo(model, q, x, MonteCarlo()(np.random.default_rng(0), batch=5, dim=2))
    >>> value.shape, back(np.ones(5)).shape
    ((5,), (5, 4))
    """
    check_model(model)
    q = numbers("q", q)
    check_shapes(model, q, x)
    x = float_data(x, model.data_dim, model.likelihood)
    check_complex(model, q, x)
    check_rows(model, q)
    beta = real("beta", beta)
    if is_affine_in_noise(model.latent):
        noise = check_noise(noise, len(q), model.latent.dim)
    with np.errstate(all="ignore"):
        value, back = lower_bound(model, q, x, noise, beta)
    return finite_rows("the ELBO", value, OUT_OF_RANGE), back


def lower_bound(model: LatentVariableModel, q: np.ndarray, x: np.ndarray, noise: Noise | None = None,
                beta: float = 1.0) -> tuple[np.ndarray, Callable]:
    """`elbo` as it is computed: what a solver calls, which takes a step into an overflow back itself."""
    reconstruction, kl, back = bound_terms(model, q, x, noise, beta)
    # L = E_q log p(x|z) − KL(q ‖ p)
    return reconstruction - beta * kl, back


def bound_terms(model: LatentVariableModel, q: np.ndarray, x: np.ndarray, noise: Noise | None = None,
                beta: float = 1.0) -> tuple[np.ndarray, np.ndarray, Callable]:
    """E_q log p_θ(x|z) (B,), KL(q ‖ p) (B,), and `back` of the first less β times the second."""
    z, w, back_nodes = model.latent.nodes(q, noise)         # (S, B, K), (S, B)
    log_px, back_log_px = model.log_likelihood(x, z)        # (S, B)
    kl, back_kl = model.latent.kl(q)                        # (B,)

    def back(dvalue):
        # ∂L/∂q: through the nodes and their weights, and through the KL
        dq = back_nodes(back_log_px(w * dvalue), log_px * dvalue)
        dq += back_kl(-beta * dvalue)
        return dq

    # Σ_s w_s log p(x|z_s)
    return (w * log_px).sum(0), kl, back


def sound_bound(model: LatentVariableModel, q: np.ndarray, x: np.ndarray, noise: Noise | None) -> np.ndarray:
    """The ELBO (B,) of a model in training, or NaN if its σ_g is none that these data can have."""
    sigma_g = getattr(model.likelihood, "sigma_g", 1.0)
    # a deviation of a million times the greatest number is none of these data
    beyond = getattr(model.likelihood, "learn", False) and sigma_g > 1e6 * max(1.0, float(np.abs(x).max()))
    if beyond or not 0 < sigma_g < np.inf:
        return np.array([np.nan])
    return lower_bound(model, q, x, noise)[0]
