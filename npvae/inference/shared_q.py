"""Solution 1: one q(z) for all data. The lecture crosses it out; here one can see why it fails.

    start from some θ, q
    Loop
        q ← argmax_q Σ_i L(q, x^i, θ)
        θ ← θ + λ ∇_θ Σ_i L(q, x^i, θ)

Whatever the decoder, the optimum ignores the latent: `shared_ceiling` is its value in closed form.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from npvae.inference.argmax_shared_q import best_row
from npvae.inference.elbo import lower_bound
from npvae.inference.em_solver import EMSolver
from npvae.inference.posteriors import Shared
from npvae.inference.schedules import at
from npvae.inference.summed_gradient import summed
from npvae.inference.training import fitting
from npvae.models import GaussianLikelihood
from npvae.models.data import check_data, moments, take
from npvae.nn import Adam


def shared_ceiling(X: ArrayLike) -> float:
    """The greatest mean ELBO that a shared q reaches with a Gaussian decoder: −(D/2)(log 2πV + 1), nats.

    With q independent of x the ELBO, averaged over the data, is
    −(D/2) log 2πσ² − DV/(2σ²) − E_q‖x̄ − g(z)‖²/(2σ²) − KL(q ‖ p), where V is the mean squared deviation per
    dimension. The last two terms are at most 0, and vanish at g(z) = x̄, q = p; then σ² = V is best.

    It is infinite if the data X (m, D) have no variance; a ValueError for data that are no matrix of finite numbers,
    or whose squares overflow.

    Examples
    --------
    >>> round(shared_ceiling(np.array([[-1.0], [1.0]])), 4)      # V = 1: −½(log 2π + 1)
    -1.4189
    """
    X = check_data(X, likelihood=GaussianLikelihood(1.0))
    with np.errstate(divide="ignore"):
        # −(D/2)(log 2πV + 1)
        return float(-X.shape[1] / 2 * (np.log(2 * np.pi * moments(X).variance) + 1))


@dataclass(eq=False)
class SharedQ(EMSolver):
    """Maximise Σ_i L(q, x^i, θ) over θ and one q: the honest baseline, the same loop as `VariationalEM`.

    Parameters
    ----------
    model, sweeps, seconds, batch_size, learning_rate, noise, q_steps, q_learning_rate, tolerance,
    exact_m_step, seed, dtype, progress, beta, optimizer
        As in `VariationalEM`, with its two modes, full sweeps and mini-batches; the row has an Adam of its own, whose λ
        is 3e-3 by default, and the tolerance is 1e-8.

    Attributes
    ----------
    model : LatentVariableModel
        The trained one.
    posterior : Shared
        The one row.
    history : History
        Per sweep: sweep, elbo (nats, mean over the rows), seconds.

    Examples
    --------
    >>> from npvae.models import probabilistic_pca
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> solver = SharedQ(probabilistic_pca(1, 3), batch_size=200, sweeps=300).fit(X)
    >>> bool(0 <= shared_ceiling(X) - solver.elbo(X).mean() < 0.01)
    True
    """

    q_learning_rate: object = 3e-3
    tolerance: float = 1e-8

    def fit(self, X: ArrayLike, resume: bool = False) -> SharedQ:
        """Learn θ and q from X (m, D); returns itself. `resume` and what it raises are as in `VariationalEM.fit`."""
        with fitting(self, X, resume) as (X, training):
            for index in training.batches():
                x = take(X, index, self._dtype)
                # q ← argmax_q Σ_i L(q, x^i, θ)
                q = self._argmax(x)
                # θ ← θ + λ ∇_θ Σ_i L(q, x^i, θ)
                training.record(self._step_theta(q, x, self._draw_noise(len(x)), self._beta))
            self._end(training, X)
        return self

    def infer(self, X: ArrayLike) -> np.ndarray:
        """The one row, once for each row of X (B, D): (B, R). It does not look at X; that is the trouble."""
        X = self.read(X)
        return np.tile(self.posterior.row.astype(np.float64), (len(X), 1))

    def _start_q(self, m):
        row = self.model.latent.prior_row().astype(self._dtype)
        self.posterior = Shared(row, np.zeros_like(row))
        adam = Adam(row, self.posterior.drow, at(self.q_learning_rate, 0, "q_learning_rate"))
        self._row_adam = summed(adam, self.posterior.drow, self.ranks)
        self._take_along(row, self._row_adam)

    def _argmax(self, x, index=None):
        if self._full and not self.run.settled:
            self.posterior.row[...] = best_row(self._fixed, self.posterior.row, x, self._nodes(x.dtype),
                                               self.tolerance, self._beta, self.ranks)
        elif not self._full:
            for _ in range(self.q_steps):
                self._ascend(x)
        self.run.settled = False
        return self.posterior(x)[0]

    def _ascend(self, x):
        # one step of Adam on the row, along the gradient of the batch's mean ELBO
        q, back_q = self.posterior(x)
        _, back = lower_bound(self._fixed, q, x, self._draw_noise(len(x)), self._beta)
        back_q(back(np.full(len(x), 1 / len(x), x.dtype)))
        self._row_adam.step()
