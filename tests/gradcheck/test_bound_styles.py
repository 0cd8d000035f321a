"""Ten ELBOs in other people's styles, written before `check_bound` was run on them: right ones, and wrong ones."""

import re

import numpy as np
import pytest

import npvae

PCA = npvae.probabilistic_pca(2, 4, sigma_g=0.7, rng=np.random.default_rng(5))
W, b = PCA.decoder.layers[0].W, PCA.decoder.layers[0].b
TANH = npvae.mlp_model(2, [6], 5, npvae.GaussianLikelihood(0.4), rng=np.random.default_rng(6))
RELU = npvae.mlp_model(1, [8], 3, npvae.GaussianLikelihood(0.8), activation=npvae.relu, rng=np.random.default_rng(7))
PIXELS = npvae.mlp_model(2, [5], 7, npvae.BernoulliLikelihood(), rng=np.random.default_rng(8))
DEEP = npvae.mlp_model(3, [4, 4], 4, npvae.GaussianLikelihood(0.5), rng=np.random.default_rng(9))
DRAWS = np.random.default_rng(10)


# 1. a torch tutorial: a loss to be minimised, the batch's sum, mu and logvar apart
def loss_function(recon_x, x, mu, logvar, sigma=0.7, kld_factor=-0.5):
    mse = ((recon_x - x) ** 2).sum() / (2 * sigma**2) + x.size * np.log(sigma * np.sqrt(2 * np.pi))
    kld = kld_factor * (1 + logvar - mu**2 - np.exp(logvar)).sum()
    return mse + kld


def torch_tutorial(kld_factor=-0.5, std=lambda logvar: np.exp(0.5 * logvar)):
    def elbo(mu, logvar, x, eps):
        recon = (mu + eps * std(logvar)) @ W + b
        return np.array([-loss_function(recon[i:i + 1], x[i:i + 1], mu[i:i + 1], logvar[i:i + 1],
                                        kld_factor=kld_factor) for i in range(len(x))])

    return elbo


# 2. distributions as objects
class Normal:
    def __init__(self, loc, scale):
        self.loc, self.scale = loc, scale

    def rsample(self, eps):
        return self.loc + self.scale * eps

    def log_prob(self, v):
        return -((v - self.loc) ** 2) / (2 * self.scale**2) - np.log(self.scale) - np.log(np.sqrt(2 * np.pi))


def pyro_style(wrong=False):
    def elbo(q, x, eps):
        loc, scale = q[:, :2], np.logaddexp(0, q[:, 2:])
        guide, prior = Normal(loc, scale), Normal(0.0, 1.0)
        z = guide.rsample(eps)
        likelihood = Normal(TANH.decoder(z)[0], 0.4 if not wrong else 0.4**2)
        return likelihood.log_prob(x).sum(-1) + prior.log_prob(z).sum(-1) - guide.log_prob(z).sum(-1)

    return elbo


# 3. a ReLU decoder, variances everywhere
def variances(kl_of=lambda var: 0.5 * np.log(var)):
    def elbo(h, x, eps):
        m, lv = h[:, 0:1], h[:, 1:2]
        var = np.exp(lv)
        pred = RELU.decoder(m + np.sqrt(var) * eps)[0]
        nll = 0.5 * np.log(2 * np.pi * 0.64) * x.shape[1] + ((x - pred) ** 2).sum(axis=1) / (2 * 0.64)
        return -(nll + (0.5 * (m**2 + var - 1) - kl_of(var))[:, 0])

    return elbo


# 4. binary cross-entropy from probabilities, as Keras has it, times the number of pixels
def keras_bernoulli(times=None, kl=lambda m, lv: -0.5 * np.sum(1 + lv - np.square(m) - np.exp(lv), axis=-1)):
    def elbo(q, x, eps):
        z_mean, z_log_var = np.split(q, 2, axis=1)
        z = z_mean + np.exp(0.5 * z_log_var) * eps
        p = 1 / (1 + np.exp(-PIXELS.decoder(z)[0]))
        bce = -(x * np.log(p) + (1 - x) * np.log(1 - p)).mean(axis=-1) * (x.shape[1] if times is None else times)
        return -bce - kl(z_mean, z_log_var)

    return elbo


