"""Each mistake in an ELBO predicts a number of its own for each q: which one fits?

A draw and a likelihood are each right or one of the wrong ones in the tables below: (what is wrong, how to mend it,
the formula that it is, of the `Terms` t). The KLs stand in `kls`.
"""

from itertools import product

import numpy as np

from npvae.dialects.elbos import CALLED, LOG_2PI

DRAW = "Draw z = μ + σ ε"
DISAGREE = "sampler and KL disagree: z is drawn with"
LOG_S = "Write −D log σ_g"
ERROR = "Write ‖x − g‖²/(2σ_g²)"
TUTORIAL = ("Write −‖x − g‖²/(2σ_g²) − D log σ_g − (D/2) log 2π, or call it a loss: no value of it can be held against "
            "log p(x)")

DRAWS = (
    (f"{DISAGREE} σ² where σ belongs", DRAW, lambda t: t.mu + t.s2 * t.eps),
    (f"{DISAGREE} √σ, log σ being read as log σ²", DRAW, lambda t: t.mu + t.sigma**0.5 * t.eps),
    ("z is μ: no noise is added", DRAW, lambda t: t.mu + 0 * t.eps),
    ("reused noise: one ε serves all latent dimensions", "Draw ε with shape (B, K)",
     lambda t: t.mu + t.sigma * t.eps[..., :1]),
    ("the noise is not scaled by σ", DRAW, lambda t: t.mu + t.sigma**0 * t.eps),
    ("z is drawn as (μ + ε) σ, so that μ is scaled, too", DRAW, lambda t: (t.mu + t.eps) * t.sigma),
    ("z is drawn as σ ε: μ is left out", DRAW, lambda t: 0 * t.mu + t.sigma * t.eps),
    ("z is the noise alone, a draw from the prior", DRAW, lambda t: 0 * t.mu + t.eps + 0 * t.sigma),
    ("z is μ + σ, without noise", DRAW, lambda t: t.mu + t.sigma + 0 * t.eps),
    (f"{DISAGREE} σ⁴ where σ belongs", DRAW, lambda t: t.mu + t.s2**2 * t.eps),
    (f"{DISAGREE} 1/σ where σ belongs", DRAW, lambda t: t.mu + t.eps / t.sigma),
    (f"{DISAGREE} log σ where σ belongs", DRAW, lambda t: t.mu + np.log(t.sigma) * t.eps),
    (f"{DISAGREE} log σ² where σ belongs", DRAW, lambda t: t.mu + 2 * np.log(t.sigma) * t.eps),
    ("the noise has lost its sign: |ε|", "Use ε as it is", lambda t: t.mu + t.sigma * np.abs(t.eps)))


def samplers(t):
    """(what, mend, z (S, B, K)) of wrong ways to draw z."""
    found = [(what, mend, z(t)) for what, mend, z in DRAWS]
    if t.row == "softplus":
        found.append((f"{DISAGREE} ρ where σ belongs", "Write σ = log(1 + e^ρ)", t.mu + t.raw * t.eps))
    return found + [(f"{DISAGREE} another σ, {CALLED[t.row]} being read as {CALLED[row]}", DRAW, t.mu + sigma * t.eps)
                    for row, sigma in t.misread(powers=False)]


# of whatever likelihood: c − e is log p(x|z)
LIKELIHOODS = (
    ("log p(x|z) is averaged over the D data dimensions", "Sum over them", lambda t, c, e: (c - e) / t.D),
    ("log p(x|z) is divided by the number of rows", "Return one number for each row", lambda t, c, e: (c - e) / t.B),
    ("log p(x|z) is counted twice, or its draws are summed where their mean belongs", "Count it once",
     lambda t, c, e: 2 * (c - e)),
    ("log p(x|z) has the wrong sign", "Add it", lambda t, c, e: e - c),
    ("log p(x|z) is left out", "Add it", lambda t, c, e: 0 * e),
    ("log p(x|z) has a ½ too many", "Take it out", lambda t, c, e: 0.5 * (c - e)))

