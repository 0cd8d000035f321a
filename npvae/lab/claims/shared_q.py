"""3. Why solution 1 fails, for every decoder: a shared q has a ceiling at which the latent is ignored."""

from collections.abc import Iterator

import numpy as np

from npvae.datasets import linear_gaussian
from npvae.inference import SharedQ, elbo, shared_ceiling
from npvae.inference.evaluation import evaluate
from npvae.lab.claims.claim import Claim
from npvae.lab.claims.known_models import random_mixture
from npvae.models import Cubature, mixture_of_gaussians, mlp_model, probabilistic_pca
from npvae.models.affine import maximum_likelihood_ppca
from npvae.models.exact import log_marginal
from npvae.models.joint import log_joint, log_sum_exp


def claims(quick: bool) -> Iterator[Claim]:
    """The collapse in one step, the ceiling, and the price of it."""
    X = linear_gaussian(300, 1, data_dim=4, latent_dim=2, sigma_g=0.4).train
    ceiling = shared_ceiling(X)
    for name, model in [("probabilistic PCA", probabilistic_pca(2, 4)), ("mixture", mixture_of_gaussians(3, 4))]:
        solver = SharedQ(model, sweeps=1, exact_m_step=True).fit(X)
        yield Claim(f"shared q reaches −(D/2)(log 2πV + 1) after one sweep: {name}", "exact M-step", ceiling,
                    solver.elbo(X).mean(), 1e-6)
        means = solver.model.decode(np.eye(solver.model.latent.dim))
        yield Claim(f"and every decoder mean is x̄ then: {name}", "greatest deviation", 0.0,
                    abs(means - X.mean(0)).max(), 1e-12)
    draws = 2000 if quick else 20_000
    yield Claim("no shared q is above the ceiling", f"greatest excess of {draws} random draws of θ and q", 0.0,
                greatest_excess(X, ceiling, draws), 0.0, bound=True)
    excess = np.max([SharedQ(model, sweeps=30 if quick else 150).fit(X).elbo(X).mean() - ceiling
                     for model in (mlp_model(1, [8], 4), probabilistic_pca(1, 4))])
    yield Claim("no training run ends above it", "greatest excess, MLP and affine decoder", 0.0, excess, 1e-12,
                bound=True)
    yield from the_price(X, ceiling)
    yield from a_mixture()


def greatest_excess(X: np.ndarray, ceiling: float, draws: int) -> float:
    """The greatest mean ELBO of random θ and shared q, minus the ceiling."""
    rng, model, excess = np.random.default_rng(0), probabilistic_pca(2, 4), []
    nodes, layer = Cubature()(None, 1, 2), model.decoder.layers[0]
    for _ in range(draws):
        # near the optimum and far from it
        width = 10 ** rng.uniform(-3, 0.5)
        layer.W[...] = width * rng.standard_normal((2, 4))
        layer.b[...] = X.mean(0) + width * rng.standard_normal(4)
        model.likelihood.log_sigma[...] = 0.5 * np.log(X.var(0).mean()) + width * rng.standard_normal()
        q = np.broadcast_to(width * rng.standard_normal(4), (len(X), 4))
        excess.append(elbo(model, q, X, nodes)[0].mean() - ceiling)
    return float(np.max(excess))


def the_price(X: np.ndarray, ceiling: float) -> Iterator[Claim]:
    """What amortized or separate q gain over a shared one, in probabilistic PCA."""
    eigenvalues = np.linalg.eigvalsh(np.cov(X.T, bias=True))[::-1]
    D, K, V, s2 = 4, 2, X.var(0).mean(), eigenvalues[2:].mean()
    # ½[D log V − Σ_{j≤K} log λ_j − (D − K) log s²]
    gain = 0.5 * (D * np.log(V) - np.log(eigenvalues[:K]).sum() - (D - K) * np.log(s2))
    best = log_marginal(maximum_likelihood_ppca(X, K), X).mean()
    yield Claim("what a shared q gives away in probabilistic PCA", "log p at the maximum minus the ceiling", gain,
                best - ceiling, 1e-10)


def a_mixture() -> Iterator[Claim]:
    """A mixture at fixed θ: q_k ∝ π_k exp(mean_i log p(x_i|k)), of value log Σ_k π_k exp(·)."""
    model, X = random_mixture()
    mean_joint = log_joint(model, X, np.eye(model.latent.dim)).mean(1)
    best = np.broadcast_to(mean_joint, (len(X), model.latent.dim))
    value = evaluate(model, best, X).mean()
    yield Claim("mixture at fixed θ: the best shared q has value log Σ_k π_k exp(mean_i log p(x_i|k))", "enumeration",
                float(log_sum_exp(mean_joint)), value, 1e-12)
    rng = np.random.default_rng(0)
    others = [evaluate(model, best + 0.3 * rng.standard_normal(model.latent.dim), X).mean() for _ in range(200)]
    yield Claim("and no other shared q is better", "200 random q around it", value, np.max(others), 1e-12, bound=True)
