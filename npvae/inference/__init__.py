"""Floor 3, q: where it comes from, the ELBO, and the three solvers."""

from npvae.inference.amortized_vi import AmortizedVI
from npvae.inference.argmax_q import argmax_q
from npvae.inference.elbo import elbo
from npvae.inference.evaluation import evaluate
from npvae.inference.posteriors import Amortized, Free, Shared
from npvae.inference.shared_q import SharedQ, shared_ceiling
from npvae.inference.training import DivergenceError, History
from npvae.inference.variational_em import VariationalEM

__all__ = ["Free", "Shared", "Amortized", "elbo", "argmax_q", "evaluate", "VariationalEM", "SharedQ", "AmortizedVI",
           "shared_ceiling", "DivergenceError", "History"]
