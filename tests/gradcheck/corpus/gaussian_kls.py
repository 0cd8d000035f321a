"""KL divergences and reparameterised draws on rows of mu and log sigma²."""

import numpy as np


def kl_loss(mu, logvar):
    kl = -0.5 * np.sum(1 + logvar - mu ** 2 - np.exp(logvar))
    dmu = mu
    dlogvar = 0.5 * (np.exp(logvar) - 1)
    return kl, (dmu, dlogvar)


def reparameterize(h, eps):
    """h = [mu, logvar] (N, 2K)"""
    K = h.shape[1] // 2
    mu, logvar = h[:, :K], h[:, K:]
    std = np.exp(logvar / 2)
    z = mu + std * eps

    def back(dz):
        dh = np.zeros_like(h)
        dh[:, :K] = dz
        dh[:, K:] = dz * eps * std / 2
        return dh

    return z, back


def sample_forward(mu, sigma, rng):
    eps = rng.standard_normal(mu.shape)
    return mu + sigma * eps, (eps, sigma)


def sample_backward(dz, cache):
    eps, sigma = cache
    return dz, dz * eps


class GaussianKL:
    """KL(N(m1, s1²) || N(m2, s2²)) a row, with the log standard deviations of both."""

    def forward(self, m1, ls1, m2, ls2):
        self.d = m1 - m2
        self.v1, self.v2 = np.exp(2 * ls1), np.exp(2 * ls2)
        return (ls2 - ls1 + (self.v1 + self.d ** 2) / (2 * self.v2) - 0.5).sum(axis=1)

    def backward(self, dout):
        dout = dout[:, None]
        dm1 = dout * self.d / self.v2
        dls1 = dout * (self.v1 / self.v2 - 1)
        dm2 = -dout * self.d / self.v2
        dls2 = dout * (1 - (self.v1 + self.d ** 2) / self.v2)
        return dm1, dls1, dm2, dls2


def monte_carlo_kl(q, eps):
    """log q(z) - log p(z) at one draw a row, q = [mu, log sigma], mean over the rows."""
    N, K = eps.shape
    mu, log_s = q[:, :K], q[:, K:]
    s = np.exp(log_s)
    z = mu + s * eps
    log_q = (-0.5 * eps ** 2 - log_s).sum(1)
    log_p = (-0.5 * z ** 2).sum(1)
    dmu = z / N
    dlog_s = (z * s * eps - 1) / N
    return np.mean(log_q - log_p), np.hstack([dmu, dlog_s])


def softplus_kl(q):
    """Rows [mu, rho] with sigma = log(1 + e^rho)."""
    mu, rho = np.split(q, 2, axis=1)
    sigma = np.log1p(np.exp(rho))
    kl = (0.5 * (sigma ** 2 + mu ** 2 - 1) - np.log(sigma)).sum()
    drho = (sigma - 1 / sigma) / (1 + np.exp(-rho))
    return kl, np.concatenate([mu, drho], axis=1)


CASES = {
    "kl": ("value", kl_loss, lambda rng: [rng.normal(size=(5, 3)), rng.normal(size=(5, 3))]),
    "reparameterize": ("back", reparameterize, lambda rng: [rng.normal(size=(6, 4)), rng.normal(size=(6, 2))]),
    "sample": ("pair", (sample_forward, sample_backward), lambda rng: [
        rng.normal(size=(5, 3)), rng.uniform(0.3, 2, (5, 3)), np.random.default_rng(int(rng.integers(999)))]),
    "two_gaussians": ("layer", GaussianKL, lambda rng: [
        GaussianKL(), rng.normal(size=(5, 3)), rng.normal(size=(5, 3)) / 2, rng.normal(size=(5, 3)),
        rng.normal(size=(5, 3)) / 2]),
    "monte_carlo_kl": ("value", monte_carlo_kl, lambda rng: [
        rng.normal(size=(6, 6)) / 2, rng.normal(size=(6, 3))]),
    "softplus_kl": ("value", softplus_kl, lambda rng: [rng.normal(size=(5, 4))]),
}
