"""Ctrl-C while the `npvae` command is still being read: one line, no traceback.

Read before all else, and with nothing but what Python has read itself: `signal` would take some milliseconds more.
"""

import _signal
import os
import sys

NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
COMMANDS = ("npvae", "npvae.cli", "npvae.__main__")     # after python -m


def end_while_read() -> None:
    """Until the command has handlers of its own, let a signal end it with one line."""
    for name in NAMES if is_the_command() else ():
        number = getattr(_signal, name, None)
        # nohup has a command ignore that its terminal is gone
        if number is not None and (name == "SIGINT" or _signal.getsignal(number) != _signal.SIG_IGN):
            _signal.signal(number, end)


def is_the_command():
    """Whether this process is `npvae …` or `python -m npvae …`: a program that imports npvae handles its signals."""
    program, words = getattr(sys, "argv", [""])[:1], getattr(sys, "orig_argv", [])
    if program == ["-m"]:
        return any(after in COMMANDS for word, after in zip(words, words[1:], strict=False) if word == "-m")
    return bool(program) and os.path.basename(program[0]).removesuffix(".exe") == "npvae"


def end(number, frame) -> None:
    """Say so, and be gone, whatever is half read."""
    names = {getattr(_signal, name): name for name in NAMES if hasattr(_signal, name)}
    how = "interrupted" if names[number] == "SIGINT" else f"stopped by {names[number]}"
    try:
        os.write(2, f"npvae: {how}\n".encode())
    except OSError:
        pass
    os._exit(128 + number)


end_while_read()
