"""Model files: what is written comes back; what was cut, changed, or made by another program is refused."""

import json
import os
import shutil
import time

import numpy as np
import pytest

import npvae
from npvae import VAE, Autoencoder
from npvae.autoencoders import load
from npvae.autoencoders.model_files import digest, read_model, write_model
from npvae.files import written_whole

X = np.random.default_rng(0).uniform(size=(100, 6))
SMALL = dict(latent_dim=2, hidden=(8, 4), sweeps=2, progress=False)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "vae.npz"
    VAE(**SMALL, held_out=0.2).fit(X).save(path)
    return path


@pytest.mark.parametrize("kind, settings", [
    (VAE, {}), (VAE, {"likelihood": "bernoulli"}), (VAE, {"alpha": 2.0, "held_out": 0.1}), (VAE, {"hidden": ()}),
    (VAE, {"dtype": "float64"}), (Autoencoder, {}), (Autoencoder, {"activation": "leaky_relu"}),
    (VAE, {"activation": "gelu"}), (VAE, {"likelihood": "laplace"}),
    (Autoencoder, {"held_out": 0.1, "activation": "softplus"}),
    (VAE, {"latent_dim": np.int64(3), "learning_rate": np.float32(0.01), "hidden": [np.int32(5)]})], ids=str)
def test_a_model_comes_back_whole(kind, settings, tmp_path):
    model = kind(**{**SMALL, **settings}).fit(X)
    model.save(tmp_path / "m.npz")
    for twin in (load(tmp_path / "m.npz"), kind.load(tmp_path / "m.npz")):
        assert type(twin) is kind and twin.n_features_in_ == 6
        np.testing.assert_array_equal(twin.transform(X), model.transform(X))
        assert twin.score(X) == model.score(X) and list(twin.history_) == list(model.history_)
        assert twin.get_params() == {**model.get_params(), "hidden": tuple(model.hidden)}
    assert [p.name for p in tmp_path.iterdir()] == ["m.npz"]


def test_the_file_holds_no_pickle_and_says_what_it_is(saved):
    with np.load(saved, allow_pickle=False) as stored:
        header = json.loads(str(stored["header"]))
        assert all(stored[name].dtype.kind in "fiU" for name in stored.files)
    assert header["format"] == "npvae model" and header["version"] == 1 and header["kind"] == "VAE"


def test_the_image_shape_is_kept(tmp_path):
    model = VAE(**SMALL).fit(X)
    model.image_shape_ = (2, 3)
    model.save(tmp_path / "m.npz")
    assert load(tmp_path / "m.npz").image_shape_ == (2, 3)
    assert load(tmp_path / "m.npz").partial_fit(X).image_shape_ == (2, 3)


@pytest.mark.parametrize("dtype, share, close", [("float16", 0.3, 1e-2), ("float32", 0.5, 1e-6)])
def test_an_export_is_smaller_and_works_but_cannot_be_trained_further(dtype, share, close, tmp_path):
    model = VAE(latent_dim=4, hidden=(200,), sweeps=2, progress=False).fit(X)
    model.save(tmp_path / "whole.npz")
    model.export(tmp_path / "small.npz", dtype)
    assert os.path.getsize(tmp_path / "small.npz") < share * os.path.getsize(tmp_path / "whole.npz")
    small = load(tmp_path / "small.npz")
    np.testing.assert_allclose(small.transform(X), model.transform(X), atol=close)
    with pytest.raises(ValueError, match="without its training state"):
        small.partial_fit(X)
    small.save(tmp_path / "again.npz")
    np.testing.assert_array_equal(load(tmp_path / "again.npz").transform(X), small.transform(X))
    assert small.fit(X).exported_ is False


def test_an_export_beyond_the_range_of_float16_is_refused(tmp_path):
    model = VAE(**SMALL).fit(X)
    model.solver_.parameters.value[0] = 1e6
    with pytest.raises(ValueError, match="float32"):
        model.export(tmp_path / "m.npz", "float16")
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match="int8"):
        model.export(tmp_path / "m.npz", "int8")


def test_nothing_is_saved_before_a_fit(tmp_path):
    for write in (VAE().save, VAE().export):
        with pytest.raises(ValueError, match="call fit"):
            write(tmp_path / "m.npz")
    assert not list(tmp_path.iterdir())


