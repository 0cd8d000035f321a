"""Numbers to hold the inference room against: differentiated and integrated without its help."""

import numpy as np


def central_difference(f, v, h=1e-5):
    """∂f/∂v of a real f at v (n,), every coordinate, (f(v + h e) − f(v − h e)) / 2h."""
    return np.array([(f(v + h * e) - f(v - h * e)) / (2 * h) for e in np.eye(v.size)])


def complex_step(f, v, h=1e-30):
    """∂f/∂v of an f that is analytic at v (n,), every coordinate, Im f(v + i h e) / h."""
    return np.array([f(v + 1j * h * e).imag / h for e in np.eye(v.size)])


def relative_error(a, n):
    """‖a − n‖ / (‖a‖ + ‖n‖)."""
    return np.linalg.norm(a - n) / (np.linalg.norm(a) + np.linalg.norm(n))


def affine_decoder(model):
    """W (K, D) and b (D,) of g(z) = zW + b in the data's units, read off the decoder's outputs."""
    g = model.decoder(np.concatenate([np.zeros((1, model.latent.dim)), np.eye(model.latent.dim)]))[0]
    return g[1:] - g[0], g[0]


def joint_of_mixture(model, X):
    """log π_k + log N(x; μ_k, σ_g² I) written out, (B, K)."""
    (W, b), s = affine_decoder(model), model.likelihood.sigma_g
    squares = ((X[:, None] - (W + b)) ** 2).sum(2)
    log_pi = model.latent.logits - np.log(np.exp(model.latent.logits).sum())
    return log_pi - squares / (2 * s**2) - X.shape[1] * np.log(np.sqrt(2 * np.pi) * s)


def posterior_of_pca(model, X):
    """Mean (B, K) and precision (K, K) of the exact p(z|x) = N(M⁻¹W(x − b), s²M⁻¹), M = WWᵀ + s²I."""
    (W, b), s = affine_decoder(model), model.likelihood.sigma_g
    M = W @ W.T + s**2 * np.eye(len(W))
    return np.linalg.solve(M, W @ (X - b).T).T, M / s**2


def log_p_of_pca(model, X):
    """log N(x; b, WᵀW + s² I) written out, (B,)."""
    (W, b), s = affine_decoder(model), model.likelihood.sigma_g
    C = W.T @ W + s**2 * np.eye(X.shape[1])
    r = X - b
    quadratic = (r * np.linalg.solve(C, r.T).T).sum(1)
    return -0.5 * (quadratic + np.linalg.slogdet(2 * np.pi * C)[1])


def kl_to_posterior_of_pca(model, q, X):
    """KL(N(μ, diag σ²) ‖ p(z|x)) in closed form, (B,)."""
    m, P = posterior_of_pca(model, X)
    mu, log_sigma = np.split(q, 2, axis=1)
    trace = (np.exp(2 * log_sigma) * np.diag(P)).sum(1)
    quadratic = np.einsum("bj,jk,bk->b", m - mu, P, m - mu)
    return 0.5 * (trace + quadratic - mu.shape[1] - np.linalg.slogdet(P)[1]) - log_sigma.sum(1)


def joint_on_grid(model, X, z):
    """log p(x, z) of a 1-D Gaussian latent on the grid z (S,), Gaussian likelihood: (B, S)."""
    g, s = model.decoder(z[:, None])[0], model.likelihood.sigma_g
    squares = ((X[:, None] - g) ** 2).sum(2)
    return -squares / (2 * s**2) - X.shape[1] * np.log(np.sqrt(2 * np.pi) * s) - z**2 / 2 - np.log(2 * np.pi) / 2


def log_integral(log_f, h):
    """log Σ_s h e^{log f_s} over the last axis: the trapezoid rule for an f that has died out at both ends."""
    return np.logaddexp.reduce(log_f, axis=-1) + np.log(h)
