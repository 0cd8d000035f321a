"""No fit that has diverged counts as done, and a fit that fails leaves the earlier one: usable, and resumable."""

from types import SimpleNamespace

import numpy as np
import pytest

from npvae import VAE, Autoencoder, datasets
from npvae.inference import AmortizedVI, DivergenceError, SharedQ, VariationalEM
from npvae.inference.earlier_fit import EarlierFit
from npvae.inference.elbo import bound_terms
from npvae.models import GaussianLikelihood, mixture_of_gaussians, mlp_model, probabilistic_pca

X = datasets.two_moons(60, 0).train
SOLVERS = [VariationalEM, SharedQ, AmortizedVI]
ESTIMATORS = [VAE, Autoencoder]
every_solver = pytest.mark.parametrize("solver", SOLVERS)
every_estimator = pytest.mark.parametrize("kind", ESTIMATORS)
MODEL = mlp_model(1, [4], 2)


def bits(fitted):
    solver = getattr(fitted, "solver_", fitted)
    records = [{k: v for k, v in record.items() if k != "seconds"} for record in solver.history]
    rows = solver.posterior.table if isinstance(solver, VariationalEM) else np.zeros(0)
    rows = solver.posterior.row if isinstance(solver, SharedQ) else rows
    return solver.parameters.value.tobytes(), rows.tobytes(), records


def fits(kind, **settings):
    """A solver or an estimator, and how its wild learning rate is set."""
    if kind in ESTIMATORS:
        settings = {"latent_dim": 1, "hidden": (4,), "final_learning_rate": None, "progress": False, **settings}
        return kind(**settings)
    return kind(MODEL, progress=False, **settings)


@pytest.mark.parametrize("kind", [*SOLVERS, *ESTIMATORS])
@pytest.mark.parametrize("learning_rate", [1e3, 1e6, 1e30])
@pytest.mark.parametrize("batch_size", [20, 5000], ids=["mini-batches", "all rows"])
def test_the_state_after_the_last_step_is_finite_or_the_fit_has_diverged(kind, learning_rate, batch_size):
    # all rows in one step: no later batch sees what it has led to
    model = fits(kind, sweeps=1, batch_size=batch_size, learning_rate=learning_rate)
    try:
        model.fit(X)
    except DivergenceError as problem:
        assert "Lower the learning rate" in str(problem)
        assert not getattr(model, "solver_", model).history or batch_size == 20
    scores = model.squared_error(X) if kind is Autoencoder else model.elbo(X)
    assert np.isfinite(scores).all()
    solver = getattr(model, "solver_", model)
    assert kind is Autoencoder or 0 < solver.model.likelihood.sigma_g < np.inf


@pytest.mark.parametrize("kind", [AmortizedVI, VAE])
def test_one_step_that_leads_to_an_infinite_sigma_g_is_a_divergence(kind):
    with pytest.raises(DivergenceError, match="sigma_g .* after its last step in sweep 1; the last finite parameters"):
        fits(kind, sweeps=1, batch_size=5000, learning_rate=1e3).fit(X)


def test_a_squared_error_that_overflows_after_the_last_step_is_a_divergence():
    with pytest.raises(DivergenceError, match="squared error"):
        fits(Autoencoder, sweeps=1, batch_size=5000, learning_rate=1e25).fit(X)


@pytest.mark.parametrize("solver, model, settings", [
    (VariationalEM, MODEL, {}), (SharedQ, MODEL, {}), (AmortizedVI, MODEL, {}), (VariationalEM, MODEL, {}),
    (VariationalEM, MODEL, {"batch_size": 60}), (SharedQ, MODEL, {"batch_size": 60}),
    (VariationalEM, mixture_of_gaussians(3, 2), {"batch_size": None}),
    (SharedQ, probabilistic_pca(1, 2), {"batch_size": None, "exact_m_step": True}),
    (VariationalEM, probabilistic_pca(1, 2), {"batch_size": None, "exact_m_step": True})])
def test_sigma_g_of_infinity_at_the_end_is_a_divergence_whatever_the_step(solver, model, settings, monkeypatch):
    fitted, ends = solver(model, sweeps=2, **{"batch_size": 20, **settings}), []
    original = solver._objective

    def late(self, X, index):
        self.parameters["theta.likelihood.log_sigma"][...] = 1000
        ends.append(len(self.history))
        return original(self, X, index)

    monkeypatch.setattr(solver, "_objective", late)
    with pytest.raises(DivergenceError, match="sigma_g"):
        fitted.fit(X)
    assert ends == [2] and len(fitted.history) == 1 and fitted.model.likelihood.sigma_g < np.inf


def test_a_sweep_is_not_handed_over_when_its_last_step_has_diverged():
    seen = []
    vae = fits(VAE, sweeps=3, batch_size=5000, learning_rate=1e3)
    with pytest.raises(DivergenceError):
        vae.fit(X, after_sweep=lambda model: seen.append(len(model.history_)))
    assert seen == []


