"""log p_θ(x) and posterior moments by boxes of z, for a Gaussian latent with K ≤ 2 and any decoder.

A box is halved until it is known what it holds: `log_bounds` says between what log p(x, z) lies in it, and when that
is little, Gauss–Legendre rules of two orders integrate it. A box is left out only if everything left out, at the most
that it can hold, stays below the tolerance. All rows share their boxes, so that the decoder meets a box once.
"""

import itertools
import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from npvae.models import box_rules
from npvae.models.box_bounds import Boxes, log_bounds
from npvae.models.box_start import first_bounds
from npvae.models.joint import sum_by_row

BLOCK = 1_000_000       # numbers in a temporary table: 8 MB, whatever the sizes of boxes and data
MOST_NODES = 4_000_000  # of one row, where a grid gives up
GROUP = {1: 1024, 2: 256}           # rows that share their boxes, for each K
ROUNDING = 8 * np.finfo(float).eps  # of log p(x, z), relative: far from all data it is more than any tolerance
SPREAD = 6.0            # nats that log p(x, z) may differ by in a box that is integrated
NODES = 6               # in each dimension of a box, about
DOUBT = 0.1             # nats of them that may be due to how the decoder bends


def grid_log_marginal(model, X, tolerance):
    """log p_θ(x) of each row of X (B, D) and a bound on its error, two arrays (B,) in nats.

    No mode escapes it where the decoder is made of affine layers, tanh, relu, sigmoid and softplus; of other layers it
    knows what samples show.
    """
    value, error = np.empty(len(X)), np.empty(len(X))
    for rows in _groups(X, model.latent.dim):
        found = _integrate(model, X[rows], tolerance, rows.start)
        value[rows], error[rows] = found.mass, found.error()
    return value, error


def grid_moments(model, X, tolerance):
    """Mean (B, K) and covariance (B, K, K) of the posterior p_θ(z|x) of each row of X (B, D)."""
    K = model.latent.dim
    mean, covariance = np.empty((len(X), K)), np.empty((len(X), K, K))
    for rows in _groups(X, K):
        found = _integrate(model, X[rows], tolerance, rows.start, moments=True)
        _check_rounding(found.mass, rows.start)
        mean[rows], covariance[rows] = found.moments()
    return mean, covariance


def _groups(X, K):
    return [slice(i, i + GROUP[K]) for i in range(0, len(X), GROUP[K])]


@dataclass
class Found:
    """What is known so far of the integrals ∫ p(x, z) dz of some rows; every mass as its log, nats."""

    at_least: np.ndarray                # (B,) of p(x)
    mass: np.ndarray                    # (B,) of the boxes that are integrated
    left_out: np.ndarray                # (B,) the most that boxes left out may hold and errors let pass amount to
    in_share: np.ndarray                # (B,) the same of errors that stay below a share of what their box holds
    parts: list = field(default_factory=list)   # (row, mass, mean, covariance) of integrated boxes, for moments

    def error(self):
        """A bound on the error of log p(x), (B,) nats, with what float64 rounds."""
        share = np.exp(np.minimum(np.logaddexp(self.left_out, self.in_share) - self.mass, -0.001))
        return -np.log1p(-share) + ROUNDING * np.abs(self.mass)

    def moments(self):
        """Mean (B, K) and covariance (B, K, K) of p(z|x)."""
        row, mass, mean, covariance = (np.concatenate(column) for column in zip(*self.parts, strict=True))
        (B,), K = self.mass.shape, mean.shape[1]
        center, spread = np.zeros((B, K)), np.zeros((B, K, K))
        top = np.full(B, -np.inf)
        np.maximum.at(top, row, mass)
        p = np.exp(mass - top[row])
        p /= np.bincount(row, p, B)[row]    # by their own sum: log p(x) may be rounded by more
        np.add.at(center, row, p[:, None] * mean)
        # the law of total covariance
        away = mean - center[row]
        np.add.at(spread, row, p[:, None, None] * (covariance + away[:, :, None] * away[:, None, :]))
        return center, spread


def _integrate(model, X, tolerance, first, moments=False):
    # of the tolerance, half may be left out, a third err in proportion, and a tenth lie beyond all boxes
    K, B, share = model.latent.dim, len(X), -math.expm1(-tolerance)
    at_least, half = first_bounds(model, X, share / 10, BLOCK)
    nothing = np.full(B, -np.inf)
    found = Found(at_least, nothing, nothing, at_least + math.log(share / 10))
    radius, center = half / 2, half / 2 * _signs(K)
    row, box = np.repeat(np.arange(B), 2**K), np.tile(np.arange(2**K), B)
    while len(row):
        boxes = Boxes.of(model, center, radius, BLOCK)
        row, box = _settle(_Level(model, X, boxes, row, box, share, moments, first), found)
        kept, box = np.unique(box, return_inverse=True)
        radius /= 2
        center = (center[kept, None] + radius * _signs(K)).reshape(-1, K)
        row, box = np.repeat(row, 2**K), (box[:, None] * 2**K + np.arange(2**K)).ravel()
    return found


