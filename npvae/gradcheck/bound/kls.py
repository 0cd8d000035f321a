"""The KLs that stand in an ELBO by mistake: (what is wrong, how to mend it, the formula that it is)."""

import numpy as np

from npvae.dialects.elbos import CALLED, LOG_2PI

KL_FORMULA = "Write ½ Σ (σ² + μ² − 1 − log σ²)"


def of(t, m=None, v=None, ls=None, one=1.0):
    """½ Σ (μ² + σ² − 1) − Σ log σ with other things in place of μ², σ², log σ or 1."""
    m, v, ls = t.mu2 if m is None else m, t.s2 if v is None else v, t.log_s if ls is None else ls
    return (0.5 * (m + v - one) - ls).sum(1)


KLS = (
    ("it is left out", "Subtract KL(q ‖ p)", lambda t: 0 * t.kl),
    ("it has the wrong sign", "Subtract it", lambda t: -t.kl),
    ("it is averaged over the K latent dimensions", "Sum over them", lambda t: t.kl / t.K),
    ("it is averaged over the D data dimensions", "Do not divide it by D", lambda t: t.kl / t.D),
    ("it is divided by the number of rows", "Do not divide it", lambda t: t.kl / t.B),
    ("it is multiplied by the D data dimensions", "Do not multiply it by D", lambda t: t.kl * t.D),
    ("it is multiplied by the K latent dimensions", "Sum over them once", lambda t: t.kl * t.K),
    ("it is KL(p ‖ q), the wrong way round", "Take the expectation under q",
     lambda t: 0.5 * ((1 + t.mu2) / t.s2 - 1 + 2 * t.log_s).sum(1)),
    ("the logarithm is missing: ∫ q · (q/p) is 1 + χ²", "Write ∫ q log(q/p)", lambda t: t.without_log()),
    ("a sum over K leaves the last latent dimension out", "Sum over all K", lambda t: t.kl_columns[:, :-1].sum(1)),
    ("a sum over K leaves the first latent dimension out", "Sum over all K", lambda t: t.kl_columns[:, 1:].sum(1)),
    ("the prior is missing: only the entropy of q is there", "Add E_q log p(z)", lambda t: -t.entropy),
    ("the entropy of q, −E log q(z|x), is missing", "Subtract E_q log q(z|x)", lambda t: -t.prior),
    ("log q(z|x) has the wrong sign: it is added", "Subtract E_q log q(z|x)", lambda t: t.entropy - t.prior),
    ("log p(z) has the wrong sign: it is subtracted", "Add E_q log p(z)", lambda t: t.prior - t.entropy),
    ("the entropy of q is counted twice: a ½ is missing, or it stands beside the KL", "Count it once",
     lambda t: t.kl - t.entropy),
    ("the prior, log p(z), is counted twice: it stands beside the KL", "Count it once", lambda t: t.kl - t.prior),
    ("the KL is subtracted from log p(x, z), in which the prior is already", "Add the entropy of q alone",
     lambda t: 2 * t.kl + t.entropy),
    ("dropped constant: −(K/2) log 2π of log p(z) is missing", "Add it", lambda t: t.kl - 0.5 * t.K * LOG_2PI),
    ("dropped constant: −(K/2) log 2π of log q is missing, the entropy's (K/2) log 2π", "Add it",
     lambda t: t.kl + 0.5 * t.K * LOG_2PI))
