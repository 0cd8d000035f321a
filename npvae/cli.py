"""The `npvae` command. Each subcommand imports what it needs when it runs, so that `npvae --help` is quick."""

import argparse
import os
import sys
import warnings
from contextlib import contextmanager, suppress
from pathlib import Path

from npvae import __version__
from npvae.lab.commands_compare import add_compare
from npvae.lab.commands_measure import add_bench, add_gradcheck, add_verify
from npvae.lab.commands_models import add_reconstruct, add_sample, add_traverse
from npvae.lab.commands_train import add_train
from npvae.signals import Signals, Stopped


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line."""

    def error(self, message):
        """Print the message in one line and exit with status 2."""
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main(argv=None):
    """Run the command line; returns the exit status.

    It is 0, 1 if a check failed, 2 for bad input, and 130, 143 or 129 if Ctrl-C, SIGTERM or SIGHUP has ended it.
    """
    with Signals() as signals:
        return run(argv, signals)


def run(argv, signals):
    """What `main` returns; `signals` is handed on to the command, which may hold them for a while."""
    replace_closed_streams()
    print_in_any_encoding()
    name = "npvae"
    try:
        args = build_parser().parse_args(argv)
        name = f"npvae {args.command}"
        args.signals = signals
        with one_line_warnings(name):
            return json_on_standard_output(args) if args.json == "-" else args.run(args) or 0
    except BrokenPipeError:
        # the reader of our output has gone, as with `| head`; say nothing more to it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (ValueError, ArithmeticError, OSError, MemoryError) as problem:
        said = f"not enough memory. {problem}" if isinstance(problem, MemoryError) else str(problem)
        print(f"{name}: {' '.join(said.split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        return 130
    except Stopped as stopped:
        # the terminal may be gone
        with suppress(OSError):
            print(f"{name}: {stopped.said}", file=sys.stderr)
        return stopped.status


@contextmanager
def one_line_warnings(name):
    """Let a warning be its text alone, without the line of source that gave it."""
    before = warnings.formatwarning
    warnings.formatwarning = lambda message, *_, **__: f"{name}: {message}\n"
    try:
        yield
    finally:
        warnings.formatwarning = before


def replace_closed_streams():
    """Let what is written to a stream that was closed, and is None then, go nowhere."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))


def print_in_any_encoding():
    """Let an encoding without σ or ½ show their code instead."""
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
    parser = Parser(prog="npvae", description="Variational inference and variational autoencoders in pure NumPy.",
                    formatter_class=argparse.RawDescriptionHelpFormatter,
                    epilog="example:\n  npvae compare            the three solvers on handwritten digits")
    parser.add_argument("--version", action="version", version=f"npvae {__version__}")
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


if __name__ == "__main__":
    sys.exit(main())
