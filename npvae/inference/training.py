"""What every fit needs around the lecture's loop: batches, clock, progress, history, and a safe way out."""

import math
import time
from contextlib import suppress

import numpy as np

from npvae.checks import positive, whole
from npvae.models.data import release

FEW, GROSS = 10, 1e4    # rows whose median says how good they all are; times that no learning is worse at its end
SHUFFLED_BATCHES = 64   # batches a block, when the rows are shuffled block by block


class DivergenceError(ArithmeticError):
    """A non-finite ELBO, squared error or parameter; a solver keeps parameters from before it."""


class History(list):
    """One record (a dict) a sweep; `history["elbo"]` is a column as an array.

    Examples
    --------
    >>> History([{"sweep": 1, "elbo": -3.0}, {"sweep": 2, "elbo": -2.0}])["elbo"]
    array([-3., -2.])
    """

    def __getitem__(self, key):
        if not isinstance(key, str):
            return super().__getitem__(key)
        if self and not any(key in record for record in self):
            raise KeyError(key)
        # a sweep that was interrupted has no held-out score
        return np.array([record.get(key, np.nan) for record in self])

    def __repr__(self):
        if len(self) < 4:
            return f"History({list(self)})"
        return f"History({len(self)} sweeps, first {self[0]}, last {self[-1]})"


