"""What relation a wrong gradient bears to the right one: named, given as a number, or honestly unknown; and bounds."""

import numpy as np
import pytest

import npvae
from npvae.gradcheck import check_bound
from npvae.models import Noise, probabilistic_pca
from npvae.nn import Affine, tanh


@pytest.mark.parametrize("k, where", [(2, "2x"), (0.5, "x/2")])
def test_an_elementwise_layer_s_diagnosis_does_not_speak_of_sigma(k, where):
    def softplus(x):
        return np.log1p(np.exp(x)), lambda dy: dy / (1 + np.exp(-k * x))

    report = npvae.gradcheck(softplus, np.random.default_rng(0).normal(size=(4, 3)))
    assert not report.passed
    assert [finding.sentence.split(".")[0] for finding in report.diagnosis] == [
        f"x: the derivative is taken at the wrong point: {where} where x belongs"]


# what no relation is made for: the answer is "unknown" rather than a guess
@pytest.mark.parametrize("seed", range(5))
def test_a_gradient_with_random_errors_is_unknown(seed):
    noise = np.random.default_rng(seed).standard_normal((5, 3))
    report = npvae.gradcheck(lambda x: (tanh(x)[0], lambda dy: tanh(x)[1](dy) + 0.1 * noise),
                             np.random.default_rng(seed + 9).standard_normal((5, 3)))
    assert [f.kind for f in report.diagnosis] == ["unknown"]


@pytest.mark.parametrize("seed", range(5))
def test_a_factor_without_a_name_is_given_as_a_number(seed):
    k = np.random.default_rng(seed).uniform(2.1, 2.9)
    report = npvae.gradcheck(lambda x: (tanh(x)[0], lambda dy: k * tanh(x)[1](dy)),
                             np.random.default_rng(seed).standard_normal((5, 3)))
    assert f"is {k:.6g} times the right one, everywhere the same factor" in report.diagnosis[0].sentence


def test_a_factor_with_two_names_is_not_guessed():
    report = npvae.gradcheck(lambda x: (tanh(x)[0], lambda dy: 3 * tanh(x)[1](dy)),
                             np.random.default_rng(0).standard_normal((3, 3)), sizes={"B": 3, "D": 3})
    assert report.diagnosis[0].kind == "unknown" and "Give sizes that differ" in report.diagnosis[0].sentence


def test_a_wrong_layer_is_found_in_its_chain():
    def relu_off(x):
        return np.maximum(x, 0), lambda dy: dy * ~(x > 0)

    rng = np.random.default_rng(0)
    network = npvae.chain(Affine.random(3, 4, rng), relu_off, Affine.random(4, 2, rng))
    report = npvae.gradcheck(network, rng.standard_normal((5, 3)))
    assert [f.where for f in report.diagnosis] == ["layer 1 (relu_off) x"] and report.diagnosis[0].kind == "mask"


def test_a_gradient_of_the_wrong_shape():
    x = np.random.default_rng(0).standard_normal((5, 3))
    W = np.ones((3, 2))

    def f(inputs):
        return x @ inputs["W"] + inputs["b"], lambda dy: {"W": dy.T @ x, "b": dy}

    kinds = {f.where: f.kind for f in npvae.gradcheck(f, {"W": W, "b": np.ones(2)}).diagnosis}
    assert kinds == {"W": "transposed", "b": "slice"}


MASK = np.arange(28).reshape(7, 4) % 3 > 0
# value, what back gives, and the words of the sentence; their source cannot be read
WITHOUT_SOURCE = [
    ("np.sin(x) + 0.1 * x**2", "dy * np.cos(x) + 0.1 * dy * x", None),
    ("np.sum(np.sin(x) + 0.1 * x**2)", "np.cos(x)", "the term 0.2 x is missing: the gradient of squares"),
    ("x + np.tanh(x)", "dy * (1 - np.tanh(x)**2)", "the term dy is missing: the residual path"),
    ("np.sin(x - x.mean(0))", "dy * np.cos(x - x.mean(0))", "the same along axis 0, as the path through a mean"),
    ("(x - x.mean(0)) / x.std(0)", "dy / x.std(0)", "the path through the mean and the variance"),
    ("np.sin(x) * mask", "dy * np.cos(x)", "a mask of the forward pass is missing"),
    ("np.sin(x) * mask", "dy * np.cos(x) * ~mask", "the mask is the opposite one"),
    ("np.sin(x)", "(dy * np.cos(x))[:, [2, 3, 0, 1]]", "0:2 holds what belongs at 2:4"),
    ("np.cumsum(x, 0)", "np.r_[0 * dy[:1], np.cumsum(dy[::-1], 0)[-2::-1]]", "no gradient arrives in x[0]"),
    ("np.sin(x) / np.sqrt(x.shape[1])", "dy * np.cos(x)", "a ½ is missing")]


