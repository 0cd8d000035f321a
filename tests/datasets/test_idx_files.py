"""IDX files: round trips, memory maps, and every way to damage one."""

import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npvae.datasets import idx, load, load_file, read_idx
from npvae.datasets.idx_files import TYPES

IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


def idx_bytes(array):
    code = {np.dtype(name).str[1:]: code for code, name in TYPES.items()}[array.dtype.str[1:]]
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, code, array.ndim]) + sizes + array.astype(array.dtype.newbyteorder(">")).tobytes()


def write_mnist(folder, spelling="-", end="", train=IMAGES, test=IMAGES[:1], labels=((3, 4), (5,))):
    compress = gzip.compress if end else bytes
    for part, images, numbers in (("train", train, labels[0]), ("t10k", test, labels[1])):
        (folder / f"{part}-images{spelling}idx3-ubyte{end}").write_bytes(compress(idx_bytes(images)))
        if numbers is not None:
            content = idx_bytes(np.array(numbers, np.uint8))
            (folder / f"{part}-labels{spelling}idx1-ubyte{end}").write_bytes(compress(content))
    return folder


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
@pytest.mark.parametrize("dtype", ["u1", "i1", "i2", "i4", "f4", "f8"])
@pytest.mark.parametrize("shape", [(5,), (2, 3), (2, 3, 4), (1, 2, 3, 2)])
def test_round_trip(tmp_path, dtype, shape, compress):
    array = (np.arange(np.prod(shape)).reshape(shape) - (dtype[0] != "u")).astype(dtype)
    path = tmp_path / "any-name"
    path.write_bytes(compress(idx_bytes(array)))
    result = read_idx(path)
    assert result.shape == shape and result.dtype == np.dtype(dtype).newbyteorder(">")
    np.testing.assert_array_equal(result, array)


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_any_truncation_is_a_value_error(tmp_path, compress):
    content, path = compress(idx_bytes(IMAGES)), tmp_path / "data"
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match="data: "):
            read_idx(path)


@given(st.data())
@settings(deadline=None, max_examples=200)
def test_any_changed_bytes_give_an_array_or_a_value_error(tmp_path_factory, data):
    content = bytearray(data.draw(st.sampled_from([bytes, gzip.compress]))(idx_bytes(IMAGES)))
    for position, byte in data.draw(st.dictionaries(st.integers(0, len(content) - 1), st.integers(0, 255))).items():
        content[position] = byte
    path = tmp_path_factory.getbasetemp() / "changed"
    path.write_bytes(content)
    try:
        assert read_idx(path).size > 0
    except ValueError as error:
        assert type(error) is ValueError and "changed: " in str(error)


@pytest.mark.parametrize("content, message", [
    (b"", "not an IDX file"),
    (b"\0\0\x07\x01\0\0\0\x01a", "not an IDX file"),
    (b"\0\0\x08\x00a", "not an IDX file"),
    (b"hello, world", "not an IDX file: it starts with b'hell'"),
    (b"\0\0\x08\x02\0\0\0\x01", "header is cut short"),
    (b"\0\0\x08\x01\0\0\0\x00", "empty"),
    (b"\0\0\x08\x01\0\0\0\x02a", "got 9 bytes, expected 10"),
    (b"\0\0\x08\x01\0\0\0\x02abc", "got 11 bytes, expected 10"),
    (b"\0\0\x0e\x03" + b"\xff" * 12, "expected"),
])
@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_bad_content(tmp_path, content, message, compress):
    path = tmp_path / "data"
    path.write_bytes(compress(content))
    with pytest.raises(ValueError, match=f"data: .*{message}"):
        read_idx(path)


@pytest.mark.parametrize("path, message", [("missing", "no such file"), (".", "is a folder"), (7, "path is 7"),
                                           (None, "path is None")])
def test_no_file(path, message):
    with pytest.raises(ValueError, match=message):
        read_idx(path)


@pytest.mark.parametrize("end", ["", ".gz"])
@pytest.mark.parametrize("spelling", "-.")
def test_folder(tmp_path, spelling, end):
    data = idx(write_mnist(tmp_path, spelling, end))
    assert data.train.dtype == np.uint8 and data.image_shape == (3, 4) and data.name == tmp_path.name
    np.testing.assert_array_equal(data.train, IMAGES.reshape(2, 12))
    np.testing.assert_array_equal(data.test, IMAGES[:1].reshape(1, 12))
    assert data.train_labels.tolist() == [3, 4] and data.test_labels.tolist() == [5]
    np.testing.assert_array_equal(load(tmp_path).train, data.train)


