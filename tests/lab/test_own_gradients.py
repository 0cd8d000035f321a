"""`npvae gradcheck`: every analytic gradient of the package, and a user's own file."""

import json

import pytest

from npvae.cli import main
from npvae.lab.own_gradients.table import check_package, record

OWN = """
import numpy as np

def square(x):
    return x**2, lambda dy: 2 * x * dy
square_x = np.array([0.5, -1.0])

def half(x):
    return (x**2).sum(), x

def point():
    return half, np.array([1.0, 2.0])

def broken(x):
    return x["y"]
broken_x = np.array([1.0])

def needs(x):
    return x, x
"""


@pytest.fixture(scope="module")
def reports():
    return check_package()


def test_more_than_two_hundred_checks_pass_at_the_tolerances_that_are_promised(reports):
    assert len(reports) >= 200
    assert [r.name for r in reports if not r.passed] == []
    tolerances = {r.method: {row.tolerance for row in r.rows} for r in reports}
    assert tolerances == {"complex": {1e-12}, "central": {1e-7}, "taylor": {0.05}}


def test_every_room_is_in_the_table(reports):
    names = " ".join(r.name for r in reports)
    for part in ("Affine", "relu", "KL, Gaussian", "KL, Categorical", "nodes, ", "Bernoulli", "σ_g learned", "q_i",
                 "q_φ mlp", "Cubature", "Autoencoder", "VAE", "pathwise", "sticking", "leave-one-out"):
        assert part in names


def test_another_seed_passes_too():
    assert all(r.passed for r in check_package(["central"], seed=1))


def test_a_record_is_what_the_json_file_holds(reports):
    assert set(record(reports[0])) == {"name", "method", "error", "tolerance", "passed"}
    json.dumps([record(r) for r in reports], allow_nan=False)


def test_the_command_writes_a_list_and_returns_0(tmp_path, capsys):
    assert main(["gradcheck", "--method", "complex", "--json", str(tmp_path / "g.json")]) == 0
    found = json.loads((tmp_path / "g.json").read_text())
    assert len(found) > 150 and all(r["passed"] and r["error"] <= r["tolerance"] == 1e-12 for r in found)
    assert "none failed" in capsys.readouterr().out


@pytest.mark.parametrize("name, status, says", [
    ("square", 0, "passed"), ("point", 1, "½ times the right one"), ("broken", 2, "IndexError"),
    ("needs", 2, "needs_x"), ("missing", 2, "has no missing")])
def test_a_users_own_function(tmp_path, capsys, name, status, says):
    (tmp_path / "own.py").write_text(OWN)
    assert main(["gradcheck", f"{tmp_path / 'own.py'}:{name}"]) == status
    printed = capsys.readouterr()
    assert says in printed.out + printed.err
    assert status != 2 or (printed.err.count("\n") == 1 and not printed.out)


@pytest.mark.parametrize("target, says", [
    ("no_such.py:f", "no file"), ("own.py", "FILE.py:NAME"), ("x:y", "FILE.py:NAME")])
def test_a_target_that_is_none(capsys, target, says):
    assert main(["gradcheck", target]) == 2
    assert says in capsys.readouterr().err


def test_a_file_that_does_not_load(tmp_path, capsys):
    (tmp_path / "own.py").write_text("import no_such_module")
    assert main(["gradcheck", f"{tmp_path / 'own.py'}:f"]) == 2
    assert "could not be loaded" in capsys.readouterr().err


def test_a_wrong_gradient_in_the_package_is_status_1(monkeypatch, capsys):
    from npvae.lab.own_gradients import table

    monkeypatch.setattr(table, "ROOMS", (lambda rng: [
        ("wrong", {"f": lambda x: (x**2, lambda dy: -2 * x * dy), "x": rng.standard_normal(3)})],))
    assert main(["gradcheck"]) == 1
    assert "wrong sign" in capsys.readouterr().out


def test_the_help_shows_how_to_hand_in_a_function(capsys):
    with pytest.raises(SystemExit) as exit:
        main(["gradcheck", "--help"])
    printed = capsys.readouterr().out
    assert exit.value.code == 0 and "my_layers.py:swish" in printed and "swish_x" in printed


def test_the_gallery_is_shown_with_its_verdicts(capsys):
    assert main(["gradcheck", "--gallery"]) == 0
    printed = capsys.readouterr().out
    assert "def tanh_of_x(x):" in printed and "it is a cost, −ELBO" in printed
    assert main(["gradcheck", "--gallery", "--method", "complex"]) == 2
