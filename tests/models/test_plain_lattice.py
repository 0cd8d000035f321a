"""A prior of the user's own on the plain lattice, held against the closed form of a normal prior N(c, s² I)."""

import math

import numpy as np
import pytest

from npvae.models import Gaussian, GaussianLikelihood, LatentVariableModel
from npvae.models.exact import exact_method, exact_posterior, log_marginal
from npvae.nn import mlp, relu


class Normal(Gaussian):
    """Prior N(center, scale² I)."""

    def __init__(self, dim, center, scale):
        super().__init__(dim)
        self.center, self.scale = center, scale

    def log_prior(self, z):
        return super().log_prior((z - self.center) / self.scale) - self.dim * math.log(self.scale)

    def kl(self, q):
        # as if of u = (z − c)/s, whose prior is standard
        K, shift = self.dim, math.log(self.scale)
        kl, back = super().kl(np.concatenate([(q[:, :K] - self.center) / self.scale, q[:, K:] - shift], axis=1))
        return kl, lambda dkl: back(dkl) * np.repeat([1 / self.scale, 1.0], K)

    def sample_prior(self, n, rng):
        return self.center + self.scale * super().sample_prior(n, rng)


@pytest.mark.parametrize("K, center, scale", [(1, 0.0, 0.2), (1, 3.0, 5.0), (2, -1.0, 0.3), (2, 2.0, 2.0)])
def test_log_p_and_the_posterior_are_those_of_the_closed_form(K, center, scale):
    model = LatentVariableModel(Normal(K, center, scale), mlp([K, 3], rng=np.random.default_rng(0)),
                                GaussianLikelihood(0.6))
    assert exact_method(model) == "plain grid"
    W, b = model.decoder.layers[0].W, model.decoder.layers[0].b
    X = model.sample(4, np.random.default_rng(1))[0]
    away = X - b - center * W.sum(0)
    C = scale**2 * W.T @ W + 0.6**2 * np.eye(3)
    expected = -0.5 * (np.einsum("bi,ij,bj->b", away, np.linalg.inv(C), away) + np.linalg.slogdet(2 * np.pi * C)[1])
    value, error = log_marginal(model, X, tolerance=1e-5, return_error=True)
    np.testing.assert_allclose(value, expected, rtol=0, atol=1e-5)
    assert (error <= 1e-5).all() and (error >= 0).all()
    # the posterior's precision is I/s² + W Wᵀ/σ²
    covariance = np.linalg.inv(np.eye(K) / scale**2 + W @ W.T / 0.6**2)
    found = exact_posterior(model, X)
    np.testing.assert_allclose(found.mean, center + away @ W.T / 0.6**2 @ covariance, rtol=0, atol=1e-4)
    np.testing.assert_allclose(found.covariance, np.broadcast_to(covariance, (4, K, K)), rtol=0, atol=1e-4)


def test_of_a_decoder_with_kinks_it_finds_what_the_boxes_find():
    decoder = mlp([1, 4, 2], relu, np.random.default_rng(3))
    X = np.random.default_rng(4).normal(size=(3, 2))
    (value, error), (boxes, bound) = (
        log_marginal(LatentVariableModel(latent, decoder, GaussianLikelihood(0.1)), X, 1e-8, return_error=True)
        for latent in (Normal(1, 0.0, 1.0), Gaussian(1)))
    assert (np.abs(value - boxes) <= error + bound).all() and error.max() <= 1e-8


def test_a_log_prior_that_is_no_density_is_refused():
    class Doubled(Normal):
        kl, sample_prior = Normal.kl, Normal.sample_prior

        def log_prior(self, z):
            return super().log_prior(z) + math.log(2)

    model = LatentVariableModel(Doubled(1, 0.0, 1.0), mlp([1, 3]), GaussianLikelihood(0.6))
    with pytest.raises(ValueError, match="has the integral 2 on a grid, expected 1"):
        log_marginal(model, np.zeros((1, 3)))
