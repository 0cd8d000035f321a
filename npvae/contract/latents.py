"""The contract of latent families: gradients, a KL that is one, densities that sum to 1, and draws that are theirs."""

import numpy as np

from npvae.contract.common import common_checks, on_its_own
from npvae.contract.report import NotChecked, gradient_found, near, same_bits
from npvae.declared import has_one_prior
from npvae.gradcheck import gradcheck
from npvae.models.derived import prior_row
from npvae.models.noise import MonteCarlo, tensor
from npvae.models.own_parts import check_latent, tried_latent

S, B = 3, 2
DRAWS = 20_000
FAR, NODES = {1: 34.0, 2: 12.0}, {1: 20_001, 2: 401}    # of an integral over sinh t, |t| ≤ FAR


def latent_checks(part, q: np.ndarray | None, rng: np.random.Generator) -> list[tuple]:
    """The checks of a latent family, at rows q (B, R)."""
    check_latent(part)
    part = tried_latent(part)
    q = 0.3 * rng.standard_normal((B, part.row_size)) + _near_prior(part) if q is None else np.asarray(q, np.float64)
    noise, dkl = MonteCarlo(S)(rng, len(q), part.dim), rng.standard_normal(len(q))

    def call(part, dtype=np.float64, shift=0.0, handed=None):
        given = (q + shift).astype(dtype)
        if handed is not None:
            handed.append((given, given.copy()))
        return *part.kl(given), (dkl.astype(dtype),)

    return [("gradient of nodes", "that of differences", _gradient_of_nodes, part, q, noise),
            ("gradient of kl", "that of differences", _gradient_of_kl, part, q),
            ("nodes in float32", "float32 in, float32 out", _nodes_in_float32, part, q, noise),
            ("weights", "Σ_s w_s = 1", _weights, part, q, noise),
            ("kl is not negative", "from 0", _not_negative, part, q),
            ("prior_row", "the row of the least KL", _prior_row, part),
            ("kl", "E_q log q − log p of draws", _kl, part, q),
            ("one prior", "kl and log_prior in one class", _one_prior, part),
            ("log_prior sums to 1", "1", _prior_sums, part), ("log_q", "log_prior at the prior's row", _log_q, part),
            ("nodes", "draws from log_q", _nodes_are_of_q, part, q), ("sample", "the nodes' moments", _sample, part, q),
            ("sample_prior", "draws from log_prior", _sample_prior, part, q), ("mean", "of the nodes", _mean, part, q),
            ("same seed", "the same bits", _same_seed, part, q), *common_checks(part, call)]


def _near_prior(part):
    # where the prior is the limit of rows that grow, the climb to it has left all slopes behind
    row = part.prior_row()
    return np.clip(row, -3, 3) if hasattr(part.prior_row, "derived") else row


def _gradient_of_nodes(part, q, noise):
    def call(part, q):
        z, w, back = part.nodes(q, noise)
        y = np.concatenate([z.ravel(), w.ravel()])
        return y, lambda dy: back(dy[:z.size].reshape(z.shape), _for_each_row(dy[z.size:], w, len(q)))

    return gradient_found(gradcheck(on_its_own(part)[0], q, call=call, repair=False))


def _for_each_row(dw, w, rows):
    # dw (S, B) of weights (S, 1) that all rows share: any that sum to it
    dw = dw.reshape(w.shape)
    return dw if w.shape[1] == rows else np.concatenate([dw, np.zeros((len(w), rows - 1))], axis=1)


def _gradient_of_kl(part, q):
    return gradient_found(gradcheck(on_its_own(part)[0], q, call=lambda part, q: part.kl(q), repair=False))


def _nodes_in_float32(part, q, noise):
    twin, _ = on_its_own(part, np.float32)
    noise = noise._replace(eps=noise.eps.astype(np.float32), w=noise.w.astype(np.float32))
    z, w, back = twin.nodes(q.astype(np.float32), noise)
    kinds = {str(a.dtype) for a in (z, back(np.ones_like(z), np.ones((len(z), len(q)), np.float32)))}
    return kinds == {"float32"}, " and ".join(sorted(kinds))


def _weights(part, q, noise):
    return near(part.nodes(q, noise)[1].sum(0), 1.0, 1e-9)


def _not_negative(part, q):
    wide = np.random.default_rng(4).standard_normal((200, part.row_size)) + part.prior_row()
    least = float(part.kl(wide)[0].min())
    return least >= -1e-6, f"{least:.3g} nats at least"


def _prior_row(part):
    # 0, unless no q is the prior
    here, least = (float(part.kl(row[None])[0][0]) for row in (part.prior_row(), prior_row(part)))
    return here <= least + 1e-4, f"{here:.2g} nats, the least is {least:.2g}"


def _known(part, *names):
    for name in names:
        if hasattr(getattr(part, name, None), "derived"):
            raise NotChecked(f"it has no {name}")


