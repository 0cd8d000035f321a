"""Floor 6, the `npvae` command: a file for each group of subcommands, their options, streams and signals.

Nothing is read before it is needed, for `early_exit` has to stand before all else, and `npvae --help` is to be quick.
"""


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit status.

    It is 0, 1 if a check failed, 2 for bad input, and 130, 143 or 129 if Ctrl-C, SIGTERM or SIGHUP has ended it.
    """
    from npvae.cli.command import run
    from npvae.cli.signals import Signals

    with Signals() as signals:
        return run(argv, signals)
