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
from npvae.inference.training import Training
from npvae.lab import plots
from npvae.lab.compare import SOLVERS, compare, initial_model
from npvae.lab.comparison_notes import comparison_notes, who_leads
from npvae.lab.comparison_seeds import at_equal_budgets, levelling
from npvae.lab.comparison_table import comparison_table
from npvae.nn import Adam, Affine
from npvae.tables import fixed, table

KEYS = {"train_elbo", "test_elbo", "test_log_marginal", "seconds", "sweeps", "variational_parameters",
        "seconds_per_new_x", "test_approximation_gap", "test_amortization_gap", "last_tenth", "level",
        "elbo_at_equal_sweeps", "elbo_at_equal_seconds"}


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
    assert [len(part.get_axes()) for part in (left, middle, right, bottom)] == [2, 1, 4, 3]
    race, by_sweeps = left.get_axes()
    assert "nats" in race.get_ylabel() and "seconds" in race.get_xlabel() and "sweeps" in by_sweeps.get_xlabel()
    assert plots.save(figure, tmp_path / "c.png").stat().st_size > 20_000
    assert [p.name for p in tmp_path.iterdir()] == ["c.png"]


def test_the_table_holds_every_figure_and_the_notes_are_computed(digits_comparison):
    text = comparison_table(digits_comparison.figures)
    for figures in digits_comparison.figures["solvers"].values():
        assert fixed(figures['train_elbo'], 3) in text and str(figures["variational_parameters"]) in text
    swapped, names = json.loads(json.dumps(digits_comparison.figures)), ["variational_em", "amortized_vi"]
    for run in swapped["runs"]:
        run["solver"] = dict(zip(names, names[::-1], strict=True)).get(run["solver"], run["solver"])
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
    assert "first 40 of 160 training rows and 32 of 32 new ones" in comparison_notes(found.figures)[1]
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
    status = main(["compare", "--data", "ring", "--hidden", "6", "--sweeps", "2", "--seeds", "1", "--out", str(out),
                   "--json", str(extra)])
    assert status == 0
    printed = capsys.readouterr()
    assert "variational EM" in printed.out and "Traceback" not in printed.err
    assert sorted(p.name for p in out.iterdir()) == ["comparison.json", "comparison.png"]
    figures = json.loads((out / "comparison.json").read_text())
    assert figures == json.loads(extra.read_text())
    assert set(figures["solvers"]) == set(figures["spread"]) == set(SOLVERS)
    assert all(set(f) == KEYS for f in figures["solvers"].values())


def test_the_json_says_under_which_conditions_and_holds_every_run(tmp_path, capsys):
    assert main(["compare", "--data", "ring", "--hidden", "6", "5", "--sweeps", "4", "--seeds", "2", "--seed", "7",
                 "--learning-rate", "0.01", "--batch-size", "40", "--out", str(tmp_path)]) == 0
    figures = json.loads((tmp_path / "comparison.json").read_text())
    said = {"version": npvae.__version__, "data": "ring", "latent": "gaussian", "latent_dim": 2, "hidden": [6, 5],
            "seeds": [7, 8], "budget": {"seconds": None, "sweeps": 4}, "learning_rate": 0.01, "batch_size": 40,
            "draws": 1, "q_learning_rate": {"variational_em": 0.1, "shared_q": 0.01, "amortized_vi": 0.01}}
    assert {key: figures[key] for key in said} == said
    runs = [(run["seed"], run["solver"]) for run in figures["runs"]]
    assert runs == [(seed, name) for seed in (7, 8) for name in SOLVERS]
    for run in figures["runs"]:
        assert run["history"]["sweep"] == [1, 2, 3, 4] and set(run["history"]) == {"sweep", "elbo", "seconds"}
        assert set(run) == KEYS | {"solver", "seed", "history"}
    elbos = [run["test_elbo"] for run in figures["runs"] if run["solver"] == "amortized_vi"]
    assert figures["solvers"]["amortized_vi"]["test_elbo"] == pytest.approx(np.mean(elbos), rel=1e-12)
    assert figures["spread"]["amortized_vi"]["test_elbo"] == pytest.approx(np.std(elbos, ddof=1), rel=1e-12)
    printed = capsys.readouterr().out
    assert "λ = 0.01, batches of 40" in printed and "seeds 7 to 8" in printed and "budget of 4 sweeps" in printed
    assert all(len(line) <= 100 for line in printed.splitlines() if not line.startswith("Written"))


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
    for name in figures["runs"][0]:
        if "gap" in name or "marginal" in name:
            figures["runs"][0][name] = None
    assert figures["runs"][0]["solver"] == "variational_em"
    assert "approximation gap" not in " ".join(comparison_notes(figures))


