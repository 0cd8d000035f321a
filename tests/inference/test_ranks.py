"""Several ranks learn what one process learns on all rows: gradients, bits, starts, ends, bytes; ranks are threads."""

import subprocess
import sys
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from several_ranks import Aborted, on_ranks, results, shards

from npvae.autoencoders import VAE, Autoencoder
from npvae.inference import AmortizedVI, DivergenceError, SharedQ, VariationalEM
from npvae.inference.ranks import SIZES as SIZES_OF_MPI
from npvae.inference.ranks import Ranks, shard, world
from npvae.inference.training_on_ranks import SAID
from npvae.models import (
    Categorical,
    GaussHermite,
    GaussianLikelihood,
    LatentVariableModel,
    MonteCarlo,
    mixture_of_gaussians,
    mlp_model,
    probabilistic_pca,
)
from npvae.models.noise import Noise
from npvae.nn import SGD

SIZES = {1: [40], 2: [13, 27], 3: [5, 20, 15], 4: [3, 10, 7, 20]}
X = 3 + 2 * np.random.default_rng(0).normal(size=(40, 5))
MODEL = mlp_model(2, [4], 5)
SOLVERS = {"variational_em": VariationalEM, "shared_q": SharedQ, "amortized_vi": AmortizedVI}


class Dealt:
    """Noise that is dealt: the draws of these rows, whatever generator asks, so that any cut of the data gets its own.

    Rows are told apart by how many were asked for before, which holds for batches in order.
    """

    random = True

    def __init__(self, first, m):
        self.first, self.m = first, m

    def __call__(self, rng, batch, dim, dtype):
        eps = np.random.default_rng(9).standard_normal((1, self.m, dim)).astype(dtype)
        return Noise(eps[:, self.first:self.first + batch], np.ones((1, 1), dtype))


def fit(name, comm, rows, **settings):
    return SOLVERS[name](MODEL, **{"comm": comm, "progress": False, "dtype": np.float64, **settings}).fit(rows)


def on(sizes, work, data=X):
    parts = shards(data, sizes)
    return results(len(sizes), lambda comm: work(comm, parts[comm.rank]))


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("name", SOLVERS)
def test_gradients_are_those_of_all_rows_with_the_same_noise(name, n):
    # one step of plain ascent on all 40 rows, with λ = 1, moves θ, φ and a shared row by their gradients
    starts = np.cumsum([0, *SIZES[n]])
    settings = {"sweeps": 1, "batch_size": 40, "optimizer": SGD, "learning_rate": 1.0, "q_steps": 1}
    if name == "amortized_vi":
        settings.pop("q_steps")
    one = fit(name, None, X, noise=Dealt(0, 40), **settings)
    start = fit(name, None, X, noise=Dealt(0, 40), **settings | {"learning_rate": 1e-300})
    gradient = one.parameters.value - start.parameters.value
    assert np.abs(gradient).max() > 1e-2
    for other in on(SIZES[n], lambda comm, rows: fit(name, comm, rows, noise=Dealt(starts[comm.rank], 40), **settings)):
        np.testing.assert_allclose(other.parameters.value - start.parameters.value, gradient, rtol=0, atol=1e-12)
        np.testing.assert_allclose(other.parameters.grad, one.parameters.grad, rtol=0, atol=1e-12)
        if name == "shared_q":
            np.testing.assert_allclose(other.posterior.drow, one.posterior.drow, rtol=0, atol=1e-12)
            np.testing.assert_allclose(other.posterior.row, one.posterior.row, rtol=0, atol=1e-12)
        np.testing.assert_allclose(other.history[-1]["elbo"], one.history[-1]["elbo"], rtol=1e-12)


MIXTURE = LatentVariableModel(Categorical(3, learn_weights=True), mlp_model(3, [], 5).decoder, GaussianLikelihood())


