"""Around the loop: seeds, budgets, history, interruption, divergence, progress, and one θ for all three solvers."""

from types import SimpleNamespace

import numpy as np
import pytest

from npvae import datasets
from npvae.inference import AmortizedVI, DivergenceError, History, SharedQ, VariationalEM, elbo, training
from npvae.inference.early_stopping import hold_out
from npvae.inference.run import Run
from npvae.inference.solver import Budget
from npvae.inference.theta_steps import GradientStep, LineSearchStep
from npvae.inference.training import Training
from npvae.models import (
    BernoulliLikelihood,
    Categorical,
    Cubature,
    Gaussian,
    GaussianLikelihood,
    LatentVariableModel,
    MonteCarlo,
    mixture_of_gaussians,
    mlp_model,
)
from npvae.nn import Adam, Affine, chain, lay_out, mlp, tanh

X = datasets.two_moons(60, 0).train
SOLVERS = [VariationalEM, SharedQ, AmortizedVI]
every_solver = pytest.mark.parametrize("solver", SOLVERS)
both_modes = pytest.mark.parametrize("batch_size", [20, 60], ids=["mini-batches", "full sweeps"])
GAUSSIAN, CATEGORICAL = mlp_model(2, [4], 2), mixture_of_gaussians(3, 2)


class Toy:
    """What a `Training` asks of a solver, with nothing behind it."""

    measure, after_sweep, after_step, _maximises_what_it_reports = "elbo", None, None, True

    def __init__(self, *guarded, history=(), **settings):
        value = guarded[0] if guarded else np.zeros(1)
        self.run = Run(SimpleNamespace(value=value), **{"seed": 0, **settings})
        self.run.guarded += guarded[1:]
        self.run.history[:] = history

    def _follow_schedules(self, sweep):
        pass

    def _objective(self, X, index):
        return np.zeros(1)


def toy_training(*guarded, m, batch_size, sweeps, **settings):
    return Training(Toy(*guarded, **settings), np.zeros((m, 1)), Budget("toy", batch_size, sweeps))


def variational(solver):
    if isinstance(solver, AmortizedVI):
        return solver.parameters.value
    return solver.posterior.table if isinstance(solver, VariationalEM) else solver.posterior.row


def bits(solver):
    return solver.parameters.value.tobytes() + variational(solver).tobytes()


@every_solver
@both_modes
@pytest.mark.parametrize("model", [GAUSSIAN, CATEGORICAL], ids=["gaussian", "categorical"])
def test_the_same_seed_gives_the_same_bits(solver, batch_size, model):
    one = solver(model, sweeps=3, batch_size=batch_size, seed=5)
    first = bits(one.fit(X))
    elbos, infer = one.history["elbo"], one.infer(X).tobytes()
    assert bits(one.fit(X)) == first
    other = solver(model, sweeps=3, batch_size=batch_size, seed=5).fit(X)
    assert bits(other) == first and other.infer(X).tobytes() == infer
    np.testing.assert_array_equal(other.history["elbo"], elbos)


@every_solver
@pytest.mark.parametrize("model", [GAUSSIAN, CATEGORICAL], ids=["gaussian", "categorical"])
def test_other_seeds_give_other_bits(solver, model):
    a, b = (solver(model, sweeps=2, batch_size=20, seed=s).fit(X) for s in (0, 1))
    assert a.parameters.value.tobytes() != b.parameters.value.tobytes()


def batches_of(run):
    batches = []
    for index in run.batches():
        batches.append(index.tolist())
        run.record(np.zeros(len(index)))
    return batches


@pytest.mark.parametrize("model", [GAUSSIAN, CATEGORICAL], ids=["gaussian", "categorical"])
def test_one_seed_shows_all_solvers_the_same_rows_in_the_same_order(model, monkeypatch):
    seen, batches = {}, Training.batches

    def noted(self):
        for index in batches(self):
            seen.setdefault((self.budget.name, seed), []).append(index.tolist())
            yield index

    monkeypatch.setattr(Training, "batches", noted)
    for seed in (3, 4):
        for solver in SOLVERS:
            # different amounts of noise, and a shared q and an encoder that have nothing else in common
            solver(model, sweeps=3, batch_size=25, seed=seed, noise=MonteCarlo(1 + len(solver.__name__))).fit(X)
    em, shared, amortized = (seen[solver.__name__, 3] for solver in SOLVERS)
    assert em == shared == amortized and [len(b) for b in em] == [25, 25, 10] * 3
    assert em[:3] != em[3:6] != em[6:] and seen["AmortizedVI", 4] != amortized


