"""A check of gradients by two independent ones, a decoder given by a formula, and boxes of z to look into."""

import numpy as np
from numeric import central, complex_step, relative

from npvae.models.exact.box_bounds import Boxes, Pairs


def agree(f, array, twin_f, twin_array, gradient):
    """Assert that a gradient is that of central differences of f, and that of the complex step through twin_f."""
    assert relative(gradient, central(f, array)) < 1e-7
    assert relative(gradient, complex_step(twin_f, twin_array)) < 1e-12


class Curve:
    """A decoder given by a formula, with the interface of a layer and no parameters."""

    def __init__(self, g):
        self.g = g

    def __call__(self, z):
        return self.g(z), None

    def arrays(self):
        return {}

    def on(self, parameters, prefix="", gradient=True):
        return self


def inside(center, radius, rng, count=200):
    """Points of each box, corners among them: (count, C, K) offsets."""
    u = rng.uniform(-1, 1, (count, *center.shape))
    u[: count // 4] = np.sign(u[: count // 4])
    return u * radius


def pairs_of(model, X, center, radius):
    """All pairs of a row and a box."""
    row, box = np.divmod(np.arange(len(X) * len(center)), len(center))
    return Pairs(model, X, Boxes.of(model, center, radius), row, box)


def log_joint_of_pairs(model, X, z):
    """log p(x, z) of one x and z for each pair: (P,)."""
    return model.log_likelihood(X, z[None])[0][0] + model.latent.log_prior(z)
