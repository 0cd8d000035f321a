"""The autoencoder: z = f_φ(x), y = g_θ(z), ‖y − x‖ small."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from npvae.autoencoders.estimator import Estimator
from npvae.autoencoders.settings import check_network_fits, learning_rate, networks
from npvae.autoencoders.squared_error import SquaredErrorSolver
from npvae.checks import LARGEST, as_generator, whole
from npvae.models.data import blocks, outputs


@dataclass(eq=False)
class Autoencoder(Estimator):
    """An autoencoder with scikit-learn's verbs: min_{θ, φ} Σ_i ‖g_θ(f_φ(x^i)) − x^i‖².

    With affine f and g it spans the same plane as PCA (Baldi & Hornik 1989); hidden layers bend the plane. It says
    nothing of how the codes z are distributed, so it cannot generate: that is what the VAE adds.

    Parameters
    ----------
    latent_dim, hidden, activation, sweeps, seconds, batch_size, learning_rate, final_learning_rate, held_out,
    patience, seed, dtype, progress, optimizer, decoder, encoder
        As in `Estimator`; `hidden=()` makes both networks affine.

    Attributes
    ----------
    solver_ : SquaredErrorSolver
    history_ : History
        Per sweep: sweep, squared_error (mean of ‖y − x‖², squared data units), seconds.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(200, 5))
    >>> autoencoder = Autoencoder(latent_dim=2, hidden=(8,), sweeps=5).fit(X)
    >>> autoencoder.transform(X).shape, autoencoder.reconstruct(X).shape
    ((200, 2), (200, 5))
    """

    def inverse_transform(self, Z: ArrayLike) -> np.ndarray:
        """y = g_θ(z) for codes Z (B, K): (B, D), in the data's units ([0, 1] for uint8 images)."""
        solver = self._fitted
        return solver.decoder(self._read_codes(Z))[0]

    def sample(self, n: int = 1, rng: np.random.Generator | int | None = None) -> np.ndarray:
        """y = g_θ(z) at z ~ N(0, I), (n, D): it "doesn't work because the distribution of z is unknown ≠ N(0, I)".

        In the data's units ([0, 1] for uint8 images); `rng` is by default the model's seed.
        """
        n, rng = whole("n", n, most=LARGEST), as_generator(self.seed if rng is None else rng)
        return self.inverse_transform(rng.standard_normal((n, self._code_dim)))

    def squared_error(self, X: ArrayLike) -> np.ndarray:
        """‖g_θ(f_φ(x)) − x‖² of each row of X (B, D): (B,), squared data units."""
        X = self._read(X)
        return np.concatenate([((self.inverse_transform(self._encode(x)) - x) ** 2).sum(1) for x in blocks(X)])

    def score(self, X: ArrayLike, y=None) -> float:
        """The mean of −‖g_θ(f_φ(x)) − x‖² over the rows of X (B, D): higher is better, as scikit-learn asks."""
        return -float(self.squared_error(X).mean())

    @property
    def code_size(self) -> int:
        """Numbers that the encoder returns: K."""
        return self.latent_dim

    def _check_own_settings(self):
        """It has none beyond those of both autoencoders."""

    def _encode(self, X):
        # z = f_φ(x)
        return outputs(self.solver_.encoder, X, self.solver_.dtype)

    def _new_solver(self, data_dim):
        encoder, decoder = networks(self, data_dim, self.code_size)
        check_network_fits("encoder", encoder, data_dim, self.latent_dim)
        check_network_fits("decoder", decoder, self.latent_dim, data_dim)
        return SquaredErrorSolver(
            encoder, decoder, code_size=self.latent_dim, sweeps=self.sweeps, seconds=self.seconds,
            batch_size=self.batch_size, learning_rate=learning_rate(self), held_out=self.held_out,
            patience=self.patience, seed=self.seed, dtype=np.dtype(self.dtype).type, progress=self.progress,
            scale=self.scale, optimizer=self.optimizer, comm=self.comm)
