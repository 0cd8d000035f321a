"""Twelve parts of one's own, written from the README's page on them alone."""

import math
from statistics import NormalDist

import numpy as np

import npvae
from npvae.models import Noise


def leaky_relu(x):
    slope = np.where(x > 0, 1, 0.1).astype(x.dtype)
    return slope * x, lambda dy: slope * dy


class ScaleAndShift:
    """y = s x + b, column by column."""

    affine = smooth = True

    def __init__(self, s, b, ds=None, db=None):
        self.s, self.b, self.ds, self.db = s, b, ds, db

    def __call__(self, x):
        def back(dy):
            if self.ds is not None:
                self.ds[...] = (dy * x).sum(0)
                self.db[...] = dy.sum(0)
            return dy * self.s

        return x * self.s + self.b, back

    def arrays(self):
        return {"s": self.s, "b": self.b}

    def on(self, parameters, prefix="", gradient=True):
        views = [parameters[prefix + name] for name in "sb"]
        return ScaleAndShift(*views, *(parameters.gradient(prefix + name) if gradient else None for name in "sb"))


class Convolution:
    """y_i = Σ_j w_j x_{i+j} + b, a filter w (k,) along the columns of x."""

    affine = smooth = True

    def __init__(self, w, b, dw=None, db=None):
        self.w, self.b, self.dw, self.db = w, b, dw, db

    def __call__(self, x):
        windows = np.lib.stride_tricks.sliding_window_view(x, len(self.w), axis=1)      # (B, n - k + 1, k)

        def back(dy):
            if self.dw is not None:
                self.dw[...] = np.einsum("bi,bij->j", dy, windows)
                self.db[...] = dy.sum()
            dx = np.zeros_like(x)
            for j, w in enumerate(self.w):
                dx[:, j:j + dy.shape[1]] += w * dy
            return dx

        return windows @ self.w + self.b, back

    def arrays(self):
        return {"w": self.w, "b": self.b}

    def on(self, parameters, prefix="", gradient=True):
        views = [parameters[prefix + name] for name in "wb"]
        return Convolution(*views, *(parameters.gradient(prefix + name) if gradient else None for name in "wb"))


class Poisson:
    """Counts of rate e^g."""

    def log_prob(self, x, g):
        rate = np.exp(g)
        value = (x * g - rate).sum(2) - np.vectorize(math.lgamma)(x + 1).sum(1).astype(g.dtype)
        return value, lambda dvalue: (x - rate) * dvalue[:, :, None]

    def mean(self, g):
        return np.exp(g)

    def sample(self, g, rng):
        return rng.poisson(np.exp(g)).astype(float)

    def check(self, x):
        if (x < 0).any() or (x != np.round(x)).any():
            raise ValueError("Poisson got data that are no counts: give whole numbers from 0")


class Laplace:
    """log p(x|z) = −Σ_d |x_d − g_d| / b − D log 2b, with log b learned."""

    def __init__(self, log_b, dlog_b=None):
        self.log_b, self.dlog_b = log_b, dlog_b

    def log_prob(self, x, g):
        error, D = (x - g) * np.exp(-self.log_b), x.shape[1]
        size = np.abs(error).sum(2)

        def back(dvalue):
            if self.dlog_b is not None:
                self.dlog_b[...] = (dvalue * (size - D)).sum()
            return np.sign(error) * np.exp(-self.log_b) * dvalue[:, :, None]

        return -size - D * (math.log(2) + self.log_b), back

    def mean(self, g):
        return g

    def sample(self, g, rng):
        return rng.laplace(g, np.exp(self.log_b))

    def arrays(self):
        return {"log_b": self.log_b}

    def on(self, parameters, prefix="", gradient=True):
        name = prefix + "log_b"
        return Laplace(parameters[name], parameters.gradient(name) if gradient else None)


class StudentT:
    """Heavy tails: Student's t of `nu` degrees of freedom about g, of width s."""

    def __init__(self, nu=3.0, s=0.5):
        self.nu, self.s = nu, s
        self.constant = math.lgamma((nu + 1) / 2) - math.lgamma(nu / 2) - 0.5 * math.log(math.pi * nu) - math.log(s)

    def log_prob(self, x, g):
        e = (x - g) / self.s
        value = x.shape[1] * self.constant - (self.nu + 1) / 2 * np.log1p(e * e / self.nu).sum(2)
        return value, lambda dvalue: (self.nu + 1) * e / (self.nu + e * e) / self.s * dvalue[:, :, None]

    def mean(self, g):
        return g

    def sample(self, g, rng):
        return g + self.s * rng.standard_t(self.nu, g.shape)