# 5. three latent dimensions behind two hidden layers, JAX-like with vmap by hand
def vmapped(sign=-1, entropy=0.5):
    def one(row, x, e):
        mu, ls = row[:3], row[3:]
        z = mu + np.exp(ls) * e
        mean = DEEP.decoder(z[None])[0][0]
        logp = -0.5 * np.sum(((x - mean) / 0.5) ** 2 + 2 * np.log(0.5) + np.log(2 * np.pi))
        return logp + sign * (entropy * np.sum(np.exp(2 * ls) + mu**2 - 1) - np.sum(ls))

    return lambda q, x, eps: np.array([one(*args) for args in zip(q, x, eps, strict=True)])


# 6. scipy.stats, moments of the posterior with sigma rows
def scipy_style(precision=1 / 0.49):
    def elbo(theta, x, eps):
        m, s = theta[:, :2], theta[:, 2:]
        resid = x - (m + s * eps) @ W - b
        loglik = -0.5 * precision * np.sum(resid**2, 1) + 2.0 * np.log(precision) - 2.0 * np.log(2 * np.pi)
        neg_kl = np.sum(np.log(s) + 0.5 - 0.5 * s**2 - 0.5 * m**2, 1)
        return loglik + neg_kl

    return elbo


# 7. a free function that draws five times itself
def multi_sample(noise=lambda shape: DRAWS.normal(size=shape), count=5):
    def elbo(q, x):
        mu, log_var = q[:, :2], q[:, 2:]
        zs = mu + np.exp(log_var / 2) * noise((5, *mu.shape))
        rec = -((x - zs @ W - b) ** 2).sum(-1) / (2 * 0.49) - 4 * np.log(0.7) - 2 * np.log(2 * np.pi)
        return rec.sum(0) / count + 0.5 * (1 + log_var - mu**2 - np.exp(log_var)).sum(-1)

    return elbo


# 8. IWAE with logsumexp, seven draws
def iwae(prior=True, mean=True):
    def bound(q, x):
        mu, ls = q[:, :2], q[:, 2:]
        e = DRAWS.normal(size=(7, *mu.shape))
        z = mu + np.exp(ls) * e
        lw = -((x - z @ W - b) ** 2).sum(-1) / 0.98 - 4 * np.log(0.7) - 2 * np.log(2 * np.pi)
        lw = lw + 0.5 * (e**2).sum(-1) + ls.sum(-1) - (0.5 * (z**2).sum(-1) if prior else 0)
        return np.logaddexp.reduce(lw, axis=0) - np.log(7) * mean

    return bound


# 9. energies, precision matrices and einsum
def energies(half=0.5, jacobian=1.0):
    def elbo(q, x, eps):
        m, logs = np.hsplit(q, 2)
        L = np.exp(logs)[:, :, None] * np.eye(2)
        z = m + np.einsum("bij,bj->bi", L, eps)
        r = x - b - np.einsum("bk,kd->bd", z, W)
        energy = half * np.einsum("bd,bd->b", r, r) / 0.7**2 + 4 * np.log(0.7) + 0.5 * np.einsum("bk,bk->b", z, z)
        logdet = np.linalg.slogdet(L)[1]
        return -energy + jacobian * logdet + 1.0 + (1 - 1) * np.log(2 * np.pi) - 2 * np.log(2 * np.pi)

    return elbo


# 10. the beta-VAE of a blog, with named losses in a dict
def blog(beta=1.0, reduction=np.sum):
    def elbo(q, x, eps):
        mean, log_std = q[..., :2], q[..., 2:]
        std = np.exp(log_std)
        x_rec = TANH.decoder(mean + std * eps)[0]
        losses = {"rec": reduction(0.5 * ((x_rec - x) / 0.4) ** 2 + 0.5 * np.log(2 * np.pi * 0.16), axis=1),
                  "kl": 0.5 * np.sum(mean**2 + std**2 - 2 * log_std - 1, axis=1)}
        return -(losses["rec"] + beta * losses["kl"])

    return elbo


