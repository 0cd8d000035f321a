"""log p_θ(x) and p_θ(z|x) without approximation: by enumeration, in closed form, or on a grid that checks itself."""

from npvae.models.exact.methods import Posterior, exact_method, exact_posterior, log_marginal

__all__ = ["Posterior", "exact_method", "exact_posterior", "log_marginal"]
