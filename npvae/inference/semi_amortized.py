"""Between solution 2 and a q_i for each datapoint: an encoder's row, and from there some steps of argmax_q."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from npvae.checks import whole
from npvae.inference.elbo import lower_bound
from npvae.inference.posteriors import Amortized, check_encoder
from npvae.inference.quadrature import quadrature_nodes
from npvae.models import LatentVariableModel
from npvae.models.checks import check_model
from npvae.models.climb import climb


@dataclass(frozen=True)
class SemiAmortized:
    """q_φ(z|x) and `steps` steps of the climb q ← argmax_q L(q, x, θ) from it (Kim et al. 2018).

    With 0 steps it is `Amortized`; on the nodes of the climb no further step lowers the ELBO of a row, so that the
    amortization gap falls with the steps, in the end to that of `argmax_q`.

    Parameters
    ----------
    encoder : network
        Maps x (B, D) to rows (B, R), e.g. `solver.posterior.encoder`.
    model
        Its θ is held.
    steps
        From 0.

    Examples
    --------
    >>> from npvae.models import mlp_model
    >>> from npvae.nn import mlp
    >>> model, x = mlp_model(1, [4], 3), np.ones((5, 3))
    >>> q, _ = SemiAmortized(mlp([3, 2]), model, steps=10)(x)
    >>> q.shape
    (5, 2)
    """

    encoder: object
    model: LatentVariableModel
    steps: int = 10

    def __post_init__(self):
        check_encoder(self.encoder, check_model(self.model))
        object.__setattr__(self, "steps", whole("steps", self.steps, least=0))

    def __call__(self, x: np.ndarray, index=None) -> tuple[np.ndarray, Callable]:
        """The rows for x (B, D); `back(dq)` writes φ's gradient as if the steps added a constant to the encoder's row.

        That leaves out how the steps bend with the row where they start.
        """
        q, back = self.encoder(x)
        if not self.steps:
            return q, back
        model, x = self.model.copy(q.dtype, gradient=False), x.astype(q.dtype)
        nodes = quadrature_nodes(model, q.dtype)
        with np.errstate(all="ignore"):
            # the climb looks at where it starts, too: k steps are k + 1 looks
            return climb(lambda q, rows: lower_bound(model, q, x[rows], nodes), q, 1e-12, self.steps + 1), back

    size = Amortized.size
