"""Each mistake in an ELBO predicts a number of its own for each q: which one fits?

    ELBO(q) = E log p(x|z) − KL(q ‖ p),  z = μ + σ ε

A draw, a likelihood and a KL are each right or one of the wrong ones below. Their values are computed at the nodes ε at
which the function under test is averaged, so that whatever decoder is in between, a prediction fits to rounding.
"""

import numpy as np

from npvae.declared import declares, is_affine
from npvae.models import BernoulliLikelihood, Cubature, GaussHermite, Noise
from npvae.models.affine import affine_map, is_affine_gaussian

LOG_2PI = np.log(2 * np.pi)
# how each kind of row is called
CALLED = {"log_sigma": "log σ", "log_variance": "log σ²", "sigma": "σ", "softplus": "ρ with σ = log(1 + e^ρ)"}
KL_FORMULA = "Write ½ Σ (σ² + μ² − 1 − log σ²)"
DRAW = "Draw z = μ + σ ε"

# what stands in the second half of a row, from log σ; and σ from it
ROWS = {"log_sigma": lambda s: s, "log_variance": lambda s: 2 * s, "sigma": np.exp,
        "softplus": lambda s: np.log(np.expm1(np.exp(s)))}
READINGS = {"log_sigma": np.exp, "log_variance": lambda r: np.exp(0.5 * r), "sigma": lambda r: r,
            "softplus": lambda r: np.logaddexp(0, r)}


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


def samplers(t):
    """(what, mend, z (S, B, K)) of wrong ways to draw z."""
    mu, sigma, eps = t.mu, t.sigma, t.eps
    disagree = "sampler and KL disagree: z is drawn with"
    found = [(f"{disagree} σ² where σ belongs", DRAW, mu + sigma**2 * eps),
             (f"{disagree} √σ, log σ being read as log σ²", DRAW, mu + sigma**0.5 * eps),
             ("z is μ: no noise is added", DRAW, mu + 0 * eps),
             ("reused noise: one ε serves all latent dimensions", "Draw ε with shape (B, K)",
              mu + sigma * eps[..., :1]),
             ("the noise is not scaled by σ", DRAW, mu + sigma**0 * eps),
             ("z is drawn as (μ + ε) σ, so that μ is scaled, too", DRAW, (mu + eps) * sigma),
             ("z is drawn as σ ε: μ is left out", DRAW, 0 * mu + sigma * eps),
             ("z is the noise alone, a draw from the prior", DRAW, 0 * mu + eps + 0 * sigma),
             ("z is μ + σ, without noise", DRAW, mu + sigma + 0 * eps),
             (f"{disagree} σ⁴ where σ belongs", DRAW, mu + sigma**4 * eps),
             (f"{disagree} 1/σ where σ belongs", DRAW, mu + eps / sigma),
             (f"{disagree} log σ where σ belongs", DRAW, mu + np.log(sigma) * eps),
             (f"{disagree} log σ² where σ belongs", DRAW, mu + 2 * np.log(sigma) * eps),
             ("the noise has lost its sign: |ε|", "Use ε as it is", mu + sigma * np.abs(eps))]
    if t.row == "softplus":
        found.append((f"{disagree} ρ where σ belongs", "Write σ = log(1 + e^ρ)", mu + t.raw * eps))
    return found + [(f"{disagree} another σ, {CALLED[t.row]} being read as {CALLED[row]}", DRAW, mu + sigma_r * eps)
                    for row, sigma_r in t.misread(powers=False)]


def likelihoods(t, error):
    """(what, mend, E log p(x|z)) of wrong likelihoods with the right draw; `error` is ‖x − g(z)‖²/(2σ_g²)."""
    c, D, B = t.constants, t.D, t.B
    found = [("log p(x|z) is averaged over the D data dimensions", "Sum over them", (c - error) / D),
             ("log p(x|z) is divided by the number of rows", "Return one number for each row", (c - error) / B),
             ("log p(x|z) is counted twice, or its draws are summed where their mean belongs", "Count it once",
              2 * (c - error)),
             ("log p(x|z) has the wrong sign", "Add it", error - c),
             ("log p(x|z) is left out", "Add it", 0 * error),
             ("log p(x|z) has a ½ too many", "Take it out", 0.5 * (c - error))]
    return found + (gaussian_likelihoods(t, error) if t.gaussian else binary_likelihoods(t))


