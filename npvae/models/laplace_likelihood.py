"""p_θ(x|z) with the absolute error in place of the squared one: outliers cost little."""

import copy
import math
from collections.abc import Callable

import numpy as np

from npvae.checks import as_generator, positive, truth
from npvae.models.learned_parts import RealLikelihood


class LaplaceLikelihood(RealLikelihood):
    """p_θ(x|z) = Π_d Laplace(x_d; g_d(z), b), with its width b.

        log p(x|z) = −D log 2b − Σ_d |x_d − g_d(z)| / b

    Parameters
    ----------
    b
        The mean absolute deviation, in the data's units. Without it b starts at σ/√2, with the data's σ.
    learn
        Whether log b belongs to θ. By default it does if `b` was not given.

    Examples
    --------
    >>> value, back = LaplaceLikelihood(b=0.5).log_prob(np.ones((1, 2)), np.zeros((1, 1, 2)))
    >>> value, back(np.ones((1, 1)))
    (array([[-4.]]), array([[[2., 2.]]]))
    """

    array = "log_b"

    def __init__(self, b: float | None = None, learn: bool | None = None):
        if b is not None and not 1e-150 < (b := positive("b", b)) < 1e150:
            raise ValueError(f"b is {b}, expected a positive finite number, its square, too (in the data's units)")
        self.from_data = b is None
        self.learn = self.from_data if learn is None else truth("learn", learn)
        self.log_b = np.array(0.0 if b is None else math.log(b))
        self.dlog_b = np.zeros_like(self.log_b) if self.learn else None

    @property
    def b(self) -> float:
        """The mean absolute deviation as it stands now."""
        with np.errstate(over="ignore"):
            return float(np.exp(float(self.log_b.real)))

    @property
    def sigma_g(self) -> float:
        """The standard deviation, √2 b."""
        return math.sqrt(2) * self.b

    def log_prob(self, x: np.ndarray, g: np.ndarray) -> tuple[np.ndarray, Callable]:
        """log p(x|z) for x (B, D) and the decoder's g (S, B or 1, D): (S, B) nats, and back : (S, B) -> dg."""
        log_b, D = self.log_b[()], x.shape[1]
        error = (x - g) * np.exp(-log_b)                    # (S, B, D), in units of b
        sign = np.sign(error.real)
        scaled = (sign * error).sum(2)
        # −D log 2b − Σ_d |x_d − g_d|/b
        value = -scaled - D * (math.log(2) + log_b)

        def back(dvalue):                                   # (S, B)
            if self.dlog_b is not None:
                # ∂/∂log b = Σ_d |x_d − g_d|/b − D
                np.copyto(self.dlog_b, (dvalue * (scaled - D)).sum())
            # ∂/∂g = sign(x − g)/b
            dg = sign * (dvalue * np.exp(-log_b))[:, :, None]
            return dg if g.shape[1] == len(x) else dg.sum(1, keepdims=True)

        return value, back

    def sample(self, g: np.ndarray, rng: np.random.Generator | int) -> np.ndarray:
        """One draw x for each row of g (n, D)."""
        return g + as_generator(rng).laplace(0, self.b, g.shape)

    def with_variance(self, V: float) -> "LaplaceLikelihood":
        """The same likelihood with 2b² = V (b = 1 for V = 0), if it was to start from the data."""
        twin = copy.copy(self)
        if self.from_data:
            twin.log_b, twin.from_data = np.array(0.5 * math.log(V / 2) if V > 0 else 0.0), False
        return twin

    def check(self, x: np.ndarray) -> None:
        """Raise a ValueError if Σ|x|/b, or the data's variance, would pass the largest float."""
        greatest, most = float(np.abs(x).max()), 1e150 * min(1.0, self.b)
        if greatest > most:
            raise ValueError(f"data has values up to {greatest:.3g}, expected at most {most:.3g} with b = "
                             f"{self.b:.3g}: rescale the data, to about [0, 1]")

    def __repr__(self):
        return f"LaplaceLikelihood(b={self.b:.4g}, learn={self.learn})"
