"""A fitted solver that was copied, pickled, saved or resumed is the solver that it was."""

import copy
import pickle

import numpy as np
import pytest

from npvae.inference import AmortizedVI, DivergenceError, SharedQ, VariationalEM
from npvae.models import Cubature, Gaussian, GaussianLikelihood, LatentVariableModel, mixture_of_gaussians, mlp_model
from npvae.nn import Affine, Parameters, mlp

X = np.random.default_rng(0).normal(size=(60, 3))


def through_pickle(solver):
    return pickle.loads(pickle.dumps(solver))


copies = pytest.mark.parametrize("copied", [copy.deepcopy, through_pickle])


@copies
@pytest.mark.parametrize("held_out", [0.0, 0.2])
def test_a_copy_goes_on_like_the_original(copied, held_out):
    solver = AmortizedVI(mlp_model(1, [8], 3), sweeps=3, held_out=held_out, patience=50).fit(X)
    twin = copied(solver)
    for one in (solver, twin):
        one.sweeps = 12
        one.fit(X, resume=True)
    np.testing.assert_array_equal(twin.parameters.value, solver.parameters.value)
    np.testing.assert_array_equal(twin.infer(X), solver.infer(X))
    assert twin.parameters.value is not solver.parameters.value


@copies
@pytest.mark.parametrize("solver", [VariationalEM(mixture_of_gaussians(2, 3), sweeps=3),
                                    VariationalEM(mlp_model(1, [4], 3), sweeps=2),
                                    SharedQ(mlp_model(1, [4], 3), sweeps=2),
                                    AmortizedVI(mlp_model(1, [4], 3), sweeps=2)], ids=lambda s: type(s).__name__)
def test_the_copys_model_looks_into_the_copys_vector(solver, copied):
    twin = copied(solver.fit(X))
    np.testing.assert_array_equal(twin.elbo(X), solver.elbo(X))
    assert all(np.shares_memory(a, twin.parameters.value) for a in twin.model.arrays().values())


def test_layers_on_a_copied_vector_write_into_the_copy():
    p = Parameters({"W": np.ones((2, 2)), "b": np.zeros(2)})
    Affine(p["W"], p["b"]).on(p)
    twin = copy.deepcopy(p)
    Affine(twin["W"], twin["b"]).on(twin)(np.ones((1, 2)))[1](np.ones((1, 2)))
    np.testing.assert_array_equal(twin.grad, np.ones(6))
    np.testing.assert_array_equal(p.grad, np.zeros(6))


def test_a_fit_that_diverged_goes_on_with_another_learning_rate():
    solver = AmortizedVI(mlp_model(1, [8], 3), sweeps=3, batch_size=10, learning_rate=1e30)
    with pytest.raises(DivergenceError):
        solver.fit(X)
    solver.learning_rate, solver.sweeps = 1e-3, 6
    assert np.isfinite(solver.fit(X, resume=True).elbo(X)).all()


def test_after_a_divergence_the_first_step_is_as_long_as_the_first_of_all():
    solver = AmortizedVI(mlp_model(1, [8], 3), sweeps=20, learning_rate=1e-3).fit(X)
    solver.run.optimizer.forget()
    before = solver.parameters.value.copy()
    solver.sweeps, solver.batch_size = 21, len(X)
    solver.fit(X, resume=True)
    assert np.abs(solver.parameters.value - before).max() <= 1.001e-3


def test_resuming_takes_up_a_new_learning_rate_and_patience_but_no_other_held_out_rows():
    solver = AmortizedVI(mlp_model(1, [8], 3), sweeps=2, held_out=0.2, patience=90).fit(X)
    solver.learning_rate, solver.patience, solver.sweeps = 1e-30, 91, 4
    before = solver.run.stopping.last.copy()
    solver.fit(X, resume=True)
    np.testing.assert_allclose(solver.run.stopping.last, before, atol=1e-20)
    assert solver.run.stopping.patience == 91
    solver.held_out = 0.3
    with pytest.raises(ValueError, match="held_out is 0.3, but the run that goes on began with 0.2"):
        solver.fit(X, resume=True)


def test_resuming_takes_up_another_noise_and_another_weight_of_the_kl():
    solver = AmortizedVI(mlp_model(1, [8], 3), sweeps=1, learning_rate=3e-2).fit(X)
    state, solver.noise, solver.beta, solver.sweeps = solver.run.rng.bit_generator.state, Cubature(), 100.0, 60
    kl = solver.model.latent.kl(solver.infer(X))[0].mean()
    solver.fit(X, resume=True)
    # nothing is drawn any more, and q goes to the prior
    assert solver.run.rng.bit_generator.state == state and solver.model.latent.kl(solver.infer(X))[0].mean() < kl / 3


@pytest.mark.parametrize("name", ["after_sweep", "after_step"])
def test_what_is_called_on_the_way_is_asked_for_at_the_door(name):
    solver = AmortizedVI(mlp_model(1, [8], 3), sweeps=1, **{name: "save"})
    with pytest.raises(ValueError, match=f"{name} is 'save', expected a function"):
        solver.fit(X)
    assert not solver.history


def test_an_exhausted_run_stays_where_it_is_also_after_a_partial_sweep():
    solver = AmortizedVI(mlp_model(1, [8], 3), sweeps=4, held_out=0.2).fit(X)
    solver.history.insert(1, {"sweep": 1.2, "elbo": -1.0, "seconds": 0.0})
    solver.run.stopping.waited, solver.sweeps = 99, 50
    records, value = len(solver.history), solver.parameters.value.copy()
    with pytest.warns(UserWarning, match="had stopped early"):
        solver.fit(X, resume=True)
    assert len(solver.history) == records
    np.testing.assert_array_equal(solver.parameters.value, value)


