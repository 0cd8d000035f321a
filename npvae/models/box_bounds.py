"""Between what log p_θ(x, z) lies while z is anywhere in a box: of pairs of a datum and a box."""

from dataclasses import dataclass

import numpy as np

from npvae.models.enclosure import enclose


@dataclass(frozen=True)
class Boxes:
    """C boxes of z with their centers (C, K), their half-widths (C, K), and what the decoder returns in them."""

    center: np.ndarray
    radius: np.ndarray
    output: object

    @classmethod
    def of(cls, model, center, radius, block):
        """The boxes, a block at a time through the decoder."""
        center, radius = np.asarray(center, float), np.broadcast_to(radius, center.shape)
        return cls(center, radius, enclose(model.decoder, center, radius, block))


def log_bounds(model, X, boxes, row, box, block):
    """The least and the greatest log p(x, z) for z in a box, of pairs (P,) of a row and a box.

    Returns
    -------
    low, high : array (P,), nats
    doubt : array (P,), nats
        How much of their distance is due to how the decoder bends, and not to a quadratic function of z.
    """
    size = max(1, block // (4 * (2 + boxes.center.shape[1]) * X.shape[1]))
    parts = [_bounds(model, X[row[i:i + size]], boxes, box[i:i + size]) for i in range(0, len(row), size)]
    return (np.concatenate(column) for column in zip(*parts, strict=True))


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
