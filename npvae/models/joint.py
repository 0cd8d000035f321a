"""log p_θ(x, z) as a table of every x with every z, and sums of it without overflow."""

import numpy as np

from npvae.declared import declares, stands
from npvae.models.generative import LatentVariableModel

NUMBERS = 1_000_000     # in a temporary of a likelihood that has no table: 8 MB


def log_joint(model: LatentVariableModel, X: np.ndarray, z: np.ndarray) -> np.ndarray:
    """log p_θ(x, z) of every x (B, D) with every z (S, K): (S, B) nats."""
    return log_likelihoods(model, X, z) + model.latent.log_prior(z)[:, None]


def all_z(latent, dtype=np.float64) -> np.ndarray:
    """Every z of a family whose nodes are all z: (S, K)."""
    return latent.nodes(np.zeros((1, latent.row_size), dtype), None)[0][:, 0]


def log_likelihoods(model: LatentVariableModel, X: np.ndarray, z: np.ndarray) -> np.ndarray:
    """log p_θ(x|z) of every x (B, D) with every z (S, K): (S, B) nats."""
    if has_table(model):
        return model.likelihood.log_prob_table(X, model.decoder(z)[0])
    # a part of the user's own: its log p(x|z) is asked for as the ELBO asks for it, a piece at a time
    size = max(1, NUMBERS // X.size)
    return np.concatenate([model.log_likelihood(X, z[i:i + size, None])[0] for i in range(0, len(z), size)])


def has_table(model: LatentVariableModel) -> bool:
    """Whether p_θ(x|z) may be taken from the likelihood's table: nobody has replaced what the table is of."""
    return (declares(model, "likelihood of the decoder's output")
            and stands(model.likelihood, "log_prob_table", "log_prob"))


def log_sum_exp(a: np.ndarray) -> np.ndarray:
    """log Σ_s e^{a_s} along the first axis, without overflow; all −inf gives −inf."""
    top = a.max(0)
    shift = np.where(np.isfinite(top), top, 0)
    with np.errstate(divide="ignore"):
        return np.log(np.exp(a - shift).sum(0)) + shift


def sum_by_row(a: np.ndarray, row: np.ndarray, rows: int) -> np.ndarray:
    """log Σ_i e^{a_i} over the i of each row 0 … rows − 1, without overflow; a row without any gives −inf."""
    top = np.full(rows, -np.inf)
    np.maximum.at(top, row, a)
    shift = np.where(np.isfinite(top), top, 0)
    with np.errstate(divide="ignore"):
        return np.log(np.bincount(row, np.exp(a - shift[row]), rows)) + shift
