"""Models that have a name: products of a latent family, a decoder and a likelihood."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from npvae.arrays import finite_rows, real_array
from npvae.checks import whole, wholes
from npvae.models.categorical_latent import Categorical
from npvae.models.gaussian_latent import Gaussian
from npvae.models.gaussian_likelihood import GaussianLikelihood
from npvae.models.generative import LatentVariableModel
from npvae.nn import mlp, tanh


def mixture_of_gaussians(components: int, data_dim: int, sigma_g: float | None = None,
                         rng: np.random.Generator | int | None = None, means: ArrayLike | None = None
                         ) -> LatentVariableModel:
    """Categorical × affine × Gaussian: p(x) = Σ_k π_k N(x; μ_k, σ_g² I), with μ_k = W_k + b.

    Parameters
    ----------
    components, data_dim
        K and D.
    sigma_g
        Fixed if given, else learned.
    rng
        Draws the initial means. They are those of a model that has met no data: a solver starts them at rows of its
        data that lie apart.
    means : array (K, D), optional
        The initial means instead, at which a solver starts, too; a ValueError if they are not (K, D).

    Examples
    --------
    >>> mixture_of_gaussians(3, 2).latent
    Categorical(3)
    """
    components, data_dim = whole("components", components), whole("data_dim", data_dim)
    decoder = mlp([components, data_dim], rng=rng)
    if means is not None:
        means = real_array("means", means)
        if means.shape != (components, data_dim):
            raise ValueError(f"means has shape {means.shape}, expected {(components, data_dim)}: one row for each "
                             "component")
        finite_rows("the mean", means, "give finite numbers, e.g. some rows of the data")
        decoder.layers[0].b[...] = means.mean(0)
        decoder.layers[0].W[...] = means - decoder.layers[0].b
    return LatentVariableModel(Categorical(components), decoder, GaussianLikelihood(sigma_g))


def probabilistic_pca(latent_dim: int, data_dim: int, sigma_g: float | None = None,
                      rng: np.random.Generator | int | None = None) -> LatentVariableModel:
    """Gaussian × affine × Gaussian: x = zW + b + σ_g ε (Tipping & Bishop 1999, whose W is the transpose).

    K and D are `latent_dim` and `data_dim`; σ_g is fixed if given, else learned. `rng` draws the initial W and b;
    without one the sizes seed them.

    Examples
    --------
    >>> probabilistic_pca(2, 5).decoder
    chain(Affine(2, 5))
    """
    return LatentVariableModel(Gaussian(latent_dim), mlp([latent_dim, data_dim], rng=rng),
                               GaussianLikelihood(sigma_g))


def mlp_model(latent_dim: int, hidden: Sequence[int], data_dim: int, likelihood=None, activation: Callable = tanh,
              rng: np.random.Generator | int | None = None) -> LatentVariableModel:
    """Gaussian × MLP × any likelihood: the generative half of a variational autoencoder.

    Parameters
    ----------
    latent_dim, data_dim
        K and D.
    hidden
        Units of the hidden layers, from the latent to the data.
    likelihood
        `GaussianLikelihood()` by default: σ_g learned.
    activation
        Between the affine layers.
    rng
        Draws the initial weights; without one the sizes seed them.

    Examples
    --------
    >>> mlp_model(2, [64], 784).decoder
    chain(Affine(2, 64), tanh, Affine(64, 784))
    """
    likelihood = GaussianLikelihood() if likelihood is None else likelihood
    sizes = [latent_dim, *wholes("hidden", hidden), data_dim]
    return LatentVariableModel(Gaussian(latent_dim), mlp(sizes, activation, rng), likelihood)
