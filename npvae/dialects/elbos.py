"""How an ELBO function is called, what the rows that it takes hold, and the terms that it should have.

    ELBO(q) = E log p(x|z) − KL(q ‖ p),  z = μ + σ ε

The terms are computed at the nodes ε at which the function is averaged, so that whatever decoder is in between, a
prediction fits to rounding.
"""

import inspect

import numpy as np

from npvae.arrays import numbers
from npvae.declared import declares, is_affine
from npvae.models import BernoulliLikelihood, Cubature, GaussHermite, Noise
from npvae.models.affine import affine_map, best_diagonal_rows, is_affine_gaussian

LOG_2PI = np.log(2 * np.pi)
# how each kind of row is called
CALLED = {"log_sigma": "log σ", "log_variance": "log σ²", "sigma": "σ", "softplus": "ρ with σ = log(1 + e^ρ)"}
# what stands in the second half of a row, from log σ; and σ from it
ROWS = {"log_sigma": lambda s: s, "log_variance": lambda s: 2 * s, "sigma": np.exp,
        "softplus": lambda s: np.log(np.expm1(np.exp(s)))}
READINGS = {"log_sigma": np.exp, "log_variance": lambda r: np.exp(0.5 * r), "sigma": lambda r: r,
            "softplus": lambda r: np.logaddexp(0, r)}


class UserFunction:
    """The function under test: called with rows as it takes them, apart if it has an argument more."""

    def __init__(self, elbo_fn, K, row, draws):
        self.elbo_fn, self.K, self.row, self.draws = elbo_fn, K, row, draws
        self.apart = _required_arguments(elbo_fn) == (3 if draws else 4)

    def __call__(self, q, X, *eps):
        """The values (B,) for rows [μ, log σ], or a ValueError that says what came instead."""
        rows = [q[:, :self.K].copy(), ROWS[self.row](q[:, self.K:])]
        rows = rows if self.apart else [np.concatenate(rows, axis=1)]
        shapes = ", ".join(str(a.shape) for a in (*rows, X, *eps))
        try:
            value = self.elbo_fn(*rows, X.copy(), *(e.copy() for e in eps))
        except (TypeError, IndexError, AttributeError) as problem:
            raise ValueError(f"the ELBO function cannot be called with arrays of shapes {shapes}: {problem}"
                             ) from problem
        except ValueError as problem:
            if not any(word in str(problem) for word in ("broadcast", "matmul", "aligned", "axis")):
                raise
            raise ValueError(f"the ELBO function cannot be called with arrays of shapes {shapes}: {problem}. Terms are "
                             "reduced over axis 1, which leaves one number for each row (B,); a sum or mean over axis "
                             "0 is one over the batch") from problem
        value = numbers("the ELBO function's value", value[0] if isinstance(value, tuple) and value else value)
        if value.dtype == np.float32:
            raise ValueError("the ELBO function answers in float32, whose rounding hides small mistakes: some array in "
                             "it, or its model, is float32; check in float64 (model.copy(np.float64))")
        value = value.astype(float)
        if value.shape != (len(X),):
            raise ValueError(f"the ELBO function returned shape {value.shape}, expected ({len(X)},): one number for "
                             f"each row, neither summed nor averaged over the batch{_hint(value.shape, X)}")
        if not np.isfinite(value).all():
            raise ValueError("the ELBO function returned numbers that are not finite, for moderate rows: look for an "
                             f"overflow, a logarithm of 0, or say what the rows hold, which is now row={self.row!r}")
        return value


def _required_arguments(f):
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        return None
    return sum(p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)


def _hint(shape, X):
    """What a shape that is not (B,) tells."""
    if shape == (X.shape[1],):
        return "; it is summed over axis 0, the batch, where axis 1 belongs"
    if len(shape) == 2 and shape[0] == len(X):
        kept = "; an axis of length 1 is kept: keepdims, or [:, None]"
        return kept if shape[1] == 1 else "; it is not summed over axis 1"
    return ""


def nodes_of(model, many=False):
    """Where E_ε is taken: eps (S, 1, K) and w (S, 1). For three and more curved dimensions they are draws.

    The first two moments of the draws are those of N(0, I), so a KL that is sampled comes out as in closed form.
    """
    K = model.latent.dim
    if is_affine_gaussian(model):
        return Cubature()(None, 1, K)
    if K <= 2:
        return GaussHermite(64 if K == 1 else 16)(None, 1, K)
    half = np.random.default_rng(0).standard_normal((2048 if many else 4 * K + 16, K))
    half /= np.sqrt((half**2).mean(0))
    eps = np.concatenate([half, -half])[:, None]
    return Noise(eps, np.full((len(eps), 1), 1 / len(eps)))


def trial_rows(model, X, rng):
    """Rows q by name: the best one, the prior, one too narrow, one too wide, and one at random."""
    K = model.latent.dim

    def anywhere():
        return np.concatenate([0.5 * rng.standard_normal((len(X), K)), rng.uniform(-1.0, 0.3, (len(X), K))], axis=1)

    best = best_diagonal_rows(model, X) if is_affine_gaussian(model) else anywhere()
    narrow, wide = best.copy(), best.copy()
    narrow[:, K:] -= 1.0
    wide[:, K:] = np.minimum(wide[:, K:] + 0.7, 0.3)
    return {"best" if is_affine_gaussian(model) else "another": best, "prior": np.zeros_like(best), "narrow": narrow,
            "wide": wide, "random": anywhere()}


