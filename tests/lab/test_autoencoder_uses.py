"""The lecture's four uses: baselines against known answers, and what each use shows on the digits."""

import numpy as np
import pytest

from npvae import datasets
from npvae.datasets import Dataset, two_moons
from npvae.lab.autoencoder_uses import (
    PER_CLASS,
    Features,
    compression,
    few_labels,
    label_curve,
    learn_features,
    linear_probe,
    planes,
    with_standardised,
)
from npvae.lab.baselines import PCA, Scaling, knn_accuracy, softmax_classifier
from npvae.lab.plots import autoencoder_uses as plots
from npvae.lab.plots import save

DIGITS = datasets.digits()


@pytest.fixture(scope="module")
def features():
    return with_standardised(learn_features(DIGITS, sweeps=1000, progress=False))


def test_pca_s_error_is_the_sum_of_the_eigenvalues_it_leaves_out():
    X = np.random.default_rng(0).normal(size=(80, 6)) * np.arange(1, 7)
    pca, eigenvalues = PCA.of(X, 2), np.linalg.eigvalsh(np.cov(X.T, bias=True))
    error = ((pca.inverse_transform(pca.transform(X)) - X) ** 2).sum(1).mean()
    assert error == pytest.approx(eigenvalues[:-2].sum(), rel=1e-10)
    np.testing.assert_allclose(pca.axes @ pca.axes.T, np.eye(2), atol=1e-12)


def test_the_softmax_classifier_is_at_its_optimum():
    # there the gradient is zero: Xᵀ(onehot − p) = weight_decay W, and so is the sum of the residuals
    rng = np.random.default_rng(0)
    X, labels = rng.normal(size=(60, 4)), rng.integers(3, size=60)
    predict = softmax_classifier(X, labels, 3, steps=3000)
    W, b = (cell.cell_contents for cell in predict.__closure__)
    p = np.exp(X @ W + b)
    residual = np.eye(3)[labels] - p / p.sum(1, keepdims=True)
    np.testing.assert_allclose(X.T @ residual, W, atol=1e-3)
    np.testing.assert_allclose(residual.sum(0), 0, atol=1e-3)


def test_several_softmax_classifiers_at_once_are_each_of_them_alone():
    rng = np.random.default_rng(1)
    X, labels, new = rng.normal(size=(3, 20, 4)), rng.integers(3, size=(3, 20)), rng.normal(size=(50, 4))
    together = softmax_classifier(X, labels, 3)(new)
    assert together.shape == (3, 50) and len(np.unique(together)) == 3
    np.testing.assert_array_equal(together, [softmax_classifier(*one, 3)(new) for one in zip(X, labels, strict=True)])


def test_the_softmax_classifier_agrees_with_scikit_learn_s():
    linear = pytest.importorskip("sklearn.linear_model")
    scaling = Scaling.of(DIGITS.train)
    X, T = scaling(DIGITS.train)[:300], scaling(DIGITS.test)
    theirs = linear.LogisticRegression(max_iter=2000).fit(X, DIGITS.train_labels[:300]).predict(T)
    assert (softmax_classifier(X, DIGITS.train_labels[:300], 10)(T) == theirs).mean() > 0.98


def test_nearest_neighbours_by_hand():
    rng = np.random.default_rng(0)
    X, T, labels, expected = rng.normal(size=(50, 3)), rng.normal(size=(20, 3)), rng.integers(4, size=50), []
    for t in T:
        near = labels[np.argsort(((X - t) ** 2).sum(1))[:5]]
        expected.append(np.bincount(near, minlength=4).argmax())
    assert knn_accuracy(X, labels, T, np.array(expected)) == 1.0


def test_compression_beats_pca_at_every_size_and_the_picture_has_both(tmp_path):
    records = compression(DIGITS, dims=(2, 10), progress=False)
    assert [record["bytes"] for record in records] == [2.0, 10.0]
    assert all(record["autoencoder"] < 0.7 * record["pca"] for record in records)
    figure = plots.compression_figure(records)
    axes = figure.axes[0]
    assert "bytes" in axes.get_xlabel() and "units" in axes.get_ylabel()
    assert len(axes.get_yticks()) >= 3
    assert save(figure, tmp_path / "c.png").stat().st_size > 5000


