"""Closed forms of the estimators' variances, away from μ = 0 and σ = 1, against nodes and draws."""

import numpy as np
import pytest

import npvae
from npvae.inference.estimator_variance import (
    best_baseline,
    expected_squared_norm,
    pathwise_variance,
    score_function_variance,
    variance_against_dimension,
)
from npvae.models import GaussHermite


@pytest.mark.parametrize("mu, sigma", [([0.7], 0.5), ([-1.0, 0.3], 1.4), ([0.0, 2.0], 0.2)])
@pytest.mark.parametrize("baseline", [0.0, 1.3])
def test_closed_forms_are_the_expectations_on_nodes(mu, sigma, baseline):
    mu = np.array(mu)
    eps, w = GaussHermite(20)(None, 1, len(mu))
    eps, w = eps[:, 0], w[:, 0]
    z = mu + sigma * eps
    f = (z * z).sum(1)
    assert expected_squared_norm(mu, sigma) == pytest.approx(w @ f, rel=1e-12)

    def variance(gradient):
        return w @ gradient**2 - (w @ gradient) ** 2

    score = eps / sigma
    np.testing.assert_allclose(pathwise_variance(mu, sigma), variance(2 * z), rtol=1e-10)
    np.testing.assert_allclose(score_function_variance(mu, sigma, baseline), variance((f - baseline)[:, None] * score),
                               rtol=1e-10)
    # the best of all baselines, for all coordinates together
    best = best_baseline(mu, sigma)
    total = [variance((f - b)[:, None] * score).sum() for b in (best - 1e-3, best, best + 1e-3)]
    assert total[1] == min(total)


def test_measured_variances_are_those_of_the_closed_forms_at_any_mu_and_sigma():
    for record in variance_against_dimension([1, 3], np.random.default_rng(0), mu=0.7, sigma=0.5, vectors=400_000):
        assert record["measured"] == pytest.approx(record["closed_form"], rel=0.05), record


@pytest.mark.parametrize("level", [1e-17, 5e-324])
def test_a_level_that_is_lost_beside_one_has_a_threshold(level):
    gradients = np.random.default_rng(0).normal(size=(50, 3))
    found = npvae.unbiasedness_test(gradients, np.zeros(3), level=level)
    assert 8 < found["threshold"] < 39 and found["passed"]
