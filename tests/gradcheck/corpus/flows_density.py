"""Normalising flows and their log determinants."""

import numpy as np


def planar_flow(z, u, w, b):
    """y = z + u tanh(w·z + b), with the log determinant in the last column of what comes back."""
    a = z @ w + b
    t = np.tanh(a)
    h = 1 - t ** 2
    det = 1 + h * (u @ w)
    out = np.column_stack([z + t[:, None] * u, np.log(det)])

    def back(dout):
        dy, dlog = dout[:, :-1], dout[:, -1] / det
        da = (dy @ u) * h + dlog * (u @ w) * (-2 * t * h)
        dz = dy + da[:, None] * w
        du = t @ dy + (dlog @ h) * w
        dw = da @ z + (dlog @ h) * u
        db = np.array([da.sum()])
        return dz, du, dw, db

    return out, back


def coupling_nll(params, x):
    """Affine coupling of two halves, standard normal base: mean negative log likelihood."""
    N, D = x.shape
    d = D // 2
    x1, x2 = x[:, :d], x[:, d:]
    s = np.tanh(x1 @ params["Ws"] + params["bs"])
    t = x1 @ params["Wt"] + params["bt"]
    z2 = (x2 - t) * np.exp(-s)
    loss = np.mean(0.5 * (x1 ** 2).sum(1) + 0.5 * (z2 ** 2).sum(1) + s.sum(1))
    dz2 = z2 / N
    ds = -dz2 * z2 + 1 / N
    dt = -dz2 * np.exp(-s)
    da = ds * (1 - s ** 2)
    grads = {"Ws": x1.T @ da, "bs": da.sum(0), "Wt": x1.T @ dt, "bt": dt.sum(0)}
    return loss, grads


class ActNorm:
    """y = (x + b) exp(s); forward returns y and the log determinant of each row."""

    def __init__(self, D, rng):
        self.params = {"b": rng.normal(size=D), "s": 0.5 * rng.normal(size=D)}
        self.grads = {}

    def forward(self, x):
        self.scale = np.exp(self.params["s"])
        self.xb = x + self.params["b"]
        logdet = np.full(len(x), self.params["s"].sum())
        return self.xb * self.scale, logdet

    def backward(self, dy, dlogdet):
        dx = dy * self.scale
        self.grads["b"] = dx.sum(axis=0)
        self.grads["s"] = (dy * self.xb * self.scale).sum(axis=0) + dlogdet.sum()
        return dx


def change_of_variables(x, loga, b):
    """log p(x) under y = sinh(exp(loga) x + b), y ~ N(0, 1), one number a row."""
    a = np.exp(loga)
    u = a * x + b
    y = np.sinh(u)
    logp = (-0.5 * y ** 2 + np.log(np.cosh(u)) + loga).sum(axis=1)

    def back(dlogp):
        du = dlogp[:, None] * (-y * np.cosh(u) + np.tanh(u))
        dx = du * a
        dloga = (du * a * x).sum(0) + dlogp.sum()
        db = du.sum(0)
        return dx, dloga, db

    return logp, back


CASES = {
    "planar": ("back", planar_flow, lambda rng: [
        rng.normal(size=(6, 3)), rng.uniform(0.3, 1.2, 3), rng.uniform(0.3, 1.2, 3), rng.normal(size=1)]),
    "coupling": ("params", coupling_nll, lambda rng: [
        {"Ws": rng.normal(size=(2, 3)), "bs": rng.normal(size=3), "Wt": rng.normal(size=(2, 3)),
         "bt": rng.normal(size=3)}, rng.normal(size=(6, 5))]),
    "actnorm": ("layer", ActNorm, lambda rng: [ActNorm(3, rng), rng.normal(size=(6, 3))]),
    "sinh_flow": ("back", change_of_variables, lambda rng: [
        0.5 * rng.normal(size=(6, 3)), 0.4 * rng.normal(size=3), 0.4 * rng.normal(size=3)]),
}