def test_a_fit_that_goes_on_has_the_batches_of_one_that_never_stopped():
    with toy_training(m=10, batch_size=4, sweeps=4, seed=2) as whole:
        batches = batches_of(whole)
    parts, history = [], History()
    for sweeps in (1, 3, 4):
        with toy_training(m=10, batch_size=4, sweeps=sweeps, seed=2, history=history) as part:
            parts += batches_of(part)
        history = part.history
    assert parts == batches


def test_the_rows_after_a_sweep_that_was_cut_short_have_an_order_of_their_own():
    with toy_training(m=10, batch_size=4, sweeps=1, seed=2) as cut:
        first = next(cut.batches())
        cut.record(np.zeros(len(first)))
    with toy_training(m=10, batch_size=4, sweeps=2, seed=2, history=cut.history) as rest:
        assert batches_of(rest)[0] != first.tolist()


@every_solver
@both_modes
def test_a_fit_does_not_touch_numpys_global_generator(solver, batch_size):
    before = repr(np.random.get_state())  # noqa: NPY002 — it is what must not be used
    solver(GAUSSIAN, sweeps=2, batch_size=batch_size).fit(X).elbo(X)
    assert repr(np.random.get_state()) == before  # noqa: NPY002


@every_solver
@both_modes
def test_sweeps_are_counted_and_recorded(solver, batch_size):
    history = solver(GAUSSIAN, sweeps=4, batch_size=batch_size).fit(X).history
    assert isinstance(history, History) and len(history) == 4
    np.testing.assert_array_equal(history["sweep"], [1, 2, 3, 4])
    terms = {"reconstruction", "kl"} if solver is AmortizedVI else set()
    assert set(history[0]) == {"sweep", "elbo", "seconds"} | terms
    assert (np.diff(history["seconds"]) > 0).all() and history["seconds"][0] > 0
    assert np.isfinite(history["elbo"]).all()


def test_100_sweeps_are_the_default():
    assert len(SharedQ(CATEGORICAL).fit(X[:5]).history) == 100


def test_the_last_smaller_batch_counts_by_its_rows():
    batches = []
    with toy_training(m=10, batch_size=4, sweeps=2) as run:
        for index in run.batches():
            batches.append(index)
            run.record(np.arange(10.0)[index])
    assert [len(b) for b in batches] == [4, 4, 2, 4, 4, 2]
    for sweep in (batches[:3], batches[3:]):
        np.testing.assert_array_equal(np.sort(np.concatenate(sweep)), np.arange(10))
    assert np.concatenate(batches[:3]).tolist() != np.concatenate(batches[3:]).tolist()
    np.testing.assert_allclose(run.history["elbo"], 4.5, rtol=1e-15)


def clock(monkeypatch, tick=1.0):
    now = SimpleNamespace(t=0.0)

    def perf_counter():
        now.t += tick
        return now.t

    monkeypatch.setattr(training, "time", SimpleNamespace(perf_counter=perf_counter))


@every_solver
@both_modes
def test_seconds_end_a_fit(solver, batch_size, monkeypatch):
    clock(monkeypatch)
    fitted = solver(GAUSSIAN, seconds=20, batch_size=batch_size).fit(X)
    assert 18 <= fitted.history["seconds"][-1] <= 25
    assert 1 < len(fitted.history) < 20
    assert np.isfinite(fitted.elbo(X)).all()


@every_solver
def test_time_may_run_out_in_the_middle_of_a_sweep(solver, monkeypatch):
    clock(monkeypatch)
    history = solver(GAUSSIAN, seconds=4, batch_size=10).fit(X).history
    assert len(history) == 1 and 0 < history["sweep"][0] < 1


@pytest.mark.parametrize("sweeps, seconds, expected", [(3, 1e6, 3), (10**9, 8, None)])
def test_whichever_budget_ends_first(sweeps, seconds, expected, monkeypatch):
    clock(monkeypatch)
    history = SharedQ(CATEGORICAL, sweeps=sweeps, seconds=seconds).fit(X).history
    assert len(history) == expected if expected else 1 <= len(history) < 9


