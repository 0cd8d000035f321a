"""log p_θ(x, z) as a table of every x with every z, and sums of it without overflow."""

import numpy as np


def log_joint(model, X, z):
    """log p_θ(x, z) of every x (B, D) with every z (S, K): (S, B) nats."""
    table = model.likelihood.log_prob_table(X, model.decoder(z)[0])
    table += model.latent.log_prior(z)[:, None]
    return table


def log_sum_exp(a):
    """log Σ_s e^{a_s} along the first axis, without overflow; all −inf gives −inf."""
    top = a.max(0)
    shift = np.where(np.isfinite(top), top, 0)
    with np.errstate(divide="ignore"):
        return np.log(np.exp(a - shift).sum(0)) + shift
