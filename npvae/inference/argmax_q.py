"""The lecture's inner loop, q_i ← argmax_q L(q, x^i, θ), for many rows at once and for a fixed θ."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from npvae.arrays import OUT_OF_RANGE, finite_rows, real_array
from npvae.checks import as_generator, positive, whole
from npvae.declared import declares, has_one_prior, is_affine_in_noise
from npvae.inference.checks import check_shapes, checked_start
from npvae.inference.elbo import lower_bound
from npvae.inference.quadrature import quadrature_nodes, rows_at_once
from npvae.models import LatentVariableModel, Noise, affine
from npvae.models.checks import check_model
from npvae.models.climb import climb
from npvae.models.data import check_data, take
from npvae.models.joint import all_z, log_joint
from npvae.models.noise import check_noise

ROWS = 1024     # in work at once, at most: temporaries stay small whatever m is


def argmax_q(model: LatentVariableModel, start: ArrayLike | None, x: ArrayLike, noise: Noise | None = None,
             tolerance: float = 1e-6, most_steps: int = 5000) -> np.ndarray:
    """The best row q for each x at fixed θ.

    With a Categorical latent the argmax is the posterior itself, q_k ∝ π_k p_θ(x|k), and with a Gaussian latent and
    an affine decoder it has a closed form, too. Otherwise the rows climb the ELBO on deterministic nodes, all rows at
    once, and a row that has converged is left alone.

    Parameters
    ----------
    model
        Its θ is not moved and gets no gradient if it was made with `gradient=False`.
    start : array (B, R), or None
        Where the rows start; the result is never worse than the start. None leaves it to `starting_rows`. Not read
        where there is a closed form.
    x : array (B, D)
        Floats, or uint8 images 0 … 255.
    noise
        The nodes; by default those of `quadrature`.
    tolerance
        A row has converged when its next step promises a gain below this, nats; its ELBO may still be some thousand
        times as much below the maximum.
    most_steps
        After so many a row is left as it is, as happens in posteriors that are narrow and slanting.

    Returns
    -------
    q : array (B, R)

    Raises
    ------
    ValueError
        For data that do not fit the model, or a start that is not finite or of another shape than (B, R).

    Examples
    --------
    >>> from npvae.models import mixture_of_gaussians
    >>> model = mixture_of_gaussians(3, 2, sigma_g=1.0)
    >>> argmax_q(model, np.zeros((5, 3)), np.zeros((5, 2))).shape
    (5, 3)
    """
    tolerance, most_steps = positive("tolerance", tolerance), whole("most_steps", most_steps)
    start, x = _checked(model, start, x)
    dtype = x.dtype if x.dtype in (np.float32, np.float64) else np.float64
    return _in_blocks(model, start, x, noise, tolerance, most_steps, dtype)


def argmax_rows(model: LatentVariableModel, start: ArrayLike | None, X: ArrayLike, tolerance: float = 1e-6,
                nodes: Noise | None = None) -> np.ndarray:
    """`argmax_q` in float64 whatever the type of X (m, D) and of θ, which gets no gradient: (m, R)."""
    start, X = _checked(model, start, X)
    start = None if start is None else start.astype(np.float64)
    return _in_blocks(model.copy(np.float64, gradient=False), start, X, nodes, tolerance, 5000, np.float64)


def _checked(model, start, x):
    check_model(model)
    if start is not None or x is None:
        check_shapes(model, None if start is None else real_array("start", start), x, "start, x")
    x = check_data(x, model.data_dim, model.likelihood)
    if start is None or has_closed_argmax(model.latent) or affine.is_affine_gaussian(model):
        return None, x
    return checked_start(model, start, x, (len(x), model.latent.row_size)), x


def _in_blocks(model, start, x, noise, tolerance, most_steps, dtype):
    if noise is None:
        noise = quadrature_nodes(model, dtype)
    elif is_affine_in_noise(model.latent):
        noise = check_noise(noise, len(x), model.latent.dim)
    points = len(noise.w) if isinstance(noise, Noise) else model.latent.dim
    size, found = min(ROWS, rows_at_once(model, points)), []
    for rows in (slice(i, i + size) for i in range(0, len(x), size)):
        some, nodes = take(x, rows, dtype), _of_rows(noise, rows)
        with np.errstate(all="ignore"):
            q = best_rows(model, None if start is None else start[rows], some, nodes, tolerance, most_steps)
            found.append((q, lower_bound(model, q, some, nodes)[0]))
    q, value = (np.concatenate(column) for column in zip(*found, strict=True))
    finite_rows("the ELBO", value, OUT_OF_RANGE)
    return finite_rows("the best q", q, OUT_OF_RANGE)


def _of_rows(noise, rows):
    # nodes of their own for each row, or the same for all
    if not isinstance(noise, Noise) or noise.eps.shape[1] == 1:
        return noise
    return Noise(noise.eps[:, rows], noise.w if np.ndim(noise.w) < 2 or noise.w.shape[1] == 1 else noise.w[:, rows])


def best_rows(model: LatentVariableModel, start: np.ndarray | None, x: np.ndarray, noise: Noise | None = None,
              tolerance: float = 1e-6, most_steps: int = 5000, beta: float = 1.0) -> np.ndarray:
    """What `argmax_q` returns, finite or not, of a start and data that have been checked, for a KL of weight β."""
    if has_closed_argmax(model.latent):
        z = all_z(model.latent, x.dtype)
        log_px_z = log_joint(model, x, z)                   # (K, B)
        return log_px_z.T if beta == 1 else _tempered(log_px_z, model.latent.log_prior(z)[:, None], beta).T
    if beta == 1 and affine.is_affine_gaussian(model):
        return affine.best_rows(model, x)
    if start is None:
        start = starting_rows(model, x, np.random.default_rng(0)).astype(x.dtype)
    noise = quadrature_nodes(model, x.dtype) if noise is None else noise
    return climb(lambda q, rows: lower_bound(model, q, x[rows], _of_rows(noise, rows), beta), start, tolerance,
                 most_steps)


def _tempered(log_px_z, log_prior, beta):
    # q_k ∝ π_k p(x|k)^{1/β}; with β = 0 all of q would be on one k
    return log_prior + (log_px_z - log_prior) / max(beta, 1e-6)


def has_closed_argmax(latent) -> bool:
    """Whether the best row is log p_θ(x, z) itself, for every one-hot z: q is then the posterior."""
    if not (declares(latent, "nodes are all z") and has_one_prior(latent)):
        return False
    z = all_z(latent)
    return z.shape == (latent.row_size, latent.row_size) and np.array_equal(z, np.eye(latent.row_size))


def starting_rows(model: LatentVariableModel, x: np.ndarray, rng: np.random.Generator | int) -> np.ndarray:
    """Rows (B, R) to start the argmax from for data x (B, D): the latent family's own, or the prior if it has none."""
    latent = model.latent
    if not hasattr(latent, "starting_rows"):
        return np.tile(latent.prior_row(), (len(x), 1))
    return latent.starting_rows(partial(log_joint, model, x), len(x), as_generator(rng))