def test_fewer_bits_lose_more():
    errors = [compression(DIGITS, dims=(5,), bits=bits, sweeps=20, progress=False)[0] for bits in (2, 4, 12)]
    for name in ("autoencoder", "pca"):
        assert errors[0][name] > errors[1][name] > errors[2][name]


def test_a_curved_plane_tells_digits_apart_better_than_pca_s(tmp_path):
    found, accuracy = planes(DIGITS, sweeps=100, progress=False)
    assert accuracy["all 64 dimensions"] > accuracy["autoencoder"] > accuracy["PCA"] + 0.08
    assert accuracy["VAE"] > accuracy["PCA"] + 0.08
    figure = plots.planes_figure(found, accuracy, DIGITS.test_labels)
    assert [axes.get_title().split(":")[0] for axes in figure.axes] == ["autoencoder", "VAE", "PCA"]
    save(figure, tmp_path / "p.png")


def test_features_of_ten_numbers_carry_almost_all_that_a_linear_classifier_needs(features, tmp_path):
    accuracy = linear_probe(features, DIGITS)
    assert accuracy["raw"] > accuracy["autoencoder"] > accuracy["PCA"] > 0.93
    save(plots.probe_figure(accuracy), tmp_path / "p.png")


def test_with_one_label_a_class_the_autoencoder_s_features_lead_and_with_fifty_they_do_not(features, tmp_path):
    curve = label_curve(features, DIGITS)
    mean = {name: accuracy.mean(1) for name, accuracy in curve.items()}
    assert all(accuracy.shape == (5, 10) for accuracy in curve.values())
    assert mean["autoencoder"][0] > mean["raw"][0] + 0.03
    assert mean["autoencoder"][0] > mean["raw, each column standardised"][0] + 0.05
    assert mean["autoencoder"][0] > mean["PCA"][0] > mean["VAE"][0]
    assert mean["autoencoder"][-1] < mean["raw"][-1] + 0.01
    figure = plots.label_curve_figure({name: accuracy.T for name, accuracy in curve.items()}, PER_CLASS)
    assert len(figure.axes[0].get_legend_handles_labels()[0]) == 5
    save(figure, tmp_path / "l.png")


def test_each_class_gets_its_labels_and_too_many_are_refused():
    rows = few_labels(DIGITS.train_labels, 3, np.random.default_rng(0))
    assert np.bincount(DIGITS.train_labels[rows]).tolist() == [3] * 10 and len(set(rows)) == 30
    with pytest.raises(ValueError, match="has 1[0-9][0-9] rows"):
        few_labels(DIGITS.train_labels, 1000, np.random.default_rng(0))


def test_labels_never_reach_the_features():
    class Unlabelled:
        train, test = DIGITS.train[:100], DIGITS.test[:20]

    found = learn_features(Unlabelled, 2, sweeps=1, progress=False)
    assert set(found) == {"autoencoder", "VAE", "PCA", "raw"}
    assert all(isinstance(f, Features) and len(f.train) == 100 for f in found.values())


def test_labels_may_be_any_classes_and_one_that_training_never_saw_is_never_found():
    plain = two_moons(50)
    named = Dataset("moons", plain.train, plain.test, 2 * plain.train_labels - 1, 2 * plain.test_labels - 1)
    features = {"raw": Features(plain.train, plain.test)}
    assert linear_probe(features, named) == linear_probe(features, plain)
    np.testing.assert_array_equal(label_curve(features, named, (2,), 3)["raw"],
                                  label_curve(features, plain, (2,), 3)["raw"])
    strange = Dataset("moons", plain.train, plain.test, plain.train_labels, np.full(len(plain.test), 7))
    assert linear_probe(features, strange) == {"raw": 0.0}


def test_without_labels_the_uses_that_need_them_say_so():
    plain = two_moons(50)
    bare = Dataset("bare", plain.train, plain.test)
    for use in (lambda: linear_probe({}, bare), lambda: label_curve({}, bare), lambda: planes(bare, sweeps=1)):
        with pytest.raises(ValueError, match="bare has no labels"):
            use()
