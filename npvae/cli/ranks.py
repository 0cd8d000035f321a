"""A command that `mpiexec` has started several times: the first rank prints and writes, one that fails ends all."""

import argparse
import os
from contextlib import contextmanager, redirect_stdout

import numpy as np

from npvae.cli.options import read_data
from npvae.cli.signals import Stopped
from npvae.datasets import Dataset
from npvae.datasets.shards import read_shards, shard_files
from npvae.inference.ranks import abort, ranks_of, shard, world


def add_mpi(command: argparse.ArgumentParser) -> None:
    """--mpi, of the commands that train."""
    command.add_argument("--mpi", action="store_true", help="train on all processes that mpiexec has started, each on "
                         "its share of the rows (found by itself under MPICH, Intel MPI and Open MPI)")


def read_own_data(args: argparse.Namespace) -> tuple[Dataset, np.ndarray]:
    """The data set that is asked for, and of its training rows those of this rank: files of a folder, or a stretch."""
    if args.ranks is not None and shard_files(args.data):
        data = read_shards(args.data, args.ranks.rank, args.ranks.size)
        return data, data.train
    data = read_data(args)
    return data, data.train[shard(len(data.train), args.ranks)]


@contextmanager
def on_ranks(args: argparse.Namespace):
    """Around a command: its communicator in `args.comm`, None in one process, and its `Ranks` in `args.ranks`."""
    args.comm = world(args.mpi) if hasattr(args, "mpi") else None
    args.ranks = ranks_of(args.comm)
    if args.ranks is None:
        yield
        return
    try:
        with _silent_but_for_the_first(args):
            yield
    except BaseException as problem:
        known = any(getattr(p, "known_to_all_ranks", isinstance(p, Stopped)) for p in (problem, problem.__cause__))
        if not known:
            abort(args.comm, f"npvae {args.command}: rank {args.ranks.rank} of {args.ranks.size}: {problem}\n", 2)
        if args.ranks.rank:
            # the first says why
            raise SystemExit(problem.status if isinstance(problem, Stopped) else 2) from None
        raise


@contextmanager
def _silent_but_for_the_first(args):
    if args.ranks.rank == 0:
        yield
        return
    args.json = None
    with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
        yield
