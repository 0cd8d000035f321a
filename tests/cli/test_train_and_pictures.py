"""`npvae train`, `sample`, `reconstruct`, `traverse`: a model file goes from one to the next."""

import json
import os
import re
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from npvae.autoencoders import load
from npvae.cli import main
from npvae.datasets import Dataset
from npvae.lab.plots import images

QUICK = ["--sweeps", "3", "--hidden", "8", "--latent-dim", "2"]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    np.save(folder / "nine.npy", np.random.default_rng(0).uniform(size=(60, 9)))
    for name, options in {"digits": [], "autoencoder": ["--autoencoder"], "moons": ["--data", "two_moons"],
                          "line": ["--latent-dim", "1"], "table": ["--data", str(folder / "nine.npy")]}.items():
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


def test_the_coordinates_are_in_the_table_and_a_collapse_is_named(tmp_path, capsys):
    X = np.random.default_rng(0).normal(size=(300, 5))
    X[:, 0] *= 10                                           # one direction above σ_g = 3, four below
    np.save(tmp_path / "x.npy", X)
    args = ["train", "--data", str(tmp_path / "x.npy"), "--out", str(tmp_path / "m.npz"), "--sweeps", "150",
            "--latent-dim", "3", "--hidden", "4", "--learning-rate", "0.01", "--json", str(tmp_path / "f.json")]
    assert main([*args, "--sigma-g", "3"]) == 0
    found, printed = json.loads((tmp_path / "f.json").read_text()), capsys.readouterr().out
    assert found["active_units"] == 1 and sum(kl > 0.5 for kl in found["kl"]) == 1
    assert np.shape(found["aggregate_covariance"]) == (3, 3) and "1 of 3\n" in printed
    assert "2 of 3 coordinates carry less than 0.01 nats: the data may need no more than 1" in printed
    assert main([*args, "--sigma-g", "50"]) == 0
    assert "3 of 3 coordinates carry less than 0.01 nats: the posterior has collapsed" in capsys.readouterr().out


def test_codes_that_are_spread_wider_than_the_prior_are_named(tmp_path, capsys):
    np.save(tmp_path / "x.npy", np.random.default_rng(0).uniform(size=(60, 4, 5, 3)))
    args = ["train", "--data", str(tmp_path / "x.npy"), "--out", str(tmp_path / "m.npz"), "--hidden", "64",
            "--latent-dim", "2", "--sweeps", "300", "--learning-rate", "0.01"]
    assert main([*args, "--sigma-g", "0.01"]) == 0
    assert re.search(r"spread \d+\.\d times as widely as the prior, so samples", capsys.readouterr().out)
    assert main([*args, "--sigma-g", "0.3"]) == 0
    assert "as widely" not in capsys.readouterr().out


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
    ["traverse", "digits.npz", "--between", "0", "7", "--steps", "2"]])
def test_each_picture_is_written(files, tmp_path, args, capsys):
    out, figures = tmp_path / "p.png", tmp_path / "f.json"
    assert main([args[0], str(files / args[1]), *args[2:], "--out", str(out), "--json", str(figures)]) == 0
    assert out.read_bytes()[:4] == b"\x89PNG" and json.loads(figures.read_text())["file"] == str(out)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["f.json", "p.png"]


def test_clothes_go_to_pictures_of_28_by_28_a_command_each(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["train", "--data", "fashion", "--out", "m.npz", *QUICK]) == 0
    assert "5000 rows (4000 to train, 1000 to test)" in capsys.readouterr().out
    assert load("m.npz").image_shape_ == (28, 28) and load("m.npz").data_source_["data"] == "fashion"
    for args in (["sample", "--n", "4"], ["reconstruct", "--n", "3"], ["traverse", "--steps", "3"],
                 ["traverse", "--between", "0", "2", "--steps", "3"]):
        out = "".join([*args[:2], ".png"])
        assert main([args[0], "m.npz", *args[1:], "--out", out]) == 0
        pixels, colour = colours_of(out)
        assert not colour.any() and np.median(pixels) > 0.8                 # ink on white paper
    assert "1000 test rows of fashion" in capsys.readouterr().out


