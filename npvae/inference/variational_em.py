"""Variational EM: a separate q_i for every datapoint, the lecture's first algorithm.

    start from some θ, q_1, …, q_m
    Loop
        for i = 1 … m:  q_i ← argmax_q L(q, x^i, θ)
        θ ← θ + λ ∇_θ Σ_i L(q_i, x^i, θ)

The lecture moves θ first; the loop is the same, entered half a turn later.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike

from npvae.checks import as_path, truth, whole
from npvae.files import TABLE, check_output, file_behind, stepping_aside
from npvae.inference.argmax_q import ROWS, argmax_rows, best_rows, starting_rows
from npvae.inference.elbo import lower_bound
from npvae.inference.em_solver import EMSolver
from npvae.inference.posteriors import Free
from npvae.inference.ranks import check_own_files, mean_of_all, together
from npvae.inference.schedules import at
from npvae.inference.training import fitting
from npvae.models.data import blocks, take
from npvae.nn import RowAdam

INNER_STEPS = 500   # of the climb in one sweep; the next sweep goes on from where it ends


@dataclass(eq=False)
class VariationalEM(EMSolver):
    """Maximise Σ_i L(q_i, x^i, θ) over θ and q_1 … q_m (Neal & Hinton 1998; the lecture's loop).

    Full sweeps are the lecture's: deterministic nodes, every argmax to a tolerance, a θ step that never lowers the
    ELBO. They need `batch_size` ≥ m and nodes on which the ELBO is right for any θ: a Categorical latent, K ≤ 2 (with
    many more nodes where the decoder has kinks, as with relu), an affine decoder, or a `noise` that is not random. Else
    all m rows are one mini-batch. Mini-batches of rows move faster: a few steps of row-wise Adam on fresh noise for the
    rows of the batch, then one step of Adam for θ.

    Parameters
    ----------
    model, sweeps, seconds, noise, seed, dtype, progress
        As in `Solver`.
    learning_rate, optimizer
        Of θ: in mini-batches Adam, or the optimizer of yours. In full sweeps λ is where a line search begins, with a
        schedule in each sweep; an optimizer takes the search's place, and then a step may lower the ELBO.
    beta : float, or callable sweep (from 0) -> float
        Weight of the KL in both steps; `elbo`, `infer` and the history are of the ELBO itself.
    batch_size : int, optional
        By default all rows for a Categorical latent, where the argmax is exact, or with `exact_m_step`, and 100
        otherwise.
    q_steps : int
        Steps of a row-wise Adam of their own on a batch's q_i before each step of θ (mini-batches only; a Categorical
        latent takes the exact argmax instead).
    q_learning_rate : float, or callable sweep (from 0) -> float
        Their λ.
    tolerance : float
        Of the argmax, nats.
    exact_m_step : bool
        θ ← argmax_θ in place of a gradient step, in full sweeps with an affine decoder: EM proper.
    table_file : str, optional
        Keep the table of q_i there, a .npy file that is mapped into memory, and its moments in two more beside it,
        FILE.m and FILE.v. Files of these names are replaced if they hold such a table, and refused if not.
    restarts : int
        Fit so many times, with seeds from `seed` on, and keep the fit of the greatest mean ELBO: a mixture whose means
        start elsewhere may end on another hill.

    Attributes
    ----------
    model : LatentVariableModel
        The trained one.
    posterior : Free
        The table of q_i.
    history : History
        Per sweep: sweep, elbo (nats, mean over the rows), seconds.

    Examples
    --------
    >>> from npvae.models import mixture_of_gaussians
    >>> X = np.random.default_rng(0).normal(size=(50, 2))
    >>> em = VariationalEM(mixture_of_gaussians(3, 2), sweeps=5).fit(X)
    >>> bool((np.diff(em.history["elbo"]) >= 0).all())
    True
    """

    tolerance: float = 1e-4
    table_file: str | None = None
    restarts: int = 1

    def fit(self, X: ArrayLike, resume: bool = False) -> VariationalEM:
        """Learn θ and q_1 … q_m from X (m, D); returns itself.

        With `resume` it goes on from where the last fit, or a restored one, stopped, until `sweeps` sweeps in all: on
        the same data bit by bit as if it had never stopped, if it stopped between two sweeps. Not with a `table_file`.

        Raises
        ------
        ValueError
            For data that do not fit the model, or settings that make no sense; an earlier fit stays, as it does for
            the next.
        DivergenceError
            If an ELBO becomes infinite or NaN, that of the last batch after the last step included.
        KeyboardInterrupt
            At Ctrl-C; the solver holds what it has learned, and can be used.
        """
        going_on = truth("resume", resume) and hasattr(self, "run")
        if whole("restarts", self.restarts) > 1 and not going_on:
            return self._best_of_restarts(X)
        replaced = self._tables_replaced([] if going_on else self._table_files(), X)
        with together(self.ranks), replaced, fitting(self, X, resume) as (X, training):
            self._data = X
            for index in training.batches():
                x = take(X, index, self._dtype)
                # for i: q_i ← argmax_q L(q, x^i, θ)
                q = self._argmax(x, index)
                # θ ← θ + λ ∇_θ Σ_i L(q_i, x^i, θ)
                training.record(self._step_theta(q, x, self._draw_noise(len(x)), self._beta))
            self._end(training, X)
        return self

    def infer(self, X: ArrayLike) -> np.ndarray:
        """The rows q_i = argmax_q L(q, x^i, θ) for any X (B, D), by the inner loop; (B, R), float64.

        For the data that it was fitted on, or their first rows, the loop starts at the table's rows; for new data, at
        the best of some draws from the prior.
        """
        X = self.read(X)
        start = self._finite_table(len(X)) if self._was_fitted_on(X) else self._starting_rows(X)
        return argmax_rows(self.model, start, X, self.tolerance, self._nodes(np.float64))

    def _best_of_restarts(self, X):
        if self.table_file is not None:
            raise ValueError(f"got restarts {self.restarts} and a table_file, which holds the rows of one fit: leave "
                             "one of them out")
        settings = {f.name: getattr(self, f.name) for f in fields(self) if f.init} | {"model": self.initial_model}
        best, greatest = None, -np.inf
        for start in range(self.restarts):
            fitted = type(self)(**settings | {"restarts": 1, "seed": self.seed + start}).fit(X)
            mean = mean_of_all(fitted.ranks, fitted.elbo(X).mean())
            if best is None or mean > greatest:
                best, greatest = fitted, mean
        self.__dict__.update(best.__dict__ | {"restarts": self.restarts, "seed": self.seed})
        return self

    def _finite_table(self, m):
        # a table on disk is not put back when a fit diverges; a row that was lost starts at the prior again
        table = self.posterior.table[:m]
        return np.where(np.isfinite(table).all(1, keepdims=True), table, self.model.latent.prior_row())

    def _starting_rows(self, X):
        model, rng = self.model.copy(np.float64), np.random.default_rng(self.seed)
        blocks = (take(X, slice(i, i + ROWS), np.float64) for i in range(0, len(X), ROWS))
        return np.concatenate([starting_rows(model, x, rng) for x in blocks])

    def _start_q(self, m):
        # all rows start at the prior; a table on disk takes its moments along, and is too large to be guarded by a copy
        row, rate = self.model.latent.prior_row().astype(self._dtype), at(self.q_learning_rate, 0, "q_learning_rate")
        if self.table_file is None:
            table = np.tile(row, (m, 1))
            self._row_adam = RowAdam(table, rate)
            self._take_along(table, self._row_adam)
        else:
            table, *moments = (_new_table(file, self._dtype, (m, len(row))) for file in self._table_files())
            table[...] = row
            self._row_adam = RowAdam(table, rate, moments=moments)
        self.posterior = Free(table)

    def _table_files(self):
        if self.table_file is None:
            return []
        return [f"{as_path(self.table_file, 'table_file')}{end}" for end in ("", ".m", ".v")]

    @contextmanager
    def _tables_replaced(self, files, X):
        # by new files, lest another solver that has mapped the old ones loses the ground under its feet
        check_own_files(self.ranks, "table_file", files)
        data, earlier = file_behind(X), getattr(self, "posterior", None)
        for file in files:
            check_output(file, "table", [] if data is None else [data])
        with stepping_aside(files, lambda: bool(self.history) and self.posterior is not earlier):
            yield

    def _argmax(self, x, index):
        if self.run.settled:
            # as the fit before has left them
            self.run.settled = False
        elif self._full or self._is_categorical:
            # in blocks, so that temporaries stay small whatever m is
            q, nodes = self.posterior.table[index], self._nodes(x.dtype)
            for i in range(0, len(x), ROWS):
                rows = slice(i, i + ROWS)
                q[rows] = best_rows(self._fixed, q[rows], x[rows], nodes, self.tolerance, INNER_STEPS, self._beta)
            self.posterior.table[index] = q
        else:
            for _ in range(self.q_steps):
                q, back_q = self.posterior(x, index)
                _, back = lower_bound(self._fixed, q, x, self._draw_noise(len(x)), self._beta)
                self._row_adam.step(*back_q(back(np.ones(len(x), x.dtype))))
        return self.posterior.table[index]

    def _was_fitted_on(self, X):
        data = getattr(self, "_data", None)
        # in the model's units: the same pixels as bytes and as floats are the same data
        return data is not None and (X is data or len(X) <= len(data) and all(
            np.array_equal(x, known) for x, known in zip(blocks(X), blocks(data[:len(X)]), strict=True)))


def _new_table(path, dtype, shape):
    # the file of a table, mapped into memory; a link stays one
    path = os.path.realpath(path)
    table = np.lib.format.open_memmap(path, "w+", dtype, shape)
    with open(path, "ab") as file:
        file.write(TABLE)
    return table
