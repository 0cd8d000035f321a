"""The rows of an array in a file: some at random to test on, copied, and the others as one matrix that stays on disk.

A matrix that leaves out rows here and there is no slice of the file, and the file's last rows are no fair choice where
it is sorted. So the map is private: other rows take the places of those that were drawn, in memory, never in the file.
"""

import mmap
import os

import numpy as np

from npvae.checks import as_generator
from npvae.files import release

RUNS, MOST_ROWS, MOST_BYTES = 256, 10_000, 2**25    # of the rows to test on


def split_file(path: str | os.PathLike, mapped: np.memmap,
               rng: np.random.Generator | int = 0) -> tuple[np.memmap, np.ndarray]:
    """Split the rows of an array in a file, a memory map (n, D) in C order, at random, without reading it whole.

    Returns train (n - t, D), a read-only memory map in which t rows of the file have moved, in this process alone, and
    test (t, D). t is a sixth of n, but at most 10,000 rows or 32 MB: one run of rows at a random place in each of up to
    256 equal stretches of the file, so that each class of a sorted file has its share.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "x.npy")
    ...     np.save(path, np.arange(24.0).reshape(12, 2))
    ...     train, test = split_file(path, np.load(path, mmap_mode="r"))
    ...     train.shape, test.shape, float(train.sum() + test.sum())
    ((10, 2), (2, 2), 276.0)
    """
    n, row_bytes = len(mapped), mapped[0].nbytes
    t = min(max(1, round(n / 6)), n - 1, MOST_ROWS, max(1, MOST_BYTES // row_bytes))
    drawn = _random_runs(n, t, as_generator(rng))
    m = n - t
    train = _private_map(path, mapped)
    # the drawn rows in front of row m give their places to those behind it that were not drawn
    places, moved = drawn[drawn < m], np.setdiff1d(np.arange(m, n), drawn)
    test = _copy_rows(mapped, drawn)
    for k in range(0, len(places), RUNS):
        train[places[k:k + RUNS]] = mapped[moved[k:k + RUNS]]
    release(mapped)
    first = mapped.offset + places * row_bytes
    train._mmap.keep(first, first + row_bytes)
    train.flags.writeable = False
    return train[:m], test


def _random_runs(n, t, rng):
    """t different rows of n, sorted: a run of rows at a random place in each of up to RUNS equal stretches."""
    runs = min(t, RUNS)
    edges, lengths = np.arange(runs + 1) * n // runs, np.diff(np.arange(runs + 1) * t // runs)
    starts = rng.integers(edges[:-1], edges[1:] - lengths + 1)
    return np.concatenate([np.arange(start, start + length) for start, length in zip(starts, lengths, strict=True)])


def _copy_rows(mapped, rows):
    # pages come in many at a time, so they are let go of on the way
    copy = np.empty((len(rows), mapped.shape[1]), mapped.dtype)
    for k in range(0, len(rows), RUNS):
        copy[k:k + RUNS] = mapped[rows[k:k + RUNS]]
        release(mapped)
    return copy


class _PrivateMap(mmap.mmap):
    """A private map of a file that lets go of its pages except for those that were written to."""

    free = ()

    def keep(self, starts: np.ndarray, ends: np.ndarray) -> None:
        """Never let go of the bytes from starts to ends (two sorted arrays): nothing could bring them back."""
        page = mmap.PAGESIZE
        starts = np.append(starts // page * page, len(self))
        ends = np.append(0, -(-ends // page) * page)
        self.free = [(int(a), int(b)) for a, b in zip(ends, starts, strict=True) if a < b]

    def madvise(self, option: int) -> None:
        """As of mmap, for the pages that are as in the file."""
        if hasattr(mmap.mmap, "madvise"):
            for start, end in self.free:
                super().madvise(option, start, end - start)


def _private_map(path, mapped):
    with open(path, "rb") as file:
        private = _PrivateMap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    X = np.ndarray.__new__(np.memmap, mapped.shape, mapped.dtype, private, mapped.offset)
    X._mmap, X.mode, X.offset, X.filename = private, "r", mapped.offset, mapped.filename
    return X