class Terms:
    """The terms of the ELBO of a model with a Gaussian latent, at rows q = [μ, log σ] and data X, nats.

    Parameters
    ----------
    model : LatentVariableModel
    q : array (N, 2K)
    X : array (N, D)
    noise : Noise
        Nodes that all rows share.
    row : str
        What the second half of the rows of the function under test holds.
    batch : int
        B, of a call of the function.
    """

    def __init__(self, model, q, X, noise, row, batch):
        self.model, self.q, self.X, self.noise, self.row, self.B = model, q, X, noise, row, batch
        self.mu, log_sigma = np.split(q, 2, axis=1)
        self.sigma, self.raw = np.exp(log_sigma), ROWS[row](log_sigma)
        self.mu2, self.s2, self.log_s = self.mu**2, self.sigma**2, log_sigma
        self.K, self.D = self.mu.shape[1], X.shape[1]
        self.eps = noise.eps                                # (S, 1, K)
        self.declared = declares(model, "likelihood of the decoder's output")
        self.gaussian = self.declared and declares(model.likelihood, "isotropic normal")
        self.binary = self.declared and isinstance(model.likelihood, BernoulliLikelihood)
        self.affine = self.gaussian and is_affine(model.decoder)
        self.s = model.likelihood.sigma_g if self.gaussian else 1.0
        # log p(x|z) = constants − error
        self.constants = -self.D * (0.5 * LOG_2PI + np.log(self.s)) if self.gaussian else 0.0
        self.W = affine_map(model)[0] if self.affine else None
        self.z = self.mu + self.sigma * self.eps            # (S, N, K)
        self.kl = model.latent.kl(q)[0]
        self.standard = declares(model.latent, "standard normal prior")

    def mean(self, values):
        """Mean over the nodes of values (S, N): (N,)."""
        return (self.noise.w * values).sum(0)

    def decoded(self, z=None):
        """g(z), or the logits: (S, N, D)."""
        z = self.z if z is None else z
        return self.model.decoder(z.reshape(-1, self.K))[0].reshape(*z.shape[:2], -1)

    def error(self, z=None):
        """E ‖x − g(z)‖²/(2σ_g²), or E −log p(x|z) for other likelihoods."""
        z = np.broadcast_to(self.z if z is None else z, self.z.shape)
        return self.constants - self.mean(self.model.log_likelihood(self.X, np.ascontiguousarray(z))[0])

    def error_of(self, g, x=None, first=0, last=None):
        """The same of outputs g (S, N, D) of a decoder, other data, or some of the D dimensions."""
        x, kept = self.X if x is None else x, slice(first, last)
        if self.gaussian:
            return self.mean(((x - g)[..., kept] ** 2).sum(-1)) / (2 * self.s**2)
        if self.binary:
            return self.mean((np.logaddexp(0, g) - x * g)[..., kept].sum(-1))
        return np.full(len(x), np.nan)

    @property
    def right(self):
        """The ELBO."""
        return self.constants - self.error() - self.kl

    @property
    def kl_columns(self):
        """The KL to N(0, I) of each latent dimension (N, K)."""
        return 0.5 * (self.mu2 + self.s2 - 1) - self.log_s

    @property
    def prior(self):
        """E_q log p(z)."""
        return -0.5 * (self.sigma**2 + self.mu**2 + LOG_2PI).sum(1)

    @property
    def entropy(self):
        """−E_q log q(z|x)."""
        return (np.log(self.sigma) + 0.5 * (1 + LOG_2PI)).sum(1)

    def without_log(self):
        """∫ q · (q/p) = Π_j e^{μ_j²/(2 − σ_j²)} / (σ_j √(2 − σ_j²)), infinite for σ_j² ≥ 2."""
        v = np.minimum(self.sigma**2, 2 - 1e-12)
        with np.errstate(over="ignore"):
            return np.exp((self.mu**2 / (2 - v) - 0.5 * np.log(v * (2 - v))).sum(1))

    def misread(self, powers=True):
        """(row, σ) for the other ways to read what the rows hold; without those that read σ² or √σ, if asked."""
        sigmas = [(row, read(self.raw)) for row, read in READINGS.items() if row != self.row]
        return [(row, sigma) for row, sigma in sigmas if (sigma > 0).all()
                and (powers or not any(np.allclose(sigma, self.sigma**p) for p in (0.5, 2)))]

    def log_weights(self, draws, rng):
        """log p(x|z), log p(z) and log q(z|x) at z ~ q: (draws, N) each."""
        z = self.mu + self.sigma * rng.standard_normal((draws, *self.mu.shape))
        latent = self.model.latent
        return self.model.log_likelihood(self.X, z)[0], latent.log_prior(z), latent.log_q(self.q, z)