@pytest.mark.parametrize("value, gradient, says", WITHOUT_SOURCE)
def test_where_no_source_can_be_read_the_difference_is_described(value, gradient, says):
    space = {"np": np, "mask": MASK}
    exec(f"def f(x):\n    y = {value}\n    back = lambda dy: {gradient}\n"
         f"    return y, back if np.ndim(y) else back(1.0)", space)
    report = npvae.gradcheck(space["f"], np.random.default_rng(0).normal(size=(7, 4)))
    sentence = report.diagnosis[0].sentence
    assert (says or "unknown") in sentence, sentence


MODEL = probabilistic_pca(3, 5, sigma_g=0.5)
ONE = np.ones((1, 1))


def students_elbo(q, x, eps, row="log_sigma"):
    """An ELBO as a student writes it, correct."""
    (layer,), s = MODEL.decoder.layers, MODEL.likelihood.sigma_g
    mu, last = np.split(q, 2, axis=1)
    sigma = {"log_sigma": np.exp(last), "log_variance": np.exp(last / 2), "sigma": last}[row]
    g = (mu + sigma * eps) @ layer.W + layer.b
    log_px = -((x - g) ** 2).sum(1) / (2 * s**2) - x.shape[1] * np.log(np.sqrt(2 * np.pi) * s)
    return log_px - 0.5 * (sigma**2 + mu**2 - 1 - np.log(sigma**2)).sum(1)


@pytest.mark.parametrize("row", ["log_sigma", "log_variance", "sigma"])
def test_a_students_own_elbo_is_accepted_in_every_way_to_write_its_rows(row):
    report = check_bound(lambda q, x, eps: students_elbo(q, x, eps, row), row=row)
    assert report.passed and report.verdict() == "no mistake found" and report.error < 1e-9
    assert all(r["expected"] <= r["log_p"] for r in report.rows)


@pytest.mark.parametrize("seed", range(5))
def test_the_packages_elbo_is_accepted_for_any_model_and_data(seed):
    rng = np.random.default_rng(seed)
    model = probabilistic_pca(1 + seed, 6, rng.uniform(0.2, 2), rng)
    report = check_bound(lambda q, x, eps: npvae.elbo(model, q, x, Noise(eps[None], ONE))[0], model,
                         2 * rng.standard_normal((4, 6)), seed=seed)
    assert report.passed


def test_a_bound_with_an_unlisted_mistake_is_unknown():
    report = check_bound(lambda q, x, eps: students_elbo(q, x, eps) + 0.1 * np.sin(q).sum(1))
    assert not report.passed and report.diagnosis[0].kind == "unknown"


def test_another_constant_and_another_sigma_g_are_fitted():
    assert "1.25 nats too high" in check_bound(lambda q, x, eps: students_elbo(q, x, eps) + 1.25).verdict()
    other = npvae.LatentVariableModel(MODEL.latent, MODEL.decoder, npvae.GaussianLikelihood(0.8))
    report = check_bound(lambda q, x, eps: npvae.elbo(other, q, x, Noise(eps[None], ONE))[0], MODEL)
    assert "σ_g is 0.8 where the model has 0.5" in report.verdict()


@pytest.mark.parametrize("power, says", [(1, "no mistake found"), (2, "z is drawn with σ² where σ belongs")])
def test_a_function_that_draws_its_own_noise(power, says):
    rng = np.random.default_rng(0)

    def own_noise(q, x):
        mu, log_sigma = np.split(q, 2, axis=1)
        z = mu + np.exp(power * log_sigma) * rng.standard_normal(mu.shape)
        return MODEL.log_likelihood(x, z[None])[0][0] - MODEL.latent.kl(q)[0]

    assert says in check_bound(own_noise, MODEL, draws=4000).verdict()


@pytest.mark.parametrize("f, options, says", [
    (lambda q, x, eps: students_elbo(q, x, eps).mean(), {}, "neither summed nor averaged"),
    (lambda q, x, eps: students_elbo(q, x, eps) * np.nan, {}, "not finite"),
    (students_elbo, {"row": "variance"}, "expected one of log_sigma"),
    (students_elbo, {"model": npvae.mlp_model(2, [3], 5)}, "cannot be called with arrays of shapes"),
    (students_elbo, {"model": npvae.mixture_of_gaussians(2, 5)}, "expected a model with a Gaussian latent")])
def test_what_cannot_be_checked_is_refused(f, options, says):
    with pytest.raises(ValueError, match=says):
        check_bound(f, **options)


def test_noise_of_its_own_beside_eps_is_named():
    rng = np.random.default_rng(0)
    report = check_bound(lambda q, x, eps: students_elbo(q, x, rng.standard_normal(eps.shape)))
    assert "draws noise of its own" in report.verdict()


def test_the_bound_report_as_text_dict_and_html():
    report = check_bound(lambda q, x, eps: -students_elbo(q, x, eps))
    assert "FAILED" in str(report) and "−ELBO" in str(report) and "<table>" in report._repr_html_()
    assert dict(report)["passed"] is False and len(dict(report)["rows"]) == 5


def test_a_bounds_report_is_its_verdict_too():
    assert check_bound(students_elbo)
    wrong = check_bound(lambda q, x, eps: -students_elbo(q, x, eps))
    assert not wrong and repr(wrong) == str(wrong)
