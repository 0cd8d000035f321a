"""10. Importance weighting: L_1 ≤ L_5 ≤ L_50 ≤ … → log p(x) (Burda, Grosse & Salakhutdinov 2016)."""

import warnings
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from npvae.inference import argmax_q, evaluate, importance_weighted_bound
from npvae.lab.claims.claim import Claim
from npvae.lab.claims.known_models import parabola_data, parabola_model, random_ppca, random_rows
from npvae.models import FullGaussian
from npvae.models.exact import log_marginal


def claims(quick: bool) -> Iterator[Claim]:
    """More draws tighten the bound; its limit is the exact log p(x)."""
    model, X = parabola_model(), parabola_data(100)
    log_p, q = log_marginal(model, X), random_rows(model.latent, 100) * 0.3
    with warnings.catch_warnings():
        # random rows q fit badly, on purpose
        warnings.simplefilter("ignore", UserWarning)
        bounds = {k: importance_weighted_bound(model, q, X, k, repeats=max(2, 2000 // k), return_error=True)
                  for k in (1, 5, 50, 500)}
    yield Claim("L_1 is the ELBO", "means of 100 rows, in standard errors", 0.0,
                (bounds[1][0].mean() - evaluate(model, q, X).mean()) / mean_error(bounds[1]), 4.0)
    for k, more in [(1, 5), (5, 50), (50, 500)]:
        yield Claim(f"L_{k} ≤ L_{more}", "means of 100 rows", bounds[more][0].mean(), bounds[k][0].mean(), 0.0,
                    bound=True)
    best = argmax_q(model, q, X)
    value, error = importance_weighted_bound(model, best, X, 2000 if quick else 20_000, return_error=True)
    yield Claim("L_k tends to log p(x)", "best q_i, mean of 100 rows", log_p.mean(), value.mean(), 5e-3)
    yield Claim("and is never above it", "greatest excess of a row in its standard errors", 4.5,
                ((value - log_p) / error).max(), 0.0, bound=True)
    yield one_draw()


def one_draw() -> Claim:
    """log p(x, z)/q(z|x) does not depend on z where q is the posterior: one draw is enough."""
    model, X = random_ppca()
    model = replace(model, latent=FullGaussian(2))
    value = importance_weighted_bound(model, argmax_q(model, None, X), X, 1)
    return Claim("with a full covariance, probabilistic PCA: one draw is log p(x)", "greatest deviation of 50 rows",
                 0.0, abs(value - log_marginal(model, X)).max(), 1e-10)


def mean_error(bound) -> float:
    """The standard error of the mean over the rows."""
    return float(np.sqrt((bound[1] ** 2).sum()) / len(bound[1]))
