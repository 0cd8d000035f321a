"""Tries edited functions: in a child process with limits on time, memory and files, each from the same state.
"""

import copy
import os
import pickle
import select
import signal
import time
import warnings
from contextlib import contextmanager

import numpy as np

from npvae.dialects.arguments import leaves
from npvae.repair.intermediate import held
from npvae.repair.points import Point, moved, shrunk

try:
    import resource
except ImportError:     # Windows
    resource = None

MEMORY = 2**30          # bytes that an edit may take
SLOWEST = 20            # times what the function as it stands takes
FEW, MANY = 8, 300      # coordinates of a parameter that are looked at: at a second point, and at the first


def in_child(work, seconds):
    """What `work()` returns, run in a child process that can open nothing; None if it takes too long or breaks."""
    if resource is None:
        return None
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        # threads of a BLAS or of JAX, which do not run meanwhile
        warnings.simplefilter("ignore")
        child = os.fork()
    if not child:
        _work_and_exit(work, writer)
    os.close(writer)
    try:
        return _read(reader, seconds)
    finally:
        os.close(reader)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _read(reader, seconds):
    found, end = b"", time.monotonic() + seconds
    while select.select([reader], [], [], max(0, end - time.monotonic()))[0]:
        some = os.read(reader, 1 << 16)
        if not some:
            return pickle.loads(found) if found else None
        found += some
    return None


def _work_and_exit(work, writer):
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        with open("/proc/self/statm") if os.path.exists("/proc/self/statm") else _nothing() as size:
            taken = int(size.read().split()[0]) * resource.getpagesize() if size else 2**32
        resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
        answer = pickle.dumps(work())
        while answer:
            answer = answer[os.write(writer, answer):]
    finally:
        os._exit(0)


@contextmanager
def _nothing():
    yield None


class Overrun(BaseException):
    """An edit that takes too long; not caught by `except Exception` in the user's code."""


@contextmanager
def at_most(seconds):
    """Stop what runs inside after this many seconds of the processor. In the child alone, whose timer is its own."""
    def stop(*_):
        raise Overrun

    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


class State:
    """The arrays, generators, dicts and lists that functions hold, to be put back as they were."""

    def __init__(self, kept, legacy):
        self.arrays = []
        self.keep(kept)
        self.draws = [(g, copy.deepcopy(g.bit_generator.state)) for g in kept if isinstance(g, np.random.Generator)]
        self.draws += [(g, g.get_state()) for g in kept if isinstance(g, np.random.RandomState)]
        self.held = [(h, h.copy()) for h in kept if isinstance(h, dict | list)]
        self.legacy = legacy and np.random.get_state()      # noqa: NPY002

    def keep(self, things):
        """Arrays are put back as they now are, too."""
        self.arrays += [(a, a.copy()) for a in things if isinstance(a, np.ndarray) and a.size < 1e5
                        and a.flags.writeable and a.dtype.kind in "biufc"]

    def restore(self):
        """As it was."""
        for holder, before in self.held:
            if isinstance(holder, list):
                holder[:] = before
            elif holder.keys() != before.keys() or any(holder[k] is not v for k, v in before.items()):
                holder.clear()
                holder.update(before)
        for a, before in self.arrays:
            if not np.array_equal(a, before):
                a[...] = before
        for generator, before in self.draws:
            if isinstance(generator, np.random.Generator):
                generator.bit_generator.state = before
            else:
                generator.set_state(before)
        if self.legacy:
            np.random.set_state(self.legacy)        # noqa: NPY002


