"""One run of gradient steps that can be stopped, saved, and gone on with as if it had never stopped."""

import json
import math
import warnings

import numpy as np

from npvae.checks import real, shown, whole
from npvae.inference.early_stopping import EarlyStopping, hold_out
from npvae.inference.schedules import at
from npvae.inference.training import History, Training, check_budget
from npvae.nn import Adam


class Run:
    """All that a run carries from step to step: parameters, moments, random generator, history, early stopping.

    Parameters
    ----------
    parameters : Parameters
    seed : int
        Of the generator that draws the noise, and of the rows' order.
    learning_rate : float, or callable sweep (from 0) -> float
        λ.
    held_out : float
        The fraction of rows that no gradient sees; 0 trains on all.
    patience : int
        Sweeps without a better score on them before the run stops.
    maximize : bool
        False walks downhill.
    constants : dict of str to array, optional
        What the fit has taken from its data and no gradient moves; saved, too.

    Examples
    --------
    >>> from npvae.nn import Parameters
    >>> parameters = Parameters({"w": np.zeros(2)})
    >>> run = Run(parameters, seed=0, learning_rate=0.1)
    >>> parameters.grad[:] = 1
    >>> run.optimizer.step()
    >>> again = Run(Parameters({"w": np.zeros(2)}), seed=0, learning_rate=0.1)
    >>> again.restore(run.arrays())
    >>> again.parameters.value
    array([0.1, 0.1])
    """

    def __init__(self, parameters, seed, learning_rate, held_out=0.0, patience=10, maximize=True, constants=None):
        self.parameters, self.learning_rate = parameters, learning_rate
        self.held_out, self.seed = real("held_out", held_out, 0, 1), whole("seed", seed, least=0)
        self.optimizer = Adam(parameters.value, parameters.grad, at(learning_rate, 0, "learning_rate"),
                              maximize=maximize)
        self.rng, self.history = np.random.default_rng(self.seed), History()
        self.stopping = EarlyStopping(parameters.value, patience) if self.held_out else None
        self.constants = constants or {}

    def training(self, name, X, batch_size, sweeps, seconds=None, progress=None, measure="elbo", score=None,
                 begin_sweep=None, end_sweep=None, end_step=None, again=None):
        """The `Training` that goes on with this run on the data X (m, D), until `sweeps` sweeps in all.

        Parameters
        ----------
        name, batch_size, sweeps, seconds, progress, measure
            As in `Training`.
        X : array (m, D)
            Rows of a file on disk (`numpy.memmap`) are shuffled block by block.
        score : callable rows (n,) of int -> float, optional
            How good the parameters are on the held-out rows; higher is better.
        begin_sweep : callable (sweep from 0), optional
        end_sweep : callable (record), optional
        end_step, again : callables, optional
            As in `Training`.

        Returns
        -------
        training : Training
            Of no sweeps, with a warning, if early stopping has ended the run.
        """
        batch_size, sweeps, seconds = check_budget(name, batch_size, sweeps, seconds)
        if end_sweep is not None and not callable(end_sweep):
            raise ValueError(f"after_sweep is {shown(end_sweep)}, expected a function of the sweep's record")
        if end_step is not None and not callable(end_step):
            raise ValueError(f"after_step is {shown(end_step)}, expected a function without arguments")
        rows, held = hold_out(len(X), self.held_out, self.seed)
        if self.stopping is not None:
            self.stopping.go_on()
            if self.stopping.exhausted and self.history:
                warnings.warn(f"{name} had stopped early, after {self.stopping.patience} sweeps without a better "
                              "held-out score, and does not go on: raise patience, or fit anew", stacklevel=4)
                sweeps = int(self.history[-1]["sweep"])

        def begin(sweep):
            self.optimizer.learning_rate = at(self.learning_rate, sweep, "learning_rate")
            if begin_sweep is not None:
                begin_sweep(sweep)

        def end(record):
            if self.stopping is not None:
                record["held_out"] = score(held)
            stop = self.stopping is not None and self.stopping(record["held_out"])
            if end_sweep is not None:
                # which may save: not what the last step has spoiled
                training.check_last_step()
                end_sweep(record)
            return stop

        training = Training(name, len(X), batch_size, sweeps, seconds, seed=self.seed, keep=[self.parameters.value],
                            progress=progress, history=self.history, measure=measure, rows=rows, data=X,
                            begin_sweep=begin, end_sweep=end, optimizer=self.optimizer, end_step=end_step, again=again)
        return training

    def change(self, learning_rate, held_out, patience):
        """Go on with another learning rate or patience; a ValueError for another `held_out`."""
        if held_out != self.held_out:
            raise ValueError(f"held_out is {held_out}, but the run that goes on began with {self.held_out}: its "
                             "gradients have seen other rows; keep it, or fit anew")
        self.learning_rate = learning_rate
        if self.stopping is not None:
            self.stopping.patience = whole("patience", patience)

    def finish(self):
        """The run is over for now: the parameters of the best sweep take their place, if rows were held out."""
        if self.stopping is not None:
            self.stopping.finish()

    def arrays(self):
        """Everything by name, for saving: copies of the parameters and moments; generator and history as JSON."""
        stopping = {} if self.stopping is None else self.stopping.arrays()
        return {**_under("parameters", self.parameters.arrays()), **_under("constants", self.constants),
                **_under("adam", self.optimizer.arrays()),
                **_under("stopping", stopping), "generator": np.array(json.dumps(self.rng.bit_generator.state)),
                "history": np.array(json.dumps(list(self.history)))}

    def snapshot(self):
        """What `put_back` takes: all that a run carries, in memory."""
        return self.arrays(), list(self.history)

    def put_back(self, snapshot):
        """Be again what the run was at the `snapshot`."""
        arrays, records = snapshot
        self.restore({**arrays, "history": "[]"})
        self.history[:] = records

    def restore(self, arrays):
        """Take up what `arrays` gave, in a run that was laid out in the same way; or the parameters alone.

        Raises
        ------
        ValueError
            If something is missing or does not fit.
        """
        parameters = {name: a for name, a in arrays.items() if name.startswith("parameters/")}
        if "generator" in arrays and not parameters:
            raise ValueError("the saved run has no parameters: it would go on from others than its own")
        self._restore_parameters(parameters)
        if "generator" not in arrays:
            return
        try:
            history = _checked_history(json.loads(str(arrays["history"])))
            shapes = [np.shape(arrays[f"adam/{name}"]) for name in ("m", "v", "t")]
            if shapes != [self.parameters.value.shape] * 2 + [()]:
                raise ValueError(f"Adam's moments and counter have shapes {shapes}")
            self.rng.bit_generator.state = json.loads(str(arrays["generator"]))
            self.history[:] = history
            self.optimizer.restore({name: arrays[f"adam/{name}"] for name in ("m", "v", "t")})
            if self.stopping is not None:
                self.stopping.restore({name: arrays[f"stopping/{name}"] for name in ("best", "last", "score")})
        except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as problem:
            raise ValueError(f"the training state does not fit: {problem}") from problem

    def _restore_parameters(self, arrays):
        # all of them or none
        if arrays:
            shapes = {f"parameters/{name}": self.parameters[name].shape for name in self.parameters.names}
            got = {name: np.shape(a) for name, a in arrays.items()}
            if got != shapes:
                raise ValueError(f"the saved parameters do not fit: got {got}, expected {shapes}")
        for name, a in arrays.items():
            self.parameters[name.removeprefix("parameters/")][...] = a


def saved_constants(arrays):
    """The constants among the arrays of a saved run, by name."""
    return {name.removeprefix("constants/"): a for name, a in arrays.items() if name.startswith("constants/")}


def _under(folder, arrays):
    return {f"{folder}/{name}": a for name, a in arrays.items()}


def _checked_history(records):
    numbers = [number for record in records for number in record.values()] if isinstance(records, list) else [None]
    if not all(type(number) in (int, float) and math.isfinite(number) for number in numbers) or not all(
            record["sweep"] > 0 and record["seconds"] >= 0 for record in records):
        raise ValueError("the history is not a list of records with finite numbers")
    return records
