"""Mistakes with a number in them: a KL weight, a prior's or a noise's width, another σ_g, a constant. The number is
fitted, and must then leave nothing unexplained over all rows."""

import numpy as np

from npvae.gradcheck.linear_gaussian import LOG_2PI


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
