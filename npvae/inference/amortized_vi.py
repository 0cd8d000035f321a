"""Solution 2: the amortized posterior q_φ(z|x), one encoder for all data.

    start from some θ, φ
    Loop
        θ ← θ + λ ∇_θ Σ_i L(x^i; φ, θ)
        φ ← φ + λ ∇_φ Σ_i L(x^i; φ, θ)
"""

from dataclasses import dataclass

import numpy as np

from npvae.inference.data import take
from npvae.inference.elbo import elbo
from npvae.inference.posteriors import Amortized
from npvae.inference.solver import Solver
from npvae.nn import Adam, mlp


@dataclass(eq=False)
class AmortizedVI(Solver):
    """Maximise Σ_i L(x^i; φ, θ) over θ and φ together, by mini-batches (Kingma & Welling 2014; the lecture's loop).

    Parameters
    ----------
    model, sweeps, seconds, learning_rate, noise, seed, dtype, progress
        As in `Solver`.
    batch_size : int, optional
        64 by default.
    encoder : network, optional
        Maps x (B, D) to rows (B, R). By default an MLP with the decoder's hidden layers in reverse.

    Attributes
    ----------
    model : LatentVariableModel
        The trained one.
    posterior : Amortized
        With the trained encoder.
    history : History
        Per sweep: sweep, elbo (nats, mean over the rows), seconds.

    Examples
    --------
    >>> from npvae.models import mlp_model
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> solver = AmortizedVI(mlp_model(1, [8], 3), sweeps=3).fit(X)
    >>> solver.infer(X).shape, len(solver.history)
    ((200, 2), 3)
    """

    learning_rate: float = 1e-3
    encoder: object = None

    def fit(self, X):
        """Learn θ and φ from X (m, D); returns itself.

        Raises
        ------
        ValueError
            For data that do not fit the model, or an encoder that does not fit model and data.
        DivergenceError
            If an ELBO becomes infinite or NaN.
        """
        X = self._start(X)
        parameters = self.parameters
        with self._training as training:
            for index in training.batches():
                x = take(X, index, self._dtype)
                q, back_q = self.posterior(x)
                value, back = elbo(self.model, q, x, self._draw(len(x)))
                # ∇_θ and ∇_φ of the batch's mean of L(x^i; φ, θ)
                parameters.grad.fill(0)
                back_q(back(np.full(len(x), 1 / len(x), x.dtype)))
                training.record(value)
                # θ ← θ + λ ∇_θ,  φ ← φ + λ ∇_φ
                self._optimizer.step()
        return self

    def infer(self, X):
        """The encoder's rows q_φ(z|x) for X (B, D): (B, R), one pass through a network."""
        X, encoder = self._checked(X), self.posterior.encoder
        blocks = (take(X, slice(i, i + 4096), self._dtype) for i in range(0, len(X), 4096))
        return np.concatenate([encoder(x)[0] for x in blocks]).astype(np.float64)

    def _start(self, X):
        X = self._checked(X)
        encoder = self._initial_encoder()
        self._begin(X, self.batch_size or 64, {"phi": encoder})
        self.posterior = Amortized(encoder.on(self.parameters, "phi."))
        self._optimizer = Adam(self.parameters.value, self.parameters.grad, self.learning_rate)
        return X

    def _initial_encoder(self):
        model = self.initial_model
        if self.encoder is None:
            hidden = [layer.W.shape[1] for layer in model.decoder.layers[:-1] if hasattr(layer, "W")]
            sizes = [model.data_dim, *reversed(hidden), model.latent.row_size]
            return mlp(sizes, rng=np.random.default_rng(self.seed), input_gradient=False)
        try:
            rows = self.encoder(np.zeros((1, model.data_dim)))[0].shape[1]
        except ValueError as mismatch:
            raise ValueError(f"the encoder {self.encoder} does not take rows of {model.data_dim} numbers") from mismatch
        if rows != model.latent.row_size:
            raise ValueError(f"the encoder returns {rows} numbers a row, expected {model.latent.row_size} for "
                             f"{model.latent}: [mu, log_sigma] for Gaussian, logits for Categorical")
        return self.encoder
