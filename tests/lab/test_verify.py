"""`npvae verify`: green on correct code, red on each planted mistake that no gradient check sees."""

import json
import math

import numpy as np
import pytest

from npvae.cli import main
from npvae.inference import evaluation
from npvae.lab.claims.claim import Claim
from npvae.lab.verify import SECTIONS, verify
from npvae.models import Gaussian, GaussianLikelihood, MonteCarlo


@pytest.mark.parametrize("section", range(1, len(SECTIONS) + 1))
def test_every_claim_of_the_section_holds(section):
    found = list(verify(quick=False, sections=[section], progress=False))
    assert found and all(c.section == section for c in found)
    assert [c.claim for c in found if not c.passed] == []


def failures(section):
    return [c.claim for c in verify(quick=True, sections=[section], progress=False) if not c.passed]


def sample_with_the_variance(latent, q, noise):
    K = latent.dim
    mu, sigma2 = q[:, :K], np.exp(2 * q[:, K:])
    z = mu + sigma2 * noise.eps
    return z, noise.w, lambda dz, dw: np.concatenate([dz.sum(0), (dz * noise.eps).sum(0) * 2 * sigma2], axis=1)


def kl_without_a_half(latent, q):
    K = latent.dim
    mu, log_sigma = q[:, :K], q[:, K:]
    sigma2 = np.exp(2 * log_sigma)
    kl = (sigma2 + mu**2 - 1 - 2 * log_sigma).sum(1)
    return kl, lambda d: 2 * d[:, None] * np.concatenate([mu, sigma2 - 1], axis=1)


def kl_to_a_wider_prior(latent, q):
    K = latent.dim
    mu, log_sigma = q[:, :K], q[:, K:]
    sigma2 = np.exp(2 * log_sigma)
    kl = 0.5 * ((sigma2 + mu**2) / 4 - 1 - 2 * log_sigma + math.log(4)).sum(1)
    return kl, lambda d: d[:, None] * np.concatenate([mu / 4, sigma2 / 4 - 1], axis=1)


def log_prob_without_x(likelihood, x, g, right=GaussianLikelihood.log_prob):
    return right(likelihood, 0 * x, g)


def reuse_the_fitted_noise(model):
    frozen = MonteCarlo(1)(np.random.default_rng(0), 100, 1)
    return lambda rng, batch, dim: frozen._replace(eps=frozen.eps[:, :batch])


MISTAKES = {"sigma squared in the sampler": (Gaussian, "nodes", sample_with_the_variance),
            "KL without its half": (Gaussian, "kl", kl_without_a_half),
            "missing minus x": (GaussianLikelihood, "log_prob", log_prob_without_x),
            "wrong prior width": (Gaussian, "kl", kl_to_a_wider_prior),
            "noise reused for reporting": (evaluation, "reporting_noise", reuse_the_fitted_noise)}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_planted_mistake_turns_a_row_red(mistake, monkeypatch):
    assert failures(1) == []
    monkeypatch.setattr(*MISTAKES[mistake])
    assert failures(1) != []


def test_a_claim_that_is_not_a_number_fails():
    assert not Claim("x", "y", 0.0, math.nan, 1.0).passed
    assert not Claim("x", "y", 0.0, math.nan, 1.0, bound=True).passed
    assert not Claim("x", "y", 0.0, -math.inf, 1.0, bound=True).passed
    assert Claim("x", "y", 0.0, math.nan, 1.0).record()["measured"] is None


def test_a_bound_fails_only_from_above():
    assert Claim("x", "y", 1.0, -5.0, 0.0, bound=True).passed
    assert not Claim("x", "y", 1.0, 1.1, 0.0, bound=True).passed
    assert not Claim("x", "y", 1.0, 0.9, 1e-3).passed


def test_the_command_prints_a_table_and_writes_json(tmp_path, capsys):
    assert main(["verify", "--quick", "--section", "6", "--json", str(tmp_path / "claims.json")]) == 0
    assert "every claim holds" in capsys.readouterr().out
    records = json.loads((tmp_path / "claims.json").read_text())
    keys = {"claim", "section", "expected", "measured", "residual", "tolerance", "passed"}
    assert records and all(keys <= set(r) and r["section"] == 6 and r["passed"] is True for r in records)


def test_the_command_ends_with_status_1_if_a_claim_fails(monkeypatch, capsys):
    monkeypatch.setattr(Gaussian, "kl", kl_without_a_half)
    assert main(["verify", "--quick", "--section", "1"]) == 1
    assert "FAILED" in capsys.readouterr().out


def test_an_unknown_section_is_named(capsys):
    assert main(["verify", "--section", "14"]) == 2
    assert "14" in capsys.readouterr().err


def test_a_claim_that_raises_is_a_row_that_fails(monkeypatch, tmp_path, capsys):
    from npvae.lab.claims import kl_and_sigma_g as section

    def broken(quick):
        yield Claim("fine", "by hand", 0.0, 0.0, 0.0)
        raise ValueError("the ELBO is nan")

    monkeypatch.setattr(section, "claims", broken)
    out = tmp_path / "claims.json"
    assert main(["verify", "--section", "6", "--json", str(out)]) == 1
    assert [row["passed"] for row in json.loads(out.read_text())] == [True, False]
    assert "could not be measured" in capsys.readouterr().out
