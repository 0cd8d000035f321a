"""p_θ(x|z) of counts 0, 1, 2, …, from the decoder's log rates g(z)."""

from collections.abc import Callable

import numpy as np

from npvae.checks import as_generator
from npvae.models.gaussian_latent import LOG_2PI


class PoissonLikelihood:
    """p_θ(x|z) = Π_d Poisson(x_d; e^{g_d(z)}), from log rates g, for whole numbers x from 0.

        log p(x|z) = Σ_d x_d g_d − e^{g_d} − log x_d!

    Examples
    --------
    >>> value, back = PoissonLikelihood().log_prob(np.full((1, 1), 2.0), np.zeros((1, 1, 1)))    # e⁻¹/2!
    >>> value.round(4), back(np.ones((1, 1)))
    (array([[-1.6931]]), array([[[1.]]]))
    """

    looks_at_every_number = True    # its `check` needs more than the extremes

    def log_prob(self, x: np.ndarray, g: np.ndarray) -> tuple[np.ndarray, Callable]:
        """log p(x|z) for x (B, D) and log rates g (S, B or 1, D): (S, B) nats, and back : (S, B) -> dg."""
        rate = np.exp(g)
        # Σ_d x_d g_d − e^{g_d} − log x_d!
        value = (x * g - rate).sum(2) - log_factorial(x).sum(1)

        def back(dvalue):                                   # (S, B)
            # ∂/∂g = x − e^g
            dg = (x - rate) * dvalue[:, :, None]
            return dg if g.shape[1] == len(x) else dg.sum(1, keepdims=True)

        return value, back

    def log_prob_table(self, x: np.ndarray, g: np.ndarray) -> np.ndarray:
        """log p(x|z) of every x (B, D) under every node's log rates g (S, D), as one matrix product: (S, B) nats."""
        return g @ x.T - np.exp(g).sum(1, keepdims=True) - log_factorial(x).sum(1)

    def mean(self, g: np.ndarray) -> np.ndarray:
        """E[x|z] = e^{g(z)}."""
        return np.exp(g)

    def sample(self, g: np.ndarray, rng: np.random.Generator | int) -> np.ndarray:
        """One draw of counts for each row of log rates g (n, D)."""
        return as_generator(rng).poisson(self.mean(g)).astype(g.dtype)

    @staticmethod
    def output_for(x: np.ndarray) -> np.ndarray:
        """The log rates g at which E[x|g] = x, for x of at least 0.01."""
        return np.log(np.maximum(x, 0.01))

    @staticmethod
    def output_scale(scale: float) -> float:
        """1: log rates have no units."""
        return 1.0

    def check(self, x: np.ndarray) -> None:
        """Raise a ValueError unless all of x are whole numbers from 0."""
        odd = x[(x < 0) | (x != np.round(x)) | (x > 2.0**53)]
        if odd.size:
            raise ValueError(f"PoissonLikelihood got {odd[0]:.9g} in the data, expected counts, whole numbers from 0: "
                             "use GaussianLikelihood for other numbers; uint8 are read as images 0 … 255, so give "
                             "counts as X.astype(float)")

    def arrays(self) -> dict[str, np.ndarray]:
        """No parameters of its own."""
        return {}

    def on(self, parameters, prefix: str = "", gradient: bool = True) -> "PoissonLikelihood":
        """Itself, as there is nothing to move."""
        return self

    def __repr__(self):
        return "PoissonLikelihood()"


def log_factorial(x: np.ndarray) -> np.ndarray:
    """log x! = log Γ(x + 1) for x from 0, by Stirling's series at n = x + 10, in the type of x.

    >>> np.exp(log_factorial(np.array([0.0, 1.0, 5.0]))).round(9)
    array([  1.,   1., 120.])
    """
    n = x.real.astype(np.float64) + 10
    series = 1 / (12 * n) - 1 / (360 * n**3) + 1 / (1260 * n**5) - 1 / (1680 * n**7) + 1 / (1188 * n**9)
    # log n! less log (x + 1) … (x + 10)
    tail = np.log(np.multiply.reduce([n - i for i in range(10)]))
    return ((n + 0.5) * np.log(n) - n + 0.5 * LOG_2PI + series - tail).astype(x.dtype)
