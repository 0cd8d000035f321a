"""No output replaces what npvae has not made, nor what is being read: one check for all, before any work."""

import io
import json
import os
import time

import numpy as np
import pytest

from npvae import VAE, Autoencoder
from npvae.cli import main
from npvae.files import check_output, file_behind, make_folder
from npvae.inference import DivergenceError, VariationalEM
from npvae.lab import plots
from npvae.models import mlp_model

X = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
MODEL = mlp_model(1, [4], 3)
TRAIN = ["train", "--sweeps", "1", "--hidden", "4", "--latent-dim", "1"]


def em(file, **settings):
    return VariationalEM(MODEL, sweeps=1, batch_size=20, table_file=file, progress=False, **settings)


def contents(folder):
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def npy(X):
    file = io.BytesIO()
    np.save(file, X)
    return file.getvalue()


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "m.npz"
    VAE(latent_dim=1, hidden=(4,), sweeps=1, progress=False).fit(X).save(path)
    return path


# ---- table_file


@pytest.mark.parametrize("ending", ["", ".m", ".v"])
@pytest.mark.parametrize("what", [lambda file: np.save(file, np.ones((60, 2))), lambda file: file.write(b"precious")])
def test_a_table_replaces_no_file_of_the_users(here, ending, what):
    with open(f"q.npy{ending}", "wb") as file:
        what(file)
    before = contents(here)
    with pytest.raises(ValueError, match=f"q.npy{ending} exists, and is no table of q that npvae has made: move it"):
        em("q.npy").fit(X)
    assert contents(here) == before


@pytest.mark.parametrize("link", [None, os.symlink, os.link])
@pytest.mark.parametrize("rows", [slice(None), slice(5, 40)])
def test_a_table_does_not_replace_the_data_that_are_fitted(here, link, rows):
    np.save("d.npy", X)
    if link:
        link("d.npy", "q.npy")
    before = contents(here)
    with pytest.raises(ValueError, match="is being read: name another"):
        em("q.npy" if link else "d.npy").fit(np.load("d.npy", mmap_mode="r")[rows])
    assert contents(here) == before


def test_a_table_that_is_the_data_of_another_fit_is_not_replaced(here):
    em("q.npy").fit(X)
    before = contents(here)
    for data in (np.load("q.npy", mmap_mode="r"), np.asarray(np.load("q.npy", mmap_mode="r"))[3:]):
        with pytest.raises(ValueError, match="is being read"):
            VariationalEM(mlp_model(1, [4], 2), sweeps=1, table_file="q.npy").fit(data)
    assert contents(here) == before


def test_a_table_is_no_pipe_folder_or_device(here):
    os.mkfifo("pipe")
    (here / "folder").mkdir()
    for name, says in (("pipe", "a pipe or a device"), ("folder", "a folder"), ("/dev/null", "a pipe or a device")):
        with pytest.raises(ValueError, match=f"{name} is {says}, expected the name of a file"):
            em(name).fit(X)
    assert sorted(os.listdir()) == ["folder", "pipe"]


def test_a_table_of_npvae_is_replaced_and_read_as_any_other_array(here):
    for rows in (60, 30):
        fitted = em("q.npy").fit(X[:rows])
        assert sorted(os.listdir()) == ["q.npy", "q.npy.m", "q.npy.v"]
        for mode in (None, "r", "r+", "c"):
            np.testing.assert_array_equal(np.load("q.npy", mmap_mode=mode), fitted.posterior.table)


def test_a_link_to_a_table_stays_one(here):
    (here / "disk").mkdir()
    os.symlink("disk/q.npy", "q.npy")
    for _ in range(2):
        em("q.npy").fit(X)
        assert os.path.islink("q.npy") and os.listdir("disk") == ["q.npy"]


@pytest.mark.parametrize("wrong, rate, error", [
    (np.full((5, 3), np.nan), 1e-3, ValueError), (X, 1e30, DivergenceError)])
def test_a_refit_that_fails_leaves_the_table_on_disk(here, wrong, rate, error):
    fitted = em("q.npy").fit(X)
    before, elbo = contents(here), fitted.elbo(X)
    fitted.learning_rate, fitted.sweeps = rate, 20
    with pytest.raises(error):
        fitted.fit(wrong)
    assert contents(here) == before
    np.testing.assert_array_equal(fitted.elbo(X), elbo)
    np.testing.assert_array_equal(np.load("q.npy"), fitted.posterior.table)


