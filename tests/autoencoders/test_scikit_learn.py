"""The estimators under scikit-learn's clone, Pipeline and GridSearchCV; without it, only its conventions."""

import inspect
import pickle

import numpy as np
import pytest

from npvae import VAE, Autoencoder, datasets

KINDS = pytest.mark.parametrize("kind", [VAE, Autoencoder])
SMALL = dict(latent_dim=2, hidden=(8,), sweeps=2, progress=False)
DIGITS = datasets.digits()
X = DIGITS.train[:120]


@KINDS
def test_the_constructor_stores_its_arguments_unchanged(kind):
    given = {name: object() for name in inspect.signature(kind).parameters}
    model = kind(**given)
    assert all(getattr(model, name) is value for name, value in given.items())
    assert model.get_params() == given and kind().set_params(**given).get_params(deep=False) == given
    assert [name for name in vars(kind()) if name.endswith("_")] == []


@KINDS
def test_fit_returns_itself_and_leaves_the_settings(kind):
    model = kind(**SMALL)
    before = model.get_params()
    assert model.fit(X, DIGITS.train_labels[:120]) is model and model.partial_fit(X) is model
    assert model.get_params() == before and model.n_features_in_ == 64
    np.testing.assert_array_equal(kind(**SMALL).fit_transform(X), kind(**SMALL).fit(X).transform(X))


@KINDS
def test_an_unknown_setting_lists_the_known_ones(kind):
    with pytest.raises(ValueError, match="latent_dim"):
        kind().set_params(latent_dims=3)


@KINDS
def test_clone_pickle_and_tags(kind):
    base = pytest.importorskip("sklearn.base")
    check = pytest.importorskip("sklearn.utils.validation").check_is_fitted
    model = kind(**SMALL).fit(X)
    twin = base.clone(model)
    assert twin.get_params() == model.get_params() and twin is not model
    with pytest.raises(Exception, match="not fitted"):
        check(twin)
    check(model)
    assert not base.is_classifier(model) and pickle.loads(pickle.dumps(model)).score(X) == model.score(X)


@KINDS
def test_features_for_a_classifier_in_a_pipeline(kind):
    linear = pytest.importorskip("sklearn.linear_model")
    pipeline = pytest.importorskip("sklearn.pipeline")
    features, classifier = kind(latent_dim=10, sweeps=30, progress=False), linear.LogisticRegression(max_iter=1000)
    pipe = pipeline.make_pipeline(features, classifier)
    pipe.fit(DIGITS.train, DIGITS.train_labels)
    assert pipe.score(DIGITS.test, DIGITS.test_labels) > 0.8
    assert list(pipe[:-1].get_feature_names_out())[0] == f"{kind.__name__.lower()}0"


@KINDS
def test_a_grid_search_prefers_the_larger_code(kind):
    selection = pytest.importorskip("sklearn.model_selection")
    search = selection.GridSearchCV(kind(hidden=(32,), sweeps=15, progress=False), {"latent_dim": [1, 6]}, cv=2)
    search.fit(DIGITS.train)
    assert search.best_params_ == {"latent_dim": 6} and np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_importing_npvae_loads_no_scikit_learn():
    import subprocess
    import sys

    code = ("import sys, npvae; npvae.VAE(sweeps=1, progress=False).fit(npvae.datasets.digits().test); "
            "sys.exit('sklearn' in sys.modules)")
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
