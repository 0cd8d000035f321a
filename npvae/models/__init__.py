"""Floor 2, p: latent families, likelihoods, the generative model, and what is known about it exactly."""

from npvae.models.bernoulli_likelihood import BernoulliLikelihood
from npvae.models.categorical_latent import Categorical
from npvae.models.full_gaussian_latent import FullGaussian
from npvae.models.gaussian_latent import Gaussian
from npvae.models.gaussian_likelihood import GaussianLikelihood
from npvae.models.generative import LatentVariableModel
from npvae.models.laplace_likelihood import LaplaceLikelihood
from npvae.models.named_models import mixture_of_gaussians, mlp_model, probabilistic_pca
from npvae.models.noise import Cubature, GaussHermite, MonteCarlo, Noise
from npvae.models.poisson_likelihood import PoissonLikelihood
from npvae.models.seen_pixels import SeenPixelsLikelihood

__all__ = ["Gaussian", "FullGaussian", "Categorical", "Noise", "MonteCarlo", "GaussHermite", "Cubature",
           "GaussianLikelihood", "BernoulliLikelihood", "PoissonLikelihood", "LaplaceLikelihood",
           "SeenPixelsLikelihood", "LatentVariableModel", "mixture_of_gaussians", "probabilistic_pca", "mlp_model"]
