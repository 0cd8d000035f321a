"""Files that appear whole or not at all."""

import glob
import os
import shutil
import time
import uuid
from contextlib import contextmanager, suppress
from pathlib import Path

PART, ABANDONED = ".part", 3600.0   # ending of a file that is being written; seconds after which nobody is


@contextmanager
def written_whole(path):
    """A binary file to write that appears at `path` whole, or not at all if anything goes wrong: `with … as file: …`.

    It is beside `path` until it is on the disk; then it takes the place of the old one, with its permissions. A
    symbolic link stays one: what it points to is written.

    Parameters
    ----------
    path : str or Path

    Raises
    ------
    OSError
        That names `path`, if it cannot be written; a file that was there is then still whole.
    """
    path = Path(os.path.realpath(path))
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
        os.fsync(descriptor)
    except OSError:
        pass
    finally:
        os.close(descriptor)
