"""Several processes that learn one model, by MPI: each holds θ and φ, reads rows of its own, and draws its own noise.

What travels in a step is one vector, the gradient, whose mean over all rows of the batch is taken before the step: an
all-reduce (Goyal et al. 2017). In variational EM the rows q_i stay where their data are.

A communicator is an mpi4py one, e.g. `MPI.COMM_WORLD`, or what has its rank, size, Allreduce, allgather and Abort.
"""

import os
import platform
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from contextlib import contextmanager

import numpy as np

from npvae.checks import shown

# how MPICH, Intel MPI and Open MPI tell a process that it is one of several
SIZES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE")
ASKED = ("rank", "size", "Allreduce", "allgather", "Abort")


class Ranks:
    """What one of several processes says to the others; every call is made by all of them, in the same order.

    Attributes
    ----------
    rank, size : int
        The number of this process, from 0, and how many there are.
    weight : float
        The share of this rank's rows in those of the batch at hand.
    in_loop : bool
        Whether the steps have begun, where no rank waits for words: one that fails then ends all.
    """

    def __init__(self, comm):
        self.comm, self.rank, self.size, self.weight, self.in_loop = comm, comm.rank, comm.size, 1.0, False
        self._in_place = sums_in_place(comm)

    def gather(self, value=None) -> list:
        """The value of each rank, in their order; a ValueError in the words of a rank that has failed."""
        answers = self.comm.allgather((value, None))
        for rank, (_, words) in enumerate(answers):
            if words is not None:
                raise known_to_all(ValueError(f"rank {rank} of {self.size}: {words}"))
        return [value for value, _ in answers]

    def any(self, flag: bool) -> bool:
        """Whether it is so on one of them."""
        return any(self.gather(bool(flag)))

    def total(self, a: np.ndarray) -> np.ndarray:
        """Σ_r a_r over all ranks, a new array of the same shape."""
        a = np.asarray(a)
        found = np.empty_like(a)
        self.comm.Allreduce(np.asarray(a, order="C"), found)
        return found

    def mean(self, a: np.ndarray) -> np.ndarray:
        """The mean over the batch's rows, Σ_r w_r a_r, of what is the mean a_r over this rank's; a new array."""
        a = np.asarray(a)
        return self.total(a * a.dtype.type(self.weight))

    def average(self, grad: np.ndarray) -> None:
        """`mean`, in place: ∇ ← Σ_r w_r ∇_r."""
        grad *= grad.dtype.type(self.weight)
        self.comm.Allreduce(None if self._in_place else grad.copy(), grad)

    def stream(self, seed: int, *place: int) -> np.random.Generator:
        """A generator of this rank's own, for a place in the training: none coincides with another, or with a seed."""
        return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(self.rank, *place)))

    def failed(self, problem: BaseException) -> None:
        """Let no other rank wait for this one, which has failed: all raise, or, within the steps, all end."""
        if getattr(problem, "known_to_all_ranks", False):
            return
        known_to_all(problem)
        if not self.in_loop:
            self.comm.allgather((None, f"{type(problem).__name__}: {problem}"))
            return
        abort(self.comm, f"npvae: rank {self.rank} of {self.size} has failed and ends all\n"
              + "".join(traceback.format_exception(problem)), 1)


def sums_in_place(comm: object) -> bool:
    """Whether Allreduce(None, a) sums where `a` stands, which spares a pass over memory: so do mpi4py's.

    >>> sums_in_place("world")
    False
    """
    mpi = sys.modules.get("mpi4py.MPI")
    return mpi is not None and isinstance(comm, mpi.Comm)


def ranks_of(comm: object | None) -> Ranks | None:
    """The `Ranks` of a communicator; None without one, or if it has one rank: nothing is to be said then.

    Examples
    --------
    >>> ranks_of("world")
    Traceback (most recent call last):
    ValueError: comm is 'world', expected an MPI communicator, e.g. mpi4py's MPI.COMM_WORLD
    """
    if comm is None:
        return None
    if not all(hasattr(comm, name) for name in ASKED):
        raise ValueError(f"comm is {shown(comm)}, expected an MPI communicator, e.g. mpi4py's MPI.COMM_WORLD")
    return Ranks(comm) if comm.size > 1 else None


def gathered(ranks: Ranks | None) -> Callable | None:
    """How a value of all ranks is had, or None if there is one."""
    return None if ranks is None else ranks.gather


def mean_of_all(ranks: Ranks | None, a: np.ndarray) -> np.ndarray:
    """The mean over the batch's rows of what is the mean `a` over this rank's; `a` itself on one."""
    return a if ranks is None else ranks.mean(a)


def total_of_all(ranks: Ranks | None, a: np.ndarray) -> np.ndarray:
    """Σ_r a_r over all ranks; `a` itself on one."""
    return a if ranks is None else ranks.total(a)


def abort(comm, words: str, status: int) -> None:
    """End all processes, after these words, for which mpiexec gets a moment."""
    sys.stderr.write(words)
    sys.stderr.flush()
    time.sleep(0.2)
    comm.Abort(status)


def known_to_all(problem: BaseException) -> BaseException:
    """The same problem, marked: every rank raises it, and need not be told."""
    problem.known_to_all_ranks = True
    return problem


@contextmanager
def together(ranks: Ranks | None):
    """What fails inside on one rank fails on all."""
    try:
        yield
    except BaseException as problem:
        if ranks is not None:
            ranks.failed(problem)
        raise


def take_up_stream(run, ranks: Ranks | None) -> None:
    """Let a run that goes on draw from the generator that this rank had; a warning if there were more or fewer."""
    then, now = len(run.generators or [None]), 1 if ranks is None else ranks.size
    if then == now:
        return
    run.rng.bit_generator.state = (
        np.random.default_rng([run.seed, 7, len(run.history)]) if ranks is None else
        ranks.stream(run.seed, 0, len(run.history))).bit_generator.state
    if ranks is None or ranks.rank == 0:
        warnings.warn(f"the run began on {then} rank{'s' * (then > 1)} and goes on with {now}, from the same "
                      "parameters and moments, but with other noise and other batches: it is not bit by bit the same "
                      "as if it had never stopped", stacklevel=2)


def check_own_files(ranks: Ranks | None, name: str, files: list[str]) -> None:
    """A ValueError on all ranks if two on one machine are to write the same file."""
    every = [] if ranks is None else ranks.gather([(platform.node(), os.path.realpath(file)) for file in files])
    places = [place for own in every for place in own]
    if len(set(places)) < len(places):
        raise known_to_all(ValueError(f"two ranks have the {name} {places[0][1]}, whose rows are one rank's own: give "
                                      'each another one, e.g. f"q{comm.rank}.npy"'))


def shard(m: int, ranks: Ranks | None) -> slice:
    """The rows of m that are this rank's: stretches of one length, but for a row.

    Examples
    --------
    >>> shard(10, None)
    slice(0, 10, None)
    """
    rank, size = (0, 1) if ranks is None else (ranks.rank, ranks.size)
    return slice(rank * m // size, (rank + 1) * m // size)


def world(asked: bool = False):
    """mpi4py's communicator of all processes if `mpiexec` has started several, or if it is asked for; else None.

    A ValueError if there is no mpi4py. Nothing is imported without need.
    """
    if not asked and not any(os.environ.get(name, "1") not in ("", "0", "1") for name in SIZES):
        return None
    try:
        from mpi4py import MPI
    except ImportError as problem:
        raise ValueError(f"several processes need mpi4py and an MPI, which cannot be had here ({problem}): "
                         "pip install 'npvae[mpi]'") from problem
    return MPI.COMM_WORLD
