"""Which mistake explains the values: one of those in `mistakes`, two of them, a wrong weight, or another decoder."""

from itertools import product

import numpy as np

from npvae.dialects.elbos import CALLED, LOG_2PI, Terms
from npvae.gradcheck.bound.kls import kls
from npvae.gradcheck.bound.mistakes import Fit, decoders, importance_weighted, likelihoods, samplers
from npvae.gradcheck.report import Finding

CLEAR = 12.0        # by so much the χ² of the best of two explanations by draws is smaller, if it is believed alone


def which_mistake(t: Terms, fit: Fit, probe=None):
    """The finding for values that are not the right ones, or None if they are; `probe` reads the decoder off."""
    right = t.right
    if fit(right):
        return None
    draws = [("sampler", what, mend, t.constants - t.error(z)) for what, mend, z in samplers(t)]
    errors = [("likelihood", *found) for found in likelihoods(t, t.error()) + decoders(t)]
    divergences = [("KL", *found) for found in kls(t)] if t.standard else []
    first, kl = right + t.kl, t.kl
    single = [(where, what, mend, value - kl) for where, what, mend, value in draws + errors]
    single += [(where, what, mend, first - value) for where, what, mend, value in divergences]
    single += whole_values(t, right)
    single += summed_draws(t, right, fit)
    found = [(*rest, fit.distance(value), 0) for *rest, value in single if fit(value)]
    if not found or fit.random:
        found += [(*rest, fit.distance(value), 1) for family in FAMILIES for *rest, value in family(t, right, fit)
                  if fit(value)]
    if found:
        return said(found)
    return two_mistakes(t, draws, errors, divergences, fit) or weights(t, fit) or (probe and probe()) or Finding(
        "unknown", "ELBO", "ELBO: unknown: no known mistake explains the values. Check its terms one by one.")


def same_mistake(found: Finding, t: Terms, *values) -> bool:
    """Whether other values have the mistake of a finding; a fitted number must be the same."""
    other = which_mistake(t, Fit(*values))
    return found.kind == "bound" and other is not None and other.sentence == found.sentence


def weighted_mistake(t, fit, found, rng, notes):
    """What is wrong with an importance-weighted bound, or the finding as it is; the right values; its draws."""
    weighted = importance_weighted(t, fit, rng) if found.kind == "unknown" or (fit.got > t.right).mean() > 0.5 else None
    if weighted is None:
        return found, t.right, 1
    k, wrong, mend, values = weighted
    if wrong:
        return finding(["ELBO"], f"of an importance-weighted bound with some {k} draws {wrong}", mend), t.right, k
    notes.append(f"the values are those of an importance-weighted bound with some {k} draws, between ELBO and log p(x)")
    return None, values, k


def said(found):
    """The one finding of several (where, what, mend, distance, parameters) that fit."""
    # each number fitted costs as much as it explains by chance
    scored = sorted({what: (where, what, mend, n, distance + 9 * n) for where, what, mend, distance, n in found
                     }.values(), key=lambda f: f[-1])
    best = [f for f in scored if f[-1] <= scored[0][-1] + CLEAR and f[3] <= scored[0][3]]
    if len({f[0] for f in best}) == 1 and len(best) < 4:
        return finding([best[0][0]], " or ".join(f[1] for f in best), best[0][2])
    return Finding("unknown", "ELBO", "ELBO: unknown: " + " or ".join(f"{f[0]}: {f[1]}" for f in best[:3])
                   + ". Check its terms one by one.")


def finding(where, what, mend):
    """A finding with its sentence."""
    places = " and ".join(where)
    return Finding("bound", places, f"{places}: {what}. {mend}.")


def whole_values(t, right):
    """(where, what, mend, value) of ELBOs that are wrong as a whole."""
    found = [("ELBO", "it is a cost, −ELBO", "An ELBO is maximised: flip the sign", -right),
             ("ELBO", "it is halved", "Take the factor out", 0.5 * right),
             ("ELBO", "it is doubled", "Take the factor out", 2 * right),
             ("ELBO", "it is divided by the number of rows, and not summed", "Return one number for each row",
              right / t.B),
             ("ELBO", "it is averaged over the D data dimensions", "Do not divide it by D", right / t.D)]
    for row, sigma in t.misread():
        other = Terms(t.model, np.concatenate([t.mu, np.log(sigma)], axis=1), t.X, t.noise, t.row, t.B)
        found.append(("row", f"the row is read as [μ, {CALLED[row]}] throughout, which is right for such rows",
                      f"Say row='{row}'", other.right))
    return found


