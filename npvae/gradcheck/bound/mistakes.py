"""Each mistake in an ELBO predicts a number of its own for each q: which one fits?"""

from functools import partial

import numpy as np

from npvae.gradcheck.report import Finding
from npvae.models import affine

LOG_2PI = np.log(2 * np.pi)


class LinearGaussian:
    """The terms of the ELBO of x = zW + b + σ_g ε at rows q = [μ, log σ]; each method gives (B,) nats.

    Parameters
    ----------
    model : LatentVariableModel
    q : array (B, 2K)
    X : array (B, D)
    """

    def __init__(self, model, q, X):
        self.W, self.b = affine.affine_map(model)
        self.model, self.s, self.X = model, model.likelihood.sigma_g, X
        self.mu, log_sigma = np.split(q, 2, axis=1)
        self.sigma, (self.B, self.D), self.K = np.exp(log_sigma), X.shape, self.mu.shape[1]

    def squares(self, x=None):
        """‖x − g(μ)‖²."""
        return (((self.X if x is None else x) - self.b - self.mu @ self.W) ** 2).sum(1)

    def spread(self, variance):
        """E‖g(z) − g(μ)‖² for z ~ N(μ, diag variance): Σ_j variance_j ‖w_j‖²."""
        return variance @ (self.W**2).sum(1)

    def log_px(self, variance=None, x=None):
        """E log p(x|z) = −(D/2) log 2π − D log σ_g − E‖x − g(z)‖²/(2σ_g²)."""
        error = self.squares(x) + self.spread(self.sigma**2 if variance is None else variance)
        return -self.D * (0.5 * LOG_2PI + np.log(self.s)) - error / (2 * self.s**2)

    def kl(self, variance=None):
        """KL(N(μ, variance) ‖ N(0, I)) = ½ Σ_j (variance_j + μ_j² − 1 − log variance_j)."""
        variance = self.sigma**2 if variance is None else variance
        return 0.5 * (variance + self.mu**2 - 1 - np.log(variance)).sum(1)

    def kl_to_posterior(self):
        """KL(q ‖ p(z|x)) = ½ [tr PΣ + (m − μ)ᵀP(m − μ) − K − log det P − log det Σ]."""
        m, covariance = affine.posterior(self.model, self.X)
        P = np.linalg.inv(covariance)
        quadratic = np.einsum("bj,jk,bk->b", m - self.mu, P, m - self.mu)
        return (0.5 * (self.sigma**2 @ np.diag(P) + quadratic - self.K - np.linalg.slogdet(P)[1])
                - np.log(self.sigma).sum(1))


def which_mistake(cases, tolerance):
    """The finding for values that are not the right ones; none if they are. The tolerance is in nats.

    `cases` hold (LinearGaussian, right (B,), got (B,), standard error (B,)).
    """
    right, got, doubt = (np.concatenate([case[i] for case in cases]) for i in (1, 2, 3))

    def fits(predicted, errors=6):
        return bool((np.abs(got - predicted) <= tolerance + errors * doubt).all())

    if fits(right):
        return []
    # of what random draws leave within six standard errors the nearest counts; 35 values lie within some three
    random = doubt.any()
    alone = next(filter(None, (explanations(cases, right, got, partial(fits, errors=n), random)
                               for n in ((3, 4, 5, 6) if random else (6,)))), [])
    if len(alone) == 1:
        where, what, mend = alone[0]
        return [Finding("bound", where, f"{where}: {what}. {mend}.")]
    several = " or ".join(what for _, what, _ in alone) or "no known mistake explains the values"
    return [Finding("unknown", "ELBO", f"ELBO: unknown: {several}. Check its terms one by one.")]


def explanations(cases, right, got, fits, random):
    """(where, what, mend) of each mistake that fits; those with a number in them if no other does."""
    alone = [(where, what, mend) for where, what, mend, predict in MISTAKES
             if fits(np.concatenate([predict(c, r) for c, r, _, _ in cases]))]
    fitted = [found for family in FAMILIES for found in family([c for c, *_ in cases], right, got, fits)]
    if alone and random and alone[0][0] == "sampler":
        # a few draws may not tell another width of the noise from another mistake of the sampler
        return alone + [found for found in fitted if found[0] == "sampler"]
    return alone or fitted


def shared_spread(c):
    """E‖g(z) − g(μ)‖² when one ε serves all latent dimensions: ‖Σ_j σ_j w_j‖²."""
    return ((c.sigma @ c.W) ** 2).sum(1)


def reverse_kl(c):
    """KL(p ‖ q) = ½ Σ_j ((1 + μ_j²)/σ_j² − 1 + log σ_j²)."""
    return 0.5 * ((1 + c.mu**2) / c.sigma**2 - 1 + 2 * np.log(c.sigma)).sum(1)


