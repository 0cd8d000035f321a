"""The verbs that scikit-learn asks of what it puts into a pipeline. It is not needed itself, and neither is pandas.

Its conventions are that the constructor stores its arguments unchanged, that `get_params` and `set_params` read and
write them, and that what `fit` has learned ends in an underscore.
"""

from __future__ import annotations

from dataclasses import fields

import numpy as np
from numpy.typing import ArrayLike

from npvae.autoencoders.conventions import check_output_kind


class ScikitLearn:
    """Settings by name, names of the code's columns, and the kind of table that codes come back in."""

    def get_params(self, deep: bool = True) -> dict:
        """The settings by name, as they were given."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def set_params(self, **settings) -> ScikitLearn:
        """Change settings by name; returns itself. A ValueError for a name that it does not have."""
        known = [field.name for field in fields(self)]
        for name, value in settings.items():
            if name not in known:
                raise ValueError(f"{type(self).__name__} has no setting {name!r}; it has {', '.join(known)}")
            setattr(self, name, value)
        return self

    def fit_transform(self, X: ArrayLike, y=None):
        """`fit(X).transform(X)`."""
        return self.fit(X).transform(X)

    def set_output(self, *, transform: str | None = None) -> ScikitLearn:
        """Have `transform` return "default" arrays, or "pandas" or "polars" tables; returns itself.

        A ValueError for another kind, or one that is not installed.
        """
        check_output_kind(transform)
        if transform is not None:
            # where scikit-learn's clone looks for it
            self._sklearn_output_config = {"transform": transform}
        return self

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """Names of the code's columns, as in scikit-learn: vae0, vae1, …"""
        self._fitted        # noqa: B018, that it has been fitted
        known = getattr(self, "feature_names_in_", None)
        if input_features is not None:
            names = list(np.asarray(input_features, object)) if np.ndim(input_features) == 1 else []
            if len(names) != self.n_features_in_ or known is not None and names != list(known):
                raise ValueError("input_features should have length equal to number of features, and be equal to "
                                 f"feature_names_in_: got {len(names)} names, expected {self.n_features_in_}")
        return np.array([f"{type(self).__name__.lower()}{k}" for k in range(self._code_dim)], dtype=object)

    def __sklearn_is_fitted__(self):
        return "solver_" in self.__dict__

    def __sklearn_tags__(self):
        # only scikit-learn asks, so it is there
        from sklearn.utils import Tags, TargetTags, TransformerTags

        return Tags(estimator_type=None, target_tags=TargetTags(required=False), transformer_tags=TransformerTags())
