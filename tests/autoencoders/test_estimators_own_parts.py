"""Decoder, encoder, likelihood and latent family of the user's in VAE and Autoencoder: fitted, used, saved, refused."""

import copy
import functools
import math

import numpy as np
import pytest
import twelve_own_parts as twelve

import npvae
from npvae.autoencoders import load
from npvae.autoencoders.own_parts import said
from npvae.nn import Affine, chain, mlp, tanh

X = np.random.default_rng(0).normal(size=(90, 5)) @ np.diag([3.0, 2.0, 1.0, 0.5, 0.5])
SMALL = dict(sweeps=4, batch_size=20, hidden=(8,), progress=False, final_learning_rate=None)


class StudentT:
    """p(x|z) = Π_d t_ν(x_d − g_d), up to its normaliser, which depends on ν alone."""

    def __init__(self, dof=4.0):
        self.dof = dof

    def log_prob(self, x, g):
        e, v = x - g, self.dof
        c = math.lgamma((v + 1) / 2) - math.lgamma(v / 2) - 0.5 * math.log(v * math.pi)
        value = (c - 0.5 * (v + 1) * np.log1p(e * e / v)).sum(2)
        return value, lambda d: (v + 1) * e / (v + e * e) * d[:, :, None]

    def mean(self, g):
        return g


class Scale:
    """y = s x with one number s for each column: a layer with a parameter of its own."""

    def __init__(self, s, ds=None):
        self.s, self.ds = s, ds

    def __call__(self, x):
        def back(dy):
            if self.ds is not None:
                self.ds[...] = (dy * x).sum(0)
            return dy * self.s

        return x * self.s, back

    def arrays(self):
        return {"s": self.s}

    def on(self, parameters, prefix="", gradient=True):
        return Scale(parameters[prefix + "s"], parameters.gradient(prefix + "s") if gradient else None)


class WidePrior(npvae.Gaussian):
    """z = μ + σ ε with a prior of another width: not the parent's closed forms."""

    def __init__(self, dim, width=2.0):
        super().__init__(dim)
        self.width = width

    def kl(self, q):
        kl, back = super().kl(self._moved(q))
        return kl, lambda d: back(d) / np.repeat([self.width, 1.0], self.dim)

    def log_prior(self, z):
        return super().log_prior(z / self.width) - self.dim * math.log(self.width)

    def sample_prior(self, n, rng):
        return self.width * super().sample_prior(n, rng)

    def _moved(self, q):
        return np.concatenate([q[:, :self.dim] / self.width, q[:, self.dim:] - math.log(self.width)], 1)


def decoder(K=2):
    return chain(Affine.random(K, 8, 1), tanh, Scale(np.ones(8)), Affine.random(8, 5, 2))


def encoder(R=4):
    return chain(Affine.random(5, 8, 3, input_gradient=False), tanh, Affine.random(8, R, 4))


OWN = {"likelihood": {"likelihood": StudentT()}, "latent": {"latent": WidePrior(2)}, "decoder": {"decoder": decoder()},
       "encoder": {"encoder": encoder(), "latent_dim": 2},
       "all": {"likelihood": StudentT(3.0), "latent": npvae.FullGaussian(2), "decoder": decoder(),
               "encoder": encoder(5)},
       "categorical": {"latent": npvae.Categorical(3)}, "object of ours": {"likelihood": npvae.GaussianLikelihood(0.5)}}
handed = pytest.mark.parametrize("own", OWN.values(), ids=OWN)


def parts_of(own):
    return {name: part for name, part in own.items() if name != "latent_dim"}


