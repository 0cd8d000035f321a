"""The benchmarks: what they measure adds up, and what they say follows from what they measured."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from npvae.cli import main
from npvae.inference import AmortizedVI, VariationalEM
from npvae.lab import bench, bench_peers, scale
from npvae.lab.plots import scale_figure
from npvae.models import mlp_model

KEYS = {"step_seconds", "floor_ratio", "torch_ratio", "torch_fused_ratio", "jax_ratio", "breakdown"}


@pytest.fixture(scope="module")
def toy():
    return bench.bench(["toy"], quick=True)["toy"]


def test_a_step_takes_longer_than_its_matrix_products(toy):
    assert set(toy) >= KEYS and toy["step_seconds"] > 0 and toy["floor_ratio"] > 1


def test_the_breakdown_is_the_whole_step(toy):
    assert set(toy["breakdown"]) == {"products", "activations", "optimizer", "noise", "other"}
    assert sum(toy["breakdown"].values()) == pytest.approx(1, abs=1e-12)


def test_the_stopwatches_count_parts_of_the_step():
    watched, spent = bench.watched_step(5, 4, 2, 3)
    for _ in range(5):
        watched()
    parts = [spent[name] for name in ("optimizer", "noise", "activations")]
    assert min(parts) > 0 and sum(parts) < spent["step"]


def test_the_seed_draws_data_and_weights():
    solvers = [bench.prepared_solver(5, 4, 2, 3, seed=seed) for seed in (1, 1, 2)]
    (a, batch_a), (b, batch_b), (c, batch_c) = solvers
    np.testing.assert_array_equal(a.parameters.value, b.parameters.value)
    np.testing.assert_array_equal(batch_a(), batch_b())
    assert (a.parameters.value != c.parameters.value).any() and (batch_a() != batch_c()).any()


def test_a_step_moves_every_number_of_theta_and_phi():
    solver, batch = bench.prepared_solver(5, 4, 2, 3)
    before = solver.parameters.value.copy()
    bench.one_step(solver, batch())
    assert (solver.parameters.value != before).all()


def test_a_peer_that_is_not_installed_is_null(monkeypatch):
    monkeypatch.setattr(bench.bench_peers, "steps", lambda *sizes: {})
    figures = bench.bench(["toy"], quick=True)
    assert figures["toy"]["torch_ratio"] is None and figures["toy"]["jax_ratio"] is None
    assert "–" in bench.bench_table(figures)


def test_the_floor_multiplies_eleven_times(monkeypatch):
    run, calls = bench.products(5, 4, 2, 3), []
    monkeypatch.setattr(np, "matmul", lambda a, b, out: calls.append((a.shape, b.shape)))
    run()
    assert len(calls) == 11


def test_contestants_take_turns():
    order = []
    bench.interleaved({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, rounds=2, steps=1)
    assert order == 2 * (3 * ["a"] + 3 * ["b"])         # two calls of three warm up


def test_the_command_writes_json(tmp_path, capsys):
    assert main(["bench", "--quick", "--sizes", "toy", "--json", str(tmp_path / "b.json")]) == 0
    assert "floor" in capsys.readouterr().out
    assert set(json.loads((tmp_path / "b.json").read_text())) == {"npvae", "toy"}


def test_an_unknown_size_is_named(capsys):
    assert main(["bench", "--sizes", "huge"]) == 2
    assert "huge" in capsys.readouterr().err


def test_a_peer_that_is_broken_is_not_there(tmp_path, monkeypatch):
    (tmp_path / "broken_peer.py").write_text("raise ImportError('half installed')")
    monkeypatch.syspath_prepend(tmp_path)
    assert bench_peers.works("json") and not bench_peers.works("broken_peer") and not bench_peers.works("no_such_peer")


def test_an_option_that_would_do_nothing_is_refused(capsys):
    assert main(["bench", "--scale", "--sizes", "toy"]) == 2
    assert "--sizes toy: of the steps that --scale does not time" in capsys.readouterr().err


def test_a_process_that_was_killed_is_named(monkeypatch):
    killed = SimpleNamespace(returncode=-9, stdout="", stderr="")
    monkeypatch.setattr("npvae.lab.scale.subprocess.run", lambda *_, **__: killed)
    with pytest.raises(ValueError, match="one_run.* failed: its process ended with status -9"):
        scale.in_a_process("one_run", "amortized_vi", "x.npy")


def runs(power):
    return [{"solver": "amortized_vi", "m": m, "seconds_per_sweep": 1e-5 * m**power, "variational_parameters": 7,
             "anonymous_bytes": 1, "peak_bytes": 1, "seconds_per_new_x": 1e-3} for m in (100, 1000, 10_000)]


@pytest.mark.parametrize("power", [0.5, 1.0, 1.3])
def test_slopes_are_those_of_the_power_law(power):
    slopes = scale.slopes(runs(power))["amortized_vi"]
    assert slopes["seconds_per_sweep"] == pytest.approx(power, abs=1e-9)
    assert slopes["variational_parameters"] == pytest.approx(0, abs=1e-9)


def test_the_file_is_written_in_blocks_and_is_linear_gaussian(tmp_path, monkeypatch):
    monkeypatch.setattr(scale, "BLOCK", 100)
    X = scale.linear_gaussian_file(tmp_path / "x.npy", 2000, D=6, K=2)
    eigenvalues = np.linalg.eigvalsh(np.cov(X.T))
    assert X.shape == (2000, 6) and isinstance(X, np.memmap)
    np.testing.assert_allclose(eigenvalues[:4], 0.25, rtol=0.2)


def test_one_run_counts_parameters_and_time(tmp_path):
    scale.linear_gaussian_file(tmp_path / "x.npy", 600)
    file = str(tmp_path / "x.npy")
    em, amortized = (scale.in_a_process("one_run", s, file) for s in ("variational_em", "amortized_vi"))
    assert em["variational_parameters"] == 600 * 4 and amortized["variational_parameters"] == 64 * 32 + 32 + 32 * 4 + 4
    assert all(run["m"] == 600 and 0 < run["seconds_per_sweep"] and run["peak_bytes"] > 0 for run in (em, amortized))


def test_a_failing_run_is_reported_in_one_line(tmp_path):
    with pytest.raises(ValueError, match="missing.npy"):
        scale.in_a_process("one_run", "amortized_vi", str(tmp_path / "missing.npy"))


def test_the_e_step_in_blocks_is_faster_than_a_loop():
    assert scale.e_step_speedup(m=1024, rounds=1) > 5


def test_the_scale_figure_draws_every_solver_in_every_panel():
    em = [{**run, "solver": "variational_em"} for run in runs(1.0)]
    figure = scale_figure({"runs": runs(1.0) + em})
    assert all(len(axes.lines) == 2 and axes.get_ylabel() for axes in figure.axes)


def test_a_table_on_disk_holds_the_same_rows(tmp_path):
    X = np.random.default_rng(0).normal(size=(90, 3))
    settings = {"sweeps": 3, "batch_size": 20}
    kept = VariationalEM(mlp_model(1, [5], 3), **settings).fit(X)
    stored = VariationalEM(mlp_model(1, [5], 3), table_file=str(tmp_path / "q.npy"), **settings).fit(X)
    assert isinstance(stored.posterior.table, np.memmap)
    assert stored.posterior.table.tobytes() == kept.posterior.table.tobytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["q.npy", "q.npy.m", "q.npy.v"]


def test_training_from_a_memory_map_lets_go_of_its_pages(tmp_path, monkeypatch):
    from npvae.inference import training

    X = scale.image_file(tmp_path / "x.npy", 1000, D=16)
    released = []
    monkeypatch.setattr(training, "release", lambda data: released.append(data is X))
    AmortizedVI(mlp_model(1, [4], 16), sweeps=2, batch_size=5).fit(X)
    assert released == [True] * (2 * 1000 // (5 * training.SHUFFLED_BATCHES))
