"""Mistakes that every gradient check passes, value and gradient being wrong together: only the bound sees them."""

from npvae.gradcheck import benches_inference as benches
from npvae.gradcheck.mistakes import Mistake

GAUSSIAN, NORMAL = "npvae.models.latents:Gaussian", "npvae.models.likelihoods:GaussianLikelihood"
ELBO = "npvae.inference.elbo:lower_bound"
Z, SIGMA = "z = sigma * eps", "sigma = np.exp(q[:, K:]) "
KL, KL_BACK = ("kl = (0.5 * (sigma2 + mu * mu) - log_sigma).sum(1) - 0.5 * K",
               "dq = np.concatenate([mu, sigma2 - 1], axis=1)")
VALUE, BACK_KL = "- kl\n", "back_kl(-dvalue)"
LOG_PX = "value = -0.5 * scaled - D * (0.5 * LOG_2PI + log_sigma)"
PATH, EPS = "dq[:, K:] = over_nodes(dz * eps) * sigma", "K, eps = self.dim, noise.eps"


def kl_times(weight):
    """Another weight of the KL, in the value and in the gradient."""
    return (VALUE, f"- {weight} * kl\n"), (BACK_KL, f"back_kl(-{weight} * dvalue)")


BOUND_MISTAKES = [
    Mistake("sampler with σ², KL with σ", GAUSSIAN,
            ((Z, "z = sigma**2 * eps"), (PATH, "dq[:, K:] = over_nodes(dz * eps) * 2 * sigma**2")),
            benches.latent_bound, "sampler", "drawn with σ² where σ belongs",
            "numpy-ml _sample; DeZero examples/vae.py"),
    Mistake("sampler with √σ", GAUSSIAN,
            ((SIGMA, "sigma = np.exp(0.5 * q[:, K:]) "), (PATH, PATH + " / 2")), benches.latent_bound,
            "sampler", "drawn with √σ"),
    Mistake("sampler without noise", GAUSSIAN, ((EPS, "K, eps = self.dim, 0 * noise.eps"),), benches.latent_bound,
            "sampler", "no noise is added"),
    Mistake("one noise for all rows", GAUSSIAN, ((EPS, "K, eps = self.dim, noise.eps[:, :1]"),), benches.latent_bound,
            "sampler", "reused noise, a row's value depends on another row's ε"),
    Mistake("one noise for all latent dimensions", GAUSSIAN,
            ((EPS, "K, eps = self.dim, noise.eps[..., :1] * np.ones(self.dim)"),), benches.latent_bound,
            "sampler", "one ε serves all latent dimensions"),
    Mistake("noise half as wide", GAUSSIAN, ((EPS, "K, eps = self.dim, 0.5 * noise.eps"),), benches.latent_bound,
            "sampler", "standard deviation 0.5, not 1", "keras #4211"),
    Mistake("KL reads log σ as log σ²", GAUSSIAN,
            (("sigma2 = np.exp(2 * log_sigma)\n        kl", "sigma2 = np.exp(log_sigma)\n        kl"),
             (KL, "kl = 0.5 * (sigma2 + mu * mu - log_sigma).sum(1) - 0.5 * K"),
             (KL_BACK, "dq = np.concatenate([mu, 0.5 * (sigma2 - 1)], axis=1)")), benches.latent_bound,
            "KL", "the KL reads log σ as log σ²", "keras #3283; PyTorch-VAE #69"),
    Mistake("KL to a prior N(0, 0.5²)", GAUSSIAN,
            ((KL, "kl = (0.5 * (sigma2 + mu * mu) / 0.25 - log_sigma).sum(1) - 0.5 * K + K * math.log(0.5)"),
             (KL_BACK, "dq = np.concatenate([mu / 0.25, sigma2 / 0.25 - 1], axis=1)")), benches.latent_bound,
            "KL", "the prior is N(0, 0.5²)"),
    Mistake("KL the wrong way round", GAUSSIAN,
            ((KL, "kl = (0.5 * (1 + mu * mu) / sigma2 + log_sigma).sum(1) - 0.5 * K"),
             (KL_BACK, "dq = np.concatenate([mu / sigma2, 1 - (1 + mu * mu) / sigma2], axis=1)")), benches.latent_bound,
            "KL", "the wrong way round"),
    Mistake("KL without its logarithm", GAUSSIAN,
            ((KL, "kl = np.exp((mu * mu / (2 - sigma2) - 0.5 * np.log(sigma2 * (2 - sigma2))).sum(1))"),),
            benches.latent_bound, "KL", "the logarithm is missing", "the board"),
    Mistake("KL without ½", ELBO, kl_times("2"), benches.elbo_bound, "KL", "the ½ is missing"),
    Mistake("KL left out", ELBO, kl_times("0"), benches.elbo_bound, "KL", "it is left out"),
    Mistake("KL added", ELBO, kl_times("-1"), benches.elbo_bound, "KL", "wrong sign", "tkipf/gae #72"),
    Mistake("KL averaged over the latents", ELBO, kl_times("1 / model.latent.dim"), benches.elbo_bound,
            "KL", "averaged over the K latent dimensions",
            "sigma-vae-tensorflow #2"),
    Mistake("KL averaged over the pixels", ELBO, kl_times("1 / x.shape[1]"), benches.elbo_bound,
            "KL", "averaged over the D data dimensions", "keras #6015"),
    Mistake("KL with the weight 0.00025", ELBO, kl_times("0.00025"), benches.elbo_bound,
            "KL", "it has the weight 0.00025", "PyTorch-VAE #11 #23 #35 #56; lightning-bolts #328"),
    Mistake("−ELBO", ELBO, (("value = over_nodes(w * log_px) - kl", "value = kl - over_nodes(w * log_px)"),
                            ("back_log_px(w * dvalue), log_px * dvalue", "back_log_px(-w * dvalue), -log_px * dvalue"),
                            (BACK_KL, "back_kl(dvalue)")), benches.elbo_bound, "ELBO", "−ELBO"),
    Mistake("−(D/2) log 2π dropped", NORMAL, ((LOG_PX, "value = -0.5 * scaled - D * log_sigma"),),
            benches.likelihood_bound, "likelihood", "−(D/2) log 2π is missing"),
    Mistake("−D log σ_g dropped", NORMAL, ((LOG_PX, "value = -0.5 * scaled - D * 0.5 * LOG_2PI"),),
            benches.likelihood_bound, "likelihood", "−D log σ_g is missing"),
    Mistake("the board's −(D/2) log σ_g", NORMAL,
            ((LOG_PX, "value = -0.5 * scaled - D * (0.5 * LOG_2PI + 0.5 * log_sigma)"),), benches.likelihood_bound,
            "likelihood", "the board's −(D/2) log σ_g", "the board"),
    Mistake("the board's ‖x − g‖²/σ_g²", NORMAL,
            ((LOG_PX, LOG_PX.replace("-0.5 * scaled", "-scaled")), ("error * (dvalue", "2 * error * (dvalue")),
            benches.likelihood_bound, "likelihood", "the ½ is missing: ‖x − g‖²/σ_g²", "the board"),
    Mistake("σ_g for σ_g²", NORMAL, (("precision = np.exp(-2 * log_sigma) ", "precision = np.exp(-log_sigma) "),),
            benches.likelihood_bound, "likelihood", "σ_g stands where σ_g² belongs"),
    Mistake("the board's missing −x", NORMAL, (("error = x - g ", "error = -g + 0 * x "),), benches.likelihood_bound,
            "likelihood", "the missing −x", "the board"),
    Mistake("the error rewarded", NORMAL,
            ((LOG_PX, LOG_PX.replace("-0.5 * scaled", "0.5 * scaled")), ("error * (dvalue", "-error * (dvalue")),
            benches.likelihood_bound, "likelihood", "errors are rewarded", "the board"),
    Mistake("log p(x|z) averaged over the pixels", NORMAL,
            (("return value, back\n\n    def log_prob_table", "return value / D, back\n\n    def log_prob_table"),),
            benches.likelihood_bound, "likelihood", "averaged over the D data dimensions", "keras #3373"),
]
