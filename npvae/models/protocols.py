"""What a latent family, a likelihood and a noise rule have, those of a user as well as the package's own."""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from npvae.models.noise import Noise
from npvae.parts import optional


class LatentFamily(Protocol):
    """The prior p(z) and the family of q(z|x), each described by a row q (R,) of any real numbers."""

    @property
    def dim(self) -> int:
        """-> K, the numbers in z."""

    @property
    def row_size(self) -> int:
        """-> R, the numbers in a row q."""

    def nodes(self, q: np.ndarray, noise: Noise) -> tuple[np.ndarray, np.ndarray, Callable]:
        """q (B, R), noise eps (S, B or 1, K), w (S, 1) -> z (S, B, K), w (S, 1 or B), back: dz, dw (S, B) -> dq (B, R).

        E_q f(z) ≈ Σ_s w_s f(z_s), with eps ~ N(0, 1). A family that has all its z as nodes uses no noise.
        """

    def kl(self, q: np.ndarray) -> tuple[np.ndarray, Callable]:
        """q (B, R) -> KL(q ‖ p) (B,), back: dkl (B,) -> dq (B, R).

        `back` writes the gradients of the prior's parameters, if it has any.
        """

    @optional("no log p(x), importance-weighted bound or score function")
    def log_prior(self, z: np.ndarray) -> np.ndarray:
        """z (..., K) -> log p(z) (...)."""

    @optional("no importance-weighted bound or score function")
    def log_q(self, q: np.ndarray, z: np.ndarray) -> np.ndarray:
        """q (B, R), z (S, B, K) -> log q(z) (S, B)."""

    @optional("draws are nodes on normal noise")
    def sample(self, q: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
        """q (B, R), n, rng -> z (n, B, K), draws from q."""

    @optional("draws from q of the prior's row")
    def sample_prior(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """n, rng -> z (n, K), draws from the prior."""

    @optional("a climb finds the row of the least KL")
    def prior_row(self) -> np.ndarray:
        """-> q (R,), the row of the prior, where rows start."""

    @optional("the mean of the nodes")
    def mean(self, q: np.ndarray) -> np.ndarray:
        """q (B, R) -> E_q z (B, K)."""

    @optional("argmax_q starts at the prior's row")
    def starting_rows(self, log_joint: Callable, batch: int, rng: np.random.Generator) -> np.ndarray:
        """log_joint: z (S, K) -> (S, B), batch, rng -> q (B, R), where argmax_q starts."""

    @optional("it has no parameters")
    def arrays(self) -> dict[str, np.ndarray]:
        """-> {name: array}, the prior's parameters."""

    @optional("it has no parameters")
    def on(self, parameters, prefix: str = "", gradient: bool = True) -> "LatentFamily":
        """parameters, prefix, gradient -> the same family on the views parameters[prefix + name]."""


class Likelihood(Protocol):
    """p_θ(x|z), from the decoder's g(z)."""

    def log_prob(self, x: np.ndarray, g: np.ndarray) -> tuple[np.ndarray, Callable]:
        """x (B, D), g (S, B, D) -> (S, B), back: dvalue (S, B) -> dg (S, B, D).

        Nats. g is (S, 1, D) where all x meet the same nodes; `back` may then return (S, B, D) or its sum over B. The
        decoder may return more numbers than x has: g (S, B, G). `back` writes the gradients of its own parameters.
        """

    def mean(self, g: np.ndarray) -> np.ndarray:
        """g (B, D) -> E[x|z] (B, D)."""

    @optional("no draws of x, only means")
    def sample(self, g: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """g (B, D), rng -> x (B, D), a draw for each row."""

    @optional("all finite data are taken")
    def check(self, x: np.ndarray) -> None:
        """x (B, D) -> None, or a ValueError for what cannot be data."""

    @optional("`mean` is inverted by halving, or, if it mixes columns, the decoder stays as drawn")
    def output_for(self, x: np.ndarray) -> np.ndarray:
        """x (..., D) -> g (..., D), where E[x|z] = x: there the decoder starts."""

    @optional("the scale itself if `output_for` is a line, else 1")
    def output_scale(self, scale: float) -> float:
        """scale -> by how much g differs where x differs by that."""

    @optional("its width starts as it was made")
    def with_variance(self, V: float) -> "Likelihood":
        """V -> the same likelihood, started at data of that variance."""

    @optional("`log_prob`, a piece at a time")
    def log_prob_table(self, x: np.ndarray, g: np.ndarray) -> np.ndarray:
        """x (B, D), g (S, D) -> (S, B), each x under each g."""

    @optional("it has no parameters")
    def arrays(self) -> dict[str, np.ndarray]:
        """-> {name: array}, its own parameters, e.g. a log width."""

    @optional("it has no parameters")
    def on(self, parameters, prefix: str = "", gradient: bool = True) -> "Likelihood":
        """parameters, prefix, gradient -> the same likelihood on the views parameters[prefix + name]."""


class NoiseRule(Protocol):
    """Where q is evaluated: a function, or an object that is called as one."""

    def __call__(self, rng: np.random.Generator, batch: int, dim: int, dtype: type) -> Noise:
        """rng, batch, dim, dtype -> Noise(eps (S, batch or 1, dim), w (S, 1)).

        Σ_s w_s f(eps_s) ≈ E f(ε), ε ~ N(0, I): the weights sum to 1.
        """

    @property
    @optional("True")
    def random(self) -> bool:
        """-> False if rng is not used, so that full sweeps may climb on these nodes."""