@pytest.mark.parametrize(("solver", "model", "settings"), [
    (VariationalEM, MODEL, {}), (SharedQ, MODEL, {}), (VariationalEM, MODEL, {"optimizer": SGD}),
    (VariationalEM, MIXTURE, {}), (VariationalEM, MIXTURE, {"exact_m_step": True}),
    (SharedQ, MIXTURE, {"exact_m_step": True}), (VariationalEM, probabilistic_pca(2, 5), {"exact_m_step": True})])
def test_full_sweeps_are_those_of_all_rows(solver, model, settings):
    def fitted(comm, rows):
        return solver(model, sweeps=4, batch_size=40, **settings, comm=comm, progress=False).fit(rows)

    one = fitted(None, X)
    for sizes in (SIZES[2], SIZES[3]):
        for other in on(sizes, fitted):
            np.testing.assert_allclose(other.parameters.value, one.parameters.value, rtol=0, atol=1e-9)
            np.testing.assert_allclose(other.history["elbo"], one.history["elbo"], rtol=1e-9)


@pytest.mark.parametrize("name", SOLVERS)
def test_all_ranks_hold_the_same_bits_after_200_steps(name):
    found = on(SIZES[3], lambda comm, rows: fit(name, comm, rows, sweeps=50, batch_size=10, dtype=np.float32))
    assert len({solver.parameters.value.tobytes() for solver in found}) == 1
    assert all(np.isfinite(solver.parameters.value).all() and len(solver.history) == 50 for solver in found)
    for key in ("sweep", "elbo"):
        assert len({tuple(solver.history[key]) for solver in found}) == 1
    # their noise is their own
    assert len({str(solver.run.rng.bit_generator.state) for solver in found}) == 3


@pytest.mark.parametrize("name", SOLVERS)
def test_a_communicator_of_one_rank_changes_no_bit_and_is_asked_nothing(name):
    (one,), (comm,) = on_ranks(1, lambda comm: fit(name, comm, X, sweeps=4, batch_size=7))
    none = fit(name, None, X, sweeps=4, batch_size=7)
    assert one.parameters.value.tobytes() == none.parameters.value.tobytes() and comm.sent == []
    assert one.history["elbo"].tolist() == none.history["elbo"].tolist()


@pytest.mark.parametrize("name", SOLVERS)
def test_bytes_of_a_step_are_those_of_the_formula(name):
    # 4 (|θ| + |φ|) for amortized VI; 4 |θ| for variational EM; 4 |θ| and, with each step on q, 4 R for the shared row
    settings = {} if name == "amortized_vi" else {"q_steps": 3}
    found, comms = on_ranks(2, lambda comm: fit(name, comm, X[comm.rank::2], sweeps=3, batch_size=10, dtype=np.float32,
                                                **settings))
    steps, n = 12, found[0].parameters.value.size
    expected = [4 * n, 8 * SAID] + 3 * [4 * 4] * (name == "shared_q")
    for comm in comms:
        assert sum(comm.sent) == steps * sum(expected) and sorted(comm.sent) == sorted(steps * expected)


def test_in_variational_em_only_the_gradient_of_theta_moves_and_rows_stay(tmp_path):
    def work(comm, rows):
        return fit("variational_em", comm, rows, sweeps=3, batch_size=10, table_file=str(tmp_path / f"{comm.rank}.npy"))

    for rank, solver in enumerate(on(SIZES[2], work)):
        assert len(np.load(tmp_path / f"{rank}.npy")) == SIZES[2][rank] == len(solver.posterior.table)
        # each row has been moved by its own rank, which looks at no other's
        assert (np.ptp(solver.posterior.table, axis=0) > 0).all()
        assert solver.infer(shards(X, SIZES[2])[rank]).shape == (SIZES[2][rank], 4)


def test_two_ranks_do_not_write_one_table(tmp_path):
    (tmp_path / "mine.npy").write_text("no table")
    for files in ({0: "q.npy", 1: "q.npy"}, {0: "q.npy", 1: "mine.npy"}):
        found, _ = on_ranks(2, lambda comm, files=files: fit("variational_em", comm, X, sweeps=1, batch_size=10,
                                                             table_file=str(tmp_path / files[comm.rank])))
        assert [type(problem) for problem in found] == [ValueError] * 2
        assert ("two ranks have" in str(found[0])) == (files[1] == "q.npy")
    assert (tmp_path / "mine.npy").read_text() == "no table"