@handed
def test_it_fits_answers_and_goes_on_from_a_file_bit_by_bit(own, tmp_path):
    before = copy.deepcopy(own)
    whole, part = npvae.VAE(**SMALL, **own).fit(X), npvae.VAE(**SMALL | {"sweeps": 2}, **own).fit(X)
    part.save(tmp_path / "m.npz")
    again = load(tmp_path / "m.npz", **copy.deepcopy(parts_of(own)))
    np.testing.assert_array_equal(again.elbo(X), part.elbo(X))
    for model in (part, again):
        model.set_params(sweeps=4).fit(X, resume=True)
        assert model.solver_.parameters.value.tobytes() == whole.solver_.parameters.value.tobytes()
    # what was handed in is as it was
    assert all(said(part) == said(before[name]) for name, part in parts_of(own).items())
    for name in set(own) & {"decoder", "encoder"}:
        for now, then in zip(own[name].arrays().values(), before[name].arrays().values(), strict=True):
            np.testing.assert_array_equal(now, then)
    K = whole.model_.latent.dim
    assert whole.transform(X).shape == (90, K) and whole.reconstruct(X).shape == (90, 5) == whole.sample(90).shape
    assert np.isfinite(whole.score_samples(X)).all() and whole.history_["elbo"][-1] > whole.history_["elbo"][0]
    assert whole.log_likelihood(X[:3], samples=50).shape == (3,) and whole.active_units(X).shape == (K,)
    assert whole.aggregate_covariance(X).shape == (K, K) and list(whole.get_feature_names_out()) == [
        f"vae{k}" for k in range(K)]
    np.testing.assert_array_equal(whole.inverse_transform(whole.transform(X[:4])), whole.reconstruct(X[:4]))


COUNTS = np.random.default_rng(1).poisson(3.0, (60, 3)).astype(float)
TWELVE = {
    "layer": lambda: {"decoder": mlp([2, 6, 3], twelve.leaky_relu, 0)},
    "scale and shift": lambda: {"decoder": chain(mlp([2, 3], rng=0).layers[0],
                                                 twelve.ScaleAndShift(np.ones(3), np.zeros(3)))},
    "convolution": lambda: {"encoder": chain(twelve.Convolution(np.array([0.5, 0.3]), np.array(0.1)),
                                             *mlp([2, 4], rng=0).layers)},
    "Poisson": lambda: {"likelihood": twelve.Poisson()}, "StudentT": lambda: {"likelihood": twelve.StudentT()},
    "Laplace": lambda: {"likelihood": twelve.Laplace(np.array(-0.3))},
    "LaplaceLatent": lambda: {"latent": twelve.LaplaceLatent(2)},
    "FullGaussian": lambda: {"latent": twelve.FullGaussian(2)}, "Nesterov": lambda: {"optimizer": twelve.Nesterov},
    "SemiAmortized": lambda: {"make_posterior": twelve.SemiAmortized},
    "cosine": lambda: {"learning_rate": twelve.cosine}}


@pytest.mark.parametrize("own", TWELVE.values(), ids=TWELVE)
def test_each_of_the_readmes_parts_is_saved_by_name_and_goes_on_bit_by_bit(own, tmp_path):
    settings = SMALL | {"hidden": (4,), "latent_dim": 2, **own()}
    whole, part = npvae.VAE(**settings).fit(COUNTS), npvae.VAE(**settings | {"sweeps": 2}).fit(COUNTS)
    part.save(tmp_path / "m.npz")
    again = npvae.VAE.load(tmp_path / "m.npz", **own())
    np.testing.assert_array_equal(again.elbo(COUNTS), part.elbo(COUNTS))
    again.set_params(sweeps=4).fit(COUNTS, resume=True)
    assert again.solver_.parameters.value.tobytes() == whole.solver_.parameters.value.tobytes()
    # also where it is called as one of the package's is
    with pytest.raises(ValueError, match="is not in the file: hand it over") as problem:
        npvae.VAE.load(tmp_path / "m.npz")
    assert "\n" not in str(problem.value)


def test_parts_that_do_what_the_named_ones_do_give_the_same_bits():
    rng = np.random.default_rng([0, 2])
    twin = {"encoder": mlp([5, 8, 4], rng=rng, input_gradient=False), "decoder": mlp([2, 8, 5], rng=rng),
            "likelihood": npvae.GaussianLikelihood(), "latent": npvae.Gaussian(2)}
    first, second = npvae.VAE(2, **SMALL).fit(X), npvae.VAE(**SMALL, **twin).fit(X)
    assert first.solver_.parameters.value.tobytes() == second.solver_.parameters.value.tobytes()
    np.testing.assert_array_equal(first.kl(X), second.kl(X))
    np.testing.assert_array_equal(first.cost(X), second.cost(X))
    del twin["likelihood"], twin["latent"]
    one, other = npvae.Autoencoder(2, **SMALL).fit(X), npvae.Autoencoder(**SMALL, **twin | {
        "encoder": mlp([5, 8, 2], rng=(rng := np.random.default_rng([0, 2])), input_gradient=False),
        "decoder": mlp([2, 8, 5], rng=rng)}).fit(X)
    assert one.solver_.parameters.value.tobytes() == other.solver_.parameters.value.tobytes()


