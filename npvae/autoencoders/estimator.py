"""What `Autoencoder` and `VAE` have in common: their settings, scikit-learn's conventions, saving and loading.

scikit-learn is not needed: its conventions are that the constructor stores its arguments unchanged, that `get_params`
and `set_params` read and write them, and that what `fit` has learned ends in an underscore.
"""

import math
from dataclasses import dataclass, fields

import numpy as np

from npvae.arrays import real_array
from npvae.autoencoders.conventions import (
    as_output,
    check_image_shape,
    check_names,
    check_output_kind,
    rows_of,
)
from npvae.autoencoders.model_files import check_arrays, checked_image_shape, read_model, write_model
from npvae.autoencoders.settings import checked, count_parameters
from npvae.checks import NotFittedError, shown, truth
from npvae.inference.history import DivergenceError
from npvae.inference.solver import of_a_refit
from npvae.models.arrays import column_names
from npvae.models.data import check_data
from npvae.models.pixels import stored_scale

# what a training state goes with; a run that goes on cannot change them
KEPT = ("latent_dim", "hidden", "activation", "likelihood", "sigma_g", "alpha", "held_out", "seed", "dtype",
        "scale")
LEARNED = ("solver_", "n_features_in_", "feature_names_in_", "exported_", "image_shape_", "fitted_settings_")


