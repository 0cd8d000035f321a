"""What variational EM and the shared q have in common: the two modes of their loop, and how it begins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from npvae.checks import positive, shown, truth, whole
from npvae.inference.elbo import sound_bound
from npvae.inference.own_optimizer import name_in_file
from npvae.inference.quadrature import quadrature
from npvae.inference.ranks import take_up_stream
from npvae.inference.resumable import Resumable
from npvae.inference.run import arrays_under
from npvae.inference.schedules import at
from npvae.inference.solver import ONE_DRAW, Budget, Solver
from npvae.inference.theta_steps import ExactStep, GradientStep, LineSearchStep, check_exact_step
from npvae.models.affine import is_quadratic_in_z
from npvae.models.data import take
from npvae.models.noise import noise_of_batches


@dataclass(eq=False)
class EMSolver(Resumable, Solver):
    """A loop of two steps, q ← argmax_q and θ ← θ + λ ∇_θ, in full sweeps or in mini-batches.

    Parameters
    ----------
    q_steps : int
        Steps of an Adam of its own on a batch's q before each step of θ (mini-batches only).
    q_learning_rate : float, or callable sweep (from 0) -> float
        Their λ.
    tolerance : float
        Of the argmax in full sweeps, nats.
    exact_m_step : bool
        θ ← argmax_θ in place of a gradient step, in full sweeps with an affine decoder: EM proper.

    `optimizer` and `learning_rate` are of θ. In full sweeps λ is where a line search begins, and with a schedule begins
    in each sweep; an `optimizer` takes the place of that search, and then the ELBO may fall. `beta` weighs the KL in
    both steps.
    """

    q_steps: int = 5
    q_learning_rate: object = 3e-2
    tolerance: float = 1e-6
    exact_m_step: bool = False

    def restore(self, arrays: dict) -> EMSolver:
        """Take up a saved run, `run.arrays()`; `fit(X, resume=True)` then goes on with it. Returns itself.

        A ValueError if something is missing or does not fit.
        """
        parameters = arrays_under("parameters", arrays) if isinstance(arrays, dict) else {}
        if not parameters or "q" not in arrays:
            raise ValueError(f"arrays is {shown(arrays)}, expected what run.arrays() of such a solver gives: its "
                             "parameters, its rows q and its training state, by name")
        self._dtype, self._rows = next(iter(parameters.values())).dtype.type, len(arrays["q"])
        self._full = bool(arrays.get("constants/full"))
        return super().restore(arrays)

    def _prepare_fit(self, X, resume):
        going_on = resume and hasattr(self, "run")
        X = (self._checked_data if going_on else self._data_to_learn_from)(X, self.dtype or np.float64)
        batch_size, full = self._settled_batch_size(X, len(X) if self.ranks is None else
                                                    sum(self.ranks.gather(len(X))))
        dtype = self.dtype or (np.float64 if full else np.float32)
        if going_on:
            self._check_resumable(full, dtype, len(X))
            take_up_stream(self.run, self.ranks)
        else:
            self._full, self._dtype, self._rows = full, dtype, len(X)
            model, _ = self._model_at_data(X, dtype)
            self._lay_out_parts({"decoder": model.decoder, "likelihood": model.likelihood})
        self._settle_at_the_door(int(self.history[-1]["sweep"]) if self.history else 0)
        return X, Budget(self.name, batch_size, self.sweeps, self.seconds, self.progress)

    def _check_resumable(self, full, dtype, rows):
        then = {"full sweeps": self._full, "dtype": self._dtype.__name__, "rows": self._rows}
        for (name, was), now in zip(then.items(), (full, dtype.__name__, rows), strict=True):
            if now != was and (name != "rows" or hasattr(self.posterior, "table")):
                raise ValueError(f"{name}: {now}, but the run that goes on began with {was}: keep its "
                                 "data, batch_size, noise and dtype, or fit anew")
        if self.run.q is None:
            raise ValueError("resume with a table_file: its rows are on disk alone, and no run goes on with them")

    def _initial_parts(self):
        model = self.initial_model.copy()
        return {"decoder": model.decoder, "likelihood": model.likelihood}

    def _lay_out_parts(self, parts):
        # θ in a vector of its own, and q beside it
        fixed = self._lay_out_model(parts)
        by_gradient = not self.exact_m_step and (not self._full or self.optimizer is not None)
        self._new_run(fixed, by_gradient=by_gradient)
        self.run.constants["full"] = np.array(self._full)
        self._rng = self.run.rng
        self._step_theta = (ExactStep(self.model) if self.exact_m_step else
                            GradientStep(self.model, self.run.optimizer) if by_gradient else
                            LineSearchStep(self.model, self.parameters, at(self.learning_rate, 0, "learning_rate")))
        self._step_theta.ranks = self.ranks
        self._fixed = self.model.on(self.parameters, "theta.", gradient=False)
        self._start_q(self._rows)

    def _take_along(self, q, row_adam):
        # what a fit that goes on needs of q, and of its own steps
        steps = {} if self._full else {"rows": row_adam}
        if hasattr(self._step_theta, "restore"):
            steps["search"] = self._step_theta
        self.run.take_along(q, **steps)

    def _settle_at_the_door(self, sweep):
        if self.run.optimizer is not None:
            super()._settle_at_the_door(sweep)
        self._row_adam.learning_rate = at(self.q_learning_rate, sweep, "q_learning_rate")
        self._beta = at(self.beta, sweep, "beta")
        rule = self.noise or (quadrature(self.model) if self._full else ONE_DRAW)
        self._noise = None if self._is_categorical else noise_of_batches(rule, self.model.latent.dim, self._dtype)

    def _follow_schedules(self, sweep):
        moved = self.run.optimizer or self._step_theta
        for who, name, schedule in ((moved, "learning_rate", self.learning_rate), (self, "_beta", self.beta),
                                    (self._row_adam, "learning_rate", self.q_learning_rate)):
            if callable(schedule):
                setattr(who, name, at(schedule, sweep, name.strip("_")))

    def _end(self, training, X):
        # full sweeps end as they began, with q the argmax for the θ that stands: where a fit that goes on begins
        if self._full and not training.out_of_time:
            self._follow_schedules(int(self.history[-1]["sweep"]))
            self._argmax(take(X, slice(None), self._dtype), slice(None))
            self.run.settled = True

    def __setstate__(self, state):
        super().__setstate__(state)
        if "run" in state:
            # what holds the model's views looks into the copy's vector, too
            self._step_theta.model = self.model
            self._fixed = self.model.on(self.parameters, "theta.", gradient=False)

    def _settled_batch_size(self, X, m):
        # for m rows in all; and the settings of the two modes, which go by it
        self.exact_m_step = truth("exact_m_step", self.exact_m_step)
        if self.exact_m_step:
            check_exact_step(self.initial_model)
            if self.optimizer is not None:
                raise ValueError(f"got both optimizer {name_in_file(self.optimizer)} and exact_m_step, which needs "
                                 "none: leave one of them out")
        default = m if self._is_categorical or self.exact_m_step else 100
        given = default if self.batch_size is None else self.batch_size
        batch_size = whole(f"{type(self).__name__}: batch_size", given)
        self.tolerance, self.q_steps = positive("tolerance", self.tolerance), whole("q_steps", self.q_steps, least=0)
        full = self._sweeps_are_full(m, batch_size)
        if self.exact_m_step and not full:
            raise ValueError(f"the exact M-step needs full sweeps on deterministic nodes: got batch_size {batch_size} "
                             f"for {m} rows and noise {self.noise}, expected {m} or more, a decoder of one "
                             "affine layer, and noise that is not random")
        return batch_size, full

    def _sweeps_are_full(self, m, batch_size):
        # full sweeps need nodes on which the ELBO is right for any θ, else θ learns what the nodes do not see
        if self._is_categorical:
            deterministic = True
        elif self.noise is not None:
            deterministic = not getattr(self.noise, "random", True)
        else:
            deterministic = self.initial_model.latent.dim <= 2 or is_quadratic_in_z(self.initial_model)
        return batch_size >= m and deterministic

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
