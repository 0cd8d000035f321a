"""A communicator of threads, for tests of fits on several ranks where there is no MPI; it notes what is sent."""

import threading

import numpy as np

SECONDS = 60.0


class Aborted(BaseException):
    """What every rank of a `Threads` gets once one has called Abort."""


class Threads:
    """The communicator of one of several threads.

    Attributes
    ----------
    sent : list of int
        Bytes of each array that this rank has handed to Allreduce.
    """

    def __init__(self, rank, size, shared):
        self.rank, self.size, self.shared, self.sent = rank, size, shared, []

    def Allreduce(self, sent, found):
        assert sent.dtype == found.dtype and sent.shape == found.shape and sent is not found
        self.sent.append(sent.nbytes)
        # summed in the order of the ranks by each of them: the same bits
        total = None
        for a in self._exchange(("Allreduce", sent.nbytes), sent.copy()):
            total = a.copy() if total is None else total + a
        found[...] = total

    def allgather(self, value):
        return list(self._exchange(("allgather",), value))

    def Abort(self, code):
        self.shared["aborted"] = code
        self.shared["barrier"].abort()
        raise Aborted(code)

    def _exchange(self, called, value):
        slots, barrier = self.shared["slots"], self.shared["barrier"]
        try:
            slots[self.rank] = (called, value)
            barrier.wait(SECONDS)
            found = list(slots)
            barrier.wait(SECONDS)
        except threading.BrokenBarrierError:
            raise Aborted("another rank has ended all") from None
        assert len({name for name, _ in found}) == 1, f"ranks meet in different calls: {[name for name, _ in found]}"
        return [value for _, value in found]


def on_ranks(size, work):
    """What `work(comm)` returns on each of so many threads, or the exception that it raises; and the communicators."""
    shared = {"slots": [None] * size, "barrier": threading.Barrier(size), "aborted": None}
    comms, found = [Threads(rank, size, shared) for rank in range(size)], [None] * size

    def run(rank):
        try:
            found[rank] = work(comms[rank])
        except BaseException as problem:
            found[rank] = problem
            shared["problem"] = problem

    threads = [threading.Thread(target=run, args=(rank,), daemon=True) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
        assert not thread.is_alive(), "a rank hangs"
    return found, comms


def results(size, work):
    """What `work(comm)` returns on each rank; raises what one of them has raised."""
    found, _ = on_ranks(size, work)
    for one in found:
        if isinstance(one, BaseException):
            raise one
    return found


def shards(X, sizes):
    """X (m, D) cut into rows of these sizes, in order."""
    assert sum(sizes) == len(X)
    return np.split(X, np.cumsum(sizes)[:-1])