def without_log(c):
    """∫ q · (q/p) = Π_j e^{μ_j²/(2 − σ_j²)} / (σ_j √(2 − σ_j²)), infinite for σ_j² ≥ 2."""
    v = np.minimum(c.sigma**2, 2 - 1e-12)
    with np.errstate(over="ignore"):
        return np.exp((c.mu**2 / (2 - v) - 0.5 * np.log(v * (2 - v))).sum(1))


def error_term(c):
    """E‖x − g(z)‖²/(2σ_g²)."""
    return (c.squares() + c.spread(c.sigma**2)) / (2 * c.s**2)


# where, what, how to mend it, and the value that comes out instead of the right one r
MISTAKES = [
    ("sampler", "sampler and KL disagree: z is drawn with σ² where σ belongs", "Draw z = μ + σ ε",
     lambda c, r: c.log_px(c.sigma**4) - c.kl()),
    ("sampler", "sampler and KL disagree: z is drawn with √σ, log σ being read as log σ²", "Draw z = μ + σ ε",
     lambda c, r: c.log_px(c.sigma) - c.kl()),
    ("sampler", "z is μ: no noise is added", "Draw z = μ + σ ε", lambda c, r: c.log_px(0 * c.sigma) - c.kl()),
    ("sampler", "reused noise: one ε serves all latent dimensions", "Draw ε with shape (B, K)",
     lambda c, r: r + (c.spread(c.sigma**2) - shared_spread(c)) / (2 * c.s**2)),
    ("sampler", "the noise is not scaled by σ", "Draw z = μ + σ ε", lambda c, r: c.log_px(c.sigma**0) - c.kl()),
    ("KL", "sampler and KL disagree: the KL reads log σ as log σ²", "Use σ² = exp(2 log σ) and log σ² = 2 log σ",
     lambda c, r: c.log_px() - c.kl(c.sigma)),
    ("KL", "sampler and KL disagree: the KL takes σ² for σ", "Use σ² = exp(2 log σ)",
     lambda c, r: c.log_px() - c.kl(c.sigma**4)),
    ("KL", "σ stands in the KL where σ² belongs", "Write ½ Σ (σ² + μ² − 1 − log σ²)",
     lambda c, r: r + 0.5 * (c.sigma**2 - c.sigma).sum(1)),
    ("row", "the row is read as [μ, log σ²] throughout, which is right for such rows", "Say row='log_variance'",
     lambda c, r: c.log_px(c.sigma) - c.kl(c.sigma)),
    ("KL", "the ½ is missing", "Write ½ Σ (σ² + μ² − 1 − log σ²)", lambda c, r: r - c.kl()),
    ("KL", "it is halved once too often", "Write ½ Σ (σ² + μ² − 1 − log σ²)", lambda c, r: r + 0.5 * c.kl()),
    ("KL", "it has the wrong sign", "Subtract it", lambda c, r: r + 2 * c.kl()),
    ("KL", "it is left out", "Subtract KL(q ‖ p)", lambda c, r: r + c.kl()),
    ("KL", "it is KL(p ‖ q), the wrong way round", "Take the expectation under q",
     lambda c, r: r + c.kl() - reverse_kl(c)),
    ("KL", "it is averaged over the K latent dimensions", "Sum over them", lambda c, r: r + (1 - 1 / c.K) * c.kl()),
    ("KL", "it is averaged over the D data dimensions", "Do not divide it by D",
     lambda c, r: r + (1 - 1 / c.D) * c.kl()),
    ("KL", "the logarithm is missing: ∫ q · (q/p) is 1 + χ²", "Write ∫ q log(q/p)",
     lambda c, r: r + c.kl() - without_log(c)),
    ("KL", "the prior is missing: only the entropy of q is there", "Add E_q log p(z)",
     lambda c, r: r + 0.5 * (c.sigma**2 + c.mu**2 + LOG_2PI).sum(1)),
    ("KL", "the entropy of q is missing", "Subtract E_q log q(z|x)",
     lambda c, r: r - (np.log(c.sigma) + 0.5 * (1 + LOG_2PI)).sum(1)),
    ("likelihood", "dropped constant: −(D/2) log 2π is missing", "Add it, or no value can be compared with log p(x)",
     lambda c, r: r + 0.5 * c.D * LOG_2PI),
    ("likelihood", "dropped constant: −D log σ_g is missing", "Add it: a learned σ_g has no optimum without it",
     lambda c, r: r + c.D * np.log(c.s)),
    ("likelihood", "dropped constants: −(D/2) log 2π and −D log σ_g are missing", "Add them",
     lambda c, r: r + c.D * (0.5 * LOG_2PI + np.log(c.s))),
    ("likelihood", "the board's −(D/2) log σ_g stands where −D log σ_g belongs", "Write −D log σ_g",
     lambda c, r: r + 0.5 * c.D * np.log(c.s)),
    ("likelihood", "the ½ is missing: ‖x − g‖²/σ_g²", "Write ‖x − g‖²/(2σ_g²)", lambda c, r: r - error_term(c)),
    ("likelihood", "σ_g stands where σ_g² belongs", "Write ‖x − g‖²/(2σ_g²)",
     lambda c, r: r + (1 - c.s) * error_term(c)),
    ("likelihood", "the error ‖x − g‖² has the wrong sign: errors are rewarded", "Subtract it",
     lambda c, r: r + 2 * error_term(c)),
    ("likelihood", "the error is averaged over the D data dimensions", "Sum over them",
     lambda c, r: r + (1 - 1 / c.D) * error_term(c)),
    ("likelihood", "log p(x|z) is averaged over the D data dimensions", "Sum over them",
     lambda c, r: r - (1 - 1 / c.D) * c.log_px()),
    ("likelihood", "the missing −x: ‖g(z)‖² stands where ‖x − g(z)‖² belongs", "Subtract x^i",
     lambda c, r: c.log_px(x=0 * c.X) - c.kl()),
    ("ELBO", "it is a cost, −ELBO", "An ELBO is maximised: flip the sign", lambda c, r: -r),
    ("ELBO", "it is halved", "Take the factor out", lambda c, r: 0.5 * r),
    ("ELBO", "it is divided by the number of rows, and not summed", "Return one number for each row",
     lambda c, r: r / c.B),
]


