"""The files that a command writes, checked before any work is done, and its JSON."""

import itertools
import json
import os
from pathlib import Path

from npvae.files import PROGRAM, VERSION, check_output, make_folder, same_file, written_whole

# what a file is to hold, by its ending; any other is JSON, for which any name will do
KINDS = {".npz": "numbers", ".npy": "numbers", ".png": "picture", ".pdf": "picture", ".svg": "picture",
         ".csv": "grades"}


def write_json(figures: dict | list[dict], path: str | Path) -> None:
    """Write whole or not at all, with the version that wrote it: a ValueError for a number that is not finite."""
    records = [figures] if isinstance(figures, dict) else figures
    records = [{PROGRAM: VERSION, **record} for record in records]
    try:
        text = json.dumps(records[0] if isinstance(figures, dict) else records, indent=1, allow_nan=False)
    except ValueError as problem:
        raise ValueError(f"{path} is not written: a figure is not finite ({problem}); the work itself is done"
                         ) from problem
    check_output(path, "json")
    with written_whole(path) as file:
        file.write((text + "\n").encode())


def writable_folder(path: str | Path) -> Path:
    """The folder, made if need be; a ValueError before any work is done if nothing can be written there."""
    path = Path(path)
    try:
        make_folder(path)
    except OSError as problem:
        raise ValueError(f"cannot make the folder {path}: {problem.strerror}") from problem
    if not os.access(path, os.W_OK):
        raise ValueError(f"cannot write to the folder {path}: choose another one")
    return path


def writable_file(path: str | Path | None, kind: str | None = None) -> None:
    """Make a file's folder if need be; a ValueError before any work if the file could not, or may not, be written.

    `path` None stands for no file; `kind` is as in `check_output`, by default what the ending says, or else JSON.
    """
    if path is not None:
        check_output(path, kind or KINDS.get(Path(path).suffix.lower(), "json"))
        writable_folder(Path(path).parent)


def check_files(inputs: dict, outputs: dict, kinds: dict[str, str] | None = None) -> None:
    """A ValueError, before any work, if an output would replace an input, another output, or what npvae has not made.

    Paths stand under the names of their options, None for one not given; of a folder that is read, every file in it is
    an input. `kinds` says what an output is to hold if its ending does not.
    """
    kinds = {"--json": "json", **(kinds or {})}
    named = [(option, path) for option, path in [*inputs.items(), *outputs.items()] if path is not None]
    for (first, a), (second, b) in itertools.combinations(named, 2):
        if second in outputs and any(same_file(file, b) for file in _files_at(a, b)):
            raise ValueError(f"{first} and {second} are the same file, {b}: name another one for {second}")
    for option, path in outputs.items():
        writable_file(path, kinds.get(option))


def _files_at(path, output):
    # the files that a path stands for: those in a folder, too, among which no new one is
    inside = os.scandir(path) if os.path.isdir(path) and os.path.exists(output) else ()
    return [path, *(entry.path for entry in inside)]
