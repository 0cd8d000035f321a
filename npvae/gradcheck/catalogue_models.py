"""Mistakes in likelihoods, KLs and samplers that a gradient check sees."""

from npvae.gradcheck import benches
from npvae.gradcheck.mistakes import Mistake

GAUSSIAN, CATEGORICAL = "npvae.models.latents:Gaussian", "npvae.models.latents:Categorical"
NORMAL, BERNOULLI = "npvae.models.likelihoods:GaussianLikelihood", "npvae.models.likelihoods:BernoulliLikelihood"
DG = "dg = error * (dvalue * precision)[:, :, None]"
DLOG_SIGMA = "self.dlog_sigma[()] += (dvalue * (scaled - D)).sum()"
BERNOULLI_DG = "dg = (x - sigmoid(g)[0]) * dvalue[:, :, None]"
KL_BACK = "dq = np.concatenate([mu, sigma2 - 1], axis=1)"
Z, PATH = "z = sigma * eps", "dq[:, K:] = over_nodes(dz * eps) * sigma"

LIKELIHOOD_MISTAKES = [
    Mistake("Gaussian: the error's sign", NORMAL, ((DG, DG.replace("error", "-error", 1)),),
            benches.gaussian_likelihood, "x", "wrong sign"),
    Mistake("Gaussian: 1/σ_g² forgotten", NORMAL, ((DG, "dg = error * dvalue[:, :, None]"),),
            benches.gaussian_likelihood, "x", "1/σ_g² is missing", "PyTorch-VAE #11: a weight with no meaning for α"),
    Mistake("Gaussian: 1/σ_g for 1/σ_g²", NORMAL, ((DG, "dg = error * (dvalue * np.sqrt(precision))[:, :, None]"),),
            benches.gaussian_likelihood, "x", "1/σ_g is missing"),
    Mistake("Gaussian: twice the error", NORMAL, ((DG, DG.replace("error", "2 * error", 1)),),
            benches.gaussian_likelihood, "x", "a ½ is missing"),
    Mistake("Gaussian: mean over D in the value", NORMAL,
            (("value = -0.5 * scaled - D * (0.5 * LOG_2PI + log_sigma)",
              "value = -0.5 * scaled / D - D * (0.5 * LOG_2PI + log_sigma)"),), benches.gaussian_likelihood,
            "x", "a sum over D where the value takes the mean", "keras #6015 #3373"),
    Mistake("Gaussian: log σ_g's D with a plus", NORMAL, ((DLOG_SIGMA, DLOG_SIGMA.replace("- D", "+ D")),),
            benches.gaussian_likelihood, "log_sigma", "the gradient of the normaliser −D log σ_g has the wrong sign"),
    Mistake("Gaussian: ∂/∂σ_g for ∂/∂log σ_g", NORMAL, ((DLOG_SIGMA, DLOG_SIGMA + " / np.exp(log_sigma)"),),
            benches.gaussian_likelihood, "log_sigma", "the chain-rule factor σ is missing"),
    Mistake("Gaussian: ∂/∂log σ_g² for ∂/∂log σ_g", NORMAL, ((DLOG_SIGMA, "self.dlog_sigma[()] += 0.5 * "
            "(dvalue * (scaled - D)).sum()"),), benches.gaussian_likelihood, "log_sigma", "½ times"),
    Mistake("Gaussian: of nodes that rows share, one row counted", NORMAL,
            (("dg.sum(1, keepdims=True)", "dg[:, :1]"),), benches.shared_nodes, "x", "sum over B = 5 is missing"),
    Mistake("Bernoulli: sign", BERNOULLI,
            ((BERNOULLI_DG, BERNOULLI_DG.replace("x - sigmoid(g)[0]", "sigmoid(g)[0] - x")),),
            benches.bernoulli_likelihood, "x", "wrong sign"),
    Mistake("Bernoulli: mean over the pixels", BERNOULLI, ((BERNOULLI_DG, BERNOULLI_DG + " / x.shape[1]"),),
            benches.bernoulli_likelihood, "x", "a mean over D", "WorldModels #12"),
    Mistake("Bernoulli: dvalue forgotten", BERNOULLI,
            ((BERNOULLI_DG, "dg = (x - sigmoid(g)[0]) * np.ones_like(dvalue)[:, :, None]"),),
            benches.bernoulli_likelihood, "x", "ignores dy"),
]

