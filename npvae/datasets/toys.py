"""Small data sets with a known truth, drawn from x = g(z) + sigma_g eps with eps ~ N(0, I).

Every generator takes the number of training rows, n, and a numpy.random.Generator or a seed. The test rows, a fifth as
many again, are further draws from the same distribution. sigma_g is the noise's standard deviation in each dimension.
"""

import numpy as np

from npvae.checks import as_generator, positive, whole

from .dataset import Dataset

MOST, LARGEST = 10**8, 1e6      # rows or columns, and scales: beyond, memory or floats run out


def _numbers_of_rows(n):
    """The number of training rows, and of all rows to draw."""
    n = whole("n", n, most=MOST)
    return n, n + max(1, n // 5)


def _dataset(name, X, labels, n):
    """The first n rows for training, the others for testing."""
    return Dataset(name, X[:n], X[n:], *((None, None) if labels is None else (labels[:n], labels[n:])))


def _polar(radius, angle):
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)  # (rows, 2)


def linear_gaussian(n: int = 1500, rng: np.random.Generator | int = 0, *, data_dim: int = 5, latent_dim: int = 2,
                    sigma_g: float = 0.5) -> Dataset:
    """Draw (n, D) from probabilistic PCA: a random affine map of z ~ N(0, I), plus noise; without labels.

    x ~ N(b, W^T W + sigma_g^2 I) for rows x = z W + b + sigma_g eps: M. Tipping and C. Bishop, Probabilistic Principal
    Component Analysis, JRSS B 61, 1999. W (K, D) and b (D,) are drawn first, then z, then eps.

    Examples
    --------
    >>> linear_gaussian(100, rng=1, data_dim=3).train.shape
    (100, 3)
    """
    (n, rows), rng = _numbers_of_rows(n), as_generator(rng)
    D, K = whole("data_dim", data_dim, most=MOST), whole("latent_dim", latent_dim, most=MOST)
    sigma_g = positive("sigma_g", sigma_g, most=LARGEST)
    W, b = rng.standard_normal((K, D)), rng.standard_normal(D)
    z = rng.standard_normal((rows, K))
    # x = z W + b + sigma_g eps
    X = z @ W + b + sigma_g * rng.standard_normal((rows, D))
    return _dataset("linear_gaussian", X, None, n)


def mixture(n: int = 1500, rng: np.random.Generator | int = 0, *, components: int = 5,
            sigma_g: float = 0.2) -> Dataset:
    """Draw (n, 2) from equally likely Gaussians whose means stand on the unit circle; labels are the components.

    Examples
    --------
    >>> sorted(set(mixture(100, components=3).train_labels.tolist()))
    [0, 1, 2]
    """
    (n, rows), rng = _numbers_of_rows(n), as_generator(rng)
    components, sigma_g = whole("components", components, most=MOST), positive("sigma_g", sigma_g, most=LARGEST)
    k = rng.integers(components, size=rows)
    # x = (cos 2 pi k / C, sin 2 pi k / C) + sigma_g eps
    X = _polar(1, 2 * np.pi * k / components) + sigma_g * rng.standard_normal((rows, 2))
    return _dataset("mixture", X, k, n)


def two_moons(n: int = 1500, rng: np.random.Generator | int = 0, *, sigma_g: float = 0.1) -> Dataset:
    """Draw (n, 2) from two half circles that reach into each other; labels 0 (upper moon) and 1 (lower moon).

    Examples
    --------
    >>> two_moons(100).train.shape
    (100, 2)
    """
    (n, rows), rng, sigma_g = _numbers_of_rows(n), as_generator(rng), positive("sigma_g", sigma_g, most=LARGEST)
    moon, t = rng.integers(2, size=rows), rng.uniform(0, np.pi, rows)
    # upper: (cos t, sin t), lower: (1 - cos t, 1/2 - sin t)
    curve = np.where(moon[:, None] == 0, _polar(1, t), [1, 0.5] - _polar(1, t))
    return _dataset("two_moons", curve + sigma_g * rng.standard_normal((rows, 2)), moon, n)


def pinwheel(n: int = 1500, rng: np.random.Generator | int = 0, *, arms: int = 5) -> Dataset:
    """Draw (n, 2) from Gaussians that lie along a circle's radii and are twisted into a pinwheel; labels are the arms.

    M. Johnson et al., Composing graphical models with neural networks, NeurIPS 2016.

    Examples
    --------
    >>> pinwheel(100).train.shape
    (100, 2)
    """
    (n, rows), rng, arms = _numbers_of_rows(n), as_generator(rng), whole("arms", arms, most=MOST)
    k = rng.integers(arms, size=rows)
    # along the arm: a ~ N(1, 0.3^2), across it: c ~ N(0, 0.05^2), turned by 2 pi k / arms + exp(a) / 4
    along, across = 1 + 0.3 * rng.standard_normal(rows), 0.05 * rng.standard_normal(rows)
    turn = 2 * np.pi * k / arms + np.exp(along) / 4
    # x = a (cos, sin)(turn) + c (-sin, cos)(turn)
    return _dataset("pinwheel", _polar(along, turn) + _polar(across, turn + np.pi / 2), k, n)


def ring(n: int = 1500, rng: np.random.Generator | int = 0, *, sigma_g: float = 0.1) -> Dataset:
    """Draw (n, 2) from the unit circle, plus noise; without labels.

    Examples
    --------
    >>> ring(100).train.shape
    (100, 2)
    """
    (n, rows), rng, sigma_g = _numbers_of_rows(n), as_generator(rng), positive("sigma_g", sigma_g, most=LARGEST)
    t = rng.uniform(0, 2 * np.pi, rows)
    # x = (cos t, sin t) + sigma_g eps
    return _dataset("ring", _polar(1, t) + sigma_g * rng.standard_normal((rows, 2)), None, n)


def spiral(n: int = 1500, rng: np.random.Generator | int = 0, *, turns: float = 1.5,
           sigma_g: float = 0.02) -> Dataset:
    """Draw (n, 2) from a spiral of some full turns from the origin to radius 1, evenly along its radius; no labels.

    Examples
    --------
    >>> spiral(100).train.shape
    (100, 2)
    """
    (n, rows), rng = _numbers_of_rows(n), as_generator(rng)
    turns, sigma_g = positive("turns", turns, most=LARGEST), positive("sigma_g", sigma_g, most=LARGEST)
    r = rng.uniform(0, 1, rows)
    # x = r (cos 2 pi turns r, sin 2 pi turns r) + sigma_g eps
    return _dataset("spiral", _polar(r, 2 * np.pi * turns * r) + sigma_g * rng.standard_normal((rows, 2)), None, n)
