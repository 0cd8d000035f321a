"""p_θ(x|z) of numbers in [0, 1], from the decoder's logits g(z)."""

from collections.abc import Callable

import numpy as np

from npvae.checks import as_generator
from npvae.nn import sigmoid, softplus


class BernoulliLikelihood:
    """p_θ(x|z) = Π_d Bernoulli(x_d; sigmoid(g_d(z))), from logits g, for x in [0, 1].

        log p(x|z) = Σ_d x_d g_d − softplus(g_d)

    For x strictly between 0 and 1 this is minus the usual cross-entropy: an objective, not the log of a probability.

    Examples
    --------
    >>> value, back = BernoulliLikelihood().log_prob(np.ones((1, 1)), np.zeros((1, 1, 1)))
    >>> value.round(4), back(np.ones((1, 1)))
    (array([[-0.6931]]), array([[[0.5]]]))
    """

    def log_prob(self, x: np.ndarray, g: np.ndarray) -> tuple[np.ndarray, Callable]:
        """log p(x|z) for x (B, D) and logits g (S, B or 1, D): (S, B) nats, and back : (S, B) -> dg."""
        # Σ_d x_d g_d − log(1 + e^{g_d})
        value = (x * g - softplus(g)[0]).sum(2)

        def back(dvalue):                                   # (S, B)
            # ∂/∂g = x − sigmoid(g)
            dg = (x - sigmoid(g)[0]) * dvalue[:, :, None]
            return dg if g.shape[1] == len(x) else dg.sum(1, keepdims=True)

        return value, back

    def log_prob_table(self, x: np.ndarray, g: np.ndarray) -> np.ndarray:
        """log p(x|z) of every x (B, D) under every node's logits g (S, D), as one matrix product: (S, B) nats."""
        table = g @ x.T
        table -= softplus(g)[0].sum(1, keepdims=True)
        return table

    curvature = 0.25    # the greatest variance of a truth value

    def ceiling(self, x: np.ndarray, g: np.ndarray, reach: np.ndarray) -> np.ndarray:
        """The greatest log p(x|z) that logits within `reach` (P, D) of g (P, D) give for x (P, D): (P,) nats."""
        with np.errstate(divide="ignore"):
            best = np.log(x) - np.log1p(-x)                 # where x g − softplus(g) is greatest
        g = np.clip(best, g - reach, g + reach)
        with np.errstate(invalid="ignore"):
            return (np.where(x == 0, 0, x * g) - softplus(g)[0]).sum(1)

    def greatest_log_prob(self, D: int) -> float:
        """The greatest log p(x|z) that any D logits can give, nats."""
        return 0.0

    def mean(self, g: np.ndarray) -> np.ndarray:
        """E[x|z] = sigmoid(g(z))."""
        return sigmoid(g)[0]

    def sample(self, g: np.ndarray, rng: np.random.Generator | int) -> np.ndarray:
        """One draw x ∈ {0, 1}^D for each row of logits g (n, D)."""
        return (as_generator(rng).random(g.shape) < self.mean(g)).astype(g.dtype)

    def started(self, x: np.ndarray) -> "BernoulliLikelihood":
        """Itself: nothing starts from the data."""
        return self

    def with_variance(self, V: float) -> "BernoulliLikelihood":
        """Itself: there is no σ_g."""
        return self

    @staticmethod
    def output_for(x: np.ndarray) -> np.ndarray:
        """The logits g at which E[x|g] = x, for x moved to within [0.01, 0.99]."""
        x = np.clip(x, 0.01, 0.99)
        return np.log(x) - np.log1p(-x)

    @staticmethod
    def output_scale(scale: float) -> float:
        """1: logits have no units."""
        return 1.0

    def check(self, x: np.ndarray) -> None:
        """Raise a ValueError unless all of x lies in [0, 1]."""
        if x.min() < 0 or x.max() > 1:
            raise ValueError(f"BernoulliLikelihood got data in [{x.min():.9g}, {x.max():.9g}], expected [0, 1]: "
                             "rescale the data or use GaussianLikelihood")

    def arrays(self) -> dict[str, np.ndarray]:
        """No parameters of its own."""
        return {}

    def on(self, parameters, prefix: str = "", gradient: bool = True) -> "BernoulliLikelihood":
        """Itself, as there is nothing to move."""
        return self

    def __repr__(self):
        return "BernoulliLikelihood()"
