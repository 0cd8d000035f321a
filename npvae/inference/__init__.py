"""Floor 3, q: where it comes from, the ELBO, and the three solvers."""

from npvae.inference.amortized_vi import AmortizedVI
from npvae.inference.argmax_q import argmax_q
from npvae.inference.elbo import elbo
from npvae.inference.elbo_gradients import (
    elbo_estimators,
    log_weight,
    pathwise_elbo,
    sticking_the_landing,
    total_derivative,
)
from npvae.inference.estimator_training import fit_rows, fit_vae
from npvae.inference.estimator_variance import unbiasedness_test, variance_against_dimension
from npvae.inference.evaluation import Gaps, evaluate, gap_decomposition
from npvae.inference.gradient_estimators import leave_one_out, pathwise, score_function
from npvae.inference.history import DivergenceError, History
from npvae.inference.importance_weighting import importance_weighted_bound
from npvae.inference.posteriors import Amortized, Free, Shared
from npvae.inference.semi_amortized import SemiAmortized
from npvae.inference.shared_q import SharedQ, shared_ceiling
from npvae.inference.variational_em import VariationalEM

__all__ = ["Free", "Shared", "Amortized", "SemiAmortized", "elbo", "argmax_q", "evaluate",
           "importance_weighted_bound", "gap_decomposition", "Gaps", "VariationalEM", "SharedQ", "AmortizedVI",
           "shared_ceiling", "DivergenceError", "History",
           "pathwise", "score_function", "leave_one_out", "log_weight", "pathwise_elbo", "total_derivative",
           "sticking_the_landing", "elbo_estimators", "fit_rows", "fit_vae", "variance_against_dimension",
           "unbiasedness_test"]
