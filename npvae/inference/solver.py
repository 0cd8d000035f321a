"""What the three solvers have in common: their settings, their own copy of the model, and how they report."""

from dataclasses import dataclass, field

import numpy as np

from npvae.inference.argmax_q import quadrature
from npvae.inference.data import check_data, take
from npvae.inference.evaluation import evaluate
from npvae.inference.theta_steps import AdamStep, ExactStep, LineSearchStep
from npvae.inference.training import History, Training
from npvae.models import Categorical, LatentVariableModel, MonteCarlo
from npvae.models.affine import is_affine_gaussian
from npvae.nn import lay_out

ONE_DRAW = MonteCarlo(1)    # the lecture's one-sample approximation


@dataclass(eq=False)
class Solver:
    """Settings and bookkeeping of `VariationalEM`, `SharedQ` and `AmortizedVI`.

    A solver works on a copy of the model, laid out in a vector of its own, so that one model with one initial θ can
    be handed to all three. `solver.model` is that copy, trained once `fit` has run; `solver.parameters` the vector.

    Parameters
    ----------
    model : LatentVariableModel
        The initial θ.
    sweeps, seconds : int and float, optional
        The budget, whichever ends first; 100 sweeps without both. Only `sweeps` makes a run repeatable bit by bit.
    batch_size : int, optional
        Rows a batch; m or more is a full sweep.
    learning_rate : float
        λ.
    noise : MonteCarlo, GaussHermite or Cubature, optional
        Nodes of a Gaussian q; one fresh draw a batch by default, quadrature in full sweeps.
    seed : int
        Of the solver's random generator: the batches, the noise, an encoder that was not given.
    dtype : numpy dtype, optional
        float32 in mini-batches; float64 in full sweeps, where the ELBO must not fall even by rounding.
    progress : bool, optional
        By default a bar on a terminal.
    """

    model: LatentVariableModel
    sweeps: int | None = None
    seconds: float | None = None
    batch_size: int | None = None
    learning_rate: float = 3e-3
    noise: object = None
    seed: int = 0
    dtype: type | None = None
    progress: bool | None = None
    history: History = field(default_factory=History, init=False, repr=False)

    def __post_init__(self):
        self.initial_model = self.model

    def elbo(self, X):
        """L(q, x^i, θ) of each row of X (B, D) with the row's q from `infer`, on fresh noise: (B,) nats."""
        X = self._checked(X)
        return evaluate(self.model, self.infer(X), X)

    def _begin(self, X, batch_size, parts=None, full=False, exact=False):
        # θ, and φ if there is one, in one new vector; σ_g started at the data where it was not given
        if exact and not full:
            raise ValueError(f"the exact M-step needs full sweeps: got batch_size {batch_size} for {len(X)} rows, "
                             f"expected {len(X)} or more")
        self._full = full
        self._dtype = self.dtype or (np.float64 if full else np.float32)
        self._rng = np.random.default_rng(self.seed)
        model = self.initial_model.copy().started(take(X, slice(2000), np.float64))
        self.parameters = lay_out({"theta": model, **(parts or {})}, self._dtype)
        self.model = model.on(self.parameters, "theta.")
        self._fixed = self.model.on(self.parameters, "theta.", gradient=False)
        step = ExactStep if exact else LineSearchStep if full else AdamStep
        self._step_theta = step(self.model, self.parameters, self.learning_rate)
        self._training = Training(type(self).__name__, len(X), batch_size, self.sweeps, self.seconds, self._rng,
                                  [self.parameters.value], self.progress, data=X)
        self.history = self._training.history

    def _checked(self, X):
        return check_data(X, self.initial_model.data_dim, self.initial_model.likelihood)

    @property
    def _categorical(self):
        return isinstance(self.initial_model.latent, Categorical)

    def _begin_em(self, X):
        # all rows at once where that is cheap or asked for, else mini-batches of 100
        default = len(X) if self._categorical or self.exact_m_step else 100
        batch_size = default if self.batch_size is None else self.batch_size
        self._begin(X, batch_size, full=self._sweeps_are_full(X, batch_size), exact=self.exact_m_step)

    def _sweeps_are_full(self, X, batch_size):
        # full sweeps need nodes on which the ELBO is right for any θ, else θ learns what the nodes do not see
        if self.noise is not None:
            deterministic = not self.noise.random
        else:
            deterministic = self._categorical or self.model.latent.dim <= 2 or is_affine_gaussian(self.initial_model)
        return batch_size >= len(X) and deterministic

    def _draw(self, batch):
        # fresh noise for a batch: its own draws, or the same nodes every time
        if self._categorical:
            return None
        noise = self.noise or (quadrature(self.model.latent) if self._full else ONE_DRAW)
        return noise(self._rng, batch, self.model.latent.dim, self._dtype)

    def _nodes(self, dtype):
        # deterministic nodes for an argmax that is taken to a tolerance
        noise = quadrature(self.model.latent) if getattr(self.noise, "random", True) else self.noise
        return None if noise is None else noise(None, 1, self.model.latent.dim, dtype)
