"""What the subcommands share: their common options, and files checked before any work is done."""

import argparse
import itertools
import json
import os
from pathlib import Path

from npvae.files import written_whole


def add_command(commands, name, run, summary, examples, seed_help="seed of all random numbers (default 0)"):
    """A subcommand with --seed, --json and examples in its help."""
    command = commands.add_parser(name, help=summary, description=summary, allow_abbrev=False,
                                  epilog="examples:\n" + "\n".join(f"  npvae {name} {e}".rstrip() for e in examples),
                                  formatter_class=argparse.RawDescriptionHelpFormatter)
    command.set_defaults(run=run)
    command.add_argument("--seed", type=whole, default=0, metavar="N", help=seed_help)
    command.add_argument("--json", metavar="FILE", nargs="?", const="-",
                         help="also write the figures as JSON: to FILE, or without one to standard output, "
                         "the table then going to standard error")
    return command


def write_json(figures, path):
    """Write whole or not at all: a ValueError for a number that is not finite."""
    with written_whole(path) as file:
        file.write((json.dumps(figures, indent=1, allow_nan=False) + "\n").encode())


def writable_folder(path):
    """The folder, made if need be; a ValueError before any work is done if nothing can be written there."""
    path = Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise ValueError(f"cannot make the folder {path}: {problem.strerror}") from problem
    if not os.access(path, os.W_OK):
        raise ValueError(f"cannot write to the folder {path}: choose another one")
    return path


def writable_file(path):
    """Make a file's folder if need be; a ValueError before any work if the file, if any, could not be written."""
    if path is not None:
        writable_folder(Path(path).parent)
        if Path(path).is_dir():
            raise ValueError(f"{path} is a folder, expected the name of a file")
        # `written_whole` would refuse it too, but only after the work
        if Path(path).exists() and not Path(path).is_file():
            raise ValueError(f"{path} is a pipe or a device, expected the name of a file")


def check_files(inputs, outputs):
    """A ValueError, before any work, unless each output can be written over neither an input nor another output.

    Parameters
    ----------
    inputs, outputs : dict of str to path or None
        By the name of their option.
    """
    named = [(option, path) for option, path in [*inputs.items(), *outputs.items()] if path is not None]
    for (first, a), (second, b) in itertools.combinations(named, 2):
        if second in outputs and _same_file(a, b):
            raise ValueError(f"{first} and {second} are the same file, {b}: name another one for {second}")
    for path in outputs.values():
        writable_file(path)


def _same_file(a, b):
    # the first for files that are not there yet, the second for names that the file system takes for one
    return os.path.realpath(a) == os.path.realpath(b) or (
        os.path.exists(a) and os.path.exists(b) and os.path.samefile(a, b))


def data_file(data):
    """The path that --data stands for, or None if it is the name of a built-in data set."""
    from npvae import datasets

    return None if data in datasets.names() else data


def whole_from(least):
    """The type of an option that takes a whole number from `least`."""
    def whole_number(text):
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"got {text!r}, expected a whole number from {least}")
        return int(text)

    return whole_number


whole, positive = whole_from(0), whole_from(1)


def seconds(text):
    """A positive finite number of seconds."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"got {text!r}, expected a positive number of seconds")
    return number
