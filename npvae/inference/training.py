"""The loop that all solvers share: batches, clock, progress, history, early stopping, and a safe way out."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import numpy as np
from numpy.typing import ArrayLike

from npvae.checks import truth
from npvae.files import release
from npvae.inference.earlier_fit import EarlierFit
from npvae.inference.early_stopping import hold_out
from npvae.inference.history import DivergenceError
from npvae.models.data.batches import shuffled

FEW, GROSS = 10, 1e4    # rows whose median says how good they all are; times that no learning is worse at its end
SHUFFLED_BATCHES = 64   # batches a block, when the rows are shuffled block by block


@contextmanager
def fitting(solver, X: ArrayLike, resume: bool = False) -> Iterator[tuple[np.ndarray, Training]]:
    """Around a solver's loop: the door, the training, and the earlier fit back in its place if this one fails.

    It gives X (m, D), as the solver reads it, and the `Training`.
    """
    earlier = EarlierFit(solver, truth("resume", resume))
    try:
        X, budget = solver._prepare_fit(X, resume)
        try:
            with solver._new_training(X, budget) as training:
                yield X, training
        finally:
            if solver.run.stopping is not None:
                solver.run.stopping.finish()
    except BaseException as problem:
        if solver.ranks is not None:
            solver.ranks.failed(problem)
        earlier.put_back(problem)
        raise


class Training:
    """A context around the loop of one fit, in which the solver's `run` goes on until the budget is used up.

    Ctrl-C passes through it and leaves the solver with what it has. What the run guards goes back to its last finite
    values, with a DivergenceError, if an ELBO is not finite, or at the end that of the last batch, measured again, is
    not, or is worse than that of the first one by more than any learning explains.

    One seed gives the same batches in every solver, and in a fit that goes on. Of a memory map X (m, D), blocks of rows
    are shuffled, and the rows inside a block, for single rows of a file are slow; pages already read are released.

    The solver is asked for its `run` and for `measure`, the key of what `record` notes; to `_follow_schedules(sweep)`
    before a sweep; for `after_step() -> bool`, of which True ends the fit, and `after_sweep(record)`, if they are not
    None; to `_score_held_out(X, rows)`; for the `_objective(X, index)` (B,) with the parameters that stand, and for
    `_beta`, 1 if that is what is maximised.
    """

    def __init__(self, solver, X, budget):
        self.solver, self.X, self.budget, self.run, self.history = solver, X, budget, solver.run, solver.run.history
        self.rows, self._held = hold_out(len(X), self.run.held_out, self.run.seed)
        self.m = self._count_rows(len(X) if self.rows is None else len(self.rows))
        self.batch_size = min(budget.batch_size, self.m)
        self.block = SHUFFLED_BATCHES * self.batch_size if isinstance(X, np.memmap) else None
        self.sweeps = self.run.sweeps_in_all(budget.name, budget.sweeps)
        self.after_step, self.after_sweep = solver.after_step, solver.after_sweep
        # those of a run that was saved are not those that it will have
        self.run.generators = None
        self._title = solver.measure.replace("elbo", "ELBO").replace("_", " ")
        self._unit = " nats" if solver.measure == "elbo" else ""
        # what is guarded as the sweep began, and as a finite ELBO has last been computed from it
        self._begun = self._proven = self._copies_of_guarded()
        self._total, self._kl, self._rows, self._last, self._cut, self._level = 0.0, None, 0, None, False, None
        last = self.history[-1] if self.history else {"sweep": 0, "seconds": 0.0}
        self._sweep, self._earlier = last["sweep"], last["seconds"]
        if last.get("batch_size") == self.batch_size and last["rows"] < self.m:
            # go on within the sweep that was cut
            self._drop_last_record()
            self._total, self._kl, self._rows = last["total"], last.get("total_kl"), last["rows"]

    def __enter__(self):
        from tqdm import tqdm

        # an overflow on the way is judged by the ELBO that it makes, not by a warning
        self._errstate = np.errstate(over="ignore", invalid="ignore", divide="ignore")
        self._errstate.__enter__()
        self._start = time.perf_counter()
        seconds, progress = self.budget.seconds, self.budget.progress
        total, unit, done = (self.sweeps, "sweep", self._sweep) if seconds is None else (seconds, "s", 0)
        self._bar = tqdm(total=total, initial=done, desc=self.budget.name, unit=unit, leave=False,
                         bar_format="{desc}: {percentage:3.0f}%|{bar}| {n:.0f}/{total:.0f} {unit}{postfix}",
                         disable=None if progress is None else not progress)
        return self

    def __exit__(self, kind, error, trace):
        self._record_sweep()
        # the terminal may be gone
        with suppress(OSError):
            self._bar.close()
        try:
            if kind is None:
                self.check_last_step()
        finally:
            self._errstate.__exit__(None, None, None)

    @property
    def seconds(self) -> float:
        """Time since the start."""
        return time.perf_counter() - self._start

    @property
    def out_of_time(self) -> bool:
        """Whether the time budget is used up."""
        return self.budget.seconds is not None and self.seconds >= self.budget.seconds

    def batches(self) -> Iterator[np.ndarray | slice]:
        """Row numbers, a batch at a time, sweep after sweep; a slice when a batch is the whole data.

        However short the time, there is one batch: a fit has something to say.
        """
        while (self.sweeps is None or self._sweep < self.sweeps) and not (self.history and self.out_of_time):
            self.solver._follow_schedules(int(self._sweep))
            for done, index in enumerate(self._batches_of_sweep(), 1):
                yield index
                self._last = index
                if self.block and done % SHUFFLED_BATCHES == 0:
                    release(self.X)
                self._cut = self.after_step is not None and self.after_step()
                if self._cut or self.out_of_time:
                    break
            # within a sweep there is no score of it, and nothing that is done after it
            if self._cut and self._rows < self._rows_of_sweep() or self._sweep_ends_the_fit() or self._cut:
                break

    def record(self, elbo: np.ndarray, kl: np.ndarray | None = None) -> None:
        """Note the ELBO (B,) of a batch, and the KL (B,) in it."""
        self._add(float(elbo.sum()), None if kl is None else float(kl.sum()), len(elbo), elbo)

    def _add(self, total, kl, rows, elbo):
        if not math.isfinite(total):
            # a first batch that was finite has proven what the sweep began with
            self._put_back_and_raise(f"non-finite {self._title}", self._begun if self._rows else self._proven)
        if kl is not None and (self._kl is not None or not self._rows):
            self._kl = (self._kl or 0.0) + kl
        self._total += total
        self._rows += rows
        if self._level is None and len(elbo) >= FEW:
            self._level = float(np.median(elbo))

    def check_last_step(self) -> None:
        """A DivergenceError if what the last step has left is not finite, or far worse than what was begun with."""
        what = self._wrong_after_last_step()
        if what is None:
            return
        if self._last is not None and self.history:
            self._drop_last_record()
        self._put_back_and_raise(what, self._proven)

    def _count_rows(self, own):
        return own

    def _batches_of_sweep(self):
        if self.batch_size == self.m:
            return [slice(None) if self.rows is None else self.rows]
        # not the generator of the noise, from which solvers take different amounts
        order = shuffled(self.m, np.random.default_rng([self.run.seed, 5, len(self.history)]), self.block)
        order = (order if self.rows is None else self.rows[order])[:self._rows_of_sweep()]
        return [order[i:i + self.batch_size] for i in range(self._rows, len(order), self.batch_size)]

    def _rows_of_sweep(self):
        # after a sweep that was cut short by the clock, the last one is short, too
        return self.m if self.sweeps is None else min(self.m, math.ceil(self.m * (self.sweeps - self._sweep) - 1e-6))

    def _sweep_ends_the_fit(self):
        # whether early stopping ends the fit
        record, run = self._record_sweep(), self.run
        if record is None:
            return False
        if run.stopping is not None:
            record["held_out"] = self._held_out_score()
        stop = run.stopping is not None and run.stopping(record["held_out"])
        if self.after_sweep is not None:
            # which may save: not what the last step has spoiled
            self.check_last_step()
            self.after_sweep(record)
        return stop

    def _held_out_score(self):
        return self.solver._score_held_out(self.X, self._held)

    def _record_sweep(self):
        # the record of the sweep that ends here; one that was cut says where another fit is to go on
        if not self._rows:
            return None
        cut = self._cut and self._rows < self._rows_of_sweep()
        self._sweep += self._rows / self.m
        record = {"sweep": self._sweep, **self._means(), "seconds": self._earlier + self.seconds}
        if cut:
            record |= {"rows": self._rows, "total": self._total, "batch_size": self.batch_size}
            record |= {} if self._kl is None else {"total_kl": self._kl}
        self.history.append(record)
        self._total, self._kl, self._rows = 0.0, None, 0
        self._proven = self._begun
        if self._guarded_are_finite():
            self._begun = self._copies_of_guarded()
        self._show_progress(record[self.solver.measure])
        return record

    def _means(self):
        # over the rows of the sweep; a sweep that an older version began has no KL
        mean = self._total / self._rows
        if self._kl is None:
            return {self.solver.measure: mean}
        kl = self._kl / self._rows
        reconstruction = mean + kl
        # so that it is the difference to the last bit
        return {self.solver.measure: reconstruction - kl, "reconstruction": reconstruction, "kl": kl}

    def _drop_last_record(self):
        self.history.pop()
        self._sweep = self.history[-1]["sweep"] if self.history else 0

    def _show_progress(self, mean):
        done = self._sweep if self.budget.seconds is None else min(self.seconds, self.budget.seconds)
        # the terminal may be gone, whose hanging up is what has cut the fit
        with suppress(OSError):
            self._bar.set_postfix_str(f"sweep {self._sweep:.0f}, {self._title} {mean:.4g}{self._unit}", refresh=False)
            self._bar.update(done - self._bar.n)

    def _copies_of_guarded(self):
        return [a.copy() for a in self.run.guarded]

    def _guarded_are_finite(self):
        return all(np.isfinite(a).all() for a in self.run.guarded)

    def _wrong_after_last_step(self):
        # in words, or None
        if not self._guarded_are_finite():
            return "non-finite parameter"
        if self._last is None:
            return None
        values = self.solver._objective(self.X, self._last)
        if not np.isfinite(values).all():
            return f"non-finite {self._title}, or a sigma_g far beyond the data, after its last step"
        # the middle row's, which no outlier moves; a cut fit may be in the middle of anything
        if self._level is None or self._cut or len(values) < FEW or self.solver._beta != 1:
            return None
        level = float(np.median(values))
        worse = level < self._level - GROSS * (abs(self._level) + 1) if self._unit else level > GROSS * self._level > 0
        return f"median {self._title} of {level:.3g}{self._unit}, begun with {self._level:.3g}," if worse else None

    def _put_back_and_raise(self, what, earlier):
        # all of them, also those that are still finite: they belong together, and they led to this
        for a, kept in zip(self.run.guarded, earlier, strict=True):
            a[...] = kept
        self.run.forget()
        self._rows = 0
        raise DivergenceError(f"{self.budget.name}: a {what} in sweep {int(self._sweep) + 1}; the last finite "
                              "parameters are kept. Lower the learning rate, rescale the data to about [0, 1], "
                              "or train in dtype=np.float64")
