"""The claims on the parts that complete the lecture: each turns red with a mistake in its part."""

import numpy as np
import pytest

from npvae.autoencoders import vae
from npvae.datasets import digits
from npvae.inference import AmortizedVI, SemiAmortized, semi_amortized
from npvae.lab.claims import coordinates, finite_differences, importance_weighting, likelihoods
from npvae.lab.claims import semi_amortized as semi_claims
from npvae.models import (
    FullGaussian,
    LaplaceLikelihood,
    PoissonLikelihood,
    SeenPixelsLikelihood,
    mlp_model,
    poisson_likelihood,
)


def red(claims):
    # as `verify` measures them: a mistake may overflow
    with np.errstate(all="ignore"):
        return " ".join(claim.claim for claim in claims if not claim.passed)


def wrong_by(method, change):
    """The method with its value changed, and its backward pass as it is."""
    return lambda *args: (change(*args) + method(*args)[0], method(*args)[1])


LIKELIHOODS = {
    "x for log x!": (likelihoods.counts, poisson_likelihood, "log_factorial", lambda x: x, "add to 1"),
    "rates counted twice": (likelihoods.counts, PoissonLikelihood, "log_prob", wrong_by(
        PoissonLikelihood.log_prob, lambda _, x, g: -np.exp(g).sum(2)), "brute force"),
    "b in place of 2b": (likelihoods.absolute_errors, LaplaceLikelihood, "log_prob", wrong_by(
        LaplaceLikelihood.log_prob, lambda _, x, g: x.shape[1] * np.log(2)), "normal-Laplace"),
    "D in place of the numbers seen": (likelihoods.missing_numbers, SeenPixelsLikelihood, "log_prob", wrong_by(
        SeenPixelsLikelihood.log_prob, lambda _, x, g: -np.isnan(x).sum(1) * 0.4), "nothing was seen"),
    "a full q without its last entry": (likelihoods.missing_numbers, FullGaussian, "factor", lambda latent, q: (
        np.exp(q[:, latent.dim:2 * latent.dim, None]) * np.eye(latent.dim)), "no gap")}


@pytest.mark.parametrize("mistake", LIKELIHOODS)
def test_a_mistake_in_a_likelihood_is_seen(mistake, monkeypatch):
    claims, *planted, expected = LIKELIHOODS[mistake]
    if mistake.startswith("rates"):
        # both ways to log p(x|z)
        monkeypatch.delattr(PoissonLikelihood, "log_prob_table")
    monkeypatch.setattr(*planted)
    assert expected in red(claims())


@pytest.fixture(scope="module")
def solver():
    return AmortizedVI(mlp_model(2, [8], 64), sweeps=3).fit(digits().train)


CLIMBS = {"no step": (lambda f, q, tolerance, steps: q, "k = 100 is the per-datapoint q_i"),
          "steps too long": (lambda f, q, tolerance, steps: q + 0.1 * steps, "never lower"),
          "the start is moved": (None, "k = 0 is the encoder's gap")}


@pytest.mark.parametrize("mistake", CLIMBS)
def test_a_mistake_in_the_steps_is_seen(mistake, solver, monkeypatch):
    X, (climb, expected) = digits().train[:30].astype(np.float64), CLIMBS[mistake]
    assert red(semi_claims.one_seed(solver, X, 0)) == ""
    if climb is None:
        right = SemiAmortized.__call__
        monkeypatch.setattr(SemiAmortized, "__call__", lambda q, x: (right(q, x)[0] + 0.5 / (1 + q.steps), None))
    else:
        monkeypatch.setattr(semi_amortized, "climb", climb)
    assert expected in red(semi_claims.one_seed(solver, X, 0))


def without_the_spread(q):
    return np.cov(q[:, :q.shape[1] // 2].T, bias=True)


COORDINATES = [(coordinates, "kl_by_coordinate", lambda q: 0.5 * q[:, :2] ** 2, "KL ½ log"),
               (vae, "kl_by_coordinate", lambda q: q[:, :4] ** 2, "Σ_j KL_j"),
               (coordinates, "aggregate_covariance", without_the_spread, "the prior's covariance"),
               (coordinates, "variance_of_means", lambda q: q[:, :2].std(0), "Var_x"),
               (vae, "variance_of_means", lambda q: (q[:, :4] ** 2).mean(0) + 0.1, "active units"),
               (vae.VAE, "score", lambda self, X: self.elbo(X).mean() + 0.2, "history's elbo")]


@pytest.mark.parametrize("module, name, wrong, expected", COORDINATES)
def test_a_mistake_in_what_is_seen_of_a_code_is_seen(module, name, wrong, expected, monkeypatch):
    monkeypatch.setattr(module, name, wrong)
    assert expected in red(coordinates.claims(quick=True))


def test_a_mistake_in_a_slope_or_in_log_q_is_seen(monkeypatch):
    right = finite_differences.gelu
    monkeypatch.setattr(finite_differences, "gelu", lambda x: (right(x)[0], lambda dy: dy * right(x)[0] / x))
    assert "GELU: slope" in red(finite_differences.slopes())
    assert importance_weighting.one_draw().passed
    monkeypatch.setattr(FullGaussian, "log_q", lambda latent, q, z: 0 * z.sum(2))
    assert not importance_weighting.one_draw().passed
