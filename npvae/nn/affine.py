"""The layer with parameters: y = x W + b."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from npvae.arrays import described
from npvae.checks import LARGEST, as_generator, whole
from npvae.nn.parameters import Parameters


@dataclass(frozen=True)
class Affine:
    """y = x W + b.

    Parameters
    ----------
    W, b : arrays (n_in, n_out), (n_out,)
    dW, db : arrays of the same shapes, or None
        Where `back` writes the gradients; None keeps none (the layer is held fixed).
    input_gradient : bool
        False spares the product dy Wᵀ in the first layer of a network that reads data; `back` then returns None.
    drawn : float, optional
        A checksum of weights that `random` drew: a fit may start these at its data, but not weights that were given.

    Examples
    --------
    >>> layer = Affine.random(3, 2, np.random.default_rng(0))
    >>> y, back = layer(np.ones((5, 3)))
    >>> back(np.ones((5, 2))).shape, layer.db
    ((5, 3), array([5., 5.]))
    """

    W: np.ndarray
    b: np.ndarray
    dW: np.ndarray | None = None
    db: np.ndarray | None = None
    input_gradient: bool = True
    drawn: float | None = None

    affine = smooth = True

    def __post_init__(self):
        W, b = self.W, self.b
        fits = isinstance(W, np.ndarray) and isinstance(b, np.ndarray) and W.ndim == 2 and b.shape == W.shape[1:]
        if not fits or W.dtype.kind not in "fc" or b.dtype.kind not in "fc":
            raise ValueError(f"Affine got W of {described(W)} and b of {described(b)}, expected arrays of floats of "
                             "shapes (n_in, n_out) and (n_out,)")
        for name, a, like in (("dW", self.dW, W), ("db", self.db, b)):
            if a is not None and not _can_be_written(a, like):
                raise ValueError(f"Affine got {name} of {described(a)}, expected None or an array of shape "
                                 f"{like.shape} that can be written and holds {like.dtype}")

    @classmethod
    def random(cls, n_in: int, n_out: int, rng: np.random.Generator | int, input_gradient: bool = True) -> "Affine":
        """Weights (Glorot & Bengio 2010, eq. 1), and as in PyTorch's `Linear` biases, from U(−1/√n_in, 1/√n_in)."""
        n_in, n_out, rng = whole("n_in", n_in), whole("n_out", n_out), as_generator(rng)
        if n_in * n_out > LARGEST:
            raise ValueError(f"a layer of {n_in} inputs and {n_out} outputs has {n_in * n_out} weights, expected at "
                             f"most {LARGEST}: take fewer units")
        bound = n_in**-0.5
        W, b = rng.uniform(-bound, bound, (n_in, n_out)), rng.uniform(-bound, bound, n_out)
        return cls(W, b, np.zeros_like(W), np.zeros_like(b), input_gradient, _checksum(W, b))

    @property
    def as_drawn(self) -> bool:
        """Whether the weights are still those that `random` drew."""
        # rounded to float32 they are, too
        rounding = 1e-7 * (np.abs(self.W).sum() + np.abs(self.b).sum())
        return self.drawn is not None and bool(abs(_checksum(self.W, self.b) - self.drawn) <= rounding)

    def __call__(self, x: np.ndarray) -> tuple[np.ndarray, Callable]:   # x (B, n_in)
        # y = x W + b
        y = x @ self.W
        y += self.b                                         # (B, n_out)

        def back(dy):                                       # (B, n_out)
            if self.dW is not None:
                # dW = xᵀ dy
                np.matmul(x.T, dy, out=self.dW)
            if self.db is not None:
                # db = Σ_b dy
                dy.sum(0, out=self.db)
            # dx = dy Wᵀ
            return dy @ self.W.T if self.input_gradient else None

        return y, back

    def arrays(self) -> dict:
        """The parameters by name."""
        return {"W": self.W, "b": self.b}

    def on(self, parameters: Parameters, prefix: str = "", gradient: bool = True) -> "Affine":
        """The same layer with its views in `parameters`; without `gradient` it is held fixed."""
        views = {name: parameters[prefix + name] for name in "Wb"}
        gradients = {"d" + name: parameters.gradient(prefix + name) if gradient else None for name in "Wb"}
        return replace(self, **views, **gradients)

    def __repr__(self):
        return f"Affine({self.W.shape[0]}, {self.W.shape[1]})"


def _can_be_written(gradient, like):
    return (isinstance(gradient, np.ndarray) and gradient.shape == like.shape and gradient.flags.writeable
            and np.can_cast(like.dtype, gradient.dtype, "same_kind"))


def _checksum(W, b):
    # every weight counts by its place, so that none can be changed, or two exchanged, unnoticed
    return float(np.cos(np.arange(W.size)) @ W.real.ravel() + np.sin(np.arange(1, b.size + 1)) @ b.real.ravel())
