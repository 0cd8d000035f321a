"""q ← argmax_q Σ_i L(q, x^i, θ): one row for all data, at a fixed θ."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from npvae.arrays import OUT_OF_RANGE, finite_rows
from npvae.checks import positive
from npvae.inference.argmax_q import best_rows, has_closed_argmax
from npvae.inference.checks import checked_start
from npvae.inference.elbo import lower_bound
from npvae.inference.quadrature import quadrature_nodes
from npvae.inference.ranks import Ranks, mean_of_all
from npvae.models import LatentVariableModel, Noise
from npvae.models.checks import check_model
from npvae.models.climb import climb
from npvae.models.data import check_data, take


def argmax_shared_q(model: LatentVariableModel, start: ArrayLike | None, x: ArrayLike, noise: Noise | None = None,
                    tolerance: float = 1e-8) -> np.ndarray:
    """The best single row (R,) for all x at fixed θ, argmax_q Σ_i L(q, x^i, θ).

    Parameters
    ----------
    start : array (R,), or None
        Where the row starts; the result is never worse. None is the prior. Not read with a Categorical latent.
    x : array (B, D)
        Floats, or uint8 images 0 … 255.
    noise
        The nodes; by default those of `quadrature`.
    tolerance
        Of the mean ELBO, nats.

    Raises
    ------
    ValueError
        For data that do not fit the model, or a start that is not finite or of another shape than (R,).

    Examples
    --------
    >>> from npvae.models import mixture_of_gaussians
    >>> argmax_shared_q(mixture_of_gaussians(3, 2, sigma_g=1.0), np.zeros(3), np.zeros((5, 2))).shape
    (3,)
    """
    tolerance = positive("tolerance", tolerance)
    if x is None:
        raise ValueError("x is None, expected data (B, D); the order is model, start, x")
    check_model(model)
    x = check_data(x, model.data_dim, model.likelihood)
    x = x if x.dtype in (np.float32, np.float64) else take(x, slice(None), np.float64)
    if start is None or has_closed_argmax(model.latent):
        start = model.latent.prior_row().astype(x.dtype)
    start = checked_start(model, start, x, (model.latent.row_size,))
    noise = quadrature_nodes(model, x.dtype) if noise is None else noise
    with np.errstate(all="ignore"):
        row = best_row(model, start, x, noise, tolerance)
        value = lower_bound(model, np.broadcast_to(row, (len(x), len(row))), x, noise)[0]
    finite_rows("the ELBO", value, OUT_OF_RANGE)
    return row


def best_row(model: LatentVariableModel, start: np.ndarray, x: np.ndarray, noise: Noise | None,
             tolerance: float = 1e-8, beta: float = 1.0, ranks: Ranks | None = None) -> np.ndarray:
    """What `argmax_shared_q` returns, finite or not, of a start and data that have been checked, for a KL of weight β.

    On several `ranks`, x being one's own data, it is the row for the data of all.
    """
    if has_closed_argmax(model.latent):
        # q_k ∝ exp(mean_i log p_θ(x^i, k))
        return mean_of_all(ranks, best_rows(model, None, x, beta=beta).mean(0))

    def mean_elbo(row, _):                                  # row (1, R)
        value, back = lower_bound(model, np.broadcast_to(row[0], (len(x), row.shape[1])), x, noise, beta)

        def back_mean(d):
            return mean_of_all(ranks, back(np.full(len(x), d[0] / len(x))).sum(0, keepdims=True))

        return mean_of_all(ranks, value.mean(keepdims=True)), back_mean

    return climb(mean_elbo, start[None], tolerance)[0]