def test_an_autoencoder_of_ones_own_networks(tmp_path):
    own = {"decoder": decoder(), "encoder": encoder(2)}
    whole, part = npvae.Autoencoder(**SMALL, **own).fit(X), npvae.Autoencoder(**SMALL | {"sweeps": 2}, **own).fit(X)
    part.save(tmp_path / "m.npz")
    again = npvae.Autoencoder.load(tmp_path / "m.npz", **own).set_params(sweeps=4).fit(X, resume=True)
    assert again.solver_.parameters.value.tobytes() == whole.solver_.parameters.value.tobytes()
    assert whole.transform(X).shape == (90, 2) and whole.sample(3).shape == (3, 5)
    # first a parameter of one column: K is what the user says
    scaled = chain(Scale(np.ones(2)), *decoder().layers)
    assert npvae.Autoencoder(2, **SMALL, decoder=scaled).fit(X).transform(X).shape == (90, 2)


def test_a_latent_without_sigmas_has_no_kl_of_each_coordinate():
    vae = npvae.VAE(**SMALL | {"sweeps": 40, "learning_rate": 2e-2}, latent=npvae.FullGaussian(2)).fit(X)
    with pytest.raises(ValueError, match=r"FullGaussian\(2\) has no KL of each coordinate"):
        vae.kl(X)
    q, latent = vae.solver_.infer(X), vae.model_.latent
    z = latent.sample(q, 4000, 0).reshape(-1, 2)
    assert latent.mean(q).var(0).min() > 0.2
    np.testing.assert_allclose(vae.aggregate_covariance(X), np.cov(z, rowvar=False), atol=0.02)
    with pytest.raises(ValueError, match="needs likelihood='gaussian'"):
        npvae.VAE(2, **SMALL, likelihood=StudentT()).fit(X).cost(X)


@pytest.mark.parametrize("posterior", [npvae.SemiAmortized, functools.partial(npvae.SemiAmortized, steps=3)])
def test_steps_of_argmax_q_from_the_encoders_row(posterior, tmp_path):
    settings = dict(latent_dim=1, **SMALL, make_posterior=posterior)
    whole, part = npvae.VAE(**settings).fit(X), npvae.VAE(**settings | {"sweeps": 2}).fit(X)
    plain = npvae.VAE(latent_dim=1, **SMALL).fit(X)
    assert whole.score(X) > plain.score(X)
    part.save(tmp_path / "m.npz")
    handed = {} if posterior is npvae.SemiAmortized else {"make_posterior": posterior}
    again = load(tmp_path / "m.npz", **handed)
    np.testing.assert_array_equal(again.transform(X), part.transform(X))
    again.set_params(sweeps=4).fit(X, resume=True)
    assert again.solver_.parameters.value.tobytes() == whole.solver_.parameters.value.tobytes()
    if handed:
        with pytest.raises(ValueError, match="make_posterior partial of SemiAmortized, which is not in the file"):
            load(tmp_path / "m.npz")


class Scaled(StudentT):
    """With a width that is the data's, and no parameter."""

    width = 1.0

    def log_prob(self, x, g):
        value, back = super().log_prob(x / self.width, g / self.width)
        return value - x.shape[1] * math.log(self.width), lambda d: back(d) / self.width

    def with_variance(self, V):
        twin = Scaled(self.dof)
        twin.width = math.sqrt(V)
        return twin