@every_solver
def test_measuring_the_last_step_draws_nothing_from_the_generator_of_the_run(solver, monkeypatch):
    first = solver(MODEL, sweeps=3, batch_size=20).fit(X)
    monkeypatch.setattr(solver, "_objective", lambda self, X, index: np.zeros(1))
    second = solver(MODEL, sweeps=3, batch_size=20).fit(X)
    assert bits(first) == bits(second) and first._rng.bit_generator.state == second._rng.bit_generator.state


def refused(X):
    return np.where(np.arange(X.size).reshape(X.shape) == 7, np.nan, X)


@pytest.mark.parametrize("kind", [*SOLVERS, *ESTIMATORS])
@pytest.mark.parametrize("batch_size", [20, 60], ids=["mini-batches", "all rows"])
@pytest.mark.parametrize("data, rate, error", [
    (refused(X), 1e-3, ValueError), (X[:, :1], 1e-3, ValueError), (X, 1e30, DivergenceError),
    (X, float("nan"), ValueError)], ids=["nan", "one column", "diverges", "setting"])
def test_a_refit_that_fails_leaves_the_earlier_fit(kind, batch_size, data, rate, error):
    if kind in ESTIMATORS and data.shape[1] == 1:
        data = data[:, :0]
    if kind not in (AmortizedVI, *ESTIMATORS) and rate == 1e30 and batch_size == 60:
        pytest.skip("the line search halves any rate")
    model = fits(kind, sweeps=2, batch_size=batch_size, learning_rate=1e-3).fit(X)
    before, score = bits(model), model.score(X) if kind in ESTIMATORS else model.elbo(X)
    model.learning_rate = rate
    with pytest.raises(error) as raised:
        model.fit(data)
    assert error is not DivergenceError or "the earlier fit is kept" in str(raised.value)
    assert bits(model) == before
    np.testing.assert_array_equal(model.score(X) if kind in ESTIMATORS else model.elbo(X), score)


@pytest.mark.parametrize("kind", [AmortizedVI, *ESTIMATORS])
@pytest.mark.parametrize("data, rate", [(refused(X), 1e-3), (X, 1e30)], ids=["nan", "diverges"])
@pytest.mark.parametrize("resume", [False, True])
def test_the_earlier_fit_goes_on_as_if_nothing_had_been_tried(kind, data, rate, resume):
    settings = {"batch_size": 20, "learning_rate": 1e-3, "held_out": 0.2}
    whole = fits(kind, sweeps=4, **settings).fit(X)
    model = fits(kind, sweeps=2, **settings).fit(X)
    model.sweeps, model.learning_rate = 4, rate
    with pytest.raises((ValueError, DivergenceError)):
        model.fit(data, resume=resume)
    model.learning_rate = 1e-3
    assert bits(model.fit(X, resume=True)) == bits(whole)


def test_an_exact_step_that_fails_leaves_the_earlier_fit():
    em = VariationalEM(probabilistic_pca(1, 2), sweeps=2, exact_m_step=True).fit(X)
    before, em.sweeps = bits(em), 500
    with pytest.raises(ValueError, match="fits the data exactly"):
        em.fit(np.ones((9, 2)) * np.arange(9)[:, None])
    assert bits(em) == before


def interrupt_at(monkeypatch, solver, call):
    calls = []
    module = "amortized_vi" if solver is AmortizedVI else "theta_steps"

    def counted(*args):
        calls.append(1)
        if len(calls) == call:
            raise KeyboardInterrupt
        return bound_terms(*args)

    monkeypatch.setattr(f"npvae.inference.{module}.bound_terms", counted)


@pytest.mark.parametrize("kind, solver", [(VAE, AmortizedVI), *zip(SOLVERS, SOLVERS, strict=True)])
def test_an_interrupted_refit_before_its_first_batch_leaves_the_earlier_fit(kind, solver, monkeypatch):
    model = fits(kind, sweeps=2, batch_size=20).fit(X)
    before = bits(model)
    interrupt_at(monkeypatch, solver, 1)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X + 1)
    assert bits(model) == before


@pytest.mark.parametrize("kind, solver", [(VAE, AmortizedVI), *zip(SOLVERS, SOLVERS, strict=True)])
@pytest.mark.parametrize("refit", [False, True])
def test_an_interrupted_fit_raises_and_holds_what_it_has_learned(kind, solver, refit, monkeypatch):
    model = fits(kind, sweeps=5, batch_size=20)
    if refit:
        model.fit(X + 1)
    interrupt_at(monkeypatch, solver, 15)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X)
    monkeypatch.undo()
    history = model.history_ if kind is VAE else model.history
    assert 0 < history[-1]["sweep"] < 5
    assert np.isfinite(model.elbo(X)).all()


