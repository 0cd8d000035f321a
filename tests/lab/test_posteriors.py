"""The gaps of diagonal and full q, of encoders and of some steps more: the figures add up, and the table has them."""

import json

import numpy as np
import pytest

from npvae.cli import main
from npvae.lab.posteriors import posteriors, posteriors_table
from npvae.tables import fixed


@pytest.fixture(scope="module")
def figures():
    return posteriors(sweeps=2, seeds=1, rows=5, progress=False)


def gap(figures, part, name, kind):
    found, = (run[kind] for run in figures["runs"] if run["part"] == part and run["posterior"] == name)
    return found


def test_the_gaps_add_up_and_are_none_below_zero(figures):
    assert len(figures["runs"]) == 2 * 8
    for run in figures["runs"]:
        assert run["log_p"] == pytest.approx(run["elbo"] + run["approximation"] + run["amortization"], abs=1e-9)
        assert min(run["approximation"], run["amortization"]) > -1e-3


@pytest.mark.parametrize("part", ["train", "test"])
def test_steps_and_a_full_covariance_come_nearer_at_the_same_theta(figures, part):
    for name in ("diagonal q_φ", "full q_φ"):
        assert gap(figures, part, f"{name}, 10 steps", "amortization") < gap(figures, part, name, "amortization")
        assert gap(figures, part, f"{name}, 10 steps", "log_p") == gap(figures, part, name, "log_p")
    for name in ("diagonal q_i", "diagonal q_φ"):
        best = gap(figures, part, f"best full q, θ of {name}", "approximation")
        assert best < gap(figures, part, name, "approximation")


def test_the_table_has_means_and_spreads(figures):
    twice = {**figures, "seeds": 2, "runs": figures["runs"] + [{**run, "seed": 1, "elbo": run["elbo"] + 2}
                                                                for run in figures["runs"]]}
    mean = gap(figures, "test", "full q_i", "elbo") + 1
    assert f"{fixed(mean, 3)} ± {np.sqrt(2):.3f}" in posteriors_table(twice).split("new rows")[1]
    assert "2 sweeps, 1 seed, the first 5 rows of each part" in posteriors_table(figures)


def test_the_command_prints_it_and_one_thing_at_a_time(monkeypatch, tmp_path, capsys, figures):
    monkeypatch.setattr("npvae.lab.posteriors.posteriors", lambda *budget, first_seed: figures)
    assert main(["bench", "--posteriors", "--json", str(tmp_path / "f.json")]) == 0
    assert posteriors_table(figures) in capsys.readouterr().out
    assert json.loads((tmp_path / "f.json").read_text())["runs"] == figures["runs"]
    for args in (["--scale"], ["--sizes", "toy"], ["--out", "x"]):
        assert main(["bench", "--posteriors", *args]) == 2
