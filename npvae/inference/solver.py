"""What all solvers share: their settings, the budget of a fit, their own copy of the model, and how they report."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike

from npvae.checks import NotFittedError, positive, shown, truth, whole
from npvae.declared import declares
from npvae.inference.evaluation import evaluate
from npvae.inference.history import History
from npvae.inference.own_parts import check_solver_parts
from npvae.inference.quadrature import reporting_noise
from npvae.inference.ranks import gathered, ranks_of
from npvae.models import LatentVariableModel, MonteCarlo
from npvae.models.checks import check_model, check_model_writes
from npvae.models.data import check_data, moments, warn_if_unresolved
from npvae.models.data.arrays import as_array
from npvae.models.data.pixels import Scale, common_scale, learned_scale
from npvae.models.start import started
from npvae.nn import lay_out

ONE_DRAW = MonteCarlo(1)    # the lecture's one-sample approximation


@dataclass
class Budget:
    """How long a fit lasts, whichever of the two ends first; checked once, as the fit begins.

    Parameters
    ----------
    name
        The solver, for messages.
    batch_size
        Rows a batch; as many as there are, or more, give full sweeps, in order.
    sweeps
        In all, with those before a fit that goes on; 100 without `seconds`.
    seconds
        From the first batch on.
    progress
        None shows a bar on a terminal only.
    """

    name: str
    batch_size: int
    sweeps: int | None = None
    seconds: float | None = None
    progress: bool | None = None

    def __post_init__(self):
        self.batch_size = whole(f"{self.name}: batch_size", self.batch_size)
        if self.sweeps is not None or self.seconds is None:
            self.sweeps = whole(f"{self.name}: sweeps", 100 if self.sweeps is None else self.sweeps)
        if self.seconds is not None:
            self.seconds = positive(f"{self.name}: seconds", self.seconds)


@dataclass(eq=False)
class Solver:
    """Settings and bookkeeping of `VariationalEM`, `SharedQ` and `AmortizedVI`.

    A solver works on a copy of the model, laid out in a vector of its own, so that one model with one initial θ can
    be handed to all three. `solver.model` is that copy, trained once `fit` has run; `solver.parameters` the vector.

    Parameters
    ----------
    model
        The initial θ.
    sweeps, seconds
        The budget, whichever ends first; 100 sweeps without both. Only `sweeps` makes a run repeatable bit by bit.
    batch_size
        Rows a batch; m or more takes them all.
    learning_rate : float, or callable sweep (from 0) -> float
        λ, e.g. `schedules.cosine(3e-3, 1e-4, 200)`.
    noise : MonteCarlo, GaussHermite or Cubature, optional
        Nodes of a Gaussian q; one fresh draw a batch by default, quadrature in full sweeps.
    seed
        Of the batches, which are the same for all three solvers, the noise, and an encoder that was not given.
    dtype
        float32 in mini-batches; float64 in full sweeps, where the ELBO must not fall even by rounding.
    progress
        By default a bar on a terminal.
    scale
        What integers are divided by; by default uint8 are, by 255, and others are taken as they are.
    beta : float, or callable sweep (from 0) -> float
        Weight of the KL in what is maximised, e.g. `schedules.warm_up(20)`; what is reported is the ELBO.
    optimizer : callable (value, grad, learning_rate, maximize=True) -> object with step() and learning_rate, optional
        Moves θ, and an encoder's φ, e.g. `npvae.SGD`; Adam by default.
    comm : MPI communicator, optional
        Of the processes that learn this model together, e.g. mpi4py's `MPI.COMM_WORLD`: each calls `fit` with rows of
        its own, of which a batch of `batch_size` rows takes its share, and all hold the same θ.
    """

    # what a restored solver goes by; a fit settles its own
    integer_scale = Scale()
    # what a `Training` asks for, and a solver says more of
    measure, after_sweep, after_step, held_out, patience, _beta = "elbo", None, None, 0.0, 10, 1.0

    model: LatentVariableModel
    sweeps: int | None = None
    seconds: float | None = None
    batch_size: int | None = None
    learning_rate: object = 3e-3
    noise: object = None
    seed: int = 0
    dtype: type | None = None
    progress: bool | None = None
    scale: float | None = None
    beta: object = 1.0
    optimizer: object = None
    comm: object = None
    history: History = field(default_factory=History, init=False, repr=False)

    def __post_init__(self):
        if not any(self.dtype is dtype for dtype in (None, np.float32, np.float64)):
            raise ValueError(f"dtype is {shown(self.dtype)}, expected numpy.float32 or numpy.float64")
        self.seed = whole("seed", self.seed, least=0)
        if self.progress is not None:
            truth("progress", self.progress)
        self.initial_model = check_model(self.model)
        if not (self.noise is None or callable(self.noise)) or isinstance(self.noise, type):
            raise ValueError(f"noise is {shown(self.noise)}, expected MonteCarlo(S), GaussHermite(n), Cubature() or "
                             "None")
        check_solver_parts(self)
        self.ranks = ranks_of(self.comm)

    def __setstate__(self, state):
        # copied or unpickled: the model's views became arrays of their own, let it look into the vector again
        self.__dict__.update(state)
        if "parameters" in state:
            self.model = self.model.on(self.parameters, "theta.")

    def elbo(self, X: ArrayLike) -> np.ndarray:
        """L(q, x^i, θ) of each row of X (B, D) with the row's q from `infer`, on fresh noise: (B,) nats."""
        X = self.read(X)
        return evaluate(self.model, self.infer(X), X, reporting_noise(self.model, fitted_on=self.noise))

    def read(self, X: ArrayLike) -> np.ndarray:
        """X (B, D) as the fitted solver computes with it, or a ValueError if it does not fit the model."""
        if not hasattr(self, "posterior"):
            raise NotFittedError(f"this {type(self).__name__} has not been fitted: call fit(X) first")
        return self._checked_data(X, self._dtype)

    def _data_to_learn_from(self, X, dtype):
        # what integers are divided by is settled here
        self.integer_scale = common_scale(learned_scale(as_array(X), self.scale), gathered(self.ranks))
        return self._checked_data(X, dtype)

    def _checked_data(self, X, dtype):
        X = self.integer_scale.read(as_array(X))
        return check_data(X, self.initial_model.data_dim, self.initial_model.likelihood, dtype)

    def _model_at_data(self, X, dtype, rows=None):
        # a copy of the model that was given, started at the data where its parts were not given
        gather, rng = gathered(self.ranks), np.random.default_rng([self.seed, 4])
        found = moments(X, rows, gather)
        warn_if_unresolved(found, dtype)
        return started(self.initial_model.copy(), X, rng, rows, found, gather), found

    @property
    def _is_categorical(self):
        # no noise is needed: the nodes are all z
        return declares(self.initial_model.latent, "nodes are all z")

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return type(self).__name__

    def _lay_out_model(self, parts, **beside):
        # the model with these parts, θ and what stands beside it in one new vector; the parts whose constants are saved
        model, given = self.initial_model.copy(), self.initial_model.likelihood
        model = replace(model, decoder=parts["decoder"], likelihood=parts["likelihood"])
        self.parameters = lay_out({"theta": model, **beside}, self._dtype)
        self.model = model.on(self.parameters, "theta.")
        if hasattr(self.model.likelihood, "from_data"):
            # σ_g is learned: whoever is handed this model is not to start it at the data anew
            self.model.likelihood.from_data = False
        check_model_writes(self.model, self.parameters)
        held = getattr(given, "from_data", False) and not given.learn or hasattr(parts["likelihood"], "_started_at")
        return {name: part for name, part in parts.items() if held or name != "likelihood"}
