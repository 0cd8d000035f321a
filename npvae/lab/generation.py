"""Why an autoencoder cannot generate, in numbers: where its codes lie, and how far its samples are from real data.

    choose a random z (e.g. z ~ N(0, I)),  x̂ = g_θ(z)
    "doesn't work because the distribution of z is unknown ≠ N(0, I)"
"""

from collections.abc import Callable

import numpy as np

from npvae.autoencoders import VAE, Autoencoder
from npvae.datasets import Dataset
from npvae.models.data import take

LEVEL = 0.99


def aggregate_code(model: VAE | Autoencoder, X: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Mean (K,) and covariance (K, K) of the codes of all rows together, and that Gaussian's KL to N(0, I), nats.

    For a VAE a row's code is all of q_φ(z|x), so that the covariance is Cov μ_φ(x) + E diag σ_φ(x)². Codes of another
    shape than a Gaussian's are still further away.

    >>> X = np.random.default_rng(0).normal(size=(100, 3))
    >>> mean, covariance, kl = aggregate_code(Autoencoder(latent_dim=2, hidden=(4,), sweeps=2).fit(X), X)
    >>> covariance.shape, kl > 0
    ((2, 2), True)
    """
    codes = model.transform(X)
    mean, covariance = codes.mean(0), np.cov(codes.T, bias=True).reshape(codes.shape[1], -1)
    if isinstance(model, VAE):
        covariance = covariance + np.diag(np.exp(2 * model.solver_.infer(X)[:, model.latent_dim:]).mean(0))
    # KL(N(m, C) ‖ N(0, I)) = ½ (tr C + ‖m‖² − K − log det C)
    kl = 0.5 * (np.trace(covariance) + mean @ mean - len(mean) - np.linalg.slogdet(covariance)[1])
    return mean, covariance, float(kl)


def energy_distance(X: np.ndarray, Y: np.ndarray) -> float:
    """2 E‖x − y‖ − E‖x − x'‖ − E‖y − y'‖, data units: zero for equal distributions only (Székely & Rizzo 2013).

    >>> energy_distance(np.array([[0.0], [1.0]]), np.array([[0.0], [1.0]]))
    0.0
    """
    first = np.arange(len(X) + len(Y)) < len(X)
    return _energy(_distances(np.concatenate([X, Y])), first)


def permutation_range(X: np.ndarray, Y: np.ndarray, statistic: Callable, permutations: int = 500,
                      seed: int = 0) -> tuple[float, float, float]:
    """A statistic of two samples, and its range, low and high, when rows are exchanged between them at random.

    `statistic(distances, first)` is of the pooled rows' distances (n + m, n + m) and of which rows are the first
    sample (n + m,); 99 % of the permutations are inside the range.

    >>> X = np.random.default_rng(0).normal(size=(60, 2))
    >>> value, low, high = permutation_range(X[:30], X[30:] + 3, _energy)
    >>> value > high
    True
    """
    rng, first = np.random.default_rng(seed), np.arange(len(X) + len(Y)) < len(X)
    distances = _distances(np.concatenate([X, Y]))
    values = [statistic(distances, rng.permutation(first)) for _ in range(permutations)]
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return statistic(distances, first), float(low), float(high)


def generation(data: Dataset, latent_dim: int = 10, seed: int = 0, permutations: int = 500,
               **settings) -> tuple[dict, dict]:
    """Train both models, let both decode z ~ N(0, I), and measure how far the results are from the test rows.

    Returns the figures and the models, by name. Of "autoencoder" and "VAE": energy distance to the test rows, with its
    range if rows are swapped between samples and test rows, and the KL of the aggregate code to N(0, I). "excess": how
    much further off the autoencoder's samples are, with its range if rows are swapped between the two models' samples.

    Examples
    --------
    >>> from npvae.datasets import two_moons
    >>> figures, models = generation(two_moons(50), 2, permutations=20, hidden=(4,), sweeps=2)
    >>> sorted(figures)
    ['VAE', 'autoencoder', 'excess']
    """
    test = take(data.test, slice(None), np.float64)
    models = {"autoencoder": Autoencoder(latent_dim=latent_dim, seed=seed, **settings),
              "VAE": VAE(latent_dim=latent_dim, seed=seed, **settings)}
    # the same z for both, so that only the models differ
    samples = {name: model.fit(data.train).sample(len(test), np.random.default_rng([seed, 3]))
               for name, model in models.items()}
    pairs = {name: (X, test, _energy) for name, X in samples.items()}
    pairs["excess"] = samples["autoencoder"], samples["VAE"], _excess(samples, test)
    figures = {name: dict(zip(("energy_distance", "low", "high"), permutation_range(*pair, permutations, seed),
                              strict=True)) for name, pair in pairs.items()}
    for name, model in models.items():
        figures[name]["kl_to_prior"] = aggregate_code(model, data.train)[2]
    return figures, models


def _excess(samples, test):
    # energy distance of the first sample to the test rows minus that of the second
    both = np.concatenate([samples["autoencoder"], samples["VAE"]])
    to_test = _distances(both, test).mean(1)

    def statistic(distances, first):
        one, other = ((2 * to_test[part].mean() - distances[np.ix_(part, part)].mean()) for part in (first, ~first))
        return float(one - other)

    return statistic


def _energy(distances, first):
    across = distances[np.ix_(first, ~first)].mean()
    return float(2 * across - distances[np.ix_(first, first)].mean() - distances[np.ix_(~first, ~first)].mean())


def _distances(X, Y=None):
    Y = X if Y is None else Y
    squares = (X**2).sum(1)[:, None] - 2 * X @ Y.T + (Y**2).sum(1)
    distances = np.sqrt(np.maximum(squares, 0))
    if Y is X:
        np.fill_diagonal(distances, 0)
    return distances
