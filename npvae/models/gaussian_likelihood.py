"""p_θ(x|z) = N(x; g(z), σ_g² I), given the decoder's output g(z)."""

import copy
import math
from collections.abc import Callable

import numpy as np

from npvae.checks import as_generator, positive, truth
from npvae.models.data import moments
from npvae.models.gaussian_latent import LOG_2PI
from npvae.models.learned_parts import RealLikelihood

FEW = 64    # nodes of which each gets its differences by itself


class GaussianLikelihood(RealLikelihood):
    """p_θ(x|z) = N(x; g(z), σ_g² I): the lecture's Gaussian decoder with its σ_g.

        log p(x|z) = −(D/2) log 2π − D log σ_g − ‖x − g(z)‖² / (2σ_g²)

    Parameters
    ----------
    sigma_g
        The standard deviation, in the data's units ([0, 1] for uint8 images): a positive finite number, its square,
        too. Without it σ_g starts at the data's standard deviation.
    learn
        Whether log σ_g belongs to θ. By default it does if `sigma_g` was not given.

    Examples
    --------
    >>> likelihood = GaussianLikelihood(sigma_g=1.0)
    >>> value, back = likelihood.log_prob(np.ones((1, 2)), np.zeros((1, 1, 2)))
    >>> value.round(4), back(np.ones((1, 1)))
    (array([[-2.8379]]), array([[[1., 1.]]]))
    """

    closed_forms = frozenset({"isotropic normal"})
    array = "log_sigma"

    def __init__(self, sigma_g: float | None = None, learn: bool | None = None):
        if sigma_g is not None and not 1e-150 < (sigma_g := positive("sigma_g", sigma_g)) < 1e150:
            raise ValueError(f"sigma_g is {sigma_g}, expected a positive finite number, its square, too "
                             "(in the data's units)")
        self.from_data = sigma_g is None
        self.learn = self.from_data if learn is None else truth("learn", learn)
        self.log_sigma = np.array(0.0 if sigma_g is None else math.log(sigma_g))
        self.dlog_sigma = np.zeros_like(self.log_sigma) if self.learn else None

    @property
    def sigma_g(self) -> float:
        """The standard deviation as it stands now; infinite where steps that were too long have brought it."""
        with np.errstate(over="ignore"):
            return float(np.exp(float(self.log_sigma.real)))

    @property
    def alpha(self) -> float:
        """The lecture's weight of the squared error, α = 1/(2σ_g²)."""
        return 0.5 / self.sigma_g**2

    def log_prob(self, x: np.ndarray, g: np.ndarray) -> tuple[np.ndarray, Callable]:
        """log p(x|z) for x (B, D) and the decoder's g (S, B or 1, D): (S, B) nats, and back : (S, B) -> dg."""
        # [()] makes a number of the array without dimensions, with which arithmetic is five times faster
        log_sigma = self.log_sigma[()]
        precision = np.exp(-2 * log_sigma)                  # 1/σ_g²
        D = x.shape[1]
        error = x - g                                       # (S, B, D)
        # a row times a column, for each s and b: three times faster than einsum
        scaled = precision * (error[:, :, None] @ error[..., None])[..., 0, 0]
        # −(D/2) log 2π − D log σ_g − ‖x − g‖²/(2σ_g²)
        value = -0.5 * scaled - D * (0.5 * LOG_2PI + log_sigma)

        def back(dvalue):                                   # (S, B)
            if self.dlog_sigma is not None:
                # ∂/∂log σ_g = ‖x − g‖²/σ_g² − D
                np.copyto(self.dlog_sigma, (dvalue * (scaled - D)).sum())
            # ∂/∂g = (x − g)/σ_g²
            dg = error * (dvalue * precision)[:, :, None]
            return dg if g.shape[1] == len(x) else dg.sum(1, keepdims=True)

        return value, back

    def log_prob_table(self, x: np.ndarray, g: np.ndarray) -> np.ndarray:
        """log p(x|z) of every x (B, D) under every node's g (S, D): (S, B) nats."""
        log_sigma, D = float(self.log_sigma.real), x.shape[1]
        squares = _few_squares(x, g) if len(g) <= FEW else _many_squares(x, g)
        squares *= -0.5 * math.exp(-2 * log_sigma)
        squares -= D * (0.5 * LOG_2PI + log_sigma)
        return squares

    @property
    def curvature(self) -> float:
        """The most by which log p(x|z) bends downwards along any direction of g: 1/σ_g². It never bends upwards."""
        return math.exp(-2 * float(self.log_sigma.real))

    def ceiling(self, x: np.ndarray, g: np.ndarray, reach: np.ndarray) -> np.ndarray:
        """The greatest log p(x|z) that outputs within `reach` (P, D) of g (P, D) give for x (P, D): (P,) nats."""
        squares = (np.maximum(np.abs(x - g) - reach, 0) ** 2).sum(1)
        return self.greatest_log_prob(x.shape[1]) - 0.5 * self.curvature * squares

    def greatest_log_prob(self, D: int) -> float:
        """The greatest log p(x|z) that any output of D numbers can give, nats."""
        return -D * (0.5 * LOG_2PI + float(self.log_sigma.real))

    def sample(self, g: np.ndarray, rng: np.random.Generator | int) -> np.ndarray:
        """One draw x ~ N(g, σ_g² I) for each row of g (n, D)."""
        return g + self.sigma_g * as_generator(rng).standard_normal(g.shape)

    def started(self, x: np.ndarray) -> "GaussianLikelihood":
        """The same likelihood with σ_g at the standard deviation of x (m, D), if it was to start from the data.

        To be called before it is laid out in a vector. A ValueError if the data's variance is not finite.
        """
        return self.with_variance(moments(x).variance) if self.from_data else self

    def with_variance(self, V: float) -> "GaussianLikelihood":
        """The same likelihood with σ_g² = V (1 for V = 0), if it was to start from the data."""
        twin = copy.copy(self)
        if self.from_data:
            twin.log_sigma, twin.from_data = np.array(0.5 * math.log(V) if V > 0 else 0.0), False
        return twin

    def check(self, x: np.ndarray) -> None:
        """Raise a ValueError if ‖x‖² or ‖x‖²/σ_g² would pass the largest float; every other number is a possible x."""
        greatest, most = float(np.abs(x).max()), 1e150 * min(1.0, self.sigma_g)
        if greatest > most:
            raise ValueError(f"data has values up to {greatest:.3g}, expected at most {most:.3g} with sigma_g = "
                             f"{self.sigma_g:.3g}: the squares would overflow; rescale the data, to about [0, 1]")

    def __repr__(self):
        return f"GaussianLikelihood(sigma_g={self.sigma_g:.4g}, learn={self.learn})"


def _few_squares(x, g):
    # ‖x − g_s‖² of each node s by itself: nothing cancels, however small σ_g is
    return np.stack([np.einsum("bd,bd->b", error, error) for error in (x - node for node in g)])


def _many_squares(x, g):
    # ‖x − g‖² = ‖x − c‖² + ‖g − c‖² − 2 (x − c)·(g − c), about the outputs' mean c so that less cancels
    center = g.mean(0)
    x, g = x - center, g - center
    squares = -2 * (g @ x.T)
    squares += np.einsum("bd,bd->b", x, x)
    squares += np.einsum("sd,sd->s", g, g)[:, None]
    return np.maximum(squares, 0, out=squares)