@every_solver
@pytest.mark.parametrize("what, number", [
    ("sweeps", 0), ("sweeps", -1), ("sweeps", float("nan")), ("sweeps", 2.5), ("seconds", 0), ("seconds", -1.0),
    ("seconds", float("nan")), ("batch_size", -1), ("batch_size", 0), ("batch_size", 2.5), ("batch_size", True)])
def test_a_budget_that_is_not_positive_is_turned_away(solver, what, number):
    expected = "a positive finite number" if what == "seconds" else "a whole number from 1"
    with pytest.raises(ValueError, match=f"{solver.__name__}: {what} is {number}, expected {expected}"):
        solver(GAUSSIAN, **{"sweeps": 1, what: number}).fit(X)


@pytest.mark.parametrize("solver, batch_size", [(s, B) for s in SOLVERS for B in (20, 60)])
@pytest.mark.parametrize("number", [0, -1, float("nan")])
def test_a_learning_rate_that_is_not_positive_is_turned_away(solver, batch_size, number):
    with pytest.raises(ValueError, match=f"learning_rate is {number}(.0)?, expected a (positive )?finite number"):
        solver(GAUSSIAN, sweeps=1, batch_size=batch_size, learning_rate=number).fit(X)


@both_modes
def test_all_three_start_from_the_same_theta(batch_size):
    model = LatentVariableModel(Gaussian(2), mlp([2, 4, 2]), GaussianLikelihood())
    thetas = []
    for solver in SOLVERS:
        fitted = solver(model, sweeps=1, batch_size=batch_size, learning_rate=1e-30, dtype=np.float64).fit(X)
        thetas.append(fitted.parameters.value[fitted.parameters.stretch("theta.")])
    for name, a in model.started(X).copy().arrays().items():
        np.testing.assert_array_equal(fitted.parameters["theta." + name], a)
    assert thetas[0].tobytes() == thetas[1].tobytes() == thetas[2].tobytes()
    assert fitted.model.likelihood.sigma_g == pytest.approx(np.sqrt(X.var(0).mean()), rel=1e-12)


@every_solver
@both_modes
def test_the_trained_model_lives_in_the_parameter_vector(solver, batch_size):
    fitted = solver(GAUSSIAN, sweeps=1, batch_size=batch_size).fit(X)
    for layer in fitted.model.decoder.layers[::2]:
        assert np.shares_memory(layer.W, fitted.parameters.value)
        assert np.shares_memory(layer.dW, fitted.parameters.grad)
        assert not any(np.shares_memory(layer.W, given.W) for given in GAUSSIAN.decoder.layers[::2])
    assert np.shares_memory(fitted.model.likelihood.log_sigma, fitted.parameters.value)
    if solver is AmortizedVI:
        assert np.shares_memory(fitted.posterior.encoder.layers[0].W, fitted.parameters.value)


@every_solver
@both_modes
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_asked_for_is_the_one_that_trains(solver, batch_size, dtype):
    fitted = solver(GAUSSIAN, sweeps=1, batch_size=batch_size, dtype=dtype).fit(X)
    assert fitted.parameters.value.dtype == variational(fitted).dtype == dtype


class Fuse:
    """tanh, which does something else at the n-th call after it was lit, and from then on if it is lasting."""

    def __init__(self, action, lasting=False):
        self.action, self.lasting, self.left = action, lasting, None

    def __call__(self, x):
        if self.left is not None:
            self.left -= 1
            if self.left <= 0:
                self.left = 1 if self.lasting else None
                return self.action(x)
        return tanh(x)

    def model(self, likelihood=None):
        rng = np.random.default_rng(0)
        decoder = chain(Affine.random(1, 4, rng), self, Affine.random(4, 2, rng))
        return LatentVariableModel(Gaussian(1), decoder, likelihood or GaussianLikelihood())

    def light(self, monkeypatch, calls):
        """Count from the start of the training loop on."""
        enter = Training.__enter__
        monkeypatch.setattr(Training, "__enter__", lambda run: (setattr(self, "left", calls), enter(run))[1])


def ctrl_c(x):
    raise KeyboardInterrupt


def interrupted(solver, batch_size, calls, monkeypatch, **settings):
    fuse = Fuse(ctrl_c)
    fuse.light(monkeypatch, calls)
    fitted = solver(fuse.model(), batch_size=batch_size, **{"sweeps": 1000, **settings})
    with pytest.raises(KeyboardInterrupt):
        fitted.fit(X)
    return fitted


