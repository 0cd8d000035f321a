"""A model's arrays by the names in its file, and back into a model: checked, whole or not at all."""

import numpy as np
import pytest

from npvae import VAE, Autoencoder
from npvae.autoencoders import load

X = np.random.default_rng(0).normal(2.0, 3.0, size=(90, 5))
SMALL = dict(latent_dim=2, hidden=(8,), sweeps=3, batch_size=20, progress=False)
KINDS = pytest.mark.parametrize("kind", [VAE, Autoencoder])


@KINDS
def test_the_names_are_those_in_the_file_and_give_the_network_by_hand(kind, tmp_path):
    model = kind(**SMALL).fit(X)
    model.save(tmp_path / "m.npz")
    arrays = model.arrays()
    with np.load(tmp_path / "m.npz") as file:
        assert set(arrays) <= set(file.files) and len(arrays) >= 12
        assert all(np.array_equal(file[name], a) for name, a in arrays.items())
    p, c = "parameters/", "constants/"
    h = np.tanh((X - arrays[f"{c}encoder.center"]) / arrays[f"{c}encoder.scale"] @ arrays[f"{p}phi.0.W"]
                + arrays[f"{p}phi.0.b"])
    z = (h @ arrays[f"{p}phi.2.W"] + arrays[f"{p}phi.2.b"])[:, :2]
    y = np.tanh(z @ arrays[f"{p}theta.decoder.0.W"] + arrays[f"{p}theta.decoder.0.b"])
    y = y @ arrays[f"{p}theta.decoder.2.W"] + arrays[f"{p}theta.decoder.2.b"]
    y = arrays[f"{c}decoder.center"] + arrays[f"{c}decoder.scale"] * y
    np.testing.assert_allclose(y, model.reconstruct(X), rtol=0, atol=1e-5)
    arrays[f"{p}phi.0.W"][...] = 0      # a copy
    assert model.arrays()[f"{p}phi.0.W"].any()


@KINDS
def test_there_and_back_is_the_same_model_and_some_of_them_are_enough(kind, tmp_path):
    model, other = kind(**SMALL).fit(X), kind(**SMALL | {"sweeps": 6}).fit(X)
    before = other.reconstruct(X)
    assert other.load_arrays(model.arrays()) is other and np.abs(other.reconstruct(X) - before).max() > 1e-3
    np.testing.assert_array_equal(other.reconstruct(X), model.reconstruct(X))
    name = "parameters/theta.decoder.2.b"
    moved = model.reconstruct(X) + 1
    model.load_arrays({name: model.arrays()[name] + 1 / model.arrays()["constants/decoder.scale"]})
    np.testing.assert_allclose(model.reconstruct(X), moved, atol=1e-5)
    model.export(tmp_path / "m.npz", "float32")
    exported = load(tmp_path / "m.npz").load_arrays({name: model.arrays()[name]})
    np.testing.assert_array_equal(exported.reconstruct(X), model.reconstruct(X))


@KINDS
def test_a_fit_that_goes_on_begins_anew_from_there(kind):
    model = kind(**SMALL, held_out=0.2).fit(X)
    model.load_arrays({name: 0 * a for name, a in model.arrays().items() if name.startswith("parameters/")})
    run = model.solver_.run
    assert run.optimizer.t == 0 and not run.optimizer.m.any()
    model.set_params(sweeps=4, learning_rate=1e-30, final_learning_rate=None).fit(X, resume=True)
    assert np.abs(model.solver_.parameters.value).max() < 1e-20 and model.history_[-1]["sweep"] == 4


@pytest.mark.parametrize("name, a, message", [
    ("theta.decoder.0.W", np.ones((2, 8)), "no array is called theta.decoder.0.W; there are parameters/theta.decoder"),
    ("parameters/phi.0.W", np.ones((8, 5)), r"phi.0.W has shape \(8, 5\), expected \(5, 8\)"),
    ("parameters/phi.0.b", np.full(8, np.nan), "not finite"), ("parameters/phi.0.b", np.full(8, 1e300), "not finite"),
    ("parameters/phi.0.b", np.ones(8, complex), "complex"), ("parameters/phi.0.b", ["a"] * 8, "phi.0.b"),
    ("constants/decoder.scale", 7.0, "which no gradient moves: leave it out"), (3, np.ones(2), "no array is called 3")])
def test_what_does_not_fit_is_refused_and_nothing_is_taken(name, a, message):
    model = VAE(**SMALL).fit(X)
    before = model.solver_.parameters.value.copy()
    with pytest.raises(ValueError, match=message):
        model.load_arrays({"parameters/phi.2.b": np.ones(4), name: a})
    np.testing.assert_array_equal(model.solver_.parameters.value, before)


def test_before_a_fit_and_without_a_dict_there_is_nothing_to_take():
    for ask in (lambda model: model.arrays(), lambda model: model.load_arrays({})):
        with pytest.raises(ValueError, match="call fit"):
            ask(VAE(**SMALL))
    with pytest.raises(ValueError, match="no array is called 'x'"):
        VAE(**SMALL).fit(X).load_arrays("x")
