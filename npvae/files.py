"""Files that appear whole or not at all."""

import os
import uuid
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def written_whole(path):
    """A binary file to write that appears at `path` whole, or not at all if anything goes wrong: `with … as file: …`.

    It is beside `path` until it is on the disk; then it takes the place of the old one.

    Parameters
    ----------
    path : str or Path

    Raises
    ------
    OSError
        That names `path`, if it cannot be written; a file that was there is then still whole.
    """
    path = Path(path)
    # a name of its own, for two processes may write the same file; a long one would leave no room for the ending
    temporary = path.with_name(f".{path.name[:40]}.{uuid.uuid4().hex}.part")
    try:
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as problem:
        raise OSError(f"cannot write {path}: {problem.strerror or problem}") from problem
    finally:
        # nothing is left of it after a success; what made the writing fail may keep it from being removed
        with suppress(OSError):
            temporary.unlink()


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
