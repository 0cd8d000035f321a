"""The lecture's four uses of an autoencoder, each beside a plain baseline of equal size.

    1 data compression   2 dimensionality reduction   3 feature extraction   4 semi-supervised learning

Every function returns numbers; `plots.autoencoder_uses` draws them. Models never see a label or a test row.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from npvae.autoencoders import VAE, Autoencoder
from npvae.datasets import Dataset
from npvae.lab.baselines import PCA, Scaling, knn_accuracy, softmax_classifier
from npvae.models.data import take

PER_CLASS = (1, 2, 5, 10, 50)


class Features(NamedTuple):
    """The same rows described by other numbers: train (m, F) and test (n, F)."""

    train: np.ndarray
    test: np.ndarray


def compression(data: Dataset, dims: Sequence[int] = (1, 2, 5, 10, 20, 30), bits: int = 8, **settings) -> list[dict]:
    """Use 1: bytes a row and error of test rows, for codes of K numbers of `bits` bits each; settings `Autoencoder`'s.

    Each number is rounded to the nearest of 2^bits levels, equally spaced between its extremes in the training data.
    Returns, for each K of `dims`, latent_dim, bytes (a row), autoencoder and pca (mean squared error per dimension,
    squared data units), decoder_bytes and pca_bytes: what a receiver must have once (float32).

    Examples
    --------
    >>> from npvae.datasets import linear_gaussian
    >>> compression(linear_gaussian(), dims=(1,), hidden=(4,), sweeps=2)[0]["bytes"]
    1.0
    """
    train, test = as_floats(data)
    records = []
    for K in dims:
        pca, autoencoder = PCA.of(train, K), Autoencoder(latent_dim=K, **settings).fit(data.train)
        error = {name: float(((decoded(model, train, test, bits) - test) ** 2).mean())
                 for name, model in (("autoencoder", autoencoder), ("pca", pca))}
        decoder = autoencoder.solver_.parameters.stretch("theta.decoder")
        records.append({"latent_dim": K, "bytes": K * bits / 8, **error,
                        "decoder_bytes": 4 * (decoder.stop - decoder.start), "pca_bytes": 4 * (K + 1) * test.shape[1]})
    return records


def decoded(model: Autoencoder | PCA, train: np.ndarray, X: np.ndarray, bits: int) -> np.ndarray:
    """What a receiver makes of X (B, D): its codes, rounded to `bits` bits, through the decoder."""
    low, high = (edge(model.transform(train), axis=0) for edge in (np.min, np.max))
    step = np.maximum(high - low, 1e-12) / (2**bits - 1)
    levels = np.clip(np.round((model.transform(X) - low) / step), 0, 2**bits - 1)
    return model.inverse_transform(low + levels * step)


def planes(data: Dataset, **settings) -> tuple[dict[str, Features], dict[str, float]]:
    """Use 2: each row as a point of a plane (K = 2), by an autoencoder, a VAE (both with these settings) and PCA.

    Also returns the accuracy of five nearest neighbours in the plane, on test rows; "all D dimensions" is the data
    space itself. A ValueError without labels.

    Examples
    --------
    >>> from npvae.datasets import two_moons
    >>> sorted(planes(two_moons(50), hidden=(4,), sweeps=2)[1])
    ['PCA', 'VAE', 'all 2 dimensions', 'autoencoder']
    """
    labels, test_labels = class_numbers(data)
    found = learn_features(data, latent_dim=2, **settings)
    found[f"all {data.train.shape[1]} dimensions"] = found.pop("raw")
    accuracy = {name: knn_accuracy(f.train, labels, f.test, test_labels) for name, f in found.items()}
    return {name: found[name] for name in ("autoencoder", "VAE", "PCA")}, accuracy


def learn_features(data: Dataset, latent_dim: int = 10, **settings) -> dict[str, Features]:
    """The K numbers that an "autoencoder", a "VAE" (posterior means) and "PCA" make of each row, and the "raw" rows."""
    train, test = as_floats(data)
    models = {"autoencoder": Autoencoder(latent_dim=latent_dim, **settings).fit(data.train),
              "VAE": VAE(latent_dim=latent_dim, **settings).fit(data.train), "PCA": PCA.of(train, latent_dim)}
    return {**{name: Features(model.transform(train), model.transform(test)) for name, model in models.items()},
            "raw": Features(train, test)}


def linear_probe(features: dict[str, Features], data: Dataset) -> dict[str, float]:
    """Use 3: the test accuracy of a softmax classifier on each kind of features; a ValueError without labels.

    Examples
    --------
    >>> from npvae.datasets import two_moons
    >>> data = two_moons(50)
    >>> sorted(linear_probe({"raw": Features(data.train, data.test)}, data))
    ['raw']
    """
    labels = class_numbers(data)
    return {name: _accuracy(f, *labels, np.arange(len(f.train))) for name, f in features.items()}


def label_curve(features: dict[str, Features], data: Dataset, per_class: Sequence[int] = PER_CLASS, draws: int = 10,
                seed: int = 0) -> dict[str, np.ndarray]:
    """Use 4: the test accuracy (len(per_class), draws) when only so many rows a class have labels.

    The features come from all rows, labelled or not; only the softmax classifier sees labels. Each draw labels
    other rows, the same ones for each kind of features. A ValueError without labels, or with too few of a class.

    Examples
    --------
    >>> from npvae.datasets import two_moons
    >>> data = two_moons(50)
    >>> label_curve({"raw": Features(data.train, data.test)}, data, (1, 2), draws=3)["raw"].shape
    (2, 3)
    """
    found, labels = {name: np.empty((len(per_class), draws)) for name in features}, class_numbers(data)
    for i, n in enumerate(per_class):
        labelled = np.stack([few_labels(data.train_labels, n, np.random.default_rng([seed, n, j]))
                             for j in range(draws)])                        # (draws, rows)
        for name, f in features.items():
            found[name][i] = _accuracy(f, *labels, labelled)
    return found


def class_numbers(data: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """The labels of the training and the test rows as 0, 1, …, whatever they are; −1 for one that is only in the test.

    >>> from npvae.datasets import Dataset
    >>> class_numbers(Dataset("x", np.zeros((3, 1)), np.zeros((2, 1)), np.array([5, -1, 5]), np.array([7, -1])))
    (array([1, 0, 1]), array([-1,  0]))
    """
    if data.train_labels is None or data.test_labels is None:
        raise ValueError(f"{data.name} has no labels: this use of an autoencoder is judged by them")
    classes, train = np.unique(data.train_labels, return_inverse=True)
    place = np.minimum(np.searchsorted(classes, data.test_labels), len(classes) - 1)
    return train, np.where(classes[place] == data.test_labels, place, -1)


def few_labels(labels: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """The numbers of n random rows of each class, or a ValueError if a class has fewer."""
    classes, counts = np.unique(labels, return_counts=True)
    if counts.min() < n:
        raise ValueError(f"{n} labels a class asked for, but class {classes[counts.argmin()]} has {counts.min()} rows")
    return np.concatenate([rng.choice(np.flatnonzero(labels == c), n, replace=False) for c in classes])


def with_standardised(features: dict[str, Features]) -> dict[str, Features]:
    """Add the raw columns each divided by its own standard deviation, the other usual way to present raw pixels."""
    raw = features["raw"]
    mean, sd = raw.train.mean(0), raw.train.std(0)
    sd = np.where(sd > 0, sd, 1)
    return {**features, "raw, each column standardised": Features(*((X - mean) / sd for X in raw))}


def as_floats(data: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """The training and the test rows as float64, images in [0, 1]."""
    return take(data.train, slice(None), np.float64), take(data.test, slice(None), np.float64)


def _accuracy(features, labels, test_labels, labelled):
    scaling = Scaling.of(features.train)
    predict = softmax_classifier(scaling(features.train)[labelled], labels[labelled], labels.max() + 1)
    return (predict(scaling(features.test)) == test_labels).mean(-1)
