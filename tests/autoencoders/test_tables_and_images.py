"""Tables keep the names of their columns, images their shape: what came in is what later data are held against."""

import numpy as np
import pytest

from npvae import VAE, Autoencoder

KINDS = pytest.mark.parametrize("kind", [VAE, Autoencoder])
SMALL = dict(latent_dim=2, hidden=(4,), sweeps=1, progress=False)
IMAGES = np.random.default_rng(0).integers(0, 256, (30, 4, 5), dtype=np.uint8)
COLOURS = np.random.default_rng(0).integers(0, 256, (30, 4, 5, 3), dtype=np.uint8)


@pytest.fixture
def frame():
    pandas = pytest.importorskip("pandas")
    X = np.random.default_rng(0).normal(size=(30, 3))
    return pandas.DataFrame(X, columns=["a", "b", "c"], index=[f"row {i}" for i in range(30)])


def readers(model):
    return [model.transform, model.reconstruct, model.score] + (
        [model.elbo, model.score_samples, model.log_likelihood, model.cost] if isinstance(model, VAE) else
        [model.squared_error])


@KINDS
@pytest.mark.parametrize("X, shape", [(IMAGES, (4, 5)), (IMAGES[..., None], (4, 5)), (COLOURS, (4, 5, 3)),
                                      (IMAGES / 255, (4, 5)), (IMAGES.tolist(), (4, 5))], ids=str)
def test_images_are_rows_that_keep_their_shape(kind, X, shape, tmp_path):
    flat = np.reshape(X, (30, -1))
    model, other = kind(**SMALL).fit(X), kind(**SMALL).fit(flat)
    assert model.image_shape_ == shape and other.image_shape_ is None
    assert model.solver_.parameters.value.tobytes() == other.solver_.parameters.value.tobytes()
    model.save(tmp_path / "m.npz")
    for again in (model, kind.load(tmp_path / "m.npz"), other):
        for read, expected in zip(readers(again), readers(other), strict=True):
            np.testing.assert_array_equal(read(X), expected(flat))
    assert kind.load(tmp_path / "m.npz").image_shape_ == shape


@KINDS
def test_images_of_another_shape_are_refused(kind):
    model = kind(**SMALL).fit(IMAGES)
    for X, message in ((IMAGES.transpose(0, 2, 1), r"images of shape \(5, 4\).*learned from images of shape \(4, 5\)"),
                       (IMAGES[:, :3], "15 columns, expected 20"), (COLOURS, "60 columns, expected 20")):
        for read in readers(model):
            with pytest.raises(ValueError, match=message):
                read(X)
        with pytest.raises(ValueError):
            model.set_params(sweeps=2).fit(X, resume=True)
    with pytest.raises(ValueError, match=r"expected images .*X.transpose\(0, 2, 3, 1\)"):
        kind(**SMALL).fit(COLOURS.transpose(0, 3, 1, 2)[:, [0, 1, 2, 0, 1]])
    with pytest.raises(ValueError, match="shape"):
        kind(**SMALL).fit(COLOURS[None])
    assert kind(**SMALL).fit(COLOURS).fit(IMAGES).image_shape_ == (4, 5)


@KINDS
def test_columns_keep_their_names(kind, frame, tmp_path):
    model = kind(**SMALL).fit(frame)
    assert model.feature_names_in_.tolist() == ["a", "b", "c"] and model.feature_names_in_.dtype == object
    model.save(tmp_path / "m.npz")
    for again in (model, kind.load(tmp_path / "m.npz")):
        np.testing.assert_array_equal(again.transform(frame), model.transform(frame))
        for read in readers(again):
            with pytest.raises(ValueError, match="should match those that were passed during fit.\n.*same order"):
                read(frame[["b", "a", "c"]])
            with pytest.raises(ValueError, match="unseen at fit time:\n- d\nFeature names seen .* missing:\n- b"):
                read(frame.rename(columns={"b": "d"}))
            with pytest.warns(UserWarning, match="X does not have valid feature names, but .* was fitted with"):
                read(frame.to_numpy())
        with pytest.raises(ValueError, match="same order"):
            again.set_params(sweeps=2).fit(frame[["c", "b", "a"]], resume=True)
    model.fit(frame.to_numpy())
    assert not hasattr(model, "feature_names_in_")
    with pytest.warns(UserWarning, match="X has feature names, but .* was fitted without"):
        model.transform(frame)


@KINDS
def test_a_refit_that_is_refused_leaves_the_names(kind, frame):
    model = kind(**SMALL).fit(frame)
    with pytest.raises(ValueError, match="remove or fill in"):
        model.fit(frame.rename(columns={"a": "z"}).assign(z=np.nan))
    assert model.feature_names_in_.tolist() == ["a", "b", "c"]


@KINDS
def test_codes_come_back_as_a_table_with_the_index(kind, frame):
    pandas = pytest.importorskip("pandas")
    model = kind(**SMALL).set_output(transform="pandas")
    codes = model.fit_transform(frame)
    names = [f"{kind.__name__.lower()}{k}" for k in range(2)]
    assert isinstance(codes, pandas.DataFrame) and list(codes.columns) == names and codes.index.equals(frame.index)
    np.testing.assert_array_equal(model.set_output().transform(frame).to_numpy(), codes.to_numpy())
    assert isinstance(model.reconstruct(frame), np.ndarray) and np.isfinite(model.score(frame))
    np.testing.assert_array_equal(model.set_output(transform="default").transform(frame), codes.to_numpy())
    with pytest.raises(ValueError, match="transform is 'csv', expected 'default', 'pandas'"):
        model.set_output(transform="csv")


def test_a_kind_of_table_that_is_not_installed_is_refused(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(ValueError, match="polars is not installed"):
        VAE().set_output(transform="polars")


@KINDS
def test_names_of_codes_are_asked_for_after_the_fit(kind, frame):
    with pytest.raises(ValueError, match="has not learned anything yet"):
        kind().get_feature_names_out()
    model = kind(**SMALL).fit(frame)
    assert len(model.get_feature_names_out(["a", "b", "c"])) == 2
    for names in (["a", "b"], ["c", "b", "a"]):
        with pytest.raises(ValueError, match="input_features"):
            model.get_feature_names_out(names)


@pytest.mark.parametrize("new", [5, 6])
def test_of_columns_that_are_new_five_are_named(new):
    pandas = pytest.importorskip("pandas")
    X = np.random.default_rng(0).normal(size=(30, 3))
    model = Autoencoder(**SMALL).fit(pandas.DataFrame(X, columns=["a", "b", "c"]))
    wide = pandas.DataFrame(np.zeros((2, 3 + new)), columns=["a", "b", "c", *(f"n{i}" for i in range(new))])
    with pytest.raises(ValueError) as refused:
        model.transform(wide)
    assert str(refused.value).count("\n- n") == 5 and ("- ..." in str(refused.value)) == (new > 5)
