"""The rows of data, a batch or a block at a time, scaled and cast on the way; and their random order."""

from collections.abc import Iterable

import numpy as np

from npvae.files import release

ROWS = 4096     # looked at in one piece
RUNS, LENGTH = 40, 50   # of rows that stand for all


def take(X: np.ndarray, index: np.ndarray | slice, dtype) -> np.ndarray:
    """The rows `index` of X (m, D) in `dtype`; uint8 images 0 … 255 become [0, 1]."""
    X = np.asarray(X)
    # single rows come faster by X.take(index) than by X[index]
    x = (X[index] if isinstance(index, slice) else X.take(index, axis=0)).astype(dtype, copy=False)
    return x / np.dtype(dtype).type(255) if X.dtype == np.uint8 else x


def blocks(X: np.ndarray, dtype=np.float64, rows: np.ndarray | None = None) -> Iterable[np.ndarray]:
    """X (m, D) in `dtype`, or its `rows` (n,), a block after the other; pages of a file are let go of each time."""
    for start in range(0, len(X) if rows is None else len(rows), ROWS):
        block = slice(start, start + ROWS)
        yield take(X, block if rows is None else rows[block], dtype)
        release(X)


def outputs(network, X: np.ndarray, dtype) -> np.ndarray:
    """A network's outputs for X (m, D), computed in `dtype` a block at a time: (m, R), float64."""
    return np.concatenate([network(x)[0].astype(np.float64) for x in blocks(X, dtype)])


def some_rows(X: np.ndarray, rng: np.random.Generator, rows: np.ndarray | None = None, runs: int = RUNS,
              length: int = LENGTH) -> np.ndarray:
    """All of few rows, or some of many, as float64: `runs` · `length` random rows, of a file on disk random runs.

    Single rows of a file would bring most of its pages into memory, for pages come in many at a time. With `rows` (n,)
    only those are chosen from, one by one.
    """
    m, most = len(X) if rows is None else len(rows), runs * length
    if m <= most:
        return take(X, slice(None) if rows is None else rows, np.float64)
    if rows is not None or not isinstance(X, np.memmap):
        chosen = rng.choice(m, most, replace=False)
        return take(X, chosen if rows is None else rows[chosen], np.float64)
    found = []
    for start in np.sort(rng.integers(len(X) - length + 1, size=runs)):
        found.append(take(X, slice(start, start + length), np.float64))
        release(X)
    return np.concatenate(found)


def shuffled(m: int, rng: np.random.Generator, block: int | None = None) -> np.ndarray:
    """The row numbers 0 … m − 1 in random order: all at random, or in `block`s that stay together.

    Examples
    --------
    >>> order = shuffled(6, np.random.default_rng(0), block=3)
    >>> sorted(order[:3].tolist()) in ([0, 1, 2], [3, 4, 5])
    True
    """
    if block is None or block >= m:
        return rng.permutation(m)
    starts = rng.permutation(np.arange(0, m, block))
    return np.concatenate([start + rng.permutation(min(block, m - start)) for start in starts])
