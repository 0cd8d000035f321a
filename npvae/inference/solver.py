"""What the three solvers have in common: their settings, their own copy of the model, and how they report."""

from dataclasses import dataclass, field

import numpy as np

from npvae.checks import NotFittedError, shown, truth, whole
from npvae.declared import declares
from npvae.inference.argmax_q import quadrature
from npvae.inference.elbo import elbo
from npvae.inference.evaluation import evaluate, reporting_noise
from npvae.inference.training import History
from npvae.models import LatentVariableModel, MonteCarlo
from npvae.models.arrays import as_array
from npvae.models.data import check_data, moments, warn_if_unresolved
from npvae.models.generative import check_model
from npvae.models.noise import check_rule
from npvae.models.pixels import Scale, learned_scale
from npvae.models.start import started

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
        Rows a batch; m or more takes them all.
    learning_rate : float
        λ.
    noise : MonteCarlo, GaussHermite or Cubature, optional
        Nodes of a Gaussian q; one fresh draw a batch by default, quadrature in full sweeps.
    seed : int
        Of the batches, which are the same for all three solvers, the noise, and an encoder that was not given.
    dtype : numpy dtype, optional
        float32 in mini-batches; float64 in full sweeps, where the ELBO must not fall even by rounding.
    progress : bool, optional
        By default a bar on a terminal.
    scale : float, optional
        What integers are divided by; by default uint8 are, by 255, and others are taken as they are.
    """

    # what a restored solver goes by; a fit settles its own
    integer_scale = Scale()

    model: LatentVariableModel
    sweeps: int | None = None
    seconds: float | None = None
    batch_size: int | None = None
    learning_rate: float = 3e-3
    noise: object = None
    seed: int = 0
    dtype: type | None = None
    progress: bool | None = None
    scale: float | None = None
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

    def __setstate__(self, state):
        # copied or unpickled: the model's views became arrays of their own, let it look into the vector again
        self.__dict__.update(state)
        if "parameters" in state:
            self.model = self.model.on(self.parameters, "theta.")

    def elbo(self, X):
        """L(q, x^i, θ) of each row of X (B, D) with the row's q from `infer`, on fresh noise: (B,) nats."""
        X = self._fitted(X)
        return evaluate(self.model, self.infer(X), X, reporting_noise(self.model, fitted_on=self.noise))

    def read(self, X):
        """X (B, D) as the fitted solver computes with it, or a ValueError if it does not fit the model."""
        return self._fitted(X)

    def _fitted(self, X):
        # X for a solver that has something to say of it
        if not hasattr(self, "posterior"):
            raise NotFittedError(f"this {type(self).__name__} has not been fitted: call fit(X) first")
        return self._checked(X, self._dtype)

    def _learned_from(self, X, dtype):
        # X for a fit that begins: what integers are divided by is settled here
        X = as_array(X)
        self.integer_scale = learned_scale(X, self.scale)
        return self._checked(X, dtype)

    def _checked(self, X, dtype):
        X = self.integer_scale.read(as_array(X))
        return check_data(X, self.initial_model.data_dim, self.initial_model.likelihood, dtype)

    def _starting_model(self, X, rows=None, found=None):
        # a copy of the model that was given, started at the data where its parts were not given
        if self.noise is not None and not self._categorical:
            check_rule(self.noise, self.initial_model.latent.dim)
        found = moments(X, rows) if found is None else found
        warn_if_unresolved(found, self.dtype or getattr(self, "_dtype", np.float32))
        return started(self.initial_model.copy(), X, np.random.default_rng([self.seed, 4]), rows, found)

    @property
    def _categorical(self):
        # no noise is needed: the nodes are all z
        return declares(self.initial_model.latent, "nodes are all z")

    def _again(self, q, x):
        # the ELBO (B,) with the parameters that stand, on noise that changes no other; NaN if σ_g is none
        sigma_g = getattr(self.model.likelihood, "sigma_g", 1.0)
        # a deviation of a million times the greatest number is none of these data
        beyond = getattr(self.model.likelihood, "learn", False) and sigma_g > 1e6 * max(1.0, float(np.abs(x).max()))
        if beyond or not 0 < sigma_g < np.inf:
            return np.array([np.nan])
        return elbo(self.model, q, x, self._draw(len(x), np.random.default_rng([self.seed, 6])))[0]

    def _draw(self, batch, rng=None):
        # fresh noise for a batch: its own draws, or the same nodes every time
        if self._categorical:
            return None
        noise = self.noise or (quadrature(self.model) if self._full else ONE_DRAW)
        return noise(self._rng if rng is None else rng, batch, self.model.latent.dim, self._dtype)
