"""Inverses, determinants, Cholesky factors and Gaussian likelihoods."""

import numpy as np


def inverse(A):
    B = np.linalg.inv(A)

    def back(dB):
        return -B.T @ dB @ B.T

    return B, back


def logdet_loss(A):
    sign, value = np.linalg.slogdet(A)
    return value, np.linalg.inv(A).T


def solve_forward(A, b):
    x = np.linalg.solve(A, b)
    return x, (A, x)


def solve_backward(dx, cache):
    A, x = cache
    db = np.linalg.solve(A.T, dx)
    dA = -np.outer(db, x)
    return dA, db


def quadratic_form(x, A):
    """x' A x for a row x each, A need not be symmetric."""
    y = np.einsum("ni,ij,nj->n", x, A, x)

    def back(dy):
        dx = dy[:, None] * (x @ (A + A.T))
        dA = np.einsum("n,ni,nj->ij", dy, x, x)
        return dx, dA

    return y, back


X_DATA = np.random.default_rng(5).normal(size=(8, 3))


def gaussian_nll(params):
    """-log N(x; mu, L L') of the data above, L lower triangular with exp on its diagonal."""
    mu, raw = params["mu"], params["L"]
    N, D = X_DATA.shape
    L = np.tril(raw, -1) + np.diag(np.exp(np.diag(raw)))
    d = X_DATA - mu
    alpha = np.linalg.solve(L, d.T)
    nll = 0.5 * np.sum(alpha ** 2) + N * np.sum(np.diag(raw)) + 0.5 * N * D * np.log(2 * np.pi)
    dalpha_d = np.linalg.solve(L.T, alpha)
    dmu = -dalpha_d.sum(axis=1)
    dL = -dalpha_d @ alpha.T
    draw = np.tril(dL, -1) + np.diag(np.diag(dL) * np.exp(np.diag(raw)) + N)
    return nll, {"mu": dmu, "L": draw}


T_GP = np.linspace(0, 1, 7)
Y_GP = np.sin(5 * T_GP)


def gp_nll(theta):
    """Negative log marginal likelihood of a Gaussian process, theta = [log length, log signal, log noise]."""
    K, noise = gp_kernel(theta)
    C = K + noise * np.eye(len(T_GP))
    return 0.5 * Y_GP @ np.linalg.solve(C, Y_GP) + 0.5 * np.linalg.slogdet(C)[1]


def gp_kernel(theta):
    length, signal, noise = np.exp(theta)
    sq = (T_GP[:, None] - T_GP) ** 2
    return signal ** 2 * np.exp(-0.5 * sq / length ** 2), noise ** 2


def gp_nll_grad(theta):
    K, noise = gp_kernel(theta)
    Cinv = np.linalg.inv(K + noise * np.eye(len(T_GP)))
    a = Cinv @ Y_GP
    M = Cinv - np.outer(a, a)
    sq = (T_GP[:, None] - T_GP) ** 2
    dlength = 0.5 * np.sum(M * K * sq) / np.exp(theta[0]) ** 2
    dsignal = np.sum(M * K)
    dnoise = noise * np.trace(M)
    return np.array([dlength, dsignal, dnoise])


def _spd(rng, n):
    return rng.normal(size=(n, n)) + 3 * np.eye(n)


CASES = {
    "inverse": ("back", inverse, lambda rng: [_spd(rng, 4)]),
    "logdet": ("value", logdet_loss, lambda rng: [_spd(rng, 4)]),
    "solve": ("pair", (solve_forward, solve_backward), lambda rng: [_spd(rng, 5), rng.normal(size=5)]),
    "quadratic_form": ("back", quadratic_form, lambda rng: [rng.normal(size=(6, 4)), rng.normal(size=(4, 4))]),
    "gaussian_nll": ("params", gaussian_nll, lambda rng: [
        {"mu": rng.normal(size=3), "L": np.tril(0.4 * rng.normal(size=(3, 3)))}]),
    "gp": ("fun_jac", (gp_nll, gp_nll_grad), lambda rng: [np.log([0.5, 1.2, 0.6]) + 0.2 * rng.normal(size=3)]),
}