# of N(x; g(z), σ_g² I): the weights that −(D/2) log 2π, −D log σ_g and −‖x − g‖²/(2σ_g²) have
GAUSSIAN = (
    ("dropped constant: −(D/2) log 2π is missing", "Add it, or no value can be compared with log p(x)", 0, 1, 1),
    ("dropped constant: −D log σ_g is missing", "Add it: a learned σ_g has no optimum without it", 1, 0, 1),
    ("dropped constants: −(D/2) log 2π and −D log σ_g are missing", "Add them", 0, 0, 1),
    ("the board's −(D/2) log σ_g stands where −D log σ_g belongs", LOG_S, 1, 0.5, 1),
    ("log σ_g has the wrong sign: + D log σ_g stands where − D log σ_g belongs", LOG_S, 1, -1, 1),
    ("log σ_g² stands where log σ_g belongs: −2D log σ_g for −D log σ_g", LOG_S, 1, 2, 1),
    ("log σ_g² stands where log σ_g belongs, and −(D/2) log 2π is missing", f"{LOG_S} − (D/2) log 2π", 0, 2, 1),
    ("log 2π has lost its ½: −D log 2π stands where −(D/2) log 2π belongs", "Write −(D/2) log 2π", 2, 1, 1),
    ("the constant −(D/2) log 2π has the wrong sign", "Subtract it", -1, 1, 1),
    ("the constants are those of one dimension, not of all D", "Multiply them by D", "1/D", "1/D", 1),
    ("the constant −½ log 2π is that of one dimension, not of all D", "Multiply it by D", "1/D", 1, 1),
    ("−log σ_g is that of one dimension, not of all D", "Multiply it by D", 1, "1/D", 1),
    ("the ½ is missing: ‖x − g‖²/σ_g²", ERROR, 1, 1, 2), ("σ_g stands where σ_g² belongs", ERROR, 1, 1, "s"),
    ("σ_g stands where σ_g² belongs, and the ½ is missing", ERROR, 1, 1, "2s"),
    ("σ_g⁴ stands where σ_g² belongs", ERROR, 1, 1, "1/s²"),
    ("the error is multiplied by σ_g², not divided by it", ERROR, 1, 1, "s⁴"),
    ("the error is not divided by σ_g²: ½‖x − g‖²", ERROR, 1, 1, "s²"),
    ("the error is not divided by 2σ_g²: ‖x − g‖²", ERROR, 1, 1, "2s²"),
    ("the error ‖x − g‖² is halved once too often", ERROR, 1, 1, 0.5),
    ("the error ‖x − g‖² has the wrong sign: errors are rewarded", "Subtract it", 1, 1, -1),
    ("the error ‖x − g‖² is left out", ERROR, 1, 1, 0),
    ("the error is averaged over the D data dimensions", "Sum over them", 1, 1, "1/D"),
    ("the squared error −‖x − g‖² stands alone: the 1/(2σ_g²) and the constants of the Gaussian are missing, as though "
     "σ_g² were ½", TUTORIAL, 0, 0, "2s²"),
    ("the squared error −½‖x − g‖² stands alone: the 1/σ_g² and the constants of the Gaussian are missing, as though "
     "σ_g were 1", TUTORIAL, 0, 0, "s²"),
    ("the mean squared error stands for the likelihood: averaged over the D data dimensions, and without 1/(2σ_g²) and "
     "the constants", TUTORIAL, 0, 0, "2s²/D"),
    ("half the mean squared error stands for the likelihood: averaged over the D data dimensions, and without 1/σ_g² "
     "and the constants", TUTORIAL, 0, 0, "s²/D"),
    ("the error is averaged over the D data dimensions, and the constants are missing", TUTORIAL, 0, 0, "1/D"),
    ("σ_g is 1 in the error, and −D log σ_g is missing", "Use the model's σ_g", 1, 0, "s²"),
    ("‖x − g‖²/σ_g² stands alone: the ½ and the constants are missing", TUTORIAL, 0, 0, 2))

# of Bernoulli pixels with logits g and probabilities p, by pixel
SQUARES = (
    ("the squared error of the probabilities", lambda x, g, p: -((x - p) ** 2)),
    ("half the squared error of the probabilities", lambda x, g, p: -0.5 * (x - p) ** 2),
    ("the squared error of the logits", lambda x, g, p: -((x - g) ** 2)))
