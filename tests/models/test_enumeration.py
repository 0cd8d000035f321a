"""A discrete family of one's own whose nodes are all z: log p(x) and the posterior are sums over them."""

from itertools import product

import numpy as np

import npvae
from npvae.models.exact import exact_posterior, log_marginal
from npvae.nn import Affine


class Bits:
    """K independent bits; a row is their K logits, the prior that of fair coins."""

    closed_forms = frozenset({"nodes are all z", "one prior"})

    def __init__(self, dim):
        self.dim = self.row_size = dim
        self.z = np.array(list(product([0.0, 1.0], repeat=dim)))        # (2^K, K)

    def nodes(self, q, noise=None):
        p = 1 / (1 + np.exp(-q))                                        # (B, K)
        ones = self.z[:, None, :]
        w = np.prod(np.where(ones == 1, p, 1 - p), axis=2)              # (2^K, B)

        def back(dz, dw):
            # ∂w/∂logit_k = w (z_k − p_k)
            return np.einsum("sb,sbk->bk", dw * w, ones - p)

        return np.broadcast_to(ones, (len(self.z), 1, self.dim)).astype(q.dtype), w, back

    def kl(self, q):
        p = 1 / (1 + np.exp(-q))
        kl = (p * np.log(2 * p) + (1 - p) * np.log(2 * (1 - p))).sum(1)
        return kl, lambda dkl: dkl[:, None] * p * (1 - p) * q

    def log_q(self, z, q):
        p = 1 / (1 + np.exp(-q))
        return np.log(np.where(z == 1, p, 1 - p)).sum(-1)

    def sample(self, q, n, rng):
        return (rng.random((n, *q.shape)) < 1 / (1 + np.exp(-q))) * 1.0

    def log_prior(self, z):
        return np.full(z.shape[:-1], -self.dim * np.log(2))

    def sample_prior(self, n, rng):
        return (rng.random((n, self.dim)) < 0.5) * 1.0


W, B = np.array([[2.0, 0.0], [1.0, -1.0], [0.3, 0.5]]), np.array([-1.0, 0.2])
MODEL = npvae.LatentVariableModel(Bits(3), Affine(W, B), npvae.GaussianLikelihood(0.5))
X = np.random.default_rng(0).normal(size=(7, 2))


def posterior():
    z = np.array(list(product([0, 1], repeat=3)))
    log_px_z = [-((x - z @ W - B) ** 2).sum(1) / (2 * 0.25) - np.log(2 * np.pi * 0.25) for x in X]
    return z, np.array(log_px_z) - 3 * np.log(2)


def test_log_p_and_the_posterior_are_sums_over_all_bits():
    z, log_p = posterior()
    np.testing.assert_allclose(log_marginal(MODEL, X), np.log(np.exp(log_p).sum(1)), rtol=1e-12)
    p = np.exp(log_p) / np.exp(log_p).sum(1, keepdims=True)
    mean, covariance = exact_posterior(MODEL, X)[:2]
    np.testing.assert_allclose(mean, p @ z, rtol=1e-12)
    expected = [np.cov(z.T, aweights=row, bias=True) for row in p]
    np.testing.assert_allclose(covariance, expected, atol=1e-12)


def test_the_best_row_of_bits_is_climbed_to_and_stays_below_log_p():
    q = npvae.argmax_q(MODEL, None, X)
    assert q.shape == (7, 3)
    elbos = npvae.elbo(MODEL, q, X)[0]
    assert (elbos <= log_marginal(MODEL, X) + 1e-9).all()
    for moved in (q + 0.05, q - 0.05, q + np.array([0.05, -0.05, 0])):
        assert (npvae.elbo(MODEL, moved, X)[0] < elbos).all()
