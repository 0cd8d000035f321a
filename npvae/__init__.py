# ruff: noqa: I001
"""npvae: variational inference and variational autoencoders in pure NumPy.

    L(q, x, θ) = Σ_s w_s log p_θ(x|z_s) − KL(q(z) ‖ p(z))

In reading order: `npvae.nn` (layers), `npvae.models` (p), `npvae.inference` (q, the ELBO and the three solvers),
`npvae.autoencoders` (what one holds and uses).
"""

# first, so that Ctrl-C while the rest is read is one line
from npvae.cli import early_exit  # noqa: F401

from npvae import datasets
from npvae.nn import (
    SGD, Adam, Affine, Parameters, RowAdam, chain, gelu, lay_out, leaky_relu, mlp, quadratic_features, relu, sigmoid,
    softplus, tanh)
from npvae.models import (
    BernoulliLikelihood, Categorical, Cubature, FullGaussian, GaussHermite, Gaussian, GaussianLikelihood,
    LaplaceLikelihood, LatentVariableModel, MonteCarlo, PoissonLikelihood, SeenPixelsLikelihood, mixture_of_gaussians,
    mlp_model, probabilistic_pca)
from npvae.models.affine import maximum_likelihood_ppca
from npvae.models.exact import exact_posterior, log_marginal
from npvae.inference import (
    Amortized, AmortizedVI, DivergenceError, Free, SemiAmortized, Shared, SharedQ, VariationalEM, argmax_q, elbo,
    elbo_estimators, evaluate, gap_decomposition, importance_weighted_bound, leave_one_out, pathwise, score_function,
    shared_ceiling, sticking_the_landing, unbiasedness_test, variance_against_dimension)
from npvae.autoencoders import VAE, Autoencoder
from npvae.files import VERSION as __version__  # noqa: F401

# from here on `npvae.gradcheck` is the function; the package is found by `from npvae.gradcheck import …`
from npvae.gradcheck import assert_gradients, check_bound, gradcheck
from npvae.contract import check_part

__all__ = [
    "datasets", "exercises",
    "Parameters", "lay_out", "Affine", "tanh", "relu", "leaky_relu", "gelu", "sigmoid", "softplus",
    "quadratic_features", "chain", "mlp", "SGD", "Adam", "RowAdam",
    "Gaussian", "FullGaussian", "Categorical", "MonteCarlo", "GaussHermite", "Cubature", "GaussianLikelihood",
    "BernoulliLikelihood", "PoissonLikelihood", "LaplaceLikelihood", "SeenPixelsLikelihood",
    "LatentVariableModel", "mixture_of_gaussians", "probabilistic_pca", "mlp_model", "log_marginal",
    "exact_posterior", "maximum_likelihood_ppca",
    "Free", "Shared", "Amortized", "SemiAmortized", "elbo", "argmax_q", "evaluate", "importance_weighted_bound",
    "gap_decomposition", "VariationalEM", "SharedQ", "AmortizedVI", "shared_ceiling", "DivergenceError",
    "Autoencoder", "VAE",
    "gradcheck", "assert_gradients", "check_bound", "check_part",
    "pathwise", "score_function", "leave_one_out", "sticking_the_landing", "elbo_estimators",
    "variance_against_dimension", "unbiasedness_test",
]


def __getattr__(name):
    # read when it is first asked for, since who trains does not need it
    if name == "exercises":
        from importlib import import_module

        return import_module("npvae.exercises")
    raise AttributeError(f"module 'npvae' has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *__all__})
