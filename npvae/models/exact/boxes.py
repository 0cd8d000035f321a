"""log p_θ(x) and posterior moments by boxes of z, for a Gaussian latent with K ≤ 2 and any decoder.

A box is halved until it is known what it holds: `log_bounds` says between what log p(x, z) lies in it, and when that
is little, Gauss–Legendre rules of two orders integrate it. A box is left out only if everything left out, at the most
that it can hold, stays below the tolerance. All rows share their boxes, so that the decoder meets a box once.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from npvae.models.exact import box_rules
from npvae.models.exact.box_bounds import Boxes, Pairs, log_bounds
from npvae.models.exact.box_integrals import integrals, is_cut
from npvae.models.exact.first_bounds import first_bounds
from npvae.models.exact.nodes import MOST_NODES, ROUNDING, check_rounding
from npvae.models.generative import LatentVariableModel
from npvae.models.joint import sum_by_row
from npvae.models.noise import tensor

GROUP = {1: 1024, 2: 256}   # rows that share their boxes, for each K
SPREAD = 6.0                # nats that log p(x, z) may differ by in a box that is integrated
NODES = 6                   # in each dimension of a box, about
DOUBT = 0.1                 # nats of them that may be due to how the decoder bends


def log_marginal(model: LatentVariableModel, X: np.ndarray, tolerance: float) -> tuple[np.ndarray, np.ndarray]:
    """log p_θ(x) of each row of X (B, D) and a bound on its error, two arrays (B,) in nats.

    No mode escapes it where the decoder is made of affine layers, tanh, relu, sigmoid and softplus; of other layers it
    knows what samples show.
    """
    value, error = np.empty(len(X)), np.empty(len(X))
    for rows in _groups(X, model.latent.dim):
        found = _divide_and_integrate(model, X[rows], tolerance, rows.start)
        value[rows], error[rows] = found.mass, found.error()
    return value, error


def moments(model: LatentVariableModel, X: np.ndarray, tolerance: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean (B, K) and covariance (B, K, K) of the posterior p_θ(z|x) of each row of X (B, D)."""
    K = model.latent.dim
    mean, covariance = np.empty((len(X), K)), np.empty((len(X), K, K))
    for rows in _groups(X, K):
        found = _divide_and_integrate(model, X[rows], tolerance, rows.start, moments=True)
        check_rounding(found.mass, np.arange(len(X))[rows])
        mean[rows], covariance[rows] = found.moments()
    return mean, covariance


def _groups(X, K):
    return [slice(i, i + GROUP[K]) for i in range(0, len(X), GROUP[K])]


@dataclass
class Found:
    """What is known so far of the integrals ∫ p(x, z) dz of B rows; every mass as its log, nats."""

    share: float                        # the tolerance, as a share of p(x)
    first: int                          # the place of the first row in the data
    at_least: np.ndarray                # (B,) of p(x)
    mass: np.ndarray                    # (B,) of the boxes that are integrated
    left_out: np.ndarray                # (B,) the most that boxes left out may hold and errors let pass amount to
    in_share: np.ndarray                # (B,) the same of errors that stay below a share of what their box holds
    parts: list = field(default_factory=list)   # (row, mass, mean, covariance) of integrated boxes

    def error(self) -> np.ndarray:
        """A bound on the error of log p(x), (B,) nats, with what float64 rounds."""
        share = np.exp(np.minimum(np.logaddexp(self.left_out, self.in_share) - self.mass, -0.001))
        return -np.log1p(-share) + ROUNDING * np.abs(self.mass)

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
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


def _divide_and_integrate(model, X, tolerance, first, moments=False):
    # of the tolerance, half may be left out, a third err in proportion, and a tenth lie beyond all boxes
    K, B, share = model.latent.dim, len(X), -math.expm1(-tolerance)
    at_least, half = first_bounds(model, X, share / 10)
    nothing, corners = np.full(B, -np.inf), tensor(np.array([-1.0, 1.0]), K)
    found = Found(share, first, at_least, nothing, nothing, at_least + math.log(share / 10))
    radius, center = half / 2, half / 2 * corners
    row, box = np.repeat(np.arange(B), 2**K), np.tile(np.arange(2**K), B)
    while len(row):
        pairs = Pairs(model, X, Boxes.of(model, center, radius), row, box)
        too_large = _leave_out_or_integrate(pairs, found, moments)
        row, box = row[too_large], box[too_large]
        kept, box = np.unique(box, return_inverse=True)
        radius /= 2
        center = (center[kept, None] + radius * corners).reshape(-1, K)
        row, box = np.repeat(row, 2**K), (box[:, None] * 2**K + np.arange(2**K)).ravel()
    return found