def test_a_failed_write_leaves_the_old_file(saved, tmp_path, monkeypatch):
    path = shutil.copy(saved, tmp_path / "m.npz")
    model = VAE(**SMALL).fit(X)

    def full_disk(*args, **kwargs):
        raise OSError("No space left on device")

    monkeypatch.setattr("npvae.autoencoders.model_files.np.savez", full_disk)
    with pytest.raises(OSError, match="m.npz: No space"):
        model.save(path)
    monkeypatch.undo()
    assert load(path).held_out == 0.2 and [p.name for p in tmp_path.iterdir()] == ["m.npz"]


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), ValueError("no"), KeyboardInterrupt()])
def test_nothing_is_left_of_a_file_that_could_not_be_finished(failure, tmp_path):
    with pytest.raises(type(failure)) as raised, written_whole(tmp_path / "f.bin") as file:
        file.write(b"half")
        raise failure
    assert not list(tmp_path.iterdir())
    assert not isinstance(failure, OSError) or f"{tmp_path}/f.bin: No space" in str(raised.value)


def test_a_link_stays_a_link_and_permissions_stay(tmp_path):
    target, link = tmp_path / "target.bin", tmp_path / "link.bin"
    target.write_bytes(b"old")
    target.chmod(0o600)
    link.symlink_to(target)
    with written_whole(link) as file:
        file.write(b"new")
    assert link.is_symlink() and target.read_bytes() == b"new" and target.stat().st_mode & 0o777 == 0o600


def test_what_is_no_file_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "pipe", tmp_path / "folder"):
        with pytest.raises(OSError, match=f"{path}: it is a folder, a pipe or a device"), written_whole(path):
            pass
    assert sorted(p.name for p in tmp_path.iterdir()) == ["folder", "pipe"]


def test_what_a_killed_process_left_is_cleared_away_after_an_hour(tmp_path):
    old, new = tmp_path / ".f.bin.0123.part", tmp_path / ".f.bin.4567.part"
    for left, age in ((old, 4000), (new, 0)):
        left.write_bytes(b"half")
        os.utime(left, (time.time() - age,) * 2)
    with written_whole(tmp_path / "f.bin") as file:
        file.write(b"whole")
    assert sorted(p.name for p in tmp_path.iterdir()) == [".f.bin.4567.part", "f.bin"]


def test_a_file_that_may_not_be_read_says_so(saved, monkeypatch):
    def closed(path, mode):
        raise PermissionError(13, "Permission denied", str(path))

    # the superuser may read everything, so no mode of a file would do
    monkeypatch.setattr("npvae.autoencoders.model_files.open", closed, raising=False)
    with pytest.raises(PermissionError, match="vae.npz"):
        load(saved)


def test_a_truncated_file_is_refused_wherever_it_was_cut(saved, tmp_path):
    content = saved.read_bytes()
    for length in [0, 1, 4, *np.linspace(10, len(content) - 1, 40).astype(int)]:
        (tmp_path / "cut.npz").write_bytes(content[:length])
        with pytest.raises(ValueError, match="cut.npz"):
            load(tmp_path / "cut.npz")


def test_a_flipped_byte_is_refused_or_changes_nothing(saved, tmp_path):
    content, rng = saved.read_bytes(), np.random.default_rng(0)
    whole = load(saved).transform(X)
    for place in rng.choice(len(content), 150, replace=False):
        (tmp_path / "flip.npz").write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1:])
        try:
            np.testing.assert_array_equal(load(tmp_path / "flip.npz").transform(X), whole)
        except ValueError as refused:
            assert "flip.npz" in str(refused)


def test_a_header_without_a_kind_is_refused(saved, tmp_path):
    with np.load(saved) as stored:
        header = json.loads(str(stored["header"]))
    del header["kind"]
    np.savez(tmp_path / "m.npz", header=np.array(json.dumps(header)))
    with pytest.raises(ValueError, match="m.npz"):
        load(tmp_path / "m.npz")


@pytest.mark.parametrize("make", [
    lambda path: path.write_text("hello"), lambda path: path.write_bytes(b""), lambda path: path.mkdir(),
    lambda path: np.savez(path, W=np.ones(3)), lambda path: np.savez(path, header=np.ones(3)),
    lambda path: np.savez(path, header=np.array("[]")), lambda path: np.savez(path, header=np.array('{"format": "x"}')),
    lambda path: np.savez(path, np.array([{}], dtype=object), allow_pickle=True), lambda path: None])
def test_a_foreign_file_is_refused(make, tmp_path):
    make(tmp_path / "foreign.npz")
    for read in (load, VAE.load):
        with pytest.raises(ValueError, match="foreign.npz"):
            read(tmp_path / "foreign.npz")