class _Level(NamedTuple):
    # the pairs (row, box) of one size of boxes
    model: object
    X: np.ndarray
    boxes: Boxes
    row: np.ndarray
    box: np.ndarray
    share: float
    moments: bool
    first: int

    def by_row(self, a, which=slice(None)):
        return sum_by_row(a[which], self.row[which], len(self.X))


def _settle(level, found):
    # leaves boxes out, integrates boxes, and returns the pairs whose boxes have to be halved
    row, box, boxes = level.row, level.box, level.boxes
    volume = boxes.center.shape[1] * math.log(2 * boxes.radius[0, 0])
    low, high, doubt = log_bounds(level.model, level.X, boxes, row, box, BLOCK)
    rounding = 2 * ROUNDING * np.abs(found.at_least)[row]
    found.at_least = np.maximum(found.at_least, np.logaddexp(found.mass, level.by_row(low) + volume))
    small = _may_be_lost(level, found)[row]
    out = high + volume + rounding < small
    found.left_out = np.logaddexp(found.left_out, level.by_row(high, out) + volume)
    judged, error, order = _plan(level, low, high, doubt, rounding, small, volume)
    which = np.flatnonzero(judged & ~out)
    open_ = ~out
    open_[which] = ~_take(level, found, which, order[which], error[which], rounding[which], small[which])
    _check_size(level, found, high + volume, open_)
    return row[open_], box[open_]


def _plan(level, low, high, doubt, rounding, small, volume):
    # of each pair: whether a rule may integrate it, what bends in it may make the rule err by, relative, and its order
    box, boxes = level.box, level.boxes
    cut, straight = _cut(boxes)[box], _straight(boxes)[box]
    judged = boxes.output.trusted[box] & (high - low <= SPREAD + 4 * rounding)
    judged &= doubt <= np.where(cut, 5, 1) * DOUBT + rounding
    # of a bent box, whose error is 2(e^{2 doubt} − 1) of what it holds, is not worth the nodes if that is too much
    error = np.where(straight, 0, 2 * np.expm1(2 * np.minimum(doubt, 1)))
    with np.errstate(divide="ignore"):
        judged &= (error <= level.share / 3 + rounding) | (low + volume + np.log(error) <= small)
    # few nodes do where log p(x, z) is a quadratic function, or two; of others two low orders may agree by chance
    plain = cut | (doubt <= level.share / 10)
    order = np.full(len(box), box_rules.ORDERS[-1])
    order[plain] = box_rules.order_for((high - low)[plain], level.share)
    return judged, error, order


def _may_be_lost(level, found):
    # log of what each box of a row may hold and be left out, so that a level takes half of what is left at most
    with np.errstate(divide="ignore"):
        unspent = np.log(np.maximum(level.share / 2 - np.exp(np.minimum(found.left_out - found.at_least, 0)), 0))
        return unspent + found.at_least - np.log(4 * np.bincount(level.row, minlength=len(level.X)))


def _straight(boxes):
    # boxes without kinks, or with one that the rules can follow
    return (boxes.output.kinks == 0) | _cut(boxes)


def _cut(boxes):
    return (boxes.output.kinks == 1) & np.isfinite(boxes.output.line).all(1)


def _take(level, found, which, order, error, rounding, small):
    # integrates the pairs `which`; true where the result is good enough, and then it is part of what is found
    mass, gap, mean, covariance = _integrals(level, which, order, np.maximum(1, rounding))
    # twice the gap of two orders; of a decoder that is not known, ten times
    error = np.maximum(error, gap * np.where(level.boxes.output.proven[level.box[which]], 2, 10))
    with np.errstate(divide="ignore"):
        wrong = mass + np.log(error)
    in_share = error <= level.share / 3 + rounding
    good = in_share | (wrong <= small)
    wrong[rounding > level.share] = -np.inf                     # what rounds says it by itself
    row = level.row[which]
    for name, a, part in (("mass", mass, good), ("in_share", wrong, in_share), ("left_out", wrong, good & ~in_share)):
        setattr(found, name, np.logaddexp(getattr(found, name), sum_by_row(a[part], row[part], len(level.X))))
    if level.moments:
        found.parts.append((row[good], mass[good], mean[good], covariance[good]))
    return good


