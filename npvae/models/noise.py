"""Where a Gaussian q is evaluated: nodes ε with weights w, so that E_q f(z) ≈ Σ_s w_s f(μ + σ ⊙ ε_s).

The noise is an argument of the ELBO, drawn outside: given the noise, the ELBO is a deterministic function of q and
θ that can be differentiated and checked. One Monte-Carlo draw is the lecture's one-sample approximation.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from npvae.arrays import finite_array, float_dtype, numbers
from npvae.checks import LARGEST, as_generator, shown, whole

MOST_DIMENSIONS = 32    # of a tensor rule: NumPy has no arrays of many more


class Noise(NamedTuple):
    """Nodes and weights for a batch: eps (S, B, K), or (S, 1, K) when all rows share them, and w (S, 1)."""

    eps: np.ndarray
    w: np.ndarray


class _Rule:
    # what the rules share: the door

    random = False

    def __call__(self, rng: np.random.Generator | int | None, batch: int, dim: int, dtype=np.float64) -> Noise:
        """Nodes for a batch of rows in R^dim, of their own for each row where they are drawn at random."""
        dtype = float_dtype(dtype)
        if self.random:
            rng = as_generator(rng)
            if dtype not in (np.float32, np.float64):
                raise ValueError(f"dtype is {dtype}, expected float64 or float32: draws are made in no other")
        return self._draw(rng, whole("batch", batch, most=LARGEST), whole("dim", dim, most=LARGEST), dtype)


@dataclass(frozen=True)
class MonteCarlo(_Rule):
    """S independent draws ε ~ N(0, I) for every row, each with weight 1/S. Unbiased at any K.

    Parameters
    ----------
    samples
        S, draws a row; a ValueError if it is not a whole number from 1.

    Examples
    --------
    >>> MonteCarlo(3)(np.random.default_rng(0), batch=5, dim=2).eps.shape
    (3, 5, 2)
    """

    samples: int = 1
    random = True

    def __post_init__(self):
        # frozen for its users; this is where it is made
        object.__setattr__(self, "samples", whole("samples", self.samples, most=LARGEST))

    def _draw(self, rng, batch, dim, dtype):
        eps = rng.standard_normal((self.samples, batch, dim), dtype)
        return Noise(eps, np.full((self.samples, 1), 1 / self.samples, dtype))


@dataclass(frozen=True)
class GaussHermite(_Rule):
    """The tensor Gauss–Hermite rule: nodes^K points, exact for polynomials up to degree 2·nodes − 1 in each ε_j.

    Parameters
    ----------
    nodes
        A dimension; a ValueError if it is not a whole number from 1, and from a call for more than 10⁶ points or nodes
        beyond floats.

    Examples
    --------
    >>> eps, w = GaussHermite(3)(None, batch=5, dim=2)
    >>> eps.shape, float((w[:, :, None] * eps**2).sum().round(12))    # Σ_j E ε_j² = 2
    ((9, 1, 2), 2.0)
    """

    nodes: int = 20

    def __post_init__(self):
        object.__setattr__(self, "nodes", whole("nodes", self.nodes, most=LARGEST))

    def _draw(self, rng, batch, dim, dtype):
        points = self.nodes**dim if dim <= MOST_DIMENSIONS else math.inf
        if points > 1_000_000:
            raise ValueError(f"{self.nodes} nodes in {dim} dimensions are {points} points: "
                             "use MonteCarlo or Cubature above two dimensions")
        with np.errstate(all="ignore"):
            x, w = np.polynomial.hermite_e.hermegauss(min(self.nodes, 1000))
        if not np.isfinite([x, w]).all():
            raise ValueError(f"{self.nodes} Gauss–Hermite nodes are beyond the range of floats: take 300 or fewer")
        eps, weights = tensor(x, dim)[:, None], tensor(w / w.sum(), dim).prod(1, keepdims=True)
        return Noise(eps.astype(dtype), weights.astype(dtype))


@dataclass(frozen=True)
class Cubature(_Rule):
    """The 2K points ±√K e_j with weight 1/(2K): exact for polynomials up to degree 3, so for every linear decoder.

    McNamee & Stenger 1967; the points of the unscented and cubature Kalman filters.

    Examples
    --------
    >>> Cubature()(None, batch=5, dim=2).eps[:, 0].round(3)
    array([[ 1.414,  0.   ],
           [ 0.   ,  1.414],
           [-1.414, -0.   ],
           [-0.   , -1.414]])
    """

    def _draw(self, rng, batch, dim, dtype):
        e = math.sqrt(dim) * np.eye(dim, dtype=dtype)[:, None]
        return Noise(np.concatenate([e, -e]), np.full((2 * dim, 1), 1 / (2 * dim), dtype))


def noise_of_batches(rule: Callable, dim: int, dtype) -> Callable[[np.random.Generator, int], Noise]:
    """What a solver calls for each batch, (rng, batch) -> Noise: a rule behind its door, or a user's function."""
    if isinstance(rule, _Rule) and type(rule).__call__ is _Rule.__call__:
        return partial(rule._draw, dim=dim, dtype=dtype)
    return partial(_answer, rule, dim, dtype)


def _answer(rule, dim, dtype, rng, batch):
    return rule(rng, batch, dim, dtype)


def tensor(side: np.ndarray, K: int) -> np.ndarray:
    """All points whose K coordinates are in `side` (n,): (n^K, K)."""
    return np.stack(np.meshgrid(*[side] * K, indexing="ij"), axis=-1).reshape(-1, K)


def check_noise(noise: Noise, batch: int, dim: int) -> Noise:
    """The noise, or a ValueError unless eps is (S, batch or 1, dim) and w a weight for each node, all finite.

    >>> check_noise(None, 5, 2)
    Traceback (most recent call last):
    ValueError: noise is None, expected a Noise(eps, w), e.g. MonteCarlo()(rng, batch=5, dim=2)
    """
    if not isinstance(noise, tuple) or not all(hasattr(noise, name) for name in ("eps", "w")):
        raise ValueError(f"noise is {shown(noise)}, expected a Noise(eps, w), e.g. MonteCarlo()(rng, batch={batch}, "
                         f"dim={dim})")
    eps, w = finite_array("noise.eps", noise.eps, ("nodes", "rows", dim)), numbers("noise.w", noise.w)
    if eps.dtype.kind == "c" or w.dtype.kind == "c":
        raise ValueError("noise holds complex numbers, expected real nodes and weights")
    if eps.shape[1] not in (1, batch) or not len(eps):
        raise ValueError(f"noise.eps has shape {eps.shape}, expected (nodes, {batch} or 1, {dim}), from one node")
    if w.ndim and w.shape not in ((len(eps), 1), (len(eps), batch)) or not np.isfinite(w).all():
        raise ValueError(f"noise.w has shape {w.shape}, expected {(len(eps), 1)} finite numbers: one for each "
                         "node")
    # one weight for all nodes, written out: (S, 1)
    return Noise(eps, w if w.ndim else np.full((len(eps), 1), w))
