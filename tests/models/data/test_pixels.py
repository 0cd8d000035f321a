"""Integers and floats of the same values: the same model, and no reading of one as the other without a word."""

import warnings

import numpy as np
import pytest

import npvae
from npvae import VAE, Autoencoder
from npvae.inference import AmortizedVI, SharedQ, VariationalEM
from npvae.models import MonteCarlo, mlp_model, probabilistic_pca
from npvae.models.data.pixels import Scale, learned_scale

U = np.random.default_rng(0).integers(0, 256, (60, 3), dtype=np.uint8)
U[0] = [0, 128, 255]
RATINGS = np.random.default_rng(1).integers(1, 6, (60, 3))
SOLVERS = pytest.mark.parametrize("solver", [VariationalEM, SharedQ, AmortizedVI])
KINDS = pytest.mark.parametrize("kind", [VAE, Autoencoder])
SMALL = dict(latent_dim=1, hidden=(4,), sweeps=2, progress=False)


def solved(solver, X, **settings):
    return solver(mlp_model(1, [4], 3), sweeps=2, batch_size=20, **settings).fit(X)


def bits(fitted):
    return fitted.parameters.value.tobytes()


@SOLVERS
def test_the_same_values_give_the_same_model(solver):
    assert bits(solved(solver, U)) == bits(solved(solver, U / 255)) == bits(solved(solver, U.astype(int), scale=255))
    for dtype in (np.int64, np.uint16, np.int8, np.float32):
        assert bits(solved(solver, RATINGS.astype(dtype))) == bits(solved(solver, RATINGS.astype(float)))
    assert bits(solved(solver, RATINGS.astype(np.uint8), scale=1)) == bits(solved(solver, RATINGS.astype(float)))


@KINDS
def test_the_same_values_give_the_same_autoencoder(kind):
    def fitted(X, **settings):
        return bits(kind(**SMALL, **settings).fit(X).solver_)

    assert fitted(U) == fitted(U / 255) == fitted(U.astype(np.int32), scale=np.int16(255))
    assert fitted(RATINGS) == fitted(RATINGS.astype(float)) == fitted(RATINGS.astype(np.uint8), scale=1)


@SOLVERS
def test_a_solver_that_has_learned_from_pixels_refuses_their_numbers_as_floats(solver):
    fitted = solved(solver, U)
    for X in (U.astype(float), U.astype(np.int64), U.astype(np.float32) + 0.25):
        for use in (fitted.infer, fitted.elbo):
            with pytest.raises(ValueError, match="learned from uint8 divided by 255.*X / 255, or give them as uint8"):
                use(X)
    np.testing.assert_array_equal(fitted.elbo(U), fitted.elbo(U / 255))


@SOLVERS
def test_a_solver_that_has_learned_from_floats_reads_uint8_as_it_read_those(solver):
    with pytest.warns(UserWarning, match="floats that look like pixels 0 … 255.*divide them by 255"):
        raw = solved(solver, U.astype(float))
    np.testing.assert_array_equal(raw.elbo(U), raw.elbo(U.astype(float)))
    scaled = solved(solver, U / 255)
    np.testing.assert_array_equal(scaled.elbo(U), scaled.elbo(U / 255))
    ratings = solved(solver, RATINGS)
    np.testing.assert_array_equal(ratings.elbo(RATINGS.astype(np.uint8)), ratings.elbo(RATINGS.astype(float)))


@KINDS
def test_an_autoencoder_reads_numbers_as_it_learned_them_also_from_a_file(kind, tmp_path):
    model = kind(**SMALL).fit(U)
    model.save(tmp_path / "m.npz")
    model.export(tmp_path / "e.npz")
    for fitted in (model, kind.load(tmp_path / "m.npz"), kind.load(tmp_path / "e.npz")):
        assert fitted.scale_ == 255
        for use in (fitted.transform, fitted.reconstruct, fitted.score):
            with pytest.raises(ValueError, match="has learned from uint8 divided by 255"):
                use(U.astype(float))
        np.testing.assert_array_equal(fitted.score(U), fitted.score(U / 255))
    with pytest.warns(UserWarning, match="look like pixels"):
        raw = kind(**SMALL).fit(U.astype(float))
    raw.save(tmp_path / "raw.npz")
    for fitted in (raw, kind.load(tmp_path / "raw.npz")):
        assert fitted.scale_ == 1 and fitted.score(U) == fitted.score(U.astype(float))
    asked = kind(**SMALL, scale=5).fit(RATINGS)
    asked.save(tmp_path / "asked.npz")
    for fitted in (asked, kind.load(tmp_path / "asked.npz")):
        for dtype in (np.uint8, np.int64, np.uint16):
            np.testing.assert_array_equal(fitted.transform(RATINGS.astype(dtype)), asked.transform(RATINGS / 5))


