"""The `npvae` command. Each subcommand imports what it needs when it runs, so that `npvae --help` is quick."""

import argparse
import itertools
import json
import os
import signal
import sys
import warnings
from contextlib import contextmanager, nullcontext
from pathlib import Path

from npvae.files import written_whole


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line."""

    def error(self, message):
        """Print the message in one line and exit with status 2."""
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main(argv=None):
    """Run the command line; returns the exit status: 0, 1 if a check failed, 2 for bad input."""
    print_in_any_encoding()
    name = "npvae"
    try:
        args = build_parser().parse_args(argv)
        name = f"npvae {args.command}"
        with one_line_warnings(name), ending_it_all() if args.command != "train" else nullcontext():
            return json_on_standard_output(args) if args.json == "-" else args.run(args) or 0
    except BrokenPipeError:
        # the reader of our output has gone, as with `| head`; say nothing more to it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (ValueError, ArithmeticError, OSError, MemoryError) as problem:
        said = f"not enough memory. {problem}" if isinstance(problem, MemoryError) else str(problem)
        print(f"{name}: {' '.join(said.split())}", file=sys.stderr)
        return 2
    except (KeyboardInterrupt, Stopped):
        print(f"{name}: interrupted", file=sys.stderr)
        return 130


class Stopped(BaseException):
    """Ctrl-C, by a name that no fit takes for the wish that it alone should end."""


@contextmanager
def ending_it_all():
    """Let Ctrl-C end the whole command: half a comparison is none, while half a training can be saved."""

    def stop(*_):
        raise Stopped

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def one_line_warnings(name):
    """Let a warning be its text alone, without the line of source that gave it."""
    before = warnings.formatwarning
    warnings.formatwarning = lambda message, *_, **__: f"{name}: {message}\n"
    try:
        yield
    finally:
        warnings.formatwarning = before


def print_in_any_encoding():
    """Let an encoding without σ or ½ show their code instead, and a stream that was closed take what is written."""
    for name in ("stdout", "stderr"):
        # a stream that was closed is None: what is written goes nowhere
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))
    for stream in (sys.stdout, sys.stderr):
        # not every stand-in for a stream has an encoding
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def json_on_standard_output(args):
    """Run the command with the JSON alone on standard output; what else it says goes to standard error."""
    import contextlib
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        args.json = os.path.join(folder, "figures.json")
        with contextlib.redirect_stdout(sys.stderr):
            status = args.run(args) or 0
        print(Path(args.json).read_text(), end="")
    return status


def build_parser():
    """The parser with all subcommands."""
    # these files import this one, so they are read only now that it is complete
    from npvae.lab.commands_compare import add_compare
    from npvae.lab.commands_measure import add_bench, add_gradcheck, add_verify
    from npvae.lab.commands_models import add_reconstruct, add_sample, add_traverse
    from npvae.lab.commands_train import add_train

    parser = Parser(prog="npvae", description="Variational inference and variational autoencoders in pure NumPy.",
                    formatter_class=argparse.RawDescriptionHelpFormatter,
                    epilog="example:\n  npvae compare            the three solvers on handwritten digits")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)
    add_compare(commands)
    add_verify(commands)
    add_bench(commands)
    add_gradcheck(commands)
    add_train(commands)
    add_sample(commands)
    add_reconstruct(commands)
    add_traverse(commands)
    return parser


def add_command(commands, name, run, summary, examples, seed_help="of every random number (default 0)"):
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
        # a finished file is renamed to its name, which would take the place of a pipe or a device
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
