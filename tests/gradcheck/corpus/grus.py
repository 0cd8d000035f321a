"""Gated recurrent units."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gru_forward(x, h, Wz, Uz, Wr, Ur, Wn, Un):
    z = sigmoid(x @ Wz + h @ Uz)
    r = sigmoid(x @ Wr + h @ Ur)
    n = np.tanh(x @ Wn + (r * h) @ Un)
    h_next = (1 - z) * n + z * h
    return h_next, (x, h, z, r, n, Wz, Uz, Wr, Ur, Wn, Un)


def gru_backward(dh_next, cache):
    x, h, z, r, n, Wz, Uz, Wr, Ur, Wn, Un = cache
    dn = dh_next * (1 - z)
    dz = dh_next * (h - n)
    dh = dh_next * z
    dan = dn * (1 - n ** 2)
    drh = dan @ Un.T
    dr = drh * h
    dh += drh * r
    daz = dz * z * (1 - z)
    dar = dr * r * (1 - r)
    dh += daz @ Uz.T + dar @ Ur.T
    dx = daz @ Wz.T + dar @ Wr.T + dan @ Wn.T
    return dx, dh, x.T @ daz, h.T @ daz, x.T @ dar, h.T @ dar, x.T @ dan, (r * h).T @ dan


class MinimalGRU:
    """One gate: f = sigmoid(x U + h W), h' = (1 - f) h + f tanh(x V), over a sequence x (T, D)."""

    def __init__(self, D, H, rng):
        self.U, self.V = rng.normal(size=(D, H)), rng.normal(size=(D, H))
        self.W = rng.normal(size=(H, H)) / 2

    def forward(self, x):
        self.x = x
        self.h, self.f, self.n = [np.zeros(self.W.shape[0])], [], []
        for t in range(len(x)):
            f = sigmoid(x[t] @ self.U + self.h[-1] @ self.W)
            n = np.tanh(x[t] @ self.V)
            self.h.append((1 - f) * self.h[-1] + f * n)
            self.f.append(f)
            self.n.append(n)
        return self.h[-1]

    def backward(self, dh):
        x = self.x
        self.dU, self.dV, self.dW = np.zeros_like(self.U), np.zeros_like(self.V), np.zeros_like(self.W)
        dx = np.zeros_like(x)
        for t in reversed(range(len(x))):
            h, f, n = self.h[t], self.f[t], self.n[t]
            df = dh * (n - h) * f * (1 - f)
            dn = dh * f * (1 - n ** 2)
            self.dU += np.outer(x[t], df)
            self.dV += np.outer(x[t], dn)
            self.dW += np.outer(h, df)
            dx[t] = df @ self.U.T + dn @ self.V.T
            dh = dh * (1 - f) + df @ self.W.T
        return dx


CASES = {
    "gru": ("pair", (gru_forward, gru_backward), lambda rng: [
        rng.normal(size=(4, 3)), rng.normal(size=(4, 5)),
        *(rng.normal(size=s) / 2 for s in [(3, 5), (5, 5)] * 3)]),
    "minimal_gru": ("layer", MinimalGRU, lambda rng: [MinimalGRU(3, 4, rng), rng.normal(size=(6, 3))]),
}