def test_plain_files_are_mapped_not_read(tmp_path):
    data = idx(write_mnist(tmp_path))
    assert isinstance(data.train, np.memmap) and isinstance(data.test, np.memmap)
    assert not data.train.flags.writeable
    # A change of the file on disk shows in the array: nothing was copied.
    with open(tmp_path / "train-images-idx3-ubyte", "r+b") as file:
        file.seek(16)
        file.write(b"\xc8")
    assert data.train[0, 0] == 200


def test_labels_are_optional(tmp_path):
    data = idx(write_mnist(tmp_path, labels=(None, None)))
    assert data.train_labels is None and data.test_labels is None


@pytest.mark.parametrize("arguments, message", [
    ({"labels": ((1,), (5,))}, r"train_labels have shape \(1,\), expected \(2,\)"),
    ({"test": IMAGES[:, :2]}, "expected one size"),
    ({"train": IMAGES[0]}, r"holds uint8 \(3, 4\), expected uint8 \(n, height, width\)"),
    ({"train": IMAGES.astype(np.float32)}, "holds >f4"),
    ({"train": IMAGES[:0]}, "empty"),
])
def test_bad_folders(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        idx(write_mnist(tmp_path, **arguments))


def test_no_folder(tmp_path):
    with pytest.raises(ValueError, match="no file train-images-idx3-ubyte"):
        load(tmp_path)
    with pytest.raises(ValueError, match="no such folder"):
        idx(tmp_path / "missing")
    with pytest.raises(ValueError, match="path is None"):
        idx(None)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ValueError, match="is a file, expected a folder"):
        idx(tmp_path / "file")


@pytest.mark.parametrize("packed", [gzip.compress, bytes])
def test_one_idx_file_stays_uint8_and_is_split(tmp_path, packed):
    path = tmp_path / "images"
    path.write_bytes(packed(idx_bytes(IMAGES)))
    data = load_file(path)
    assert data.image_shape == (3, 4) and data.train.dtype == np.uint8
    both = np.concatenate([data.train, data.test])
    np.testing.assert_array_equal(both[np.argsort(both[:, 0])], IMAGES.reshape(2, 12))
    path.write_bytes(idx_bytes(np.arange(4, dtype=np.uint8)))
    with pytest.raises(ValueError, match=r"shape \(4,\)"):
        load_file(path)


def write_emnist(folder, name, ends=("", "")):
    for part, images, numbers in (("train", IMAGES, (3, 4)), ("test", IMAGES[:1], (5,))):
        for content, array in (("images-idx3", images), ("labels-idx1", np.array(numbers, np.uint8))):
            packed = idx_bytes(array)
            path = folder / f"{name}{part}-{content}-ubyte{ends[0]}"
            path.write_bytes(gzip.compress(packed) if ends[0] else packed)
    return folder


@pytest.mark.parametrize("ends", [("", ""), (".gz", "")])
def test_emnists_sets_are_found_by_name(tmp_path, ends):
    write_emnist(tmp_path, "emnist-letters-", ends)
    data = load(tmp_path)
    assert data.name == "emnist-letters" and data.train_labels.tolist() == [3, 4] and "on their side" in data.notes[0]
    np.testing.assert_array_equal(data.train, IMAGES.reshape(len(IMAGES), -1))
    write_emnist(tmp_path, "emnist-digits-", ends)
    with pytest.raises(ValueError, match="holds 2 sets of IDX files: name one of .*emnist-digits, .*emnist-letters"):
        load(tmp_path)
    assert load(tmp_path / "emnist-digits").name == "emnist-digits"
    with pytest.raises(ValueError, match="unknown data set"):
        load(tmp_path / "emnist-dig")


def test_of_qmnists_labels_the_first_column_is_the_class(tmp_path):
    write_emnist(tmp_path, "qmnist-")
    (tmp_path / "qmnist-train-labels-idx1-ubyte").unlink()
    rows = np.array([[3, 0, 77], [4, 1, 78]], ">i4")
    header = bytes([0, 0, 0x0C, 2]) + b"".join(n.to_bytes(4, "big") for n in rows.shape)
    (tmp_path / "qmnist-train-labels-idx2-int").write_bytes(header + rows.tobytes())
    assert load(tmp_path).train_labels.tolist() == [3, 4] and load(tmp_path).notes == ()
