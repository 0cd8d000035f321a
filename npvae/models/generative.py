"""p_θ(x, z) = p(z) p_θ(x|z): a latent family, a decoder and a likelihood, in any combination.

    Categorical × affine × Gaussian    mixture of Gaussians
    Gaussian    × affine × Gaussian    probabilistic PCA
    Gaussian    × MLP    × Gaussian    the lecture's variational autoencoder
    Gaussian    × MLP    × Bernoulli   the variational autoencoder of most papers
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from npvae.checks import as_generator, truth, whole
from npvae.models.checks import check_decoder
from npvae.models.data import as_floats
from npvae.models.own_parts import check_likelihood, tried_latent, tried_likelihood
from npvae.models.start import given, started
from npvae.nn import lay_out
from npvae.parts import completed_as


@dataclass(frozen=True)
class LatentVariableModel:
    """A generative model z ~ p(z), x ~ p_θ(x|z) = likelihood(x; decoder(z)).

    Parameters
    ----------
    latent : Gaussian, FullGaussian, Categorical or yours
    decoder : network
        Maps z (B, K) to what the likelihood takes: g(z) (B, D), or logits. A ValueError if it does not, or has no
        gradient for z.
    likelihood : GaussianLikelihood, BernoulliLikelihood, PoissonLikelihood, LaplaceLikelihood or yours
        What yours have, `npvae.models.protocols` says; it is looked at here, and what it lacks is a ValueError.

    Examples
    --------
    >>> from npvae import Gaussian, GaussianLikelihood, mlp
    >>> model = LatentVariableModel(Gaussian(2), mlp([2, 64, 64]), GaussianLikelihood())
    >>> x, z = model.sample(5, np.random.default_rng(0))
    >>> x.shape, z.shape
    ((5, 64), (5, 2))
    """

    latent: object
    decoder: object
    likelihood: object

    closed_forms = frozenset({"likelihood of the decoder's output"})

    def __post_init__(self):
        self._take(latent=tried_latent(self.latent))
        check_likelihood(self.likelihood)
        g = check_decoder(self.decoder, self.latent)
        self._take(likelihood=tried_likelihood(self.likelihood, g))

    @property
    def data_dim(self) -> int:
        """D, the number of columns that the data must have."""
        # 0 may be no z of this family
        with np.errstate(all="ignore"):
            return self.decode(np.zeros((1, self.latent.dim))).shape[1]

    def log_likelihood(self, x: ArrayLike, z: np.ndarray) -> tuple[np.ndarray, Callable]:
        """log p_θ(x|z) and its backward pass.

        Parameters
        ----------
        x : array (B, D)
        z : array (S, B, K), or (S, 1, K) when every x meets the same nodes

        Returns
        -------
        value (S, B) nats, back : dvalue (S, B) -> dz of the shape of z
        """
        if not isinstance(x, np.ndarray) or x.dtype.kind not in "fc":
            x = as_floats(x)
        S, B, K = z.shape
        g, back_decoder = self.decoder(z.reshape(S * B, K))
        value, back_likelihood = self.likelihood.log_prob(x, g.reshape(S, B, -1))

        def back(dvalue):
            dg = back_likelihood(dvalue)
            # a sum over x where all of them met the same g
            dz = back_decoder((dg if dg.shape[1] == B else dg.sum(1)).reshape(S * B, -1))
            return None if dz is None else dz.reshape(S, B, K)

        return value, back

    def decode(self, z: np.ndarray) -> np.ndarray:
        """E[x|z] for z (B, K): (B, D)."""
        return self.likelihood.mean(self.decoder(z)[0])

    def sample(self, n: int, rng: np.random.Generator | int) -> tuple[np.ndarray, np.ndarray]:
        """Ancestral sampling, z ~ p(z), then x ~ p_θ(x|z): x (n, D), z (n, K)."""
        # one generator for both: a seed is not to give z and x the same numbers
        n, rng = whole("n", n), as_generator(rng)
        z = self.latent.sample_prior(n, rng)
        return self.likelihood.sample(self.decoder(z)[0], rng), z

    def arrays(self) -> dict[str, np.ndarray]:
        """θ by name: `latent.…`, `decoder.…`, `likelihood.…`."""
        return {f"{part}.{n}": a for part in ("latent", "decoder", "likelihood")
                for n, a in getattr(self, part).arrays().items()}

    def on(self, parameters, prefix: str = "", gradient: bool = True) -> LatentVariableModel:
        """The same model with θ in `parameters`; without `gradient` it is held fixed."""
        moved = {}
        for name in ("latent", "decoder", "likelihood"):
            part = getattr(self, name)
            moved[name] = completed_as(part.on(parameters, f"{prefix}{name}.", gradient), part)
        # not made anew, for what these parts are has been checked
        return copy.copy(self)._take(**moved)

    def copy(self, dtype=np.float64, gradient: bool = True) -> LatentVariableModel:
        """The same model with its own θ, in another dtype if asked; without `gradient` it is held fixed."""
        return self.on(lay_out({"theta": self}, dtype), "theta.", truth("gradient", gradient))

    def started(self, X: np.ndarray, rng: np.random.Generator | int = 0) -> LatentVariableModel:
        """The same model started at the data X (m, D): weights as drawn, and a σ_g that was not given.

        Weights that were set or trained stay. `rng`, a Generator or a seed, chooses the rows at which a mixture's
        means start.
        """
        return started(self, X, as_generator(rng))

    def given(self) -> LatentVariableModel:
        """The same model, whose weights a solver takes as they are, even if they were drawn at random."""
        return replace(self, decoder=given(self.decoder))

    def _take(self, **parts):
        # frozen for its users
        for name, part in parts.items():
            object.__setattr__(self, name, part)
        return self