BINARY = (
    ("half of the cross-entropy is missing: only x log p is there, not (1 − x) log (1 − p)",
     lambda x, g, p: x * np.log(p)),
    ("half of the cross-entropy is missing: only (1 − x) log (1 − p) is there, not x log p",
     lambda x, g, p: (1 - x) * np.log(1 - p)),
    ("x is exchanged for 1 − x in the cross-entropy", lambda x, g, p: (1 - x) * g - np.logaddexp(0, g)),
    ("the sigmoid is taken twice: probabilities are used as logits", lambda x, g, p: x * p - np.logaddexp(0, p)),
    ("the normaliser log(1 + e^l) of the logits is missing in the cross-entropy", lambda x, g, p: x * g),
    ("x is missing in the cross-entropy: only log(1 + e^l) is there", lambda x, g, p: -np.logaddexp(0, g)))


def likelihoods(t, error):
    """(what, mend, E log p(x|z)) of wrong likelihoods with the right draw; `error` is ‖x − g(z)‖²/(2σ_g²)."""
    found = [(what, mend, value(t, t.constants, error)) for what, mend, value in LIKELIHOODS]
    if t.gaussian:
        s, D = t.s, t.D
        known = {"1/D": 1 / D, "s": s, "2s": 2 * s, "1/s²": s**-2, "s²": s**2, "s⁴": s**4, "2s²": 2 * s**2,
                 "s²/D": s**2 / D, "2s²/D": 2 * s**2 / D}
        for what, mend, *weights in GAUSSIAN:
            pi, log_s, e = (known.get(w, w) for w in weights)
            found.append((what, mend, -pi * 0.5 * D * LOG_2PI - log_s * D * np.log(s) - e * error))
    return found + (binary_likelihoods(t) if t.binary else [])


def binary_likelihoods(t):
    """The same for Bernoulli pixels."""
    g = t.decoded()
    with np.errstate(all="ignore"):
        pixels = t.X, g, 1 / (1 + np.exp(-g))
        squares = [(f"{what} stands where the Bernoulli cross-entropy belongs", f(*pixels)) for what, f in SQUARES]
        values = squares + [(what, f(*pixels)) for what, f in BINARY]
    values += [(f"{what}, averaged over the D data dimensions", v / t.D) for what, v in squares]
    return [(what, "Write Σ x l − log(1 + e^l) of the logits l", t.mean(v.sum(-1))) for what, v in values]


# E ‖x − x̂‖²/(2σ_g²) for x̂ that is not g = g(z), o = g(0)
DECODERS = (
    ("the missing −x: ‖g(z)‖² stands where ‖x − g(z)‖² belongs", "Subtract x^i",
     lambda t, g, o: t.error_of(g, 0 * t.X)),
    ("the decoder's bias b is missing: x̂ is g(z) − g(0)", "Add b", lambda t, g, o: t.error_of(g - o)),
    ("the decoder's bias b is added twice", "Add it once", lambda t, g, o: t.error_of(g + o)),
    ("a sum over D leaves the last data dimension out", "Sum over all D", lambda t, g, o: t.error_of(g, last=-1)),
    ("a sum over D leaves the first data dimension out", "Sum over all D", lambda t, g, o: t.error_of(g, first=1)))
# the same without the square of r = x − g, times 2σ_g²
RESIDUALS = (
    ("the absolute error |x − g| stands where its square belongs", "Square it", lambda r: np.abs(r).sum(-1)),
    ("the norm ‖x − g‖ stands where its square belongs", "Square it", lambda r: np.sqrt((r**2).sum(-1))),
    ("the errors are summed before they are squared", "Square first", lambda r: r.sum(-1) ** 2))
# and of an x̂ that is squashed
SQUASHED = (("sigmoid", lambda g: 1 / (1 + np.exp(-np.clip(g, -500, 500)))), ("tanh", np.tanh))
# closed forms E‖x − g(z)‖² = ‖x − g(μ)‖² + Σ_j σ_j² ‖w_j‖² of an affine decoder that went wrong
SPREADS = (
    ("(Σ_d W)² stands where Σ_d W² belongs", lambda t: t.s2 @ t.W.sum(1) ** 2),
    ("Σ_d W stands where Σ_d W² belongs", lambda t: t.s2 @ t.W.sum(1)),
    ("Σ σ² stands alone, without Σ_d W²", lambda t: (t.s2).sum(1)),
    ("Σ_d W² is there without σ²", lambda t: 0 * t.sigma.sum(1) + (t.W**2).sum()),
    ("Σ σ² is multiplied by D, without Σ_d W²", lambda t: t.D * (t.s2).sum(1)))


