"""A proposal for posteriors with several hills: a q on each hill, and the prior, so that no region has no draws."""

import numpy as np

from npvae.declared import declares
from npvae.inference.argmax_q import argmax_q
from npvae.models import LatentVariableModel
from npvae.models.joint import log_joint, log_sum_exp

HILLS, CANDIDATES, APART = 8, 2048, 0.5     # rows, draws from the prior, prior standard deviations
FURTHER = 1.5                               # times as far out as the prior, for half of the candidates
PRIOR = 0.1                                 # the prior's share of the draws
NEAR, STEPS = 0.01, 60                      # a proposal need not be the best q: nats, and steps of its climb


def components(model: LatentVariableModel, q: np.ndarray, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Rows (J, B, R) of the mixture: q, the best q on each hill that is found, and the prior last."""
    rows = [q, np.broadcast_to(model.latent.prior_row(), q.shape)]
    if declares(model.latent, "nodes are mu + sigma eps"):
        rows[1:1] = [_widened(argmax_q(model, start, x, tolerance=NEAR, most_steps=STEPS), model.latent.dim)
                     for start in _starts(model, x, rng)]
    return np.stack(rows)


def _starts(model, x, rng):
    # the best of many candidates, then the best of those away from it, and so on
    z = model.latent.sample_prior(CANDIDATES, rng)
    z[::2] *= FURTHER                                                       # hills lie where the prior is thin, too
    joint = log_joint(model, x, z)                                          # (S, B)
    for _ in range(HILLS):
        best = z[joint.argmax(0)]                                           # (B, K)
        yield np.concatenate([best, np.full_like(best, -1.0)], axis=1)
        joint = np.where(((z[:, None] - best) ** 2).sum(2) < APART**2, -np.inf, joint)


def _widened(q, K):
    # the best q is narrower than its hill; weights are bounded where the proposal is wider
    return np.concatenate([q[:, :K], q[:, K:] + 0.2], axis=1)


def mixture_log_weights(model: LatentVariableModel, rows: np.ndarray, x: np.ndarray, samples: int,
                        rng: np.random.Generator) -> np.ndarray:
    """log p(x, z)/q̄(z|x), (S, B), at draws of each component in its share, q̄ the mixture of them all.

    That is Veach & Guibas' balance heuristic (1995): the mean of the weights has the expectation p(x).
    """
    shares = np.append(np.full(len(rows) - 1, (1 - PRIOR) / (len(rows) - 1)), PRIOR)
    # as many draws as its share, but for a fraction that is left to chance
    ends = np.floor(np.append(0, np.cumsum(shares)[:-1]) * samples + rng.random())
    counts = np.diff(np.append(ends, ends[0] + samples)).astype(int)
    z = np.concatenate([model.latent.sample(row, n, rng) for row, n in zip(rows, counts, strict=True) if n])
    # q̄ = Σ_j α_j q_j
    log_q = log_sum_exp(np.stack([np.log(share) + model.latent.log_q(row, z)
                                  for row, share in zip(rows, shares, strict=True)]))
    return model.log_likelihood(x, z)[0] + model.latent.log_prior(z) - log_q
