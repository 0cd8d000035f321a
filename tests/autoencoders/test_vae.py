"""The VAE: its verbs, its likelihoods, what it learns on the digits with default settings."""

import copy
import pickle

import numpy as np
import pytest

import npvae
from npvae.inference import AmortizedVI, DivergenceError, importance_weighted_bound
from npvae.inference.schedules import cosine, warm_up
from npvae.models import MonteCarlo, mlp_model
from npvae.nn import mlp, relu

DIGITS = npvae.datasets.digits()
X = np.random.default_rng(0).uniform(size=(120, 6))
SMALL = dict(latent_dim=2, hidden=(8,), sweeps=4, progress=False)


@pytest.fixture(scope="module")
def digits_vae():
    return npvae.VAE(progress=False).fit(DIGITS.train)


def test_default_settings_reach_thirty_nats_on_unseen_digits(digits_vae):
    assert digits_vae.score(DIGITS.test) >= 30


def test_the_learned_variance_is_the_mean_squared_error(digits_vae):
    # at the optimum over σ_g, σ_g² = E_q‖x − g(z)‖²/D on the data it was learned from
    q = digits_vae.solver_.infer(DIGITS.train)
    z = digits_vae.model_.latent.sample(q, 20, np.random.default_rng(1))
    error = digits_vae.inverse_transform(z.reshape(-1, 10)).reshape(20, -1, 64) - DIGITS.train
    assert digits_vae.sigma_g_**2 == pytest.approx((error**2).mean(), rel=0.05)


def test_the_importance_weighted_bound_lies_above_the_elbo_and_rises(digits_vae):
    few = DIGITS.test[:60]
    with pytest.warns(UserWarning, match="of 300 draws only .* have a say in row"):
        bounds = [digits_vae.score(few), *(digits_vae.log_likelihood(few, k).mean() for k in (10, 300))]
    # an encoder leaves a nat to a proposal that fits the row
    fits = digits_vae.log_likelihood(few[:20], 300, proposal="mixture").mean()
    assert bounds[0] < bounds[1] < bounds[2]
    with pytest.warns(UserWarning, match="of 300 draws"):
        assert fits > digits_vae.log_likelihood(few[:20], 300).mean() + 0.5


def test_the_verbs_have_their_shapes(digits_vae):
    few = DIGITS.test[:5]
    Z = digits_vae.transform(few)
    assert Z.shape == (5, 10) and digits_vae.inverse_transform(Z).shape == (5, 64)
    np.testing.assert_array_equal(digits_vae.reconstruct(few), digits_vae.inverse_transform(Z))
    assert digits_vae.sample(7).shape == digits_vae.sample(7, noise=True).shape == (7, 64)
    np.testing.assert_array_equal(digits_vae.sample(3, rng=4), digits_vae.sample(3, np.random.default_rng(4)))
    np.testing.assert_array_equal(digits_vae.score_samples(few), digits_vae.elbo(few))
    assert all(a.dtype == np.float64 for a in (Z, digits_vae.elbo(few), digits_vae.sample(1)))
    assert list(digits_vae.get_feature_names_out())[:2] == ["vae0", "vae1"]


def test_noisy_samples_have_the_variance_of_the_noise(digits_vae):
    # the noise is drawn after z, so the same seed gives the same z
    noise = digits_vae.sample(2000, rng=1, noise=True) - digits_vae.sample(2000, rng=1)
    assert noise.std() == pytest.approx(digits_vae.sigma_g_, rel=0.02)


def test_both_signs_of_the_lectures_cost(digits_vae):
    few = DIGITS.test[:20]
    C, L = digits_vae.cost(few), digits_vae.cost(few, "maximise")
    np.testing.assert_array_equal(C, -L)
    constant = 32 * np.log(2 * np.pi * digits_vae.sigma_g_**2)
    np.testing.assert_allclose(L, digits_vae.elbo(few) + constant, rtol=1e-12)
    assert (C > 0).all()
    with pytest.raises(ValueError, match="minimise"):
        digits_vae.cost(few, "sideways")


def test_the_cost_is_alpha_squared_error_plus_kl():
    vae = npvae.VAE(**SMALL, alpha=3.0).fit(X)
    rng, q = np.random.default_rng(5), vae.solver_.infer(X)
    kl = vae.model_.latent.kl(q)[0]
    z = vae.model_.latent.sample(q, 4000, rng)
    error = ((vae.inverse_transform(z.reshape(-1, 2)).reshape(4000, -1, 6) - X) ** 2).sum(2).mean(0)
    np.testing.assert_allclose(vae.cost(X), 3.0 * error + kl, rtol=0.05)


