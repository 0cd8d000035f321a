"""`npvae train`, `sample`, `reconstruct`, `traverse`: a model file goes from one to the next."""

import json

import numpy as np
import pytest

from npvae.autoencoders import load
from npvae.cli import main

QUICK = ["--sweeps", "3", "--hidden", "8", "--latent-dim", "2"]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    for name, options in {"digits": [], "autoencoder": ["--autoencoder"], "moons": ["--data", "two_moons"],
                          "line": ["--latent-dim", "1"]}.items():
        assert main(["train", "--out", str(folder / f"{name}.npz"), *QUICK, *options]) == 0
    return folder


def test_train_prints_the_figures_and_writes_model_and_json(tmp_path, capsys):
    out, figures = tmp_path / "new" / "m.npz", tmp_path / "f.json"
    assert main(["train", "--out", str(out), *QUICK, "--seed", "3", "--json", str(figures)]) == 0
    found, printed = json.loads(figures.read_text()), capsys.readouterr().out
    assert {"train_elbo", "test_elbo", "sigma_g", "sweeps", "seconds"} <= set(found) and found["sweeps"] == 3
    assert f"{found['test_elbo']:.4g}" in printed and "nats" in printed
    model = load(out)
    assert model.seed == 3 and model.image_shape_ == (8, 8) and [p.name for p in out.parent.iterdir()] == ["m.npz"]


def test_resume_is_bit_by_bit_a_fit_that_never_stopped(tmp_path):
    whole, part = str(tmp_path / "whole.npz"), str(tmp_path / "part.npz")
    options = ["--hidden", "8", "--final-learning-rate", "0.003"]
    assert main(["train", "--out", whole, *options, "--sweeps", "4"]) == 0
    assert main(["train", "--out", part, *options, "--sweeps", "2"]) == 0
    assert main(["train", "--out", part, "--resume", "--sweeps", "4"]) == 0
    first, second = (load(path).solver_.parameters.value for path in (whole, part))
    assert first.tobytes() == second.tobytes()


def test_every_setting_arrives(tmp_path):
    out = str(tmp_path / "m.npz")
    assert main(["train", "--out", out, "--data", "ring", "--sweeps", "2", "--hidden", "6", "5", "--latent-dim", "1",
                 "--batch-size", "32", "--samples", "2", "--kl-warm-up", "2", "--patience", "4", "--held-out", "0.2",
                 "--learning-rate", "0.01", "--final-learning-rate", "0.001", "--alpha", "3", "--beta", "0.5",
                 "--activation", "relu", "--dtype", "float64", "--time-budget", "50"]) == 0
    settings = load(out).get_params()
    expected = dict(hidden=(6, 5), batch_size=32, samples=2, kl_warm_up=2, patience=4, held_out=0.2, learning_rate=0.01,
                    final_learning_rate=0.001, alpha=3.0, beta=0.5, activation="relu", dtype="float64", seconds=50.0)
    assert {name: settings[name] for name in expected} == expected


@pytest.mark.parametrize("args", [
    ["sample", "digits.npz", "--n", "5"], ["sample", "autoencoder.npz"], ["sample", "moons.npz"],
    ["reconstruct", "digits.npz"], ["reconstruct", "autoencoder.npz", "--n", "3"],
    ["reconstruct", "moons.npz", "--data", "two_moons"], ["traverse", "digits.npz", "--steps", "4"],
    ["traverse", "autoencoder.npz", "--coordinates", "2", "1"], ["traverse", "line.npz", "--steps", "5"],
    ["traverse", "digits.npz", "--between", "0", "7", "--steps", "3"]])
def test_each_picture_is_written(files, tmp_path, args, capsys):
    out, figures = tmp_path / "p.png", tmp_path / "f.json"
    assert main([args[0], str(files / args[1]), *args[2:], "--out", str(out), "--json", str(figures)]) == 0
    assert out.read_bytes()[:4] == b"\x89PNG" and json.loads(figures.read_text())["file"] == str(out)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["f.json", "p.png"]


@pytest.mark.parametrize("name", ["s.npz", "s.npy"])
def test_samples_can_be_numbers(files, tmp_path, name):
    assert main(["sample", str(files / "digits.npz"), "--n", "7", "--seed", "2", "--out", str(tmp_path / name)]) == 0
    found = np.load(tmp_path / name)
    found = found if name.endswith("npy") else found["X"]
    np.testing.assert_array_equal(found, load(files / "digits.npz").sample(7, 2))


@pytest.mark.parametrize("args, says", [
    (["sample", "missing.npz"], "missing.npz"), (["sample", "digits.npz", "--out", "x.txt"], ".npz"),
    (["reconstruct", "digits.npz", "--out", "x.npz"], ".png"), (["reconstruct", "moons.npz"], "64"),
    (["traverse", "moons.npz"], "no images"), (["traverse", "digits.npz", "--coordinates", "1", "3"], "from 1 to 2"),
    (["traverse", "digits.npz", "--coordinates", "1", "1"], "different"),
    (["traverse", "digits.npz", "--between", "0", "297"], "0 to 296")])
def test_a_mistake_is_one_line_and_status_2(files, capsys, args, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([args[0], str(files / args[1]), *args[2:]]) == 2
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1 and says in printed.err and printed.out == ""
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("args, says", [
    (["--autoencoder", "--sigma-g", "1"], "sigma_g"), (["--alpha", "1", "--sigma-g", "1"], "both"),
    (["--resume"], "no such file"), (["--data", "mnits"], "two_moons"), (["--learning-rate", "-1"], "learning_rate"),
    (["--held-out", "1"], "held_out"), (["--data", "two_moons", "--likelihood", "bernoulli"], "rescale")])
def test_a_bad_option_to_train_leaves_no_file(args, says, tmp_path, capsys):
    assert main(["train", "--out", str(tmp_path / "m.npz"), *QUICK, *args]) == 2
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1 and says in printed.err
    assert not list(tmp_path.iterdir())


def test_a_finished_model_asks_for_more_sweeps(files, capsys):
    assert main(["train", "--out", str(files / "digits.npz"), "--resume"]) == 2
    assert "--sweeps 6" in capsys.readouterr().err


def test_a_folder_is_no_model_file(tmp_path, capsys):
    assert main(["train", "--out", str(tmp_path), *QUICK]) == 2
    assert "is a folder" in capsys.readouterr().err


def test_a_long_fit_saves_on_the_way(tmp_path, monkeypatch):
    from npvae.autoencoders.estimator import Estimator
    from npvae.lab import commands_train

    monkeypatch.setattr(commands_train, "SAVE_EVERY", 0.0)
    seen, save = [], Estimator.save
    monkeypatch.setattr(Estimator, "save", lambda self, path: (seen.append(len(self.history_)), save(self, path)))
    assert main(["train", "--out", str(tmp_path / "m.npz"), *QUICK]) == 0
    assert seen == [1, 2, 3, 3]
