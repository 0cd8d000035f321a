"""The layer with parameters, y = x W + b, and layers one after another: `chain(layer, …)`, `mlp([n, …])`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from npvae.arrays import described
from npvae.checks import LARGEST, as_generator, shown, truth, whole, wholes
from npvae.declared import is_affine, is_smooth
from npvae.nn.activations import tanh
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

    def given(self) -> "Affine":
        """The same layer, whose weights no fit starts anew, drawn or not."""
        return replace(self, drawn=None)

    def __repr__(self):
        return f"Affine({self.W.shape[0]}, {self.W.shape[1]})"


@dataclass(frozen=True)
class Chain:
    """Layers one after another; `back` runs theirs in reverse. Made by `chain` or `mlp`.

    It is affine, or smooth, if all its layers say so of themselves (`affine = True`, `smooth = True`).
    """

    layers: tuple

    def __post_init__(self):
        if not isinstance(self.layers, tuple | list) or not self.layers:
            raise ValueError(f"chain got {shown(self.layers)}, expected at least one layer: a callable that returns "
                             "(y, back)")
        for layer in self.layers:
            if not callable(layer) or isinstance(layer, type):
                raise ValueError(f"chain got {shown(layer)}, expected layers: callables that return (y, back)")

    @property
    def affine(self) -> bool:
        """Whether y is affine in x."""
        return all(is_affine(layer) for layer in self.layers)

    @property
    def smooth(self) -> bool:
        """Whether y has all derivatives in x."""
        return all(is_smooth(layer) for layer in self.layers)

    def __call__(self, x: np.ndarray) -> tuple[np.ndarray, Callable]:
        backs = []
        for layer in self.layers:
            x, back = layer(x)
            backs.append(back)

        def back(dy):
            for layer_back in reversed(backs):
                dy = layer_back(dy)
                if dy is None:
                    # a layer that reads data needs no gradient for what stands before it
                    return None
            return dy

        return x, back

    def arrays(self) -> dict:
        """The parameters by name: `0.W`, `0.b`, `2.W`, … numbered by place, as in a PyTorch `Sequential`."""
        return {f"{i}.{n}": a for i, layer in self._parametrised() for n, a in layer.arrays().items()}

    def on(self, parameters: Parameters, prefix: str = "", gradient: bool = True) -> "Chain":
        """The same network with its views in `parameters`; without `gradient` it is held fixed."""
        moved = {i: layer.on(parameters, f"{prefix}{i}.", gradient) for i, layer in self._parametrised()}
        return replace(self, layers=tuple(moved.get(i, layer) for i, layer in enumerate(self.layers)))

    def given(self) -> "Chain":
        """The same network, whose weights no fit starts anew, drawn or not."""
        return Chain(tuple(layer.given() if hasattr(layer, "given") else layer for layer in self.layers))

    def _parametrised(self):
        return [(i, layer) for i, layer in enumerate(self.layers) if hasattr(layer, "arrays")]

    def __repr__(self):
        return "chain(" + ", ".join(getattr(layer, "__name__", repr(layer)) for layer in self.layers) + ")"


def chain(*layers: Callable) -> Chain:
    """Compose layers, the first one applied first.

    Functions x -> (y, back) such as `tanh`, or layers with parameters such as `Affine`. A layer that stands in two
    places has two sets of parameters once a model or a solver lays the network out. A ValueError for no layers, or one
    that is not callable.

    Examples
    --------
    >>> chain(Affine.random(2, 3, np.random.default_rng(0)), tanh)
    chain(Affine(2, 3), tanh)
    """
    return Chain(layers)


def mlp(sizes: Sequence[int], activation: Callable = tanh, rng: np.random.Generator | int | None = None,
        input_gradient: bool = True) -> Chain:
    """A multi-layer perceptron: affine layers with an activation between them, none after the last.

    Parameters
    ----------
    sizes : sequence of int
        Numbers of units, input first: `[2, 64, 64]` is 2 inputs, one hidden layer of 64 and 64 outputs.
    activation : layer function
        `tanh`, `relu`, `leaky_relu`, `gelu`, `sigmoid`, `softplus` or your own.
    rng : numpy.random.Generator or int, optional
        Draws the initial weights. Without one, the sizes seed it: the same line gives the same weights.
    input_gradient : bool
        False for a network that reads data: nothing stands before it that could use the gradient.

    A ValueError for fewer than two sizes, one that is no positive integer, or an activation that is not callable.

    Examples
    --------
    >>> mlp([2, 64, 64])
    chain(Affine(2, 64), tanh, Affine(64, 64))
    """
    sizes = wholes("units", sizes)
    if len(sizes) < 2:
        raise ValueError(f"mlp got sizes {sizes}, expected two or more, e.g. [2, 64, 64]")
    if not callable(activation):
        raise ValueError(f"mlp got the activation {shown(activation)}, expected a layer function such as npvae.relu")
    input_gradient = truth("input_gradient", input_gradient)
    rng = np.random.default_rng(sizes) if rng is None else as_generator(rng)
    layers = []
    for n_in, n_out in zip(sizes, sizes[1:], strict=False):
        layers += [Affine.random(n_in, n_out, rng, input_gradient or bool(layers)), activation]
    return chain(*layers[:-1])


def _can_be_written(gradient, like):
    return (isinstance(gradient, np.ndarray) and gradient.shape == like.shape and gradient.flags.writeable
            and np.can_cast(like.dtype, gradient.dtype, "same_kind"))


def _checksum(W, b):
    # every weight counts by its place, so that none can be changed, or two exchanged, unnoticed
    return float(np.cos(np.arange(W.size)) @ W.real.ravel() + np.sin(np.arange(1, b.size + 1)) @ b.real.ravel())
