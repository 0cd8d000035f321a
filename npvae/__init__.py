"""npvae: variational inference and variational autoencoders in pure NumPy.

    L(q, x, θ) = Σ_s w_s log p_θ(x|z_s) − KL(q(z) ‖ p(z))

In reading order: `npvae.nn` (layers), `npvae.models` (p), `npvae.inference` (q, the ELBO and the three solvers).
"""

from npvae import datasets
from npvae.inference import (
    Amortized,
    AmortizedVI,
    DivergenceError,
    Free,
    Shared,
    SharedQ,
    VariationalEM,
    argmax_q,
    elbo,
    evaluate,
    shared_ceiling,
)
from npvae.models import (
    BernoulliLikelihood,
    Categorical,
    Cubature,
    GaussHermite,
    Gaussian,
    GaussianLikelihood,
    LatentVariableModel,
    MonteCarlo,
    mixture_of_gaussians,
    mlp_model,
    probabilistic_pca,
)
from npvae.models.exact import log_marginal
from npvae.nn import (
    SGD,
    Adam,
    Affine,
    Parameters,
    RowAdam,
    chain,
    lay_out,
    mlp,
    quadratic_features,
    relu,
    sigmoid,
    softplus,
    tanh,
)

__version__ = "0.1.0"

__all__ = [
    "datasets",
    "Parameters", "lay_out", "Affine", "tanh", "relu", "sigmoid", "softplus", "quadratic_features", "chain", "mlp",
    "SGD", "Adam", "RowAdam",
    "Gaussian", "Categorical", "MonteCarlo", "GaussHermite", "Cubature", "GaussianLikelihood", "BernoulliLikelihood",
    "LatentVariableModel", "mixture_of_gaussians", "probabilistic_pca", "mlp_model", "log_marginal",
    "Free", "Shared", "Amortized", "elbo", "argmax_q", "evaluate",
    "VariationalEM", "SharedQ", "AmortizedVI", "shared_ceiling", "DivergenceError",
]
