"""Convolutions with loops, with im2col and along one axis."""

import numpy as np


def conv_forward_naive(x, w, b, conv_param):
    """x: (N, C, H, W), w: (F, C, HH, WW), b: (F,)"""
    stride, pad = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    Ho = 1 + (H + 2 * pad - HH) // stride
    Wo = 1 + (W + 2 * pad - WW) // stride
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    out = np.zeros((N, F, Ho, Wo))
    for i in range(Ho):
        for j in range(Wo):
            patch = xp[:, :, i * stride:i * stride + HH, j * stride:j * stride + WW]
            for f in range(F):
                out[:, f, i, j] = np.sum(patch * w[f], axis=(1, 2, 3)) + b[f]
    return out, (x, w, b, conv_param)


def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    stride, pad = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    Ho, Wo = dout.shape[2:]
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dxp = np.zeros_like(xp)
    dw = np.zeros_like(w)
    db = dout.sum(axis=(0, 2, 3))
    for n in range(N):
        for f in range(F):
            for i in range(Ho):
                for j in range(Wo):
                    hs, ws = i * stride, j * stride
                    dw[f] += dout[n, f, i, j] * xp[n, :, hs:hs + HH, ws:ws + WW]
                    dxp[n, :, hs:hs + HH, ws:ws + WW] += dout[n, f, i, j] * w[f]
    dx = dxp[:, :, pad:pad + H, pad:pad + W]
    return dx, dw, db


class Conv1d:
    """x: (B, C, L), W: (F, C, K); patches as columns."""

    def __init__(self, C, F, K, rng):
        self.W = rng.normal(size=(F, C, K))
        self.b = rng.normal(size=F)

    def forward(self, x):
        F, C, K = self.W.shape
        self.x = x
        L = x.shape[2] - K + 1
        self.cols = np.stack([x[:, :, t:t + K] for t in range(L)], axis=1)   # (B, L, C, K)
        return np.einsum("blck,fck->bfl", self.cols, self.W) + self.b[None, :, None]

    def backward(self, dout):
        K = self.W.shape[2]
        self.dW = np.einsum("bfl,blck->fck", dout, self.cols)
        self.db = dout.sum(axis=(0, 2))
        dcols = np.einsum("bfl,fck->blck", dout, self.W)
        dx = np.zeros_like(self.x)
        for t in range(dcols.shape[1]):
            dx[:, :, t:t + K] += dcols[:, t]
        return dx


def causal_filter(x, h):
    """y[t] = sum_k h[k] x[t - k], for a signal x (T,) and a filter h (K,)."""
    T, K = len(x), len(h)
    y = np.convolve(x, h)[:T]

    def back(dy):
        dx = np.zeros(T)
        dh = np.zeros(K)
        for t in range(T):
            for k in range(K):
                if t - k >= 0:
                    dx[t - k] += h[k] * dy[t]
                    dh[k] += x[t - k] * dy[t]
        return dx, dh

    return y, back


CASES = {
    "conv": ("pair", (conv_forward_naive, conv_backward_naive), lambda rng: [
        rng.normal(size=(2, 2, 5, 4)), rng.normal(size=(3, 2, 3, 2)), rng.normal(size=3), {"stride": 2, "pad": 1}]),
    "conv1d_class": ("layer", Conv1d, lambda rng: [Conv1d(2, 3, 4, rng), rng.normal(size=(3, 2, 7))]),
    "causal_filter": ("back", causal_filter, lambda rng: [rng.normal(size=8), rng.normal(size=3)]),
}
