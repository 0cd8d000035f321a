"""The signals that end a command: at once, or, while it trains and saves, at the end of a step.

A program that imports npvae handles its own signals; only the `npvae` command takes them.
"""

import signal
from contextlib import contextmanager, suppress

from npvae.cli import early_exit

ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Stopped(BaseException):
    """A signal has ended the command; no fit takes it for an error of its own.

    Parameters
    ----------
    number : int
        Of the signal.
    left : str
        What has been saved, if anything.
    """

    def __init__(self, number, left=""):
        super().__init__(number, left)
        self.status = 128 + number
        how = "interrupted" if number == signal.SIGINT else f"stopped by {signal.Signals(number).name}"
        self.said = f"{how}; {left}" if left else how


class Signals:
    """A context in which SIGINT, SIGTERM and SIGHUP raise `Stopped`: where they are, or after what is `held`.

    >>> import os
    >>> with Signals() as signals, signals.held():
    ...     os.kill(os.getpid(), signal.SIGTERM)
    ...     signals.asked()
    True
    """

    def __init__(self):
        self.number, self.holding, self.before = None, False, {}

    def __enter__(self):
        for number in ENDING:
            # nohup has a command ignore that its terminal is gone; only the main thread may set a handler
            if number == signal.SIGINT or signal.getsignal(number) != signal.SIG_IGN:
                with suppress(ValueError):
                    self.before[number] = signal.signal(number, self)
        return self

    def __exit__(self, *_):
        for number, handler in self.before.items():
            # the command has done all, and its status stands, while Python closes down
            signal.signal(number, signal.SIG_IGN if handler is early_exit.end else handler)

    def __call__(self, number, frame):
        # the first one says why it ends
        self.number = self.number or number
        if not self.holding:
            raise Stopped(self.number)

    def asked(self):
        """Whether a signal has come."""
        return self.number is not None

    @contextmanager
    def held(self):
        """While this lasts a signal is only noted: who holds it asks now and then, and ends in good order."""
        self.holding = True
        try:
            yield
        finally:
            self.holding = False