def changed(saved, path, header=None, **arrays):
    with np.load(saved) as stored:
        old = {name: stored[name] for name in stored.files}
    if header:
        old["header"] = np.array(json.dumps({**json.loads(str(old["header"])), **header}))
    new = {**old, **{name.replace("__", "/").replace("_DOT_", "."): a for name, a in arrays.items()}}
    new = {name: a for name, a in new.items() if a is not None and name != "digest"}
    # signed anew, so that it is what the file says that is refused, not that it was touched
    np.savez(path, **new, digest=np.array(digest(new)))


@pytest.mark.parametrize("name, change", [
    ("header", lambda a: np.array(str(a).replace('"seed": 0', '"seed": 1'))),
    ("history", lambda a: np.array(str(a).replace('"sweep": 2', '"sweep": 9'))),
    ("parameters/phi.0.W", lambda a: a * np.float32(1.5)), ("adam/t", lambda a: a + 1), ("digest", lambda a: None)])
def test_whatever_was_changed_by_hand_is_noticed(saved, tmp_path, name, change):
    with np.load(saved) as stored:
        arrays = {n: stored[n] for n in stored.files}
    after = change(arrays[name])
    assert after is None or not np.array_equal(after, arrays[name])
    arrays[name] = after
    np.savez(tmp_path / "m.npz", **{n: a for n, a in arrays.items() if a is not None})
    with pytest.raises(ValueError, match="m.npz: does not hold what was written: the file was changed by hand"):
        load(tmp_path / "m.npz")


@pytest.mark.parametrize("version, says", [
    (2, "newer"), (0, "by hand"), (-1, "by hand"), (None, "by hand"), ("1", "by hand")])
def test_another_version_is_refused(saved, tmp_path, version, says):
    changed(saved, tmp_path / "m.npz", {"version": version})
    with pytest.raises(ValueError, match=says):
        load(tmp_path / "m.npz")


def settings(saved, **new):
    with np.load(saved) as stored:
        return {"settings": {**json.loads(str(stored["header"]))["settings"], **new}}


@pytest.mark.parametrize("new", [
    {"latent_dim": 3}, {"latent_dim": -1}, {"latent_dim": 10**9}, {"hidden": [10**9]}, {"hidden": 8},
    {"hidden": [4, 8]}, {"likelihood": "bernoulli"}, {"likelihood": "cauchy"}, {"sigma_g": 0.5},
    {"dtype": "float64"}, {"colour": "red"}, {"held_out": 0}, {"activation": "swish"}, {"seed": "x"},
    {"hidden": [[8, 4]]}])
def test_settings_that_do_not_go_with_the_arrays_are_refused(saved, tmp_path, new):
    changed(saved, tmp_path / "m.npz", settings(saved, **new))
    with pytest.raises(ValueError, match="m.npz"):
        load(tmp_path / "m.npz")


@pytest.mark.parametrize("header", [{"data_dim": 7}, {"data_dim": "6"}, {"data_dim": True}, {"kind": "GAN"},
                                    {"kind": None}, {"kind": ["VAE"]}, {"settings": None}, {"exported": True},
                                    {"image_shape": [5, 5]}, {"image_shape": "x"}])
def test_a_header_that_does_not_hold_together_is_refused(saved, tmp_path, header):
    changed(saved, tmp_path / "m.npz", header)
    with pytest.raises(ValueError, match="m.npz"):
        load(tmp_path / "m.npz")


W, M = "parameters__phi_DOT_0_DOT_W", "adam__m"


@pytest.mark.parametrize("name, change", [
    (W, lambda a: a.T), (W, lambda a: a.astype(np.float64)), (W, lambda a: np.full_like(a, np.nan)),
    (W, lambda a: None),
    (W, lambda a: a.astype(np.int32)), (W, lambda a: a.ravel()), (M, lambda a: a[:-1]), (M, lambda a: a * np.inf),
    ("adam__v", lambda a: a - 1), ("adam__t", lambda a: a * 0 - 5), ("adam__t", lambda a: np.array([1, 2])),
    ("generator", lambda a: np.array("{}")), ("generator", lambda a: np.array("not json")),
    ("generator", lambda a: None),
    ("generator", lambda a: np.array(str(a).replace("PCG64", "MT19937"))),
    ("history", lambda a: np.array("{}")), ("history", lambda a: np.array('[{"sweep": NaN, "seconds": 1}]')),
    ("history", lambda a: np.array('[{"elbo": 1}]')), ("history", lambda a: np.array('[1, 2]')),
    ("history", lambda a: np.array('[{"sweep": -1, "seconds": 1}]')),
    ("stopping__best", lambda a: a[1:]), ("stopping__score", lambda a: a * np.nan), ("extra", lambda a: np.ones(3))])