@every_solver
@both_modes
@pytest.mark.parametrize("calls", [1, 2, 20, 61])
def test_ctrl_c_leaves_a_usable_solver(solver, batch_size, calls, monkeypatch):
    fitted = interrupted(solver, batch_size, calls, monkeypatch)
    assert len(fitted.history) < 1000
    assert all(np.isfinite(record["elbo"]) for record in fitted.history)
    assert np.isfinite(fitted.elbo(X)).all() and np.isfinite(fitted.infer(X + 1)).all()
    assert fitted.model.sample(3, np.random.default_rng(0))[0].shape == (3, 2)


@every_solver
def test_ctrl_c_keeps_what_was_learned(solver, monkeypatch):
    start = solver(Fuse(ctrl_c).model(), sweeps=1, batch_size=20, learning_rate=1e-30).fit(X)
    fitted = interrupted(solver, 20, 2000, monkeypatch, learning_rate=1e-2)
    assert fitted.elbo(X).mean() > start.elbo(X).mean() + 0.02
    assert fitted.history["sweep"][-1] > 10


@pytest.mark.parametrize("batches, sweeps", [(0, []), (2, [2 / 3]), (3, [1]), (7, [1, 2, 2 + 1 / 3])])
def test_an_interrupted_sweep_is_recorded_as_far_as_it_went(batches, sweeps, monkeypatch):
    record, left = Training.record, SimpleNamespace(n=batches)

    def counted(run, elbo, kl):
        left.n -= 1
        if left.n < 0:
            raise KeyboardInterrupt
        record(run, elbo, kl)

    monkeypatch.setattr(Training, "record", counted)
    solver = AmortizedVI(GAUSSIAN, batch_size=20, sweeps=9)
    with pytest.raises(KeyboardInterrupt):
        solver.fit(X)
    np.testing.assert_allclose([r["sweep"] for r in solver.history], sweeps, rtol=1e-12)


@pytest.mark.parametrize("call", [2, 3, 4])
def test_ctrl_c_within_the_line_search_leaves_theta_no_worse_than_before(call):
    fuse = Fuse(ctrl_c)
    model = fuse.model(GaussianLikelihood(0.5))
    parameters = lay_out({"theta": model})
    model, nodes = model.on(parameters, "theta."), Cubature()(None, 60, 1)
    step = LineSearchStep(model, parameters, 1e4)
    before = elbo(model, np.zeros((60, 2)), X, nodes)[0].mean()
    fuse.left = call
    with pytest.raises(KeyboardInterrupt), np.errstate(over="ignore"):
        step(np.zeros((60, 2)), X, nodes)
    after = elbo(model, np.zeros((60, 2)), X, nodes)[0].mean()
    assert after >= before


def nan(x):
    return np.full_like(x, np.nan), lambda dy: dy


def infinite(x):
    return np.full_like(x, np.inf), lambda dy: dy


REMEDY = r"in sweep \d+; the last finite parameters are kept\. Lower the learning rate"


@every_solver
@both_modes
@pytest.mark.parametrize("action", [nan, infinite])
def test_a_decoder_that_breaks_is_reported_and_leaves_finite_parameters(solver, batch_size, action, monkeypatch):
    fuse = Fuse(action, lasting=True)
    fuse.light(monkeypatch, 100)
    fitted = solver(fuse.model(GaussianLikelihood(0.5)), batch_size=batch_size, sweeps=1000)
    with pytest.raises(DivergenceError, match=f"{solver.__name__}: a non-finite .* {REMEDY}"):
        fitted.fit(X)
    assert np.isfinite(fitted.parameters.value).all() and np.isfinite(variational(fitted)).all()
    assert np.isfinite(fitted.history["elbo"]).all()
    fuse.left = None
    assert np.isfinite(fitted.elbo(X)).all()


@every_solver
@pytest.mark.parametrize("likelihood", [GaussianLikelihood(), GaussianLikelihood(1e-30), BernoulliLikelihood()],
                         ids=str)
def test_a_wild_learning_rate_ends_in_a_divergence_error_or_in_finite_parameters(solver, likelihood):
    fitted = solver(mlp_model(1, [4], 2, likelihood), sweeps=20, batch_size=20, learning_rate=1e38)
    try:
        fitted.fit(np.clip(X, 0, 1))
    except DivergenceError as error:
        assert solver.__name__ in str(error)
    else:
        assert np.isfinite(fitted.history["elbo"]).all()
    assert np.isfinite(fitted.parameters.value).all() and np.isfinite(variational(fitted)).all()


