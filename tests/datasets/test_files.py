"""A user's own files: round trips, and every way to get one wrong."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npvae.datasets import files, load, load_file

X = np.arange(24.0).reshape(12, 2)
LABELS = np.arange(12)
PIXELS = np.arange(12 * 6, dtype=np.uint8).reshape(12, 2, 3) * 3


def npz_bytes(**arrays):
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def npy_bytes(array, **options):
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def in_original_order(data):
    """All rows and labels of a data set whose labels are 0, 1, 2, …"""
    order = np.argsort(np.concatenate([data.train_labels, data.test_labels]))
    return np.concatenate([data.train, data.test])[order]


@pytest.mark.parametrize("data_key", ["X", "x", "data", "images", "arr_0"])
@pytest.mark.parametrize("label_key", ["y", "labels", "target"])
def test_npz_is_split_with_a_fixed_seed(tmp_path, data_key, label_key):
    path = tmp_path / "mine.npz"
    path.write_bytes(npz_bytes(**{data_key: X, label_key: LABELS, "other": np.array("ignored")}))
    data = load_file(path)
    assert data.name == "mine" and data.train.shape == (10, 2) and data.test.shape == (2, 2)
    np.testing.assert_array_equal(in_original_order(data), X)
    np.testing.assert_array_equal(load(str(path)).test, data.test)


@pytest.mark.parametrize("keys", [("train", "test", "train_labels", "test_labels"),
                                  ("x_train", "x_test", "y_train", "y_test")])
def test_npz_with_its_own_split(tmp_path, keys):
    arrays = (PIXELS[:9], PIXELS[9:], LABELS[:9], LABELS[9:])
    path = tmp_path / "mine.npz"
    path.write_bytes(npz_bytes(**dict(zip(keys, arrays, strict=True))))
    data = load_file(path)
    assert data.image_shape == (2, 3) and data.train.dtype == data.test.dtype == np.uint8
    np.testing.assert_array_equal(data.train, PIXELS[:9].reshape(9, 6))
    np.testing.assert_array_equal(data.test, PIXELS[9:].reshape(3, 6))
    assert data.train_labels.tolist() == LABELS[:9].tolist() and data.test_labels.tolist() == LABELS[9:].tolist()


@pytest.mark.parametrize("kind, expected", [("f4", "f4"), (">f4", ">f4"), ("f8", "f8"), (">f8", ">f8"), ("f2", "f2"),
                                            ("g", "f8"), ("i4", "f8"), (">i8", "f8"), ("i2", "f4"), ("u1", "u1")])
@pytest.mark.parametrize("order", ["C", "F"])
def test_the_numbers_of_an_npy_file_stay_as_they_are(tmp_path, kind, expected, order):
    path = tmp_path / "mine.npy"
    path.write_bytes(npy_bytes(np.asarray(X.astype(kind), order=order)))
    data = load_file(path)
    assert data.train.dtype == data.test.dtype == expected
    both = np.concatenate([data.train, data.test])
    np.testing.assert_array_equal(both[np.argsort(both[:, 0])], X)


def test_a_long_double_that_float64_cannot_hold(tmp_path):
    if np.finfo(np.longdouble).max == np.finfo(np.float64).max:
        pytest.skip("long double is float64 on this platform")
    path = tmp_path / "mine.npy"
    path.write_bytes(npy_bytes(X.astype(np.longdouble) * (np.finfo(np.longdouble).max / 24)))
    with pytest.raises(ValueError, match="inf in row 0, column 1"):
        load_file(path)


@pytest.mark.parametrize("kind", ["u1", "i2", ">i4", "i8", "u8"])
@pytest.mark.parametrize("values", [PIXELS, PIXELS.astype(int) % 5 + 1, PIXELS % 2])
def test_integers_keep_their_values_and_only_uint8_its_type(tmp_path, kind, values):
    path = tmp_path / "mine.npz"
    path.write_bytes(npz_bytes(images=values.astype(kind), labels=LABELS))
    data = load_file(path)
    assert data.train.dtype == np.uint8 if kind == "u1" else data.train.dtype.kind == "f"
    np.testing.assert_array_equal(in_original_order(data), values.reshape(12, 6))


@pytest.mark.parametrize("values", [[[0, 256], [1, -2]], [[0, 1], [1, 0]]])
def test_integers_need_not_be_pixels(tmp_path, values):
    path = tmp_path / "mine.npz"
    path.write_bytes(npz_bytes(train=np.array(values), test=np.array(values)))
    np.testing.assert_array_equal(load_file(path).train, values)


def test_booleans_are_zero_and_one(tmp_path):
    path = tmp_path / "mine.npz"
    path.write_bytes(npz_bytes(images=PIXELS > 99, labels=LABELS))
    np.testing.assert_array_equal(in_original_order(load_file(path)), (PIXELS > 99).reshape(12, 6))


@pytest.mark.parametrize("arrays, message", [
    ({"X": np.array(1.0)}, r"shape \(\)"),
    ({"X": np.ones(3)}, r"shape \(3,\)"),
    ({"X": np.ones((2, 2, 2, 2))}, r"shape \(2, 2, 2, 2\)"),
    ({"X": np.ones((0, 3))}, "empty"),
    ({"X": np.ones((0, 3), int)}, "empty"),
    ({"X": np.ones((3, 0, 2))}, "empty"),
    ({"X": np.ones((1, 3))}, "has 1 row"),
    ({"X": np.full((2, 2), "a")}, "holds <U1"),
    ({"X": np.ones((2, 2), complex)}, "holds complex128"),
    ({"X": np.zeros((2, 2), "M8[s]")}, "holds datetime64"),
    ({"X": np.zeros((2, 2), [("a", float)])}, "holds .*a"),
    ({"X": np.array([[0, 1], [np.nan, np.inf]])}, r"nan in row 1, column 0 .*first of 2\)"),
    ({"X": np.array([[0, -np.inf], [0, 0]], np.float32)}, "-inf in row 0, column 1"),
    ({"X": X, "y": LABELS[:5]}, r"labels have shape \(5,\), expected \(12,\)"),
    ({"X": X, "y": [*"abcdefghij", "k"]}, r"labels have shape \(11,\), expected \(12,\)"),
    ({"train": X, "test": X, "test_labels": LABELS[:5]}, r"test_labels have shape \(5,\)"),
    ({"train": X, "test": X[:, :1]}, "same number of columns"),
    ({"train": PIXELS, "test": PIXELS.swapaxes(1, 2)}, "expected one size"),
    ({"train": PIXELS, "test": PIXELS / 2}, "expected uint8 pixels in both or in neither"),
    ({"train": X, "test": X * np.nan}, "test has nan in row 0"),
    ({"train": X}, "has train, expected both train and test"),
    ({"points": X}, "no array of a known name"),
    ({}, "no array of a known name"),
])
def test_bad_arrays(tmp_path, arrays, message):
    path = tmp_path / "mine.npz"
    path.write_bytes(npz_bytes(**arrays))
    with pytest.raises(ValueError, match=f"mine.*{message}"):
        load_file(path)


def test_pickles_are_never_loaded(tmp_path):
    path = tmp_path / "mine.npz"
    for content in (npz_bytes(X=np.array([[1], [None]])), npy_bytes(np.array([[1], [None]]), allow_pickle=True)):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="Python objects, which are never loaded"):
            load_file(path)


@pytest.mark.parametrize("content", [npz_bytes(X=X, y=LABELS), npy_bytes(X)], ids=["npz", "npy"])
def test_any_truncation_is_a_value_error(tmp_path, content):
    path = tmp_path / "mine.npz"
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match="mine.npz: "):
            load_file(path)


@given(st.data())
@settings(deadline=None, max_examples=300)
def test_any_changed_bytes_give_finite_data_or_a_value_error(tmp_path_factory, data):
    content = bytearray(data.draw(st.sampled_from([npz_bytes(X=X, y=LABELS), npy_bytes(X), b"a,b\n1,2\n3,4\n5,6\n"])))
    for position, byte in data.draw(st.dictionaries(st.integers(0, len(content) - 1), st.integers(0, 255))).items():
        content[position] = byte
    path = tmp_path_factory.getbasetemp() / "changed.csv"
    path.write_bytes(content)
    try:
        assert np.isfinite(load_file(path).train).all()
    except ValueError as error:
        assert type(error) is ValueError and "changed" in str(error)


@pytest.mark.parametrize("name", ["mine.npz", "mine.npy", "mine.png", "mine"])
def test_another_format_is_named_by_its_first_bytes(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"\x89PNG\r\n")
    with pytest.raises(ValueError, match="not a data set: it starts with b'.x89PNG"):
        load_file(path)


@pytest.mark.parametrize("path, message", [("missing.npz", "missing.npz: no such file"), (".", "is a folder"),
                                           (None, "path is None"), (3, "path is 3"), (b"x", "path is b'x'")])
def test_no_file(path, message):
    with pytest.raises(ValueError, match=message):
        load_file(path)


def test_images_in_an_npy_file_are_rows_of_a_known_size(tmp_path):
    np.save(tmp_path / "mine.npy", PIXELS)
    data = load_file(tmp_path / "mine.npy")
    assert data.image_shape == (2, 3) and data.train.shape == (10, 6) and isinstance(data.train, np.memmap)


def test_what_cannot_be_used_as_it_lies_is_copied_up_to_a_size(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MOST_COPIED", 100)
    for values, order in ((X.astype(int), "C"), (np.asfortranarray(X), "Fortran")):
        np.save(tmp_path / "mine.npy", values)
        with pytest.raises(ValueError, match=f"in {order} order.*GiB.*np.save"):
            load_file(tmp_path / "mine.npy")
    np.save(tmp_path / "mine.npy", X)
    assert load_file(tmp_path / "mine.npy").train.shape == (10, 2)


@pytest.mark.parametrize("columns", [{"label": "a"}, {"leave_out": 1}, {"leave_out": ["a"]}])
@pytest.mark.parametrize("name", ["mine.npy", "mine.npz", "digits"])
def test_only_a_text_file_has_columns_to_be_named(tmp_path, name, columns):
    np.save(tmp_path / "mine.npy", X)
    np.savez(tmp_path / "mine.npz", X=X)
    with pytest.raises(ValueError, match="name columns of a .csv file.*y beside it in a .npz"):
        load(name if name == "digits" else tmp_path / name, **columns)


def test_a_text_file_passes_its_columns_on(tmp_path):
    (tmp_path / "mine.csv").write_text("id,a,b,kind\n7,1,2,cat\n8,3,4,dog\n9,5,6,cat\n")
    data = load(tmp_path / "mine.csv", label="kind", leave_out="id")
    assert data.columns == ("a", "b") and data.classes == ("cat", "dog") and data.train.shape == (2, 2)
    both = np.concatenate([data.train, data.test])[:, 0]
    labels = np.concatenate([data.train_labels, data.test_labels])
    assert labels[np.argsort(both)].tolist() == [0, 1, 0]
