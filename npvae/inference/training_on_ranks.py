"""The loop on several ranks: as in one process, but that all of them decide together, from sums over their rows."""

import math
import signal
import threading
import zlib

import numpy as np

from npvae.inference.ranks import known_to_all
from npvae.inference.training import SHUFFLED_BATCHES, Training
from npvae.models.data.batches import shuffled

SAID = 6    # float64 numbers that `record` sums over the ranks in each step


class TrainingOnRanks(Training):
    """A `Training` of which m, the batch size and the history are those of all ranks' rows together.

    A batch takes of each rank's rows its share. In each step the ranks sum two things: the gradient, and
    six numbers, among them whether one is out of time, has been interrupted or is asked to stop: they stop at the same
    step, and an ELBO that is not finite on one of them is so on all.
    """

    def __init__(self, solver, X, budget):
        self.ranks = solver.ranks
        if self.ranks.rank:
            budget.progress = False
        super().__init__(solver, X, budget)
        self.steps = math.ceil(self.m / self.batch_size)
        # lest the ranks' shares are all rounded up in the same step
        self.phases = np.arange(self.ranks.size) * self.steps // self.ranks.size
        self.own = int(self.shards[self.ranks.rank])
        self.block = SHUFFLED_BATCHES * math.ceil(self.own / self.steps) if isinstance(X, np.memmap) else None
        self._late = self._asked = self._interrupted = self._noted = False
        self.after_step = self._agreed_to_stop
        if self.ranks.any(self.after_sweep is not None):
            self.after_sweep = self.after_sweep or (lambda record: None)
        self._check_alike()

    def __enter__(self):
        super().__enter__()
        # Ctrl-C waits for the end of the step, at which all ranks know of it
        self._handler = None
        if threading.current_thread() is threading.main_thread() and (
                signal.getsignal(signal.SIGINT) is signal.default_int_handler):
            self._handler = signal.signal(signal.SIGINT, self._note)
        self.ranks.in_loop = True
        return self

    def __exit__(self, kind, error, trace):
        try:
            if error is not None:
                # from here on all ranks are at this place, or none will be
                self.ranks.failed(error)
            super().__exit__(kind, error, trace)
            if kind is None and self.ranks.any(self._noted):
                raise known_to_all(KeyboardInterrupt())
        finally:
            self.ranks.in_loop = False
            if self._handler is not None:
                signal.signal(signal.SIGINT, self._handler)

    @property
    def out_of_time(self) -> bool:
        """Whether one of the ranks has found its time used up."""
        return self._late

    def record(self, elbo: np.ndarray, kl: np.ndarray | None = None) -> None:
        """Note the ELBO and the KL of the batch of all ranks, of which this one's are (B,), and what one asks for."""
        after_step = self.solver.after_step
        # in a batch that has no row of this rank, its one is of no weight
        here = self.ranks.weight > 0
        said = [elbo.sum() if here else 0, 0 if kl is None or not here else kl.sum(), len(elbo) if here else 0,
                super().out_of_time, after_step is not None and after_step(), self._noted]
        total, kl_total, rows, late, asked, interrupted = self.ranks.total(np.array(said, np.float64)).tolist()
        self._late, self._asked, self._interrupted = late > 0, asked > 0, interrupted > 0
        self._add(total, None if kl is None else kl_total, int(rows), elbo)

    def _agreed_to_stop(self):
        if self._interrupted:
            raise known_to_all(KeyboardInterrupt())
        return self._asked

    def _note(self, number, frame):
        self._noted = True

    def _count_rows(self, own):
        self.shards = np.array(self.ranks.gather(own))
        return int(self.shards.sum())

    def _batches_of_sweep(self):
        rng = self.ranks.stream(self.run.seed, 1 + len(self.history))
        order = None if self.steps == 1 else shuffled(self.own, rng, self.block)
        if self.rows is not None:
            order = self.rows if order is None else self.rows[order]
        for k in range(self._step_of(self._rows), self._step_of(self._rows_of_sweep())):
            (start, end), rank = (self._rows_after(j) for j in (k, k + 1)), self.ranks.rank
            rows, first = end - start, int(start[rank]) % self.own
            if rows.any():
                self.ranks.weight = int(rows[rank]) / int(rows.sum())
                yield slice(None) if order is None else order[first:first + max(1, int(rows[rank]))]

    def _rows_after(self, k):
        # of each rank, in the first k steps of a sweep
        return (k * self.shards + self.phases) // self.steps

    def _step_of(self, rows):
        # the number of steps in which so many rows, or a few more, are seen
        k = rows * self.steps // self.m
        while k < self.steps and self._rows_after(k).sum() < rows:
            k += 1
        return k

    def _record_sweep(self):
        record = super()._record_sweep()
        if record is not None:
            state, seen = self.run.rng.bit_generator.state, zlib.crc32(self.run.parameters.value)
            states, found = zip(*self.ranks.gather((state, seen)), strict=True)
            if len(set(found)) > 1:
                raise known_to_all(ValueError(f"the ranks have come apart after sweep {record['sweep']:.4g}: their "
                                              "parameters are no longer the same; if the optimizer or a part of yours "
                                              "draws at random, seed it alike on all ranks"))
            # what a saved run needs to go on, bit by bit, on as many ranks
            self.run.generators = list(states)
        return record

    def _held_out_score(self):
        score, n = self.solver._score_held_out(self.X, self._held), len(self._held)
        scores, numbers = zip(*self.ranks.gather((score, n)), strict=True)
        return float(np.dot(scores, numbers) / sum(numbers))

    def _guarded_are_finite(self):
        return not self.ranks.any(not super()._guarded_are_finite())

    def _wrong_after_last_step(self):
        return next(filter(None, self.ranks.gather(super()._wrong_after_last_step())), None)

    def _put_back_and_raise(self, what, earlier):
        try:
            super()._put_back_and_raise(what, earlier)
        except ArithmeticError as problem:
            raise known_to_all(problem) from None

    def _check_alike(self):
        # what has to be the same, lest one rank waits for another that is done
        solver, run, budget = self.solver, self.run, self.budget
        mine = {"solver": budget.name, "sweeps": self.sweeps, "seconds": budget.seconds, "batch_size": self.batch_size,
                "sweeps done": len(self.history), "held_out": run.held_out, "seed": run.seed,
                "dtype": str(run.parameters.value.dtype), "parameters": run.parameters.value.size,
                "weights (draw them from one seed)": zlib.crc32(run.parameters.value)}
        mine |= {name: getattr(solver, name) for name in ("learning_rate", "beta", "q_steps", "q_learning_rate")
                 if isinstance(getattr(solver, name, None), int | float)}
        mine |= {f"constants {name}": zlib.crc32(np.ascontiguousarray(a)) for name, a in run.constants.items()}
        every = self.ranks.gather(mine)
        for name in mine:
            found = [each.get(name) for each in every]
            if len(set(found)) > 1:
                raise known_to_all(ValueError(f"{name} differ between the ranks, {found}: expected the same on all"))