def _drawn(part, q):
    # nodes of many draws, as z (S, B, K) and their weights (S, B)
    z, w, _ = part.nodes(q, MonteCarlo(DRAWS)(np.random.default_rng(5), len(q), part.dim))
    return np.broadcast_to(z, (len(z), len(q), part.dim)), np.broadcast_to(w, (len(z), len(q)))


def _within_errors(values, w, expected, least=1e-9):
    # Σ_s w_s f(z_s) beside what it should be, by five standard errors
    mean = (w * values).sum(0)
    error = np.sqrt((w * (values - mean) ** 2).sum(0) / DRAWS) if np.ptp(w) == 0 else 0 * mean
    off = np.abs(mean - expected)
    return bool((off <= 5 * error + least * (1 + np.abs(expected))).all()), f"off by {off.max():.2g}"


def _kl(part, q):
    _known(part, "log_prior", "log_q")
    # far from the prior, where there is more of it
    q = part.prior_row() + 3 * (q - part.prior_row())
    z, w = _drawn(part, q)
    return _within_errors(part.log_q(q, z) - part.log_prior(z), w, part.kl(q)[0])


def _one_prior(part):
    good = has_one_prior(part)
    return good, "they are" if good else "one of kl, log_prior and sample_prior is replaced, and not the others"


def _prior_sums(part):
    _known(part, "log_prior")
    if _has_all_nodes(part):
        z, _ = _drawn(part, part.prior_row()[None])
        return near(np.exp(part.log_prior(z)).sum(), 1.0, 1e-6)
    K = part.dim
    if K > 2:
        raise NotChecked(f"a grid has K ≤ 2, this one K = {K}")
    # by grids that are shifted against each other: at the edge of a density they differ, and their mean is nearer
    total = [_sum_on_grid(part, shift) for shift in (0, 0.25, 0.5, 0.75)]
    return near(np.mean(total), 1.0, 1e-3 + 0.5 * np.ptp(total))


def _sum_on_grid(part, shift):
    K = part.dim
    t, step = np.linspace(-FAR[K], FAR[K], NODES[K], retstep=True)
    t = tensor(t + shift * step, K)
    z, log_w = np.sinh(t), (np.log(np.cosh(t)) + np.log(step)).sum(1)
    # no number where there is no such z
    return np.nansum(np.exp(part.log_prior(z) + log_w))


def _has_all_nodes(part):
    # whether the nodes are the same whatever the noise
    q = part.prior_row()[None]
    one, two = (part.nodes(q, MonteCarlo(2)(np.random.default_rng(s), 1, part.dim))[0] for s in (0, 1))
    return np.array_equal(one, two)


def _log_q(part):
    _known(part, "log_prior", "log_q")
    row = part.prior_row()[None]
    if part.kl(row)[0] > 1e-4:
        raise NotChecked("no q is the prior")
    z, _ = _drawn(part, row)
    return near(part.log_q(row, z[:100]), part.log_prior(z[:100]), 2e-2)


def _nodes_are_of_q(part, q):
    # E q'(z)/½(q(z) + q'(z)) = 1 over draws from both: one of them may lie where the other has no z
    _known(part, "log_q")
    draws = [_drawn(part, row) for row in (q, q + 0.05)]
    z, w = (np.concatenate(pair) for pair in zip(*draws, strict=True))
    one, other = part.log_q(q, z), part.log_q(q + 0.05, z)
    return _within_errors(2 * np.exp(other - np.logaddexp(one, other)), 0.5 * w, 1.0)


def _moments(z, w):
    mean = (w[..., None] * z).sum(0)
    return mean, np.sqrt((w[..., None] * (z - mean) ** 2).sum(0))


def _sample(part, q):
    n = 4000
    z = part.sample(q, n, np.random.default_rng(6))
    mean, deviation = _moments(*_drawn(part, q))
    off = np.concatenate([np.abs(z.mean(0) - mean), 0.4 * np.abs(z.std(0) - deviation)]) / np.tile(deviation, (2, 1))
    return off.max() <= 6 / n**0.5, f"off by {off.max():.2g} deviations"


def _sample_prior(part, q):
    # E_p q(z)/p(z) = 1 for q near the prior
    _known(part, "log_q", "log_prior")
    z = part.sample_prior(DRAWS, np.random.default_rng(7))[:, None]
    row = (part.prior_row() + 0.1 * (q[0] - part.prior_row()))[None]
    ratio = np.exp(part.log_q(row, z) - part.log_prior(z))
    return _within_errors(ratio, np.full(ratio.shape, 1 / DRAWS), 1.0)


def _mean(part, q):
    z, w = _drawn(part, q)
    mean, deviation = _moments(z, w)
    off = np.abs(part.mean(q) - mean) / deviation
    return off.max() <= 5 / DRAWS**0.5, f"off by {off.max():.2g} deviations"


def _same_seed(part, q):
    passed, got = same_bits(*(part.sample(q, 5, np.random.default_rng(8)) for _ in range(2)))
    prior, _ = same_bits(*(part.sample_prior(5, np.random.default_rng(8)) for _ in range(2)))
    return passed and prior, got if prior else "other draws from the prior"
