"""The command line: help with examples, one-line errors with status 2, nothing half-written."""

import json
import subprocess
import sys

import numpy as np
import pytest

import npvae
from npvae.cli import main


def run(*args, **kwargs):
    return subprocess.run([sys.executable, "-m", "npvae", *args], capture_output=True, text=True, timeout=120, **kwargs)


@pytest.mark.parametrize("command", [[], ["compare"]])
def test_help_has_examples(command):
    found = run(*command, "--help")
    assert found.returncode == 0 and "npvae compare" in found.stdout and "example" in found.stdout


def test_the_version_is_that_of_the_package(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert (end.value.code, capsys.readouterr().out) == (0, f"npvae {npvae.__version__}\n")


def test_importing_npvae_loads_no_matplotlib():
    code = "import sys, npvae, npvae.cli; sys.exit(any(m.split('.')[0] in ('matplotlib', 'tqdm') for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


def bad_files(folder):
    np.save(folder / "nan.npy", np.array([[1.0, 2.0], [3.0, np.nan], [5.0, 6.0]]))
    np.save(folder / "one.npy", np.ones(5))
    (folder / "quotes.csv").write_text('"1,000",2\n3,4\n')
    np.save(folder / "objects.npy", np.array([[{}, 1]], dtype=object), allow_pickle=True)
    (folder / "text.csv").write_text("hello\nworld, again\n")
    (folder / "not.npz").write_text("this is no archive")
    (folder / "data-idx3-ubyte").write_bytes(b"\x00\x00\x08\x03\x00\x00\x00\x05\x00\x00\x00\x02\x00\x00\x00\x02abc")


@pytest.mark.parametrize("name, says", [
    ("nan.npy", "row 1, column 1"), ("one.npy", "shape (5,)"), ("quotes.csv", "line 1, column 1"),
    ("objects.npy", "object"), ("text.csv", "text.csv"), ("not.npz", "not.npz"), ("data-idx3-ubyte", "bytes"),
    ("missing.npy", "digits")])
def test_a_bad_file_is_one_line_and_status_2(tmp_path, capsys, name, says):
    bad_files(tmp_path)
    assert main(["compare", "--data", str(tmp_path / name), "--out", str(tmp_path / "out")]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1 and says in printed.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("args", [
    ["--latent-dim", "0"], ["--latent-dim", "-1"], ["--hidden", "0"], ["--time-budget", "0"], ["--time-budget", "nan"],
    ["--seed", "-1"], ["--seed", "x"], ["--latent", "poisson"], ["--sweeps", "1.5"], ["--no-such-option"]])
def test_a_bad_option_is_one_line_and_status_2(args, capsys):
    with pytest.raises(SystemExit) as exit:
        main(["compare", *args])
    printed = capsys.readouterr()
    assert exit.value.code == 2 and printed.err.count("\n") == 1 and printed.out == ""


def test_an_unknown_data_set_lists_the_known_ones(capsys):
    assert main(["compare", "--data", "mnits"]) == 2
    assert "two_moons" in capsys.readouterr().err


def test_more_components_than_rows_is_refused(tmp_path, capsys):
    assert main(["compare", "--data", "ring", "--latent", "categorical", "--latent-dim", "5000",
                 "--out", str(tmp_path)]) == 2
    assert "5000" in capsys.readouterr().err


def test_an_unwritable_folder_is_named_before_any_training(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["compare", "--out", str(tmp_path / "file" / "below")]) == 2
    assert "below" in capsys.readouterr().err


@pytest.mark.parametrize("option", [["--json"], ["--json", "-"]], ids=["bare", "dash"])
def test_without_a_file_the_json_stands_alone_on_standard_output(option, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["verify", "--quick", "--section", "6", *option]) == 0
    out, err = capsys.readouterr()
    assert all(record["passed"] for record in json.loads(out))
    assert "claim" in err
    assert not list(tmp_path.iterdir())


def test_a_failed_check_keeps_its_status_when_the_json_goes_to_standard_output(capsys, tmp_path):
    (tmp_path / "wrong.py").write_text("import numpy as np\n\n\ndef f(x):\n    return x**2, lambda dy: dy * x\n\n\n"
                                       "f_x = np.array([1.0, 2.0])\n")
    assert main(["gradcheck", f"{tmp_path}/wrong.py:f", "--json"]) == 1
    assert not all(record["passed"] for record in json.loads(capsys.readouterr().out))


def test_a_function_to_check_is_not_taken_for_the_name_of_the_json_file(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["gradcheck", "--json", "mine.py:f"]) == 2
    assert "before --json" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("args, status", [("verify --quick --section 6", 0), ("compare --data mnits", 2)])
def test_closed_streams_are_no_mistake(args, status):
    command = f'"{sys.executable}" -m npvae {args} >&- 2>&-'
    assert subprocess.run(["sh", "-c", command], check=False).returncode == status
