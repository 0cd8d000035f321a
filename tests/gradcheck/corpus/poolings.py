"""Max and average pooling."""

import numpy as np


def max_pool_forward_naive(x, pool_param):
    """x: (N, C, H, W)"""
    N, C, H, W = x.shape
    ph, pw, s = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    Ho, Wo = 1 + (H - ph) // s, 1 + (W - pw) // s
    out = np.zeros((N, C, Ho, Wo))
    for i in range(Ho):
        for j in range(Wo):
            out[:, :, i, j] = x[:, :, i * s:i * s + ph, j * s:j * s + pw].max(axis=(2, 3))
    cache = (x, pool_param)
    return out, cache


def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    ph, pw, s = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    N, C, Ho, Wo = dout.shape
    dx = np.zeros_like(x)
    for n in range(N):
        for c in range(C):
            for i in range(Ho):
                for j in range(Wo):
                    window = x[n, c, i * s:i * s + ph, j * s:j * s + pw]
                    mask = window == np.max(window)
                    dx[n, c, i * s:i * s + ph, j * s:j * s + pw] += mask * dout[n, c, i, j]
    return dx


class AvgPool2d:
    def __init__(self, k):
        self.k = k

    def forward(self, x):
        N, C, H, W = x.shape
        k = self.k
        self.shape = x.shape
        return x.reshape(N, C, H // k, k, W // k, k).mean(axis=(3, 5))

    def backward(self, dout):
        k = self.k
        dx = np.repeat(np.repeat(dout, k, axis=2), k, axis=3)
        return dx / (k * k)


def max_over_time(x, lengths):
    """x: (B, T, D), the maximum over the first lengths[b] steps."""
    B, T, D = x.shape
    valid = np.arange(T)[None, :, None] < lengths[:, None, None]
    masked = np.where(valid, x, -np.inf)
    arg = masked.argmax(axis=1)
    y = masked.max(axis=1)

    def back(dy):
        dx = np.zeros_like(x)
        for b in range(B):
            for d in range(D):
                dx[b, arg[b, d], d] = dy[b, d]
        return dx

    return y, back


def global_avg_pool(x):
    return x.mean(axis=(2, 3)), lambda dy: np.ones_like(x) * dy[:, :, None, None] / (x.shape[2] * x.shape[3])


CASES = {
    "max_pool": ("pair", (max_pool_forward_naive, max_pool_backward_naive), lambda rng: [
        rng.normal(size=(2, 3, 5, 5)), {"pool_height": 3, "pool_width": 3, "stride": 2}]),
    "avg_pool_class": ("layer", AvgPool2d, lambda rng: [AvgPool2d(3), rng.normal(size=(1, 2, 6, 6))]),
    "max_over_time": ("back", max_over_time, lambda rng: [rng.normal(size=(3, 6, 4)), np.array([4, 6, 3])]),
    "global_avg_pool": ("back", global_avg_pool, lambda rng: [rng.normal(size=(2, 3, 4, 5))]),
}