class LaplaceLatent:
    """p(z) = Π_k e^{−|z_k|}/2 and q(z|x) = Π_k Laplace(μ_k, b_k), of rows [μ, log b]."""

    def __init__(self, dim):
        self.dim, self.row_size = dim, 2 * dim

    def nodes(self, q, noise):
        # Laplace's inverse distribution function at the normal's of ε
        tail = np.vectorize(math.erfc)(np.abs(noise.eps) / math.sqrt(2)).astype(q.dtype)
        b, h = np.exp(q[:, self.dim:]), -np.sign(noise.eps) * np.log(tail)
        return q[:, :self.dim] + b * h, noise.w, lambda dz, dw: np.concatenate([dz, dz * b * h], axis=2).sum(0)

    def kl(self, q):
        mu, b = q[:, :self.dim], np.exp(q[:, self.dim:])
        e = np.exp(-np.abs(mu) / b)
        value = (np.abs(mu) + b * e - 1 - q[:, self.dim:]).sum(1)
        slopes = [np.sign(mu) * (1 - e), (b + np.abs(mu)) * e - 1]
        return value, lambda dkl: dkl[:, None] * np.concatenate(slopes, axis=1)

    def log_prior(self, z):
        return -np.abs(z).sum(-1) - self.dim * math.log(2)

    def log_q(self, q, z):
        log_b = q[:, self.dim:]
        return -(np.abs(z - q[:, :self.dim]) * np.exp(-log_b) + log_b).sum(2) - self.dim * math.log(2)


class FullGaussian:
    """q(z|x) = N(μ, L Lᵀ), rows [μ, log of L's diagonal, the rest of L]; the prior is N(0, I)."""

    def __init__(self, dim):
        self.dim, self.row_size, self.below = dim, dim * (dim + 3) // 2, np.tril_indices(dim, -1)

    def nodes(self, q, noise):
        L, K = self.factor(q), self.dim

        def back(dz, dw):
            dL = np.einsum("sbi,sbj->bij", dz, np.broadcast_to(noise.eps, dz.shape))
            return self.row(dz.sum(0), np.einsum("bii,bii->bi", dL, L), dL)

        # z = μ + L ε
        return q[:, :K] + (L @ noise.eps[..., None])[..., 0], noise.w, back

    def kl(self, q):
        K, L, mu = self.dim, self.factor(q), q[:, :self.dim]
        value = 0.5 * ((L * L).sum((1, 2)) + (mu * mu).sum(1) - K) - q[:, K:2 * K].sum(1)
        return value, lambda dkl: dkl[:, None] * self.row(mu, np.einsum("bii,bii->bi", L, L) - 1, L)

    def log_prior(self, z):
        return -0.5 * (z * z).sum(-1) - 0.5 * self.dim * math.log(2 * math.pi)

    def factor(self, q):
        L = np.zeros((len(q), self.dim, self.dim), q.dtype)
        L[:, range(self.dim), range(self.dim)] = np.exp(q[:, self.dim:2 * self.dim])
        L[:, self.below[0], self.below[1]] = q[:, 2 * self.dim:]
        return L

    def row(self, mean, diagonal, L):
        return np.concatenate([mean, diagonal, L[:, self.below[0], self.below[1]]], axis=1)


class SemiAmortized:
    """An encoder's row and `steps` steps uphill on the ELBO from it."""

    exact_gradient = False

    def __init__(self, encoder, model, steps=3, rate=0.02):
        self.encoder, self.model, self.steps, self.rate = encoder, model, steps, rate

    def __call__(self, x, index=None):
        q, back = self.encoder(x)
        model = self.model.copy(q.dtype, gradient=False)
        noise = npvae.GaussHermite(5)(None, len(x), model.latent.dim, q.dtype)
        for _ in range(self.steps):
            _, uphill = npvae.elbo(model, q, x, noise)
            q = q + self.rate * uphill(np.ones(len(x), q.dtype))
        return q, back


class Nesterov:
    """v ← γ v + ∇, θ ← θ + λ (γ v + ∇)."""

    def __init__(self, value, grad, learning_rate, maximize=True):
        self.value, self.grad, self.learning_rate, self.sign = value, grad, learning_rate, 1 if maximize else -1
        self.v = np.zeros_like(value)

    def step(self):
        self.v[...] = 0.8 * self.v + self.grad
        self.value += self.sign * self.learning_rate * (0.8 * self.v + self.grad)


def cosine(sweep):
    return 1e-4 + 5e-3 * (1 + math.cos(math.pi * min(sweep / 20, 1)))


PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29)


class Halton:
    """Normal draws that fill space evenly: a Halton sequence, moved by a random shift each time."""

    def __init__(self, samples=4):
        self.samples = samples

    def __call__(self, rng, batch, dim, dtype):
        points = np.array([[self.radical(i, p) for p in PRIMES[:dim]] for i in range(1, self.samples + 1)])
        u = (points[:, None] + rng.random((batch, dim))) % 1                # (S, B, K)
        eps = np.vectorize(NormalDist().inv_cdf)(np.clip(u, 1e-12, 1 - 1e-12))
        return Noise(eps.astype(dtype), np.full((self.samples, 1), 1 / self.samples, dtype))

    def radical(self, i, p):
        found, scale = 0.0, 1.0
        while i:
            scale /= p
            i, digit = divmod(i, p)
            found += digit * scale
        return found
