"""`back` writes: into views of any layout and dtype, whatever stood there; what it cannot write rightly is refused."""

import numpy as np
import pytest

from npvae.inference import Shared
from npvae.models import Categorical, GaussianLikelihood
from npvae.nn import Affine, lay_out

RNG = np.random.default_rng(0)
X, DY = RNG.normal(size=(5, 3)), RNG.normal(size=(5, 2))
W, B = RNG.normal(size=(3, 2)), RNG.normal(size=2)
DW, DB = X.T @ DY, DY.sum(0)


def views(layout, dtype=np.float64):
    """dW and db, full of numbers that must not matter."""
    if layout == "in one vector":
        vector = np.full(20, np.nan, dtype)
        return vector[3:9].reshape(3, 2), vector[9:11]
    if layout == "every other":
        return np.full((6, 4), np.nan, dtype)[::2, ::2], np.full(6, np.nan, dtype)[::3]
    if layout == "backwards":
        return np.full((3, 2), np.nan, dtype)[::-1, ::-1], np.full(2, np.nan, dtype)[::-1]
    return np.full((3, 2), np.nan, dtype, order="F"), np.full(2, np.nan, dtype)


@pytest.mark.parametrize("layout", ["in one vector", "every other", "backwards", "by columns"])
@pytest.mark.parametrize("x, dy", [(X, DY), (np.asfortranarray(X), DY[::-1][::-1]), (X.T.copy().T, DY)])
def test_views_of_any_layout_are_written(layout, x, dy):
    dW, db = views(layout)
    for _ in range(2):
        Affine(W, B, dW, db)(x)[1](dy)
        np.testing.assert_allclose(dW, DW, rtol=1e-13)
        np.testing.assert_allclose(db, DB, rtol=1e-13)


@pytest.mark.parametrize("data", [np.float32, np.float64])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
def test_a_view_of_another_precision_gets_the_gradient_to_its_rounding(data, dtype):
    dW, db = views("in one vector", dtype)
    x, dy = X.astype(data), DY.astype(data)
    Affine(W, B, dW, db)(x)[1](dy)
    single = np.float32 in (data, dtype) or dtype == np.complex64
    for found, right in ((dW, DW), (db, DB)):
        np.testing.assert_allclose(found, right, rtol=1e-5 if single else 1e-13)


def test_whole_numbers_are_written_as_floats():
    dW, db = views("in one vector")
    x, dy = np.arange(15).reshape(5, 3), np.arange(10).reshape(5, 2)
    Affine(W, B, dW, db)(x)[1](dy)
    np.testing.assert_array_equal(dW, x.T @ dy)
    np.testing.assert_array_equal(db, dy.sum(0))


def test_a_batch_without_rows_writes_zeros():
    dW, db = views("in one vector")
    Affine(W, B, dW, db)(X[:0])[1](DY[:0])
    assert not dW.any() and not db.any()


@pytest.mark.parametrize("kept", [(True, False), (False, True), (False, False)])
def test_each_gradient_may_be_left_out(kept):
    dW, db = (a if keep else None for a, keep in zip(views("in one vector"), kept, strict=True))
    np.testing.assert_allclose(Affine(W, B, dW, db)(X)[1](DY), DY @ W.T)
    for found, right in ((dW, DW), (db, DB)):
        assert found is None or np.allclose(found, right)


def test_the_imaginary_part_of_a_gradient_is_not_lost():
    dW, db = views("in one vector")
    with pytest.raises(TypeError, match="complex128"):
        Affine(W, B, dW, db)(X + 1j)[1](DY + 1j)
    with pytest.raises(ValueError, match="can be written and holds complex128"):
        Affine(W + 0j, B + 0j, dW, db)
    for part, function, x in ((GaussianLikelihood(0.7, learn=True), "log_prob", (X[:, :2] + 1j, DY[None])),
                              (Categorical(2), "kl", (DY + 1j,))):
        with pytest.raises(TypeError, match="complex128"):
            back = getattr(part, function)(*x)[1]
            back(np.full((1, 5) if function == "log_prob" else 5, 1j))
    with pytest.raises(TypeError, match="complex128"):
        Shared(np.zeros(2), np.zeros(2))(X)[1](DY + 1j)


@pytest.mark.parametrize("x, dy", [(X, DY[:, :1]), (X, DY[:1]), (X, DY[:, [0, 1, 0]]), (X[0], DY[0]), (X, DY[None])])
def test_what_does_not_fit_the_batch_is_refused_and_not_broadcast(x, dy):
    with pytest.raises(ValueError):
        Affine(W, B, *views("in one vector"))(x)[1](dy)


def test_a_read_only_view_is_refused():
    dW, db = views("in one vector")
    dW.flags.writeable = False
    with pytest.raises(ValueError, match="that can be written"):
        Affine(W, B, dW, db)
    with pytest.raises(ValueError, match="that can be written"):
        Affine(W, B, np.broadcast_to(np.zeros(2), (3, 2)), db)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_the_likelihoods_width_the_priors_weights_and_the_shared_row_are_written_in_their_dtype(dtype):
    parameters = lay_out({"likelihood": GaussianLikelihood(0.7, learn=True), "latent": Categorical(3)}, dtype)
    likelihood = GaussianLikelihood(0.7, learn=True).on(parameters, "likelihood.")
    latent, row = Categorical(3).on(parameters, "latent."), np.full(2, np.nan, dtype)
    g, q = RNG.normal(size=(2, 5, 3)), RNG.normal(size=(5, 3))
    for stale in (np.nan, 7):
        parameters.grad.fill(stale)
        likelihood.log_prob(X.astype(dtype), g.astype(dtype))[1](np.ones((2, 5), dtype))
        latent.kl(q.astype(dtype))[1](np.ones(5, dtype))
        Shared(np.zeros(2, dtype), row)(X)[1](DY.astype(dtype))
        p = np.exp(q) / np.exp(q).sum(1, keepdims=True)
        for found, right in ((parameters.gradient("likelihood.log_sigma"), ((X - g) ** 2 / 0.49 - 1).sum()),
                             (parameters.gradient("latent.logits"), (1 / 3 - p).sum(0)), (row, DB)):
            np.testing.assert_allclose(found, right, rtol=1e-4 if dtype == np.float32 else 1e-12)