def _integrals(level, which, order, blur):
    # of pairs: log ∫ p(x, z) dz by the higher order, how far the lower one is from it, relative, mean and covariance
    K, D = level.boxes.center.shape[1], level.X.shape[1]
    blurs = np.ones(len(level.row))
    blurs[which] = blur
    kind, parts = 2 * order + _cut(level.boxes)[level.box[which]], []
    for n, is_cut in itertools.product(box_rules.ORDERS, (False, True)):
        pairs = which[kind == 2 * n + is_cut]
        pairs = pairs[np.argsort(level.box[pairs], kind="stable")]
        size = max(1, 4 * BLOCK // ((2 * n * (1 + is_cut)) ** K * max(D, 64)))
        parts += [(part, *_rule(level, part, n, is_cut, blurs[part])) for part in
                  (pairs[i:i + size] for i in range(0, len(pairs), size))]
    if not parts:
        return np.zeros(0), np.zeros(0), np.zeros((0, K)), np.zeros((0, K, K))
    place, *columns = (np.concatenate(column) for column in zip(*parts, strict=True))
    back = np.argsort(place)                                    # `which` rises
    return [column[back] for column in columns]


def _rule(level, pairs, order, is_cut, blur):
    boxes, K = level.boxes, level.boxes.center.shape[1]
    kept, box = np.unique(level.box[pairs], return_inverse=True)
    u, w = box_rules.cut(boxes.output.line[kept], order) if is_cut else (a[None] for a in box_rules.whole(K, order))
    z = boxes.center[kept, None] + boxes.radius[kept, None] * u                             # (C, N, K)
    C, N, _ = z.shape
    g = level.model.decoder(z.reshape(C * N, K))[0].reshape(C, N, -1)
    log_p = level.model.likelihood.log_prob(level.X[level.row[pairs]], np.swapaxes(g, 0, 1)[:, box])[0].T
    log_p = log_p + level.model.latent.log_prior(z)[box]                                    # (P, N)
    top = log_p.max(1, keepdims=True)
    # values that differ by no more than they are rounded by are the same
    p, w = np.exp((log_p - top) / blur[:, None]), w[box] if is_cut else w
    high, lower = (p * w[:, 0]).sum(1), (p * w[:, 1]).sum(1)
    mass = top[:, 0] + np.log(high) + np.log(2 * boxes.radius[level.box[pairs]]).sum(1)
    if not level.moments:
        return mass, np.abs(lower / high - 1), np.zeros((len(pairs), K)), np.zeros((len(pairs), K, K))
    p, u = p * w[:, 0] / high[:, None], u[box] if is_cut else np.broadcast_to(u, (len(pairs), N, K))
    mean = np.einsum("pn,pnk->pk", p, u)
    u, radius = u - mean[:, None], boxes.radius[level.box[pairs]]
    covariance = np.einsum("pn,pnk,pnl->pkl", p, u, u) * radius[:, :, None] * radius[:, None, :]
    return mass, np.abs(lower / high - 1), boxes.center[level.box[pairs]] + radius * mean, covariance


def _check_size(level, found, high, open_):
    K = level.model.latent.dim
    nodes = np.bincount(level.row[open_], minlength=len(level.X)) * (2 * NODES) ** K
    worst = nodes.argmax()
    if nodes[worst] > MOST_NODES or open_.any() and level.boxes.radius[0, 0] < 1e-300:
        most = np.logaddexp(np.logaddexp(found.mass, found.left_out), level.by_row(high, open_))
        left = (most - found.at_least)[worst]
        raise ValueError(
            f"the grid would need {nodes[worst]} nodes or more for row {level.first + worst} and an error of "
            f"{-math.log1p(-level.share):.2g} nats: the posterior is too narrow, σ_g = "
            f"{getattr(level.model.likelihood, 'sigma_g', math.nan):.2g}; so far its log p(x) is known to {left:.2g} "
            "nats: raise the tolerance to that, or use importance_weighted_bound")


def _check_rounding(log_p, first):
    # what rounds log p(x, z) by r nats gives p(z|x) an error of a factor e^r
    worst = np.abs(log_p).argmax()
    if ROUNDING * abs(log_p[worst]) > 0.01:
        raise ValueError(f"log p(x) of row {first + worst} is {log_p[worst]:.3g} nats, which float64 rounds by "
                         f"{ROUNDING * abs(log_p[worst]):.2g}: too far from all that the model generates for a "
                         "posterior; rescale the data, or take a larger sigma_g")


def _signs(K):
    return np.array(list(itertools.product((-1.0, 1.0), repeat=K)))