@every_solver
def test_a_learning_rate_of_a_million_diverges_with_the_remedy(solver):
    fitted = solver(GAUSSIAN, sweeps=200, batch_size=20, learning_rate=1e6)
    with pytest.raises(DivergenceError, match=REMEDY):
        fitted.fit(X)
    assert np.isfinite(fitted.parameters.value).all() and np.isfinite(variational(fitted)).all()


def test_parameters_that_overflow_in_the_very_last_step_are_found():
    value = np.zeros(3)
    with pytest.raises(DivergenceError, match="toy: a non-finite parameter"):
        with toy_training(value, m=2, batch_size=2, sweeps=1) as run:
            for _ in run.batches():
                run.record(np.ones(2))
                value += 1
            value[1] = np.inf
    # what the last ELBO was computed from: that of all ones was never measured
    np.testing.assert_array_equal(value, [0, 0, 0])


def test_a_divergence_puts_every_guarded_array_back_to_what_had_a_finite_elbo():
    value, table = np.zeros(2), np.zeros((2, 2))
    run = toy_training(value, table, m=2, batch_size=2, sweeps=9)
    with pytest.raises(DivergenceError, match="a non-finite ELBO in sweep 3"):
        with run:
            for n, _ in enumerate(run.batches()):
                if n == 2:
                    value[0] = table[1, 1] = np.nan
                run.record(np.array([0.0, np.nan if n == 2 else 0.0]))
                value += 1
                table += 1
    # the step that sweep 2 ended with led to the divergence; what it began with had a finite ELBO
    np.testing.assert_array_equal(value, [1, 1])
    np.testing.assert_array_equal(table, np.full((2, 2), 1.0))
    assert len(run.history) == 2


@every_solver
def test_data_too_large_to_square_end_in_an_error_and_not_in_a_warning(solver):
    with pytest.raises((DivergenceError, ValueError)):
        solver(GAUSSIAN, sweeps=1, batch_size=20).fit(X * 1e200)


@every_solver
def test_another_exception_passes_through(solver, monkeypatch):
    def stop(x):
        raise ZeroDivisionError

    fuse = Fuse(stop)
    fuse.light(monkeypatch, 30)
    with pytest.raises(ZeroDivisionError):
        solver(fuse.model(), batch_size=20, sweeps=100).fit(X)
    assert np.geterr()["over"] == "warn"


@every_solver
def test_progress_shows_on_stderr_when_asked_for_and_not_without_a_terminal(solver, capsys):
    solver(GAUSSIAN, sweeps=2, batch_size=20).fit(X)
    assert capsys.readouterr() == ("", "")
    solver(GAUSSIAN, sweeps=2, batch_size=20, progress=False).fit(X)
    assert capsys.readouterr() == ("", "")
    solver(GAUSSIAN, sweeps=2, batch_size=20, progress=True).fit(X)
    out, err = capsys.readouterr()
    assert out == "" and solver.__name__ in err and "/2" in err


def test_a_history_reads_as_rows_and_as_columns():
    history = History([{"sweep": n, "elbo": -1.0 / n, "seconds": 0.1 * n} for n in range(1, 6)])
    assert history[1] == {"sweep": 2, "elbo": -0.5, "seconds": 0.2}
    np.testing.assert_array_equal(history["sweep"], [1, 2, 3, 4, 5])
    assert len(history[1:3]) == 2
    assert repr(history).startswith("History(5 sweeps, first {") and repr(History()) == "History([])"
    with pytest.raises(KeyError):
        history["loss"]


def test_random_noise_of_ones_own_is_drawn_afresh_for_every_batch():
    seen = []

    class Recorded(MonteCarlo):
        def __call__(self, rng, batch, dim, dtype=np.float64):
            noise = super().__call__(rng, batch, dim, dtype)
            seen.append(noise.eps.tobytes())
            return noise

    solver = VariationalEM(GAUSSIAN, sweeps=2, batch_size=20, noise=Recorded(2), q_steps=3)
    seen.clear()        # of what the rule was tried with when the solver was built
    solver.fit(X)
    # once more for the last batch, measured again after the last step
    assert len(seen) == len(set(seen)) == 2 * 3 * (3 + 1) + 1