def test_a_refused_resume_leaves_the_best_parameters_in_place():
    solver = AmortizedVI(mlp_model(1, [8], 3), sweeps=8, held_out=0.2).fit(X)
    value, solver.batch_size = solver.parameters.value.copy(), 0
    # as if the last sweeps had gone astray
    solver.run.stopping.last = np.zeros_like(value)
    with pytest.raises(ValueError, match="batch_size"):
        solver.fit(X, resume=True)
    np.testing.assert_array_equal(solver.parameters.value, value)


def test_a_saved_run_is_restored_whole_or_not_at_all():
    model = mlp_model(1, [8], 3)
    arrays = AmortizedVI(model, sweeps=2).fit(X).run.arrays()
    some = {name: a for name, a in arrays.items() if name != "parameters/theta.decoder.0.b"}
    for wrong in (some, {**arrays, "parameters/theta.decoder.0.W": np.ones((1, 1))}):
        with pytest.raises(ValueError, match="saved parameters do not fit"):
            AmortizedVI(model).restore(wrong)


def test_a_width_that_was_held_at_the_datas_is_saved():
    model = LatentVariableModel(Gaussian(1), mlp([1, 3]), GaussianLikelihood(learn=False))
    solver = AmortizedVI(model, sweeps=2).fit(10 * X)
    restored = AmortizedVI(model).restore(solver.run.arrays())
    assert restored.model.likelihood.sigma_g == solver.model.likelihood.sigma_g
    np.testing.assert_array_equal(restored.infer(X), solver.infer(X))
    assert through_pickle(solver).model.likelihood.sigma_g == solver.model.likelihood.sigma_g > 5


@pytest.mark.parametrize("solver", [VariationalEM, SharedQ, AmortizedVI])
def test_a_solver_that_was_not_fitted_says_so(solver):
    for answer in (solver(mlp_model(1, [4], 3)).infer, solver(mlp_model(1, [4], 3)).elbo):
        with pytest.raises(ValueError, match="has not been fitted: call fit"):
            answer(X)


def test_a_table_on_disk_outlives_a_second_solver_with_the_same_file(tmp_path):
    file = str(tmp_path / "q.npy")
    first = VariationalEM(mlp_model(1, [4], 3), sweeps=2, batch_size=20, table_file=file).fit(X)
    table = np.array(first.posterior.table)
    VariationalEM(mlp_model(1, [4], 3), sweeps=1, batch_size=20, table_file=file).fit(X[:5])
    np.testing.assert_array_equal(first.posterior.table, table)


def test_rows_of_a_table_that_were_lost_start_anew():
    em = VariationalEM(mlp_model(1, [4], 3), sweeps=2, batch_size=20).fit(X)
    em.posterior.table[3] = np.nan
    assert np.isfinite(em.infer(X)).all()


def test_a_run_without_its_parameters_or_with_other_moments_is_not_taken_up():
    model = mlp_model(1, [8], 3)
    arrays = AmortizedVI(model, sweeps=2).fit(X).run.arrays()
    bare = {name: a for name, a in arrays.items() if not name.startswith("parameters/")}
    for wrong, says in ((bare, "no parameters"), ({**arrays, "adam/m": np.array(0.0)}, "moments and counter"),
                        ({**arrays, "history": np.array("[{}]")}, "training state does not fit")):
        solver = AmortizedVI(model).restore({})
        before = solver.run.arrays()
        with pytest.raises(ValueError, match=says):
            solver.restore(wrong)
        assert str(solver.run.arrays()["generator"]) == str(before["generator"])


def test_a_restored_model_keeps_the_sigma_g_that_it_learned_when_it_is_handed_on():
    model = LatentVariableModel(Gaussian(1), mlp([1, 3]), GaussianLikelihood())
    fitted = AmortizedVI(model, sweeps=30, learning_rate=0.03).fit(X)
    restored = AmortizedVI(model).restore(fitted.run.arrays())
    for trained in (fitted.model, restored.model):
        assert trained.copy().started(100 * X).likelihood.sigma_g == fitted.model.likelihood.sigma_g


def test_another_dtype_begins_anew_and_is_not_resumed():
    solver = AmortizedVI(mlp_model(1, [4], 3), sweeps=1).fit(X)
    solver.dtype, solver.sweeps = np.float64, 2
    with pytest.raises(ValueError, match="dtype is float64, but the run that goes on began in float32"):
        solver.fit(X, resume=True)
    with pytest.raises(ValueError, match="beyond float32"):
        AmortizedVI(mlp_model(1, [4], 3), sweeps=1).fit(1e39 * X)
    assert solver.fit(1e39 * X).parameters.value.dtype == np.float64


def test_a_fit_in_two_parts_goes_on_from_the_last_sweep_and_not_from_the_best():
    def fitted(*parts):
        solver = AmortizedVI(mlp_model(1, [8], 3), held_out=0.2, patience=50, learning_rate=0.1)
        for sweeps in parts:
            solver.sweeps = sweeps
            solver.fit(X, resume=True)
        return solver

    for split in (3, 5, 7):
        in_parts, at_once = fitted(split, 12), fitted(12)
        np.testing.assert_array_equal(in_parts.history["held_out"], at_once.history["held_out"])
        np.testing.assert_array_equal(in_parts.parameters.value, at_once.parameters.value)
    # of one of them at least the best sweep was not the last
    assert any(at_once.history["held_out"][:split].argmax() < split - 1 for split in (3, 5, 7))
