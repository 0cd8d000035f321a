"""IDX, the file format of MNIST: two zero bytes, a type code, the number of dimensions, big-endian sizes, data."""

import gzip
import math
import os
import re
import zlib
from pathlib import Path

import numpy as np

from npvae.archives import check_growth
from npvae.checks import as_path

from .checks import check_file
from .dataset import Dataset

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
GZIP = b"\x1f\x8b"
# [set-]train-images-idx3-ubyte[.gz]
NAMED = re.compile(r"(?P<set>(?:.*?[-_.])??)(?P<part>train|t10k|test)-(?P<content>images|labels)(?P<dot>[-.])idx\d-"
                   r"(ubyte|int)(?P<gz>\.gz)?")
PICTURES = (".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")
LONGEST_HEADER = 4 + 4 * 255


def read_idx(path: str | os.PathLike) -> np.ndarray:
    """The array in an IDX file, big-endian: a read-only memory map of a plain file, in memory if it is gzipped.

    A ValueError for no such file, one that is not IDX, empty, damaged, or not exactly as long as its header says. Y.
    LeCun, C. Cortes and C. Burges, The MNIST database of handwritten digits, describes the format.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "labels-idx1-ubyte")
    ...     _ = path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1]))
    ...     np.array(read_idx(path))
    array([7, 2, 1], dtype=uint8)
    """
    check_file(path)
    try:
        with open(path, "rb") as file:
            head = file.read(LONGEST_HEADER)
        if head[:2] == GZIP:
            return _read_gzipped(path)
        dtype, shape, offset = _read_header(head, path)
        _check_size(os.path.getsize(path), dtype, shape, offset, path)
        return np.memmap(path, dtype, mode="r", offset=offset, shape=shape)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path}: cannot be read ({error}): fetch the file again") from error


def _read_gzipped(path):
    # no more is inflated than the header says
    with gzip.open(path) as file:
        head = file.read(LONGEST_HEADER)
        dtype, shape, offset = _read_header(head, path)
        expected = offset + dtype.itemsize * math.prod(shape)
        try:
            check_growth(expected, os.path.getsize(path))
        except ValueError as problem:
            raise ValueError(f"{path}: expected {dtype} {shape} by its header, but {problem}") from problem
        content = head + file.read(max(0, expected + 1 - len(head)))
    _check_size(len(content), dtype, shape, offset, path)
    return np.frombuffer(content, dtype, offset=offset).reshape(shape)


def _read_header(head, path):
    """The dtype, the shape and the offset of the data."""
    if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in TYPES or not 1 <= head[3] <= 32:
        raise ValueError(f"{path}: not an IDX file: it starts with {head[:4]!r}, expected two zero bytes, a type code "
                         f"of {', '.join(map(hex, TYPES))} and the number of dimensions, 1 to 32")
    dtype, ndim = np.dtype(TYPES[head[2]]), head[3]
    offset = 4 + 4 * ndim
    if len(head) < offset:
        raise ValueError(f"{path}: the IDX header is cut short: got {len(head)} bytes, expected {offset}: fetch it "
                         "again")
    return dtype, tuple(int.from_bytes(head[4 * j:4 * j + 4], "big") for j in range(1, ndim + 1)), offset


def _check_size(size, dtype, shape, offset, path):
    expected = offset + dtype.itemsize * math.prod(shape)
    if size != expected:
        raise ValueError(f"{path}: got {size} bytes, expected {expected} for {dtype} {shape}: fetch the file "
                         "again")
    if size == offset:
        raise ValueError(f"{path}: empty, its shape is {shape}: expected at least one number")


