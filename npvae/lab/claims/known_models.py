"""Small models and data of known truth that several claims share."""

import numpy as np

from npvae.declared import declares
from npvae.models import Gaussian, GaussianLikelihood, LatentVariableModel, mixture_of_gaussians, probabilistic_pca
from npvae.nn import chain


def parabola(z: np.ndarray):
    """g(z) = (z, z²/2) for K = 1, and its backward pass."""
    return np.concatenate([z, 0.5 * z * z], axis=1), lambda dy: dy[:, :1] + z * dy[:, 1:]


parabola.smooth = True      # few nodes are right for it

def parabola_model() -> LatentVariableModel:
    """A nonlinear decoder whose posteriors are not Gaussian: x = (z, z²/2) + 0.4 ε."""
    return LatentVariableModel(Gaussian(1), chain(parabola), GaussianLikelihood(0.4))


def parabola_data(m: int = 300) -> np.ndarray:
    """The 300 data of the gap ladder: draws from the model itself, seed 5."""
    rng = np.random.default_rng(5)
    z = rng.standard_normal((m, 1))
    return parabola(z)[0] + 0.4 * rng.standard_normal((m, 2))


def random_mixture(rows: int = 50) -> tuple[LatentVariableModel, np.ndarray]:
    """A mixture of four with random means and weights, and draws (rows, 3) from it."""
    rng = np.random.default_rng(0)
    model = mixture_of_gaussians(4, 3, sigma_g=0.7, means=2 * rng.standard_normal((4, 3)))
    model.latent.logits[...] += rng.standard_normal(4)
    return model, model.sample(rows, rng)[0]


def random_ppca() -> tuple[LatentVariableModel, np.ndarray]:
    """Probabilistic PCA, K = 2, with a random W that is not aligned, and draws (50, 5) from it."""
    rng = np.random.default_rng(0)
    model = probabilistic_pca(2, 5, sigma_g=0.6, rng=rng)
    model.decoder.layers[0].W[...] = rng.standard_normal((2, 5))
    return model, model.sample(50, rng)[0]


def random_rows(latent, rows: int) -> np.ndarray:
    """Rows q with nothing special about them."""
    q = np.random.default_rng(1).standard_normal((rows, latent.row_size))
    if declares(latent, "nodes are mu + sigma eps"):
        q[:, latent.dim:] = 0.4 * q[:, latent.dim:] - 0.7
    return q
