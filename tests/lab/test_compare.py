"""The comparison of the three solvers: its figures, its table, its picture and its JSON."""

import copy
import json
import os
import signal

import matplotlib.pyplot as plt
import numpy as np
import pytest

import npvae
from npvae import datasets
from npvae.cli import main
from npvae.inference import SharedQ
from npvae.lab import plots
from npvae.lab.compare import SOLVERS, compare, initial_model
from npvae.lab.comparison_table import comparison_notes, comparison_table
from npvae.nn import Affine
from npvae.tables import table

KEYS = {"train_elbo", "test_elbo", "train_log_marginal", "test_log_marginal", "seconds", "sweeps",
        "variational_parameters", "seconds_per_new_x", "test_approximation_gap", "test_amortization_gap"}


@pytest.fixture(scope="module")
def digits_comparison():
    return compare(datasets.digits(), time_budget=None, sweeps=30)


def test_the_lecture_s_argument_shows_on_the_digits(digits_comparison):
    figures = digits_comparison.figures["solvers"]
    ceiling = digits_comparison.figures["shared_ceiling"]
    assert ceiling == pytest.approx(-7.1175, abs=1e-3)
    assert ceiling - 1.0 < figures["shared_q"]["train_elbo"] <= ceiling
    assert figures["variational_em"]["train_elbo"] > ceiling + 5
    assert figures["amortized_vi"]["train_elbo"] > ceiling + 5
    assert figures["variational_em"]["seconds_per_new_x"] > 5 * figures["amortized_vi"]["seconds_per_new_x"]


def test_every_reported_elbo_is_below_log_p(digits_comparison):
    for figures in digits_comparison.figures["solvers"].values():
        assert figures["train_elbo"] <= figures["train_log_marginal"]
        assert figures["test_elbo"] <= figures["test_log_marginal"]


def test_log_p_is_the_elbo_and_the_two_gaps(digits_comparison):
    for figures in digits_comparison.figures["solvers"].values():
        parts = figures["test_elbo"] + figures["test_approximation_gap"] + figures["test_amortization_gap"]
        assert parts == pytest.approx(figures["test_log_marginal"], abs=1e-9)
        assert figures["test_approximation_gap"] > -1e-3 and figures["test_amortization_gap"] >= 0


def test_variational_parameters_are_counted(digits_comparison):
    figures = digits_comparison.figures["solvers"]
    assert figures["variational_em"]["variational_parameters"] == 1500 * 4
    assert figures["shared_q"]["variational_parameters"] == 4
    assert figures["amortized_vi"]["variational_parameters"] == 64 * 64 + 64 + 64 * 4 + 4


def test_the_picture_has_the_race_the_reconstructions_and_three_planes(digits_comparison, tmp_path):
    figure = plots.comparison_figure(digits_comparison)
    top, bottom = figure.subfigs
    left, middle, right = top.subfigs
    assert [len(part.get_axes()) for part in (left, middle, right, bottom)] == [1, 1, 4, 3]
    race = left.get_axes()[0]
    assert "nats" in race.get_ylabel() and "seconds" in race.get_xlabel()
    assert plots.save(figure, tmp_path / "c.png").stat().st_size > 20_000
    assert [p.name for p in tmp_path.iterdir()] == ["c.png"]


def test_the_table_holds_every_figure_and_the_notes_are_computed(digits_comparison):
    text = comparison_table(digits_comparison.figures)
    for figures in digits_comparison.figures["solvers"].values():
        assert f"{figures['train_elbo']:.3f}" in text and str(figures["variational_parameters"]) in text
    swapped = json.loads(json.dumps(digits_comparison.figures))
    solvers = swapped["solvers"]
    solvers["variational_em"], solvers["amortized_vi"] = solvers["amortized_vi"], solvers["variational_em"]
    assert comparison_notes(swapped) != comparison_notes(digits_comparison.figures)


def test_tables_align():
    lines = table(["a", "bb"], [["xyz", "1"], ["x", "234"]]).splitlines()
    assert lines == ["a     bb", "--------", "xyz    1", "x    234"]


@pytest.mark.parametrize("latent, K, known", [("categorical", 3, True), ("gaussian", 1, True), ("gaussian", 3, False)])
def test_other_latents_run_and_log_p_is_null_where_it_cannot_be_computed(latent, K, known):
    found = compare(datasets.pinwheel(60), latent, K, hidden=(6,), time_budget=None, sweeps=3)
    for figures in found.figures["solvers"].values():
        assert set(figures) == KEYS
        assert (figures["test_log_marginal"] is not None) == known
    figure = plots.comparison_figure(found)
    assert len(figure.subfigs[1].get_axes()) == 3
    plt.close(figure)