def test_an_interrupted_fit_with_held_out_rows_holds_the_best_sweep(monkeypatch):
    vae = fits(VAE, sweeps=50, batch_size=20, held_out=0.2, learning_rate=0.1)
    interrupt_at(monkeypatch, AmortizedVI, 40)
    with pytest.raises(KeyboardInterrupt):
        vae.fit(X)
    stopping = vae.solver_.run.stopping
    np.testing.assert_array_equal(vae.solver_.parameters.value, stopping.best)


def test_an_estimator_whose_first_fit_was_interrupted_before_its_first_batch_has_learned_nothing(monkeypatch):
    vae = fits(VAE, sweeps=2)
    interrupt_at(monkeypatch, AmortizedVI, 1)
    with pytest.raises(KeyboardInterrupt):
        vae.fit(X)
    assert not vae.__sklearn_is_fitted__()


@pytest.mark.parametrize("kind", [AmortizedVI, *ESTIMATORS])
@pytest.mark.parametrize("steps", [1, 2, 3, 4, 7, 8])
@pytest.mark.parametrize("held_out", [0.0, 0.2])
def test_a_fit_that_is_cut_after_any_step_goes_on_bit_by_bit_within_its_sweep(kind, steps, held_out, tmp_path):
    settings = {"batch_size": 16, "sweeps": 4, "held_out": held_out}
    whole, model, taken = fits(kind, **settings).fit(X), fits(kind, **settings), []

    def stop():
        taken.append(1)
        return len(taken) == steps

    if kind is AmortizedVI:
        model.after_step = stop
        model.fit(X)
        model.after_step = None
    else:
        model.fit(X, after_step=stop)
        model.save(tmp_path / "m.npz")
        model = kind.load(tmp_path / "m.npz")
    per_sweep = -(-round(60 * (1 - held_out)) // 16)
    history = getattr(model, "history_", None) or model.history
    assert len(taken) == steps and len(history) == -(-steps // per_sweep)
    assert (history[-1]["sweep"] % 1 > 0) == (steps % per_sweep > 0)
    assert bits(model.fit(X, resume=True)) == bits(whole)


def test_a_cut_sweep_goes_on_with_other_batches_if_their_size_has_changed():
    vae = fits(VAE, batch_size=16, sweeps=2).fit(X, after_step=lambda: True)
    vae.set_params(batch_size=20).fit(X, resume=True)
    assert [record["sweep"] for record in vae.history_] == pytest.approx([16 / 60, 76 / 60, 2])


def test_the_likelihoods_of_the_parts_are_what_they_were():
    # σ_g that is given is not judged: only the ELBO says whether it is too small
    assert np.isfinite(AmortizedVI(mlp_model(1, [4], 2, GaussianLikelihood(1e-6)), sweeps=1).fit(X).elbo(X)).all()


@pytest.mark.parametrize("kind", [AmortizedVI, *ESTIMATORS])
@pytest.mark.parametrize("learning_rate", [100, 200])
def test_a_fit_that_ends_far_below_where_it_began_has_diverged_though_all_is_finite(kind, learning_rate):
    settings = {"dtype": "float64"} if kind in ESTIMATORS else {"dtype": np.float64}
    learning_rate *= 100 if kind is Autoencoder else 1
    with pytest.raises(DivergenceError, match="(median .* begun with|beyond the data).*Lower the learning rate"):
        fits(kind, sweeps=1, batch_size=5000, learning_rate=learning_rate, **settings).fit(X)


def test_an_outlier_in_the_last_batch_is_no_divergence():
    data = X.copy()
    data[7] = 1e5
    vae = fits(VAE, sweeps=3, batch_size=16, sigma_g=1.0).fit(data)
    assert vae.elbo(data).min() < -1e8 and len(vae.history_) == 3


def test_another_objective_than_the_elbo_may_lower_it():
    # nearly no KL: the ELBO itself falls far, as asked for
    vae = fits(VAE, sweeps=200, batch_size=60, beta=1e-6, learning_rate=0.3, alpha=1e4).fit(X)
    assert len(vae.history_) == 200


@pytest.mark.parametrize("problem, new_history, learned, stays", [
    (KeyboardInterrupt(), False, True, True), (KeyboardInterrupt(), False, False, False),
    (KeyboardInterrupt(), True, True, True), (KeyboardInterrupt(), True, False, False),
    (ValueError("no such data"), False, True, False), (ValueError("no such data"), True, True, False)])
def test_what_a_stopped_fit_has_learned_stays_and_what_a_failed_one_has_does_not(problem, new_history, learned, stays):
    solver = SimpleNamespace(parameters="earlier", history=[{"sweep": 1}])
    kept = EarlierFit(solver)
    solver.parameters = "later"
    if new_history:
        solver.history = []
    if learned:
        solver.history.append({"sweep": 2})
    kept.put_back(problem)
    assert solver.parameters == ("later" if stays else "earlier")