@pytest.mark.parametrize("solver", [VariationalEM, SharedQ])
def test_ctrl_c_in_the_closing_argmax_leaves_a_usable_solver(solver, monkeypatch):
    X, calls, argmax = np.random.default_rng(0).normal(size=(20, 3)), [], solver._argmax

    def interrupted_argmax(self, *args):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return argmax(self, *args)

    monkeypatch.setattr(solver, "_argmax", interrupted_argmax)
    fitted = solver(mixture_of_gaussians(2, 3), sweeps=2)
    with pytest.raises(KeyboardInterrupt):
        fitted.fit(X)
    assert len(fitted.history) == 2 and np.isfinite(fitted.elbo(X)).all()


def test_a_column_of_the_history_has_a_gap_where_a_record_has_no_entry():
    history = History([{"elbo": -2.0, "held_out": -3.0}, {"elbo": -1.0}])
    np.testing.assert_array_equal(history["held_out"], [-3.0, np.nan])
    with pytest.raises(KeyError):
        history["held out"]


@pytest.mark.parametrize("solver", [VariationalEM, SharedQ])
def test_a_gradient_that_is_not_finite_ends_a_full_sweep_too(solver):
    def root(x):
        # finite for the few rows that it is tried on when the solver is built
        y = np.sqrt(x * x)
        return y, lambda dy: dy * x / y * (np.nan if x.size > 100 else 1)

    model = LatentVariableModel(Gaussian(1), chain(Affine.random(1, 2, np.random.default_rng(0)), root),
                                GaussianLikelihood(0.5))
    with pytest.raises(DivergenceError, match=solver.__name__):
        solver(model, sweeps=3, batch_size=len(X)).fit(X)


def test_sigma_g_does_not_start_at_every_other_row():
    data = np.tile([[0.0], [100.0]], (2000, 2))
    solver = AmortizedVI(LatentVariableModel(Gaussian(1), mlp([1, 2]), GaussianLikelihood(learn=False)), sweeps=1)
    assert solver.fit(data).model.likelihood.sigma_g == pytest.approx(50, rel=0.01)


def test_q_steps_are_whole():
    with pytest.raises(ValueError, match="q_steps is -3, expected a whole number from 0"):
        VariationalEM(GAUSSIAN, sweeps=1, q_steps=-3).fit(X)


def test_a_sweep_that_ended_in_an_overflow_is_not_what_a_divergence_goes_back_to():
    value, table = np.zeros(2), np.zeros((2, 2))
    run = toy_training(value, table, m=2, batch_size=2, sweeps=9)
    with pytest.raises(DivergenceError, match="a non-finite ELBO in sweep 3"), run:
        for n, _ in enumerate(run.batches()):
            run.record(np.full(2, np.nan if n == 2 else 0.0))
            table += 1
            value[0] += 1 if n == 0 else np.inf
    np.testing.assert_array_equal(value, [1, 0])
    # of the same sweep, though the table was finite later, too
    np.testing.assert_array_equal(table, np.ones((2, 2)))


def test_a_sweep_in_which_the_fit_diverges_is_not_recorded():
    with pytest.raises(DivergenceError, match="in sweep 2"):
        with toy_training(m=3, batch_size=1, sweeps=9) as run:
            for n, _ in enumerate(run.batches()):
                run.record(np.full(1, np.nan if n == 5 else -1.0))
    np.testing.assert_array_equal(run.history["sweep"], [1])


def test_another_exception_passes_through_though_parameters_overflowed():
    value = np.zeros(2)
    with pytest.raises(ZeroDivisionError):
        with toy_training(value, m=2, batch_size=2, sweeps=9) as run:
            for _ in run.batches():
                run.record(np.zeros(2))
                value += np.inf
                raise ZeroDivisionError


def test_after_a_real_divergence_every_parameter_takes_adams_first_step(monkeypatch):
    fuse = Fuse(nan, lasting=True)
    fuse.light(monkeypatch, 100)
    fitted = AmortizedVI(fuse.model(), batch_size=20, sweeps=1000, dtype=np.float64)
    with pytest.raises(DivergenceError):
        fitted.fit(X)
    fuse.left, before = None, fitted.parameters.value.copy()
    fitted.batch_size, fitted.sweeps = 60, len(fitted.history) + 1
    fitted.fit(X, resume=True)
    # λ up or down, whatever the gradient's size: no moment is left of the steps that led to the divergence
    np.testing.assert_allclose(np.abs(fitted.parameters.value - before), fitted.learning_rate, rtol=1e-3)


