"""∫ p(x, z) dz over boxes of z, with the mean and covariance of z in them, by rules of two orders."""

import itertools

import numpy as np

from npvae.models.exact import box_rules
from npvae.models.exact.box_bounds import Boxes, Pairs
from npvae.models.exact.nodes import BLOCK


def is_cut(boxes: Boxes) -> np.ndarray:
    """Which boxes one straight kink cuts in two, which the rules can follow: (C,)."""
    return (boxes.output.kinks == 1) & np.isfinite(boxes.output.line).all(1)


def integrals(pairs: Pairs, which: np.ndarray, order: np.ndarray, blur: np.ndarray, moments: bool) -> list[np.ndarray]:
    """What the boxes of the pairs `which`, a rising array (P,), hold, each by the rule of its `order`.

    Values of log p(x, z) that differ by no more than `blur` times a nat count as one: they are rounded by as much.

    Returns
    -------
    mass : array (P,), log ∫ p(x, z) dz, nats
    gap : array (P,), how far the rule of the order below is from it, relative
    mean, covariance : arrays (P, K) and (P, K, K) of z in the box; zeros unless there are to be `moments`
    """
    K, D = pairs.boxes.center.shape[1], pairs.X.shape[1]
    kind, parts = 2 * order + is_cut(pairs.boxes)[pairs.box[which]], []
    for n, cut in itertools.product(box_rules.ORDERS, (False, True)):
        places = np.flatnonzero(kind == 2 * n + cut)
        places = places[np.argsort(pairs.box[which[places]], kind="stable")]
        size = max(1, 4 * BLOCK // ((2 * n * (1 + cut)) ** K * max(D, 64)))
        for part in (places[i:i + size] for i in range(0, len(places), size)):
            parts.append((part, *_by_rule(pairs, which[part], n, cut, blur[part], moments)))
    if not parts:
        return [np.zeros(0), np.zeros(0), np.zeros((0, K)), np.zeros((0, K, K))]
    place, *columns = (np.concatenate(column) for column in zip(*parts, strict=True))
    back = np.argsort(place)
    return [column[back] for column in columns]


def _by_rule(pairs, which, order, cut, blur, moments):
    (row, box), boxes, K = (pairs.row[which], pairs.box[which]), pairs.boxes, pairs.boxes.center.shape[1]
    kept, at = np.unique(box, return_inverse=True)          # each box meets the decoder once
    u, w = box_rules.cut(boxes.output.line[kept], order) if cut else (a[None] for a in box_rules.whole(K, order))
    z = boxes.center[kept, None] + boxes.radius[kept, None] * u                             # (C, N, K)
    C, N, _ = z.shape
    g = pairs.model.decoder(z.reshape(C * N, K))[0].reshape(C, N, -1)
    log_p = pairs.model.likelihood.log_prob(pairs.X[row], np.swapaxes(g, 0, 1)[:, at])[0].T
    log_p = log_p + pairs.model.latent.log_prior(z)[at]                                     # (P, N)
    top = log_p.max(1, keepdims=True)
    p, w = np.exp((log_p - top) / blur[:, None]), w[at] if cut else w
    high, low = (p * w[:, 0]).sum(1), (p * w[:, 1]).sum(1)
    radius = boxes.radius[box]
    mass, gap = top[:, 0] + np.log(high) + np.log(2 * radius).sum(1), np.abs(low / high - 1)
    if not moments:
        return mass, gap, np.zeros((len(which), K)), np.zeros((len(which), K, K))
    p, u = p * w[:, 0] / high[:, None], u[at] if cut else np.broadcast_to(u, (len(which), N, K))
    mean = np.einsum("pn,pnk->pk", p, u)
    u = u - mean[:, None]
    covariance = np.einsum("pn,pnk,pnl->pkl", p, u, u) * radius[:, :, None] * radius[:, None, :]
    return mass, gap, boxes.center[box] + radius * mean, covariance
