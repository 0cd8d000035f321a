"""Binary cross-entropies and VAEs of binary data."""

import numpy as np


def bce_with_logits(logits, target):
    """Stable; sum over pixels, mean over the batch."""
    loss = np.maximum(logits, 0) - logits * target + np.log1p(np.exp(-np.abs(logits)))
    N = logits.shape[0]
    p = 1 / (1 + np.exp(-logits))
    return loss.sum() / N, (p - target) / N


def bce_forward(p, t):
    out = -(t * np.log(p) + (1 - t) * np.log(1 - p)).sum(axis=1)
    return out, (p, t)


def bce_backward(dout, cache):
    p, t = cache
    dp = (p - t) / (p * (1 - p)) * dout[:, None]
    return dp


def bernoulli_vae(params, x, eps):
    """x binary (N, D); params: encoder W, c; decoder V, d."""
    W, c, V, d = params["W"], params["c"], params["V"], params["d"]
    K = V.shape[0]
    q = x @ W + c
    mu, logvar = q[:, :K], q[:, K:]
    sd = np.exp(logvar / 2)
    z = mu + sd * eps
    logits = z @ V + d
    bce = np.sum(np.logaddexp(0, logits) - x * logits)
    kld = 0.5 * np.sum(np.exp(logvar) + mu ** 2 - 1 - logvar)
    dlogits = 1 / (1 + np.exp(-logits)) - x
    dz = dlogits @ V.T
    dmu = dz + mu
    dlogvar = dz * sd * eps / 2 + (np.exp(logvar) - 1) / 2
    dq = np.concatenate([dmu, dlogvar], axis=1)
    return bce + kld, {"W": x.T @ dq, "c": dq.sum(axis=0), "V": z.T @ dlogits, "d": dlogits.sum(axis=0)}


CASES = {
    "bce_logits": ("value", bce_with_logits, lambda rng: [
        rng.normal(size=(6, 5)), rng.integers(0, 2, (6, 5)).astype(bool)]),
    "bce": ("pair", (bce_forward, bce_backward), lambda rng: [
        rng.uniform(0.1, 0.9, (6, 4)), rng.integers(0, 2, (6, 4))]),
    "bernoulli_vae": ("params", bernoulli_vae, lambda rng: [
        {"W": rng.normal(size=(5, 4)) / 2, "c": rng.normal(size=4), "V": rng.normal(size=(2, 5)),
         "d": rng.normal(size=5)}, rng.integers(0, 2, (7, 5)), rng.normal(size=(7, 2))]),
}