def idx(folder: str | os.PathLike) -> Dataset:
    """The data set in a folder of IDX files that are named like MNIST's: rows of uint8, memory maps of plain files.

    It holds train-images-idx3-ubyte and t10k-images-idx3-ubyte (or test-images-…) and, if there are labels,
    train-labels-idx1-ubyte and t10k-labels-idx1-ubyte; each plain or with .gz, and spelled -idx3- or .idx3-. All may
    begin with the name of the set, as EMNIST's and QMNIST's do: of several in one folder, folder/emnist-letters names
    one. A ValueError for no such folder, image files missing or damaged, not images of uint8, or another number of
    labels.

    Examples
    --------
    >>> idx("no/such/folder")
    Traceback (most recent call last):
    ValueError: no/such/folder: no such folder
    """
    folder, name = _folder_and_set(folder)
    train, test = _read_images(folder, name, "train"), _read_images(folder, name, "test")
    if train.shape[1:] != test.shape[1:]:
        raise ValueError(f"{folder}: train images are {train.shape[1:]}, test images {test.shape[1:]}: "
                         "expected one size")
    paths = [_find_file(folder, name, part, "labels") for part in ("train", "test")]
    labels = [None if path is None else read_idx(path) for path in paths]
    # of QMNIST's rows of eight numbers the first is the class
    labels = [part[:, 0] if part is not None and part.ndim == 2 else part for part in labels]
    flat = [images.reshape(len(images), -1) for images in (train, test)]
    notes = ("stored on their side, as EMNIST's are",) if name.lower().startswith("emnist") else ()
    return Dataset(name.rstrip("-_.") or Path(folder).resolve().name, *flat, *labels, image_shape=train.shape[1:],
                   notes=notes)


def idx_sets(folder: str | os.PathLike) -> list[str]:
    """What the names of IDX files of images in a folder begin with, before train or test: [""] for MNIST's own."""
    found = (NAMED.fullmatch(name) for name in os.listdir(folder))
    return sorted({match["set"] for match in found if match and match["content"] == "images"})


def is_idx_set(path: str | os.PathLike) -> bool:
    """Whether a path is folder/set, a set of IDX files in a folder."""
    folder, name = os.path.split(os.fspath(path))
    return os.path.isdir(folder or ".") and any(s and s.rstrip("-_.") == name for s in idx_sets(folder or "."))


def _folder_and_set(path):
    if isinstance(path, str | os.PathLike) and not os.path.exists(path) and is_idx_set(path):
        folder, name = os.path.split(os.fspath(path))
        folder = folder or "."
        return folder, next(s for s in idx_sets(folder) if s.rstrip("-_.") == name)
    if not os.path.isdir(as_path(path)):
        raise ValueError(f"{path}: {'is a file, expected a folder' if os.path.isfile(path) else 'no such folder'}")
    sets = idx_sets(path)
    if len(sets) > 1 and "" not in sets:
        named = ", ".join(os.path.join(path, s.rstrip("-_.")) for s in sets)
        raise ValueError(f"{path}: holds {len(sets)} sets of IDX files: name one of {named}")
    return path, sets[0] if sets else ""


def _find_file(folder, name, part, content):
    """The path of e.g. train-images-idx3-ubyte in any of its spellings, plain ones first, or None."""
    parts = ("train",) if part == "train" else ("t10k", "test")
    found = (NAMED.fullmatch(file) for file in sorted(os.listdir(folder)))
    fits = [m for m in found if m and m["set"] == name and m["part"] in parts and m["content"] == content]
    fits.sort(key=lambda match: (match["gz"] is not None, match["dot"] == ".", match["part"]))
    return os.path.join(folder, fits[0].string) if fits else None


def _read_images(folder, name, part):
    path = _find_file(folder, name, part, "images")
    if path is None:
        kind = "train" if part == "train" else "t10k"
        others = sorted({end for file in os.listdir(folder) if (end := Path(file).suffix.lower()) in PICTURES})
        if others:
            raise ValueError(f"{folder}: holds {', '.join(others)} files, expected .png files: convert them to PNG")
        raise ValueError(f"{folder}: has no file {name}{kind}-images-idx3-ubyte, plain or .gz, and no .png files, "
                         "nor have the folders in it: a folder is read as PNG files or as IDX files like MNIST's; for "
                         "another format give the path of a file")
    images = read_idx(path)
    if images.ndim != 3 or images.dtype != np.uint8:
        raise ValueError(f"{path}: holds {images.dtype} {images.shape}, expected uint8 (n, height, width)")
    return images