def test_of_many_rows_the_first_are_measured_and_the_notes_say_so(monkeypatch):
    monkeypatch.setattr("npvae.lab.compare.FEWEST", 3)
    monkeypatch.setattr("npvae.lab.compare.MEASURED", 2 * 40)
    data = datasets.ring(160)
    found = compare(data, hidden=(6,), time_budget=None, sweeps=3)
    assert found.figures["rows"] == {"train": len(data.train), "test": len(data.test)}
    assert found.figures["rows_measured"] == {"train": 40, "test": 32}
    assert "first 40 of 160 training rows and 32 of 32 test rows" in comparison_notes(found.figures)[0]
    for name, solver in found.solvers.items():
        # variational EM goes on from the rows that it has for them, as if it had been asked for all
        elbo = npvae.evaluate(solver.model, solver.infer(data.train)[:40], data.train[:40]).mean()
        assert found.figures["solvers"][name]["train_elbo"] == pytest.approx(elbo, abs=1e-9)
    assert found.figures["solvers"]["shared_q"]["train_elbo"] <= found.figures["shared_ceiling"]
    plt.close(plots.comparison_figure(found))


def test_without_log_p_the_bars_are_elbos_and_say_so():
    found = compare(datasets.pinwheel(60), latent_dim=3, hidden=(6,), time_budget=None, sweeps=2)
    figure = plots.comparison_figure(found)
    bars = figure.subfigs[0].subfigs[1].get_axes()[0]
    assert bars.get_title() == "ELBO of unseen rows" and bars.get_legend() is None
    plt.close(figure)


def test_a_comparison_by_sweeps_repeats_bit_by_bit():
    runs = [compare(datasets.ring(60), hidden=(6,), time_budget=None, sweeps=3, seed=4) for _ in range(2)]
    for name in SOLVERS:
        first, second = (run.solvers[name].parameters.value for run in runs)
        assert first.tobytes() == second.tobytes()


def test_all_solvers_start_from_the_same_theta():
    model = initial_model(np.zeros((5, 4)), hidden=(3,))
    before = {n: a.copy() for n, a in model.arrays().items()}
    for solver in SOLVERS.values():
        solver(model, sweeps=2).fit(np.random.default_rng(0).normal(size=(30, 4)))
    for name, a in model.arrays().items():
        assert np.array_equal(a, before[name])


def test_no_two_components_of_a_mixture_start_at_one_row():
    rows = np.arange(12.0).reshape(6, 2)
    model = initial_model(rows, "categorical", latent_dim=6)
    means = model.decode(np.eye(6))
    np.testing.assert_allclose(means[means[:, 0].argsort()], rows, atol=1e-12)


def test_theta_is_not_drawn_from_the_stream_of_the_solvers_batches_and_noise():
    model = initial_model(np.zeros((5, 4)), latent_dim=4, hidden=(4,), seed=5)
    assert np.abs(model.decoder.layers[0].W - Affine.random(4, 4, np.random.default_rng(5)).W).max() > 0.1


def test_the_command_writes_table_figure_and_json(tmp_path, capsys):
    out, extra = tmp_path / "new" / "folder", tmp_path / "extra.json"
    status = main(["compare", "--data", "ring", "--hidden", "6", "--sweeps", "2", "--out", str(out),
                   "--json", str(extra)])
    assert status == 0
    printed = capsys.readouterr()
    assert "variational EM" in printed.out and "Traceback" not in printed.err
    assert sorted(p.name for p in out.iterdir()) == ["comparison.json", "comparison.png"]
    figures = json.loads((out / "comparison.json").read_text())
    assert figures == json.loads(extra.read_text())
    assert {"data", "latent_dim", "seed", "shared_ceiling", "solvers"} <= set(figures)
    assert set(figures["solvers"]) == set(SOLVERS)
    assert all(set(f) == KEYS for f in figures["solvers"].values())


def test_data_without_variance_are_refused_before_the_work():
    with pytest.raises(ValueError, match="constant have no variance: a shared q has no ceiling"):
        compare(datasets.Dataset("constant", np.ones((5, 3)), np.ones((2, 3))), sweeps=1)


def test_ctrl_c_ends_the_comparison_and_not_one_of_its_fits(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(SharedQ, "_argmax", lambda self, x: os.kill(os.getpid(), signal.SIGINT))
    handler = signal.getsignal(signal.SIGINT)
    assert main(["compare", "--data", "ring", "--sweeps", "2", "--out", str(tmp_path)]) == 130
    assert capsys.readouterr().err == "npvae compare: interrupted\n"
    assert not list(tmp_path.iterdir()) and signal.getsignal(signal.SIGINT) is handler


def test_a_log_p_that_only_one_solver_has_leaves_the_note_out(digits_comparison):
    figures = copy.deepcopy(digits_comparison.figures)
    for name in figures["solvers"]["variational_em"]:
        if "gap" in name or "marginal" in name:
            figures["solvers"]["variational_em"][name] = None
    assert "approximation gap" not in " ".join(comparison_notes(figures))


def test_an_option_that_would_do_nothing_is_refused(tmp_path, capsys):
    assert main(["compare", "--latent", "categorical", "--hidden", "8", "--out", str(tmp_path / "new")]) == 2
    assert "--hidden 8: the decoder of a categorical latent is affine" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()
