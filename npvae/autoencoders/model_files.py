"""Model files: one .npz without pickle, written whole or not at all, and believed only after a check."""

import hashlib
import json
import math
import os
import zipfile
from pathlib import Path

import numpy as np

from npvae.archives import check_archive
from npvae.checks import as_path, whole
from npvae.files import MODEL_FORMAT as FORMAT
from npvae.files import check_output, written_whole

VERSION = 1
HEADER, DIGEST = "header", "digest"


def write_model(path: str | Path, header: dict, arrays: dict[str, np.ndarray]) -> None:
    """Write a model file, whole or not at all; the header holds JSON values: kind, settings, data_dim and so on.

    Raises
    ------
    ValueError
        If `path` is no name of a file, or a file is there that is no model file.
    OSError
        If it cannot be written; a file that was there is then still whole.
    """
    text = json.dumps({"format": FORMAT, "version": VERSION, **header}, default=lambda number: number.item())
    arrays = {HEADER: np.array(text), **arrays}
    check_output(path, "model")
    with written_whole(path) as file:
        np.savez(file, **arrays, **{DIGEST: np.array(digest(arrays))})


def digest(arrays: dict[str, np.ndarray]) -> str:
    """SHA-256 of the name, type, shape and bytes of every array, in hexadecimal digits.

    Examples
    --------
    >>> digest({"W": np.ones(2)})[:8], digest({"W": np.zeros(2)})[:8]
    ('527b5cbc', 'e843303a')
    """
    found = hashlib.sha256()
    for name in sorted(arrays):
        a = np.asarray(arrays[name])
        found.update(f"{name} {a.dtype.str} {a.shape} ".encode())
        found.update(a.tobytes())
    return found.hexdigest()


def read_model(path: str | Path) -> tuple[dict, dict[str, np.ndarray]]:
    """The header and the arrays of a model file, each of them readable; what they mean is not judged here.

    Raises
    ------
    ValueError
        If there is no such file, it is damaged, cut short or changed by hand, no model file of this package, or of a
        newer version.
    OSError
        If it may not be read.

    Examples
    --------
    >>> read_model("no_such_model.npz")
    Traceback (most recent call last):
    ValueError: no_such_model.npz: no such file
    """
    arrays = _read_arrays(path)
    stored = str(arrays.pop(DIGEST, ""))
    intact = digest(arrays) == stored
    try:
        header = json.loads(str(arrays.pop(HEADER)))
        if header["format"] != FORMAT:
            raise KeyError
    # the last if its JSON is nested a thousand deep
    except (KeyError, TypeError, ValueError, RecursionError) as problem:
        raise ValueError(f"{path}: not a model file of npvae; expected one that `npvae train` or .save(path) has "
                         "written") from problem
    version = header.get("version")
    if version != VERSION:
        newer = isinstance(version, int) and version > VERSION
        raise ValueError(f"{path}: its format has version {version}, this npvae reads version {VERSION}: "
                         f"{'install a newer npvae' if newer else 'the file was changed by hand'}")
    if not intact:
        raise ValueError(f"{path}: does not hold what was written: the file was changed by hand")
    return header, arrays


def check_arrays(path: str | Path, arrays: dict, expected: dict, exported: bool) -> None:
    """Raise a ValueError unless the arrays of a file are those of the model that its header describes.

    They are held against those of a fresh model of that architecture; `exported` are parameters alone, in any dtype of
    floats.
    """
    arrays = dict(arrays)
    for name in [name for name in arrays if name.startswith("constants/")]:
        _check_constant(path, name, arrays.pop(name))
    if exported:
        expected = {name: a for name, a in expected.items() if name.startswith("parameters/")}
    if set(arrays) != set(expected):
        odd = sorted(set(arrays) ^ set(expected))
        raise ValueError(f"{path}: the arrays are not those of the model it describes, beginning with {odd[0]!r}: the "
                         "file was changed by hand or is from another program")
    for name, a in arrays.items():
        e = expected[name]
        if a.dtype.kind != e.dtype.kind or (a.dtype.kind != "U" and a.shape != e.shape) or (
                a.dtype != e.dtype and a.dtype.kind == "f" and not exported):
            raise ValueError(f"{path}: {name} is {a.dtype} {a.shape}, expected {e.dtype} {e.shape}: "
                             "the file was changed by hand")
        if a.dtype.kind == "f" and not (np.isfinite(a).all() or name == "stopping/score" and not np.isnan(a).any()):
            raise ValueError(f"{path}: {name} holds a number that is not finite: the file was changed by hand")
    if "adam/v" in arrays and ((arrays["adam/v"] < 0).any() or arrays["adam/t"] < 0):
        raise ValueError(f"{path}: Adam's second moments or counter are negative: the file was changed by hand")


def _check_constant(path, name, a):
    # x̄ (D,), whose length the decoder's bias has been checked for, and scales: where the data stand
    positive = not name.endswith(".center")
    if a.dtype != np.float64 or a.ndim != (0 if positive else 1) or not np.isfinite(a).all() or positive and not a > 0:
        raise ValueError(f"{path}: {name} is no place or scale of data: the file was changed by hand")


def checked_image_shape(image_shape, data_dim: int) -> tuple[int, ...] | None:
    """(height, width) or (height, width, colours) as ints, or None; a ValueError unless their product is `data_dim`."""
    if image_shape is None:
        return None
    try:
        shape = tuple(whole("a side", side) for side in image_shape)
    except (TypeError, ValueError):
        shape = ()
    if len(shape) not in (2, 3) or math.prod(shape) != data_dim:
        raise ValueError(f"image_shape is {image_shape!r}, expected (height, width) or (height, width, colours) with a "
                         f"product of {data_dim}")
    return shape


def _read_arrays(path):
    as_path(path)
    if not os.path.isfile(path):
        raise ValueError(f"{path}: {'is a folder, expected a model file' if os.path.isdir(path) else 'no such file'}")
    # opened here, so that a file that may not be read says so, and is closed again whatever NumPy makes of it
    with open(path, "rb") as file:
        if not zipfile.is_zipfile(file):
            raise ValueError(f"{path}: not a model file of npvae, or one that was cut short: restore it from a copy")
        try:
            check_archive(file, stored=True)
            file.seek(0)
            with np.load(file, allow_pickle=False) as stored:
                return {name: stored[name] for name in stored.files}
        # zipfile, zlib and NumPy's header parser raise a dozen types between them on damaged bytes
        except Exception as problem:
            raise ValueError(f"{path}: cannot be read ({problem}): the file is damaged, or holds Python objects, "
                             "which are never loaded") from problem
