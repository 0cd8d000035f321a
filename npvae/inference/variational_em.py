"""Variational EM: a separate q_i for every datapoint, the lecture's first algorithm.

    start from some θ, q_1, …, q_m
    Loop
        for i = 1 … m:  q_i ← argmax_q L(q, x^i, θ)
        θ ← θ + λ ∇_θ Σ_i L(q_i, x^i, θ)

The lecture moves θ first; the loop is the same, entered half a turn later.
"""

import numpy as np

from npvae.inference.argmax_q import ROWS, argmax_q, quadrature, starting_rows
from npvae.inference.data import check_data, take
from npvae.inference.elbo import elbo
from npvae.inference.evaluation import evaluate
from npvae.inference.posteriors import Free
from npvae.inference.theta_steps import AdamStep, LineSearchStep
from npvae.inference.training import Training
from npvae.models import Categorical, MonteCarlo
from npvae.nn import RowAdam, lay_out


class VariationalEM:
    """Maximise Σ_i L(q_i, x^i, θ) over θ and q_1 … q_m (Neal & Hinton 1998; the lecture's loop).

    Full sweeps (`batch_size` ≥ m) are the lecture's: deterministic nodes, every argmax to a tolerance, a θ step that
    never lowers the ELBO. Mini-batches of rows move faster: a few steps of row-wise Adam on fresh noise for the rows
    of the batch, then one step of Adam for θ.

    Parameters
    ----------
    model : LatentVariableModel
        The initial θ. The solver works on a copy; the trained one is `solver.model`.
    sweeps, seconds : int and float, optional
        The budget, whichever ends first; 100 sweeps without both. Only `sweeps` makes a run repeatable bit by bit.
    batch_size : int, optional
        Rows a batch. By default all of them for a Categorical latent, where the argmax is exact, and 100 otherwise.
    learning_rate : float
        λ of θ.
    q_steps, q_learning_rate : int, float
        Row-wise Adam steps on a batch's q_i before each step of θ, and their λ (mini-batches only).
    noise : MonteCarlo, GaussHermite or Cubature, optional
        Nodes of a Gaussian q: one fresh draw in mini-batches, quadrature in full sweeps.
    tolerance : float
        Of the argmax, nats.
    seed : int
    dtype : numpy dtype, optional
        float32 in mini-batches; float64 in full sweeps, which must not fall even by rounding.
    progress : bool, optional
        By default a bar on a terminal.

    Attributes
    ----------
    model : the trained LatentVariableModel
    posterior : Free, the table of q_i
    history : History, per sweep: sweep, elbo (nats, mean over the rows), seconds

    Examples
    --------
    >>> from npvae.models import mixture_of_gaussians
    >>> X = np.random.default_rng(0).normal(size=(50, 2))
    >>> em = VariationalEM(mixture_of_gaussians(3, 2), sweeps=5).fit(X)
    >>> bool((np.diff(em.history["elbo"]) >= 0).all())
    True
    """

    def __init__(self, model, sweeps=None, seconds=None, batch_size=None, learning_rate=2e-3, q_steps=5,
                 q_learning_rate=3e-2, noise=None, tolerance=1e-6, seed=0, dtype=None, progress=None):
        self.initial_model, self.model = model, model
        self.sweeps, self.seconds, self.batch_size = sweeps, seconds, batch_size
        self.learning_rate, self.q_steps, self.q_learning_rate = learning_rate, q_steps, q_learning_rate
        self.noise, self.tolerance, self.seed, self.dtype, self.progress = noise, tolerance, seed, dtype, progress

    def fit(self, X):
        """Learn θ and q_1 … q_m from X (m, D); returns itself.

        Raises
        ------
        ValueError
            For data that do not fit the model.
        DivergenceError
            If an ELBO becomes infinite or NaN.
        """
        X = check_data(X, self.initial_model.data_dim, self.initial_model.likelihood)
        training = self._start(X)
        with training:
            for index in training.batches():
                x = take(X, index, self._dtype)
                # for i: q_i ← argmax_q L(q, x^i, θ)
                q = self._argmax(x, index)
                # θ ← θ + λ ∇_θ Σ_i L(q_i, x^i, θ)
                training.record(self._step_theta(q, x, self._draw(len(x))))
        return self

    def infer(self, X):
        """The rows q_i = argmax_q L(q, x^i, θ) for any X (B, D), by the inner loop; (B, R), float64.

        For the data that it was fitted on the loop starts at the table's rows; for new data, at the best of some
        draws from the prior.
        """
        X = check_data(X, self.model.data_dim, self.model.likelihood)
        model, seen = self.model.copy(np.float64), self._was_fitted_on(X)
        rng, rows = np.random.default_rng(self.seed), []
        for start in range(0, len(X), ROWS):
            block = slice(start, start + ROWS)
            x = take(X, block, np.float64)
            q = self.posterior.table[block].astype(np.float64) if seen else starting_rows(model, x, rng)
            rows.append(argmax_q(model, x, q, self._quadrature(np.float64), self.tolerance))
        return np.concatenate(rows)

    def elbo(self, X):
        """L(q_i, x^i, θ) with q_i = argmax_q L for each row of X (B, D), on fresh noise: (B,) nats."""
        return evaluate(self.model, self.infer(X), X)

    def _start(self, X):
        m, categorical = len(X), isinstance(self.initial_model.latent, Categorical)
        self._batch = (m if categorical else 100) if self.batch_size is None else self.batch_size
        self._full = self._batch >= m and not getattr(self.noise, "random", False)
        self._dtype = self.dtype or (np.float64 if self._full else np.float32)
        self._rng = np.random.default_rng(self.seed)
        self.parameters = lay_out({"theta": self.initial_model}, self._dtype)
        self.model = self.initial_model.on(self.parameters, "theta.").started(take(X, slice(10_000), np.float64))
        self._fixed = self.model.on(self.parameters, "theta.", gradient=False)
        self.posterior = Free(np.tile(self.model.latent.prior_row().astype(self._dtype), (m, 1)))
        self._rows = RowAdam(self.posterior.table, self.q_learning_rate)
        step = LineSearchStep if self._full else AdamStep
        self._step_theta = step(self.model, self.parameters, self.learning_rate)
        self._data = X
        training = Training("VariationalEM", m, self._batch, self.sweeps, self.seconds, self._rng,
                            [self.parameters.value, self.posterior.table], self.progress)
        self.history = training.history
        return training

    def _argmax(self, x, index):
        if self._full or isinstance(self.model.latent, Categorical):
            self.posterior.table[index] = argmax_q(self._fixed, x, self.posterior.table[index],
                                                   self._quadrature(x.dtype), self.tolerance)
            return self.posterior.table[index]
        for _ in range(self.q_steps):
            q, back_q = self.posterior(x, index)
            _, back = elbo(self._fixed, q, x, self._draw(len(x)))
            self._rows.step(*back_q(back(np.ones(len(x), x.dtype))))
        return self.posterior.table[index]

    def _draw(self, batch):
        if isinstance(self.model.latent, Categorical):
            return None
        noise = self.noise or (quadrature(self.model.latent) if self._full else MonteCarlo())
        return noise(self._rng, batch, self.model.latent.dim, self._dtype)

    def _quadrature(self, dtype):
        noise = quadrature(self.model.latent) if getattr(self.noise, "random", True) else self.noise
        return None if noise is None else noise(None, 1, self.model.latent.dim, dtype)

    def _was_fitted_on(self, X):
        return X is self._data or (X.shape == self._data.shape and np.array_equal(X, self._data))

    def __repr__(self):
        return f"VariationalEM({self.model.latent} × {self.model.decoder} × {self.model.likelihood})"
