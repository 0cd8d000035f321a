"""One session of pytest that has loaded everything, and a forked process for each mutant, ended by the first failure.

A fork begins where the parent stands, with NumPy, the package and all tests loaded, and takes milliseconds.
"""

import os
import pickle
import resource
import signal
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from reached import Reached

GIGABYTES = 6       # of memory that a mutant may ask for


class Jobs:
    """Functions called in forked processes, some at a time; `tell(name, answer)` as each answers.

    The answer is what can be pickled, or None of a process that was ended.
    """

    def __init__(self, at_once, tell):
        self.at_once, self.tell, self.running = at_once, tell, {}

    def start(self, name, function):
        while len(self.running) >= self.at_once:
            self._wait()
        answer = tempfile.NamedTemporaryFile(delete=False)
        sys.stdout.flush()
        sys.stderr.flush()
        process = os.fork()
        if not process:
            _child(function, answer.name)
        self.running[process] = name, answer.name

    def finish(self):
        """Wait for all."""
        while self.running:
            self._wait()

    def _wait(self):
        process, _ = os.waitpid(-1, 0)
        if process in self.running:
            name, path = self.running.pop(process)
            data = Path(path).read_bytes()
            os.unlink(path)
            answer = pickle.loads(data) if data else None
            if isinstance(answer, Exception):
                raise answer
            self.tell(name, answer)


def _child(function, path):
    # never returns into the parent's stack
    try:
        quiet = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(quiet, stream)
        limit = GIGABYTES << 30
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        try:
            answer = function()
        except Exception as problem:
            answer = problem
        Path(path).write_bytes(pickle.dumps(answer))
    finally:
        os._exit(0)


class MutationSession:
    """The plugin: in place of running the tests, `work(self)` is called with all of them at hand."""

    def __init__(self, work, jobs):
        self.work, self.jobs, self.failed = work, jobs, None

    def pytest_configure(self, config):
        # loaded here, for pytest wants to be the first to load it
        import hypothesis
        # a counterexample is enough, it need not be the smallest
        phases = [hypothesis.Phase.explicit, hypothesis.Phase.generate]
        hypothesis.settings.register_profile("mutation", hypothesis.settings.get_profile("npvae"), phases=phases)
        hypothesis.settings.load_profile("mutation")

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.failed = report.nodeid

    def pytest_runtestloop(self, session):
        self.items = {item.nodeid: item for item in session.items}
        session.config._tmp_path_factory.getbasetemp()
        self.work(self)
        return True

    def run(self, names, limits):
        """Run tests by name until one fails: its name, or None. Processor time beyond its limit ends the process."""
        for name, following in zip(names, [*names[1:], None], strict=False):
            signal.signal(signal.SIGPROF, signal.SIG_DFL)
            signal.setitimer(signal.ITIMER_PROF, limits[name])
            signal.alarm(int(60 + 10 * limits[name]))
            item = self.items[name]
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=self.items.get(following))
            if self.failed:
                return self.failed
        return None

    def reached(self, files):
        """What every test of some test files runs: {name: (seconds, {file: lines})}; of a test that fails, None."""
        found = {}
        jobs = Jobs(self.jobs, lambda file, answer: found.update(answer))
        for file in files:
            names = [name for name in self.items if name.split("::")[0] == file]
            jobs.start(file, lambda names=names: self._trace(names))
        jobs.finish()
        return found

    def _trace(self, names):
        found = {}
        for name, following in zip(names, [*names[1:], None], strict=False):
            self.failed, item = None, self.items[name]
            with Reached() as reached:
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=self.items.get(following))
            found[name] = None if self.failed else (reached.seconds, reached.lines)
        return found

    def kill(self, mutants, reached, budget, tell):
        """`tell(mutant, by, seconds)` for each mutant: killed by a test's name, by "the limit", or by None.

        The tests that it has to survive, the fastest first, take `budget` seconds.
        """
        limits = {name: 5 + 10 * found[0] for name, found in reached.items() if found}
        jobs = Jobs(self.jobs, lambda mutant, answer: tell(mutant, *(answer or ("the limit", 0.0))))
        for mutant in mutants:
            names = tests_of(mutant, reached, budget)
            jobs.start(mutant, lambda mutant=mutant, names=names: self._try(mutant, names, limits))
        jobs.finish()

    def _try(self, mutant, names, limits):
        began = time.perf_counter()
        mutant.enter()
        return self.run(names, limits), time.perf_counter() - began


def tests_of(mutant, reached, budget=np.inf):
    """The tests of the mutant's own room that run its lines, the fastest and those of the file's own tests first."""
    _, room, *_, file = mutant.file.split("/")
    cost = {}
    for name, found in reached.items():
        lines = found[1].get(mutant.file, set()) if found and name.startswith(f"tests/{room}/") else set()
        if not lines.isdisjoint(mutant.lines):
            cost[name] = found[0] * (0.3 if f"/test_{file}::" in name else 1)
    chosen, left = [], budget
    for name in sorted(cost, key=lambda name: (cost[name], name)):
        if left > 0:
            chosen.append(name)
            left -= reached[name][0]
    return chosen
