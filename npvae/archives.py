"""What a .npz file would become in memory, known from its headers before anything is inflated."""

import math
import os
import struct
import zipfile
from typing import BinaryIO

import numpy as np

LONGEST_HEADER = 2**16          # bytes of a .npy header; NumPy's own limit is lower
HARMLESS, MOST_INFLATED = 2**28, 100    # bytes that any file may become; times its size that more may be


def check_archive(file: BinaryIO, names: set[str] | None = None, stored: bool = False) -> None:
    """A ValueError unless the arrays of a .npz are as long as their headers say, and no bomb.

    Looked at are those of these names, all by default; with `stored` none may be compressed. The position changes.

    Examples
    --------
    >>> import io
    >>> file = io.BytesIO()
    >>> np.savez_compressed(file, X=np.zeros(10**6))
    >>> check_archive(file)
    >>> check_archive(file, stored=True)
    Traceback (most recent call last):
    ValueError: X is compressed, expected it stored as it is
    """
    packed = file.seek(0, os.SEEK_END)
    with zipfile.ZipFile(file) as archive:
        members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        wanted = {name: info for name, info in members.items() if names is None or name in names}
        for name, info in wanted.items():
            if stored and info.compress_type != zipfile.ZIP_STORED:
                raise ValueError(f"{name} is compressed, expected it stored as it is")
            _check_length(archive, name, info)
    if len(members) != len(archive.infolist()):
        raise ValueError("two arrays have the same name")
    check_growth(sum(info.file_size for info in wanted.values()), packed)


def check_growth(size: int, packed: int) -> None:
    """A ValueError if `size` bytes out of `packed` ones are a bomb's, or more than the machine holds."""
    if size > max(HARMLESS, MOST_INFLATED * packed):
        raise ValueError(f"it would grow from {packed / 1e6:.3g} MB to {size / 1e9:.3g} GB, as no data do: if these "
                         "are data, store them with np.save, which is read from disk")
    if size > memory():
        raise ValueError(f"it would take {size / 1e9:.3g} GB, and this machine has {memory() / 1e9:.3g}: store the "
                         "data with np.save, which is read from disk")


def memory() -> float:
    """Bytes of this machine's memory; infinite where it does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return math.inf


def _check_length(archive, name, info):
    # by the header alone, of which no more is inflated than there may be
    with archive.open(info) as stream:
        start = stream.read(12)
        if start[:6] != b"\x93NUMPY" or len(start) < 12:
            raise ValueError(f"{name} is no array")
        long = start[6] > 1
        length = struct.unpack("<I", start[8:12])[0] if long else struct.unpack("<H", start[8:10])[0]
        if length > LONGEST_HEADER:
            raise ValueError(f"{name} has a header of {length} bytes, expected at most {LONGEST_HEADER}")
    with archive.open(info) as stream:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_2_0 if long else np.lib.format.read_array_header_1_0
        shape, _, dtype = read(stream)
        expected = stream.tell() + dtype.itemsize * math.prod(shape)
    if version > (2, 0) or dtype.hasobject:
        raise ValueError(f"{name} holds {dtype}: expected numbers or text")
    if info.file_size != expected:
        raise ValueError(f"{name} has {info.file_size} bytes, expected {expected} for {dtype} {shape}")
