"""What `check_bound` says to one wrong term, to two of them, to another decoder, and to what it cannot judge."""

import numpy as np
import pytest

import npvae
from npvae.gradcheck import check_bound

PCA = npvae.probabilistic_pca(3, 5, sigma_g=0.6, rng=np.random.default_rng(3))
CURVED = npvae.mlp_model(1, [4], 3, npvae.GaussianLikelihood(0.7), rng=np.random.default_rng(4))
PIXELS = npvae.mlp_model(1, [3], 6, npvae.BernoulliLikelihood(), rng=np.random.default_rng(5))


def elbo(model, draw=lambda mu, sigma, eps: mu + sigma * eps, rec=None, kl=None, whole=lambda value: value):
    """An ELBO with rows [μ, log σ] of which one part may be another."""
    def f(q, x, eps):
        mu, log_sigma = np.split(q, 2, axis=1)
        z = draw(mu, np.exp(log_sigma), eps)
        log_px = model.log_likelihood(x, z[None])[0][0] if rec is None else rec(x, model.decoder(z)[0])
        divergence = model.latent.kl(q)[0] if kl is None else kl(mu, log_sigma)
        return whole(log_px - divergence)

    return f


def right_kl(mu, s):
    return (0.5 * (mu**2 + np.exp(2 * s) - 1) - s).sum(1)


@pytest.mark.parametrize("model", [PCA, CURVED, PIXELS])
def test_a_right_elbo_passes_and_stands_below_log_p(model):
    report = check_bound(elbo(model), model)
    assert report and report.verdict() == "no mistake found"
    assert all(row["expected"] <= row["log_p"] for row in report.rows)


@pytest.mark.parametrize("rec, says", [
    (lambda x, g: -((x - g) ** 2).sum(1), "as though σ_g² were ½"),
    (lambda x, g: -0.5 * ((x - g) ** 2).sum(1), "as though σ_g were 1"),
    (lambda x, g: -((x - g) ** 2).mean(1), "the mean squared error stands for the likelihood"),
    (lambda x, g: -((x - g) ** 2).sum(1) / (2 * 0.36), "dropped constants: −(D/2) log 2π and −D log σ_g"),
    (lambda x, g: -((x - g) ** 2).sum(1) / (2 * 0.36) - 2.5 * np.log(2 * np.pi), "−D log σ_g is missing")])
def test_tutorials_likelihoods_are_named(rec, says):
    assert says in check_bound(elbo(PCA, rec=rec), PCA).verdict()


@pytest.mark.parametrize("kl, says", [
    (lambda m, s: np.maximum(right_kl(m, s), 0.5), "at least 0.5 nats (free bits)"),
    (lambda m, s: np.maximum(0.5 * (m**2 + np.exp(2 * s) - 1) - s, 0.2).sum(1), "0.2 nats in each dimension"),
    (lambda m, s: np.minimum(right_kl(m, s), 1.0), "at most 1 nats"),
    (lambda m, s: 0.5 * (m**2 + np.exp(2 * s) - 1 - s**2).sum(1), "(log σ)² stands where log σ² belongs"),
    (lambda m, s: 0.5 * (m**2 + np.exp(2 * s) - 1 - s).sum(1), "the 2 of log σ² = 2 log σ is missing"),
    (lambda m, s: (m**2 + np.exp(2 * s) - 1 - 2 * s).sum(1), "KL: the ½ is missing"),
    (lambda m, s: -right_kl(m, s), "it has the wrong sign"), (lambda m, s: 0 * right_kl(m, s), "it is left out"),
    (lambda m, s: 0.5 * (m**2 + np.exp(s) - 1 - s).sum(1), "the KL reads log σ as log σ²"),
    (lambda m, s: right_kl(m, s)[:, None].mean(1) + 0.5 * 3 * np.log(2 * np.pi), "−(K/2) log 2π of log q is missing"),
    (lambda m, s: right_kl(m, s) - 0.3 * m.sum(1), "wrong prior mean"),
    (lambda m, s: right_kl(m, s) + 0.35 * s.sum(1), "log σ has 0.65 times its weight"),
    (lambda m, s: 0.5 * (1.7 * m**2 + 0.3 * np.exp(2 * s) - 1 - 2 * s).sum(1), "½ Σ μ² has 1.7 times its weight")])