def two_mistakes(t, draws, errors, divergences, fit):
    """The finding for a wrong draw or likelihood, and a wrong KL or cost, if both together explain exact values."""
    if fit.random:
        return None
    found = [([a[0], b[0]], f"two mistakes: {a[1]}; and {b[0]}: {b[1]}", f"{a[2]}. {b[2]}")
             for a, b in product(draws + errors, divergences) if fit(a[3] - b[3])]
    # a likelihood that is wrong at a wrong draw
    for what, mend, z in samplers(t):
        found += [(["sampler", "likelihood"], f"two mistakes: {what}; and likelihood: {other}", f"{mend}. {repair}")
                  for other, repair, value in likelihoods(t, t.error(z)) if fit(value - t.kl)]
    cost = Fit(-fit.got, fit.doubt, fit.tolerance)
    found += [([where, "ELBO"], f"two mistakes: {what}; and it is a cost, −ELBO",
               f"{mend}. An ELBO is maximised: flip the sign") for where, what, mend, value in draws + errors
              if cost(value - t.kl)]
    found += [([where, "ELBO"], f"two mistakes: {what}; and it is a cost, −ELBO",
               f"{mend}. An ELBO is maximised: flip the sign") for where, what, mend, value in divergences
              if cost(t.right + t.kl - value)]
    return finding(*found[0]) if found else None


def scaled(where, what, mend, feature, draws=True):
    """A family of one parameter θ: value = right + θ · feature. Without `draws` only exact values are explained so."""
    def family(t, right, fit):
        if fit.random and not draws:
            return
        f = feature(t, right)
        weight = 1 / fit.doubt**2 if fit.random else 1.0
        theta = float((weight * f * (fit.got - right)).sum() / ((weight * f * f).sum() or 1))
        if abs(theta) > 1e-5 and what(t, theta):
            yield where, what(t, theta), mend, right + theta * f

    return family


def summed_draws(t, right, fit):
    """log p(x|z) some whole number of times: of so many draws the sum was taken."""
    first = right + t.kl
    n = round(float((fit.got + t.kl) @ first / (first @ first)))
    if n > 2:
        yield ("likelihood", f"log p(x|z) is counted {n} times: of {n} draws the sum stands where their mean belongs",
               f"Divide it by {n}", n * first - t.kl)


def prior_width(t, right, fit):
    """KL to N(0, τ²): K log τ + (σ² + μ²)/(2τ²) − …."""
    second = 0.5 * (t.sigma**2 + t.mu**2).sum(1)
    slope, _ = line(second, right - fit.got)
    if slope > -1 + 1e-12:
        tau = (1 + slope) ** -0.5
        yield ("KL", f"wrong prior width: the prior is N(0, {tau:.6g}²)", "Use the prior N(0, I) that the model has",
               right - t.K * np.log(tau) - (tau**-2 - 1) * second)


def decoder_width(t, right, fit):
    """Another σ_g in the likelihood."""
    if t.gaussian:
        error = t.s**2 * t.error()
        slope, _ = line(error, fit.got + t.kl)
        if slope < -1e-12:
            s = (-slope) ** -0.5
            yield ("likelihood", f"σ_g is {s:.6g} where the model has {t.s:.6g}", "Use the model's σ_g",
                   -t.D * (0.5 * LOG_2PI + np.log(s)) - error / s**2 - t.kl)


def noise_moments(t, right, fit):
    """z = μ + σ ε with noise of another mean and width, for an affine decoder."""
    if not t.affine:
        return
    # E‖r − m σW‖² + τ² Σ σ²‖w‖²
    r, shift = t.X - t.decoded(t.mu[None])[0], t.sigma @ t.W
    features = np.stack([(r * shift).sum(1), -0.5 * (shift**2).sum(1), -0.5 * t.sigma**2 @ (t.W**2).sum(1)], axis=1)
    fixed = t.constants - (r**2).sum(1) / (2 * t.s**2) - t.kl
    scale = 1 / fit.doubt if fit.random else np.ones(len(r))
    features, wanted = features / t.s**2 * scale[:, None], (fit.got - fixed) * scale
    m = np.linalg.lstsq(features, wanted, rcond=None)[0][0]
    # for each mean the best width: m and m² belong together
    means = np.concatenate([[m], np.linspace(-2, 2, 1601)])
    left = wanted - np.stack([means, means**2], axis=1) @ features[:, :2].T         # (1602, N)
    widths = left @ features[:, 2] / (features[:, 2] @ features[:, 2])
    best = np.argmin(((left - widths[:, None] * features[:, 2]) ** 2).sum(1))
    m, var = means[best], widths[best]
    if var <= 0 or abs(m) < (0.1 if fit.random else 1e-6):
        return
    uniform = abs(m - 0.5) < 0.1 and abs(var**0.5 - 12**-0.5) < 0.1
    yield ("sampler", f"the noise has mean {m:.2g} and standard deviation {var**0.5:.2g}, not 0 and 1"
           + (", as uniform noise on [0, 1] has" if uniform else ""), "Draw ε ~ N(0, I)",
           fixed + features @ [m, m * m, var] / scale)


