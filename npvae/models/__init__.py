"""Floor 2, p: latent families, likelihoods, the generative model, and what is known about it exactly."""

from npvae.models.generative import LatentVariableModel, mixture_of_gaussians, mlp_model, probabilistic_pca
from npvae.models.latents import Categorical, Gaussian
from npvae.models.likelihoods import BernoulliLikelihood, GaussianLikelihood
from npvae.models.noise import Cubature, GaussHermite, MonteCarlo, Noise

__all__ = ["Gaussian", "Categorical", "Noise", "MonteCarlo", "GaussHermite", "Cubature", "GaussianLikelihood",
           "BernoulliLikelihood", "LatentVariableModel", "mixture_of_gaussians", "probabilistic_pca", "mlp_model"]