@pytest.mark.parametrize("batch_size", [1, 2, 4])
def test_of_chosen_rows_every_batch_size_trains_on_each_once_a_sweep_and_on_no_other(batch_size):
    (rows, _), seen = hold_out(10, 0.6, seed=0), []
    with toy_training(m=10, batch_size=batch_size, sweeps=2, held_out=0.6) as run:
        run.solver._score_held_out = lambda X, rows: 0.0
        for index in run.batches():
            seen += np.arange(10)[index].tolist()
            run.record(np.zeros(len(index)))
    assert len(rows) == 4 and sorted(seen[:4]) == sorted(seen[4:]) == rows.tolist()
    np.testing.assert_array_equal(run.history["sweep"], [1, 2])


def one_gaussian(dtype=np.float64):
    """g(z) = W + b for the only z: along the gradient the error e at λ becomes e (1 − 2λ)."""
    zero = Affine(np.zeros((1, 1)), np.zeros(1))
    model = LatentVariableModel(Categorical(1, learn_weights=False), zero, GaussianLikelihood(1.0))
    parameters = lay_out({"theta": model}, dtype)
    return model.on(parameters, "theta."), parameters


@pytest.mark.parametrize("learning_rate, step, then", [
    (0.25, 0.25, 0.375), (1.0, 1.0, 1.5), (1.5, 0.75, 1.125), (0.75 * 2**39, 0.75, 1.125),
    (0.75 * 2**40, 0.0, 0.75 * 2**40)],
    ids=["rises", "does not fall", "falls", "39 halvings are within 40 trials", "40 halvings are not"])
def test_the_line_search_halves_until_the_elbo_does_not_fall_and_grows_by_half_after(learning_rate, step, then):
    model, parameters = one_gaussian()
    search = LineSearchStep(model, parameters, learning_rate)
    search(np.zeros((2, 1)), np.ones((2, 1)), None)
    # the gradient is 1 for W and for b
    np.testing.assert_array_equal(parameters.value, step)
    assert search.learning_rate == then


def test_adams_step_goes_along_the_mean_gradient_and_says_the_elbos_before_it():
    model, parameters = one_gaussian()
    x = np.array([[0.0], [1.0], [2.0], [5.0]])
    value = GradientStep(model, Adam(parameters.value, parameters.grad, 0.1))(np.zeros((4, 1)), x, None)
    np.testing.assert_allclose(value, -0.5 * x[:, 0] ** 2 - 0.5 * np.log(2 * np.pi), rtol=1e-14)
    # ∂/∂W and ∂/∂b are x̄ − g
    np.testing.assert_array_equal(parameters.grad, 2)
    np.testing.assert_allclose(parameters.value, 0.1, rtol=1e-6)


@pytest.mark.parametrize("done", [0.25, 1.0, 1.25, 2.75])
def test_after_a_sweep_that_was_cut_short_the_last_one_is_short_too(done):
    history = History([{"sweep": done, "elbo": -1.0, "seconds": 0.0}])
    with toy_training(m=20, batch_size=5, sweeps=3, history=history) as run:
        rows = 0
        for index in run.batches():
            run.record(np.zeros(len(index)))
            rows += len(index)
    assert rows == 20 * (3 - done) and run.history[-1]["sweep"] == 3


@every_solver
@pytest.mark.parametrize("setting, says", [
    ({"seed": 1.5}, "seed is 1.5, expected a whole number from 0"), ({"seed": -1}, "seed is -1"),
    ({"noise": 3}, "noise is 3, expected MonteCarlo")])
def test_a_seed_or_noise_that_is_none_is_turned_away(solver, setting, says):
    with pytest.raises(ValueError, match=says):
        solver(GAUSSIAN, **setting)


@pytest.mark.parametrize("model", [mlp_model(2, [8], 3), mixture_of_gaussians(4, 3)], ids=["mlp", "mixture"])
@pytest.mark.parametrize("batch_size", [100, 300])
def test_what_is_kept_after_a_divergence_has_a_finite_elbo(model, batch_size):
    rows = np.random.default_rng(0).normal(size=(300, 3))
    fitted = AmortizedVI(model, sweeps=30, learning_rate=1e3, batch_size=batch_size)
    with pytest.raises(DivergenceError):
        fitted.fit(rows)
    assert np.isfinite(fitted.elbo(rows)).all()