def gaussian_likelihoods(t, e):
    """The same for N(x; g(z), σ_g² I), whose constants can be lost on the way."""
    c, s, D = t.constants, t.s, t.D
    pi, log_s, square = 0.5 * D * LOG_2PI, D * np.log(s), 2 * s**2 * e
    formula, tutorial = "Write ‖x − g‖²/(2σ_g²)", ("Write −‖x − g‖²/(2σ_g²) − D log σ_g − (D/2) log 2π, or call it a "
                                                   "loss: no value of it can be held against log p(x)")
    return [
        ("dropped constant: −(D/2) log 2π is missing", "Add it, or no value can be compared with log p(x)", c + pi - e),
        ("dropped constant: −D log σ_g is missing", "Add it: a learned σ_g has no optimum without it", c + log_s - e),
        ("dropped constants: −(D/2) log 2π and −D log σ_g are missing", "Add them", -e),
        ("the board's −(D/2) log σ_g stands where −D log σ_g belongs", "Write −D log σ_g", c + 0.5 * log_s - e),
        ("log σ_g has the wrong sign: + D log σ_g stands where − D log σ_g belongs", "Write −D log σ_g",
         c + 2 * log_s - e),
        ("log σ_g² stands where log σ_g belongs: −2D log σ_g for −D log σ_g", "Write −D log σ_g", c - log_s - e),
        ("log σ_g² stands where log σ_g belongs, and −(D/2) log 2π is missing", "Write −D log σ_g − (D/2) log 2π",
         -2 * log_s - e),
        ("log 2π has lost its ½: −D log 2π stands where −(D/2) log 2π belongs", "Write −(D/2) log 2π", c - pi - e),
        ("the constant −(D/2) log 2π has the wrong sign", "Subtract it", c + 2 * pi - e),
        ("the constants are those of one dimension, not of all D", "Multiply them by D", c / D - e),
        ("the constant −½ log 2π is that of one dimension, not of all D", "Multiply it by D", c + (1 - 1 / D) * pi - e),
        ("−log σ_g is that of one dimension, not of all D", "Multiply it by D", c + (1 - 1 / D) * log_s - e),
        ("the ½ is missing: ‖x − g‖²/σ_g²", formula, c - 2 * e),
        ("σ_g stands where σ_g² belongs", formula, c - s * e),
        ("σ_g stands where σ_g² belongs, and the ½ is missing", formula, c - 2 * s * e),
        ("σ_g⁴ stands where σ_g² belongs", formula, c - e / s**2),
        ("the error is multiplied by σ_g², not divided by it", formula, c - s**4 * e),
        ("the error is not divided by σ_g²: ½‖x − g‖²", formula, c - square / 2),
        ("the error is not divided by 2σ_g²: ‖x − g‖²", formula, c - square),
        ("the error ‖x − g‖² is halved once too often", formula, c - e / 2),
        ("the error ‖x − g‖² has the wrong sign: errors are rewarded", "Subtract it", c + e),
        ("the error ‖x − g‖² is left out", formula, c + 0 * e),
        ("the error is averaged over the D data dimensions", "Sum over them", c - e / D),
        ("the squared error −‖x − g‖² stands alone: the 1/(2σ_g²) and the constants of the Gaussian are missing, as "
         "though σ_g² were ½", tutorial, -square),
        ("the squared error −½‖x − g‖² stands alone: the 1/σ_g² and the constants of the Gaussian are missing, as "
         "though σ_g were 1", tutorial, -square / 2),
        ("the mean squared error stands for the likelihood: averaged over the D data dimensions, and without 1/(2σ_g²) "
         "and the constants", tutorial, -square / D),
        ("half the mean squared error stands for the likelihood: averaged over the D data dimensions, and without "
         "1/σ_g² and the constants", tutorial, -square / (2 * D)),
        ("the error is averaged over the D data dimensions, and the constants are missing", tutorial, -e / D),
        ("σ_g is 1 in the error, and −D log σ_g is missing", "Use the model's σ_g", -square / 2 - pi),
        ("‖x − g‖²/σ_g² stands alone: the ½ and the constants are missing", tutorial, -2 * e)]