def test_alpha_and_sigma_g_say_the_same():
    first, second = npvae.VAE(**SMALL, alpha=2.0).fit(X), npvae.VAE(**SMALL, sigma_g=0.5).fit(X)
    assert first.sigma_g_ == second.sigma_g_ == pytest.approx(0.5)
    assert first.solver_.parameters.value.tobytes() == second.solver_.parameters.value.tobytes()


def test_bernoulli_learns_and_has_no_cost_with_alpha():
    vae = npvae.VAE(**{**SMALL, "sweeps": 40}, likelihood="bernoulli").fit(X > 0.7)
    assert vae.history_["elbo"][-1] > vae.history_["elbo"][0] and vae.sigma_g_ is None
    Y = vae.sample(50)
    assert 0 <= Y.min() and Y.max() <= 1 and set(np.unique(vae.sample(9, noise=True))) <= {0.0, 1.0}
    with pytest.raises(ValueError, match="gaussian"):
        vae.cost(X > 0.7)


@pytest.mark.parametrize("settings", [{}, {"samples": 3}, {"kl_warm_up": 2}, {"likelihood": "bernoulli"},
                                      {"hidden": ()}, {"dtype": "float64"}, {"activation": "relu"},
                                      {"held_out": 0.2, "beta": 0.5}])
def test_a_seed_fixes_every_bit(settings):
    first, second = (npvae.VAE(**{**SMALL, **settings}, seed=3).fit(X) for _ in range(2))
    other = npvae.VAE(**{**SMALL, **settings}, seed=4).fit(X)
    assert first.solver_.parameters.value.tobytes() == second.solver_.parameters.value.tobytes()
    assert first.solver_.parameters.value.tobytes() != other.solver_.parameters.value.tobytes()


def test_images_of_integers_are_the_same_as_their_fractions_of_255():
    images = np.random.default_rng(1).integers(0, 256, size=(60, 6)).astype(np.uint8)
    first, second = npvae.VAE(**SMALL).fit(images), npvae.VAE(**SMALL).fit(images.astype(np.float32) / np.float32(255))
    np.testing.assert_allclose(first.elbo(images), second.elbo(images / 255), rtol=1e-3)


def test_the_history_holds_elbos_while_the_kl_has_another_weight():
    weighted = npvae.VAE(latent_dim=2, hidden=(16,), sweeps=30, beta=0.01, sigma_g=0.2, progress=False)
    weighted.fit(DIGITS.train)
    kl = weighted.model_.latent.kl(weighted.solver_.infer(DIGITS.train))[0].mean()
    assert kl > 5
    assert weighted.history_["elbo"][-1] == pytest.approx(weighted.score(DIGITS.train), abs=0.2)


def test_early_stopping_stops_and_keeps_the_best_sweep():
    few, more = DIGITS.train[:150], dict(latent_dim=10, hidden=(64,), progress=False, final_learning_rate=None)
    stopped = npvae.VAE(**more, sweeps=400, held_out=0.3, patience=5).fit(few)
    held_out = stopped.history_["held_out"]
    assert len(held_out) < 400 and held_out.argmax() == len(held_out) - 1 - 5
    best = npvae.VAE(**more, sweeps=int(held_out.argmax()) + 1, held_out=0.3).fit(few)
    assert stopped.solver_.parameters.value.tobytes() == best.solver_.parameters.value.tobytes()
    assert stopped.score(DIGITS.test) > npvae.VAE(**more, sweeps=400).fit(few).score(DIGITS.test)


@pytest.mark.parametrize("settings, says", [
    ({"latent_dim": 0}, "latent_dim is 0"), ({"latent_dim": 1.5}, "1.5"), ({"hidden": 5}, "hidden is 5"),
    ({"hidden": (8, 0)}, "hidden"), ({"activation": "swish"}, "swish"), ({"sweeps": 0}, "sweeps is 0"),
    ({"learning_rate": float("nan")}, "learning_rate"), ({"final_learning_rate": -1}, "final_learning_rate"),
    ({"held_out": 1}, "held_out is 1"), ({"patience": 0}, "patience"), ({"seed": -1}, "seed is -1"),
    ({"dtype": "float16"}, "float16"), ({"likelihood": "cauchy"}, "cauchy"), ({"sigma_g": 0}, "sigma_g is 0"),
    ({"alpha": -1}, "alpha is -1"), ({"alpha": 1, "sigma_g": 1}, "both"), ({"beta": 0}, "beta"),
    ({"samples": 0}, "samples"), ({"kl_warm_up": -1}, "kl_warm_up"), ({"seconds": 0}, "seconds"),
    ({"likelihood": "bernoulli", "alpha": 1}, "Bernoulli")])
def test_a_setting_that_makes_no_sense_is_named(settings, says):
    vae = npvae.VAE(**{**SMALL, **settings})
    with pytest.raises(ValueError, match=says):
        vae.fit(X)
    with pytest.raises(ValueError, match="call fit"):
        vae.transform(X)