def test_what_an_own_likelihood_has_taken_from_the_data_is_saved(tmp_path):
    settings = dict(latent_dim=2, **SMALL, likelihood=Scaled())
    whole, part = npvae.VAE(**settings).fit(X), npvae.VAE(**settings | {"sweeps": 2}).fit(X)
    assert whole.model_.likelihood.width == pytest.approx(X.var(0).mean() ** 0.5) and Scaled.width == 1.0
    part.export(tmp_path / "e.npz", "float32")
    part.save(tmp_path / "m.npz")
    for name in "em":
        again = load(tmp_path / f"{name}.npz", likelihood=Scaled())
        np.testing.assert_array_equal(again.elbo(X), part.elbo(X))
    assert again.arrays().keys() == part.arrays().keys()
    again.save(tmp_path / "again.npz")
    again = load(tmp_path / "again.npz", likelihood=Scaled()).set_params(sweeps=4).fit(X, resume=True)
    assert again.solver_.parameters.value.tobytes() == whole.solver_.parameters.value.tobytes()
    for solver in (npvae.VariationalEM, npvae.SharedQ):
        fitted = solver(npvae.mlp_model(1, [4], 5, Scaled()), sweeps=2, batch_size=20).fit(X)
        restored = solver(npvae.mlp_model(1, [4], 5, Scaled()), batch_size=20).restore(fitted.run.arrays())
        assert restored.model.likelihood.width == fitted.model.likelihood.width != 1.0
        restored.sweeps = fitted.sweeps = 4
        np.testing.assert_array_equal(restored.fit(X, resume=True).elbo(X[:9]), fitted.fit(X, resume=True).elbo(X[:9]))


def test_missing_numbers_in_a_vae():
    holes = np.where(np.random.default_rng(1).random(X.shape) < 0.2, np.nan, X)
    vae = npvae.VAE(2, **SMALL, likelihood=npvae.SeenPixelsLikelihood()).fit(holes)
    assert np.isfinite(vae.elbo(holes)).all() and np.isfinite(vae.reconstruct(holes)).all()


@pytest.mark.parametrize("own, message", [
    ({"decoder": mlp([2, 8, 4])}, r"make data of 4 numbers, but the data have 5 columns"),
    ({"decoder": mlp([2, 5]), "latent_dim": 3}, r"latent_dim is 3, but the decoder chain\(Affine\(2, 5\)\) has K = 2"),
    ({"decoder": mlp([2, 5]), "latent": npvae.Gaussian(3)}, r"latent Gaussian\(3\) has K = 3, but the decoder"),
    ({"latent": npvae.FullGaussian(2), "encoder": encoder(4)}, "the encoder returns 4 numbers a row, expected 5"),
    ({"encoder": mlp([4, 4]), "latent_dim": 2}, "does not take rows of 5 numbers"),
    ({"decoder": "mlp"}, "got the decoder 'mlp', expected a network"), ({"encoder": tanh}, "expected a network"),
    ({"likelihood": "students"}, "expected one of 'gaussian'"), ({"likelihood": 3}, "likelihood is 3"),
    ({"likelihood": StudentT}, "likelihood is .*StudentT"), ({"latent": "gaussian"}, "latent is 'gaussian'"),
    ({"likelihood": StudentT(), "sigma_g": 1.0}, "StudentT.* likelihood has no sigma_g or alpha")])
def test_what_does_not_fit_is_one_sentence_at_the_door(own, message):
    with pytest.raises(ValueError, match=message) as problem:
        npvae.VAE(**SMALL, **own).fit(X)
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize("own, message", [
    ({"decoder": mlp([2, 8, 4])}, "makes 4 numbers of 2, expected 5"),
    ({"encoder": encoder(3)}, "makes 3 numbers of 5"),
    ({"encoder": mlp([4, 2])}, "does not take rows of 5 numbers"), ({"decoder": 3}, "got the decoder 3")])
def test_an_autoencoder_refuses_what_does_not_fit(own, message):
    with pytest.raises(ValueError, match=message):
        npvae.Autoencoder(**SMALL | {"latent_dim": 2}, **own).fit(X)


