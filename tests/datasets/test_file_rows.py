"""Rows of a file to train and to test on: a fair partition that leaves the file on disk as it is."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npvae.datasets import describe, file_rows, load
from npvae.datasets.file_rows import split_file
from npvae.files import release
from npvae.lab.scale import image_file, status_bytes
from npvae.models.data import blocks


def saved(folder, X):
    path = folder / "x.npy"
    np.save(path, X)
    return path, np.load(path, mmap_mode="r")


@given(st.integers(2, 3000), st.integers(1, 3), st.sampled_from(["u1", ">f4", "f2", "f8"]), st.integers(0, 99))
@settings(deadline=None)
def test_each_row_is_in_one_part_whatever_is_let_go_of(tmp_path_factory, n, D, kind, seed):
    X = np.random.default_rng(seed).integers(0, 250, (n, D)).astype(kind)
    path, mapped = saved(tmp_path_factory.getbasetemp(), X)
    train, test = split_file(path, mapped, seed)
    for _ in range(2):
        both = np.concatenate([train, test])
        np.testing.assert_array_equal(both[np.lexsort(both.T)], X[np.lexsort(X.T)])
        release(train)
    assert train.dtype == test.dtype == X.dtype and len(test) == max(1, round(n / 6))
    np.testing.assert_array_equal(np.load(path), X)


def test_training_rows_are_a_read_only_map(tmp_path):
    train, test = split_file(*saved(tmp_path, np.zeros((30, 4))))
    assert isinstance(train, np.memmap) and train.flags.c_contiguous and not isinstance(test, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        train[0] = 1


def test_each_class_of_a_sorted_file_has_its_share(tmp_path):
    classes = np.repeat(np.arange(10), 6000)
    train, test = split_file(*saved(tmp_path, classes[:, None].astype(np.uint8)))
    assert len(test) == 10_000
    # a run of 40 rows may stand on either side of each of two borders
    assert np.abs(np.bincount(test[:, 0], minlength=10) - 1000).max() <= 80
    assert np.abs(np.bincount(train[:, 0], minlength=10) - 5000).max() <= 80


def test_the_split_follows_its_seed(tmp_path):
    path, mapped = saved(tmp_path, np.arange(60.0)[:, None])
    first, again, other = (split_file(path, mapped, seed)[1] for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_wide_rows_are_few(tmp_path, monkeypatch):
    monkeypatch.setattr(file_rows, "MOST_BYTES", 1000)
    assert split_file(*saved(tmp_path, np.zeros((600, 25))))[1].shape == (5, 25)
    assert split_file(*saved(tmp_path, np.zeros((6, 2500))))[1].shape == (1, 2500)


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs Linux's count of pages of files")
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_a_large_file_is_loaded_described_and_gone_through_on_disk(tmp_path, kind):
    X = image_file(tmp_path / "images.npy", m=60_000 if kind == np.uint8 else 30_000)
    if kind == np.float32:
        np.save(tmp_path / "images.npy", X / np.float32(255))
    size = (tmp_path / "images.npy").stat().st_size
    del X
    before = {name: status_bytes(name, 0) for name in ("RssAnon", "RssFile")}
    data = load(tmp_path / "images.npy")
    text = describe(data)
    for _ in blocks(data.train, np.float32, rows=np.arange(0, len(data.train), 50)):
        pass
    # the rows to test on take 8 MB of uint8 and 16 MB of floats, those that moved as much, and pages are whole
    assert status_bytes("RssAnon", 0) - before["RssAnon"] < (0.6 if kind == np.uint8 else 0.8) * size
    assert status_bytes("RssFile", 0) - before["RssFile"] < 0.2 * size
    assert isinstance(data.train, np.memmap) and data.train.dtype == kind and np.dtype(kind).name in text
