"""p_θ(x|z) of what was seen of x: missing numbers are NaN, and are integrated out."""

from collections.abc import Callable

import numpy as np

from npvae.models.gaussian_latent import LOG_2PI
from npvae.models.gaussian_likelihood import GaussianLikelihood


class SeenPixelsLikelihood(GaussianLikelihood):
    """`GaussianLikelihood` of the numbers of x that are not NaN, so that log p_θ(x) is that of what was seen.

        log p(x|z) = Σ_{d seen} log N(x_d; g_d(z), σ_g²)

    Parameters
    ----------
    sigma_g, learn
        As in `GaussianLikelihood`.

    Examples
    --------
    >>> x = np.array([[1.0, np.nan]])
    >>> value, back = SeenPixelsLikelihood(sigma_g=1.0).log_prob(x, np.zeros((1, 1, 2)))
    >>> value.round(4), back(np.ones((1, 1)))
    (array([[-1.4189]]), array([[[1., 0.]]]))
    """

    takes_missing = True

    def log_prob(self, x: np.ndarray, g: np.ndarray) -> tuple[np.ndarray, Callable]:
        """log p(x|z) for x (B, D) with NaN and g (S, B or 1, D): (S, B) nats, and back : (S, B) -> dg."""
        log_sigma, seen = self.log_sigma[()], ~np.isnan(x)
        precision, n = np.exp(-2 * log_sigma), seen.sum(1).astype(x.real.dtype)     # 1/σ_g², (B,)
        error = np.where(seen, x - g, 0)                    # (S, B, D)
        scaled = precision * (error * error).sum(2)
        # −(n/2) log 2π − n log σ_g − ‖x − g‖²/(2σ_g²) with the n numbers that were seen
        value = -0.5 * scaled - n * (0.5 * LOG_2PI + log_sigma)

        def back(dvalue):                                   # (S, B)
            if self.dlog_sigma is not None:
                # ∂/∂log σ_g = ‖x − g‖²/σ_g² − n
                np.copyto(self.dlog_sigma, (dvalue * (scaled - n)).sum())
            # ∂/∂g = (x − g)/σ_g², 0 where nothing was seen
            dg = error * (dvalue * precision)[:, :, None]
            return dg if g.shape[1] == len(x) else dg.sum(1, keepdims=True)

        return value, back

    def __repr__(self):
        return f"SeenPixelsLikelihood(sigma_g={self.sigma_g:.4g}, learn={self.learn})"


def seen_or_zero(x: np.ndarray) -> tuple[np.ndarray, Callable]:
    """y = x, and 0 for NaN: the first layer of an encoder, which stands behind the data's mean; dx = dy where seen."""
    seen = ~np.isnan(x)
    return np.where(seen, x, 0), lambda dy: None if dy is None else np.where(seen, dy, 0)
