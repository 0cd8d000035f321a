"""What variational EM and the shared q have in common: the two modes of their loop, and how it begins."""

from dataclasses import dataclass

import numpy as np

from npvae.checks import positive, truth, whole
from npvae.inference.elbo import sound_bound
from npvae.inference.quadrature import quadrature
from npvae.inference.run import Run
from npvae.inference.solver import ONE_DRAW, Budget, Solver
from npvae.inference.theta_steps import AdamStep, ExactStep, LineSearchStep, check_exact_step
from npvae.models.affine import is_quadratic_in_z
from npvae.models.checks import check_model_writes
from npvae.models.data import take
from npvae.models.noise import noise_of_batches
from npvae.nn import lay_out


@dataclass(eq=False)
class EMSolver(Solver):
    """A loop of two steps, q ← argmax_q and θ ← θ + λ ∇_θ, in full sweeps or in mini-batches.

    Parameters
    ----------
    q_steps, q_learning_rate : int, float
        Adam steps on a batch's q before each step of θ, and their λ (mini-batches only).
    tolerance : float
        Of the argmax in full sweeps, nats.
    exact_m_step : bool
        θ ← argmax_θ in place of a gradient step, in full sweeps with an affine decoder: EM proper.
    """

    q_steps: int = 5
    q_learning_rate: float = 3e-2
    tolerance: float = 1e-6
    exact_m_step: bool = False

    def _prepare_fit(self, X, resume):
        X = self._data_to_learn_from(X, self.dtype or np.float64)
        batch_size = self._settled_batch_size(X)
        self._dtype = self.dtype or (np.float64 if self._full else np.float32)
        # θ in a vector of its own
        model, _ = self._model_at_data(X, self._dtype)
        self.parameters = lay_out({"theta": model}, self._dtype)
        self.model = model.on(self.parameters, "theta.")
        self._fixed = self.model.on(self.parameters, "theta.", gradient=False)
        check_model_writes(self.model, self.parameters)
        rule = self.noise or (quadrature(model) if self._full else ONE_DRAW)
        self._noise = None if self._is_categorical else noise_of_batches(rule, model.latent.dim, self._dtype)
        step = ExactStep if self.exact_m_step else LineSearchStep if self._full else AdamStep
        self._step_theta = step(self.model, self.parameters, self.learning_rate)
        self.run = Run(self.parameters, self.seed)
        self._rng, self.history = self.run.rng, self.run.history
        self._start_q(X)
        return X, Budget(self.name, batch_size, self.sweeps, self.seconds, self.progress)

    def _settled_batch_size(self, X):
        # and the settings of the two modes, which go by it
        self.exact_m_step = truth("exact_m_step", self.exact_m_step)
        if self.exact_m_step:
            check_exact_step(self.initial_model)
        default = len(X) if self._is_categorical or self.exact_m_step else 100
        given = default if self.batch_size is None else self.batch_size
        batch_size = whole(f"{type(self).__name__}: batch_size", given)
        self.tolerance, self.q_steps = positive("tolerance", self.tolerance), whole("q_steps", self.q_steps, least=0)
        self._full = self._sweeps_are_full(X, batch_size)
        if self.exact_m_step and not self._full:
            raise ValueError(f"the exact M-step needs full sweeps on deterministic nodes: got batch_size {batch_size} "
                             f"for {len(X)} rows and noise {self.noise}, expected {len(X)} or more, a decoder of one "
                             "affine layer, and noise that is not random")
        return batch_size

    def _sweeps_are_full(self, X, batch_size):
        # full sweeps need nodes on which the ELBO is right for any θ, else θ learns what the nodes do not see
        if self._is_categorical:
            deterministic = True
        elif self.noise is not None:
            deterministic = not getattr(self.noise, "random", True)
        else:
            deterministic = self.model.latent.dim <= 2 or is_quadratic_in_z(self.initial_model)
        return batch_size >= len(X) and deterministic

    def _draw_noise(self, batch, rng=None):
        # fresh noise for a batch: its own draws, or the same nodes every time
        return self._noise and self._noise(self._rng if rng is None else rng, batch)

    def _objective(self, X, index):
        # the ELBO (B,) with the parameters that stand, on noise that changes no other
        x = take(X, index, self._dtype)
        noise = self._draw_noise(len(x), np.random.default_rng([self.seed, 6]))
        return sound_bound(self.model, self.posterior(x, index)[0], x, noise)

    def _nodes(self, dtype):
        # deterministic nodes for an argmax that is taken to a tolerance
        noise = quadrature(self.model) if getattr(self.noise, "random", True) else self.noise
        return None if noise is None else noise(None, 1, self.model.latent.dim, dtype)
