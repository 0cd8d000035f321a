"""Tries somebody's code: in a child process with limits on time and memory, so that nothing of it stays behind."""

import os
import pickle
import select
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import contextmanager

try:
    import resource
except ImportError:     # Windows
    resource = None

MEMORY = 2**30          # bytes more than the session has
IDLE = 12               # seconds of the clock without work that an answer may take in all


class TooSlow(BaseException):
    """The answer takes too long; not caught by `except Exception` in the learner's code."""


class Waits(TooSlow):
    """The answer takes long and uses no processor: it sleeps; as text, in which line."""


class Died(Exception):
    """The process that tried the answer has ended without a word."""


def apart(work: Callable, seconds: float, processor: int = 60):
    """What `work()` returns, which is run apart from this session: a child process, or a thread where none is forked.

    Raises
    ------
    TooSlow
        If there is no answer in so many seconds of the clock, or of the processor: others may share the machine.
    Died
        If the process ends without one.
    """
    if resource is None:
        return _in_thread(work, seconds)
    reader, writer = os.pipe()
    sys.stdout.flush()
    with warnings.catch_warnings():
        # threads of a notebook's kernel or of a BLAS, which do not run meanwhile
        warnings.simplefilter("ignore")
        child = os.fork()
    if not child:
        _work_and_exit(work, writer, processor)
    os.close(writer)
    try:
        return _read(reader, seconds)
    except Died:
        _, status = os.waitpid(child, 0)
        child = 0
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU:
            raise TooSlow from None
        raise
    finally:
        os.close(reader)
        if child:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def _read(reader, seconds):
    found, end = b"", time.monotonic() + seconds
    while select.select([reader], [], [], max(0, end - time.monotonic()))[0]:
        some = os.read(reader, 1 << 16)
        if not some:
            if not found:
                raise Died
            return pickle.loads(found)
        found += some
    raise TooSlow


def _work_and_exit(work, writer, processor):
    try:
        sys.stdout = sys.stderr = open(os.devnull, "w")
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        limit_memory(MEMORY)
        used = int(time.process_time())
        resource.setrlimit(resource.RLIMIT_CPU, (used + processor, resource.getrlimit(resource.RLIMIT_CPU)[1]))
        warnings.simplefilter("ignore")
        _end_if_idle()
        answer = pickle.dumps(work())
        signal.setitimer(signal.ITIMER_REAL, 0)
        while answer:
            answer = answer[os.write(writer, answer):]
    finally:
        os._exit(0)


def _end_if_idle():
    # Waits is raised once so many seconds, each looked at by itself, have passed without work
    idle, before = 0, time.process_time()

    def look(*_):
        nonlocal idle, before
        now = time.process_time()
        idle, before = idle + (now - before < 0.03), now
        if idle >= IDLE:
            raise Waits

    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, 1, 1)


def limit_memory(more: int) -> None:
    """Let this process take so many bytes more than it has."""
    if os.path.exists("/proc/self/statm"):
        with open("/proc/self/statm") as size:
            taken = int(size.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + more, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _in_thread(work, seconds):
    found = []
    thread = threading.Thread(target=lambda: found.append(work()), daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise TooSlow
    if not found:
        raise Died
    return found[0]


@contextmanager
def at_most(seconds: float):
    """Raise TooSlow in what runs inside after so many seconds of the processor; in a process' main thread alone."""
    if resource is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGPROF, _stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _stop(*_):
    raise TooSlow
