"""A fit that can stop, be saved and go on: of the solvers, and of the autoencoder."""

import numpy as np

from npvae.checks import shown
from npvae.inference.early_stopping import hold_out
from npvae.inference.ranks import take_up_stream
from npvae.inference.run import Run, arrays_under
from npvae.inference.schedules import at
from npvae.inference.solver import Budget
from npvae.inference.summed_gradient import summed
from npvae.inference.training import Training
from npvae.inference.training_on_ranks import TrainingOnRanks
from npvae.models.start import constants, with_constants
from npvae.nn import Adam


class Resumable:
    """The door of such a solver, which says what its parts are and where they go.

    `_initial_parts()` are its decoder, encoder and perhaps likelihood by name, as they were given, and
    `_parts_at_data(X, rows)` the same, started at these rows of the data; `_lay_out_parts(parts)` puts them into one
    new vector.
    """

    # the communicator, if several processes learn together, and what they say to each other
    comm = ranks = None

    def restore(self, arrays: dict) -> "Resumable":
        """Take up a saved run, as `Run.restore` does; `fit(X, resume=True)` then goes on with it. Returns itself.

        Raises
        ------
        ValueError
            If something is missing or does not fit.
        """
        if not isinstance(arrays, dict):
            raise ValueError(f"arrays is {shown(arrays)}, expected a dict of arrays by name, as run.arrays() gives")
        self._lay_out_parts(with_constants(self._initial_parts(), arrays_under("constants", arrays)))
        self.run.restore(arrays)
        return self

    def _prepare_fit(self, X, resume):
        for name, what in (("after_sweep", "of the sweep's record"), ("after_step", "without arguments")):
            if getattr(self, name) is not None and not callable(getattr(self, name)):
                raise ValueError(f"{name} is {shown(getattr(self, name))}, expected a function {what}")
        dtype = self.dtype or np.float32
        if resume and hasattr(self, "run"):
            X = self._checked_data(X, dtype)
            if dtype is not self._dtype:
                raise ValueError(f"dtype is {dtype.__name__}, but the run that goes on began in "
                                 f"{self._dtype.__name__}: keep it, or fit anew")
            self.run.go_on_with(self.held_out, self.patience)
            take_up_stream(self.run, self.ranks)
            self._settle_at_the_door(int(self.history[-1]["sweep"]) if self.history else 0)
        else:
            X = self._data_to_learn_from(X, dtype)
            self._lay_out_parts(self._parts_at_data(X, hold_out(len(X), self.held_out, self.seed)[0]))
        batch_size = 64 if self.batch_size is None else self.batch_size
        return X, Budget(self.name, batch_size, self.sweeps, self.seconds, self.progress)

    def _new_training(self, X, budget):
        return Training(self, X, budget) if self.ranks is None else TrainingOnRanks(self, X, budget)

    def _settle_at_the_door(self, sweep):
        # what a fit that goes on may change, checked here; what is a function changes with the sweeps
        self.run.optimizer.learning_rate = at(self.learning_rate, sweep, "learning_rate")

    def _new_run(self, fixed, maximize=True, by_gradient=True):
        # one for the whole vector
        optimizer = (self.optimizer or Adam)(self.parameters.value, self.parameters.grad,
                                             at(self.learning_rate, 0, "learning_rate"), maximize=maximize
                                             ) if by_gradient else None
        optimizer = optimizer and summed(optimizer, self.parameters.grad, self.ranks)
        self.run = Run(self.parameters, self.seed, optimizer, self.held_out, self.patience, constants(fixed))
        self.history = self.run.history
        if self.ranks is not None:
            self.run.rank, self.run.rng = self.ranks.rank, self.ranks.stream(self.seed)