def test_a_folder_of_pictures_in_colour_goes_through_every_command(tmp_path, monkeypatch, capsys):
    from matplotlib.image import imread, imsave

    folder, rng = tmp_path / "shapes", np.random.default_rng(0)
    folder.mkdir()
    for i in range(40):
        picture = np.ones((6, 7, 3))
        picture[1:4, 2:6] = [0.9, 0.1 * rng.random(), 0.0]  # red
        imsave(folder / f"{i}.png", picture)
    model = str(tmp_path / "m.npz")
    assert main(["train", "--data", str(folder), "--out", model, "--hidden", "8", "--latent-dim", "2", "--sweeps",
                 "60", "--learning-rate", "0.01"]) == 0
    assert "40 PNG files, in colour" in capsys.readouterr().out
    assert load(model).image_shape_ == (6, 7, 3) and load(model).data_source_["data"] == str(folder)
    # the model file knows its data, from anywhere
    monkeypatch.chdir(tmp_path)
    for args in (["sample", "--n", "4"], ["reconstruct", "--n", "3"], ["traverse", "--steps", "3"],
                 ["traverse", "--between", "0", "2", "--steps", "3"]):
        out = tmp_path / "".join([*args[:2], ".png"])
        assert main([args[0], model, *args[1:], "--out", str(out)]) == 0
        pixels = imread(out)[..., :3]
        # red is there: in a picture of ink all three are equal
        assert ((pixels[..., 0] > 0.8) & (pixels[..., 2] < 0.2)).mean() > 0.02
    assert "test rows of shapes" in capsys.readouterr().out
    os.rename(folder, tmp_path / "moved")
    for args in (["reconstruct"], ["traverse", "--between", "0", "1"]):
        assert main([args[0], model, *args[1:]]) == 2
        said = capsys.readouterr().err
        assert "was trained on" in said and "shapes, which is not there: name its data with --data" in said
    assert main(["reconstruct", model, "--data", str(tmp_path / "moved")]) == 0


def colours_of(path):
    from matplotlib.image import imread

    pixels = imread(path)[..., :3]
    return pixels, np.ptp(pixels, axis=2) > 0.2


@pytest.mark.parametrize("name, image, coloured", [
    ("x.npy", np.full((6, 9, 3), [250, 60, 20], np.uint8), True), ("x.npz", np.full((6, 9, 3), [0.1, 0.8, 0.2]), True),
    ("x.npy", np.full((6, 9), 200, np.uint8), False)])
def test_an_array_of_images_goes_to_pictures_a_command_each(tmp_path, name, image, coloured, monkeypatch):
    monkeypatch.chdir(tmp_path)
    X = np.stack([image] * 24)
    X[::2, 2:4] = X[::2, 2:4] // 2 if X.dtype == np.uint8 else X[::2, 2:4] / 2
    np.save(name, X) if name.endswith("npy") else np.savez(name, X=X)
    assert main(["train", "--data", name, "--out", "m.npz", *QUICK]) == 0
    for command, out in [("sample", "samples"), ("reconstruct", "reconstructions"), ("traverse", "traverse")]:
        assert main([command, "m.npz"]) == 0
        pixels, colour = colours_of(f"{out}.png")
        # grey is light, as nothing in it is 0
        assert colour.mean() > 0.2 if coloured else not colour.any() and np.median(pixels) > 0.7