def binary_likelihoods(t):
    """The same for Bernoulli pixels; of other likelihoods only the factors above are known."""
    if not t.binary:
        return []
    g, p = t.decoded(), 1 / (1 + np.exp(-t.decoded()))
    with np.errstate(all="ignore"):
        cases = [("the squared error of the probabilities stands where the Bernoulli cross-entropy belongs",
                  -((t.X - p) ** 2)),
                 ("half the squared error of the probabilities stands where the Bernoulli cross-entropy belongs",
                  -0.5 * (t.X - p) ** 2),
                 ("the squared error of the logits stands where the Bernoulli cross-entropy belongs",
                  -((t.X - g) ** 2)),
                 ("half of the cross-entropy is missing: only x log p is there, not (1 − x) log (1 − p)",
                  t.X * np.log(p)),
                 ("half of the cross-entropy is missing: only (1 − x) log (1 − p) is there, not x log p",
                  (1 - t.X) * np.log(1 - p)),
                 ("x is exchanged for 1 − x in the cross-entropy", (1 - t.X) * g - np.logaddexp(0, g)),
                 ("the sigmoid is taken twice: probabilities are used as logits", t.X * p - np.logaddexp(0, p)),
                 ("the normaliser log(1 + e^l) of the logits is missing in the cross-entropy", t.X * g),
                 ("x is missing in the cross-entropy: only the normaliser log(1 + e^l) is there", -np.logaddexp(0, g))]
        mean = [(f"{what}, averaged over the D data dimensions", v / t.D) for what, v in cases[:3]]
    return [(what, "Write Σ x l − log(1 + e^l) of the logits l", t.mean(v.sum(-1))) for what, v in cases + mean]


def decoders(t):
    """(what, mend, E log p(x|z)) with another x or x̂."""
    g, at_zero = t.decoded(), t.model.decoder(np.zeros((1, t.K)))[0]
    found = [("the missing −x: ‖g(z)‖² stands where ‖x − g(z)‖² belongs", "Subtract x^i", t.error_of(g, 0 * t.X)),
             ("the decoder's bias b is missing: x̂ is g(z) − g(0)", "Add b", t.error_of(g - at_zero)),
             ("the decoder's bias b is added twice", "Add it once", t.error_of(g + at_zero)),
             ("a sum over D leaves the last data dimension out", "Sum over all D", t.error_of(g, last=-1)),
             ("a sum over D leaves the first data dimension out", "Sum over all D", t.error_of(g, first=1))]
    if t.gaussian:
        r, s = t.X - g, t.s
        found += [("the absolute error |x − g| stands where its square belongs", "Square it",
                   t.mean(np.abs(r).sum(-1)) / (2 * s**2)),
                  ("the norm ‖x − g‖ stands where its square belongs", "Square it",
                   t.mean(np.sqrt((r**2).sum(-1))) / (2 * s**2)),
                  ("the errors are summed before they are squared", "Square first",
                   t.mean(r.sum(-1) ** 2) / (2 * s**2)),
                  ("x̂ passes through a sigmoid that the model has not", "Take it out",
                   t.error_of(1 / (1 + np.exp(-np.clip(g, -500, 500))))),
                  ("x̂ passes through a tanh that the model has not", "Take it out", t.error_of(np.tanh(g)))]
    values = [(what, mend, t.constants - e) for what, mend, e in found]
    return values + analytic_spreads(t)


def analytic_spreads(t):
    """Closed forms E‖x − g(z)‖² = ‖x − g(μ)‖² + Σ_j σ_j² ‖w_j‖² of an affine decoder that went wrong."""
    if not t.affine:
        return []
    W, here = t.W, t.error_of(t.decoded(t.mu[None] + 0 * t.eps))
    spread = "the variance of g(z) is wrong: "
    cases = [(f"{spread}(Σ_d W)² stands where Σ_d W² belongs", t.sigma**2 @ W.sum(1) ** 2),
             (f"{spread}Σ_d W stands where Σ_d W² belongs", t.sigma**2 @ W.sum(1)),
             (f"{spread}Σ σ² stands alone, without Σ_d W²", (t.sigma**2).sum(1)),
             (f"{spread}Σ_d W² is there without σ²", 0 * t.sigma.sum(1) + (W**2).sum()),
             (f"{spread}Σ σ² is multiplied by D, without Σ_d W²", t.D * (t.sigma**2).sum(1))]
    return [(what, "Write Σ_j σ_j² Σ_d W_jd²", t.constants - here - v / (2 * t.s**2)) for what, v in cases]


