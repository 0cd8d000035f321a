"""Where datapoint i's q comes from. This, and nothing else, is what the three solvers differ in.

    Free        q_i     a table with one row for each datapoint
    Shared      q       one row for all of them: "solution 1"
    Amortized   q_φ     the output of an encoder: "solution 2"

Each is called as `q, back = posterior(x, index)` with q (B, R).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from npvae.checks import shown
from npvae.models import LatentVariableModel
from npvae.nn.own_networks import try_network
from npvae.nn.parameters import check_network


@dataclass(frozen=True)
class Free:
    """q_i(z|x^i): a row of its own for every datapoint, in a table (m, R).

    Examples
    --------
    >>> q, back = Free(np.zeros((10, 4)))(None, np.array([3, 7]))
    >>> q.shape
    (2, 4)
    """

    table: np.ndarray

    def __call__(self, x, index: np.ndarray | slice) -> tuple[np.ndarray, Callable]:
        """The rows `index`; `back(dq)` returns their gradient as it is, (index, dq): a batch touches few rows."""
        return self.table[index], lambda dq: (index, dq)

    @property
    def size(self) -> int:
        """Number of variational parameters, m · R."""
        return self.table.size


@dataclass(frozen=True)
class Shared:
    """q(z): one row (R,) for all data, whatever x is.

    Parameters
    ----------
    row
    drow
        Where `back` writes the gradient.

    Examples
    --------
    >>> shared = Shared(np.zeros(4), np.zeros(4))
    >>> q, back = shared(np.ones((5, 3)))
    >>> back(np.ones((5, 4)))
    >>> shared.drow
    array([5., 5., 5., 5.])
    """

    row: np.ndarray
    drow: np.ndarray

    def __call__(self, x: np.ndarray, index=None) -> tuple[np.ndarray, Callable]:
        """The row, once for each x."""

        def back(dq):
            # ∂/∂q = Σ_i dq_i
            np.copyto(self.drow, dq.sum(0))

        return np.broadcast_to(self.row, (len(x), len(self.row))), back

    @property
    def size(self) -> int:
        """Number of variational parameters, R."""
        return self.row.size


@dataclass(frozen=True)
class Amortized:
    """q_φ(z|x): the row is the output of an encoder, a network that maps x (B, D) to rows (B, R).

    Examples
    --------
    >>> from npvae.nn import mlp
    >>> Amortized(mlp([3, 8, 4])).size
    68
    """

    encoder: object

    def __call__(self, x: np.ndarray, index=None) -> tuple[np.ndarray, Callable]:
        """The encoder's rows for x; `back(dq)` writes φ's gradient."""
        return self.encoder(x)

    @property
    def size(self) -> int:
        """Number of variational parameters, those of the encoder, whatever m is."""
        return sum(a.size for a in self.encoder.arrays().values())


def check_encoder(encoder: Callable, model: LatentVariableModel) -> Callable:
    """The encoder, or a ValueError unless it is a network that maps the model's data (B, D) to rows (B, R)."""
    check_network("encoder", encoder)
    try_network("encoder", encoder, model.data_dim, input_gradient=False)
    try:
        rows = encoder(np.zeros((1, model.data_dim)))[0].shape[1]
    except (ValueError, TypeError, AttributeError, IndexError) as mismatch:
        raise ValueError(f"the encoder {shown(encoder)} does not take rows of {model.data_dim} numbers") from mismatch
    if rows != model.latent.row_size:
        raise ValueError(f"the encoder returns {rows} numbers a row, expected {model.latent.row_size} for "
                         f"{model.latent}: [mu, log_sigma] for Gaussian, logits for Categorical")
    return encoder
