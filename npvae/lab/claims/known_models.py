"""Small models and data of known truth that several claims share."""

import numpy as np

from npvae.declared import declares
from npvae.models import Gaussian, GaussianLikelihood, LatentVariableModel, mixture_of_gaussians, probabilistic_pca
from npvae.nn import chain


def parabola(z: np.ndarray):
    """g(z) = (z, z²/2) for K = 1, and its backward pass."""
    return np.concatenate([z, 0.5 * z * z], axis=1), lambda dy: dy[:, :1] + z * dy[:, 1:]


parabola.smooth = True      # few nodes are right for it

def parabola_model(sigma_g: float = 0.4) -> LatentVariableModel:
    """A nonlinear decoder whose posteriors are not Gaussian: x = (z, z²/2) + σ_g ε."""
    return LatentVariableModel(Gaussian(1), chain(parabola), GaussianLikelihood(sigma_g))


def parabola_data(m: int = 300) -> np.ndarray:
    """The 300 data of the gap ladder: draws from the model itself, seed 5."""
    rng = np.random.default_rng(5)
    z = rng.standard_normal((m, 1))
    return parabola(z)[0] + 0.4 * rng.standard_normal((m, 2))


def random_mixture(components=4, data_dim=3, rows=50, seed=0) -> tuple[LatentVariableModel, np.ndarray]:
    """A mixture with random means and weights, and draws from it."""
    rng = np.random.default_rng(seed)
    means = 2 * rng.standard_normal((components, data_dim))
    model = mixture_of_gaussians(components, data_dim, sigma_g=0.7, means=means)
    model.latent.logits[...] += rng.standard_normal(components)
    return model, model.sample(rows, rng)[0]


def random_ppca(latent_dim=2, data_dim=5, rows=50, seed=0) -> tuple[LatentVariableModel, np.ndarray]:
    """Probabilistic PCA with a random W that is not aligned, and draws from it."""
    rng = np.random.default_rng(seed)
    model = probabilistic_pca(latent_dim, data_dim, sigma_g=0.6, rng=rng)
    model.decoder.layers[0].W[...] = rng.standard_normal((latent_dim, data_dim))
    return model, model.sample(rows, rng)[0]


def random_rows(latent, rows: int, seed: int = 1) -> np.ndarray:
    """Rows q with nothing special about them."""
    rng = np.random.default_rng(seed)
    q = rng.standard_normal((rows, latent.row_size))
    if declares(latent, "nodes are mu + sigma eps"):
        q[:, latent.dim:] = 0.4 * q[:, latent.dim:] - 0.7
    return q