def decoders(t):
    """(what, mend, E log p(x|z)) with another x or x̂."""
    g, at_zero = t.decoded(), t.model.decoder(np.zeros((1, t.K)))[0]
    found = [(what, mend, error(t, g, at_zero)) for what, mend, error in DECODERS]
    if t.gaussian:
        found += [(what, mend, t.mean(f(t.X - g)) / (2 * t.s**2)) for what, mend, f in RESIDUALS]
        found += [(f"x̂ passes through a {name} that the model has not", "Take it out", t.error_of(f(g)))
                  for name, f in SQUASHED]
    values = [(what, mend, t.constants - e) for what, mend, e in found]
    if t.affine:
        here = t.error_of(t.decoded(t.mu[None] + 0 * t.eps))
        values += [(f"the variance of g(z) is wrong: {what}", "Write Σ_j σ_j² Σ_d W_jd²",
                    t.constants - here - spread(t) / (2 * t.s**2)) for what, spread in SPREADS]
    return values


class Fit:
    """Whether predicted values are the obtained ones, to rounding or within standard errors."""

    def __init__(self, got, doubt, tolerance):
        self.got, self.doubt, self.tolerance, self.random = got, doubt, tolerance, bool(doubt.any())

    def __call__(self, predicted):
        with np.errstate(invalid="ignore"):
            return bool((np.abs(self.got - predicted) <= self.tolerance + 6 * self.doubt).all())

    def distance(self, predicted):
        """χ² of what draws leave open, else 0."""
        return float((((self.got - predicted) / self.doubt) ** 2).sum()) if self.random else 0.0


# the log weights of an importance-weighted bound, of log p(x|z), log p(z) and log q(z|x), k0 = −(K/2) log 2π
WEIGHTS = (
    ("", "", lambda px, pz, q, k0: px + pz - q),
    ("log q(z|x), the proposal, is missing in the weights", "Subtract it", lambda px, pz, q, k0: px + pz),
    ("the prior log p(z) is missing in the weights", "Add it", lambda px, pz, q, k0: px - q),
    ("the −½‖z‖² of the prior log p(z) is missing in the weights", "Add it", lambda px, pz, q, k0: px + k0 - q),
    ("log q(z|x), the proposal, is missing in the weights but for its constant", "Subtract it",
     lambda px, pz, q, k0: px + pz - k0),
    ("log q(z|x) has the wrong sign in the weights", "Subtract it", lambda px, pz, q, k0: px + pz + q))
COUNTS = (*range(2, 13), 14, 16, 18, 20, 25, 30, 40, 50, 64, 80, 100)


def importance_weighted(t, fit, rng):
    """(number of draws, what is wrong or "", predicted (N,)) if the values are those of an importance-weighted bound.

    L_k = E log (1/k) Σ_s p(x, z_s)/q(z_s|x), Burda et al. 2016: the ELBO for k = 1, log p(x) for k → ∞.
    """
    terms = t.log_weights(max(2000, min(20_000, 20_000_000 // t.X.size)), rng)
    found = []
    for (what, mend, weigh), k in product(WEIGHTS, COUNTS):
        log_w = weigh(*terms, -0.5 * t.K * LOG_2PI)
        groups = log_w[:len(log_w) // k * k].reshape(-1, k, len(t.X))
        values = np.logaddexp.reduce(groups, axis=1) - np.log(k)
        near = Fit(fit.got, np.sqrt(fit.doubt**2 + values.var(0) / len(values)), fit.tolerance)
        summed = "the weights are summed over the draws, not averaged: log k too high" + (what and f", and {what}")
        for shift, wrong, repair in ((0.0, what, mend), (np.log(k), summed, "Take their mean")):
            predicted = values.mean(0) + shift
            if near(predicted):
                found.append((near.distance(predicted), k, wrong, repair, predicted))
    return min(found, key=lambda f: f[0])[1:] if found else None
