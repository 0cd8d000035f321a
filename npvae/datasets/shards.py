"""A folder of shards: .npy files whose rows are one data set, of which each of several processes reads its own."""

import os
from pathlib import Path

import numpy as np

from .dataset import Dataset
from .files import MOST_COPIED, load_file


def shard_files(folder: str | os.PathLike) -> list[str]:
    """The .npy files in a folder, by name; none if it is no folder."""
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    return [os.path.join(folder, name) for name in names if name.endswith(".npy") and not name.startswith(".")]


def read_shards(folder: str | os.PathLike, rank: int = 0, size: int = 1) -> Dataset:
    """The data set in a folder of .npy files, rows of one width and type, or the part of `rank` of `size` processes.

    A process that has one file reads it from disk, batch by batch; several are joined in memory. A ValueError if that
    takes more than 1 GiB, for fewer files than processes, or for files that do not go together.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for i in range(4):
    ...         np.save(os.path.join(folder, f"{i}.npy"), np.eye(12, 3))
    ...     read_shards(folder).train.shape, read_shards(folder, rank=1, size=2).train.shape
    ((40, 3), (20, 3))
    """
    files = shard_files(folder)
    if len(files) < size:
        raise ValueError(f"{folder}: holds {len(files)} .npy files for {size} processes: cut it into {size} or more, "
                         "or name one file, of which each process reads its share")
    mine = files[rank * len(files) // size:(rank + 1) * len(files) // size]
    parts = [load_file(file) for file in mine]
    kinds = {(part.train.dtype, part.train.shape[1], part.image_shape) for part in parts}
    if len(kinds) > 1:
        raise ValueError(f"{folder}: its .npy files hold rows of {len(kinds)} kinds, "
                         f"{' and '.join(f'{dtype} of width {D}' for dtype, D, _ in kinds)}: expected one")
    copied = sum(part.train.nbytes for part in parts) if len(parts) > 1 else 0
    if copied > MOST_COPIED:
        raise ValueError(f"{folder}: {len(mine)} of its files would take {copied / 2**30:.1f} GiB of memory in one "
                         f"process: mpiexec -n {len(files)} reads each of them from disk")
    train, test = ([getattr(part, name) for part in parts] for name in ("train", "test"))
    notes = (f"{len(files)} shards" + (f", here {len(mine)}" if len(mine) < len(files) else ""),)
    return Dataset(Path(folder).resolve().name, train[0] if len(train) == 1 else np.concatenate(train),
                   np.concatenate(test), image_shape=parts[0].image_shape, notes=notes)
