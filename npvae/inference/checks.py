"""q and the data that a user gave, checked where they come in: shapes, values, and complex numbers."""

import numpy as np

from npvae.declared import declares


def check_complex(model, q, x):
    """Raise a ValueError for complex q or x, where a model has real gradients, which could not hold them."""
    parts = [*getattr(model.decoder, "layers", (model.decoder,)), model.likelihood, model.latent]
    held = [getattr(part, name, None) for part in parts for name in ("dW", "dlog_sigma", "dlogits")]
    real = any(a is not None and a.dtype.kind == "f" for a in held)
    if real and "c" in (np.asarray(q).dtype.kind, np.asarray(x).dtype.kind):
        raise ValueError("q or the data are complex, the model's gradients real, expected complex ones, too, for a "
                         "complex step, or none: model.copy(complex), or model.copy(gradient=False)")


def check_shapes(model, q, x, names="q, x"):
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


def check_rows(model, q, q_name="q"):
    """Raise a ValueError that names the first row of q (B, R) with NaN or infinities.

    Where the nodes are all z, logits may be −∞: that z is impossible.
    """
    good = np.isfinite(q).all(1)
    if not good.all() and declares(model.latent, "nodes are all z"):
        good = np.isfinite(q.max(1))
    if not good.all():
        raise ValueError(f"row {np.argmin(good)} of {q_name} has values that are not finite: {q[np.argmin(good)]}")
