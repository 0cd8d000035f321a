"""Data sets of arrays: images in colour, labels of text, names of columns."""

import numpy as np
import pytest

from npvae.datasets import digits, from_arrays, load_file, split

COLOURS = np.random.default_rng(0).integers(0, 256, (12, 4, 5, 3), np.uint8)


def test_images_in_colour_keep_their_shape():
    data = from_arrays(COLOURS, name="mine")
    assert data.image_shape == (4, 5, 3) and data.train.shape == (10, 60) and data.train.dtype == np.uint8
    np.testing.assert_array_equal(data.train, split(COLOURS.reshape(12, 60))[0])
    assert "images 4 x 5 in colour" in repr(data)
    assert from_arrays(COLOURS[..., :1]).image_shape == (4, 5)


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_files_hold_images_in_colour_too(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    np.save(path, COLOURS) if suffix == ".npy" else np.savez(path, X=COLOURS)
    data = load_file(path)
    assert data.image_shape == (4, 5, 3) and data.train.shape == (10, 60) and data.train.dtype == np.uint8
    assert sorted(map(bytes, np.concatenate([data.train, data.test]))) == sorted(map(bytes, COLOURS))


def test_labels_may_be_text():
    X = np.arange(24.0).reshape(12, 2)
    data = from_arrays(X, np.array(["dog", "cat"] * 6, dtype=object))
    assert data.classes == ("cat", "dog")
    np.testing.assert_array_equal(data.train_labels, 1 - data.train[:, 0] // 2 % 2)
    both = from_arrays(X, ["dog", "cat"] * 6, test=X[:2], test_labels=["eel", "dog"])
    assert both.classes == ("cat", "dog", "eel") and both.test_labels.tolist() == [2, 1]
    assert from_arrays(X, np.arange(12)).train_labels.dtype == np.int64


def test_a_table_keeps_its_names():
    frame = pytest.importorskip("pandas").DataFrame({"a": [1.0, 2, 3], "b": [4, 5, 6]})
    assert from_arrays(frame).columns == ("a", "b")
    assert from_arrays(np.ones((3, 2)), columns=["p", "q"]).columns[1] == "q"


@pytest.mark.parametrize("arguments, message", [
    (dict(X=np.zeros((3, 4, 5, 2))), r"shape \(3, 4, 5, 2\)"), (dict(X=np.ones(3)), r"shape \(3,\)"),
    (dict(X=np.ones((3, 2)), y=[1, 2]), "labels have shape"), (dict(X=np.ones((3, 2)), y=["a"]), "labels have shape"),
    (dict(X=np.ones((3, 2)), y=["a", None, "b"]), "None in row 1 .*expected text, as in row 0"),
    (dict(X=np.ones((3, 2)), y=np.array([1, "a", 2], object)), "'a' in row 1 .*expected numbers, as in row 0"),
    (dict(X=np.ones((3, 2)), y=[None, "a", "b"]), "None in row 0 .*expected numbers or text: .* missing"),
    (dict(X=np.ones((3, 2)), test=np.ones((2, 2)), test_labels=["a"]), r"test_labels have shape \(1,\)"),
    (dict(X=np.ones((3, 2)), y=["a", 1, {}]), "labels"),
    (dict(X=np.ones((3, 2)), test=np.ones((3, 1))), "columns"),
    (dict(X=np.ones((3, 2)), test_labels=[1]), "without test"), (dict(X=np.ones((1, 2))), "at least 2"),
    (dict(X=np.ones((3, 2)), columns=["a"]), "columns are 1"), (dict(X=np.ones((3, 2)), name=3), "name is a int"),
    (dict(X=[["a"]]), "expected real numbers"), (dict(X=COLOURS, test=COLOURS / 255.0), "uint8 pixels in both")])
def test_what_does_not_fit_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        from_arrays(**arguments)


def test_labels_of_text_are_read_from_files_and_bytes(tmp_path):
    X = np.arange(24.0).reshape(12, 2)
    for text in (["dog", "cat"] * 6, np.array([b"dog", b"cat"] * 6), np.array(["dog", "cat"] * 6, object)):
        np.save(tmp_path / "y.npy", text)
        data = from_arrays(X, np.load(tmp_path / "y.npy", allow_pickle=True))
        assert data.classes == ("cat", "dog") and data.train_labels.dtype == np.int64
    np.savez(tmp_path / "x.npz", X=X, y=["dog", "cat"] * 6)
    data = load_file(tmp_path / "x.npz")
    assert data.classes == ("cat", "dog")
    np.testing.assert_array_equal(data.train_labels, 1 - data.train[:, 0] // 2 % 2)
    np.savez(tmp_path / "x.npz", x_train=X, y_train=["dog", "cat"] * 6, x_test=X[:2], y_test=["eel", "dog"])
    both = load_file(tmp_path / "x.npz")
    assert both.classes == ("cat", "dog", "eel") and both.test_labels.tolist() == [2, 1]
    assert from_arrays(X, np.arange(12).astype(object)).train_labels.dtype == np.int64


def test_arrays_of_ink_and_of_light_are_drawn_so():
    grey = np.random.default_rng(0).uniform(0.1, 1, (12, 4, 5))
    assert from_arrays(grey).drawn_shape == (4, 5, 1) and from_arrays(grey).image_shape == (4, 5)
    ink = np.where(grey < 0.6, 0, grey)
    assert from_arrays(ink).drawn_shape == (4, 5) and digits().drawn_shape == (8, 8)
    assert from_arrays(COLOURS).drawn_shape == (4, 5, 3) and from_arrays(grey[:, 0]).drawn_shape is None
