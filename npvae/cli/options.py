"""The options that subcommands share: what each has, those that name data, and the types of numbers."""

import argparse
import os
from collections.abc import Callable

from npvae import datasets
from npvae.datasets.idx_files import is_idx_set


def add_command(commands, name: str, run: Callable, summary: str, examples: list[str],
                seed_help: str = "seed of all random numbers (default 0)") -> argparse.ArgumentParser:
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


def add_data(command: argparse.ArgumentParser, what: str = "", default: str | None = "digits",
             otherwise: str = "what the model was trained on") -> None:
    """--data, and --label and --leave-out for the columns of a text file; without a default, `otherwise` says what."""
    command.add_argument("--data", default=default, metavar="NAME|PATH",
                         help=f"{what}digits, fashion, a toy's name, a .npz, .npy, .csv or IDX file, or a folder of "
                              f"PNG or IDX files (default {default or otherwise}); what was read is "
                              "printed in one line")
    command.add_argument("--label", metavar="COLUMN",
                         help="the column of a .csv file that holds labels, numbers or text: its name, or its number "
                              "from 1 (default: the one that the header calls label, labels, target or class)")
    command.add_argument("--leave-out", nargs="+", default=[], metavar="COLUMN",
                         help="columns of a .csv file that are not read, by name or by number from 1")


def read_data(args: argparse.Namespace) -> datasets.Dataset:
    """The data set that --data, --label and --leave-out ask for."""
    return datasets.load(args.data or "digits", args.label, args.leave_out)


def remember_data(args: argparse.Namespace, model, file: str) -> None:
    """Without --data, let it be what the model in a file was trained on, if the file says; a ValueError if it is gone.

    Columns that are named go before those that the file names.
    """
    if args.data is not None or model.data_source_ is None:
        return
    args.data = model.data_source_["data"]
    if args.data not in datasets.names() and not os.path.exists(args.data) and not is_idx_set(args.data):
        raise ValueError(f"{file}: was trained on {args.data}, which is not there: name its data with --data")
    args.label, args.leave_out = args.label or model.data_source_["label"], (
        args.leave_out or model.data_source_["leave_out"])


def print_data(data: datasets.Dataset) -> None:
    """Print what was read, in one line."""
    print(datasets.describe(data))


def data_file(data: str | None) -> str | None:
    """The path that --data stands for, or None if it is the name of a built-in data set."""
    return None if data in datasets.names() else data


def whole_from(least: int) -> Callable[[str], int]:
    """The type of an option that takes a whole number from `least`."""
    def whole_number(text):
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"got {text!r}, expected a whole number from {least}")
        return int(text)

    return whole_number


whole, positive = whole_from(0), whole_from(1)


def positive_number(unit: str = "") -> Callable[[str], float]:
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
