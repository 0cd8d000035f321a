"""What is made of a user's `nodes` and `kl`, or `log_prob` and `mean`, where the other methods are not written."""

import numpy as np
import pytest

import npvae
from npvae.models.derived import completed_latent, completed_likelihood

MEAN, SIGMA = np.array([0.5, -2.0]), np.array([0.3, 2.0])


class Shifted:
    """q = N(μ, diag σ²) with the prior N(MEAN, diag SIGMA²)."""

    dim, row_size, nodes = 2, 4, npvae.Gaussian.nodes

    def kl(self, q):
        mu, log_sigma = q[:, :2], q[:, 2:]
        ratio, gap = np.exp(2 * log_sigma) / SIGMA**2, (mu - MEAN) / SIGMA
        # ½ Σ_j (σ²/s² + (μ − m)²/s² − 1 − log σ²/s²)
        value = 0.5 * (ratio + gap**2 - 1 - 2 * (log_sigma - np.log(SIGMA))).sum(1)
        return value, lambda dkl: dkl[:, None] * np.concatenate([gap / SIGMA, ratio - 1], axis=1)


class Points:
    """z is one of three fixed points, with probabilities in the row, as weighted nodes."""

    dim, row_size, at = 2, 3, np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])

    def nodes(self, q, noise):
        return self.at[:, None], q.T, lambda dz, dw: np.zeros_like(q)

    def kl(self, q):
        return np.zeros(len(q)), lambda dkl: np.zeros_like(q)


class Likelihood:
    """A log density and E[x|z], which `mean` computes of g."""

    def __init__(self, mean):
        self.mean = mean

    def log_prob(self, x, g):
        return -((x - self.mean(g)) ** 2).sum(2), lambda dvalue: np.zeros_like(g)


def made(mean, width=2):
    return completed_likelihood(Likelihood(mean), width)


def test_the_priors_row_is_that_of_the_least_kl():
    row = completed_latent(Shifted()).prior_row()
    np.testing.assert_allclose(row, [*MEAN, *np.log(SIGMA)], rtol=0, atol=1e-5)


def test_the_mean_is_that_of_the_nodes_for_each_row():
    q = np.array([[1.0, 2.0, 0.0, 1.0], [-1.0, 3.0, 0.5, -1.0], [0.0, 0.0, 0.0, 0.0]])
    np.testing.assert_allclose(completed_latent(Shifted()).mean(q), q[:, :2], rtol=0, atol=1e-12)
    p = np.array([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]])
    np.testing.assert_allclose(completed_latent(Points()).mean(p), p @ Points.at, rtol=1e-12)


def test_draws_are_the_nodes_on_draws_of_noise():
    q, n = np.array([[1.0, -2.0, np.log(0.5), np.log(3.0)]] * 2), 40_000
    z = completed_latent(Shifted()).sample(q, n, 0)
    assert z.shape == (n, 2, 2)
    np.testing.assert_allclose(z.mean(0), q[:, :2], rtol=0, atol=6 * 3 / np.sqrt(n))
    np.testing.assert_allclose(z.std(0), np.exp(q[:, 2:]), rtol=0.03)


def test_of_nodes_with_weights_each_is_drawn_as_often_as_it_weighs():
    p, n = np.array([[0.2, 0.3, 0.5], [0.7, 0.3, 0.0]]), 20_000
    z = completed_latent(Points()).sample(p, n, 1)
    assert z.shape == (n, 2, 2)
    often = np.array([[(z[:, b] == point).all(1).mean() for point in Points.at] for b in range(2)])
    np.testing.assert_allclose(often, p, rtol=0, atol=6 * 0.5 / np.sqrt(n))
    np.testing.assert_array_equal(z, completed_latent(Points()).sample(p, n, np.random.default_rng(1)))


def test_draws_of_the_prior_are_those_of_its_row():
    z = completed_latent(Shifted()).sample_prior(40_000, 0)
    assert z.shape == (40_000, 2)
    np.testing.assert_allclose(z.mean(0), MEAN, rtol=0, atol=0.06)
    np.testing.assert_allclose(z.std(0), SIGMA, rtol=0.03)


@pytest.mark.parametrize("name", ["log_prior", "log_q"])
def test_what_cannot_be_made_is_refused_with_what_goes_without_it(name):
    with pytest.raises(ValueError, match=f"Shifted lacks `{name}`: .*without it, no .*importance-weighted bound"):
        getattr(completed_latent(Shifted()), name)(np.zeros((1, 2)))
    with pytest.raises(ValueError, match="Likelihood lacks `sample`: .*without it, no draws of x, only means"):
        made(np.exp).sample(np.zeros((1, 2)), 0)


def test_a_part_without_parameters_has_none_and_stays_itself():
    for part in (completed_latent(Shifted()), made(np.exp)):
        assert part.arrays() == {} and part.on(None, "prefix.", False) is part
    assert made(np.exp).check(np.full((1, 2), -7.0)) is None
    whole = npvae.Gaussian(2), npvae.GaussianLikelihood(1.0)
    assert completed_latent(whole[0]) is whole[0] and completed_likelihood(whole[1], 3) is whole[1]
    assert not hasattr(Shifted(), "prior_row")


def test_outputs_are_found_from_the_means():
    x = np.array([[0.2, 5.0], [1.0, 1e4]])
    np.testing.assert_allclose(made(np.exp).output_for(x), np.log(x), rtol=0, atol=1e-12)
    np.testing.assert_allclose(made(np.exp).output_for(x[0]), np.log(x[0]), rtol=0, atol=1e-12)
    # no further than where a decoder may start
    np.testing.assert_allclose(made(np.exp).output_for(np.array([1e-9, 1e30])), [-5, 20], rtol=0, atol=1e-9)
    assert made(lambda g: g).output_for(x) is x


def test_outputs_scale_with_the_data_if_they_are_a_line_of_it():
    assert made(lambda g: g).output_scale(3.0) == 3
    assert made(lambda g: 4 * g + 1).output_scale(2.0) == pytest.approx(0.5, rel=1e-9)
    assert made(np.exp).output_scale(3.0) == 1


def test_a_mean_that_mixes_columns_has_no_outputs():
    for mean in (lambda g: g[:, ::-1], lambda g: g[:, :1], lambda g: -g):
        assert not hasattr(made(mean), "output_for") and not hasattr(made(mean), "output_scale")
