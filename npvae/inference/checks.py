"""q and the data that a user gave, checked where they come in: shapes, values, and complex numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from npvae.arrays import finite_array, real_array
from npvae.checks import shown
from npvae.declared import check_one_prior, declares
from npvae.models import LatentVariableModel
from npvae.models.checks import check_model
from npvae.models.data import check_data
from npvae.models.data.arrays import as_array
from npvae.models.own_parts import check_latent


def check_complex(model, q, x) -> None:
    """Raise a ValueError for complex q or x, where a model has real gradients, which could not hold them."""
    parts = [*getattr(model.decoder, "layers", (model.decoder,)), model.likelihood, model.latent]
    held = [getattr(part, name, None) for part in parts for name in ("dW", "dlog_sigma", "dlog_b", "dlogits")]
    real = any(a is not None and a.dtype.kind == "f" for a in held)
    if real and "c" in (np.asarray(q).dtype.kind, np.asarray(x).dtype.kind):
        raise ValueError("q or the data are complex, the model's gradients real, expected complex ones, too, for a "
                         "complex step, or none: model.copy(complex), or model.copy(gradient=False)")


def check_shapes(model, q, x, names="q, x") -> None:
    """Raise a ValueError that names both unless q (B, R) has a row for each of the data x (B, D)."""
    q_name, x_name = names.split(", ")
    try:
        shape = np.shape(x)
    except ValueError:
        # a ragged list, of which `check_data` says more
        return
    rows, R = shape[0] if shape else "B", model.latent.row_size
    if np.shape(q) != (rows, R):
        raise ValueError(f"got {q_name} of shape {np.shape(q)} and {x_name} of shape {shape}, expected "
                         f"{q_name} of shape ({rows}, {R}): one row of {model.latent} for each datapoint, [mu, "
                         "log_sigma] for Gaussian, logits for Categorical; the order is model, "
                         f"{q_name}, {x_name}")


def check_rows(model, q) -> None:
    """Raise a ValueError that names the first row of q (B, R) with NaN or infinities.

    Where the nodes are all z, logits may be −∞: that z is impossible.
    """
    good = np.isfinite(q).all(1)
    if not good.all() and declares(model.latent, "nodes are all z"):
        good = np.isfinite(q.max(1))
    if not good.all():
        raise ValueError(f"row {np.argmin(good)} of q has values that are not finite: {q[np.argmin(good)]}")


def checked_q_and_x(model: LatentVariableModel, q: ArrayLike, x: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """The rows q (B, R) in float64 and the data x (B, D) as they are, or a ValueError if they do not fit the model."""
    check_one_prior(check_model(model).latent)
    q, x = real_array("q", q), as_array(x)
    check_shapes(model, q, x, "q, X")
    x = check_data(x, model.data_dim, model.likelihood)
    check_rows(model, q)
    return q, x


def finite_q(latent, q: ArrayLike) -> np.ndarray:
    """The rows q (B, R), or a ValueError unless they are finite numbers, as many as a row of the latent has."""
    q = finite_array("q", q, ("rows", check_latent(latent).row_size))
    if not len(q):
        raise ValueError(f"q has no rows, expected from one row of {latent.row_size} numbers for {shown(latent)}")
    return q


def checked_start(model: LatentVariableModel, start: ArrayLike, x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Where a climb starts, in its own floats or those of x; a ValueError unless finite and of the shape."""
    real_array("start", start)
    start = np.asarray(start)
    if start.shape != shape:
        raise ValueError(f"start has shape {start.shape}, x has shape {x.shape}; expected a "
                         f"start of {shape} real numbers, a row of {model.latent}"
                         + (" for each datapoint" if len(shape) == 2 else "") + "; the order is model, start, x")
    if not np.isfinite(start).all():
        where = f" in row {np.argmin(np.isfinite(start).all(1))}" if len(shape) == 2 else ""
        raise ValueError(f"start has values that are not finite{where}: give finite numbers, or None")
    return start if start.dtype.kind == "f" and start.dtype.itemsize >= 4 else start.astype(x.dtype)