# to be written as ½ Σ (σ² + μ² − 1 − log σ²)
KL_TERMS = (
    ("the ½ is missing", lambda t: 2 * t.kl), ("it is halved once too often", lambda t: 0.5 * t.kl),
    ("the entropy of q has half its size", lambda t: t.kl + 0.5 * t.entropy),
    ("log p(z) has half its size", lambda t: t.kl + 0.5 * t.prior),
    ("a constant is missing: the −1 of the KL for each of K dimensions, which is the ½ of the entropy and of log q at "
     "a draw", lambda t: of(t, one=0)),
    ("the −1 has the wrong sign", lambda t: of(t, one=-1)), ("the −1 is not halved", lambda t: of(t, one=2)),
    ("the −1 is subtracted once, not for each of the K dimensions", lambda t: of(t, one=1 / t.K)),
    ("(log σ)² stands where log σ² belongs: log σ² is 2 log σ", lambda t: of(t, ls=0.5 * t.log_s**2)),
    ("(log σ²)² stands where log σ² belongs", lambda t: of(t, ls=2 * t.log_s**2)),
    ("(log σ)² stands where 2 log σ belongs", lambda t: of(t, ls=t.log_s**2)),
    ("the 2 of log σ² = 2 log σ is missing: log σ has half its weight", lambda t: of(t, ls=0.5 * t.log_s)),
    ("log σ² stands where log σ belongs: its ½ is missing", lambda t: of(t, ls=2 * t.log_s)),
    ("log σ, the entropy of q, is missing", lambda t: of(t, ls=0 * t.sigma)),
    ("log σ, the entropy of q, has the wrong sign", lambda t: of(t, ls=-t.log_s)),
    ("σ stands where log σ belongs", lambda t: of(t, ls=t.sigma)),
    ("σ² stands where log σ² belongs: the logarithm is missing", lambda t: of(t, ls=0.5 * t.s2)),
    ("the term of the mean, μ², is missing", lambda t: of(t, m=0 * t.mu)),
    ("the term of the mean, μ², has the wrong sign", lambda t: of(t, m=-t.mu2)),
    ("the ½ of μ² is missing", lambda t: of(t, m=2 * t.mu2)), ("μ² is halved twice", lambda t: of(t, m=0.5 * t.mu2)),
    ("|μ| stands where μ² belongs", lambda t: of(t, m=np.abs(t.mu))),
    ("μ stands where μ² belongs", lambda t: of(t, m=t.mu)),
    ("(Σ μ)² stands where Σ μ² belongs", lambda t: of(t) + 0.5 * (t.mu.sum(1) ** 2 - t.mu2.sum(1))),
    ("σ² is missing, in E log p(z) the variance of z: log p is taken at μ, not at the draw z",
     lambda t: of(t, v=0 * t.sigma)),
    ("σ² has the wrong sign", lambda t: of(t, v=-t.s2)), ("the ½ of σ² is missing", lambda t: of(t, v=2 * t.s2)),
    ("σ² is halved twice", lambda t: of(t, v=0.5 * t.s2)),
    ("σ stands in the KL where σ² belongs", lambda t: of(t, v=t.sigma)),
    ("σ⁴ stands in the KL where σ² belongs", lambda t: of(t, v=t.s2**2)),
    ("√σ stands in the KL where σ² belongs", lambda t: of(t, v=t.sigma**0.5)),
    ("log σ stands in the KL where σ² belongs: the exponential is missing", lambda t: of(t, v=t.log_s)),
    ("log σ² stands in the KL where σ² belongs: the exponential is missing", lambda t: of(t, v=2 * t.log_s)),
    ("1/σ² stands in the KL where σ² belongs", lambda t: of(t, v=t.sigma**-2)),
    ("the ½ is missing for σ² + μ² − 1, and stands only for log σ²", lambda t: 2 * of(t) + t.log_s.sum(1)),
    ("the ½ is missing for σ² + μ², and stands for the rest", lambda t: of(t) + 0.5 * (t.mu2 + t.s2).sum(1)),
    ("the ½ stands only for the −1 and log σ² together", lambda t: of(t, m=2 * t.mu2, v=2 * t.s2)))


def kls(t):
    """(what, mend, KL) of wrong KLs."""
    found = [(what, mend, kl(t)) for what, mend, kl in KLS] + [(what, KL_FORMULA, kl(t)) for what, kl in KL_TERMS]
    # −log q of a density with another variance V than z has: ½ log V + σ²/(2V)
    for v, name in ((t.sigma, "σ"), (t.s2**2, "σ⁴"), (0 * t.sigma + 1, "1")):
        found.append((f"log q(z|x) takes {name} where the variance σ² belongs", "Use the σ that z was drawn with",
                      (-0.5 * np.log(v) - 0.5 * t.s2 / v + 0.5 * (t.mu2 + t.s2)).sum(1)))
    names = {"": "reads log σ as log σ²", "²": "takes σ² for σ"}
    for row, sigma in [("", np.sqrt(t.sigma)), ("²", t.s2), *t.misread(powers=False)]:
        reads = names[row] if row in names else f"reads {CALLED[t.row]} as {CALLED[row]}"
        found.append((f"sampler and KL disagree: the KL {reads}", "Use σ² = exp(2 log σ) and log σ² = 2 log σ",
                      of(t, v=sigma**2, ls=np.log(sigma))))
    if t.row == "softplus":
        found += [("ρ stands in the KL where log σ belongs: σ is log(1 + e^ρ)", "Take the logarithm of σ",
                   of(t, ls=t.raw)),
                  ("e^ρ stands in the KL where σ belongs: σ is log(1 + e^ρ)", "Take σ", of(t, v=np.exp(2 * t.raw)))]
    return found
