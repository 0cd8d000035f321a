"""The door for numbers, seeds and paths: what is returned is a plain Python number, and it is what is used."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import npvae
from npvae import VAE, Autoencoder, datasets
from npvae.autoencoders import load
from npvae.checks import as_path, positive, real, truth, whole
from npvae.inference import AmortizedVI, SharedQ, VariationalEM, fit_rows
from npvae.inference.argmax_q import starting_rows
from npvae.inference.fit_encoder import fit_encoder
from npvae.models import Gaussian, GaussianLikelihood, MonteCarlo, mlp_model, probabilistic_pca
from npvae.nn import Adam, Affine, mlp

NO_WHOLE = [True, np.True_, 1.0, np.float64(2), "3", None, [3], np.array([3]), 0, -1, float("nan"), 1j]
NO_REAL = [True, np.True_, "0.1", None, [0.1], np.array([0.1]), 1j, float("nan"), float("inf"), Decimal("NaN"),
           Decimal("sNaN"), 10**400, np.longdouble("1e4000")]
X = np.random.default_rng(0).normal(size=(50, 3))


@pytest.mark.parametrize("number", [3, np.int8(3), np.uint8(3), np.uint64(3), np.array(3), np.array(3, np.int16)])
def test_a_whole_number_is_returned_as_an_int(number):
    assert type(whole("n", number)) is int and whole("n", number) == 3


@pytest.mark.parametrize("number", NO_WHOLE, ids=repr)
def test_what_is_no_whole_number_is_refused(number):
    with pytest.raises(ValueError, match="n is .*, expected a whole number from 1"):
        whole("n", number)


@pytest.mark.parametrize("number", [0.25, np.float16(0.25), np.float32(0.25), Fraction(1, 4), Decimal("0.25"),
                                    np.array(0.25), np.longdouble(0.25)], ids=repr)
def test_a_real_number_is_returned_as_a_float(number):
    for check in (positive, real):
        assert type(check("rate", number)) is float and check("rate", number) == 0.25


@pytest.mark.parametrize("number", NO_REAL, ids=repr)
def test_what_is_no_finite_number_is_refused(number):
    for check in (positive, real):
        with pytest.raises(ValueError, match="rate is .*, expected a .*finite number"):
            check("rate", number)


def test_bounds_hold_for_what_is_used_not_for_what_was_written():
    with pytest.raises(ValueError, match="expected a positive finite number"):
        positive("rate", Fraction(1, 10**400))
    assert real("fraction", 0, 0, 1) == 0 and real("fraction", 1, 0, 1) == 1
    with pytest.raises(ValueError, match="expected a finite number from 0 to 1"):
        real("fraction", 1.5, 0, 1)


def test_truth_is_true_or_false():
    assert truth("learn", np.False_) is False and truth("learn", True) is True
    for value in (0, 1, "yes", None, np.array(True)):
        with pytest.raises(ValueError, match="expected True or False"):
            truth("learn", value)


@pytest.mark.parametrize("path", [None, 1, 0, b"model.npz", "", "a\0b", [], 3.5, object()],
                         ids=lambda path: repr(path).partition(" at ")[0])
def test_a_path_is_a_str_or_a_path(path):
    for use in (as_path, load, VAE.load, Autoencoder.load, datasets.load_file,
                Autoencoder(sweeps=1, hidden=(2,), latent_dim=1).fit(X).save,
                Autoencoder(sweeps=1, hidden=(2,), latent_dim=1).fit(X).export):
        with pytest.raises(ValueError, match="expected the path of a file as a str or a Path"):
            use(path)
    assert as_path("a/b") == Path("a/b") == as_path(Path("a/b"))


def test_a_table_file_is_a_path(tmp_path):
    with pytest.raises(ValueError, match="table_file is 7, expected the path of a file"):
        VariationalEM(probabilistic_pca(1, 3), sweeps=1, batch_size=10, table_file=7).fit(X)


MODEL = probabilistic_pca(2, 3, sigma_g=1.0)
SEEDED = {
    "mlp": lambda rng: mlp([2, 3], rng=rng).arrays()["0.W"],
    "Affine.random": lambda rng: Affine.random(2, 3, rng).W,
    "mlp_model": lambda rng: mlp_model(1, [3], 2, rng=rng).arrays()["decoder.0.W"],
    "probabilistic_pca": lambda rng: probabilistic_pca(1, 2, rng=rng).arrays()["decoder.0.W"],
    "mixture_of_gaussians": lambda rng: npvae.mixture_of_gaussians(3, 2, rng=rng).arrays()["decoder.0.W"],
    "model.sample": lambda rng: MODEL.sample(5, rng)[0],
    "Gaussian.sample": lambda rng: Gaussian(2).sample(np.zeros((3, 4)), 5, rng),
    "Gaussian.sample_prior": lambda rng: Gaussian(2).sample_prior(5, rng),
    "Categorical.sample": lambda rng: npvae.Categorical(3).sample(np.zeros((3, 3)), 5, rng),
    "Categorical.sample_prior": lambda rng: npvae.Categorical(3).sample_prior(50, rng),
    "GaussianLikelihood.sample": lambda rng: GaussianLikelihood(1.0).sample(np.zeros((3, 4)), rng),
    "BernoulliLikelihood.sample": lambda rng: npvae.BernoulliLikelihood().sample(np.zeros((3, 40)), rng),
    "MonteCarlo": lambda rng: MonteCarlo(3)(rng, 5, 2).eps,
    "starting_rows": lambda rng: starting_rows(MODEL, X, rng),
    "fit_rows": lambda rng: fit_rows(MODEL, X, npvae.elbo_estimators(Gaussian(2), 2)["leave-one-out"], rng, steps=3),
    "estimator": lambda rng: npvae.elbo_estimators(Gaussian(2), 2)["mean baseline"](MODEL, np.zeros((50, 4)), X, rng),
    "variance": lambda rng: [r["measured"] for r in npvae.variance_against_dimension([2], rng, vectors=1000)],
    "VAE.sample": lambda rng: VAE(2, (3,), sweeps=1).fit(X).sample(5, rng, noise=True),
    "Autoencoder.sample": lambda rng: Autoencoder(2, (3,), sweeps=1).fit(X).sample(5, rng),
    "two_moons": lambda rng: datasets.two_moons(20, rng).train,
    "split": lambda rng: datasets.split(X, rng=rng)[0],
    "evaluate": lambda rng: npvae.evaluate(MODEL, np.zeros((50, 4)), X, MonteCarlo(2), seed=rng),
    "importance": lambda rng: npvae.importance_weighted_bound(MODEL, np.zeros((50, 4)), X, 5, seed=rng),
    "log_likelihood": lambda rng: VAE(2, (3,), sweeps=1).fit(X).log_likelihood(X, 5, seed=rng),
}


@pytest.mark.parametrize("call", SEEDED.values(), ids=SEEDED)
def test_a_seed_stands_for_a_generator_everywhere(call):
    expected = call(np.random.default_rng(7))
    for seed in (7, np.uint8(7), np.array(7)):
        np.testing.assert_array_equal(call(seed), expected)
    assert not np.array_equal(call(8), expected)


@pytest.mark.parametrize("call", SEEDED.values(), ids=SEEDED)
@pytest.mark.parametrize("rng", ["0", 1.5, -1, True, np.random, [0]], ids=["str", "float", "-", "bool", "module", "[]"])
def test_what_is_no_generator_and_no_seed_is_refused(call, rng):
    with pytest.raises(ValueError, match="expected a numpy.random.Generator or a seed"):
        call(rng)


SMALL_INTS = dict(batch_size=np.uint8(200), sweeps=np.uint8(2), seed=np.uint8(250))


@pytest.mark.parametrize("solver", [VariationalEM, SharedQ, AmortizedVI])
def test_a_solver_uses_the_numbers_that_were_checked(solver):
    data = np.random.default_rng(0).normal(size=(700, 3))
    fits = [solver(mlp_model(1, [4], 3), learning_rate=rate, dtype=np.float64, **settings).fit(data)
            for settings, rate in ((SMALL_INTS, np.float16(0.01)),
                                   ({k: int(v) for k, v in SMALL_INTS.items()}, float(np.float16(0.01))))]
    assert [len(fit.history) for fit in fits] == [2, 2]
    assert fits[0].parameters.value.tobytes() == fits[1].parameters.value.tobytes()


@pytest.mark.parametrize("solver", [VariationalEM, SharedQ])
def test_em_uses_the_numbers_that_were_checked(solver):
    small = dict(q_steps=np.uint8(3), q_learning_rate=Fraction(1, 100), tolerance=Decimal("1e-3"),
                 learning_rate=Decimal("0.01"), seconds=Decimal("60"), sweeps=2)
    plain = dict(q_steps=3, q_learning_rate=0.01, tolerance=1e-3, learning_rate=0.01, seconds=60.0, sweeps=2)
    a, b = (solver(mlp_model(1, [4], 3), batch_size=10, **settings).fit(X) for settings in (small, plain))
    assert a.parameters.value.tobytes() == b.parameters.value.tobytes()


@pytest.mark.parametrize("kind", [VAE, Autoencoder])
def test_an_autoencoder_uses_the_numbers_that_were_checked(kind):
    small = dict(latent_dim=np.int8(100), hidden=[np.uint8(200), np.int8(100)], batch_size=np.uint8(200),
                 sweeps=np.uint8(2), patience=np.int8(3), seed=np.uint16(3), learning_rate=Fraction(1, 1000),
                 final_learning_rate=Decimal("0.0001"), held_out=np.float16(0.25), seconds=np.array(60.0))
    plain = dict(latent_dim=100, hidden=(200, 100), batch_size=200, sweeps=2, patience=3, seed=3, learning_rate=0.001,
                 final_learning_rate=0.0001, held_out=0.25, seconds=60.0)
    if kind is VAE:
        small |= dict(samples=np.uint8(2), beta=np.float16(0.5), kl_warm_up=np.uint8(2), alpha=Fraction(1, 2))
        plain |= dict(samples=2, beta=0.5, kl_warm_up=2, alpha=0.5)
    data = np.random.default_rng(0).normal(size=(300, 3))
    a, b = (kind(**settings).fit(data) for settings in (small, plain))
    assert a.solver_.parameters.value.tobytes() == b.solver_.parameters.value.tobytes()
    assert small.items() <= a.get_params().items()
    np.testing.assert_array_equal(a.transform(data), b.transform(data))


@pytest.mark.parametrize("kind", [VAE, Autoencoder])
def test_settings_of_any_kind_of_number_can_be_saved(kind, tmp_path):
    model = kind(latent_dim=np.int8(2), hidden=[np.uint8(4)], sweeps=np.uint8(2), learning_rate=Fraction(1, 100),
                 final_learning_rate=Decimal("0.001"), held_out=np.float16(0.25), seconds=np.array(60.0)).fit(X)
    model.save(tmp_path / "model.npz")
    np.testing.assert_array_equal(load(tmp_path / "model.npz").transform(X), model.transform(X))
    again = kind.load(tmp_path / "model.npz").set_params(sweeps=3)
    assert len(again.fit(X, resume=True).history_) == 3


def test_functions_use_the_numbers_that_were_checked():
    q = np.zeros((50, 4))
    a, b = (npvae.importance_weighted_bound(MODEL, q, X, samples, repeats)
            for samples, repeats in ((np.uint8(200), np.uint8(2)), (200, 2)))
    np.testing.assert_array_equal(a, b)
    assert MonteCarlo(np.uint8(200)).samples.__class__ is int and npvae.GaussHermite(np.int8(20)).nodes.__class__ is int
    assert npvae.GaussHermite(np.int8(20))(None, 1, 2).w.shape == (400, 1)
    assert Gaussian(np.int8(100)).row_size == 200
    assert datasets.two_moons(np.uint8(250)).train.shape == (250, 2)
    assert datasets.mixture(np.uint8(20), components=np.int8(3), sigma_g=Decimal("0.1")).train.shape == (20, 2)
    assert GaussianLikelihood(Decimal("0.5")).sigma_g == GaussianLikelihood(np.float16(0.5)).sigma_g == 0.5
    x, fixed = X[:5], fit_encoder(MODEL, mlp([3, 4]), X, steps=np.uint8(3), learning_rate=Fraction(1, 100))
    np.testing.assert_array_equal(fixed(x)[0], fit_encoder(MODEL, mlp([3, 4]), X, steps=3, learning_rate=0.01)(x)[0])


@pytest.mark.parametrize("call", [
    lambda: Adam(np.zeros(2), np.zeros(2), 0.1, beta1=1.5),
    lambda: Adam(np.zeros(2), np.zeros(2), 0.1, beta2="0.9"),
    lambda: Adam(np.zeros(2), np.zeros(2), 0.1, epsilon=0),
    lambda: npvae.SGD(np.zeros(2), np.zeros(2), 0.1, momentum=None),
    lambda: npvae.RowAdam(np.zeros((2, 2)), 0.1, beta1=-1),
    lambda: AmortizedVI(MODEL, held_out="half", sweeps=1).fit(X),
    lambda: AmortizedVI(MODEL, held_out=True, sweeps=1).fit(X),
    lambda: AmortizedVI(MODEL, patience=0, held_out=0.5, sweeps=1).fit(X),
    lambda: AmortizedVI(MODEL, dtype="float31"),
    lambda: AmortizedVI(MODEL, dtype=[]),
    lambda: AmortizedVI(MODEL, progress="yes", sweeps=1).fit(X),
    lambda: AmortizedVI(MODEL, after_sweep=3, sweeps=1).fit(X),
    lambda: VAE(progress="yes").fit(X),
    lambda: VAE(sweeps=1).fit(X, after_sweep=3),
    lambda: VAE(hidden=5).fit(X),
    lambda: VAE(hidden={8}).fit(X),
    lambda: VAE(hidden="8").fit(X),
    lambda: VAE(hidden=None).fit(X),
    lambda: VAE(hidden=(8, None)).fit(X),
    lambda: VAE(dtype=np.float32).fit(X),
    lambda: VAE(activation=np.tanh).fit(X),
    lambda: VAE(activation=["tanh"]).fit(X),
    lambda: mlp(5), lambda: mlp(None), lambda: mlp("23"), lambda: mlp([2, "3"]),
    lambda: mlp_model(2, 8, 3), lambda: mlp_model(2, None, 3), lambda: mlp_model(2, "8", 3),
    lambda: VariationalEM(MODEL, exact_m_step="no").fit(X),
    lambda: GaussianLikelihood(1.0, learn="yes"),
    lambda: npvae.Categorical(3, learn_weights="no"),
    lambda: npvae.Categorical(3, weights="abc"), lambda: npvae.Categorical(3, weights=[[1], [2, 3]]),
    lambda: npvae.mixture_of_gaussians(2, 2, means=[[1], [2, 3]]),
    lambda: npvae.mixture_of_gaussians(2, 2, means="abcd"),
    lambda: npvae.mixture_of_gaussians(2, 1, means=[[np.nan], [1]]),
    lambda: MODEL.sample("5", 0), lambda: MODEL.sample(-5, 0), lambda: MODEL.sample(2.5, 0),
    lambda: Gaussian(2).sample_prior(1.5, 0), lambda: Gaussian(2).sample(np.zeros((3, 4)), "a", 0),
    lambda: npvae.elbo_estimators(Gaussian(2), 0), lambda: npvae.elbo_estimators(Gaussian(2), "4"),
    lambda: npvae.variance_against_dimension(2, 0), lambda: npvae.variance_against_dimension([0], 0),
    lambda: npvae.variance_against_dimension([2], 0, samples=1),
    lambda: npvae.variance_against_dimension([2], 0, sigma=0),
    lambda: npvae.variance_against_dimension([2], 0, vectors=0.5),
    lambda: npvae.argmax_q(mlp_model(1, [3], 3), X, np.zeros((50, 2)), tolerance=None),
    lambda: npvae.argmax_q(mlp_model(1, [3], 3), X, np.zeros((50, 2)), most_steps="many"),
    lambda: npvae.gap_decomposition(MODEL, np.zeros((50, 4)), X, tolerance="small"),
    lambda: npvae.log_marginal(MODEL, X, tolerance=0),
    lambda: VAE(sweeps=1, hidden=(2,)).fit(X).log_likelihood(X, samples=1.5),
    lambda: VAE(sweeps=1, hidden=(2,)).fit(X).inverse_transform("codes"),
    lambda: VAE(sweeps=1, hidden=(2,)).fit(X).inverse_transform(None),
    lambda: VAE(sweeps=1, hidden=(2,)).fit(X).inverse_transform([[1], [2, 3]]),
    lambda: VAE(sweeps=1, hidden=(2,)).fit(X).sample(0),
    lambda: VAE(sweeps=1, hidden=(2,)).fit(X).sample(2.5),
    lambda: VAE(sweeps=1, hidden=(2,)).fit(X).export("x.npz", dtype=np.float16),
])
def test_a_wrong_setting_is_a_sentence(call):
    with pytest.raises(ValueError, match="expected|needs|must|give"):
        call()