LOGVAR = {"row": "log_variance"}
RIGHT = [
    (torch_tutorial(), {"model": PCA} | LOGVAR), (pyro_style(), {"model": TANH, "row": "softplus"}),
    (variances(), {"model": RELU} | LOGVAR), (keras_bernoulli(), {"model": PIXELS} | LOGVAR),
    (vmapped(), {"model": DEEP}), (scipy_style(), {"model": PCA, "row": "sigma"}),
    (multi_sample(), {"model": PCA, "draws": 600} | LOGVAR), (iwae(), {"model": PCA, "draws": 600}),
    (energies(), {"model": PCA}), (blog(), {"model": TANH})]

WRONG = [
    (torch_tutorial(kld_factor=-1.0), {"model": PCA} | LOGVAR, "KL.*½"),
    (torch_tutorial(std=np.exp), {"model": PCA} | LOGVAR, "sampler.*σ² where σ"),
    (torch_tutorial(kld_factor=0.5), {"model": PCA} | LOGVAR, "KL.*wrong sign"),
    (pyro_style(wrong=True), {"model": TANH, "row": "softplus"}, "σ_g is 0.16 where the model has 0.4"),
    (variances(np.log), {"model": RELU} | LOGVAR, "KL.*log σ.*½"),
    (variances(lambda var: 0.5 * np.log(var) ** 2), {"model": RELU} | LOGVAR, r"\(log σ²\)²"),
    (variances(lambda var: 0.25 * np.log(var)), {"model": RELU} | LOGVAR, "half its weight"),
    (keras_bernoulli(times=1), {"model": PIXELS} | LOGVAR, "averaged over the D"),
    (keras_bernoulli(kl=lambda m, lv: -0.5 * np.mean(1 + lv - np.square(m) - np.exp(lv), axis=-1)),
     {"model": PIXELS} | LOGVAR, "averaged over the K|halved"),
    (keras_bernoulli(kl=lambda m, lv: -0.5 * np.sum(1 + lv - np.square(m) - np.exp(lv))), {"model": PIXELS} | LOGVAR,
     "another row"),
    (vmapped(sign=1), {"model": DEEP}, "KL.*wrong sign"),
    (vmapped(entropy=1.0), {"model": DEEP}, r"½.*σ² \+ μ² − 1"),
    (scipy_style(precision=1 / 0.7), {"model": PCA, "row": "sigma"}, "σ_g is 0.83666"),
    (multi_sample(noise=lambda shape: DRAWS.random(shape)), {"model": PCA, "draws": 600} | LOGVAR, "uniform"),
    (multi_sample(count=1), {"model": PCA, "draws": 600} | LOGVAR, "counted 5 times"),
    (iwae(mean=False), {"model": PCA, "draws": 600}, "summed over the draws"),
    (iwae(prior=False), {"model": PCA, "draws": 600}, "the prior log p"),
    (energies(half=1.0), {"model": PCA}, "½ is missing: ‖x − g‖²"),
    (energies(jacobian=0.0), {"model": PCA}, "log σ, the entropy of q, is missing"),
    (energies(jacobian=2.0), {"model": PCA}, "log σ² stands where log σ"),
    (blog(beta=4.0), {"model": TANH}, "weight 4"), (blog(reduction=np.mean), {"model": TANH}, "averaged over the D")]


@pytest.mark.parametrize("elbo, options", RIGHT)
def test_a_right_elbo_in_any_style_passes(elbo, options):
    report = npvae.check_bound(elbo, **options)
    assert report, str(report)


@pytest.mark.parametrize("elbo, options, says", WRONG)
def test_a_wrong_elbo_in_any_style_is_named(elbo, options, says):
    report = npvae.check_bound(elbo, **options)
    assert not report and re.search(says, report.verdict()), report.verdict()
