"""The time until a result: what a contestant's process says, what is made of it, and the quick form of the command."""

import json

import numpy as np
import pytest

from npvae.cli import main
from npvae.lab import result


@pytest.fixture(scope="module")
def tasks(tmp_path_factory):
    return result.written_tasks(tmp_path_factory.mktemp("tasks"), None, 500, 5.0, 0)


def test_a_process_stops_at_the_level_and_says_where_its_time_went(tasks):
    found = result.one_process("npvae", tasks["digits"])
    assert found["elbo"] >= 5 and 1 <= found["sweeps"] < 20
    assert set(found["phases"]) == {"read", "import", "train"}
    assert 0 < sum(found["phases"].values()) < found["seconds"]
    with np.load(tasks["digits"]["file"]) as data:
        assert data["train"].shape == (1500, 64) and data["test"].shape == (297, 64)


def test_a_sweep_over_images_has_no_level(tasks):
    found = result.one_process("npvae", tasks["images"])
    assert found["sweeps"] == 1 and found["elbo"] is None
    with np.load(tasks["images"]["file"]) as data:
        assert data["train"].shape == (500, 784) and data["train"].dtype == np.uint8


@pytest.mark.parametrize("change, says", [
    ({"level": 500.0, "most": 2}, r"npvae has a test ELBO of .* nats after 2 sweeps, not the 500 asked for"),
    ({"file": "missing.npz"}, "npvae failed: FileNotFoundError.*missing.npz")])
def test_what_fails_is_named(tasks, change, says):
    with pytest.raises(ValueError, match=says):
        result.one_process("npvae", {**tasks["digits"], **change})


@pytest.mark.parametrize("name, package", [("torch", "torch"), ("torch_fused", "torch"), ("jax", "jax"),
                                           ("jax_scan", "jax")])
def test_a_peer_reaches_the_same_level(tasks, name, package):
    pytest.importorskip(package)
    assert result.one_process(name, tasks["digits"])["elbo"] >= 5
    assert result.one_process(name, tasks["images"])["sweeps"] == 1


def test_ratios_are_taken_round_by_round(monkeypatch):
    seconds = {"npvae": iter([1.0, 3.0] * 2), "torch": iter([4.0, 6.0] * 2)}
    monkeypatch.setattr(result, "ROUNDS", 2)
    monkeypatch.setattr(result, "works", lambda package: False)
    monkeypatch.setattr(result, "TITLES", {"npvae": "npvae", "torch": "PyTorch"})
    monkeypatch.setattr(result, "written_tasks", lambda *_: {"digits": {}, "images": {}})
    # each contestant has its turn in a round, for one task and then for the other
    monkeypatch.setattr(result, "one_process", lambda name, task: {"seconds": next(seconds[name]), "sweeps": 3,
                                                                   "phases": {"import": 0.5}})
    assert result.result(progress=False)["tasks"]["digits"]["ratios"] == {}
    seconds["npvae"] = iter([1.0, 1.0, 3.0, 3.0])
    monkeypatch.setattr(result, "works", lambda package: True)
    figures = result.result(progress=False)
    assert figures["tasks"]["digits"]["ratios"] == {"torch": [1 / 4, 3 / 4]}
    assert figures["tasks"]["images"]["ratios"] == {"torch": [1 / 6, 3 / 6]}
    assert "0.50 (0.25–0.75)" in result.result_table(figures)


def test_the_command_writes_json(tmp_path, capsys, monkeypatch):
    # what is installed beside npvae takes its time, and has a test of its own
    monkeypatch.setattr(result, "works", lambda package: False)
    np.save(tmp_path / "x.npy", np.random.default_rng(0).integers(0, 256, (300, 6, 6), np.uint8))
    assert main(["bench", "--result", "--quick", "--images", str(tmp_path / "x.npy"), "--json",
                 str(tmp_path / "r.json")]) == 0
    assert "digits to 5 nats (s)" in capsys.readouterr().out
    figures = json.loads((tmp_path / "r.json").read_text())
    assert figures["images"] == 250 and figures["level"] == 5
    assert len(figures["tasks"]["images"]["runs"]["npvae"]) == 1


@pytest.mark.parametrize("args, says", [(["--result", "--scale"], "--scale and --result: one at a time"),
                                        (["--result", "--sizes", "toy"], "--result does not time"),
                                        (["--images", "digits"], "only --result trains on them")])
def test_options_that_do_not_go_together_are_refused(args, says, capsys):
    assert main(["bench", *args]) == 2
    assert says in capsys.readouterr().err