@dataclass(eq=False)
class Estimator:
    """Settings and verbs that both autoencoders share; a subclass says what its `_solver` is.

    Every verb but `fit` and `load` raises a ValueError before `fit`, and every verb one for data that do not fit.

    Parameters
    ----------
    latent_dim : int
        K, numbers in a code.
    hidden : sequence of int
        Units of the decoder's hidden layers, from the code to the data; the encoder mirrors them.
    activation : "tanh", "relu", "sigmoid" or "softplus"
        Between the layers of both networks.
    sweeps : int
        Over the data, in all.
    seconds : float, optional
        Stop after so long, too. Only `sweeps` makes a fit repeatable bit by bit.
    batch_size : int
        Rows a step.
    learning_rate : float
        λ of Adam.
    final_learning_rate : float, optional
        λ falls there along half a cosine over `sweeps`; None leaves λ where it is.
    held_out : float
        The fraction of rows kept from training, to stop early; 0 trains on all rows for all sweeps.
    patience : int
        Sweeps without a better score on the held-out rows before the fit stops.
    seed : int
        Of the initial weights, the batches, the noise, the rows held out and, by default, of `sample`.
    dtype : "float32" or "float64"
        Of training; reported numbers are float64.
    progress : bool, optional
        By default a bar on a terminal.
    scale : float, optional
        What integers are divided by before they are learned from, 1 for none. By default uint8 are, by 255, and other
        integers are taken as they are. Floats are never divided.

    Attributes
    ----------
    n_features_in_ : int
        D.
    feature_names_in_ : array (D,) of str
        Only after a table whose columns have names; later ones must have the same in the same order.
    image_shape_ : (height, width), (height, width, colours) or None
        Of images, that were given as such.
    scale_ : float
        What uint8, or with `scale` all integers, are divided by.
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

    def fit(self, X, y=None, resume=False, after_sweep=None, after_step=None):
        """Learn from X (m, D); `y` is not looked at. Returns itself.

        Parameters
        ----------
        X : array (m, D), images (m, h, w) or (m, h, w, c), or table
            Floats, or uint8 images that are scaled by 1/255 batch by batch; a `numpy.memmap` stays on disk. Images are
            rows from here on; a table's columns keep their names.
        y : ignored
        resume : bool
            Go on from where the last fit, or the loaded file, stopped, until `sweeps` sweeps in all: on the same
            data bit by bit as if it had never stopped, if it stopped between two sweeps or by `after_step` (a time
            budget or Ctrl-C ends it within one) and λ's schedule is the same.
        after_sweep : callable (this model), optional
            Called after each sweep, e.g. to save.
        after_step : callable () -> bool, optional
            Asked after each step; True ends the fit there.

        Raises
        ------
        ValueError
            For settings or data that do not fit, or settings that a run that goes on cannot change; an earlier fit
            stays, as it does for the next.
        DivergenceError
            If the ELBO or the squared error becomes infinite or NaN, that of the last batch after the last step
            included.
        KeyboardInterrupt
            At Ctrl-C; the model holds what it has learned, and can be used.
        """
        return self._go(X, None, resume, after_sweep, after_step)

    def _go(self, X, sweeps, resume, after_sweep=None, after_step=None):
        settings = checked(self)
        if after_sweep is not None and not callable(after_sweep):
            raise ValueError(f"after_sweep is {shown(after_sweep)}, expected a function of the model")
        if after_step is not None and not callable(after_step):
            raise ValueError(f"after_step is {shown(after_step)}, expected a function without arguments")
        resume = truth("resume", resume)
        before = {name: self.__dict__[name] for name in LEARNED if name in self.__dict__}
        resume, names = resume and "solver_" in before, column_names(X)
        if resume:
            self._check_resumable(settings)
            check_names(self, X)
        X, image_shape = rows_of(X)
        if X.ndim != 2 or X.size == 0:
            check_data(X)
        solver = settings._solver(X.shape[1], after_sweep and (lambda record: after_sweep(self)))
        solver.sweeps, solver.after_step = sweeps or settings.sweeps, after_step
        if resume:
            self._check_width(X)
            check_image_shape(image_shape, self.image_shape_)
            solver.restore(before["solver_"].run.arrays())
            solver.integer_scale = before["solver_"].integer_scale
        self._hold(solver, X.shape[1], settings, image_shape=image_shape, names=names)
        try:
            solver.fit(X, resume)
        except BaseException as problem:
            if self._put_back(before, solver, problem) and isinstance(problem, DivergenceError):
                raise of_a_refit(problem) from None
            raise
        finally:
            solver.after_sweep = solver.after_step = None
        return self

    def _put_back(self, before, solver, problem):
        # whether what was there before is back: not if a first fit diverged, or one was interrupted that has learned
        interrupted, diverged = not isinstance(problem, Exception), isinstance(problem, DivergenceError)
        if interrupted and solver.history or diverged and "solver_" not in before:
            return False
        for name in LEARNED:
            self.__dict__.pop(name, None)
        self.__dict__.update(before)
        return True

    def _check_resumable(self, settings):
        if self.exported_:
            raise ValueError("this model was exported without its training state: fit it anew, or load a saved one")
        for name, then in self.fitted_settings_.items():
            now = getattr(settings, name)
            if name in KEPT and now != then:
                raise ValueError(f"{name} is {now}, but the run that goes on began with {then}: keep it, or fit anew")

    def partial_fit(self, X, y=None):
        """One more sweep over X (m, D), the first one if there was none. Returns itself.

        If early stopping has ended the fit there is none, with a warning: raise `patience` to go on. It raises what
        `fit` raises.
        """
        done = int(self.history_[-1]["sweep"]) if "solver_" in self.__dict__ and self.history_ else 0
        return self._go(X, done + 1, resume=True)

    def fit_transform(self, X, y=None):
        """`fit(X).transform(X)`."""
        return self.fit(X).transform(X)

    def transform(self, X):
        """The codes of X (B, D): (B, K); μ_φ(x) of a VAE, f_φ(x) of an autoencoder.

        An array, or what `set_output` has asked for.
        """
        codes = self._encoded(self._read(X))
        return as_output(self._output_kind, codes, X, self.get_feature_names_out())

    def set_output(self, *, transform=None):
        """Have `transform` return "default" arrays, or "pandas" or "polars" tables; returns itself.

        A ValueError for another kind, or one that is not installed.
        """
        check_output_kind(transform)
        if transform is not None:
            # where scikit-learn's clone looks for it
            self._sklearn_output_config = {"transform": transform}
        return self

    def reconstruct(self, X):
        """g(f(x)) for X (B, D): (B, D), in the data's units ([0, 1] for uint8 images)."""
        return self.inverse_transform(self._encoded(self._read(X)))

    @property
    def scale_(self):
        """What uint8, or with the setting `scale` all integers, are divided by."""
        return self._fitted.integer_scale.divisor

    @property
    def history_(self):
        """The `History` of the fit: a record a sweep."""
        return self._fitted.history

    def get_params(self, deep=True):
        """The settings by name, as they were given."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def set_params(self, **settings):
        """Change settings by name; returns itself. A ValueError for a name that it does not have."""
        known = [field.name for field in fields(self)]
        for name, value in settings.items():
            if name not in known:
                raise ValueError(f"{type(self).__name__} has no setting {name!r}; it has {', '.join(known)}")
            setattr(self, name, value)
        return self

    def get_feature_names_out(self, input_features=None):
        """Names of the code's columns, as in scikit-learn: vae0, vae1, …"""
        self._fitted        # noqa: B018, that it has been fitted
        known = getattr(self, "feature_names_in_", None)
        if input_features is not None:
            names = list(np.asarray(input_features, object)) if np.ndim(input_features) == 1 else []
            if len(names) != self.n_features_in_ or known is not None and names != list(known):
                raise ValueError("input_features should have length equal to number of features, and be equal to "
                                 f"feature_names_in_: got {len(names)} names, expected {self.n_features_in_}")
        return np.array([f"{type(self).__name__.lower()}{k}" for k in range(self._code_dim)], dtype=object)

    def save(self, path):
        """Write the model and its training state to one .npz file, whole or not at all.

        Parameters
        ----------
        path : str or Path

        Raises
        ------
        OSError
            If it cannot be written; a file that was there is then still whole.
        ValueError
            Before `fit`, for an `image_shape_` that is not that of the rows, or if a file is there that is no model
            file of npvae.
        """
        run = self._fitted.run
        write_model(path, self._header(self.exported_), self._arrays() if self.exported_ else run.arrays())

    def export(self, path, dtype="float16"):
        """Write the parameters alone, in float16 or float32: a smaller file that cannot be trained further.

        Parameters
        ----------
        path : str or Path
        dtype : "float16" or "float32"

        Raises
        ------
        ValueError
            For another dtype, a parameter beyond its range, or if a file is there that is no model file of npvae.
        """
        if not isinstance(dtype, str) or dtype not in ("float16", "float32"):
            raise ValueError(f"dtype is {shown(dtype)}, expected 'float16' or 'float32'")
        with np.errstate(over="ignore"):
            arrays = {name: a.astype(dtype) if name.startswith("parameters/") else a
                      for name, a in self._arrays().items()}
        if not all(np.isfinite(a).all() for a in arrays.values()):
            raise ValueError(f"a parameter is beyond the range of {dtype}: export as 'float32'")
        write_model(path, self._header(True), arrays)

    @classmethod
    def load(cls, path):
        """The model in a file that `save` or `export` has written.

        Raises
        ------
        ValueError
            If the file is missing, damaged, foreign, from a newer version, or does not hold together.
        """
        header, arrays = read_model(path)
        if header.get("kind") != cls.__name__:
            raise ValueError(f"{path}: holds the model {header.get('kind')!r}, expected {cls.__name__!r}: "
                             "npvae.autoencoders.load reads either")
        try:
            model, D = checked(cls(**header["settings"])), header["data_dim"]
            stored = sum(a.size for name, a in arrays.items() if name.startswith("parameters/"))
            if type(D) is not int or D < 1 or stored != count_parameters(model, D):
                raise ValueError(f"its settings do not go with the {stored} parameters in it")
            solver = model._solver(D)
            image_shape = checked_image_shape(header["image_shape"], D)
            check_arrays(path, arrays, solver.restore({}).run.arrays(), header["exported"])
            model._hold(solver.restore(arrays), D, model, header["exported"], image_shape,
                        _stored_names(header.get("feature_names"), D))
            solver.integer_scale = stored_scale(header["scale"])
        except (KeyError, TypeError, ValueError, RecursionError) as problem:
            reason = str(problem).removeprefix(f"{path}: ")
            raise ValueError(f"{path}: does not hold together: {reason}") from problem
        return model

    def _hold(self, solver, data_dim, settings, exported=False, image_shape=None, names=None):
        self.solver_, self.n_features_in_, self.exported_ = solver, data_dim, exported
        shape = image_shape or self.__dict__.get("image_shape_")
        # that of an earlier fit is not that of rows of another width
        self.image_shape_ = shape if shape and math.prod(shape) == data_dim else None
        self.fitted_settings_ = settings.get_params()
        self.__dict__.pop("feature_names_in_", None)
        if names is not None:
            self.feature_names_in_ = names

    def _header(self, exported):
        D = self.n_features_in_
        return {"kind": type(self).__name__, "settings": self.fitted_settings_, "data_dim": D,
                "image_shape": checked_image_shape(self.image_shape_, D), "exported": exported,
                "scale": list(self.solver_.integer_scale),
                "feature_names": list(self.feature_names_in_) if hasattr(self, "feature_names_in_") else None}

    def _arrays(self):
        return {name: a for name, a in self._fitted.run.arrays().items()
                if name.startswith(("parameters/", "constants/"))}

    def _read(self, X):
        # X (B, D) as the model computes with it: columns checked by name, images flat, integers divided
        solver = self._fitted
        check_names(self, X)
        X, image_shape = rows_of(X)
        self._check_width(X)
        check_image_shape(image_shape, self.image_shape_)
        return solver.read(X)

    def _check_width(self, X):
        # in scikit-learn's words, whose checks look for them, and in ours
        if X.ndim == 2 and X.shape[1] != self.n_features_in_:
            raise ValueError(f"X has {X.shape[1]} features, but {type(self).__name__} is expecting "
                             f"{self.n_features_in_} features as input: data has {X.shape[1]} columns, expected "
                             f"{self.n_features_in_}")

    @property
    def _output_kind(self):
        return self.__dict__.get("_sklearn_output_config", {}).get("transform", "default")

    def _codes(self, Z):
        # codes to be decoded, (B, K) float64
        Z = real_array("codes", Z)
        if Z.ndim != 2 or Z.shape[1] != self._code_dim:
            raise ValueError(f"got codes of shape {Z.shape}, expected (rows, {self._code_dim}): K numbers for each row")
        return check_data(Z)

    @property
    def _code_dim(self):
        # K of what was fitted; the setting may have changed since
        return self.fitted_settings_["latent_dim"] if "solver_" in self.__dict__ else self.latent_dim

    @property
    def _fitted(self):
        if "solver_" not in self.__dict__:
            raise NotFittedError(f"this {type(self).__name__} has not learned anything yet: call fit(X) first")
        return self.solver_

    def __sklearn_is_fitted__(self):
        return "solver_" in self.__dict__

    def __sklearn_tags__(self):
        # only scikit-learn asks, so it is there
        from sklearn.utils import Tags, TargetTags, TransformerTags

        return Tags(estimator_type=None, target_tags=TargetTags(required=False), transformer_tags=TransformerTags())


def _stored_names(names, data_dim):
    # the names of columns in a file's header
    if names is None:
        return None
    if not isinstance(names, list) or len(names) != data_dim or not all(isinstance(name, str) for name in names):
        raise ValueError(f"feature_names are {names!r}, expected {data_dim} names of columns")
    return np.array(names, dtype=object)