def kls(t):
    """(what, mend, KL) of wrong KLs."""
    mu2, s2, log_s, K = t.mu**2, t.sigma**2, np.log(t.sigma), t.K
    kl, columns = t.kl, 0.5 * (mu2 + s2 - 1) - log_s

    def of(m=mu2, s=s2, ls=log_s, one=1.0):
        return (0.5 * (m + s - one) - ls).sum(1)

    found = [
        ("it is left out", "Subtract KL(q ‖ p)", 0 * kl), ("it has the wrong sign", "Subtract it", -kl),
        ("the ½ is missing", KL_FORMULA, 2 * kl), ("it is halved once too often", KL_FORMULA, 0.5 * kl),
        ("it is averaged over the K latent dimensions", "Sum over them", kl / K),
        ("it is averaged over the D data dimensions", "Do not divide it by D", kl / t.D),
        ("it is divided by the number of rows", "Do not divide it", kl / t.B),
        ("it is multiplied by the D data dimensions", "Do not multiply it by D", kl * t.D),
        ("it is multiplied by the K latent dimensions", "Sum over them once", kl * K),
        ("it is KL(p ‖ q), the wrong way round", "Take the expectation under q",
         0.5 * ((1 + mu2) / s2 - 1 + 2 * log_s).sum(1)),
        ("the logarithm is missing: ∫ q · (q/p) is 1 + χ²", "Write ∫ q log(q/p)", t.without_log()),
        ("a sum over K leaves the last latent dimension out", "Sum over all K", columns[:, :-1].sum(1)),
        ("a sum over K leaves the first latent dimension out", "Sum over all K", columns[:, 1:].sum(1)),
        ("the prior is missing: only the entropy of q is there", "Add E_q log p(z)", -t.entropy),
        ("the entropy of q, −E log q(z|x), is missing", "Subtract E_q log q(z|x)", -t.prior),
        ("log q(z|x) has the wrong sign: it is added", "Subtract E_q log q(z|x)", t.entropy - t.prior),
        ("log p(z) has the wrong sign: it is subtracted", "Add E_q log p(z)", t.prior - t.entropy),
        ("the entropy of q is counted twice: a ½ is missing, or it stands beside the KL", "Count it once",
         kl - t.entropy),
        ("the prior, log p(z), is counted twice: it stands beside the KL", "Count it once", kl - t.prior),
        ("the KL is subtracted from log p(x, z), in which the prior is already", "Add the entropy of q alone",
         2 * kl + t.entropy),
        ("the entropy of q has half its size", KL_FORMULA, kl + 0.5 * t.entropy),
        ("log p(z) has half its size", KL_FORMULA, kl + 0.5 * t.prior),
        ("a constant is missing: the −1 of the KL for each of K dimensions, which is the ½ of the entropy and of "
         "log q at a draw", KL_FORMULA, of(one=0)),
        ("the −1 has the wrong sign", KL_FORMULA, of(one=-1)),
        ("the −1 is subtracted once, not for each of the K dimensions", KL_FORMULA, of(one=1 / K)),
        ("the −1 is not halved", KL_FORMULA, of(one=2)),
        ("dropped constant: −(K/2) log 2π of log p(z) is missing", "Add it", kl - 0.5 * K * LOG_2PI),
        ("dropped constant: −(K/2) log 2π of log q is missing, the entropy's (K/2) log 2π", "Add it",
         kl + 0.5 * K * LOG_2PI),
        ("(log σ)² stands where log σ² belongs: log σ² is 2 log σ", KL_FORMULA, of(ls=0.5 * log_s**2)),
        ("(log σ²)² stands where log σ² belongs", KL_FORMULA, of(ls=2 * log_s**2)),
        ("(log σ)² stands where 2 log σ belongs", KL_FORMULA, of(ls=log_s**2)),
        ("the 2 of log σ² = 2 log σ is missing: log σ has half its weight", KL_FORMULA, of(ls=0.5 * log_s)),
        ("log σ² stands where log σ belongs: its ½ is missing", KL_FORMULA, of(ls=2 * log_s)),
        ("log σ, the entropy of q, is missing", KL_FORMULA, of(ls=0 * log_s)),
        ("log σ, the entropy of q, has the wrong sign", KL_FORMULA, of(ls=-log_s)),
        ("σ stands where log σ belongs", KL_FORMULA, of(ls=t.sigma)),
        ("σ² stands where log σ² belongs: the logarithm is missing", KL_FORMULA, of(ls=0.5 * s2)),
        ("the term of the mean, μ², is missing", KL_FORMULA, of(m=0 * mu2)),
        ("the term of the mean, μ², has the wrong sign", KL_FORMULA, of(m=-mu2)),
        ("the ½ of μ² is missing", KL_FORMULA, of(m=2 * mu2)), ("μ² is halved twice", KL_FORMULA, of(m=0.5 * mu2)),
        ("|μ| stands where μ² belongs", KL_FORMULA, of(m=np.abs(t.mu))),
        ("μ stands where μ² belongs", KL_FORMULA, of(m=t.mu)),
        ("(Σ μ)² stands where Σ μ² belongs", KL_FORMULA, of() + 0.5 * (t.mu.sum(1) ** 2 - mu2.sum(1))),
        ("σ² is missing, in E log p(z) the variance of z: log p is taken at μ, not at the draw z", KL_FORMULA,
         of(s=0 * s2)),
        ("σ² has the wrong sign", KL_FORMULA, of(s=-s2)), ("the ½ of σ² is missing", KL_FORMULA, of(s=2 * s2)),
        ("σ² is halved twice", KL_FORMULA, of(s=0.5 * s2)),
        ("σ stands in the KL where σ² belongs", KL_FORMULA, of(s=t.sigma)),
        ("σ⁴ stands in the KL where σ² belongs", KL_FORMULA, of(s=s2**2)),
        ("√σ stands in the KL where σ² belongs", KL_FORMULA, of(s=t.sigma**0.5)),
        ("log σ stands in the KL where σ² belongs: the exponential is missing", KL_FORMULA, of(s=log_s)),
        ("log σ² stands in the KL where σ² belongs: the exponential is missing", KL_FORMULA, of(s=2 * log_s)),
        ("1/σ² stands in the KL where σ² belongs", KL_FORMULA, of(s=1 / s2)),
        ("the ½ is missing for σ² + μ² − 1, and stands only for log σ²", KL_FORMULA, 2 * of() + log_s.sum(1)),
        ("the ½ is missing for σ² + μ², and stands for the rest", KL_FORMULA, of() + 0.5 * (mu2 + s2).sum(1)),
        ("the ½ stands only for the −1 and log σ² together", KL_FORMULA, of(m=2 * mu2, s=2 * s2))]
    # −log q of a density with another variance V than z has: ½ log V + σ²/(2V)
    for v, name in ((t.sigma, "σ"), (s2**2, "σ⁴"), (0 * s2 + 1, "1")):
        found.append((f"log q(z|x) takes {name} where the variance σ² belongs", "Use the σ that z was drawn with",
                      (-0.5 * np.log(v) - 0.5 * s2 / v + 0.5 * (mu2 + s2)).sum(1)))
    disagree = "sampler and KL disagree: the KL"
    for row, sigma_r in [("", np.sqrt(t.sigma)), ("²", t.sigma**2), *t.misread(powers=False)]:
        reads = ({"": "reads log σ as log σ²", "²": "takes σ² for σ"}.get(row)
                 or f"reads {CALLED[t.row]} as {CALLED[row]}")
        found.append((f"{disagree} {reads}", "Use σ² = exp(2 log σ) and log σ² = 2 log σ",
                      of(s=sigma_r**2, ls=np.log(sigma_r))))
    if t.row == "softplus":
        found += [("ρ stands in the KL where log σ belongs: σ is log(1 + e^ρ)", "Take the logarithm of σ",
                   of(ls=t.raw)),
                  ("e^ρ stands in the KL where σ belongs: σ is log(1 + e^ρ)", "Take σ", of(s=np.exp(2 * t.raw)))]
    return found
