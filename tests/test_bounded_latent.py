"""A latent family of bounded z, whose prior is the limit of rows that grow: it is checked where q has slopes."""

import math

import numpy as np
import pytest

import npvae
from npvae.nn.activations import sigmoid


class Interval:
    """p(z) uniform on [−1, 1], q(z) on an interval in it: q = [a, b], width 2s(b), lower end −1 + (2 − width) s(a)."""

    dim, row_size = 1, 2

    def ends(self, q):
        a, b = 1 / (1 + np.exp(-q[:, :1])), 1 / (1 + np.exp(-q[:, 1:]))
        return a, b, -1 + 2 * (1 - b) * a, 2 * b

    def nodes(self, q, noise):
        a, b, low, width = self.ends(q)
        u = np.vectorize(lambda e: 0.5 * (1 + math.erf(e / math.sqrt(2))))(noise.eps).astype(q.dtype)

        def back(dz, dw):
            da, db = 2 * (1 - b) * dz.sum(0), (2 * (u - a) * dz).sum(0)
            return np.concatenate([da * a * (1 - a), db * b * (1 - b)], axis=1)

        return low + width * u, noise.w, back

    def kl(self, q):
        s, _ = sigmoid(q[:, 1])
        return np.logaddexp(0, -q[:, 1]), lambda d: np.stack([0 * s, -(1 - s) * d], axis=1)

    def log_prior(self, z):
        return np.where(np.abs(z[..., 0]) <= 1, -np.log(2), -np.inf)

    def log_q(self, q, z):
        _, _, low, width = self.ends(q)
        return np.where((z >= low) & (z <= low + width), -np.log(width), -np.inf)[..., 0]


class Half(Interval):
    def log_q(self, q, z):
        return super().log_q(q, z) - math.log(2)


class Shifted(Interval):
    def log_q(self, q, z):
        return super().log_q(q, z - 0.3)


def test_it_passes():
    report = npvae.check_part(Interval())
    assert report, report


@pytest.mark.parametrize("broken", [Half, Shifted])
def test_a_density_that_is_not_its_nodes_is_named(broken):
    assert {"kl", "nodes"} & set(npvae.check_part(broken()).failed)


def test_rows_start_where_they_can_be_learned():
    latent = npvae.LatentVariableModel(Interval(), npvae.mlp([1, 2]), npvae.GaussianLikelihood(1.0)).latent
    row = latent.prior_row()
    value, back = latent.kl(row[None])
    assert value < 1e-3 and np.abs(back(np.ones(1))).max() > 1e-6