def test_a_file_asks_for_its_parts_by_name_and_takes_no_others(tmp_path):
    path = tmp_path / "m.npz"
    npvae.VAE(**SMALL, likelihood=StudentT(3.0), decoder=decoder()).fit(X).save(path)
    with pytest.raises(ValueError, match=r"trained with likelihood StudentT\(dof=3.0\), which is not in the file"):
        npvae.VAE.load(path, decoder=decoder())
    with pytest.raises(ValueError, match=r"decoder Chain\(.*Scale\(s \(8,\)\).*, which is not in the file"):
        load(path, likelihood=StudentT(3.0))
    with pytest.raises(ValueError, match=r"decoder Chain.*, likelihood StudentT.*, which are not in the file"):
        load(path)
    with pytest.raises(ValueError, match=r"likelihood StudentT\(dof=3.0\), got StudentT\(dof=4.0\)"):
        load(path, likelihood=StudentT(), decoder=decoder())
    with pytest.raises(ValueError, match=r"likelihood StudentT\(dof=3.0\), got GaussianLikelihood"):
        load(path, likelihood=npvae.GaussianLikelihood(), decoder=decoder())
    with pytest.raises(ValueError, match="decoder Chain.*got Chain.*the same settings and shapes"):
        load(path, likelihood=StudentT(3.0), decoder=decoder(3))
    assert load(path, likelihood=StudentT(3.0), decoder=decoder()).likelihood.dof == 3.0
    npvae.VAE(2, **SMALL, likelihood=npvae.GaussianLikelihood(0.5)).fit(X).save(path)
    with pytest.raises(ValueError, match=r"log_sigma=-0.69.*got GaussianLikelihood.*log_sigma=-0.35"):
        load(path, likelihood=npvae.GaussianLikelihood(0.7))


def test_another_part_is_no_resumed_fit():
    vae = npvae.VAE(**SMALL, likelihood=StudentT(3.0), decoder=decoder()).fit(X).set_params(sweeps=5)
    with pytest.raises(ValueError, match="likelihood is .* but the run that goes on began with"):
        vae.set_params(likelihood=StudentT(5.0)).fit(X, resume=True)
    assert vae.set_params(likelihood=StudentT(3.0), decoder=decoder()).fit(X, resume=True).history_[-1]["sweep"] == 5


def test_scikit_learn_clones_it_and_keeps_what_was_handed_in():
    base = pytest.importorskip("sklearn.base")
    own = OWN["all"]
    vae = npvae.VAE(**SMALL, **own)
    assert all(vae.get_params()[name] is part for name, part in own.items())
    twin = base.clone(vae)
    assert twin.decoder is not vae.decoder and twin.get_params().keys() == vae.get_params().keys()
    np.testing.assert_array_equal(twin.fit(X).transform(X), vae.fit(X).transform(X))


@pytest.mark.parametrize("parts", [
    {"likelihood": npvae.PoissonLikelihood()}, {"likelihood": npvae.LaplaceLikelihood()},
    {"likelihood": npvae.LaplaceLikelihood(2.0, learn=False)}, {"likelihood": npvae.GaussianLikelihood(0.7)},
    {"likelihood": npvae.SeenPixelsLikelihood(), "latent": npvae.FullGaussian(2)}], ids=str)
def test_parts_of_the_package_are_in_the_file(parts, tmp_path):
    X = np.random.default_rng(0).poisson(3, size=(30, 4)).astype(float)
    kept = npvae.VAE(latent_dim=2, hidden=(3,), sweeps=2, **parts).fit(X)
    kept.save(tmp_path / "m.npz")
    found = npvae.VAE.load(tmp_path / "m.npz")
    np.testing.assert_array_equal(found.score_samples(X), kept.score_samples(X))
    np.testing.assert_array_equal(found.fit(X).score_samples(X), kept.score_samples(X))


def test_a_deviation_that_was_learned_from_a_number_is_handed_over(tmp_path):
    X = np.random.default_rng(0).normal(size=(30, 4))
    vae = npvae.VAE(likelihood=npvae.GaussianLikelihood(0.7, learn=True), hidden=(3,), sweeps=1)
    vae.fit(X).save(tmp_path / "m.npz")
    with pytest.raises(ValueError, match="GaussianLikelihood.*hand it over"):
        npvae.VAE.load(tmp_path / "m.npz")
