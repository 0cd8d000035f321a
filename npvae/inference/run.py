"""What a fit carries from step to step: with it a fit goes on, saved or not, as if it had never stopped."""

import json
import math
import warnings

import numpy as np

from npvae.checks import real, whole
from npvae.inference.early_stopping import EarlyStopping
from npvae.inference.history import History
from npvae.inference.own_optimizer import state_of, take_up_state
from npvae.nn import Adam, Parameters


class Run:
    """Parameters, moments, random generator, history and early stopping of one fit.

    Parameters
    ----------
    parameters
        All of them, in one vector.
    seed
        Of the generator that draws the noise, and of the rows' order.
    optimizer
        Of the whole vector, Adam or one of the user's; it forgets its state if the fit diverges, so that the fit can
        go on with another learning rate.
    held_out
        The fraction of rows that no gradient sees; 0 trains on all.
    patience
        Sweeps without a better score on them before the fit stops.
    constants
        What the fit has taken from its data and no gradient moves, by name; saved, too.

    Attributes
    ----------
    guarded : list of arrays
        Put back to their last finite values if the fit diverges: the parameters, and the rows q that are taken along.
    settled : bool
        Whether these rows are the argmax for the θ that stands, as after full sweeps.

    Examples
    --------
    >>> def new():
    ...     p = Parameters({"w": np.zeros(2)})
    ...     return Run(p, seed=0, optimizer=Adam(p.value, p.grad, 0.1))
    >>> run, again = new(), new()
    >>> run.parameters.grad[:] = 1
    >>> run.optimizer.step()
    >>> again.restore(run.arrays())
    >>> again.parameters.value
    array([0.1, 0.1])
    """

    def __init__(self, parameters: Parameters, seed: int, optimizer: Adam | None = None, held_out: float = 0.0,
                 patience: int = 10, constants: dict | None = None):
        self.parameters, self.optimizer, self.constants = parameters, optimizer, constants or {}
        # what it forgets to
        self._fresh = {} if hasattr(optimizer, "forget") or optimizer is None else state_of(optimizer)
        self.rank = 0
        self.seed, self.held_out = whole("seed", seed, least=0), real("held_out", held_out, 0, 1)
        self.rng, self.history, self.guarded = np.random.default_rng(self.seed), History(), [parameters.value]
        self.stopping = EarlyStopping(parameters.value, patience) if self.held_out else None
        # of all ranks, where a run of several has been saved
        self.q, self.settled, self.steps, self.generators = None, False, {}, None

    def take_along(self, q: np.ndarray, **steps) -> None:
        """Carry rows q that no vector holds, too, and what moves them or θ by name, each with a state to be saved."""
        self.q, self.steps = q, steps
        self.guarded.append(q)

    def go_on_with(self, held_out: float, patience: int) -> None:
        """Go on with another patience; a ValueError for another `held_out`."""
        if held_out != self.held_out:
            raise ValueError(f"held_out is {held_out}, but the run that goes on began with {self.held_out}: its "
                             "gradients have seen other rows; keep it, or fit anew")
        if self.stopping is not None:
            self.stopping.patience = whole("patience", patience)

    def sweeps_in_all(self, name: str, sweeps: int | None) -> int | None:
        """How many sweeps there are to be in all: no more, with a warning, if early stopping has ended the run."""
        if self.stopping is None:
            return sweeps
        self.stopping.go_on()
        if not self.stopping.exhausted or not self.history:
            return sweeps
        warnings.warn(f"{name} had stopped early, after {self.stopping.patience} sweeps without a better held-out "
                      "score, and does not go on: raise patience, or fit anew", stacklevel=6)
        return int(self.history[-1]["sweep"])

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything by name, for saving: copies of the parameters and moments; generator and history as JSON."""
        parts = {"parameters": self.parameters.arrays(), "constants": self.constants}
        parts[self._part] = {} if self.optimizer is None else state_of(self.optimizer)
        parts |= {f"steps.{name}": state_of(step) for name, step in self.steps.items()}
        parts["stopping"] = {} if self.stopping is None else self.stopping.arrays()
        found = {f"{part}/{name}": a for part, arrays in parts.items() for name, a in arrays.items()}
        found |= {} if self.q is None else {"q": self.q.copy(), "settled": np.array(self.settled)}
        return found | {"generator": np.array(json.dumps(self.generators or self.rng.bit_generator.state)),
                        "history": np.array(json.dumps(list(self.history)))}

    def forget(self) -> None:
        """Let the optimizers begin anew, as if no step had been taken."""
        self.settled = False
        for step in self.steps.values():
            if hasattr(step, "forget"):
                step.forget()
        if hasattr(self.optimizer, "forget"):
            self.optimizer.forget()
        elif self.optimizer is not None:
            take_up_state(self.optimizer, self._fresh)

    def begin_anew(self) -> None:
        """Go on from the parameters that stand, which somebody has put there: no step, and no best sweep, before."""
        self.forget()
        if self.stopping is not None:
            self.stopping = EarlyStopping(self.parameters.value, self.stopping.patience)

    @property
    def _part(self):
        # of saved arrays
        moves = getattr(self.optimizer, "optimizer", self.optimizer)
        return "adam" if isinstance(moves, Adam) or moves is None else "optimizer"

    def snapshot(self) -> dict:
        """What `restore` takes, in memory: `arrays`, and the history as it is."""
        return self.arrays() | {"history": list(self.history)}

    def restore(self, arrays: dict) -> None:
        """Take up what `arrays` gave, in a run that was laid out in the same way; or the parameters alone.

        A ValueError if something is missing or does not fit.
        """
        parameters = arrays_under("parameters", arrays)
        if "generator" in arrays and not parameters:
            raise ValueError("the saved run has no parameters: it would go on from others than its own")
        self._restore_parameters(parameters)
        if "generator" in arrays:
            try:
                self._restore_training(arrays)
            except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as problem:
                raise ValueError(f"the training state does not fit: {problem}") from problem

    def _restore_parameters(self, arrays):
        # all of them or none
        if arrays:
            shapes = {name: self.parameters[name].shape for name in self.parameters.names}
            got = {name: np.shape(a) for name, a in arrays.items()}
            if got != shapes:
                raise ValueError(f"the saved parameters do not fit: got {got}, expected {shapes}")
        for name, a in arrays.items():
            self.parameters[name][...] = a

    def _restore_training(self, arrays):
        history = arrays["history"]
        if not isinstance(history, list):
            history = _checked_history(json.loads(str(history)))
        state = arrays_under(self._part, arrays)
        if self.q is not None:
            self._restore_q(arrays)
        if self._part == "adam" and self.optimizer is not None:
            shapes = [np.shape(state[name]) for name in ("m", "v", "t")]
            if shapes != [self.parameters.value.shape] * 2 + [()]:
                raise ValueError(f"Adam's moments and counter have shapes {shapes}")
        if self.optimizer is not None:
            take_up_state(self.optimizer, state)
        state = json.loads(str(arrays["generator"]))
        self.generators = state if isinstance(state, list) else None
        self.rng.bit_generator.state = state[self.rank % len(state)] if self.generators else state
        self.history[:] = history
        if self.stopping is not None:
            self.stopping.restore({name: arrays[f"stopping/{name}"] for name in ("best", "last", "score")})


    def _restore_q(self, arrays):
        if arrays["q"].shape != self.q.shape:
            raise ValueError(f"q has shape {arrays['q'].shape}, expected {self.q.shape}")
        self.q[...], self.settled = arrays["q"], bool(arrays["settled"])
        for name, step in self.steps.items():
            take_up_state(step, arrays_under(f"steps.{name}", arrays))


def arrays_under(part: str, arrays: dict) -> dict:
    """The arrays of one part of a saved run, e.g. "parameters", "constants" or "adam", by their names in it."""
    return {name.removeprefix(f"{part}/"): a for name, a in arrays.items() if name.startswith(f"{part}/")}


def _checked_history(records):
    numbers = [number for record in records for number in record.values()] if isinstance(records, list) else [None]
    if not all(type(number) in (int, float) and math.isfinite(number) for number in numbers) or not all(
            record["sweep"] > 0 and record["seconds"] >= 0 for record in records):
        raise ValueError("the history is not a list of records with finite numbers")
    return records