def test_an_option_that_would_do_nothing_is_refused(tmp_path, capsys):
    assert main(["compare", "--latent", "categorical", "--hidden", "8", "--out", str(tmp_path / "new")]) == 2
    assert "--hidden 8: the decoder of a categorical latent is affine" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("latent, m, batch_size", [
    ("gaussian", 300, 100), ("gaussian", 150, 75), ("categorical", 150, 75)])
def test_all_three_have_one_learning_rate_one_batch_size_the_same_draws_and_the_same_batches(
        latent, m, batch_size, monkeypatch):
    seen, fits, batches, step = {}, [], Training.batches, Adam.step

    def noted(self):
        for index in batches(self):
            seen.setdefault(self.budget.name, []).append(index.tolist())
            yield index

    def stepped(self):
        fits.append((len(self.value), self.learning_rate))
        step(self)

    monkeypatch.setattr(Training, "batches", noted)
    monkeypatch.setattr(Adam, "step", stepped)
    data = datasets.Dataset("rows", np.random.default_rng(0).normal(size=(m, 3)), np.zeros((4, 3)))
    found = compare(data, latent, 3, hidden=(5,), time_budget=None, sweeps=3, learning_rate=0.02)
    em, shared, amortized = seen.values()
    assert em == shared == amortized and {len(b) for b in em} == {batch_size}
    assert found.figures["batch_size"] == batch_size
    # θ by Adam with one λ in each, also a shared row and an encoder: nobody takes line searches or full sweeps
    assert {rate for _, rate in fits} == {0.02}
    assert len(fits) == len(em) * (1 + 2 + 1)
    assert {solver.parameters.value.dtype for solver in found.solvers.values()} == {np.dtype(np.float32)}
    assert [solver.noise for solver in found.solvers.values()] == [npvae.MonteCarlo(1)] * 3


def test_a_batch_of_more_than_half_of_the_rows_is_refused():
    with pytest.raises(ValueError, match="batch_size is 31 for 60 rows: .* expected 30 or less"):
        compare(datasets.ring(60), batch_size=31, sweeps=1, time_budget=None)


def test_the_rows_that_are_measured_are_counted():
    rows = np.random.default_rng(0).normal(size=(417, 128))
    found = compare(datasets.Dataset("wide", rows, rows[:9]), hidden=(4,), time_budget=None, sweeps=1)
    assert found.figures["rows_measured"] == found.figures["rows"] == {"train": 417, "test": 9}


def told(elbos, level=True, ceiling=-7.0, seeds=2):
    """The figures of a comparison with these training ELBOs: of each solver one for each seed."""
    runs = [{"solver": name, "seed": seed, "train_elbo": elbos[name][seed], "test_elbo": elbos[name][seed],
             "elbo_at_equal_sweeps": elbos[name][seed], "level": level, "last_tenth": 0.0 if level else 40.0,
             "test_log_marginal": None, "test_approximation_gap": None, "test_amortization_gap": None,
             "seconds_per_new_x": 1.0} for seed in range(seeds) for name in SOLVERS]
    return {"seeds": list(range(seeds)), "runs": runs, "shared_ceiling": ceiling, "rows": 0, "rows_measured": 0,
            "learning_rate": 1, "batch_size": 1, "draws": 1, "q_learning_rate": {"variational_em": 1},
            "budget": {"seconds": 1, "sweeps": None}, "equal": {"sweeps": 1, "seconds": 1}}


