"""2. Probabilistic PCA: maximum likelihood, posteriors and gaps are known in closed form."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from npvae.datasets import linear_gaussian
from npvae.inference import AmortizedVI, VariationalEM, argmax_q, elbo, evaluate
from npvae.lab.claims.claim import Claim
from npvae.lab.claims.known_models import random_ppca
from npvae.models import Cubature, FullGaussian, LatentVariableModel, probabilistic_pca
from npvae.models.affine import affine_map, approximation_gap, maximum_likelihood_ppca
from npvae.models.exact import exact_posterior, log_marginal


def claims(quick: bool) -> Iterator[Claim]:
    """The optimum and its properties; then who reaches it."""
    X = linear_gaussian(400, 0, data_dim=6, latent_dim=2, sigma_g=0.5).train
    eigenvalues, mle = np.linalg.eigvalsh(np.cov(X.T, bias=True))[::-1], maximum_likelihood_ppca(X, 2)
    best = log_marginal(mle, X).mean()
    yield from the_optimum(X, eigenvalues, mle, best)
    yield from the_posterior()
    yield from the_gaps(X, mle)
    yield from the_collapse(X, eigenvalues)
    yield from who_reaches_it(X, best, quick)


def the_optimum(X: np.ndarray, eigenvalues: np.ndarray, mle: LatentVariableModel, best) -> Iterator[Claim]:
    """Log-likelihood, mean KL, aggregate posterior and σ_g² at the maximum likelihood solution."""
    K, D, s2 = 2, 6, eigenvalues[2:].mean()
    # −½[D log 2π + Σ_{j≤K} log λ_j + (D − K) log s² + D]
    closed = -0.5 * (D * np.log(2 * np.pi) + np.log(eigenvalues[:K]).sum() + (D - K) * np.log(s2) + D)
    yield Claim("log-likelihood at the maximum (Tipping & Bishop)", "log_marginal against the eigenvalues", closed,
                best, 1e-12)
    q = argmax_q(mle, None, X)
    kl = mle.latent.kl(q)[0].mean()
    yield Claim("mean KL at the maximum = ½ Σ log(λ_j/s²)", "KL of the best q_i",
                0.5 * np.log(eigenvalues[:K] / s2).sum(), kl, 1e-10)
    mean, covariance = exact_posterior(mle, X)
    aggregate = np.cov(mean.T, bias=True) + covariance[0]
    yield Claim("the aggregate posterior at the maximum has covariance I", "greatest deviation of an entry", 0.0,
                abs(aggregate - np.eye(K)).max(), 1e-10)
    z, w, _ = mle.latent.nodes(q, Cubature()(None, 1, K))
    g = mle.decoder(z.reshape(-1, K))[0].reshape(len(z), len(X), D)
    error = (w[:, :, None] * (X - g) ** 2).sum(0).mean()
    yield Claim("E_q‖x − x̂‖²/D at the maximum = s²", "cubature", s2, error, 1e-10)


def the_posterior() -> Iterator[Claim]:
    """The posterior against conditioning the joint Gaussian of (z, x)."""
    model, X = random_ppca()
    (W, b), s2 = affine_map(model), model.likelihood.sigma_g**2
    C = W.T @ W + s2 * np.eye(W.shape[1])
    mean, covariance = exact_posterior(model, X)
    conditional = np.linalg.solve(C, (X - b).T).T @ W.T
    spread = np.eye(len(W)) - W @ np.linalg.solve(C, W.T)
    yield Claim("posterior N(M⁻¹W(x − b), s²M⁻¹)", "against conditioning the joint Gaussian", 0.0,
                np.max([abs(mean - conditional).max(), abs(covariance[0] - spread).max()]), 1e-10)


def the_gaps(X: np.ndarray, mle: LatentVariableModel) -> Iterator[Claim]:
    """The approximation gap: none in the aligned frame, a known one in a rotated frame."""
    aligned = log_marginal(mle, X) - evaluate(mle, argmax_q(mle, None, X), X, Cubature())
    yield Claim("WWᵀ diagonal: the best diagonal q_i is exact", "greatest gap of a row", 0.0, abs(aligned).max(), 1e-10)
    turn = np.array([[np.cos(0.6), -np.sin(0.6)], [np.sin(0.6), np.cos(0.6)]])
    rotated = mle.copy()
    rotated.decoder.layers[0].W[...] = turn @ mle.decoder.layers[0].W
    gap = log_marginal(rotated, X) - evaluate(rotated, argmax_q(rotated, None, X), X, Cubature())
    yield Claim("W rotated: gap ½[Σ log P_jj − log det P], the same for every x", "greatest deviation of a row", 0.0,
                abs(gap - approximation_gap(rotated)).max(), 1e-10)
    full = replace(rotated, latent=FullGaussian(2))
    gap = log_marginal(full, X) - evaluate(full, argmax_q(full, None, X), X, Cubature())
    yield Claim("W rotated: a q with a full covariance has no gap", "greatest gap of a row", 0.0, abs(gap).max(), 1e-10)
    W, s2 = mle.decoder.layers[0].W, mle.likelihood.sigma_g**2
    M, b = np.diag(W @ W.T) + s2, mle.decoder.layers[0].b
    rows = np.concatenate([(X - b) @ W.T / M, np.broadcast_to(0.5 * np.log(s2 / M), (len(X), 2))], axis=1)
    value = elbo(mle, rows, X, Cubature()(None, 1, 2))[0]
    yield Claim("aligned: an affine encoder with variance s²/λ_j has no amortization gap", "greatest gap of a row", 0.0,
                abs(log_marginal(mle, X) - value).max(), 1e-10)


def the_collapse(X: np.ndarray, eigenvalues: np.ndarray) -> Iterator[Claim]:
    """Posterior collapse at fixed s²: directions whose eigenvalue is below it carry no information."""
    s2 = 0.5 * (eigenvalues[0] + eigenvalues[1])
    em = VariationalEM(probabilistic_pca(2, 6, sigma_g=float(np.sqrt(s2))), sweeps=400, exact_m_step=True).fit(X)
    kl = em.model.latent.kl(em.infer(X))[0].mean()
    yield Claim("posterior collapse at fixed s²: KL_j = ½ max(0, log(λ_j/s²))", "exact variational EM, λ_2 < s² < λ_1",
                0.5 * np.maximum(0, np.log(eigenvalues[:2] / s2)).sum(), kl, 1e-8)


def who_reaches_it(X: np.ndarray, best, quick: bool) -> Iterator[Claim]:
    """Variational EM with exact steps and with gradient steps, and an amortized affine encoder."""
    exact = VariationalEM(probabilistic_pca(2, 6), sweeps=300, exact_m_step=True).fit(X)
    yield Claim("exact variational EM from a random W reaches the maximum", "mean ELBO after 300 sweeps", best,
                exact.elbo(X).mean(), 1e-8)
    W = exact.model.decoder.layers[0].W
    yield Claim("and turns W into its aligned frame by itself", "|W_1·W_2|/(|W_1||W_2|)", 0.0,
                abs(W[0] @ W[1]) / np.sqrt((W[0] @ W[0]) * (W[1] @ W[1])), 1e-6)
    if quick:
        return
    gradient = VariationalEM(probabilistic_pca(2, 6), sweeps=600, batch_size=len(X)).fit(X)
    yield Claim("variational EM with gradient steps reaches the maximum", "mean ELBO after 600 sweeps", best,
                gradient.elbo(X).mean(), 1e-3)
    model, encoder = probabilistic_pca(2, 6), None
    for rate in (2e-2, 2e-3, 2e-4):
        amortized = AmortizedVI(model, sweeps=2500, batch_size=len(X), noise=Cubature(), learning_rate=rate,
                                encoder=encoder, dtype=np.float64).fit(X)
        model, encoder = amortized.model, amortized.posterior.encoder
    yield Claim("an amortized affine encoder reaches the maximum", "mean ELBO after 7500 steps", best,
                amortized.elbo(X).mean(), 1e-3)
