"""What enumeration says of mixtures whose components lie thousands of nats apart."""

import numpy as np

from npvae.models import mixture_of_gaussians
from npvae.models.exact import exact_posterior, log_marginal


def test_the_posterior_of_far_components_is_certain_and_its_logarithm_right():
    means = np.array([[0.0, 0.0], [50.0, 0.0], [0.0, -60.0], [0.5, 0.0]])
    model = mixture_of_gaussians(4, 2, sigma_g=0.5, means=means)
    X = means + [0.25, 0.1]
    # log N(x; μ_k, σ² I) + log 1/4, straight from the formula
    joint = -((X[:, None] - means) ** 2).sum(2) / 0.5 - np.log(2 * np.pi * 0.25) - np.log(4)
    np.testing.assert_allclose(log_marginal(model, X), np.logaddexp.reduce(joint, axis=1), rtol=1e-12)
    found = exact_posterior(model, X)
    p = np.exp(joint - np.logaddexp.reduce(joint, axis=1)[:, None])
    np.testing.assert_allclose(found.mean, p, rtol=1e-10, atol=1e-300)
    np.testing.assert_allclose(found.covariance, [np.diag(row) - np.outer(row, row) for row in p], atol=1e-15)
