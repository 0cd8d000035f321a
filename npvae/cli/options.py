"""What the subcommands share: their common options, and files checked before any work is done."""

import argparse
import itertools
import json
import os
from pathlib import Path

from npvae.files import PROGRAM, check_output, make_folder, same_file, written_whole

# what a file is to hold, by its ending; any other is JSON, for which any name will do
KINDS = {".npz": "numbers", ".npy": "numbers", ".png": "picture", ".pdf": "picture", ".svg": "picture"}


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
    """Write whole or not at all, with the version that wrote it: a ValueError for a number that is not finite."""
    from npvae import __version__

    records = [figures] if isinstance(figures, dict) else figures
    records = [{PROGRAM: __version__, **record} for record in records]
    try:
        text = json.dumps(records[0] if isinstance(figures, dict) else records, indent=1, allow_nan=False)
    except ValueError as problem:
        raise ValueError(f"{path} is not written: a figure is not finite ({problem}); the work itself is done"
                         ) from problem
    check_output(path, "json")
    with written_whole(path) as file:
        file.write((text + "\n").encode())


def writable_folder(path):
    """The folder, made if need be; a ValueError before any work is done if nothing can be written there."""
    path = Path(path)
    try:
        make_folder(path)
    except OSError as problem:
        raise ValueError(f"cannot make the folder {path}: {problem.strerror}") from problem
    if not os.access(path, os.W_OK):
        raise ValueError(f"cannot write to the folder {path}: choose another one")
    return path


def writable_file(path, kind=None):
    """Make a file's folder if need be; a ValueError before any work if the file could not, or may not, be written.

    Parameters
    ----------
    path : str, Path or None
        None stands for no file.
    kind : str, optional
        As in `npvae.files.check_output`; by default what the ending says, or else JSON.
    """
    if path is not None:
        check_output(path, kind or KINDS.get(Path(path).suffix.lower(), "json"))
        writable_folder(Path(path).parent)


def check_files(inputs, outputs, kinds=None):
    """A ValueError, before any work, if an output would replace an input, another output, or what npvae has not made.

    Parameters
    ----------
    inputs, outputs : dict of str to path or None
        By the name of their option; of a folder that is read, every file in it is an input.
    kinds : dict of str to str, optional
        What an output is to hold if its ending does not say so.
    """
    kinds = {"--json": "json", **(kinds or {})}
    named = [(option, path) for option, path in [*inputs.items(), *outputs.items()] if path is not None]
    for (first, a), (second, b) in itertools.combinations(named, 2):
        if second in outputs and any(same_file(file, b) for file in _files(a, b)):
            raise ValueError(f"{first} and {second} are the same file, {b}: name another one for {second}")
    for option, path in outputs.items():
        writable_file(path, kinds.get(option))


def _files(path, output):
    # the files that a path stands for: those in a folder, too, among which no new one is
    inside = os.scandir(path) if os.path.isdir(path) and os.path.exists(output) else ()
    return [path, *(entry.path for entry in inside)]


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


def positive_number(unit=""):
    """The type of an option that takes a positive finite number, of a unit."""
    def number(text):
        try:
            value = float(text)
        except ValueError:
            value = 0.0
        if not 0 < value < float("inf"):
            raise argparse.ArgumentTypeError(f"got {text!r}, expected a positive number{unit}")
        return value

    return number


seconds, rate = positive_number(" of seconds"), positive_number()


def add_data(command, what=""):
    """--data, and --label and --leave-out for the columns of a text file."""
    command.add_argument("--data", default="digits", metavar="NAME|PATH",
                         help=f"{what}digits, a toy's name, a .npz, .npy, .csv or IDX file, or a folder of IDX files "
                              "(default digits); what was read is printed in one line")
    command.add_argument("--label", metavar="COLUMN",
                         help="the column of a .csv file that holds labels, numbers or text: its name, or its number "
                              "from 1 (default: the one that the header calls label, labels, target or class)")
    command.add_argument("--leave-out", nargs="+", default=[], metavar="COLUMN",
                         help="columns of a .csv file that are not read, by name or by number from 1")


def read_data(args):
    """The data set that --data, --label and --leave-out ask for."""
    from npvae import datasets

    return datasets.load(args.data or "digits", args.label, args.leave_out)


def print_data(data):
    """Print what was read, in one line."""
    from npvae import datasets

    print(datasets.describe(data))
