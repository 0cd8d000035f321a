"""The autoencoder's loop: find φ, θ such that ‖y − x‖ is small.

    z = f_φ(x),  y = g_θ(z)
    min_{θ, φ} Σ_i ‖g_θ(f_φ(x^i)) − x^i‖²
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from npvae.inference.history import History
from npvae.inference.ranks import gathered, ranks_of
from npvae.inference.resumable import Resumable
from npvae.inference.schedules import at
from npvae.inference.training import fitting
from npvae.models.data import blocks, check_data, moments, take, warn_if_unresolved
from npvae.models.data.arrays import as_array
from npvae.models.data.pixels import Scale, common_scale, learned_scale
from npvae.models.start import drawn_decoder, in_units, standardised
from npvae.nn import lay_out
from npvae.nn.parameters import check_back_writes


@dataclass(eq=False)
class SquaredErrorSolver(Resumable):
    """Minimise Σ_i ‖g_θ(f_φ(x^i)) − x^i‖² over θ and φ, by mini-batches (Rumelhart, Hinton & Williams 1986).

    Parameters
    ----------
    initial_encoder, initial_decoder : networks
        f_φ, x (B, D) -> z (B, K), and g_θ, z (B, K) -> y (B, D).
    sweeps, seconds, batch_size, learning_rate, held_out, patience, seed, dtype, progress, after_sweep, after_step,
    scale
        As in `AmortizedVI`.
    code_size : int, optional
        K; by default what the decoder's first parameter takes.

    Attributes
    ----------
    encoder, decoder : networks
        The trained ones.
    history : History
        Per sweep: sweep, squared_error (mean of ‖y − x‖² over the rows, squared data units), seconds.

    Examples
    --------
    >>> from npvae.nn import mlp
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> solver = SquaredErrorSolver(mlp([3, 8, 2], input_gradient=False), mlp([2, 8, 3]), sweeps=3).fit(X)
    >>> solver.encoder(X)[0].shape, len(solver.history)
    ((200, 2), 3)
    """

    initial_encoder: object
    initial_decoder: object
    sweeps: int | None = None
    seconds: float | None = None
    batch_size: int = 64
    learning_rate: object = 1e-3
    held_out: float = 0.0
    patience: int = 10
    seed: int = 0
    dtype: type = np.float32
    progress: bool | None = None
    after_sweep: object = None
    after_step: object = None
    scale: float | None = None
    optimizer: object = None
    code_size: int | None = None
    comm: object = None
    history: History = field(default_factory=History, init=False, repr=False)

    # what a restored solver goes by; a fit settles its own
    integer_scale = Scale()
    name, measure, _beta = "Autoencoder", "squared_error", 1.0

    def __post_init__(self):
        self.ranks = ranks_of(self.comm)

    def fit(self, X: ArrayLike, resume: bool = False) -> SquaredErrorSolver:
        """Learn θ and φ from X (m, D); returns itself. `resume` and what it raises are as in `AmortizedVI.fit`."""
        with fitting(self, X, resume) as (X, training):
            for index in training.batches():
                x = take(X, index, self.dtype)
                z, back_f = self.encoder(x)                 # (B, K)
                y, back_g = self.decoder(z)                 # (B, D)
                error = y - x
                training.record(np.einsum("bd,bd->b", error, error))
                # ∂/∂y of the batch's mean of ‖y − x‖²/s² = 2 (y − x)/(B s²): at unit scale, like the parameters
                back_f(back_g(error * x.dtype.type(2 / (len(x) * self._scale**2))))
                self.run.optimizer.step()
        return self

    def read(self, X: ArrayLike) -> np.ndarray:
        """X (B, D) as it is computed with, or a ValueError if it does not fit the networks."""
        return self._checked_data(X, self.dtype)

    def _checked_data(self, X, dtype):
        X = self.integer_scale.read(as_array(X))
        return check_data(X, self.initial_decoder(np.zeros((1, self._code_size())))[0].shape[1], dtype=dtype)

    def _data_to_learn_from(self, X, dtype):
        self.integer_scale = common_scale(learned_scale(as_array(X), self.scale), gathered(self.ranks))
        return self._checked_data(X, dtype)

    def _initial_parts(self):
        return {"decoder": self.initial_decoder, "encoder": self.initial_encoder}

    def _parts_at_data(self, X, rows):
        found, decoder = moments(X, rows, gathered(self.ranks)), self.initial_decoder
        warn_if_unresolved(found, self.dtype)
        if drawn_decoder(decoder):
            decoder = in_units(decoder, np.zeros((1, self._code_size())), found.mean, found.scale)
        return {"decoder": decoder, "encoder": standardised(self.initial_encoder, found)}

    def _lay_out_parts(self, parts):
        self._dtype = self.dtype
        self.parameters = lay_out({"theta.decoder": parts["decoder"], "phi": parts["encoder"]}, self._dtype)
        self.decoder = parts["decoder"].on(self.parameters, "theta.decoder.")
        self.encoder = parts["encoder"].on(self.parameters, "phi.")
        y = check_back_writes(self.parameters, "decoder", self.decoder, np.ones((1, self._code_size())))
        check_back_writes(self.parameters, "encoder", self.encoder, y)
        self._new_run(parts, maximize=False)
        self._scale = float(self.run.constants.get("decoder.scale", 1.0))

    def _follow_schedules(self, sweep):
        if callable(self.learning_rate):
            self.run.optimizer.learning_rate = at(self.learning_rate, sweep, "learning_rate")

    def _code_size(self):
        return self.code_size or next(a.shape[0] for a in self.initial_decoder.arrays().values())

    def _score_held_out(self, X, rows):
        # higher is better
        squares = [self._squares(x) for x in blocks(X, self.dtype, rows)]
        return -float(np.concatenate(squares).mean(dtype=np.float64))

    def _objective(self, X, index):
        return self._squares(take(X, index, self.dtype))

    def _squares(self, x):
        # ‖y − x‖² of each row, (B,)
        return ((self.decoder(self.encoder(x)[0])[0] - x) ** 2).sum(1)