def test_what_has_not_converged_is_no_finding():
    # wide data and few sweeps: all three are far below what x̄ and one variance give
    notes = " ".join(comparison_notes(told({"variational_em": (-900, -950), "shared_q": (-1700, -1600),
                                            "amortized_vi": (-2200, -2100)}, level=False, ceiling=-20.0)))
    assert "there is nothing to compare. Give more --time-budget" in notes and "ahead" not in notes
    assert "Not levelled off at this budget" in notes and "ignore z" not in notes
    assert "shared q is 1580.000 to 1680.000 nats below its closed-form ceiling" in notes
    assert "and has not levelled off" in notes


def test_a_z_that_has_come_to_nothing_is_said_and_compared():
    notes = " ".join(comparison_notes(told({"variational_em": (3, 3), "shared_q": (-7, -7), "amortized_vi": (2, -7)})))
    assert "amortized VI (at -7.000) has not risen above -7.000 nats at some seed" in notes
    assert "levelled off: z has come to nothing there" in notes and "Give more" not in notes
    assert "variational EM is 1.00 to 10.00 nats ahead at every seed" in notes


def test_only_what_holds_at_every_seed_is_claimed():
    elbos = {"variational_em": (3.0, 5.0), "shared_q": (-7.05, -7.02), "amortized_vi": (4.0, 4.0)}
    notes = " ".join(comparison_notes(told(elbos)))
    assert "On the training data, at this budget, neither is ahead at every seed (variational EM by -1.00" in notes
    assert "All curves have levelled off at this budget" in notes
    assert "Shared q is within 0.050 nats of its closed-form ceiling" in notes and "at every seed: with one q" in notes
    ahead = " ".join(comparison_notes(told(elbos | {"amortized_vi": (1.0, 2.5)})))
    assert "variational EM is 2.00 to 2.50 nats ahead at every seed" in ahead
    assert "at seed 0, the only one" in " ".join(comparison_notes(told(elbos, seeds=1)))


def test_a_shared_q_that_levels_off_below_its_ceiling_is_not_excused():
    elbos = {"variational_em": (1, 1), "shared_q": (-7.3, -7.05), "amortized_vi": (1, 1)}
    notes = " ".join(comparison_notes(told(elbos)))
    assert "shared q is 0.050 to 0.300 nats below" in notes and "where it has levelled off" in notes


@pytest.mark.parametrize("leads, says", [
    ([0.02, 3.0], "variational EM is 0.02 to 3.00 nats ahead at every seed"),
    ([-3.0, -3.0], "amortized VI is 3.00 nats ahead at every seed"),
    ([-0.005, 0.005], "the two are within 0.01 nats of each other at every seed"),
    ([0.005, 3.0], "neither is ahead at every seed")])
def test_a_lead_counts_from_a_hundredth_of_a_nat(leads, says):
    assert says in who_leads(leads, {"seeds": [0, 1], "runs": []})


@pytest.mark.parametrize("level, last_tenth, settled", [(False, 1.1, False), (False, 0.9, True), (True, 1.1, True)])
def test_a_lead_that_is_small_beside_the_rise_of_the_curves_is_not_settled(level, last_tenth, settled):
    figures = told({"variational_em": (6.0, 6.0), "shared_q": (-7, -7), "amortized_vi": (3.0, 2.0)}, level)
    for run in figures["runs"]:
        # the shared q has no part in this order
        run["last_tenth"] = 99 if run["solver"] == "shared_q" else last_tenth
    notes = " ".join(comparison_notes(figures))
    assert "variational EM is 3.00 to 4.00 nats ahead at every seed" in notes
    assert ("the order is not settled" not in notes) == settled


