"""A cheap look for hills of the posterior that a proposal q sends no draws to, which its own draws say nothing of."""

import numpy as np

from npvae.declared import declares
from npvae.models import LatentVariableModel
from npvae.models.affine import is_quadratic_in_z
from npvae.models.climb import climb
from npvae.models.joint import log_joint

CANDIDATES, BEST, CLIMBS = 128, 6, 2    # from the prior; of a row, and as many that are apart; of them
NEAR, STEPS, DRAWS = 0.01, 24, 16       # nats from the top of a hill, where a climb ends, its steps, draws there
APART = 0.5                             # prior standard deviations


def missed_by(model: LatentVariableModel, q: np.ndarray, x: np.ndarray, bound: np.ndarray, draws: int,
              seed: int = 0) -> np.ndarray:
    """How far log p(x) is at least above `bound` by a hill where q has no draw of so many, (B,) nats; 0: none is found.

    From draws of the prior beyond a valley of log p(x, z) the best climb, and a Gaussian on the hill that each comes to
    says what lies there. It is a look, not a proof that there is no other hill.
    """
    excess, latent = np.zeros(len(q)), model.latent
    known = declares(latent, "nodes are mu + sigma eps") and declares(latent, "standard normal prior")
    if not known or is_quadratic_in_z(model):
        return excess
    model, rng = model.copy(gradient=False), np.random.default_rng(seed)
    row, z = _beyond_a_valley(model, q, x, latent.sample_prior(CANDIDATES, rng))
    if len(row):
        hill = _hill(model, x[row], z)
        np.maximum.at(excess, row, _excess(model, hill, q[row], x[row], bound[row], draws, rng))
    return excess


def _beyond_a_valley(model, q, x, z):
    # the best candidates, between which and q's mean log p(x, z) is lower than at both: their rows and they, (P, K)
    rows, mean = np.arange(len(q)), q[:, :model.latent.dim]
    joint = log_joint(model, x, z)                                          # (S, B)
    best = _best(joint, z)                                                  # (J, B)
    ends, top = joint[best, rows], z[best]                                  # (J, B), (J, B, K)
    between = np.concatenate([mean + t * (top - mean) for t in (0.25, 0.5, 0.75)])
    p = _log_p(model, x, np.concatenate([mean[None], between]))[0]
    floor = p[1:].reshape(3, *ends.shape).min(0)
    ends = np.where(floor < np.minimum(p[0], ends), ends, -np.inf)
    chosen = np.argsort(-ends, axis=0)[:CLIMBS]                             # (CLIMBS, B)
    which, row = np.nonzero(np.isfinite(ends[chosen, rows]))
    return row, top[chosen[which, row], row]


def _best(joint, z):
    # the candidates with the greatest log p(x, z), and others that are apart, so that not all are on one hill
    best = list(np.argsort(-joint, axis=0)[:BEST])
    for _ in range(BEST):
        near = ((z[:, None] - z[best[-1] if len(best) > BEST else best[0]]) ** 2).sum(2) < APART**2
        joint = np.where(near, -np.inf, joint)
        best.append(joint.argmax(0))
    return np.stack(best)


def _log_p(model, x, z):
    # log p(x, z), (S, B), and its gradient in z
    value, back = model.log_likelihood(x, z)
    return value + model.latent.log_prior(z), lambda: back(np.ones_like(value)) - z


def _hill(model, x, z):
    # the row of a Gaussian on the hill that z (B, K) climbs; its widths are those of the curvature
    def log_p(z, rows):
        value, slope = _log_p(model, x[rows], z[None])
        return value[0], lambda dvalue: slope()[0]

    z, h = climb(log_p, z, NEAR, STEPS)[None], 1e-4
    at = z + h * np.eye(z.shape[2])[:, None]                                # (K, B, K)
    bend = (_log_p(model, x, z)[1]() - np.einsum("kbk->bk", _log_p(model, x, at)[1]())) / h
    return np.concatenate([z[0], -0.5 * np.log(np.maximum(bend[0], 1.0))], axis=1)


def _excess(model, hill, q, x, bound, draws, rng):
    # log p(x) − bound, at least, of what the hill holds where q has less than one draw
    z = model.latent.sample(hill, DRAWS, rng)
    log_r = model.latent.log_q(hill, z)
    unseen = log_r - model.latent.log_q(q, z) > np.log(draws)
    # E_r[p(x, z)/r(z), unseen] and two standard errors less
    w = np.where(unseen, np.exp(np.minimum(_log_p(model, x, z)[0] - log_r - bound, 500)), 0)
    return np.log1p(np.maximum(w.mean(0) - 2 * w.std(0) / DRAWS**0.5, 0))
