"""Saving, exporting and loading: what of an autoencoder goes into its file, and what is believed when it is read."""

from pathlib import Path

import numpy as np

from npvae.arrays import finite_array, real_array
from npvae.autoencoders.model_files import check_arrays, checked_image_shape, read_model, write_model
from npvae.autoencoders.own_parts import named_parts, with_own_parts
from npvae.autoencoders.settings import checked, count_parameters
from npvae.checks import shown
from npvae.models.data.pixels import stored_scale


class Saved:
    """Five verbs that both autoencoders share."""

    def save(self, path: str | Path) -> None:
        """Write the model and its training state to one .npz file, whole or not at all; of several ranks, by the first.

        Raises
        ------
        OSError
            If it cannot be written; a file that was there is then still whole.
        ValueError
            Before `fit`, for an `image_shape_` that is not that of the rows, or if a file is there that is no model
            file of npvae.
        """
        arrays = self._fitted.run.arrays()
        self._write(path, self.exported_, _untrained(arrays) if self.exported_ else arrays)

    def export(self, path: str | Path, dtype: str = "float16") -> None:
        """Write the parameters alone, in float16 or float32: a smaller file that cannot be trained further.

        Raises
        ------
        ValueError
            For another dtype, a parameter beyond its range, or if a file is there that is no model file of npvae.
        """
        if not isinstance(dtype, str) or dtype not in ("float16", "float32"):
            raise ValueError(f"dtype is {shown(dtype)}, expected 'float16' or 'float32'")
        with np.errstate(over="ignore"):
            arrays = {name: a.astype(dtype) if name.startswith("parameters/") else a
                      for name, a in _untrained(self._fitted.run.arrays()).items()}
        if not all(np.isfinite(a).all() for a in arrays.values()):
            raise ValueError(f"a parameter is beyond the range of {dtype}: export as 'float32'")
        self._write(path, True, arrays)

    def arrays(self) -> dict[str, np.ndarray]:
        """Copies of the parameters, and of where and how wide the data were, by their names in the model's file.

        "parameters/theta.decoder.0.W" (n_in, n_out) is the weight of the decoder's first layer, "parameters/phi.0.b"
        the encoder's first bias; "constants/decoder.center" and ".scale" are c and s of g(z) = c + s h(z), those of
        the encoder of f((x − c)/s).
        """
        return _untrained(self._fitted.run.arrays())

    def load_arrays(self, arrays: dict) -> "Saved":
        """Take parameters, or some of them, from outside, by the names that `arrays` gives; returns itself.

        The steps of a fit that goes on begin anew from there. A ValueError, and nothing is taken, for a name that there
        is not, another shape, numbers that are not finite, or other constants.
        """
        run = self._fitted.run
        known = _untrained(run.arrays())
        for name, a in arrays.items() if isinstance(arrays, dict) else [(shown(arrays), arrays)]:
            if name not in known:
                raise ValueError(f"no array is called {name}; there are {', '.join(known)}")
            real_array(name, a)
            with np.errstate(over="ignore"):
                finite_array(name, np.asarray(a).astype(known[name].dtype), known[name].shape)
            if name.startswith("constants/") and not np.allclose(a, known[name], rtol=1e-5, atol=0):
                raise ValueError(f"{name} is another than the model's, which no gradient moves: leave it out")
        for name, a in arrays.items():
            if name.startswith("parameters/"):
                run.parameters[name.removeprefix("parameters/")][...] = a
        run.begin_anew()
        return self

    @classmethod
    def load(cls, path: str | Path, **own) -> "Saved":
        """The model in a file that `save` or `export` has written.

        A part of the user's is only named in the file, with its settings and parameters, and handed over here, e.g.
        `load(path, likelihood=Poisson(), decoder=network, optimizer=Nesterov, beta=schedule)`.

        Raises
        ------
        ValueError
            If the file is missing, damaged, foreign, from a newer version, or does not hold together.
        """
        header, arrays = read_model(path)
        if header.get("kind") != cls.__name__:
            raise ValueError(f"{path}: holds the model {header.get('kind')!r}, expected {cls.__name__!r}: "
                             "npvae.autoencoders.load reads either")
        settings = with_own_parts(path, header.get("settings"), own)
        try:
            model, D = checked(cls(**settings)), header["data_dim"]
            stored = sum(a.size for name, a in arrays.items() if name.startswith("parameters/"))
            if type(D) is not int or D < 1 or stored != count_parameters(model, D):
                raise ValueError(f"its settings do not go with the {stored} parameters in it")
            solver, image_shape = model._new_solver(D), checked_image_shape(header["image_shape"], D)
            check_arrays(path, arrays, solver.restore({}).run.arrays(), header["exported"])
            model._take_over(solver.restore(arrays), D, model, image_shape, _names(header.get("feature_names"), D))
            model.data_source_ = _source(header.get("data_source"))
            model.exported_, solver.integer_scale = header["exported"], stored_scale(header["scale"])
        except (KeyError, TypeError, ValueError, RecursionError) as problem:
            reason = str(problem).removeprefix(f"{path}: ")
            raise ValueError(f"{path}: does not hold together: {reason}") from problem
        return model

    def _write(self, path, exported, arrays):
        # of several ranks, which hold the same, the first writes
        if self.comm is None or self.comm.rank == 0:
            write_model(path, self._header(exported), arrays)

    def _header(self, exported):
        D, settings = self.n_features_in_, {**self.fitted_settings_}
        settings.pop("comm", None)
        return {"kind": type(self).__name__, "settings": named_parts(settings), "data_dim": D,
                "image_shape": checked_image_shape(self.image_shape_, D), "exported": exported,
                "scale": list(self.solver_.integer_scale), "data_source": self.data_source_,
                "feature_names": list(self.feature_names_in_) if hasattr(self, "feature_names_in_") else None}


def _untrained(arrays):
    # what the networks are, without what their training needs to go on
    return {name: a for name, a in arrays.items() if name.startswith(("parameters/", "constants/"))}


def _names(names, data_dim):
    # of columns, in a file's header
    if names is None:
        return None
    if not isinstance(names, list) or len(names) != data_dim or not all(isinstance(name, str) for name in names):
        raise ValueError(f"feature_names are {names!r}, expected {data_dim} names of columns")
    return np.array(names, dtype=object)


def _source(source):
    # of the data, in a file's header; files of older versions say nothing
    if source is None:
        return None
    fits = isinstance(source, dict) and set(source) - {"light"} == {"data", "label", "leave_out"} and isinstance(
        source["leave_out"], list) and isinstance(source.get("light", True), bool)
    if not fits or not all(isinstance(text, str) for text in (source["data"], source["label"] or "",
                                                              *source["leave_out"])):
        raise ValueError(f"data_source is {source!r}, expected the data's name, a label and columns to leave out")
    return source
