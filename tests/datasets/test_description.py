"""What was read, in one line, and a word where something looks odd."""

import re

import numpy as np
import pytest

from npvae import datasets
from npvae.datasets import Dataset, describe, load

RNG = np.random.default_rng(0)
REAL = RNG.normal(size=(60, 3))
DIGITS = np.arange(60) % 10
GREYS = RNG.integers(0, 17, (60, 20)).astype(float)
PIXELS = RNG.integers(0, 256, (60, 20))


def data(X, **more):
    return Dataset("d", X[:50], X[50:], **more)


def with_column(column, X=REAL, j=0):
    return np.insert(X, j, column, axis=1)


def test_it_says_rows_columns_type_range_images_and_labels():
    assert describe(datasets.digits()) == (
        "digits: 1797 rows (1500 to train, 297 to test), 64 columns of float64 in [0, 1], images 8 x 8, 10 classes; "
        "3 columns are constant")
    text = describe(Dataset("d", np.array([[0.5], [2.5]], np.float32), np.array([[-1]], np.float32), np.array([0, 1])))
    assert text == "d: 3 rows (2 to train, 1 to test), 1 column of float32 in [-1, 2.5], 2 classes"
    assert "labels that are no whole numbers" in describe(data(REAL, train_labels=np.linspace(0, 1, 50)))


def test_it_says_how_a_file_was_read(tmp_path):
    (tmp_path / "f.csv").write_text("a;b;kind\n0,5;1;cat\n2,5;3;dog\n1,5;9;cat\n")
    assert describe(load(tmp_path / "f.csv", label="kind")) == (
        "f: 3 rows (2 to train, 1 to test), 2 columns of float64 in [0.5, 9], 2 classes (cat, dog), a header, between "
        "semicolons, labels from column 3 ('kind'), decimal commas")


def test_nothing_odd_nothing_said():
    for X in (REAL, PIXELS / 255, GREYS, PIXELS.astype(np.uint8),
              REAL * 1000, RNG.integers(0, 1000, (60, 3)).astype(float)):
        assert ";" not in describe(data(X))


@pytest.mark.parametrize("X, words", [
    (with_column(DIGITS), "column 1 holds the whole numbers 0 to 9: a label"),
    (with_column(DIGITS + 1, j=3), "column 4 holds the whole numbers 1 to 10: a label"),
    (with_column(DIGITS % 2), "column 1 holds the whole numbers 0 to 1: a label"),
    (with_column(2 * (DIGITS % 2) - 1), "column 1 holds the whole numbers -1 to 1: a label"),
    (with_column(DIGITS, PIXELS.astype(float)), "column 1 holds the whole numbers 0 to 9: a label"),
    (with_column(np.sort(DIGITS), GREYS, 20), "column 21 holds .* 0 to 9: a label"),
    (with_column(RNG.permutation(60)), "column 1 holds the row numbers 0 to 59: an index"),
    (with_column(np.arange(60) + 1, j=1), "column 2 holds the row numbers 1 to 60: an index"),
    (PIXELS.astype(float), "range is up to 255.*divide them by 255 or save them as uint8"),
    (PIXELS % 250 * 1.0, "range is up to 249"),
    (np.array([[0.5, 255.0]] * 60), "range is up to 255"),
    ((PIXELS % 5 + 1).astype(np.uint8), "uint8 are pixels, divided by 255, and these end at 5"),
    (with_column(7), "1 column is constant"),
])
def test_what_looks_odd_gets_a_word(X, words):
    text = describe(data(X))
    assert "\n" not in text and text.count(": a label") <= 1
    assert re.search(words, text), text


def test_the_word_names_the_column_as_the_options_do(tmp_path):
    path = tmp_path / "f.csv"
    for header, name in (("n,a,b,c,y\n", "'y'"), ("", "5")):
        path.write_text(header + "".join(f"{i},{a},{b},{c},{i % 10}\n" for i, (a, b, c) in enumerate(REAL.tolist())))
        text = describe(load(path))
        assert f"column {name} holds the whole numbers 0 to 9: a label? (then --label {name}, or --leave-out" in text
        assert "the row numbers 0 to 59: an index? (then --leave-out" in text
    path.write_text(path.read_text().replace(",9\n", ",9.5\n"))
    path.write_text("a,b,c,d,y\n" + path.read_text())
    assert "column 'y' is read as data: a label? (then --label 'y'" in describe(load(path))
    assert ": a label" not in describe(load(path, label="y"))
    path.write_text("id,target,class\n" + "".join(f"{a},{b},{c}\n" for a, b, c in REAL.tolist()))
    assert "column 'id' is read as data: an index? (then --leave-out 'id')" in describe(load(path, label="class"))
    assert "column 'target' is read as data: a label?" in describe(load(path, label="class"))
    path.write_text("x,y\n" + "".join(f"{a},{b}\n" for a, b, _ in REAL.tolist()))
    assert ";" not in describe(load(path))


def test_a_file_on_disk_is_described_as_one_in_memory(tmp_path):
    X = with_column(np.arange(60) % 4).astype(np.float32)
    np.save(tmp_path / "d.npy", X)
    assert describe(load(tmp_path / "d.npy")) == describe(data(X)).replace("3], ", "3], which stay on disk, ", 1)


def test_only_a_data_set_is_described():
    with pytest.raises(ValueError, match="data is a ndarray, expected a Dataset"):
        describe(REAL)
