"""The parser with all subcommands, and what becomes of each error; subcommands import what they need when they run."""

import argparse
import os
import sys
from contextlib import suppress

from npvae.cli.compare import add_compare
from npvae.cli.exercises import add_exercises, add_grade
from npvae.cli.gradcheck import add_gradcheck
from npvae.cli.measure import add_bench, add_verify
from npvae.cli.pictures import add_reconstruct, add_sample, add_traverse
from npvae.cli.ranks import on_ranks
from npvae.cli.signals import Signals, Stopped
from npvae.cli.streams import (
    json_on_standard_output,
    one_line_warnings,
    print_in_any_encoding,
    replace_closed_streams,
)
from npvae.cli.train import add_train
from npvae.files import VERSION


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line."""

    def error(self, message) -> None:
        """Print the message in one line and exit with status 2."""
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def run(argv: list[str] | None, signals: Signals) -> int:
    """What `main` returns; `signals` is handed on to the command, which may hold them for a while."""
    replace_closed_streams()
    print_in_any_encoding()
    name = "npvae"
    try:
        args = build_parser().parse_args(argv)
        name = f"npvae {args.command}"
        args.signals = signals
        with one_line_warnings(name), on_ranks(args):
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


def build_parser() -> Parser:
    """The parser with all subcommands."""
    parser = Parser(prog="npvae", description="Variational inference and variational autoencoders in pure NumPy.",
                    formatter_class=argparse.RawDescriptionHelpFormatter,
                    epilog="example:\n  npvae compare            the three solvers on handwritten digits")
    parser.add_argument("--version", action="version", version=f"npvae {VERSION}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)
    for add_subcommand in (add_compare, add_verify, add_bench, add_gradcheck, add_train, add_sample, add_reconstruct,
                           add_traverse, add_exercises, add_grade):
        add_subcommand(commands)
    return parser
