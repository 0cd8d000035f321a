"""Log-sum-exp, log-softmax, entropies and mixtures."""

import numpy as np


def logsumexp(x):
    m = x.max()
    value = m + np.log(np.exp(x - m).sum())
    return value, np.exp(x - value)


def log_softmax(x):
    y = x - np.log(np.exp(x).sum(axis=1, keepdims=True))

    def back(dy):
        return dy - np.exp(y) * dy.sum(axis=1, keepdims=True)

    return y, back


def entropy_of_logits(logits):
    """Mean entropy of the rows' softmax, nats."""
    logp = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    p = np.exp(logp)
    H = -(p * logp).sum(axis=-1, keepdims=True)
    N = logits.shape[0]
    grad = -p * (logp + H) / N
    return H.mean(), grad


X_MIX = np.random.default_rng(3).normal(size=(9, 2)) * 2


def mixture_nll(params, x):
    """K isotropic Gaussians; params: logits (K,), mu (K, D), log_sigma (K,)."""
    logits, mu, log_sigma = params["logits"], params["mu"], params["log_sigma"]
    N, D = x.shape
    log_pi = logits - np.log(np.exp(logits).sum())
    diff = x[:, None, :] - mu
    var = np.exp(2 * log_sigma)
    sq = (diff ** 2).sum(axis=2)
    joint = log_pi - 0.5 * sq / var - D * log_sigma - 0.5 * D * np.log(2 * np.pi)
    m = joint.max(axis=1, keepdims=True)
    log_px = m + np.log(np.exp(joint - m).sum(axis=1, keepdims=True))
    r = np.exp(joint - log_px)
    grads = {
        "logits": -(r.sum(axis=0) - N * np.exp(log_pi)),
        "mu": -(r[:, :, None] * diff).sum(axis=0) / var[:, None],
        "log_sigma": -(r * (sq / var - D)).sum(axis=0),
    }
    return -log_px.sum(), grads


CASES = {
    "logsumexp": ("value", logsumexp, lambda rng: [rng.normal(size=7)]),
    "log_softmax": ("back", log_softmax, lambda rng: [rng.normal(size=(5, 4))]),
    "entropy": ("value", entropy_of_logits, lambda rng: [rng.normal(size=(6, 4))]),
    "mixture": ("params", mixture_nll, lambda rng: [
        {"logits": rng.normal(size=3), "mu": 2 * rng.normal(size=(3, 2)), "log_sigma": 0.3 * rng.normal(size=3)},
        X_MIX]),
}