def stacked(cases, method):
    """A term of every case, one after another."""
    return np.concatenate([method(c) for c in cases])


def kl_weight(cases, right, got, fits):
    """ELBO with −β KL."""
    kl = stacked(cases, lambda c: c.kl())
    # least squares for β − 1 in got − right = −(β − 1) KL
    beta = 1 - float((got - right) @ kl / (kl @ kl))
    if abs(beta - 1) > 1e-5 and fits(right - (beta - 1) * kl):
        yield "KL", f"it has the weight {beta:.6g}, not 1", "Put the weight where σ_g belongs: α = 1/(2σ_g²)"


def prior_width(cases, right, got, fits):
    """KL to N(0, τ²): K log τ + (σ² + μ²)/(2τ²) − …."""
    second = stacked(cases, lambda c: 0.5 * (c.sigma**2 + c.mu**2).sum(1))
    slope, _ = line(second, right - got)
    if slope <= -1 + 1e-12:
        return
    tau = (1 + slope) ** -0.5
    if fits(right - cases[0].K * np.log(tau) - (tau**-2 - 1) * second):
        yield "KL", f"wrong prior width: the prior is N(0, {tau:.6g}²)", "Use the prior N(0, I) that the model has"


def noise_width(cases, right, got, fits):
    """z = μ + τ σ ε."""
    spread = stacked(cases, lambda c: c.spread(c.sigma**2) / (2 * c.s**2))
    square = 1 - float((got - right) @ spread / (spread @ spread))
    if square > 0 and fits(right - (square - 1) * spread):
        yield "sampler", f"the noise has standard deviation {square**0.5:.6g}, not 1", "Draw ε ~ N(0, I)"


def decoder_width(cases, right, got, fits):
    """Another σ_g in the likelihood."""
    error = stacked(cases, lambda c: 0.5 * (c.squares() + c.spread(c.sigma**2)))
    kl, D = stacked(cases, lambda c: c.kl()), cases[0].D
    slope, _ = line(error, got + kl)
    if slope >= -1e-12:
        return
    s = (-slope) ** -0.5
    if fits(-D * (0.5 * LOG_2PI + np.log(s)) - error / s**2 - kl):
        yield "likelihood", f"σ_g is {s:.6g} where the model has {cases[0].s:.6g}", "Use the model's σ_g"


def constant(cases, right, got, fits):
    """The same number too much for every q and x."""
    extra = float((got - right).mean())
    if fits(right + extra):
        yield "ELBO", f"dropped constant: every value is {abs(extra):.6g} nats too {'high' if extra > 0 else 'low'}", \
            "Keep all constants, or no value can be compared with log p(x)"


def line(x, y):
    """Slope and intercept of the least-squares line."""
    x0, y0 = x.mean(), y.mean()
    slope = float((x - x0) @ (y - y0) / ((x - x0) @ (x - x0)))
    return slope, y0 - slope * x0


FAMILIES = (kl_weight, prior_width, noise_width, decoder_width, constant)
