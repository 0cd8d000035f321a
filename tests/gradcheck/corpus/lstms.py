"""Long short-term memory."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    """Gates in the order i, f, o, g."""
    H = prev_h.shape[1]
    a = x.dot(Wx) + prev_h.dot(Wh) + b
    i, f, o = sigmoid(a[:, :H]), sigmoid(a[:, H:2 * H]), sigmoid(a[:, 2 * H:3 * H])
    g = np.tanh(a[:, 3 * H:])
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    tc = np.tanh(next_c)
    do = dnext_h * tc
    dc = dnext_c + dnext_h * o * (1 - tc ** 2)
    df = dc * prev_c
    di = dc * g
    dg = dc * i
    dprev_c = dc * f
    da = np.hstack((di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g ** 2)))
    dx = da.dot(Wx.T)
    dprev_h = da.dot(Wh.T)
    dWx = x.T.dot(da)
    dWh = prev_h.T.dot(da)
    db = da.sum(axis=0)
    return dx, dprev_h, dprev_c, dWx, dWh, db


class LSTM:
    """Whole sequences x (T, N, D); gradients add up in self.gradients."""

    def __init__(self, D, H, rng):
        self.H = H
        self.parameters = {"W": rng.normal(size=(D + H, 4 * H)) / 2, "b": rng.normal(size=4 * H)}
        self.gradients = {k: np.zeros_like(v) for k, v in self.parameters.items()}

    def forward(self, x):
        T, N, D = x.shape
        h, c = np.zeros((N, self.H)), np.zeros((N, self.H))
        self.cache, out = [], []
        for t in range(T):
            xh = np.concatenate([x[t], h], axis=1)
            z = xh @ self.parameters["W"] + self.parameters["b"]
            f, i, g, o = np.split(z, 4, axis=1)
            f, i, g, o = sigmoid(f), sigmoid(i), np.tanh(g), sigmoid(o)
            c_old = c
            c = f * c_old + i * g
            h = o * np.tanh(c)
            self.cache.append((xh, f, i, g, o, c_old, c))
            out.append(h)
        return np.stack(out)

    def backward(self, dout):
        T, N, H = dout.shape
        D = self.parameters["W"].shape[0] - H
        dh, dc = np.zeros((N, H)), np.zeros((N, H))
        dx = np.zeros((T, N, D))
        for t in range(T - 1, -1, -1):
            xh, f, i, g, o, c_old, c = self.cache[t]
            dh = dh + dout[t]
            tanh_c = np.tanh(c)
            dc = dc + dh * o * (1 - tanh_c ** 2)
            dz = np.concatenate([
                dc * c_old * f * (1 - f),
                dc * g * i * (1 - i),
                dc * i * (1 - g ** 2),
                dh * tanh_c * o * (1 - o)], axis=1)
            self.gradients["W"] += xh.T @ dz
            self.gradients["b"] += dz.sum(axis=0)
            dxh = dz @ self.parameters["W"].T
            dx[t] = dxh[:, :D]
            dh = dxh[:, D:]
            dc = dc * f
        return dx


CASES = {
    "lstm_step": ("pair", (lstm_step_forward, lstm_step_backward), lambda rng: [
        rng.normal(size=(4, 5)), rng.normal(size=(4, 3)), rng.normal(size=(4, 3)), rng.normal(size=(5, 12)) / 2,
        rng.normal(size=(3, 12)) / 2, rng.normal(size=12)]),
    "lstm_class": ("layer", LSTM, lambda rng: [LSTM(4, 3, rng), rng.normal(size=(5, 2, 4))]),
}
