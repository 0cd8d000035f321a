"""After a failed `check_bound` the report names the line of the ELBO's source that is wrong, and its edit."""

import os
import time

import corpus_files
import numpy as np
import pytest

import npvae

PCA = npvae.probabilistic_pca(3, 5, sigma_g=0.5)
W, b, SIGMA = PCA.decoder.layers[0].W, PCA.decoder.layers[0].b, 0.5
LINES = ["vae/1", "vae/2", "vae/6", "vae/10", "log_sigma/3", "log_sigma/6", "sigma/1", "sampled/1",
         "sampled/5", "loop/4", "entropy/2", "antithetic/2"]


def elbo(q, x, eps):
    mu, log_sigma = q[:, :3], q[:, 3:]
    z = mu + np.exp(log_sigma) * eps
    log_px = -((x - z @ W - b) ** 2).sum(1) / SIGMA**2 - 5 * np.log(SIGMA * np.sqrt(2 * np.pi))
    return log_px - 0.5 * (np.exp(2 * log_sigma) + mu**2 - 1 - 2 * log_sigma).sum(1)


def of_slip(name, folder):
    """The report on a slip of the corpus, and the lines that are wrong."""
    text = corpus_files.text_of("elbos_rows")
    slip = next(s for s in corpus_files.slips("elbos_rows") if s.name == f"elbos_rows/{name}")
    source, lines = slip.source(text)
    module = corpus_files.load(source, folder)
    f, options = module.CASES[slip.case]
    return npvae.check_bound(f, module.MODEL, **options), lines


@pytest.mark.parametrize("name", LINES)
def test_the_line_that_is_wrong_is_named(name, tmp_path):
    start = time.perf_counter()
    report, lines = of_slip(name, tmp_path)
    assert report.repair and report.repair.line in lines, report.hint(3)
    assert time.perf_counter() - start < 10 * max(1, os.getloadavg()[0])


def test_a_hint_is_the_sentence_then_the_line_then_the_edit():
    report = npvae.check_bound(elbo, PCA)
    assert "the ½ is missing" in report.hint(1)
    assert "log_px = " in report.hint(2) and "should be" not in report.hint(2)
    assert "(2 * SIGMA ** 2)" in report.hint(3) or "0.5 * " in report.hint(3)
    assert report.hint(3) in str(report) and report["repair"]["line"] == report.repair.line
    with pytest.raises(ValueError, match="level is 4"):
        report.hint(4)


def test_a_right_elbo_needs_no_hint():
    report = npvae.check_bound(lambda q, x, eps: elbo(q, x, eps) + ((x - (q[:, :3] + np.exp(q[:, 3:]) * eps) @ W - b)
                                                                    ** 2).sum(1) * 2, PCA)
    assert report and report.hint(3) == "the ELBO is right"


def test_without_repair_nothing_is_looked_for():
    report = npvae.check_bound(elbo, PCA, repair=False)
    assert not report.repair and "not looked for" in report.hint(2) and "½" in report.hint(1)
    assert report["repair"] is None


def test_what_could_touch_files_is_not_edited():
    def logged(q, x, eps):
        if len(x) < 0:
            open("log.txt", "w")
        return 2 * elbo(q, x, eps)

    assert "names open" in npvae.check_bound(logged, PCA).hint(3)


def test_source_that_cannot_be_read_is_no_error():
    names = {"np": np, "W": W, "b": b}
    exec("def f(q, x, eps):\n    return -((x - q[:, :3] @ W - b) ** 2).sum(1)", names)
    assert "cannot be read" in npvae.check_bound(names["f"], PCA).hint(3)


def test_an_edit_that_holds_for_one_model_only_says_so():
    def f(q, x, eps):
        s, z = 0.5**2, q[:, :3] + np.exp(q[:, 3:]) * eps
        log_px = -((x - z @ W - b) ** 2).sum(1) / (2 * s**2) - 5 * np.log(s * np.sqrt(2 * np.pi))
        return log_px - 0.5 * (np.exp(2 * q[:, 3:]) + q[:, :3]**2 - 1 - 2 * q[:, 3:]).sum(1)

    report = npvae.check_bound(f, PCA)
    assert "σ_g is 0.25" in report.hint(1) and "s, z = " in report.hint(2)
    assert "with this model only" in report.hint(3)


def test_the_line_of_a_function_that_draws_is_named():
    noise = np.random.default_rng(0)

    def f(q, x):
        mu, sigma = q[:, :3], np.exp(q[:, 3:])
        kl = 0.5 * (sigma**2 + mu**2 - 1 - 2 * np.log(sigma)).sum(1)
        z = mu + sigma * noise.standard_normal(mu.shape)
        return -((x - z @ W - b) ** 2).sum(1) / (2 * SIGMA**2) - 5 * np.log(SIGMA * np.sqrt(2 * np.pi)) + kl

    report = npvae.check_bound(f, PCA, draws=300)
    assert "kl" in report.hint(2) and report.repair.after, report.hint(3)


def test_the_model_and_the_functions_names_stay_as_they_were():
    before = W.copy(), PCA.likelihood.sigma_g
    assert npvae.check_bound(elbo, PCA).repair
    assert np.array_equal(W, before[0]) and PCA.likelihood.sigma_g == before[1] and SIGMA == 0.5