@pytest.mark.parametrize("bad, says", [
    (np.full((5, 6), np.nan), "nan in row 0"), (np.zeros(5), "shape"), (np.zeros((0, 6)), "shape"),
    ([["a"]], "numbers")])
def test_bad_data_are_refused_and_what_was_learned_stays(bad, says):
    vae = npvae.VAE(**SMALL).fit(X)
    before = vae.solver_.parameters.value.copy()
    for fit in (vae.fit, vae.partial_fit):
        with pytest.raises(ValueError, match=says):
            fit(bad)
    np.testing.assert_array_equal(vae.solver_.parameters.value, before)


def test_what_only_fit_can_give_is_not_there_before_it():
    # as in scikit-learn: hasattr asks, and gets an answer
    for name in ("history_", "model_", "sigma_g_"):
        assert not hasattr(npvae.VAE(), name)
    with pytest.raises(ValueError, match="call fit"):
        npvae.VAE().transform(X)


def test_data_of_another_width_are_refused():
    vae = npvae.VAE(**SMALL).fit(X)
    for verb in (vae.transform, vae.elbo, vae.reconstruct, vae.partial_fit, vae.log_likelihood):
        with pytest.raises(ValueError, match="5"):
            verb(X[:, :5])
    with pytest.raises(ValueError, match=r"codes of shape \(2, 3\), expected \(rows, 2\)"):
        vae.inverse_transform(np.zeros((2, 3)))


def test_bernoulli_refuses_data_outside_of_the_unit_interval_and_forgets_nothing():
    vae = npvae.VAE(**SMALL, likelihood="bernoulli")
    with pytest.raises(ValueError, match="rescale"):
        vae.fit(X + 1)
    assert not vae.__sklearn_is_fitted__()


def test_after_a_divergence_the_model_is_finite_and_can_go_on():
    vae = npvae.VAE(**SMALL, sigma_g=1e-3).fit(X)
    vae.set_params(learning_rate=1e30, final_learning_rate=None)
    with pytest.raises(DivergenceError):
        vae.set_params(sweeps=30).fit(X, resume=True)
    assert np.isfinite(vae.solver_.parameters.value).all()
    vae.set_params(learning_rate=1e-4).partial_fit(X)
    assert np.isfinite(vae.solver_.parameters.value).all()


def test_a_fitted_model_can_be_copied_and_pickled():
    vae = npvae.VAE(**SMALL, held_out=0.1).fit(X, after_sweep=lambda model: None)
    for twin in (copy.deepcopy(vae), pickle.loads(pickle.dumps(vae))):
        np.testing.assert_array_equal(twin.elbo(X), vae.elbo(X))


def test_after_each_sweep_the_model_is_handed_over():
    seen = []
    npvae.VAE(**SMALL).fit(X, after_sweep=lambda model: seen.append((len(model.history_), model.score(X))))
    assert [n for n, _ in seen] == [1, 2, 3, 4]


def test_a_vae_is_the_solver_that_its_settings_describe():
    settings = dict(latent_dim=2, hidden=(5, 3), activation="relu", sweeps=60, batch_size=7, learning_rate=0.03,
                    final_learning_rate=0.02, held_out=0.2, patience=2, seed=5, dtype="float64", progress=False,
                    samples=3, beta=0.5, kl_warm_up=2)
    rng = np.random.default_rng([5, 2])
    encoder = mlp([6, 3, 5, 4], relu, rng, input_gradient=False)
    solver = AmortizedVI(mlp_model(2, [5, 3], 6, activation=relu, rng=rng), encoder=encoder, sweeps=60, batch_size=7,
                         learning_rate=cosine(0.03, 0.02, 60), noise=MonteCarlo(3), beta=warm_up(2, 0.5), held_out=0.2,
                         patience=2, seed=5, dtype=np.float64).fit(X)
    vae = npvae.VAE(**settings).fit(X)
    np.testing.assert_array_equal(vae.solver_.parameters.value, solver.parameters.value)
    assert 2 < len(vae.history_) == len(solver.history) < 60
    np.testing.assert_array_equal(vae.sample(3), vae.inverse_transform(np.random.default_rng(5).normal(size=(3, 2))))


def test_the_seed_of_the_importance_weighted_bound_is_passed_on():
    vae = npvae.VAE(**SMALL).fit(X)
    expected = importance_weighted_bound(vae.model_, vae.solver_.infer(X), X, 5, seed=1, proposal="mixture")
    np.testing.assert_array_equal(vae.log_likelihood(X, 5, seed=1), expected)
    assert (vae.log_likelihood(X, 5) != expected).all()
