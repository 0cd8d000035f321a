"""Files that appear whole or not at all, and replace nothing but what says of itself that npvae has made it.

A model file names its format, a picture and a JSON file the program that wrote them, and arrays end in a line of text
that NumPy does not read.
"""

import glob
import mmap
import os
import re
import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np

from npvae.checks import as_path

PART, ABANDONED = ".part", 3600.0   # ending of a file that is being written; seconds after which nobody is
MODEL_FORMAT = "npvae model"
NUMBERS, TABLE = b"npvae: numbers\n", b"npvae: table of q\n"    # at the very end of .npy and .npz
VERSION = "0.1.0"                                               # setup.cfg reads it here
PROGRAM = "npvae"                                               # in the metadata of a picture, the key in a JSON file
GRADES = ("submission", "task", "points", "of", "mistake", "sentence")      # the first line of a table of grades
HEAD, TAIL = 4096, 16384                                        # bytes that are looked at


def _is_model(head, tail):
    # the header is the first array in the archive, text of four bytes a letter
    said = f'"format": "{MODEL_FORMAT}"'
    return head[:2] == b"PK" and any(said.encode(code) in head for code in ("utf-32-le", "utf-32-be"))


def _is_numbers(head, tail):
    return head[:2] in (b"PK", b"\x93N") and tail.endswith(NUMBERS)


def _is_table(head, tail):
    return head[:6] == b"\x93NUMPY" and tail.endswith(TABLE)


def _is_picture(head, tail):
    said = PROGRAM.encode()
    return (head[:4] == b"\x89PNG" and b"Software\0" + said in head or head[:4] == b"%PDF" and b"(" + said in tail
            or b"<svg" in head and b"<dc:title>" + said in head)


def _is_json(head, tail):
    return re.match(rb'[\[{\s]*"%s": "' % PROGRAM.encode(), head) is not None


def _is_grades(head, tail):
    return head.startswith(",".join(GRADES).encode())


KINDS = {"model": _is_model, "numbers": _is_numbers, "table": _is_table, "picture": _is_picture, "json": _is_json,
         "grades": _is_grades}
TITLES = {"model": "model file", "numbers": "file of numbers", "table": "table of q", "picture": "picture",
          "json": "JSON file", "grades": "table of grades"}


def made_by_npvae(path: str | Path, kind: str) -> bool:
    """Whether npvae has made the file as one of this kind, of `KINDS`; what is empty holds nothing to be lost.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "figures.json")
    ...     _ = path.write_text('{"npvae": "0.1.0", "elbo": -3.0}')
    ...     made_by_npvae(path, "json"), made_by_npvae(path, "picture")
    (True, False)
    """
    with open(path, "rb") as file:
        head = file.read(HEAD)
        file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL))
        tail = file.read(TAIL)
    return not head or KINDS[kind](head, tail)


def check_output(path: str | Path, kind: str, inputs: Sequence[str | Path] = ()) -> None:
    """A ValueError, before any work, if a file there would be lost that npvae has not made, or that is read.

    The kind, of `KINDS`, is what is to be written, and alone is replaced; inputs are files that are being read.

    Examples
    --------
    >>> check_output("/dev/null", "model")
    Traceback (most recent call last):
    ValueError: /dev/null is a pipe or a device, expected the name of a file
    """
    as_path(path)
    if os.path.isdir(path):
        raise ValueError(f"{path} is a folder, expected the name of a file")
    if os.path.exists(path) and not os.path.isfile(path):
        raise ValueError(f"{path} is a pipe or a device, expected the name of a file")
    for other in inputs:
        if same_file(path, other):
            raise ValueError(f"{path} is being read: name another file to write")
    if os.path.isfile(path) and not made_by_npvae(path, kind):
        raise ValueError(f"{path} exists, and is no {TITLES[kind]} that npvae has made: move it away, or name another "
                         "file to write")


def same_file(a: str | Path, b: str | Path) -> bool:
    """Whether two paths are one file, also by links of either kind."""
    # the first for files that are not there yet, the second for names that the file system takes for one
    return os.path.realpath(a) == os.path.realpath(b) or (
        os.path.exists(a) and os.path.exists(b) and os.path.samefile(a, b))


def file_behind(X) -> str | None:
    """The file whose bytes an array looks at, or None if it stands in memory."""
    while X is not None:
        if getattr(X, "filename", None) is not None:
            return X.filename
        X = getattr(X, "base", None)
    return None


def release(X: np.ndarray) -> None:
    """Let go of the pages that a read-only memory map has read; they come back from disk when asked for again.

    Without this a sweep over a large file keeps as much of it resident as memory holds.
    """
    if isinstance(X, np.memmap) and X.mode == "r" and hasattr(X._mmap, "madvise"):
        X._mmap.madvise(mmap.MADV_DONTNEED)


def make_folder(path: str | Path) -> None:
    """Make a folder and all that it stands in, however many; one that is there may stay."""
    path, missing = Path(path), []
    while not path.exists():
        missing.append(path)
        path = path.parent
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True)


@contextmanager
def stepping_aside(paths: list[str | Path], keep: Callable[[], bool]) -> Iterator[None]:
    """Move old files out of the way of new ones; they come back if the work fails, and are removed if it does not.

    `keep` says whether the new ones stay although the work was interrupted.
    """
    aside = {path: path.with_name(f".{path.name[:40]}.{uuid.uuid4().hex}.old")
             for path in (Path(os.path.realpath(path)) for path in paths) if path.exists()}
    for path, old in aside.items():
        os.replace(path, old)
    try:
        yield
    except BaseException as problem:
        if isinstance(problem, Exception) or not keep():
            for path, old in aside.items():
                os.replace(old, path)
        raise
    finally:
        for old in aside.values():
            old.unlink(missing_ok=True)


@contextmanager
def written_whole(path: str | Path) -> Iterator[BinaryIO]:
    """A binary file to write that appears at `path` whole, or not at all if anything goes wrong: `with … as file: …`.

    It is beside `path` until it is on the disk; then it takes the place of the old one, with its permissions. A
    symbolic link stays one: what it points to is written. An OSError that names `path` if it cannot be written; a file
    that was there is then still whole.
    """
    path = Path(os.path.realpath(as_path(path)))
    if path.exists() and not path.is_file():
        raise OSError(f"cannot write {path}: it is a folder, a pipe or a device")
    _clear_away(path)
    # a name of its own, for two processes may write the same file; a long one would leave no room for the ending
    temporary = path.with_name(f".{path.name[:40]}.{uuid.uuid4().hex}{PART}")
    try:
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, temporary)
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as problem:
        raise OSError(f"cannot write {path}: {problem.strerror or problem}") from problem
    finally:
        # nothing is left of it after a success; what made the writing fail may keep it from being removed
        with suppress(OSError):
            temporary.unlink()


def _clear_away(path):
    # what a process that was killed has left of this file, a while ago: it may also be another's that is at work
    for left in path.parent.glob(f".{glob.escape(path.name[:40])}.*{PART}"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > ABANDONED:
                left.unlink()


def _sync_folder(folder):
    # so that the new name, too, survives a loss of power; some systems cannot open a folder
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