def _leave_out_or_integrate(pairs, found, moments):
    # adds to what is found, and says which pairs (P,) have boxes that have to be halved
    row, boxes = pairs.row, pairs.boxes
    volume = boxes.center.shape[1] * math.log(2 * boxes.radius[0, 0])
    low, high, doubt = log_bounds(pairs)
    rounding = 2 * ROUNDING * np.abs(found.at_least)[row]
    found.at_least = np.maximum(found.at_least, np.logaddexp(found.mass, pairs.by_row(low) + volume))
    small = _may_be_lost(pairs, found)[row]
    out = high + volume + rounding < small
    found.left_out = np.logaddexp(found.left_out, pairs.by_row(high, out) + volume)
    fit, error = _fit_for_rules(pairs, low, high, doubt, rounding, small, volume, found.share)
    which = np.flatnonzero(fit & ~out)
    too_large = ~out
    too_large[which] = ~_integrate(pairs, found, which, _orders(pairs, low, high, doubt, found.share)[which],
                                   error[which], rounding[which], small[which], moments)
    _check_size(pairs, found, high + volume, too_large)
    return too_large


def _may_be_lost(pairs, found):
    # log of what each box of a row may hold and be left out, so that a level takes half of what is left at most
    with np.errstate(divide="ignore"):
        unspent = np.log(np.maximum(found.share / 2 - np.exp(np.minimum(found.left_out - found.at_least, 0)), 0))
        return unspent + found.at_least - np.log(4 * np.bincount(pairs.row, minlength=len(pairs.X)))


def _fit_for_rules(pairs, low, high, doubt, rounding, small, volume, share):
    # of each pair: whether a rule may integrate it, and what bends in it may make the rule err by, relative
    box, boxes = pairs.box, pairs.boxes
    cut = is_cut(boxes)[box]
    fit = boxes.output.trusted[box] & (high - low <= SPREAD + 4 * rounding)
    fit &= doubt <= np.where(cut, 5, 1) * DOUBT + rounding
    # of a bent box, whose error is 2(e^{2 doubt} − 1) of what it holds, is not worth the nodes if that is too much
    straight = (boxes.output.kinks == 0)[box] | cut
    error = np.where(straight, 0, 2 * np.expm1(2 * np.minimum(doubt, 1)))
    with np.errstate(divide="ignore"):
        fit &= (error <= share / 3 + rounding) | (low + volume + np.log(error) <= small)
    return fit, error


def _orders(pairs, low, high, doubt, share):
    # few nodes do where log p(x, z) is a quadratic function, or two; of others two low orders may agree by chance
    plain = is_cut(pairs.boxes)[pairs.box] | (doubt <= share / 10)
    order = np.full(len(plain), box_rules.ORDERS[-1])
    order[plain] = box_rules.order_for((high - low)[plain], share)
    return order


def _integrate(pairs, found, which, order, error, rounding, small, moments):
    # integrates the pairs `which`; true where the result is good enough, and then it is part of what is found
    mass, gap, mean, covariance = integrals(pairs, which, order, np.maximum(1, rounding), moments)
    # twice the gap of two orders; of a decoder that is not known, ten times
    error = np.maximum(error, gap * np.where(pairs.boxes.output.proven[pairs.box[which]], 2, 10))
    with np.errstate(divide="ignore"):
        wrong = mass + np.log(error)
    in_share = error <= found.share / 3 + rounding
    good = in_share | (wrong <= small)
    wrong[rounding > found.share] = -np.inf                     # what rounds says it by itself
    row = pairs.row[which]
    for name, a, part in (("mass", mass, good), ("in_share", wrong, in_share), ("left_out", wrong, good & ~in_share)):
        setattr(found, name, np.logaddexp(getattr(found, name), sum_by_row(a[part], row[part], len(pairs.X))))
    if moments:
        found.parts.append((row[good], mass[good], mean[good], covariance[good]))
    return good


def _check_size(pairs, found, high, too_large):
    K = pairs.model.latent.dim
    nodes = np.bincount(pairs.row[too_large], minlength=len(pairs.X)) * (2 * NODES) ** K
    worst = nodes.argmax()
    if nodes[worst] > MOST_NODES or too_large.any() and pairs.boxes.radius[0, 0] < 1e-300:
        most = np.logaddexp(np.logaddexp(found.mass, found.left_out), pairs.by_row(high, too_large))
        left = (most - found.at_least)[worst]
        raise ValueError(
            f"the grid would need {nodes[worst]} nodes or more for row {found.first + worst} and an error of "
            f"{-math.log1p(-found.share):.2g} nats: the posterior is too narrow, σ_g = "
            f"{getattr(pairs.model.likelihood, 'sigma_g', math.nan):.2g}; so far its log p(x) is known to {left:.2g} "
            "nats: raise the tolerance to that, or use importance_weighted_bound")