def free_bits(t, right, fit):
    """A KL that is held above or below a limit, as a whole or in each dimension."""
    got, columns = right + t.kl - fit.got, 0.5 * (t.sigma**2 + t.mu**2 - 1) - np.log(t.sigma)
    cases = (("", t.kl[:, None], np.maximum, "at least"), (" in each dimension", columns, np.maximum, "at least"),
             ("", t.kl[:, None], np.minimum, "at most"), (" in each dimension", columns, np.minimum, "at most"))
    for each, kl, clamp, side in cases:
        low, high = 0.0, float(np.abs(got).max()) + 1
        for _ in range(200):                        # the sum over all rows rises with the limit
            limit = (low + high) / 2
            low, high = (limit, high) if clamp(kl, limit).sum() < got.sum() else (low, limit)
        if kl.min() < limit < kl.max():
            bits = " (free bits)" if side == "at least" else ""
            yield ("KL", f"it is clamped: {side} {limit:.4g} nats{each}{bits}",
                   "A clamped KL trains, but bounds nothing: report the ELBO without it",
                   right + t.kl - clamp(kl, limit).sum(1))


def line(x, y):
    """Slope and intercept of the least-squares line."""
    x0, y0 = x.mean(), y.mean()
    slope = float((x - x0) @ (y - y0) / ((x - x0) @ (x - x0)))
    return slope, y0 - slope * x0


def spread(t, right):
    """What noise adds to the error: it grows with its variance, for an affine decoder."""
    return t.error() - t.error(t.mu[None]) if t.affine else 0 * right


FAMILIES = (
    scaled("KL", lambda t, b: f"it has the weight {1 - b:.6g}, not 1",
           "Put the weight where σ_g belongs: α = 1/(2σ_g²)", lambda t, r: t.kl),
    scaled("likelihood", lambda t, b: f"log p(x|z) has the weight {1 + b:.6g}, not 1", "Take the factor out",
           lambda t, r: r + t.kl),
    scaled("likelihood", lambda t, b: f"the error has {1 + b:.6g} times its weight 1/(2σ_g²)", "Use the model's σ_g",
           lambda t, r: -t.error(), draws=False),
    scaled("sampler", lambda t, b: b > -1 and f"the noise has standard deviation {(1 + b) ** 0.5:.6g}, not 1",
           "Draw ε ~ N(0, I)", lambda t, r: -spread(t, r)),
    scaled("ELBO", lambda t, b: f"it has the factor {1 + b:.6g}", "Take the factor out", lambda t, r: r),
    scaled("KL", lambda t, b: f"log σ has {1 + b:.6g} times its weight", "Write ½ Σ (σ² + μ² − 1 − log σ²)",
           lambda t, r: np.log(t.sigma).sum(1), draws=False),
    scaled("KL", lambda t, b: f"μ² has {1 - 2 * b:.6g} times its weight", "Write ½ Σ (σ² + μ² − 1 − log σ²)",
           lambda t, r: (t.mu**2).sum(1), draws=False),
    scaled("KL", lambda t, b: f"σ² has {1 - 2 * b:.6g} times its weight", "Write ½ Σ (σ² + μ² − 1 − log σ²)",
           lambda t, r: (t.sigma**2).sum(1), draws=False),
    scaled("KL", lambda t, b: f"wrong prior mean: the prior is N({b:.6g}, 1), or μ stands beside the other terms",
           "Use the prior N(0, I) that the model has", lambda t, r: t.mu.sum(1), draws=False),
    scaled("ELBO", lambda t, b: f"dropped constant: every value is {abs(b):.6g} nats too {'high' if b > 0 else 'low'}",
           "Keep all constants, or no value can be compared with log p(x)", lambda t, r: np.ones_like(r)),
    prior_width, decoder_width, noise_moments, free_bits)


def weights(t, fit):
    """The weights of the five terms of an ELBO, if others than the right ones explain exact values."""
    if fit.random or not t.standard:
        return None
    features = np.stack([-t.error(), -0.5 * (t.mu**2).sum(1), -0.5 * (t.sigma**2).sum(1), np.log(t.sigma).sum(1),
                         np.ones(len(t.X))], axis=1)
    theta = np.linalg.lstsq(features, fit.got, rcond=None)[0]
    if not fit(features @ theta):
        return None
    names = "the error ‖x − g‖²/(2σ_g²)" if t.gaussian else "log p(x|z)", "½ Σ μ²", "½ Σ σ²", "Σ log σ"
    off = [f"{name} has {w:.4g} times its weight" for name, w in zip(names, theta, strict=False) if abs(w - 1) > 1e-5]
    lost = theta[-1] - t.constants - 0.5 * t.K
    if abs(lost) > 1e-6:
        off.append(f"the constants are {abs(lost):.4g} nats too {'large' if lost > 0 else 'small'}")
    where = ["likelihood"] * bool(abs(theta[0] - 1) > 1e-5) + ["KL"] * any(abs(theta[1:4] - 1) > 1e-5)
    return finding(where or ["ELBO"], ", ".join(off), "Take the right weights")