KL_MISTAKES = [
    Mistake("KL: sign", GAUSSIAN, ((KL_BACK, "dq = -np.concatenate([mu, sigma2 - 1], axis=1)"),), benches.gaussian_kl,
            "x", "wrong sign", "pytorch/examples #824; FluxML/model-zoo #73; tkipf/gae #72"),
    Mistake("KL: entropy left out", GAUSSIAN, ((KL_BACK, "dq = np.concatenate([mu, sigma2], axis=1)"),),
            benches.gaussian_kl, "x[:, 4:8]", "entropy −Σ log σ is left out"),
    Mistake("KL: σ for σ²", GAUSSIAN, ((KL_BACK, "dq = np.concatenate([mu, np.exp(log_sigma) - 1], axis=1)"),),
            benches.gaussian_kl, "x[:, 4:8]", "σ where σ² belongs", "keras #3283; PyTorch-VAE #69; deepchem #4888"),
    Mistake("KL: ∂/∂σ for ∂/∂log σ", GAUSSIAN,
            ((KL_BACK, "dq = np.concatenate([mu, np.exp(log_sigma) - np.exp(-log_sigma)], axis=1)"),),
            benches.gaussian_kl, "x[:, 4:8]", "the chain-rule factor σ is missing"),
    Mistake("KL: ∂/∂log σ² for ∂/∂log σ", GAUSSIAN,
            ((KL_BACK, "dq = np.concatenate([mu, 0.5 * (sigma2 - 1)], axis=1)"),), benches.gaussian_kl,
            "x[:, 4:8]", "½ times", "pytorch/examples #225"),
    Mistake("KL: the mean's ½ lost", GAUSSIAN, ((KL_BACK, "dq = np.concatenate([2 * mu, sigma2 - 1], axis=1)"),),
            benches.gaussian_kl, "x[:, 0:4]", "a ½ is missing"),
    Mistake("KL: averaged over the latents in the value", GAUSSIAN,
            (("kl = (0.5 * (sigma2 + mu * mu) - log_sigma).sum(1) - 0.5 * K",
              "kl = (0.5 * (sigma2 + mu * mu) - log_sigma).mean(1) - 0.5"),), benches.gaussian_kl,
            "x", "a sum over K where the value takes the mean", "sigma-vae-tensorflow #2"),
    Mistake("KL: dkl forgotten", GAUSSIAN, (("dq *= dkl[:, None]", "pass"),), benches.gaussian_kl, "x", "ignores dy"),
    Mistake("KL: forward clamps log σ", GAUSSIAN,
            (("q[:, :K].copy(), q[:, K:].copy()", "q[:, :K].copy(), np.clip(q[:, K:], -1, 1)"),), benches.gaussian_kl,
            "x[:, 4:8]", "back ignores the clamp", "no-magic microvae.py"),
    Mistake("categorical KL: softmax's normaliser", CATEGORICAL, (("p * (ratio - kl[:, None])", "p * ratio"),),
            benches.categorical_kl, "x", "−p Σ p d of the softmax's derivative is missing"),
    Mistake("categorical KL: prior's sign", CATEGORICAL, (("self.dlogits[...] -= (dkl", "self.dlogits[...] += (dkl"),),
            benches.categorical_kl, "logits", "wrong sign"),
]

SAMPLER_MISTAKES = [
    Mistake("z: σ forgotten in ∂/∂log σ", GAUSSIAN, ((PATH, "dq[:, K:] = over_nodes(dz * eps)"),),
            benches.gaussian_nodes, "x[:, 4:8]", "the chain-rule factor σ is missing"),
    Mistake("z: ε forgotten in ∂/∂log σ", GAUSSIAN, ((PATH, "dq[:, K:] = over_nodes(dz) * sigma"),),
            benches.gaussian_nodes, "x[:, 4:8]", "the factor ε is missing"),
    Mistake("z: no gradient for σ", GAUSSIAN, ((PATH, "dq[:, K:] = 0"),), benches.gaussian_nodes,
            "x[:, 4:8]", "no gradient arrives"),
    Mistake("z: only the first node counted", GAUSSIAN, ((PATH, "dq[:, K:] = (dz * eps)[0] * sigma"),),
            benches.gaussian_nodes, "x[:, 4:8]", "sum over S = 6 is missing"),
    Mistake("z: mean over the nodes", GAUSSIAN, (("dq[:, :K] = over_nodes(dz)", "dq[:, :K] = dz.mean(0)"),),
            benches.gaussian_nodes, "x[:, 0:4]", "a mean over S"),
    Mistake("z: drawn with σ², differentiated with σ", GAUSSIAN, ((Z, "z = sigma**2 * eps"),), benches.gaussian_nodes,
            "x[:, 4:8]", "the value uses σ² where back differentiates σ"),
    Mistake("z: two noises, the wrong one backpropagated", GAUSSIAN,
            ((PATH, "other = np.random.default_rng(0).standard_normal(eps.shape)\n"
              "            dq[:, K:] = over_nodes(dz * other) * sigma"),), benches.gaussian_nodes,
            "x[:, 4:8]", "stale or resampled noise", "a from-scratch NumPy VAE: μ right, log_var wrong"),
    Mistake("z: another node's noise", GAUSSIAN, ((PATH, "dq[:, K:] = over_nodes(dz * eps[::-1]) * sigma"),),
            benches.gaussian_nodes, "x[:, 4:8]", "the noise of the forward pass in another order"),
    Mistake("z: noise drawn anew in back", GAUSSIAN,
            ((PATH, "other = np.random.default_rng().standard_normal(eps.shape)\n"
              "            dq[:, K:] = over_nodes(dz * other) * sigma"),), benches.gaussian_nodes,
            "", "resampled noise"),
    Mistake("z: noise drawn anew in forward", GAUSSIAN,
            ((Z, "z = sigma * np.random.default_rng().standard_normal(eps.shape)"),), benches.gaussian_nodes,
            "", "resampled noise", "Paddle #4283: a check on unfrozen noise"),
    Mistake("z: forward clamps log σ", GAUSSIAN,
            (("sigma = np.exp(q[:, K:]) ", "sigma = np.exp(np.clip(q[:, K:], -1, 1)) "),), benches.gaussian_nodes,
            "x[:, 4:8]", "back ignores the clamp", "no-magic microvae.py"),
    Mistake("one-hot nodes: softmax's normaliser", CATEGORICAL,
            (("p * (dp - (p * dp).sum(1, keepdims=True))", "p * dp"),), benches.categorical_nodes,
            "x", "−p Σ p d of the softmax's derivative is missing"),
]