def test_a_table_with_labels_of_text_goes_to_pictures_a_command_each(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{i},{i % 7}.5,{i % 5}.25,{('rose', 'iris')[i % 2]}\n" for i in range(40))
    (tmp_path / "t.csv").write_text("id,width,height,species\n" + rows)
    assert main(["train", "--data", "t.csv", "--label", "species", "--leave-out", "id", "--out", "m.npz", *QUICK]) == 0
    assert "2 columns of float64" in (said := capsys.readouterr().out) and "2 classes (iris, rose)" in said
    drawn, points = [], images.points_figure
    monkeypatch.setattr(images, "points_figure", lambda *args: drawn.append(points(*args)) or drawn[-1])
    for command, out in [("sample", "samples.png"), ("reconstruct", "reconstructions.png")]:
        assert main([command, "m.npz"]) == 0 and (tmp_path / out).stat().st_size > 5000
    sample, reconstruction = (figure.axes[0] for figure in drawn)
    assert sample.get_title() == "Samples: g(z) at z ~ N(0, I)" and sample.get_legend() is None
    assert (reconstruction.get_xlabel(), reconstruction.get_ylabel()) == ("width", "height")
    assert reconstruction.get_legend() is not None


def test_the_columns_of_the_training_are_remembered(tmp_path, capsys):
    (tmp_path / "t.csv").write_text("id,a,b,kind\n" + "".join(f"{i},{i % 3},{i % 5}.5,k{i % 2}\n" for i in range(30)))
    model = str(tmp_path / "m.npz")
    assert main(["train", "--data", str(tmp_path / "t.csv"), "--label", "kind", "--leave-out", "id", "--out", model,
                 *QUICK]) == 0
    assert main(["reconstruct", model, "--out", str(tmp_path / "r.png")]) == 0
    assert "5 test rows of t" in capsys.readouterr().out
    assert main(["train", "--out", model, "--resume", "--sweeps", "6"]) == 0
    assert "t: 30 rows" in capsys.readouterr().out and load(model).history_[-1]["sweep"] == 6
    assert load(model).data_source_ == {"data": str(tmp_path / "t.csv"), "label": "kind", "leave_out": ["id"]}
    os.rename(tmp_path / "t.csv", tmp_path / "moved.csv")
    assert main(["train", "--out", model, "--resume", "--sweeps", "8"]) == 2
    assert "t.csv, which is not there: name its data with --data" in capsys.readouterr().err
    moved = ["--data", str(tmp_path / "moved.csv"), "--label", "kind", "--leave-out", "id"]
    assert main(["train", "--out", model, "--resume", "--sweeps", "8", *moved]) == 0


@pytest.mark.parametrize("name", ["s.npz", "s.npy"])
def test_samples_can_be_numbers(files, tmp_path, name):
    assert main(["sample", str(files / "digits.npz"), "--n", "7", "--seed", "2", "--out", str(tmp_path / name)]) == 0
    found = np.load(tmp_path / name)
    found = found if name.endswith("npy") else found["X"]
    np.testing.assert_array_equal(found, load(files / "digits.npz").sample(7, 2))


@pytest.mark.parametrize("args, says", [
    (["sample", "missing.npz"], "missing.npz"), (["sample", "digits.npz", "--out", "x.txt"], ".npz"),
    (["reconstruct", "digits.npz", "--out", "x.npz"], ".png"),
    (["reconstruct", "moons.npz", "--data", "digits"], "64"),
    (["traverse", "moons.npz"], "no images"), (["traverse", "digits.npz", "--coordinates", "1", "3"], "from 1 to 2"),
    (["traverse", "digits.npz", "--coordinates", "1", "1"], "different"),
    (["traverse", "digits.npz", "--between", "0", "297"], "0 to 296"),
    (["traverse", "digits.npz", "--between", "0", "1", "--coordinates", "2", "1"], "--coordinates"),
    (["traverse", "line.npz", "--coordinates", "1", "2"], "only one, K = 1"),
    (["reconstruct", "moons.npz", "--data", "two_moons", "--n", "3"], "no images but points"),
    (["traverse", "digits.npz", "--data", "nosuch"], "--between"), (["traverse", "table.npz"], "no images")])
def test_a_mistake_is_one_line_and_status_2(files, capsys, args, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([args[0], str(files / args[1]), *args[2:]]) == 2
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1 and says in printed.err and printed.out == ""
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("args, says", [
    (["--patience", "3"], "--patience 3: without --held-out"),
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


def test_a_model_that_stopped_early_is_said_to_have_had_the_sweeps_that_it_had(tmp_path, capsys):
    out = str(tmp_path / "m.npz")
    assert main(["train", "--out", out, *QUICK]) == 0
    assert main(["train", "--out", out, "--resume", "--sweeps", "2"]) == 2
    assert "has had its 3 sweeps" in capsys.readouterr().err


def test_a_resumed_fit_has_the_time_budget_of_this_call(tmp_path):
    out = str(tmp_path / "m.npz")
    assert main(["train", "--out", out, *QUICK, "--time-budget", "50"]) == 0
    for budget, seconds in (["--time-budget", "40"], 40.0), ([], None):
        sweeps = str(int(load(out).history_[-1]["sweep"]) + 1)
        assert main(["train", "--out", out, "--resume", "--sweeps", sweeps, *budget]) == 0
        assert load(out).seconds == seconds


@pytest.mark.parametrize("option", [["--autoencoder"], ["--seed", "7"]])
def test_a_resumed_model_is_not_another_one(files, capsys, option):
    before = (files / "digits.npz").read_bytes()
    assert main(["train", "--out", str(files / "digits.npz"), "--resume", "--sweeps", "6", *option]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and option[0] in err and (files / "digits.npz").read_bytes() == before


def test_a_resumed_model_may_be_asked_for_by_its_own_kind_and_seed(tmp_path):
    out = str(tmp_path / "m.npz")
    assert main(["train", "--out", out, *QUICK, "--autoencoder", "--seed", "3"]) == 0
    assert main(["train", "--out", out, "--resume", "--autoencoder", "--seed", "3", "--sweeps", "4"]) == 0


def test_a_fit_that_diverges_is_told_in_options_of_the_command(tmp_path, capsys):
    assert main(["train", "--out", str(tmp_path / "m.npz"), "--sweeps", "3", "--learning-rate", "1e5"]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "np.float64" not in err and "kept" not in err
    assert "--dtype float64" in err and "--learning-rate" in err and "was not written" in err
    assert not list(tmp_path.iterdir())


def test_what_does_not_fit_into_memory_is_one_line_and_status_2(tmp_path, capsys):
    assert main(["train", "--out", str(tmp_path / "m.npz"), "--latent-dim", "99999999999"]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "take fewer units" in err and not list(tmp_path.iterdir())


@pytest.mark.parametrize("args", [
    ["train", "--data", "own.npz", "--out", "own.npz"], ["train", "--data", "own.npz", "--out", "link.npz"],
    ["train", "--data", "./own.npz", "--out", "m.npz", "--json", "own.npz"],
    ["train", "--out", "new.npz", "--json", "./new.npz"], ["sample", "digits.npz", "--out", "digits.npz"],
    ["sample", "digits.npz", "--json", "digits.npz"], ["reconstruct", "digits.npz", "--json", "reconstructions.png"],
    ["compare", "--data", "own.npz", "--json", "own.npz"], ["compare", "--json", "comparison.png"],
    ["gradcheck", "mine.py:f", "--json", "mine.py"], ["bench", "--scale", "--out", ".", "--json", "scale.png"]])
def test_no_input_and_no_other_output_is_overwritten(files, tmp_path, monkeypatch, capsys, args):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits.npz").write_bytes((files / "digits.npz").read_bytes())
    np.savez(tmp_path / "own.npz", X=np.random.default_rng(0).uniform(size=(20, 4)))
    (tmp_path / "link.npz").symlink_to("own.npz")
    (tmp_path / "mine.py").write_text("")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert main(args) == 2
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1 and "same file" in printed.err and printed.out == ""
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_the_name_of_a_built_in_data_set_is_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert [main(["train", "--data", "ring", "--out", "ring", *QUICK]) for _ in range(2)] == [0, 0]


@pytest.mark.parametrize("option", ["--out", "--json"])
def test_a_pipe_is_no_file_to_write(tmp_path, capsys, option):
    pipe, out = tmp_path / "pipe", tmp_path / "m.npz"
    os.mkfifo(pipe)
    assert main(["train", *QUICK, "--out", str(out), option, str(pipe)]) == 2
    assert "expected the name of a file" in capsys.readouterr().err
    assert pipe.is_fifo() and [p.name for p in tmp_path.iterdir()] == ["pipe"]


def test_a_picture_that_cannot_be_written_leaves_nothing_and_is_named(files, tmp_path, monkeypatch, capsys):
    def full_disk(self, file, **kwargs):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", full_disk)
    assert main(["sample", str(files / "digits.npz"), "--out", str(tmp_path / "s.png")]) == 2
    assert f"{tmp_path}/s.png: No space" in capsys.readouterr().err and not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["S.PNG", "S.Svg", "S.NPY", "S.NPZ"])
def test_the_case_of_a_suffix_does_not_matter(files, tmp_path, name):
    assert main(["sample", str(files / "digits.npz"), "--n", "4", "--out", str(tmp_path / name)]) == 0
    assert [p.name for p in tmp_path.iterdir()] == [name]
    assert not name.endswith("NPY") or np.load(tmp_path / name).shape == (4, 64)


def test_one_step_is_no_way(files, capsys):
    with pytest.raises(SystemExit) as exit:
        main(["traverse", str(files / "digits.npz"), "--steps", "1"])
    assert exit.value.code == 2 and "from 2" in capsys.readouterr().err


def test_rows_of_a_table_are_drawn_as_points(files, tmp_path, monkeypatch):
    shapes = []
    draw = images.samples_figure
    monkeypatch.setattr(images, "samples_figure", lambda X, shape: (shapes.append(shape), draw(X, shape))[1])
    for name in ("table.npz", "digits.npz"):
        assert main(["sample", str(files / name), "--out", str(tmp_path / "s.png")]) == 0
    assert shapes == [None, (8, 8)]


def test_a_folder_for_a_picture_that_bench_does_not_draw_is_refused(tmp_path, capsys):
    assert main(["bench", "--out", str(tmp_path / "new")]) == 2
    assert "--scale" in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_an_encoding_without_sigma_shows_its_code():
    env = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    for command in (["train", "--help"], ["compare", "--help"], ["compare", "--data", "σ"]):
        found = subprocess.run([sys.executable, "-m", "npvae", *command], capture_output=True, env=env, timeout=60)
        assert b"Traceback" not in found.stderr and b"\\u03" in found.stdout + found.stderr
    found = subprocess.run([sys.executable, "-m", "npvae", "compare", "--data", "−σ"], capture_output=True, env=env,
                           timeout=60)
    assert b"-\\u03c3" in found.stderr


def test_an_interrupt_while_the_commands_are_read_is_one_line(monkeypatch, capsys):
    def interrupt():
        raise KeyboardInterrupt

    monkeypatch.setattr("npvae.cli.command.build_parser", interrupt)
    assert main(["verify"]) == 130
    assert capsys.readouterr().err == "npvae: interrupted\n"


@pytest.mark.parametrize("name, status, says", [
    ("SIGINT", 130, "interrupted"), ("SIGTERM", 143, "stopped by SIGTERM"), ("SIGHUP", 129, "stopped by SIGHUP")])
def test_a_stopped_training_is_saved_and_says_so_in_one_line(tmp_path, name, status, says):
    # a signal in the fifth step, and a second one while that is being ended
    program = """if True:
        import os, signal, sys
        from npvae.cli import main
        from npvae.inference.training import Training
        record, steps = Training.record, []
        def interrupted(self, *values):
            record(self, *values)
            steps.append(1)
            if len(steps) == 5:
                os.kill(os.getpid(), getattr(signal, sys.argv[1]))
                os.kill(os.getpid(), getattr(signal, sys.argv[1]))
        Training.record = interrupted
        sys.exit(main(["train", "--out", "m.npz", "--hidden", "8"]))"""
    found = subprocess.run([sys.executable, "-c", program, name], capture_output=True, text=True, timeout=60,
                           cwd=tmp_path)
    assert found.returncode == status and found.stdout.count("\n") == 1 and found.stdout.startswith("digits: 1797 rows")
    model = load(tmp_path / "m.npz")
    # 1500 rows, 64 in a batch
    assert model.history_["sweep"].tolist() == [5 * 64 / 1500] and model.solver_.run.optimizer.t == 5
    assert found.stderr == f"npvae train: {says}; m.npz holds 0.2133 of 200 sweeps, --resume goes on\n"


def test_the_sides_of_an_image_are_positive():
    with pytest.raises(ValueError, match="positive"):
        Dataset("odd", np.ones((2, 4)), np.ones((1, 4)), image_shape=(-2, -2))


def test_a_folder_is_no_model_file(tmp_path, capsys):
    assert main(["train", "--out", str(tmp_path), *QUICK]) == 2
    assert "is a folder" in capsys.readouterr().err


def test_a_long_fit_saves_on_the_way(tmp_path, monkeypatch):
    from npvae.autoencoders.estimator import Estimator
    from npvae.cli import train

    monkeypatch.setattr(train, "SAVE_EVERY", 0.0)
    seen, save = [], Estimator.save
    monkeypatch.setattr(Estimator, "save", lambda self, path: (seen.append(len(self.history_)), save(self, path)))
    assert main(["train", "--out", str(tmp_path / "m.npz"), *QUICK]) == 0
    assert seen == [1, 2, 3, 3]


@pytest.mark.parametrize("stored, columns, shape", [
    (None, 64, (8, 8)), (None, 784, (28, 28)), (None, 9, None), (None, 49, None), (None, 65, None),
    ((3, 3), 9, (3, 3)), ((8, 8, 3), 192, (8, 8, 3))])
def test_only_a_wide_square_is_guessed_to_be_an_image(stored, columns, shape):
    from npvae.cli.pictures import image_shape

    assert image_shape(SimpleNamespace(image_shape_=stored, n_features_in_=columns)) == shape


def test_an_interrupt_before_the_first_batch_leaves_the_older_file(tmp_path, monkeypatch, capsys):
    out = tmp_path / "m.npz"
    assert main(["train", "--data", "two_moons", "--sweeps", "1", "--out", str(out)]) == 0
    older = out.read_bytes()

    def interrupted(self, x):
        raise KeyboardInterrupt

    monkeypatch.setattr("npvae.inference.AmortizedVI.gradient", interrupted)
    capsys.readouterr()
    assert main(["train", "--data", "two_moons", "--sweeps", "9", "--out", str(out)]) == 130
    assert out.read_bytes() == older and capsys.readouterr().err == "npvae train: interrupted\n"


@pytest.fixture
def every_sweep(monkeypatch):
    from npvae.cli import train

    monkeypatch.setattr(train, "SAVE_EVERY", 0.0)


def failing(monkeypatch, times):
    """The first so many saves fail; returns the list of the sweeps at which they were tried."""
    from npvae.autoencoders.estimator import Estimator

    tried, save = [], Estimator.save

    def sometimes(self, path):
        tried.append(len(self.history_))
        if len(tried) in times:
            raise OSError(28, "No space left on device")
        save(self, path)

    monkeypatch.setattr(Estimator, "save", sometimes)
    return tried


def test_a_save_on_the_way_that_fails_is_tried_again_with_one_warning(tmp_path, monkeypatch, every_sweep):
    tried = failing(monkeypatch, (1, 2))
    with pytest.warns(UserWarning) as warned:
        assert main(["train", "--out", str(tmp_path / "m.npz"), *QUICK]) == 0
    assert tried == [1, 2, 3, 3] and load(tmp_path / "m.npz").history_["sweep"][-1] == 3
    assert len(warned) == 1 and "No space left on device; the training goes on" in str(warned[0].message)


def test_a_last_save_that_fails_says_what_is_lost(tmp_path, monkeypatch, capsys):
    failing(monkeypatch, (1,))
    assert main(["train", "--out", str(tmp_path / "m.npz"), *QUICK]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "the training is done, 3 sweeps, but" in err and "No space" in err


@pytest.mark.parametrize("older", [False, True])
def test_a_last_step_that_diverges_writes_no_model(older, tmp_path, capsys):
    out, figures = tmp_path / "m.npz", tmp_path / "f.json"
    options = ["--data", "two_moons", "--latent-dim", "1", "--hidden", "4", "--sweeps", "1", "--out", str(out)]
    assert not older or main(["train", *options]) == 0
    before = out.read_bytes() if older else None
    capsys.readouterr()
    assert main(["train", *options, "--batch-size", "5000", "--learning-rate", "1e3", "--json", str(figures)]) == 2
    out_text, err = capsys.readouterr()
    # what was read, and no figures
    assert out_text.count("\n") == 1 and out_text.startswith("two_moons: 1800 rows")
    assert err.count("\n") == 1 and "lower --learning-rate" in err
    assert (out.read_bytes() if out.exists() else None) == before and not figures.exists()
