"""What the command prints, and where: closed streams, poor encodings, warnings in one line, JSON alone."""

import codecs
import os
import sys
import tempfile
import warnings
from argparse import Namespace
from contextlib import contextmanager, redirect_stdout
from pathlib import Path


def replace_closed_streams() -> None:
    """Let what is written to a stream that was closed, and is None then, go nowhere."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))


def print_in_any_encoding() -> None:
    """Let an encoding without σ or ½ show their code instead, and a hyphen for a minus sign."""
    codecs.register_error("npvae", spelled)
    for stream in (sys.stdout, sys.stderr):
        # not every stand-in for a stream has an encoding
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="npvae")


def spelled(error: UnicodeError) -> tuple[str, int]:
    """What stands for the letters that an encoding has not, and where the text goes on."""
    missing = error.object[error.start:error.end]
    codes = missing.replace("−", "-").encode("ascii", errors="backslashreplace").decode()
    return codes, error.end


@contextmanager
def one_line_warnings(name: str):
    """Let a warning be its text alone, without the line of source that gave it."""
    before = warnings.formatwarning
    warnings.formatwarning = lambda message, *_, **__: f"{name}: {message}\n"
    try:
        yield
    finally:
        warnings.formatwarning = before


def json_on_standard_output(args: Namespace) -> int:
    """Run the command with the JSON alone on standard output; what else it says goes to standard error."""
    with tempfile.TemporaryDirectory() as folder:
        args.json = os.path.join(folder, "figures.json")
        with redirect_stdout(sys.stderr):
            status = args.run(args) or 0
        print(Path(args.json).read_text(), end="")
    return status
