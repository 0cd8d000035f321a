"""A folder of .npy files is one data set; a process that has one of them reads it from disk."""

import numpy as np
import pytest

from npvae import datasets
from npvae.datasets import shards
from npvae.datasets.shards import read_shards

ROWS = np.random.default_rng(0).integers(0, 256, (120, 5), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path):
    for i, (start, end) in enumerate([(0, 30), (30, 90), (90, 120)]):
        np.save(tmp_path / f"part{i}.npy", ROWS[start:end])
    return tmp_path


def all_rows(*parts):
    return sorted(map(tuple, np.concatenate(parts).tolist()))


def test_a_folder_is_one_data_set_and_says_so(folder):
    data = datasets.load(folder)
    assert all_rows(data.train, data.test) == sorted(map(tuple, ROWS.tolist())) and len(data.test) == 20
    assert "120 rows (100 to train, 20 to test)" in datasets.describe(data) and "3 shards" in datasets.describe(data)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_parts_of_all_processes_are_all_rows_once(folder, size):
    parts = [read_shards(folder, rank, size) for rank in range(size)]
    assert all_rows(*(X for part in parts for X in (part.train, part.test))) == sorted(map(tuple, ROWS.tolist()))
    assert all(isinstance(part.train, np.memmap) for part in parts) == (size == 3)


def test_one_file_a_process_stays_on_disk_and_is_said_to(folder):
    data = read_shards(folder, 1, 3)
    assert "which stay on disk" in datasets.describe(data) and "3 shards, here 1" in datasets.describe(data)
    assert "uint8 pixels on disk" in repr(data)
    floats = folder / "floats.npy"
    np.save(floats, ROWS / 255)
    assert "which stay on disk" in datasets.describe(datasets.load(floats))
    assert "disk" not in datasets.describe(datasets.digits())


def test_what_does_not_go_together_or_fit_says_what_to_do(folder, monkeypatch):
    with pytest.raises(ValueError, match="holds 3 .npy files for 4 processes: cut it into 4"):
        read_shards(folder, 0, 4)
    monkeypatch.setattr(shards, "MOST_COPIED", 100)
    with pytest.raises(ValueError, match="mpiexec -n 3 reads each of them from disk"):
        datasets.load(folder)
    np.save(folder / "part3.npy", ROWS[:, :4])
    with pytest.raises(ValueError, match="rows of 2 kinds"):
        datasets.load(folder)