@pytest.mark.parametrize("model", [PCA, CURVED])
def test_tutorials_kls_are_named_whatever_the_decoder(kl, says, model):
    constant = "log 2π of log q" in says and model is CURVED
    report = check_bound(elbo(model, kl=kl), model)
    assert not report and (says in report.verdict() or constant)


def test_counts_are_checked_as_counts():
    model = npvae.mlp_model(1, [4], 3, npvae.models.PoissonLikelihood(), rng=np.random.default_rng(0))
    assert check_bound(elbo(model), model)
    assert "½ is missing" in check_bound(elbo(model, kl=lambda m, s: 2 * right_kl(m, s)), model).verdict()


def test_two_mistakes_are_named_together():
    both = elbo(PCA, rec=lambda x, g: -((x - g) ** 2).sum(1), kl=lambda m, s: 2 * right_kl(m, s))
    verdict = check_bound(both, PCA).verdict()
    assert "two mistakes" in verdict and "squared error" in verdict and "½ is missing" in verdict
    loss = elbo(PCA, rec=lambda x, g: -((x - g) ** 2).sum(1), whole=np.negative)
    assert "it is a cost" in check_bound(loss, PCA).verdict()


def test_another_decoder_is_read_off():
    other = npvae.mlp_model(3, [4], 5, npvae.GaussianLikelihood(0.6), rng=np.random.default_rng(6))
    assert "not that of the model" in check_bound(elbo(other), PCA).verdict()
    other = npvae.mlp_model(1, [3], 6, npvae.BernoulliLikelihood(), rng=np.random.default_rng(7))
    report = check_bound(elbo(other), PIXELS)
    assert report.diagnosis[0].where == "decoder"


@pytest.mark.parametrize("model", [PCA, CURVED])
@pytest.mark.parametrize("rec", [lambda x, g: -np.abs(x - g).sum(1), lambda x, g: -np.sqrt(((x - g) ** 2).sum(1)),
                                 lambda x, g: -(np.abs(x - g) / 0.6 + np.log(1.2)).sum(1)])
def test_an_error_that_is_not_squared_is_no_other_decoder(model, rec):
    assert "no parabola" in check_bound(elbo(model, rec=rec), model).verdict()


@pytest.mark.parametrize("change", [lambda eps: 1.3 * eps, lambda eps: np.clip(eps, -1, 1)])
@pytest.mark.parametrize("model", [CURVED, PIXELS])
def test_noise_that_is_changed_before_a_curved_decoder_is_no_other_decoder(model, change):
    report = check_bound(elbo(model, draw=lambda mu, sigma, eps: mu + sigma * change(eps)), model)
    assert report.diagnosis[0].where == "sampler"


def test_two_arguments_for_a_row_are_given_apart():
    inner = elbo(PCA)
    assert check_bound(lambda mu, log_sigma, x, eps: inner(np.hstack([mu, log_sigma]), x, eps), PCA)


@pytest.mark.parametrize("change, says", [
    (lambda v: v[:, None], "an axis of length 1 is kept"), (lambda v: np.zeros(5), "summed over axis 0"),
    (lambda v: np.zeros((7, 5)), "not summed over axis 1"),
    (lambda v: v + np.zeros(3), "axis 0 is one over the batch")])
def test_a_wrong_shape_says_over_which_axis(change, says):
    with pytest.raises(ValueError, match=says):
        check_bound(elbo(PCA, whole=change), PCA)


def test_a_sigma_of_one_is_noted_for_a_decoder_of_ones_own():
    model = npvae.mlp_model(1, [4], 3, npvae.GaussianLikelihood(1.0), rng=np.random.default_rng(4))
    report = check_bound(elbo(model), model)
    assert report and "were not checked" in str(report)


def test_log_p_is_left_open_where_no_quadrature_gives_it():
    model = npvae.mlp_model(3, [4], 4, npvae.GaussianLikelihood(0.5), rng=np.random.default_rng(9))
    report = check_bound(elbo(model), model)
    assert report and report.rows[0]["log_p"] is None and "–" in str(report)