class Bench:
    """Where edits are tried. `before` is the flat gradient of the functions as they stand.

    `beside` are expressions that an edit may use though the source has them not; `certain` tells that what is held to
    be wrong is not made from anything that is.
    """

    beside, certain = (), True

    def __init__(self, subject, reached, names, compared):
        self.state, self.rng = State(reached.kept, reached.draws), np.random.default_rng([subject.seed, 7])
        self.state.keep(_given(subject))
        self._begin(subject, Point(subject, names, MANY, compared, self.rng))

    def _begin(self, subject, point):
        self.subject, self.point, self.tried, self.overrun, self.others, self.last = (
            subject, point, 0, 0, None, None)
        start = time.process_time()
        gradient = subject.gradient()
        self.before, self.misshapen = point.flat(gradient, strict=False), point.flat(gradient) is None
        self.limit = max(0.3, SLOWEST * (time.process_time() - start))

    def wrong(self):
        """Which numbers of the gradient are wrong; of many some were looked at."""
        point, names, gradient = self.point, self.point.names, self.subject.gradient()
        wrong = np.zeros(len(self.before), bool)
        far = point.far(self.before)
        wrong[point.places[far]] = True
        sizes = [int(np.prod(shape)) for shape in point.shapes]
        for (first, last), name, size, end in zip(point.starts, names, sizes, np.cumsum(sizes), strict=True):
            if far[first:last].all() or gradient[name].shape != self.subject.at[name].shape:
                wrong[end - size:end] = True
        return wrong

    def wrong_names(self, flat):
        """The names whose gradients are wrong somewhere."""
        far, point = self.point.far(flat), self.point
        return [n for n, (first, last) in zip(point.names, point.starts, strict=True) if far[first:last].any()]

    def feeds_right(self, moved):
        """Whether a gradient that is right as a whole is among what is moved."""
        wrong, ends = self.wrong_names(self.before), np.cumsum([int(np.prod(s)) for s in self.point.shapes])
        return any(moved[end - int(np.prod(s)):end].any() for n, s, end in zip(
            self.point.names, self.point.shapes, ends, strict=True) if n not in wrong)

    def places_of(self, names):
        """Where the gradients of names stand in the numeric gradient."""
        return [slice(*at) for n, at in zip(self.point.names, self.point.starts, strict=True) if n in names]

    def held(self, watch):
        """What is known to be right or wrong of the names of the source, as in `intermediate.held`."""
        return held(watch)

    def located(self, watch):
        """A `Repair` that names only a line, where no edit is found; or None."""
        return None

    def run(self, source, tree, strict=False):
        """The flat gradient at the first point once a function's tree is this one; None if it does not run."""
        try:
            code = source.compiled(tree)
        except (SyntaxError, ValueError, RecursionError, TypeError):
            return None
        return self.run_code(source, code, strict)

    def run_code(self, source, code, strict=False):
        """As `run`."""
        gradient = self.ask(source, code, self.subject.gradient)
        return None if gradient is None else self.point.flat(gradient, strict)

    def ask(self, source, code, question):
        """What a question is answered with while a function runs this code; None if that breaks."""
        self.tried += 1
        try:
            with at_most(self.limit), source.running(code), np.errstate(all="ignore"):
                return question()
        except Overrun:
            self.overrun += 1
            return None
        except Exception:       # whatever an edited function does
            return None
        finally:
            self.state.restore()

    def moves_y(self, source, tree, point=None):
        """Whether y is another one with this tree."""
        point = point or self.point
        try:
            code = source.compiled(tree)
        except (SyntaxError, ValueError):
            return True
        y = self.ask(source, code, lambda: point.subject.forward()[0])
        return y is None or y.shape != point.y.shape or not np.allclose(y, point.y, rtol=1e-12, atol=0, equal_nan=True)

    def mends(self, source, tree):
        """Whether a tree makes the gradient right at the first point and leaves y."""
        flat = self.last = self.run(source, tree, strict=True)
        return flat is not None and not self.point.far(flat).any() and not self.moves_y(source, tree)

    def confirmed(self, source, tree, names=None):
        """"shape" or "point" if the gradient (of names) is right there too, "" if it is wrong at one of them."""
        if self.others is None:
            self.others = list(self._other_points())
        code, best = source.compiled(tree), "point"
        for kind, point in self.others:
            gradient = self.ask(source, code, point.subject.gradient)
            if gradient is None or not point.right(gradient, names) or self.moves_y(source, tree, point):
                if kind != "columns":
                    return ""
            elif kind != "point":
                best = "shape"
        return best

    def _other_points(self):
        for k in range(2):
            twin = moved(self.subject, self.rng, k)
            self.state.keep(_given(twin))
            try:
                with at_most(20 * self.limit), np.errstate(all="ignore"):
                    yield "point", Point(twin, self.point.names, FEW, rng=self.rng)
            except (Exception, Overrun):
                self.state.restore()
        for sure, twin in shrunk(self.subject):
            try:
                with at_most(20 * self.limit), np.errstate(all="ignore"):
                    twin = twin()
                    twin.gradient()
                    self.state.keep(_given(twin))
                    yield "shape" if sure else "columns", Point(twin, self.point.names, FEW, rng=self.rng)
            except (Exception, Overrun):
                self.state.restore()


def _given(subject):
    """The arrays that a subject's functions are given, which an edit may change in place."""
    return [subject.at.value, subject.upstream, *(a for value in subject.arguments.args for _, a in leaves(value, ""))]
