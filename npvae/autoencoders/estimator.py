"""What `Autoencoder` and `VAE` have in common: their settings, and how they learn, encode and decode."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from npvae.arrays import real_array
from npvae.autoencoders.conventions import as_output, check_names, check_shape, rows_of
from npvae.autoencoders.own_parts import same_part
from npvae.autoencoders.saving import Saved
from npvae.autoencoders.scikit_learn import ScikitLearn
from npvae.autoencoders.settings import checked
from npvae.checks import NotFittedError, shown, truth
from npvae.inference.earlier_fit import of_a_refit
from npvae.inference.history import DivergenceError, History
from npvae.inference.ranks import ranks_of, together
from npvae.models.data import check_data
from npvae.models.data.arrays import column_names

# what a training state goes with; a run that goes on cannot change them
KEPT = ("latent_dim", "hidden", "activation", "likelihood", "sigma_g", "alpha", "held_out", "seed", "dtype", "scale",
        "optimizer", "decoder", "encoder", "latent", "make_posterior")
LEARNED = ("solver_", "n_features_in_", "feature_names_in_", "exported_", "image_shape_", "fitted_settings_",
           "data_source_")


@dataclass(eq=False)
class Estimator(ScikitLearn, Saved):
    """Settings and verbs that both autoencoders share; a subclass says what its `_new_solver` is.

    Every verb but `fit` and `load` raises a ValueError before `fit`, and every verb one for data that do not fit.

    Parameters
    ----------
    latent_dim
        K, numbers in a code; with a decoder or a latent family of yours, theirs.
    hidden : sequence of int
        Units of the decoder's hidden layers, from the code to the data; the encoder mirrors them.
    activation : "tanh", "relu", "leaky_relu", "gelu", "sigmoid" or "softplus"
        Between the layers of both networks.
    sweeps
        Over the data, in all.
    seconds
        Stop after so long, too. Only `sweeps` makes a fit repeatable bit by bit.
    batch_size
        Rows a step.
    learning_rate : float, or callable sweep (from 0) -> float
        λ.
    final_learning_rate
        λ falls there along half a cosine over `sweeps`; None, or a callable `learning_rate`, leaves it as it is.
    held_out
        The fraction of rows kept from training, to stop early; 0 trains on all rows for all sweeps.
    patience
        Sweeps without a better score on the held-out rows before the fit stops.
    seed
        Of the initial weights, the batches, the noise, the rows held out and, by default, of `sample`.
    dtype : "float32" or "float64"
        Of training; reported numbers are float64.
    progress
        By default a bar on a terminal.
    scale
        What integers are divided by, 1 for none; by default uint8 are, by 255. Floats never are.
    optimizer : callable (value, grad, learning_rate, maximize=True) -> object with step() and learning_rate
        Adam by default.
    decoder, encoder : networks, optional
        Yours, codes (B, K) -> (B, D) and data (B, D) -> (B, K), or rows of q, in the place of those that `hidden` and
        `activation` describe.
    comm : MPI communicator, optional
        Of the processes that learn together, as in `AmortizedVI`; it stays out of the file, which rank 0 writes.

    Attributes
    ----------
    n_features_in_ : int
        D.
    feature_names_in_ : array (D,) of str
        Only after a table whose columns have names.
    image_shape_ : (height, width), (height, width, colours) or None
    data_source_ : dict or None
        What `npvae train` was told of the data: data (a name or a path), label and leave_out.
    """

    latent_dim: int = 10
    hidden: tuple = (128,)
    activation: str = "tanh"
    sweeps: int = 200
    seconds: float | None = None
    batch_size: int = 64
    learning_rate: float = 3e-3
    final_learning_rate: float | None = 1e-4
    held_out: float = 0.0
    patience: int = 10
    seed: int = 0
    dtype: str = "float32"
    progress: bool | None = None
    scale: float | None = None
    optimizer: object = None
    decoder: object = None
    encoder: object = None
    comm: object = None

    def fit(self, X: ArrayLike, y=None, resume: bool = False, after_sweep: Callable | None = None,
            after_step: Callable | None = None) -> Estimator:
        """Learn from X (m, D); `y` is not looked at. Returns itself.

        Parameters
        ----------
        X : array (m, D), images (m, h, w) or (m, h, w, c), or table
            Floats, or uint8 images that are scaled by 1/255 batch by batch; a `numpy.memmap` stays on disk.
        resume
            Go on from where the last fit, or the loaded file, stopped, until `sweeps` sweeps in all: bit by bit as one
            fit, for the same data and schedule of λ, if it stopped between two sweeps or by `after_step`.
        after_sweep : callable (this model)
            Called after each sweep, e.g. to save.
        after_step : callable () -> bool
            Asked after each step; True ends the fit there.

        Raises
        ------
        ValueError
            For settings or data that do not fit, or settings that a run that goes on cannot change.
        DivergenceError
            If the ELBO or the squared error becomes infinite or NaN. An earlier fit stays, as after a ValueError.
        KeyboardInterrupt
            At Ctrl-C; the model holds what it has learned, and can be used.
        """
        if after_sweep is not None and not callable(after_sweep):
            raise ValueError(f"after_sweep is {shown(after_sweep)}, expected a function of the model")
        with together(ranks_of(self.comm)):
            return self._fit(X, None, truth("resume", resume), after_sweep, after_step)

    def partial_fit(self, X: ArrayLike, y=None) -> Estimator:
        """One more sweep over X (m, D), the first one if there was none. Returns itself.

        If early stopping has ended the fit there is none, with a warning: raise `patience` to go on. It raises what
        `fit` raises.
        """
        done = int(self.history_[-1]["sweep"]) if "solver_" in self.__dict__ and self.history_ else 0
        with together(ranks_of(self.comm)):
            return self._fit(X, done + 1, resume=True)

    def _fit(self, X, sweeps, resume, after_sweep=None, after_step=None):
        settings, names = checked(self), column_names(X)
        before = {name: self.__dict__[name] for name in LEARNED if name in self.__dict__}
        resume = resume and "solver_" in before
        if resume:
            self._check_resumable(settings)
            check_names(self, X)
        X, image_shape = rows_of(X)
        if X.ndim != 2 or X.size == 0:
            check_data(X)
        solver = settings._new_solver(X.shape[1])
        solver.sweeps, solver.after_step = sweeps or settings.sweeps, after_step
        solver.after_sweep = after_sweep and (lambda record: after_sweep(self))
        if resume:
            check_shape(self, X, image_shape)
            solver.restore(before["solver_"].run.arrays())
            solver.integer_scale = before["solver_"].integer_scale
        self._take_over(solver, X.shape[1], settings, image_shape, names)
        try:
            solver.fit(X, resume)
        except BaseException as problem:
            self._keep_or_put_back(before, problem)
            raise
        finally:
            solver.after_sweep = solver.after_step = None
        return self

    def _check_resumable(self, settings):
        if self.exported_:
            raise ValueError("this model was exported without its training state: fit it anew, or load a saved one")
        for name, then in self.fitted_settings_.items():
            now = getattr(settings, name)
            if name in KEPT and not same_part(now, then):
                raise ValueError(f"{name} is {now}, but the run that goes on began with {then}: keep it, or fit anew")

    def _take_over(self, solver, data_dim, settings, image_shape=None, names=None):
        # what the solver learns is what this model has learned, with these settings
        self.solver_, self.n_features_in_, self.exported_ = solver, data_dim, False
        shape = image_shape or self.__dict__.get("image_shape_")
        # that of an earlier fit is not that of rows of another width
        self.image_shape_ = shape if shape and math.prod(shape) == data_dim else None
        self.fitted_settings_, self.data_source_ = settings.get_params(), None
        self.__dict__.pop("feature_names_in_", None)
        if names is not None:
            self.feature_names_in_ = names

    def _keep_or_put_back(self, before, problem):
        # kept if a first fit diverged, or one was interrupted that has learned
        diverged = isinstance(problem, DivergenceError)
        if self.history_ if not isinstance(problem, Exception) else diverged and "solver_" not in before:
            return
        for name in LEARNED:
            self.__dict__.pop(name, None)
        self.__dict__.update(before)
        if diverged:
            raise of_a_refit(problem) from None

    def transform(self, X: ArrayLike):
        """The codes of X (B, D): (B, K); μ_φ(x) of a VAE, f_φ(x) of an autoencoder.

        An array, or what `set_output` has asked for.
        """
        codes, output = self._encode(self._read(X)), self.__dict__.get("_sklearn_output_config", {})
        return as_output(output.get("transform", "default"), codes, X, self.get_feature_names_out())

    def reconstruct(self, X: ArrayLike) -> np.ndarray:
        """g(f(x)) for X (B, D): (B, D), in the data's units ([0, 1] for uint8 images)."""
        return self.inverse_transform(self._encode(self._read(X)))

    @property
    def scale_(self) -> float:
        """What uint8, or with the setting `scale` all integers, are divided by."""
        return self._fitted.integer_scale.divisor

    @property
    def history_(self) -> History:
        """The `History` of the fit: a record a sweep."""
        return self._fitted.history

    @property
    def _fitted(self):
        if "solver_" not in self.__dict__:
            raise NotFittedError(f"this {type(self).__name__} has not learned anything yet: call fit(X) first")
        return self.solver_

    @property
    def _code_dim(self):
        # K of what was fitted; the setting may have changed since
        return self.fitted_settings_["latent_dim"] if "solver_" in self.__dict__ else self.latent_dim

    def _read(self, X):
        # X (B, D) as the model computes with it: columns checked by name, images flat, integers divided
        solver = self._fitted
        check_names(self, X)
        X, image_shape = rows_of(X)
        check_shape(self, X, image_shape)
        return solver.read(X)

    def _read_codes(self, Z):
        # codes to be decoded, (B, K) float64
        Z = real_array("codes", Z)
        if Z.ndim != 2 or Z.shape[1] != self._code_dim:
            raise ValueError(f"got codes of shape {Z.shape}, expected (rows, {self._code_dim}): K numbers for each row")
        return check_data(Z)
