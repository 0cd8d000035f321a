"""Stopping, saving and going on is the same, bit by bit, as never having stopped."""

import numpy as np
import pytest

import npvae
from npvae import VAE, Autoencoder
from npvae.autoencoders import load
from npvae.inference import AmortizedVI

X = np.random.default_rng(0).uniform(size=(150, 6))
BASE = dict(latent_dim=2, hidden=(8,), sweeps=6, batch_size=32, progress=False)
CASES = [(VAE, {}), (VAE, {"likelihood": "bernoulli", "samples": 2}), (VAE, {"kl_warm_up": 5, "beta": 0.7}),
         (VAE, {"held_out": 0.2, "patience": 2, "learning_rate": 0.1}), (VAE, {"dtype": "float64", "alpha": 4.0}),
         (VAE, {"batch_size": 1000, "hidden": (8, 4)}), (VAE, {"final_learning_rate": None, "activation": "relu"}),
         (Autoencoder, {}), (Autoencoder, {"held_out": 0.2, "learning_rate": 0.1}), (Autoencoder, {"hidden": ()})]


def bits(model):
    run = model.solver_.run
    return (run.parameters.value.tobytes(), run.optimizer.m.tobytes(), run.optimizer.v.tobytes(), run.optimizer.t,
            run.rng.bit_generator.state, [{k: v for k, v in r.items() if k != "seconds"} for r in model.history_])


@pytest.fixture(params=CASES, ids=str)
def case(request):
    kind, settings = request.param
    return kind, {**BASE, **settings}


def test_three_sweeps_saved_and_three_more_are_six(case, tmp_path):
    kind, settings = case
    whole = kind(**settings).fit(X)
    # stopped as if it had been killed in the middle: what was saved after sweep 3 goes on
    kind(**settings).fit(X, after_sweep=lambda m: len(m.history_) == 3 and m.save(tmp_path / "m.npz"))
    assert bits(load(tmp_path / "m.npz").fit(X, resume=True)) == bits(whole)


def test_partial_fit_six_times_is_fit(case, tmp_path):
    kind, settings = case
    whole, parts = kind(**settings).fit(X), kind(**settings)
    for i in range(len(whole.history_)):
        parts.partial_fit(X)
        if i == 2:
            parts.save(tmp_path / "m.npz")
            parts = kind.load(tmp_path / "m.npz")
    assert bits(parts) == bits(whole)


def test_more_sweeps_than_at_first_are_the_same_at_a_constant_rate():
    constant = {**BASE, "final_learning_rate": None}
    first = VAE(**{**constant, "sweeps": 2}).fit(X)
    assert bits(first.set_params(sweeps=6).fit(X, resume=True)) == bits(VAE(**constant).fit(X))


def test_fit_without_resume_begins_anew():
    vae = VAE(**BASE).fit(X)
    assert bits(vae.fit(X)) == bits(VAE(**BASE).fit(X)) and len(vae.history_) == 6


def test_a_stopped_run_stays_stopped():
    vae = VAE(**{**BASE, "sweeps": 300, "held_out": 0.3, "patience": 1, "learning_rate": 0.1}).fit(X)
    sweeps, value = len(vae.history_), vae.solver_.parameters.value.copy()
    with pytest.warns(UserWarning, match="had stopped early, after 1 sweeps without .*: raise patience"):
        vae.fit(X, resume=True)
    assert len(vae.history_) == sweeps < 300
    np.testing.assert_array_equal(vae.solver_.parameters.value, value)


def test_another_architecture_cannot_go_on():
    vae = VAE(**BASE).fit(X)
    with pytest.raises(ValueError):
        vae.set_params(hidden=(9,)).fit(X, resume=True)


def test_the_solver_itself_goes_on():
    model = npvae.mlp_model(2, [8], 6)
    whole, part = AmortizedVI(model, sweeps=6, progress=False).fit(X), AmortizedVI(model, sweeps=3, progress=False)
    arrays = part.fit(X).run.arrays()
    again = AmortizedVI(model, sweeps=6, progress=False).restore(arrays).fit(X, resume=True)
    assert again.parameters.value.tobytes() == whole.parameters.value.tobytes()
    assert again.history["elbo"].tolist() == whole.history["elbo"].tolist()


def test_seconds_add_up_over_the_parts():
    vae = VAE(**{**BASE, "sweeps": 2}).fit(X)
    before = vae.history_[-1]["seconds"]
    vae.partial_fit(X)
    assert vae.history_[-1]["seconds"] > before and vae.history_[-1]["sweep"] == 3


OTHER = {"latent_dim": 3, "hidden": (5,), "activation": "relu", "dtype": "float64", "seed": 7, "held_out": 0.1}


@pytest.mark.parametrize("kind", [VAE, Autoencoder])
@pytest.mark.parametrize("name, value", OTHER.items())
def test_a_setting_that_the_parameters_go_with_cannot_change_under_them(kind, name, value, tmp_path):
    model = kind(latent_dim=2, hidden=(8,), sweeps=2).fit(X)
    codes, settings = model.transform(X), model.get_params()
    model.set_params(**{name: value})
    np.testing.assert_array_equal(model.transform(X), codes)
    assert model.sample(3).shape == (3, X.shape[1]) and len(model.get_feature_names_out()) == 2
    with pytest.raises(ValueError, match=f"{name} is .*but the run that goes on began with"):
        model.fit(X, resume=True)
    model.save(tmp_path / "model.npz")
    loaded = kind.load(tmp_path / "model.npz")
    np.testing.assert_array_equal(loaded.transform(X), codes)
    assert loaded.get_params() == settings


def test_a_fit_that_is_refused_leaves_what_was_learned_before():
    model = VAE(latent_dim=2, hidden=(8,), sweeps=2).fit(X)
    codes = model.transform(X)
    model.set_params(latent_dim=3)
    with pytest.raises(ValueError, match="rows held out leaves none"):
        model.set_params(held_out=0.999999).fit(X[:1, :2])
    assert model.n_features_in_ == X.shape[1] and model.fitted_settings_["latent_dim"] == 2
    np.testing.assert_array_equal(model.transform(X), codes)


@pytest.mark.parametrize("kind", [VAE, Autoencoder])
def test_however_short_the_time_there_is_one_step(kind):
    model = kind(latent_dim=2, hidden=(8,), seconds=1e-9).fit(X)
    assert len(model.history_) == 1 and 0 < model.history_[-1]["sweep"] <= 1
    # time that is used up adds none
    assert len(model.fit(X, resume=True).history_) == 1


@pytest.mark.parametrize("n", [0, 1.5, "3", None])
def test_how_many_to_sample_is_a_whole_number(n):
    model = Autoencoder(latent_dim=2, hidden=(8,), sweeps=1).fit(X)
    with pytest.raises(ValueError, match="^n is"):
        model.sample(n)
