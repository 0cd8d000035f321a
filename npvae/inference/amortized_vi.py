"""Solution 2: the amortized posterior q_φ(z|x), one encoder for all data.

    start from some θ, φ
    Loop
        θ ← θ + λ ∇_θ Σ_i L(x^i; φ, θ)
        φ ← φ + λ ∇_φ Σ_i L(x^i; φ, θ)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from npvae.arrays import OUT_OF_RANGE, finite_rows
from npvae.inference.elbo import bound_terms, sound_bound
from npvae.inference.evaluation import elbos
from npvae.inference.posteriors import Amortized, check_encoder
from npvae.inference.resumable import Resumable
from npvae.inference.schedules import at
from npvae.inference.solver import ONE_DRAW, Solver
from npvae.inference.training import fitting
from npvae.models import MonteCarlo
from npvae.models.data import as_floats, blocks, outputs, take
from npvae.models.noise import noise_of_batches
from npvae.models.seen_pixels import seen_or_zero
from npvae.models.start import standardised
from npvae.nn import chain, lay_out, mlp
from npvae.nn.parameters import check_back_writes


@dataclass(eq=False)
class AmortizedVI(Resumable, Solver):
    """Maximise Σ_i L(x^i; φ, θ) over θ and φ together, by mini-batches (Kingma & Welling 2014; the lecture's loop).

    Parameters
    ----------
    model, sweeps, seconds, learning_rate, noise, seed, dtype, progress, beta, optimizer
        As in `Solver`.
    batch_size : int, optional
        64 by default.
    encoder : network, optional
        Maps x (B, D) to rows (B, R). By default an MLP with the sizes of the decoder's hidden layers in reverse, and
        tanh between them whatever the decoder has.
    make_posterior : callable (encoder, model) -> posterior, optional
        Where q comes from, of the encoder and the model that are trained, e.g. `npvae.SemiAmortized`; by default
        `Amortized(encoder)`.
    held_out : float
        The fraction of rows that no gradient sees. If it is not 0, the fit ends when their ELBO has not risen for
        `patience` sweeps, and the solver holds the parameters of the best sweep.
    patience : int
        Sweeps without a better score on those rows before the fit ends.
    after_sweep : callable (record), optional
        Called with the history's last record after each sweep, e.g. to save.
    after_step : callable () -> bool, optional
        Asked after each step; True ends the fit there, and `fit(X, resume=True)` goes on within the sweep.

    Attributes
    ----------
    model : LatentVariableModel
        The trained one.
    posterior : Amortized, or what `make_posterior` made
        With the trained encoder.
    history : History
        Per sweep: sweep; elbo = reconstruction − kl (nats, means over the rows); seconds; held_out (nats) if rows were
        held out.
    kl : array (B,)
        KL(q_φ(z|x) ‖ p) of the rows of the last gradient, nats.
    run : Run
        What a resumed fit needs: `run.arrays()` and `run.restore(arrays)`.

    Examples
    --------
    >>> from npvae.models import mlp_model
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> solver = AmortizedVI(mlp_model(1, [8], 3), sweeps=3).fit(X)
    >>> solver.infer(X).shape, len(solver.history)
    ((200, 2), 3)
    """

    learning_rate: object = 1e-3
    encoder: object = None
    make_posterior: object = None
    held_out: float = 0.0
    patience: int = 10
    after_sweep: object = None
    after_step: object = None

    def fit(self, X: ArrayLike, resume: bool = False) -> AmortizedVI:
        """Learn θ and φ from X (m, D); returns itself.

        With `resume` it goes on from where the last fit, or a restored one, stopped, until `sweeps` sweeps in all:
        on the same data bit by bit as if it had never stopped, if it stopped between two sweeps or by `after_step`.

        It raises what `VariationalEM.fit` raises, and a ValueError for an encoder that does not fit model and data.
        """
        with fitting(self, X, resume) as (X, training):
            for index in training.batches():
                # ∇_θ and ∇_φ of the batch's mean of L(x^i; φ, θ)
                training.record(self.gradient(take(X, index, self._dtype)), self.kl)
                # θ ← θ + λ ∇_θ,  φ ← φ + λ ∇_φ
                self.run.optimizer.step()
        return self

    def gradient(self, x: ArrayLike) -> np.ndarray:
        """Put ∇_θ and ∇_φ of the mean of L(x^i; φ, θ) over x (B, D) into `parameters.grad`; returns the ELBOs (B,)."""
        if "posterior" not in self.__dict__:
            self.read(x)
        if not isinstance(x, np.ndarray) or x.dtype.kind not in "fc":
            x = as_floats(x)
        q, back_q = self.posterior(x)                       # (B, R)
        noise = self._noise and self._noise(self._rng, len(x))
        reconstruction, self.kl, back = bound_terms(self.model, q, x, noise, self._beta)    # (B,), (B,)
        # ∂L/∂q, which writes ∇_θ on its way, and from there ∇_φ
        back_q(back(np.full(len(x), 1 / len(x), x.dtype)))
        # the ELBO itself, also while the KL that is maximised has another weight
        return reconstruction - self.kl

    def infer(self, X: ArrayLike) -> np.ndarray:
        """The encoder's rows q_φ(z|x) for X (B, D): (B, R), one pass through a network."""
        X = self.read(X)
        with np.errstate(all="ignore"):
            q = outputs(self.posterior, X, self._dtype)
            far = ~np.isfinite(q).all(1)
            if far.any():
                # beyond float32, not beyond float64
                encoder = self._encoder.on(lay_out({"phi": self._encoder}), "phi.", gradient=False)
                wide = self._posterior_of(encoder, self.model.copy(gradient=False))
                q[far] = outputs(wide, take(X, np.flatnonzero(far), np.float64), np.float64)
        return finite_rows("the encoder's output", q, OUT_OF_RANGE)

    def __setstate__(self, state):
        super().__setstate__(state)
        if "posterior" in state:
            self._take_encoder(self._encoder)

    def _take_encoder(self, encoder):
        # with its views in the vector
        self._encoder = encoder.on(self.parameters, "phi.")
        self.posterior = self._posterior_of(self._encoder, self.model)

    def _posterior_of(self, encoder, model):
        return Amortized(encoder) if self.make_posterior is None else self.make_posterior(encoder, model)

    def _initial_parts(self):
        model = self.initial_model.copy()
        return {"decoder": model.decoder, "encoder": self._initial_encoder(), "likelihood": model.likelihood}

    def _parts_at_data(self, X, rows):
        model, found = self._model_at_data(X, self.dtype or np.float32, rows)
        return {"decoder": model.decoder, "encoder": standardised(self._initial_encoder(), found),
                "likelihood": model.likelihood}

    def _lay_out_parts(self, parts):
        # θ and φ side by side in one new vector, so that one Adam moves both
        self._dtype = self.dtype or np.float32
        fixed = self._lay_out_model(parts, phi=parts["encoder"])
        self._take_encoder(parts["encoder"])
        check_back_writes(self.parameters, "encoder", self._encoder, np.ones((1, self.model.data_dim)))
        self._new_run(fixed)
        self._rng = self.run.rng
        self._settle_at_the_door(0)

    def _settle_at_the_door(self, sweep):
        super()._settle_at_the_door(sweep)
        self._beta, rule = at(self.beta, sweep, "beta"), self.noise or ONE_DRAW
        self._noise = None if self._is_categorical else noise_of_batches(rule, self.model.latent.dim, self._dtype)

    def _follow_schedules(self, sweep):
        if callable(self.learning_rate):
            self.run.optimizer.learning_rate = at(self.learning_rate, sweep, "learning_rate")
        if callable(self.beta):
            self._beta = at(self.beta, sweep, "beta")

    def _objective(self, X, index):
        # the ELBO (B,) with the parameters that stand, on noise that changes no other
        x = take(X, index, self._dtype)
        noise = self._noise and self._noise(np.random.default_rng([self.seed, 6]), len(x))
        return sound_bound(self.model, self.posterior(x)[0], x, noise)

    def _score_held_out(self, X, rows):
        # the same few draws after every sweep: sweeps are compared with each other, and this is no reported number
        noise = None if self._is_categorical else self.noise or MonteCarlo(8)
        if getattr(noise, "random", False) and getattr(noise, "samples", 8) < 8:
            noise = MonteCarlo(8)
        q, pieces = self.posterior, blocks(X, np.float64, rows)
        total = sum(elbos(self.model, outputs(q, x, self._dtype), x, noise, seed=self.seed).sum() for x in pieces)
        return float(total / len(rows))

    def _initial_encoder(self):
        model = self.initial_model
        if self.encoder is not None:
            return check_encoder(self.encoder, model)
        layers = getattr(model.decoder, "layers", (model.decoder,))
        units = [layer.W.shape[1] for layer in layers if np.ndim(getattr(layer, "W", None)) == 2]
        sizes = [model.data_dim, *reversed(units[:-1]), model.latent.row_size]
        # not the generator of batches and noise, nor the decoder's if it has the same seed: streams do not overlap
        encoder = mlp(sizes, rng=np.random.default_rng([self.seed, 2]), input_gradient=False)
        missing = getattr(model.likelihood, "takes_missing", False)
        return chain(seen_or_zero, *encoder.layers) if missing else encoder