class Training:
    """A context around one fit: `for index in training.batches(): … training.record(elbo)`.

    It stops after `sweeps` sweeps or `seconds` seconds, whichever comes first, and keeps the history. Ctrl-C passes
    through it and leaves the solver with what it has; a non-finite ELBO puts `keep` back to its last finite values.

    Parameters
    ----------
    name : str
        The solver, for messages.
    m : int
        Number of rows.
    batch_size : int
        Rows a batch; m or more gives full sweeps, in order.
    sweeps, seconds : int and float, or None
        The budget. Without both, 100 sweeps.
    seed : int
        Of the rows' order, which depends on it and on the number of the sweep alone: one seed, the same batches, in
        every solver and in a fit that goes on.
    keep : list of arrays
        The parameters to guard.
    progress : bool or None
        None shows a bar on a terminal only.
    history : History, optional
        Of the fit that this one goes on from; `sweeps` counts its sweeps, too.
    measure : str
        What `record` notes, its key in the history.
    rows : array of int, optional
        Train on these rows of the m only.
    data : array (m, D), optional
        If it is a memory map, blocks of rows are shuffled, and the rows inside a block: single rows all over a file on
        disk are slow. Pages already read are released.
    begin_sweep : callable (sweep from 0), optional
    end_sweep : callable (the sweep's record) -> bool, optional
        May add to the record; True ends the fit.
    optimizer : Adam, optional
        Forgets its moments if the fit diverges, so that it can go on with another learning rate.
    end_step : callable () -> bool, optional
        Asked after each step; True ends the fit there. The record of a sweep that it cuts has `rows`, `total` and
        `batch_size`, with which another fit goes on in it, batch by batch, as if it had not been cut.
    again : callable index -> array (B,), optional
        The ELBOs of a batch with the parameters that stand: what the last step has led to.

    Raises
    ------
    DivergenceError
        From `record`, if an ELBO is not finite; at the end, if that of the last batch is not, measured again, or if it
        is worse than that of the first one by more than any learning explains.

    Examples
    --------
    >>> with Training("toy", m=3, batch_size=2, sweeps=1, seed=0) as training:
    ...     for index in training.batches():
    ...         training.record(-np.ones(len(index)))
    >>> training.history["elbo"]
    array([-1.])
    """

    def __init__(self, name, m, batch_size, sweeps=None, seconds=None, seed=0, keep=(), progress=None, history=None,
                 measure="elbo", rows=None, data=None, begin_sweep=None, end_sweep=None, optimizer=None,
                 end_step=None, again=None):
        batch_size, sweeps, seconds = check_budget(name, batch_size, sweeps, seconds)
        m = m if rows is None else len(rows)
        self.name, self.m, self.batch_size, self.seed, self.progress = name, m, min(batch_size, m), seed, progress
        self.sweeps = 100 if sweeps is None and seconds is None else sweeps
        self.budget, self.measure, self.rows, self.data = seconds, measure, rows, data
        self.block = SHUFFLED_BATCHES * self.batch_size if isinstance(data, np.memmap) else None
        self.begin_sweep, self.end_sweep, self.end_step, self.again = begin_sweep, end_sweep, end_step, again
        self.history = History() if history is None else history
        # whether what is recorded is what is maximised, so that it should not fall
        self.judged = lambda: True
        # two snapshots: as the sweep began, and the last one that a finite ELBO has been computed from
        self.keep, self.optimizer = list(keep), optimizer
        self._begun = self._proven = [a.copy() for a in keep]
        self._total, self._rows, self._last, self._cut, self._level = 0.0, 0, None, False, None
        self._sweep, self._earlier = (self.history[-1][k] for k in ("sweep", "seconds")) if self.history else (0, 0.0)

    def __enter__(self):
        from tqdm import tqdm

        self._take_up_the_cut_sweep()
        # an overflow on the way is judged by the ELBO that it makes, not by a warning
        self._errstate = np.errstate(over="ignore", invalid="ignore", divide="ignore")
        self._errstate.__enter__()
        self._start = time.perf_counter()
        total, unit, done = ((self.sweeps, "sweep", self._sweep) if self.budget is None else (self.budget, "s", 0))
        self._bar = tqdm(total=total, initial=done, desc=self.name, unit=unit, leave=False,
                         bar_format="{desc}: {percentage:3.0f}%|{bar}| {n:.0f}/{total:.0f} {unit}{postfix}",
                         disable=None if self.progress is None else not self.progress)
        return self

    def __exit__(self, kind, error, trace):
        self._end_sweep()
        # the terminal may be gone
        with suppress(OSError):
            self._bar.close()
        try:
            if kind is None:
                self.check_last_step()
        finally:
            self._errstate.__exit__(None, None, None)
            # none can be copied or pickled, and a solver holds on to its training
            self._errstate = self._bar = self.again = self.end_step = self.judged = None
        return False

    def check_last_step(self):
        """A DivergenceError if what the last step has left is not finite, or far worse than what was begun with."""
        what = self._found_after_the_last_step()
        if what is None:
            return
        # the sweep is undone
        if self._last is not None and self.history:
            self.history.pop()
            self._sweep = self.history[-1]["sweep"] if self.history else 0
        self._diverged(what, self._proven)

    def _found_after_the_last_step(self):
        # in words, what is wrong, or None
        if not all(np.isfinite(a).all() for a in self.keep):
            return "non-finite parameter"
        if self.again is None or self._last is None:
            return None
        values = self.again(self._last)
        if not np.isfinite(values).all():
            return f"non-finite {_title(self.measure)}, or a sigma_g far beyond the data, after its last step"
        # the middle row's, which no outlier moves; a cut fit may be in the middle of anything
        if self._level is None or self._cut or not self.judged() or len(values) < FEW:
            return None
        level, unit = float(np.median(values)), " nats" if self.measure == "elbo" else ""
        worse = level < self._level - GROSS * (abs(self._level) + 1) if unit else level > GROSS * self._level > 0
        return f"median {_title(self.measure)} of {level:.3g}{unit}, begun with {self._level:.3g}," if worse else None

    def guard(self, array):
        """Put this array, too, back to its last finite values if the fit diverges."""
        self.keep.append(array)
        self._begun = self._proven = [a.copy() for a in self.keep]

    @property
    def seconds(self):
        """Time since the start."""
        return time.perf_counter() - self._start

    @property
    def out_of_time(self):
        """Whether the time budget is used up."""
        return self.budget is not None and self.seconds >= self.budget

    def batches(self):
        """Row numbers, a batch at a time, sweep after sweep; a slice when a batch is the whole data.

        However short the time, there is one batch: a fit has something to say.
        """
        while (self.sweeps is None or self._sweep < self.sweeps) and not (self.history and self.out_of_time):
            if self.begin_sweep is not None:
                self.begin_sweep(int(self._sweep))
            for done, index in enumerate(self._one_sweep(), 1):
                yield index
                self._last = index
                if self.block and done * self.batch_size % self.block == 0:
                    release(self.data)
                self._cut = self.end_step is not None and self.end_step()
                if self._cut or self.out_of_time:
                    break
            if self._cut and self._rows < self._rows_left():
                # within a sweep: no score of it, and nothing that is done after it
                break
            self._end_sweep()
            if self.end_sweep is not None and self.history and self.end_sweep(self.history[-1]) or self._cut:
                break

    def record(self, elbo):
        """Note the ELBO (B,) of a batch."""
        total = float(elbo.sum())
        if not np.isfinite(total):
            # a first batch that was finite has proven what the sweep began with
            self._diverged(f"non-finite {_title(self.measure)}", self._begun if self._rows else self._proven)
        self._total += total
        self._rows += len(elbo)
        if self._level is None and len(elbo) >= FEW:
            self._level = float(np.median(elbo))

    def _one_sweep(self):
        if self.batch_size == self.m:
            return [slice(None) if self.rows is None else self.rows]
        # not the generator of the noise, from which solvers take different amounts
        order = shuffled(self.m, np.random.default_rng([self.seed, 5, len(self.history)]), self.block)
        order = order if self.rows is None else self.rows[order]
        order = order[:self._rows_left()]
        return [order[i:i + self.batch_size] for i in range(self._rows, len(order), self.batch_size)]

    def _rows_left(self):
        # after a sweep that was cut short by the clock, the last one is short, too
        return self.m if self.sweeps is None else min(self.m, math.ceil(self.m * (self.sweeps - self._sweep) - 1e-6))

    def _take_up_the_cut_sweep(self):
        last = self.history[-1] if self.history else {}
        if last.get("batch_size") == self.batch_size and last["rows"] < self.m:
            self.history.pop()
            self._total, self._rows = last["total"], last["rows"]
            self._sweep = self.history[-1]["sweep"] if self.history else 0

    def _end_sweep(self):
        if not self._rows:
            return
        cut = self._cut and self._rows < self._rows_left()
        self._sweep += self._rows / self.m
        mean = self._total / self._rows
        self.history.append({"sweep": self._sweep, self.measure: mean, "seconds": self._earlier + self.seconds})
        if cut:
            self.history[-1] |= {"rows": self._rows, "total": self._total, "batch_size": self.batch_size}
        self._total, self._rows = 0.0, 0
        self._proven = self._begun
        if all(np.isfinite(a).all() for a in self.keep):
            self._begun = [a.copy() for a in self.keep]
        done = self._sweep if self.budget is None else min(self.seconds, self.budget)
        unit = " nats" if self.measure == "elbo" else ""
        text = f"sweep {self._sweep:.0f}, {_title(self.measure)} {mean:.4g}{unit}"
        # the terminal may be gone, whose hanging up is what has cut the fit
        with suppress(OSError):
            self._bar.set_postfix_str(text, refresh=False)
            self._bar.update(done - self._bar.n)

    def _diverged(self, what, last_finite):
        # all of them, also those that are still finite: they belong together, and they led to this
        for a, last in zip(self.keep, last_finite, strict=True):
            a[...] = last
        if self.optimizer is not None:
            self.optimizer.forget()
        self._rows = 0
        raise DivergenceError(f"{self.name}: a {what} in sweep {int(self._sweep) + 1}; the last finite "
                              "parameters are kept. Lower the learning rate, rescale the data to about [0, 1], "
                              "or train in dtype=np.float64")


def shuffled(m, rng, block=None):
    """The row numbers 0 … m − 1 in random order: all at random, or in `block`s that stay together.

    Examples
    --------
    >>> order = shuffled(6, np.random.default_rng(0), block=3)
    >>> sorted(order[:3].tolist()) in ([0, 1, 2], [3, 4, 5])
    True
    """
    if block is None or block >= m:
        return rng.permutation(m)
    starts = rng.permutation(np.arange(0, m, block))
    return np.concatenate([start + rng.permutation(min(block, m - start)) for start in starts])


def _title(measure):
    return {"elbo": "ELBO"}.get(measure, measure.replace("_", " "))


def check_budget(name, batch_size, sweeps, seconds):
    """batch_size and sweeps as ints from 1 and seconds as a positive float, or None for None; else a ValueError."""
    return (whole(f"{name}: batch_size", batch_size),
            None if sweeps is None else whole(f"{name}: sweeps", sweeps),
            None if seconds is None else positive(f"{name}: seconds", seconds))
