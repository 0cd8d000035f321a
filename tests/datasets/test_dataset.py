"""The data set itself, its checks, the split, and load by name."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npvae import datasets
from npvae.checks import as_generator
from npvae.datasets import Dataset
from npvae.datasets.checks import check_labels, check_matrix

GOOD = np.arange(8.0).reshape(4, 2)


def test_repr_tells_shapes_range_images_and_classes():
    data = Dataset("d", GOOD, GOOD[:1], np.array([0, 1, 1, 5]), image_shape=(1, 2))
    assert repr(data) == "Dataset 'd': train (4, 2), test (1, 2), values in [0, 7], images 1 x 2, 3 classes"


def test_uint8_pixels_are_kept_without_a_copy():
    pixels = np.zeros((3, 4), np.uint8)
    data = Dataset("d", pixels, pixels[:1])
    assert data.train is pixels and "uint8 pixels" in repr(data)


def test_labels_become_int64_so_that_differences_cannot_wrap():
    data = Dataset("d", GOOD, GOOD[:1], np.array([0, 1, 2, 3], np.uint8), np.array([9], np.uint8))
    assert data.train_labels.dtype == data.test_labels.dtype == np.int64


@pytest.mark.parametrize("X, message", [
    ([[1.0]], "is a list, expected an array"),
    (np.array(1.0), r"shape \(\), expected \(n, D\)"),
    (np.ones(3), r"shape \(3,\), expected \(n, D\)"),
    (np.ones((2, 2, 2)), r"shape \(2, 2, 2\)"),
    (np.ones((0, 2)), "empty"),
    (np.ones((2, 0)), "empty"),
    (np.ones((2, 2), object), "holds object"),
    (np.ones((2, 2), complex), "holds complex128"),
    (np.ones((2, 2), np.int64), "holds int64"),
    (np.full((2, 2), "a"), "holds <U1"),
])
def test_check_matrix_names_what_it_got(X, message):
    with pytest.raises(ValueError, match=f"data.*{message}"):
        check_matrix(X)


@given(st.integers(0, 3), st.integers(0, 4), st.sampled_from([np.nan, np.inf, -np.inf]))
@settings(deadline=None)
def test_check_matrix_finds_the_first_bad_number(row, column, bad):
    X = np.zeros((5, 5))
    X[row, column] = bad
    X[4, 4] = np.nan
    with pytest.raises(ValueError, match=rf"{bad} in row {row}, column {column} .*first of 2\)"):
        check_matrix(X)


@pytest.mark.parametrize("labels, message", [
    (np.zeros(3), r"shape \(3,\), expected \(4,\)"),
    (np.zeros((4, 1)), r"shape \(4, 1\)"),
    (np.array(list("abcd")), "np.unique"),
    (np.array([0, 1, np.nan, 3]), "nan in row 2"),
    ([None] * 4, "hold object"),
])
def test_bad_labels(labels, message):
    with pytest.raises(ValueError, match=f"labels.*{message}"):
        check_labels(labels, 4)


@pytest.mark.parametrize("change, message", [
    ({"test": np.ones((2, 3))}, "same number of columns"),
    ({"test": np.ones((2, 2), np.uint8)}, "same kind of numbers"),
    ({"train_labels": np.ones(3)}, "train_labels have shape"),
    ({"test_labels": np.ones(3)}, "test_labels have shape"),
    ({"image_shape": (2, 2)}, "product of 2"),
    ({"image_shape": (2,)}, "product of 2"),
    ({"image_shape": (1.0, 2.0)}, "product of 2"),
    ({"image_shape": 2}, "product of 2"),
    ({"columns": ("a",)}, "columns are 1, expected 2"),
    ({"columns": "ab"}, "columns is 'ab', expected a tuple of texts"),
    ({"classes": (1, 2)}, "classes is .*expected a tuple of texts"),
])
def test_parts_that_do_not_fit_each_other(change, message):
    with pytest.raises(ValueError, match=f"^d: .*{message}"):
        Dataset(**{"name": "d", "train": GOOD, "test": GOOD[:2], **change})


@given(st.integers(2, 60), st.floats(0.01, 0.99))
@settings(deadline=None)
def test_split_is_a_partition_that_keeps_labels_with_their_rows(n, fraction):
    X = np.arange(n)[:, None] * np.ones(2)
    train, test, train_labels, test_labels = datasets.split(X, np.arange(n), fraction)
    assert len(train) >= 1 and len(test) == min(max(1, round(fraction * n)), n - 1)
    np.testing.assert_array_equal(np.sort(np.concatenate([train, test])[:, 0]), np.arange(n))
    np.testing.assert_array_equal(train[:, 0], train_labels)
    np.testing.assert_array_equal(test[:, 0], test_labels)


def test_split_follows_its_seed():
    X = np.arange(40.0)[:, None]
    first, again, other = (datasets.split(X, rng=seed)[1] for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("arguments, message", [
    ((np.ones((1, 2)),), "has 1 row"),
    ((GOOD, None, 0), "test_fraction is 0"),
    ((GOOD, None, 1.0), "test_fraction is 1.0"),
    ((GOOD, None, float("nan")), "test_fraction is nan"),
    ((GOOD, None, "half"), "test_fraction is 'half'"),
    ((GOOD, np.ones(3)), "labels have shape"),
])
def test_bad_splits(arguments, message):
    with pytest.raises(ValueError, match=message):
        datasets.split(*arguments)


@pytest.mark.parametrize("value", [0, -1, 1.0, True, "3", None, float("nan"), 10**20])
def test_a_number_of_rows_that_is_none_is_refused(value):
    with pytest.raises(ValueError, match="n is .*expected a whole number from 1 to 100000000"):
        datasets.ring(value)


@pytest.mark.parametrize("value", [0, -1.0, True, "3", None, float("nan"), float("inf"), 1e300, 10**400], ids=str)
def test_a_scale_that_is_none_is_refused(value):
    with pytest.raises(ValueError, match=r"sigma_g is .*expected a positive finite number up to 1e\+06"):
        datasets.ring(20, sigma_g=value)


@pytest.mark.parametrize("rng", [-1, 1.5, True, None, "0", [1]])
def test_as_generator_refuses(rng):
    with pytest.raises(ValueError, match="rng is .*expected a numpy.random.Generator or a seed"):
        as_generator(rng)


@pytest.mark.parametrize("name", datasets.names())
def test_load_by_name_is_the_function_of_that_name(name):
    data, direct = datasets.load(name), getattr(datasets, name)()
    assert data.name == name
    np.testing.assert_array_equal(data.train, direct.train)
    np.testing.assert_array_equal(data.test, direct.test)


@pytest.mark.parametrize("name", ["digit", "", "no/such/file.npz", "a\0b", "x" * 5000, None, 0, [], np.ones(3), b"x"])
def test_load_of_anything_else_lists_the_names(name):
    with pytest.raises(ValueError, match="unknown data set .*digits, fashion, .*or the path of"):
        datasets.load(name)


def test_import_reads_no_file_and_loads_no_plotting():
    code = ("import sys, numpy; opened = []; "
            "sys.addaudithook(lambda event, args: event == 'open' and opened.append(str(args[0]))); "
            "import npvae.datasets; "
            "assert not any(path.endswith('.npz') for path in opened), opened; "
            "assert not {'matplotlib', 'sklearn'} & set(sys.modules)")
    subprocess.run([sys.executable, "-c", code], check=True)


def test_how_grey_is_drawn_is_true_false_or_told_from_the_numbers():
    X = np.eye(4)
    assert [Dataset("x", X, X, image_shape=(2, 2), light=light).drawn_shape for light in (True, False, None)] == [
        (2, 2, 1), (2, 2), (2, 2)]
    with pytest.raises(ValueError, match="x: light is 'yes', expected True or False"):
        Dataset("x", X, X, image_shape=(2, 2), light="yes")
