"""What learned features are held against: PCA, and two plain ways to read labels off features."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from npvae.models.categorical_latent import log_softmax
from npvae.nn import Adam, Parameters


@dataclass(frozen=True)
class PCA:
    """z = (x − x̄) U_K and y = x̄ + z U_Kᵀ: the plane with the least ‖y − x‖² (Pearson 1901); axes (K, D) orthonormal.

    >>> X = np.random.default_rng(0).normal(size=(50, 3))
    >>> pca = PCA.of(X, 3)
    >>> bool(np.allclose(pca.inverse_transform(pca.transform(X)), X))
    True
    """

    mean: np.ndarray
    axes: np.ndarray

    @classmethod
    def of(cls, X: np.ndarray, latent_dim: int) -> "PCA":
        """The K leading principal axes of X (m, D)."""
        mean = X.mean(0)
        return cls(mean, np.linalg.svd(X - mean, full_matrices=False)[2][:latent_dim])

    def transform(self, X: np.ndarray) -> np.ndarray:
        """The codes (B, K) of X (B, D)."""
        return (X - self.mean) @ self.axes.T

    def inverse_transform(self, Z: np.ndarray) -> np.ndarray:
        """y (B, D) for codes Z (B, K)."""
        return self.mean + Z @ self.axes


@dataclass(frozen=True)
class Scaling:
    """Features centred, and divided by one number, so that a row has the squared length `length2` on average.

    One number for all columns keeps the columns' proportions: a pixel that hardly changes stays small.

    >>> X = np.random.default_rng(0).normal(3, 5, size=(50, 2))
    >>> round(float((Scaling.of(X)(X) ** 2).sum(1).mean()), 6)
    10.0
    """

    mean: np.ndarray
    scale: float

    @classmethod
    def of(cls, X: np.ndarray, length2: float = 10.0) -> "Scaling":
        """The scaling of X (m, D)."""
        return cls(X.mean(0), float((X.var(0).sum() / length2) ** 0.5) or 1.0)

    def __call__(self, X: np.ndarray) -> np.ndarray:
        return (X - self.mean) / self.scale


def softmax_classifier(X: np.ndarray, labels: np.ndarray, classes: int,
                       steps: int = 200) -> Callable[[np.ndarray], np.ndarray]:
    """Multinomial logistic regression, weights ~ N(0, I): max Σ_i log softmax(x_i W + b)_{y_i} − ‖W‖²/2.

    X (n, D) are scaled features, labels (n,) 0 … classes − 1. Full-batch Adam, its rate falling linearly from 0.1 to
    zero. Returns predict: X (B, D) -> labels (B,). Of several sets at once, X (J, n, D) and labels (J, n), each has its
    own classifier: then predict gives (J, B).

    >>> X = np.array([[-1.0], [-0.5], [0.5], [1.0]])
    >>> softmax_classifier(X, np.array([0, 0, 1, 1]), classes=2)(X)
    array([0, 0, 1, 1])
    """
    sets = X.shape[:-2]
    p = Parameters({"W": np.zeros((*sets, X.shape[-1], classes)), "b": np.zeros((*sets, 1, classes))})
    W, b, onehot = p["W"], p["b"], np.eye(classes)[labels]
    optimizer = Adam(p.value, p.grad, 0.1)
    for step in range(steps):
        # ∂/∂logits Σ_i log softmax(logits_i)_{y_i} = onehot(y_i) − softmax(logits_i)
        residual = onehot - np.exp(log_softmax(X @ W + b))                  # (…, n, C)
        p.gradient("W")[...] = X.swapaxes(-1, -2) @ residual - W
        p.gradient("b")[...] = residual.sum(-2, keepdims=True)
        optimizer.learning_rate = 0.1 * (1 - step / steps)
        optimizer.step()
    return lambda X: (X @ W + b).argmax(-1)


def knn_accuracy(X: np.ndarray, labels: np.ndarray, X_new: np.ndarray, labels_new: np.ndarray, k: int = 5) -> float:
    """The share of new rows whose k nearest neighbours' most frequent label is theirs (Cover & Hart 1967).

    X (m, D) and X_new (n, D), with labels (m,) and (n,), whole numbers from 0.

    >>> knn_accuracy(np.array([[0.0], [1.0]]), np.array([0, 1]), np.array([[0.2], [0.9]]), np.array([0, 1]), k=1)
    1.0
    """
    distances = ((X_new**2).sum(1)[:, None] - 2 * X_new @ X.T) + (X**2).sum(1)
    near = labels[np.argpartition(distances, k - 1, axis=1)[:, :k]]                             # (n, k)
    votes = (near[:, :, None] == np.arange(labels.max() + 1)).sum(1)
    return float((votes.argmax(1) == labels_new).mean())