def test_pixels_that_are_few_or_dark_are_told_from_floats():
    dark = (U // 16).astype(np.uint8)
    fitted = solved(AmortizedVI, dark)
    with pytest.raises(ValueError, match="up to 15, but the model has learned from uint8 divided by 255"):
        fitted.elbo(dark.astype(float))
    assert np.isfinite(fitted.elbo(U)).all() and np.isfinite(fitted.elbo(U / 255)).all()
    with pytest.warns(UserWarning, match="uint8 data 0 and 1 are read as images"):
        binary = solved(AmortizedVI, (U > 99).astype(np.uint8))
    with pytest.raises(ValueError, match="has learned from uint8"):
        binary.infer((U > 99).astype(float))


def test_functions_without_a_fit_read_uint8_alike():
    model, q = probabilistic_pca(1, 3, sigma_g=0.3), np.zeros((60, 2))
    noise = MonteCarlo()(0, 60, 1)
    for call in (lambda X: npvae.elbo(model, q, X, noise)[0], lambda X: npvae.evaluate(model, q, X),
                 lambda X: npvae.log_marginal(model, X), lambda X: npvae.argmax_q(model, q, X),
                 lambda X: npvae.importance_weighted_bound(model, q, X, 5),
                 lambda X: npvae.exact_posterior(model, X).mean,
                 lambda X: model.log_likelihood(X, np.zeros((1, 60, 1)))[0],
                 lambda X: npvae.gap_decomposition(model, q, X).elbo,
                 lambda X: npvae.sticking_the_landing(model, q, X, noise)):
        np.testing.assert_array_equal(call(U), call(U / 255))
        np.testing.assert_array_equal(call(RATINGS), call(RATINGS.astype(float)))


def test_a_gradient_reads_uint8_as_the_fit_does():
    fitted = solved(AmortizedVI, U, dtype=np.float64)
    again = solved(AmortizedVI, U, dtype=np.float64)
    np.testing.assert_array_equal(fitted.gradient(U), again.gradient(U / 255))


def test_no_word_where_floats_are_no_pixels_or_meant_as_they_are():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for X in (U / 255, U + 0.5, U.astype(float) * 2, U.astype(float) - 1, RATINGS.astype(float), U.astype(int)):
            learned_scale(X)
        learned_scale(U.astype(float), 1)
        VAE(**SMALL, scale=1).fit(U.astype(float)).score(U)
    with pytest.raises(ValueError, match="scale is 0, expected a positive finite number"):
        VAE(**SMALL, scale=0).fit(U)


@pytest.mark.parametrize("X, pixels", [
    (U.astype(float), True), (U.astype(int), True), (U * 0.9, True), (U / 255, False), (U, False), (U - 1.0, False),
    (U * 2.0, False), (U / 10, False)])
def test_pixels_given_to_what_has_learned_from_numbers_in_0_to_1_draw_a_warning(X, pixels, tmp_path):
    model = VAE(**SMALL).fit(U / 255)
    model.save(tmp_path / "m.npz")
    for fitted in (model, VAE.load(tmp_path / "m.npz"), solved(AmortizedVI, U / 255)):
        for use in ("elbo", "transform" if hasattr(fitted, "transform") else "infer"):
            with warnings.catch_warnings(record=True) as found:
                warnings.simplefilter("always")
                getattr(fitted, use)(X)
            said = [str(word.message) for word in found]
            assert all("has learned from numbers in [0, 1]" in word and "X / 255" in word for word in said)
            assert bool(said) == pixels


def test_pixels_on_disk_stay_there(tmp_path):
    np.save(tmp_path / "u.npy", U)
    mapped = np.load(tmp_path / "u.npy", mmap_mode="r")
    assert Scale().read(mapped) is mapped
    assert learned_scale(mapped).read(mapped) is mapped