@pytest.mark.parametrize("call, replaced", [(1, False), (20, True)])
def test_an_interrupted_refit_leaves_the_table_of_what_the_solver_holds(here, call, replaced, monkeypatch):
    fitted = em("q.npy").fit(X)
    fitted.sweeps, calls, draw = 9, [], VariationalEM._draw_noise

    def interrupted(self, *args):
        calls.append(1)
        if len(calls) == call:
            raise KeyboardInterrupt
        return draw(self, *args)

    monkeypatch.setattr(VariationalEM, "_draw_noise", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fitted.fit(X[:30])
    assert sorted(os.listdir()) == ["q.npy", "q.npy.m", "q.npy.v"]
    assert len(np.load("q.npy")) == (30 if replaced else 60) == len(fitted.posterior.table)
    np.testing.assert_array_equal(np.load("q.npy"), fitted.posterior.table)


# ---- model files


@pytest.mark.parametrize("kind", [VAE, Autoencoder])
@pytest.mark.parametrize("write", ["save", "export"])
def test_a_model_replaces_a_model_and_nothing_else(here, kind, write, model_file):
    np.savez("data.npz", X=X)
    np.save("data.npy", X)
    (here / "letter.txt").write_text("dear")
    (here / "empty.npz").write_bytes(b"")
    (here / "m.npz").write_bytes(model_file.read_bytes())
    model = kind(latent_dim=1, hidden=(4,), sweeps=1, progress=False).fit(X)
    before = contents(here)
    for name in ("data.npz", "data.npy", "letter.txt"):
        with pytest.raises(ValueError, match=f"{name} exists, and is no model file that npvae has made"):
            getattr(model, write)(name)
    assert contents(here) == before
    for name in ("m.npz", "empty.npz", "new.npz"):
        getattr(model, write)(name)
        np.testing.assert_allclose(kind.load(name).transform(X), model.transform(X), atol=1e-2)


def test_a_model_is_not_written_to_what_is_no_file(here):
    os.mkfifo("pipe")
    model = VAE(latent_dim=1, hidden=(4,), sweeps=1).fit(X)
    for path in ("pipe", str(here), "/dev/null", None, 3):
        with pytest.raises(ValueError, match="expected the (name|path) of a file"):
            model.save(path)
    assert os.listdir() == ["pipe"]


# ---- commands


def commands(model_file):
    """By name: a command, and the option of its output."""
    sample = ["sample", str(model_file), "--n", "4"]
    return {
        "train": [*TRAIN, "--out"], "train json": [*TRAIN, "--out", "new.npz", "--json"],
        "sample png": [*sample, "--out", "p.png"][:-1], "sample npz": [*sample, "--out"],
        "sample json": [*sample, "--out", "new.png", "--json"],
        "verify": ["verify", "--quick", "--section", "6", "--json"],
        "gradcheck": ["gradcheck", "--method", "direction", "--json"],
        "bench": ["bench", "--quick", "--sizes", "toy", "--json"],
        "compare": ["compare", "--data", "ring", "--sweeps", "1", "--hidden", "4", "--json"]}


ENDS = {"sample png": ".png", "sample npz": ".npz", "train": ".npz"}


@pytest.mark.parametrize("name", commands(""))
@pytest.mark.parametrize("foreign", ["text", "array", "picture", "json", "pipe", "folder"])
def test_no_command_replaces_a_file_of_the_users_and_none_works_first(here, name, foreign, model_file, capsys):
    path = here / f"mine{ENDS.get(name, '.json')}"
    {"text": lambda: path.write_text("precious"), "array": lambda: path.write_bytes(npy(X)),
     "picture": lambda: path.write_bytes(b"\x89PNG\r\n\x1a\nprecious"), "json": lambda: path.write_text('{"a": 1}'),
     "pipe": lambda: os.mkfifo(path), "folder": path.mkdir}[foreign]()
    before, start = contents(here), time.perf_counter()
    assert main([*commands(model_file)[name], path.name]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and "mine" in err and "expected" in err + " expected" * (
        "move it away" in err)
    assert contents(here) == before and time.perf_counter() - start < 5


@pytest.mark.parametrize("name", ["train", "train json", "sample png", "sample npz", "sample json", "verify"])
def test_what_an_earlier_run_has_written_is_replaced(here, name, model_file):
    command = [*commands(model_file)[name], f"out{ENDS.get(name, '.json')}"]
    for _ in range(2):
        assert main(command) == 0


@pytest.mark.parametrize("ending", [".png", ".svg", ".pdf", ".PNG", ".npz", ".npy"])
def test_every_kind_of_sample_is_known_again(here, ending, model_file):
    command = ["sample", str(model_file), "--n", "4", "--out", f"s{ending}"]
    assert [main(command), main(command)] == [0, 0]


def test_compare_replaces_its_own_files_and_no_others(here, capsys):
    command = ["compare", "--data", "ring", "--sweeps", "1", "--hidden", "4"]
    assert [main(command), main(command)] == [0, 0]
    for name in ("comparison.png", "comparison.json"):
        mine = (here / name).read_bytes()
        (here / name).write_bytes(b"precious")
        before = contents(here)
        assert main(command) == 2 and f"{name} exists" in capsys.readouterr().err and contents(here) == before
        (here / name).write_bytes(mine)


def test_one_kind_of_output_does_not_replace_another(here, model_file, capsys):
    (here / "m.npz").write_bytes(model_file.read_bytes())
    assert main(["sample", str(model_file), "--out", "s.npz"]) == 0
    before = contents(here)
    for command in (["sample", str(model_file), "--out", "m.npz"], [*TRAIN, "--out", "s.npz"],
                    [*TRAIN, "--out", "n.npz", "--json", "s.npz"]):
        assert main(command) == 2
    assert contents(here) == before


def test_no_file_in_a_folder_of_data_is_replaced(here, capsys):
    (here / "mnist").mkdir()
    rng = np.random.default_rng(0)
    for part in ("train", "t10k"):
        head = bytes([0, 0, 8, 3, 0, 0, 0, 20, 0, 0, 0, 3, 0, 0, 0, 3])
        (here / "mnist" / f"{part}-images-idx3-ubyte").write_bytes(head + rng.bytes(180))
    os.link("mnist/train-images-idx3-ubyte", "link.npz")
    before = contents(here)
    for out in ("mnist/t10k-images-idx3-ubyte", "link.npz"):
        assert main([*TRAIN, "--data", "mnist", "--out", out]) == 2
        assert "same file" in capsys.readouterr().err and contents(here) == before
    assert main([*TRAIN, "--data", "mnist", "--out", "mnist/m.npz"]) == 0


def test_every_json_says_which_version_has_written_it(here):
    import npvae

    assert main(["verify", "--quick", "--section", "6", "--json", "v.json"]) == 0
    assert main([*TRAIN, "--out", "m.npz", "--json", "t.json"]) == 0
    assert {record["npvae"] for record in json.loads((here / "v.json").read_text())} == {npvae.__version__}
    assert json.loads((here / "t.json").read_text())["npvae"] == npvae.__version__


def test_a_figure_that_is_not_finite_is_no_json_and_the_work_is_said_to_be_done(here, monkeypatch, capsys):
    monkeypatch.setattr("npvae.cli.train.measure", lambda model, data: {"test_elbo": float("-inf")})
    assert main([*TRAIN, "--out", "m.npz", "--json", "f.json"]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "f.json is not written" in err and "the work itself is done" in err
    assert os.listdir() == ["m.npz"]


def test_a_picture_replaces_only_a_picture_of_npvae(here):
    import matplotlib.pyplot as plt

    for name in ("a.png", "b.jpg"):
        plt.figure().savefig(name)
        before = contents(here)
        with pytest.raises(ValueError, match=f"{name} exists, and is no picture"):
            plots.save(plt.figure(), name)
        assert contents(here) == before
    plt.close("all")


# ---- the parts


def test_a_thousand_nested_folders_are_made_or_refused_in_one_line(nested_folders, capsys):
    deep = "/".join("d" * 1000)
    assert main([*TRAIN, "--out", f"{deep}/m.npz", "--json", f"{deep}/f.json"]) == 0
    assert os.path.isfile(f"{deep}/m.npz")
    assert main([*TRAIN, "--out", "/".join("d" * 9000) + "/m.npz"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_folder_is_made_once(here):
    make_folder("a/b/c")
    make_folder("a/b/c")
    assert (here / "a/b/c").is_dir()


def test_the_file_behind_an_array_is_found_through_its_views(here):
    np.save("d.npy", X)
    mapped = np.load("d.npy", mmap_mode="r")
    for view in (mapped, mapped[3:], mapped.T, np.asarray(mapped), np.asarray(mapped)[1:].reshape(-1)):
        assert os.path.samefile(file_behind(view), "d.npy")
    for other in (X, mapped + 1, [1, 2], None):
        assert file_behind(other) is None


@pytest.mark.parametrize("kind", ["model", "table", "numbers", "picture", "json"])
def test_what_is_not_there_or_empty_may_be_written(here, kind):
    check_output("new", kind)
    (here / "empty").write_bytes(b"")
    check_output("empty", kind)
    os.symlink("nowhere", "dangling")
    check_output("dangling", kind)
