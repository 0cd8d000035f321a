"""Between what log p_θ(x, z) lies while z is anywhere in a box: of pairs of a row of the data and a box."""

from typing import NamedTuple

import numpy as np

from npvae.models.exact.enclosure import Enclosure, enclose
from npvae.models.exact.nodes import BLOCK
from npvae.models.generative import LatentVariableModel
from npvae.models.joint import sum_by_row


class Boxes(NamedTuple):
    """C boxes of z with their centers (C, K), their half-widths (C, K), and what the decoder returns in them."""

    center: np.ndarray
    radius: np.ndarray
    output: Enclosure

    @classmethod
    def of(cls, model: LatentVariableModel, center: np.ndarray, radius: np.ndarray | float) -> "Boxes":
        """The boxes, after the decoder has been asked."""
        radius = np.broadcast_to(radius, center.shape)
        return cls(center, radius, enclose(model.decoder, center, radius))


class Pairs(NamedTuple):
    """P pairs of a row of X and a box: `row` (P,) and `box` (P,) are their places."""

    model: LatentVariableModel
    X: np.ndarray
    boxes: Boxes
    row: np.ndarray
    box: np.ndarray

    def by_row(self, a: np.ndarray, which=slice(None)) -> np.ndarray:
        """log Σ e^a over the pairs `which` of each row: (B,)."""
        return sum_by_row(a[which], self.row[which], len(self.X))


def log_bounds(pairs: Pairs) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The least and the greatest log p(x, z) for z in the box of each pair, (P,) nats, and the doubt.

    The doubt is how much of their distance is due to how the decoder bends, and not to a quadratic function of z.
    """
    (_, K), D = pairs.boxes.center.shape, pairs.X.shape[1]
    size = max(1, BLOCK // (4 * (2 + K) * D))
    parts = [_bounds(pairs.model, pairs.X[pairs.row[i:i + size]], pairs.boxes, pairs.box[i:i + size])
             for i in range(0, len(pairs.row), size)]
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))


def _bounds(model, x, boxes, box):
    g, J, reach, slack = (a[box] for a in (boxes.output.value, boxes.output.J, boxes.output.reach, boxes.output.slack))
    center, radius, bend = boxes.center[box], boxes.radius[box], model.likelihood.curvature
    with np.errstate(all="ignore"):
        value, back = model.likelihood.log_prob(x, g[None])
        slope = back(np.ones_like(value))[0]                                        # ∂ log p(x|z)/∂g, (P, D)
        # log p(x|g + Δ) = log p(x|g) + slope·Δ − ½ Δᵀ H Δ with 0 ≤ H ≤ bend, and Δ = δ J + R
        middle = value[0] + model.latent.log_prior(center)
        tilt = (np.abs(np.einsum("pkd,pd->pk", J, slope) - center) * radius).sum(1)
        doubt = np.einsum("pd,pd->p", np.abs(slope) + bend * (reach + 0.5 * slack), slack)
        steep = J * radius[..., None]
        fall = 0.5 * (bend * np.abs(np.einsum("pkd,pld->pkl", steep, steep)).sum((1, 2)) + (radius**2).sum(1))
        nearest = np.maximum(np.abs(center) - radius, 0)
        ceiling = model.likelihood.ceiling(x, g, reach + slack) + model.latent.log_prior(nearest)
        low, high = middle - tilt - fall - doubt, np.fmin(middle + tilt + doubt, ceiling)
    # far out a decoder may overflow; what is no number counts for nothing where it has been looked at closely
    lost = ~np.isfinite(value[0])
    high = np.where(lost & boxes.output.trusted[box], -np.inf, np.where(np.isnan(high), np.inf, high))
    return np.where(np.isnan(low), -np.inf, low), high, np.where(np.isnan(doubt), np.inf, doubt)