def test_arrays_that_were_changed_by_hand_are_refused(saved, tmp_path, name, change):
    with np.load(saved) as stored:
        old = stored[key] if (key := name.replace("__", "/").replace("_DOT_", ".")) in stored else None
    with np.errstate(invalid="ignore"):
        changed(saved, tmp_path / "m.npz", **{name: change(old)})
    with pytest.raises(ValueError, match="m.npz"):
        load(tmp_path / "m.npz")


def test_the_wrong_class_is_told_which_is_right(saved):
    with pytest.raises(ValueError, match="'VAE', expected 'Autoencoder'"):
        npvae.Autoencoder.load(saved)


def test_two_who_write_the_same_file_do_not_spoil_each_other(tmp_path):
    path = tmp_path / "m.npz"
    with written_whole(path) as first:
        first.write(b"first")
        with written_whole(path) as second:
            second.write(b"second")
        assert path.read_bytes() == b"second"
    assert path.read_bytes() == b"first" and [p.name for p in tmp_path.iterdir()] == ["m.npz"]


def test_a_name_as_long_as_the_system_allows_can_be_saved(tmp_path):
    path = tmp_path / ("n" * 250 + ".npz")
    with written_whole(path) as file:
        file.write(b"x")
    assert path.read_bytes() == b"x"


def test_hidden_layers_given_as_an_array_are_saved_as_numbers(tmp_path):
    X = np.random.default_rng(0).random((20, 6))
    for hidden in (np.array([5]), np.array([5, 4]), range(5, 6), [5]):
        npvae.VAE(latent_dim=1, hidden=hidden, sweeps=1).fit(X).save(tmp_path / "m.npz")
        assert npvae.VAE.load(tmp_path / "m.npz").hidden == tuple(hidden)


@pytest.mark.parametrize("shape", [(2, 2), (2.0, 3.0), "ab", 6, (6,), (-2, -3)])
def test_an_image_shape_that_is_none_is_refused_before_the_file_is_written(shape, tmp_path):
    vae = npvae.VAE(latent_dim=1, hidden=(4,), sweeps=1).fit(X)
    vae.image_shape_ = shape
    with pytest.raises(ValueError, match="image_shape is .*, expected .height, width. .*with a product of 6"):
        vae.save(tmp_path / "m.npz")
    assert not list(tmp_path.iterdir())


def test_the_image_shape_of_an_earlier_fit_is_not_that_of_other_rows(tmp_path):
    vae, rng = npvae.VAE(latent_dim=1, hidden=(4,), sweeps=1), np.random.default_rng(0)
    vae.image_shape_ = (2, 3)
    vae.fit(rng.random((20, 6)))
    assert vae.image_shape_ == (2, 3)
    vae.fit(rng.random((20, 5))).save(tmp_path / "m.npz")
    assert npvae.VAE.load(tmp_path / "m.npz").image_shape_ is None


@pytest.mark.parametrize("kind", [npvae.VAE, npvae.Autoencoder])
def test_a_file_from_before_the_data_the_optimizer_and_the_kl_were_in_it_goes_on(kind, tmp_path):
    X, path = np.random.default_rng(0).normal(size=(40, 5)), tmp_path / "m.npz"
    settings = dict(latent_dim=2, hidden=(4,), final_learning_rate=None, progress=False)
    kind(**settings, sweeps=2).fit(X).save(path)
    header, arrays = read_model(path)
    del header["data_source"], header["settings"]["optimizer"], header["format"], header["version"]
    records = json.loads(str(arrays["history"]))
    arrays["history"] = np.array(json.dumps([{k: v for k, v in record.items() if k not in ("kl", "reconstruction")}
                                             for record in records]))
    write_model(path, header, arrays)
    model = kind.load(path)
    assert model.data_source_ is None and model.optimizer is None
    model.set_params(sweeps=3).fit(X, resume=True)
    whole = kind(**settings, sweeps=3).fit(X)
    assert model.solver_.parameters.value.tobytes() == whole.solver_.parameters.value.tobytes()


@pytest.mark.parametrize("source", [3, {"data": "x"}, {"data": 1, "label": None, "leave_out": []},
                                    {"data": "x", "label": None, "leave_out": [2]}])
def test_a_source_that_is_none_is_refused(source, tmp_path):
    path = tmp_path / "m.npz"
    npvae.VAE(latent_dim=1, hidden=(), sweeps=1, progress=False).fit(np.eye(4)).save(path)
    header, arrays = read_model(path)
    write_model(path, header | {"data_source": source}, arrays)
    with pytest.raises(ValueError, match="data_source is"):
        npvae.VAE.load(path)
