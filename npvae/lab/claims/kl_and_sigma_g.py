"""6. The KL to the prior, and σ_g: what it weighs, its best value, and the price of a wrong one."""

from collections.abc import Iterator

import numpy as np

from npvae.lab.claims.claim import Claim
from npvae.lab.claims.known_models import random_ppca, random_rows
from npvae.models import GaussHermite, Gaussian, GaussianLikelihood


def claims(quick: bool) -> Iterator[Claim]:
    """KL and its gradient; the Gaussian likelihood, α and σ_g."""
    latent = Gaussian(2)
    q = random_rows(latent, 30)
    kl, back = latent.kl(q)
    z, w, _ = latent.nodes(q, GaussHermite(12)(None, 1, 2))
    integral = (w * (latent.log_q(q, z) - latent.log_prior(z))).sum(0)
    yield Claim("KL(N(μ,σ²) ‖ N(0,I)) = ½ Σ(σ² + μ² − 1 − log σ²)", "against E_q log q/p on 144 nodes", 0.0,
                abs(kl - integral).max(), 1e-11)
    closed = np.concatenate([q[:, :2], np.exp(2 * q[:, 2:]) - 1], axis=1)
    yield Claim("∂KL/∂μ = μ, ∂KL/∂log σ = σ² − 1", "greatest deviation", 0.0,
                abs(back(np.ones(30)) - closed).max(), 1e-12)
    yield from the_likelihood()


def the_likelihood() -> Iterator[Claim]:
    """−log p(x|z) = α‖x − x̂‖² + (D/2) log 2πσ_g²; the best σ_g²; the penalty for a wrong one."""
    model, X = random_ppca()
    D, g = X.shape[1], model.decoder(random_rows(model.latent, len(X))[:, :2])[0][None]
    squares = ((X - g[0]) ** 2).sum(1)
    alpha, sigma_g = model.likelihood.alpha, model.likelihood.sigma_g
    expected = alpha * squares + D / 2 * np.log(2 * np.pi * sigma_g**2)
    value = model.likelihood.log_prob(X, g)[0][0]
    yield Claim("−log p(x|z) = α‖x − x̂‖² + (D/2) log 2πσ_g², α = 1/(2σ_g²)", "greatest deviation", 0.0,
                abs(value + expected).max(), 1e-10)
    best = squares.mean() / D

    def mean_log_prob(s2):
        return GaussianLikelihood(float(np.sqrt(s2))).log_prob(X, g)[0].mean()

    around = np.max([mean_log_prob(best * f) for f in (0.9, 0.99, 1.01, 1.1)])
    yield Claim("the best σ_g² is E‖x − x̂‖²/D", "four others around it are not better", mean_log_prob(best), around,
                0.0, bound=True)
    for ratio in (0.25, 4.0):
        # (D/2)(ρ − 1 − log ρ), ρ = best σ_g² over the one used
        yield Claim(f"penalty for a σ_g² that is {1 / ratio:g} times the best", "(D/2)(ρ − 1 − log ρ)",
                    D / 2 * (ratio - 1 - np.log(ratio)), mean_log_prob(best) - mean_log_prob(best / ratio), 1e-10)