def test_ranks_start_at_the_data_of_all():
    uneven = np.concatenate([X[:13], 1000 + X[13:]])
    settings = {"sweeps": 1, "batch_size": 40, "learning_rate": 1e-300, "noise": GaussHermite(3)}
    one = fit("amortized_vi", None, uneven, **settings)
    for other in on(SIZES[3], lambda comm, rows: fit("amortized_vi", comm, rows, **settings), uneven):
        assert other.run.constants.keys() == one.run.constants.keys() and len(one.run.constants) == 4
        for key, a in one.run.constants.items():
            np.testing.assert_allclose(other.run.constants[key], a, rtol=1e-12)
        assert other.model.likelihood.sigma_g == pytest.approx(one.model.likelihood.sigma_g, rel=1e-12)


@pytest.mark.parametrize("m", [40, 5000])
def test_the_means_of_a_mixture_start_at_rows_of_all_ranks(m):
    # clusters far apart, each of which one rank alone has seen
    centres = 100 * np.arange(4.0)[:, None] * np.ones(3)
    data = np.repeat(centres, m // 4, 0) + np.random.default_rng(1).normal(size=(m, 3))

    def work(comm, rows):
        return VariationalEM(mixture_of_gaussians(4, 3), sweeps=1, comm=comm, progress=False).fit(rows)

    found = on([m // 4] * 4, work, data)
    assert len({solver.parameters.value.tobytes() for solver in found}) == 1
    means = np.sort(found[0].model.decode(np.eye(4))[:, 0])
    np.testing.assert_allclose(means, centres[:, 0], atol=5)
    if m < 2000:
        np.testing.assert_allclose(found[0].parameters.value, work(None, data).parameters.value, rtol=1e-9, atol=1e-9)


def test_numbers_that_were_not_seen_are_no_part_of_the_start():
    from npvae.models import SeenPixelsLikelihood

    data = X.copy()
    data[::3, 1] = np.nan
    data[:13] = X[:13]
    model = LatentVariableModel(MODEL.latent, MODEL.decoder, SeenPixelsLikelihood())
    settings = {"sweeps": 1, "batch_size": 40, "learning_rate": 1e-300, "progress": False, "noise": GaussHermite(3)}
    one = AmortizedVI(model, **settings).fit(data)
    for other in on(SIZES[2], lambda comm, rows: AmortizedVI(model, comm=comm, **settings).fit(rows), data):
        for key, a in one.run.constants.items():
            np.testing.assert_allclose(other.run.constants[key], a, rtol=1e-12)


def test_shards_weigh_by_their_rows_and_each_row_is_seen_once_a_sweep():
    seen = {}

    class Watched(AmortizedVI):
        def gradient(self, x):
            if self.ranks.weight:
                seen.setdefault(self.ranks.rank, []).append(np.array(x))
            return super().gradient(x)

    data = np.arange(46.0)[:, None] / 46
    for sizes, batch_size in (([1, 40, 5], 4), ([1, 1, 44], 3), ([15, 16, 15], 46), ([1, 44, 1], 1)):
        seen.clear()
        found = on(sizes, lambda comm, rows, batch_size=batch_size: Watched(
            mlp_model(1, [], 1), sweeps=2, batch_size=batch_size, comm=comm, progress=False).fit(rows), data)
        for rank, rows in enumerate(shards(data, sizes)):
            mine = np.sort(np.concatenate(seen[rank]).ravel())
            np.testing.assert_allclose(mine, np.sort(np.repeat(rows.ravel(), 2)), rtol=1e-6)
        assert found[0].history["sweep"].tolist() == [1, 2]


def test_noise_of_two_ranks_and_of_one_process_never_coincides():
    def first_draws(comm, rows):
        solver = fit("amortized_vi", comm, rows, sweeps=1)
        return solver.ranks.stream(0).standard_normal(4) if comm else np.random.default_rng(0).standard_normal(4)

    draws = [first_draws(None, X), *on(SIZES[4], first_draws)]
    assert len({a for draw in draws for a in draw.tolist()}) == 20


def test_early_stopping_is_decided_together():
    def work(comm, rows):
        return fit("amortized_vi", comm, rows, sweeps=300, batch_size=8, held_out=0.25, patience=3, learning_rate=0.05)

    found = on(SIZES[3], work)
    assert len({tuple(solver.history["held_out"]) for solver in found}) == 1 and len(found[0].history) < 300
    assert len({solver.parameters.value.tobytes() for solver in found}) == 1
    # nats of a row, as those that are learned from
    assert abs(found[0].history[0]["held_out"] - found[0].history[0]["elbo"]) < 3


@pytest.mark.parametrize("name", SOLVERS)
def test_what_diverges_on_one_rank_diverges_on_all(name):
    def work(comm, rows):
        solver = SOLVERS[name](MODEL, comm=comm, progress=False, sweeps=20, batch_size=8, learning_rate=1e3)
        with pytest.raises(DivergenceError) as problem:
            solver.fit(rows)
        return solver.parameters.value.tobytes(), str(problem.value)

    found = on(SIZES[2], work)
    assert len(set(found)) == 1 and np.isfinite(np.frombuffer(found[0][0], np.float32)).all()


def test_a_time_budget_and_a_wish_to_stop_end_all_at_the_same_step():
    def timed(comm, rows):
        # only the clock of rank 1 runs out
        solver = AmortizedVI(MODEL, comm=comm, progress=False, batch_size=4, seconds=0.05 if comm.rank else 0.05)
        return solver.fit(rows)

    found = on(SIZES[2], timed)
    assert found[0].history["sweep"].tolist() == found[1].history["sweep"].tolist() and len(found[0].history)

    def asked(comm, rows):
        steps = []
        fitted = AmortizedVI(MODEL, comm=comm, progress=False, batch_size=4, sweeps=9,
                             after_step=lambda: steps.append(1) or comm.rank == 1 and len(steps) == 13).fit(rows)
        return len(steps), fitted

    (first, a), (second, b) = on(SIZES[2], asked)
    assert first == second == 13 and a.history["sweep"].tolist() == b.history["sweep"].tolist()
    assert len(a.history) == 2 and a.history[-1]["sweep"] == pytest.approx(1.3, abs=0.05)
    assert a.parameters.value.tobytes() == b.parameters.value.tobytes()


@pytest.mark.parametrize("name", SOLVERS)
@pytest.mark.parametrize("cut", [None, 13])
def test_a_run_that_is_saved_goes_on_bit_by_bit_on_as_many_ranks(name, cut):
    if cut and name != "amortized_vi":
        pytest.skip("stops between sweeps alone")
    settings = {"batch_size": 4, "dtype": np.float32}
    whole = on(SIZES[2], lambda comm, rows: fit(name, comm, rows, sweeps=5, **settings))

    def begun(comm, rows):
        steps = []
        until = {} if cut is None else {"after_step": lambda: steps.append(1) or len(steps) == cut}
        return fit(name, comm, rows, sweeps=2 if cut is None else 5, **settings, **until).run.arrays()

    saved = on(SIZES[2], begun)
    assert name == "variational_em" or saved[0]["generator"] == saved[1]["generator"]

    def go_on(comm, rows):
        # a file holds what rank 0 has; rows of variational EM are where their data are
        arrays = saved[comm.rank if name == "variational_em" else 0]
        solver = SOLVERS[name](MODEL, comm=comm, progress=False, sweeps=5, **settings).restore(arrays)
        return solver.fit(rows, resume=True)

    for a, b in zip(whole, on(SIZES[2], go_on), strict=True):
        assert a.parameters.value.tobytes() == b.parameters.value.tobytes()
        assert a.history["elbo"].tolist() == b.history["elbo"].tolist()


def test_a_run_that_goes_on_with_other_ranks_says_what_is_no_longer_so():
    saved = on(SIZES[3], lambda comm, rows: fit("amortized_vi", comm, rows, sweeps=2).run.arrays())[0]

    def go_on(comm, rows):
        return AmortizedVI(MODEL, comm=comm, progress=False, sweeps=3, dtype=np.float64).restore(saved).fit(
            rows, resume=True)

    with pytest.warns(UserWarning, match="began on 3 ranks and goes on with 1, .* not bit by bit"):
        one = go_on(None, X)
    assert one.history["sweep"].tolist() == [1, 2, 3] and one.run.generators is None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert len({s.parameters.value.tobytes() for s in on(SIZES[2], go_on)}) == 1


@pytest.mark.parametrize(("spoil", "words"), [
    (lambda rows, rank: rows[:, :4] if rank else rows, "rank 1 of 2: ValueError: data has 4 columns"),
    (lambda rows, rank: np.where(rank, np.nan, rows), "rank 1 of 2: ValueError: data has nan"),
    (lambda rows, rank: rows[:0] if rank else rows, "rank 1 of 2: ValueError: data has shape")])
@pytest.mark.parametrize("name", SOLVERS)
def test_bad_data_on_one_rank_is_an_error_on_all(name, spoil, words):
    found, _ = on_ranks(2, lambda comm: fit(name, comm, spoil(X[comm.rank::2], comm.rank), sweeps=1))
    assert [type(problem) for problem in found] == [ValueError] * 2
    assert words in str(found[0]) and words.partition("Error: ")[2] in str(found[1])


@pytest.mark.parametrize("setting", [{"sweeps": 3}, {"batch_size": 8}, {"learning_rate": 0.1}, {"seed": 1},
                                     {"held_out": 0.5}, {"seconds": 9.0}])
def test_settings_that_differ_are_refused_on_all_ranks(setting):
    def work(comm):
        return fit("amortized_vi", comm, X[comm.rank::2], **({"sweeps": 2} | setting if comm.rank else {"sweeps": 2}))

    found, _ = on_ranks(2, work)
    assert [type(problem) for problem in found] == [ValueError] * 2
    assert str(found[0]) == str(found[1]) and "differ between the ranks" in str(found[0])


def test_weights_that_were_drawn_anew_on_each_rank_are_refused():
    def work(comm):
        model = mlp_model(2, [4], 5, rng=np.random.default_rng(comm.rank))
        return AmortizedVI(model, sweeps=1, comm=comm, progress=False).fit(X)

    found, _ = on_ranks(2, work)
    assert [type(problem) for problem in found] == [ValueError] * 2 and "one seed" in str(found[1])


def test_a_rank_that_fails_within_the_steps_ends_all(capsys):
    class Failing(AmortizedVI):
        def gradient(self, x):
            if self.ranks.rank == 1 and len(self.history) == 2:
                raise RuntimeError("the disk is gone")
            return super().gradient(x)

    found, comms = on_ranks(3, lambda comm: Failing(MODEL, sweeps=9, comm=comm, progress=False).fit(X))
    assert all(isinstance(problem, Aborted) for problem in found) and comms[0].shared["aborted"] == 1
    assert "the disk is gone" in capsys.readouterr().err


def test_an_optimizer_that_draws_at_random_is_found_out():
    class Shaken(SGD):
        def step(self):
            super().step()
            self.value += 1e-3 * np.random.default_rng().normal(size=self.value.shape)

    found, _ = on_ranks(2, lambda comm: fit("amortized_vi", comm, X[comm.rank::2], sweeps=2, optimizer=Shaken))
    assert all(isinstance(problem, ValueError) and "come apart" in str(problem) for problem in found)


def test_pixels_are_divided_on_all_ranks_if_on_one():
    data = np.concatenate([np.random.default_rng(0).integers(0, 2, (20, 5)) / 1.0, X[:20]])
    found = on([20, 20], lambda comm, rows: fit("amortized_vi", comm, rows, sweeps=1), data)
    assert len({tuple(solver.integer_scale) for solver in found}) == 1
    mixed, _ = on_ranks(2, lambda comm: fit("amortized_vi", comm, X if comm.rank else (10 * abs(X)).astype(np.uint8),
                                            sweeps=1))
    assert all("expected one kind" in str(problem) for problem in mixed)


@pytest.mark.parametrize("comm", ["world", 2, object()])
def test_what_is_no_communicator_is_refused(comm):
    with pytest.raises(ValueError, match="expected an MPI communicator"):
        AmortizedVI(MODEL, comm=comm)


def test_monte_carlo_learns_on_two_ranks_as_on_one():
    rng = np.random.default_rng(3)
    data = rng.normal(size=(400, 2)) @ rng.normal(size=(2, 8)) + 0.1 * rng.normal(size=(400, 8))

    def work(comm, rows):
        return AmortizedVI(probabilistic_pca(2, 8), noise=MonteCarlo(1), sweeps=30, batch_size=20, learning_rate=2e-2,
                           comm=comm, progress=False).fit(rows)

    one, two = work(None, data), on([150, 250], work, data)
    assert two[0].elbo(data).mean() == pytest.approx(one.elbo(data).mean(), abs=0.3)


@pytest.mark.parametrize("kind", [VAE, Autoencoder])
def test_an_autoencoder_of_several_ranks_is_saved_by_the_first_and_goes_on_bit_by_bit(kind, tmp_path):
    settings = {"latent_dim": 2, "hidden": (4,), "batch_size": 8, "final_learning_rate": None, "progress": False}

    def whole(comm, rows):
        return kind(**settings, sweeps=4, comm=comm).fit(rows)

    def half(comm, rows):
        kind(**settings, sweeps=2, comm=comm).fit(rows).save(tmp_path / f"{comm.rank}.npz")

    def go_on(comm, rows):
        model = kind.load(tmp_path / "0.npz").set_params(comm=comm, sweeps=4)
        return model.fit(rows, resume=True)

    on(SIZES[2], half)
    assert [path.name for path in tmp_path.iterdir()] == ["0.npz"]
    bits = {model.solver_.parameters.value.tobytes() for model in on(SIZES[2], whole) + on(SIZES[2], go_on)}
    assert len(bits) == 1
    # in one process the file is a model like any other
    loaded = kind.load(tmp_path / "0.npz")
    assert loaded.comm is None and np.isfinite(loaded.score(X))
    with pytest.warns(UserWarning, match="began on 2 ranks and goes on with 1"):
        loaded.set_params(sweeps=3).fit(X, resume=True)
    loaded.set_params(sweeps=4).fit(X, resume=True)


def test_bad_settings_of_a_vae_on_one_rank_are_an_error_on_all():
    found, _ = on_ranks(2, lambda comm: VAE(latent_dim=1 - comm.rank, comm=comm).fit(X))
    assert [type(problem) for problem in found] == [ValueError] * 2 and "latent_dim" in str(found[0])


def test_several_processes_without_mpi4py_are_told_what_they_need(monkeypatch):
    for name in SIZES_OF_MPI:
        monkeypatch.delenv(name, raising=False)
    assert world() is None
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    with pytest.raises(ValueError, match=r"pip install 'npvae\[mpi\]'"):
        world(asked=True)
    monkeypatch.setenv("PMI_SIZE", "1")
    assert world() is None
    monkeypatch.setenv("PMI_SIZE", "2")
    with pytest.raises(ValueError, match="several processes need mpi4py"):
        world()


def test_rows_are_cut_into_stretches_that_differ_by_one_at_most():
    ranks = [Ranks(SimpleNamespace(rank=rank, size=7)) for rank in range(7)]
    cuts = [shard(100, one) for one in ranks]
    assert [cut.stop for cut in cuts[:-1]] == [cut.start for cut in cuts[1:]] and cuts[-1].stop == 100
    assert {cut.stop - cut.start for cut in cuts} == {14, 15}


def test_nothing_of_mpi_is_imported_by_one_process():
    code = ("import sys, npvae; npvae.VAE(sweeps=1).fit(npvae.datasets.digits().train[:99]); "
            "print('mpi4py' in sys.modules)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