@pytest.mark.parametrize("elbo, level", [
    (np.r_[-50.0, np.full(59, 3.0)], True),                         # flat
    (np.r_[-50.0, np.linspace(-1, 3, 59)], False),                  # 0.4 nats a tenth
    (np.r_[-500.0, np.linspace(2, 2.5, 59)], False),                # little of the rise, but 0.05 nats a tenth
    (np.r_[-500.0, np.linspace(2, 2.2, 59)], True),
    (np.r_[-2.2, np.linspace(-2.1, -2.0, 59)], False),              # 0.01 nats of a rise of 0.2
    (np.full(19, 3.0), False), ([1.0], False)])                     # too few to tell
def test_a_curve_is_level_if_its_last_tenth_brings_little(elbo, level):
    assert levelling(elbo)[1] is level


def test_what_the_last_tenth_brought_is_in_nats():
    brought, _ = levelling(np.linspace(0, 99, 100))
    assert brought == pytest.approx(10)


def test_curves_are_read_where_all_have_been():
    runs = [{"history": {"sweep": [1, 2, 3], "seconds": [1.0, 2.0, 3.0], "elbo": [0.0, 1.0, 2.0]}},
            {"history": {"sweep": [1, 1.5], "seconds": [2.0, 4.0], "elbo": [10.0, 20.0]}}]
    assert at_equal_budgets(runs) == {"sweeps": 1.5, "seconds": 3.0}
    assert [run["elbo_at_equal_sweeps"] for run in runs] == [0.5, 20]
    assert [run["elbo_at_equal_seconds"] for run in runs] == [2, 15]


def test_the_figure_has_a_band_over_the_seeds_and_a_dot_for_each():
    found = compare(datasets.ring(60), hidden=(6,), time_budget=None, sweeps=5, seeds=2)
    figure = plots.comparison_figure(found)
    left, middle, _ = figure.subfigs[0].subfigs
    for axes in left.get_axes():
        assert len(axes.collections) == 3
    band = left.get_axes()[1].collections[2].get_paths()[0].vertices
    ends = [run["history"]["elbo"][-1] for run in found.figures["runs"] if run["solver"] == "amortized_vi"]
    assert {min(ends), max(ends)} <= set(band[band[:, 0] == 5][:, 1])
    dots = [line for line in middle.get_axes()[0].lines if line.get_marker() == "o"]
    assert [len(line.get_ydata()) for line in dots] == [2, 2, 2]
    plt.close(figure)


@pytest.mark.parametrize("center, unit", [(0.0, 1.0), (176.0, 1.0), (-5e4, 1e3)])
def test_a_mixture_anywhere_ends_above_the_shared_ceiling_with_a_row_for_each_x(center, unit):
    heights = np.concatenate([np.random.default_rng(0).normal(m, 6, 300) for m in (-14, 14)])[:, None]
    heights = center + unit * np.random.default_rng(1).permutation(heights)
    found = compare(datasets.Dataset("heights", heights[:500], heights[500:]), "categorical", 2, time_budget=None,
                    sweeps=100, seeds=3)
    for run in found.figures["runs"]:
        if run["solver"] == "variational_em":
            assert run["train_elbo"] > found.figures["shared_ceiling"] + 0.2
        if run["solver"] == "shared_q":
            assert run["train_elbo"] == pytest.approx(found.figures["shared_ceiling"], abs=0.1)


def test_all_three_start_from_the_theta_that_they_were_given():
    train = 1000 + np.random.default_rng(0).normal(size=(40, 3))
    for latent in ("gaussian", "categorical"):
        model = initial_model(train, latent, 2, hidden=(4,))
        for solver in SOLVERS.values():
            fitted = solver(model, sweeps=1, learning_rate=1e-12, batch_size=20).fit(train)
            for name, a in model.arrays().items():
                np.testing.assert_allclose(fitted.model.arrays()[name], a, rtol=1e-6, atol=1e-6)
