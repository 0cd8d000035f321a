"""--data, --label, --leave-out and the line of what was read, from end to end."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from npvae.autoencoders import load
from npvae.cli import main
from npvae.lab.scale import image_file

QUICK = ["--sweeps", "1", "--hidden", "4", "--latent-dim", "1"]


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.csv"
    rows = np.random.default_rng(0).normal(size=(40, 2)).tolist()
    path.write_text("id,a,b,kind\n" + "".join(f"x{i},{a},{b},{'cat' if a > 0 else 'dog'}\n"
                                              for i, (a, b) in enumerate(rows)))
    return path


@pytest.mark.parametrize("columns", [["--label", "kind", "--leave-out", "id"], ["--label", "4", "--leave-out", "1"],
                                     ["--leave-out", "1", "kind"]])
def test_each_command_takes_columns_and_says_what_was_read(table, tmp_path, columns, capsys):
    model, data = str(tmp_path / "m.npz"), ["--data", str(table), *columns]
    said = "table: 40 rows (33 to train, 7 to test), 2 columns of float64 in ["
    for command in (["train", "--out", model, *QUICK], ["reconstruct", model, "--out", str(tmp_path / "p.png")],
                    ["compare", *QUICK, "--out", str(tmp_path)]):
        assert main([*command, *data]) == 0
        line, = [line for line in capsys.readouterr().out.splitlines() if line.startswith(said)]
        assert ("2 classes (cat, dog)" in line) == ("--label" in columns) and "a header" in line
    assert load(model).n_features_in_ == 2


def test_the_line_is_not_in_the_json_on_standard_output(table, tmp_path, capsys):
    assert main(["train", "--out", str(tmp_path / "m.npz"), *QUICK, "--data", str(table), "--label", "kind",
                 "--leave-out", "id", "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["data"] == "table" and "40 rows" in err


@pytest.mark.parametrize("columns, says", [
    ([], "line 2, column 1 ('id'): 'x0' is not a number"), (["--label", "sort"], "the columns are 'id', 'a'"),
    (["--label", "5"], "number, 1 to 4"), (["--leave-out", "id", "a", "b", "kind"], "no column of data is left")])
def test_a_column_that_is_wrong_is_one_line_and_status_2(table, tmp_path, columns, says, capsys):
    assert main(["train", "--out", str(tmp_path / "m.npz"), *QUICK, "--data", str(table), *columns]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and says in err and not (tmp_path / "m.npz").exists()


def test_columns_without_a_text_file_are_refused(tmp_path, capsys):
    assert main(["train", "--out", str(tmp_path / "m.npz"), *QUICK, "--label", "4"]) == 2
    assert "name columns of a .csv file" in capsys.readouterr().err


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs Linux's count of pages of files")
def test_training_on_a_large_file_leaves_it_on_disk(tmp_path):
    size = image_file(tmp_path / "images.npy", m=80_000).nbytes
    code = f"""if True:
        from npvae.cli import main
        from npvae.lab.scale import anonymous_memory, peak_memory, status_bytes
        options = ["train", "--sweeps", "1", "--hidden", "16", "--latent-dim", "2", "--batch-size", "1000"]
        assert main([*options, "--out", {str(tmp_path / 'digits.npz')!r}]) == 0
        before = peak_memory()
        assert main([*options, "--data", {str(tmp_path / 'images.npy')!r}, "--out", {str(tmp_path / 'm.npz')!r}]) == 0
        print(peak_memory() - before)
        """
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300)
    # pages of the file are counted, too; as float64 in memory it would be eight times its size and more
    assert int(found.stdout.splitlines()[-1]) < 1.5 * size, found.stdout
