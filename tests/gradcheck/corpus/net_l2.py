"""Small networks with a regulariser: losses over dicts, nested dicts, lists and tuples of parameters."""

import numpy as np


def two_layer_net(params, X, y, reg):
    W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
    N = X.shape[0]
    h = np.maximum(0, X.dot(W1) + b1)
    scores = h.dot(W2) + b2
    scores = scores - scores.max(axis=1, keepdims=True)
    probs = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    loss = -np.log(probs[np.arange(N), y]).mean()
    loss += 0.5 * reg * (np.sum(W1 * W1) + np.sum(W2 * W2))

    grads = {}
    dscores = probs
    dscores[np.arange(N), y] -= 1
    dscores /= N
    grads["W2"] = h.T.dot(dscores) + reg * W2
    grads["b2"] = dscores.sum(axis=0)
    dh = dscores.dot(W2.T)
    dh[h <= 0] = 0
    grads["W1"] = X.T.dot(dh) + reg * W1
    grads["b1"] = dh.sum(axis=0)
    return loss, grads


def regression_net(params, x, t, weight_decay):
    """params = {"hidden": {"W", "b"}, "out": {"W", "b"}}, tanh, squared error."""
    hid, out = params["hidden"], params["out"]
    a = np.tanh(x @ hid["W"] + hid["b"])
    y = a @ out["W"] + out["b"]
    err = y - t
    loss = np.mean(np.sum(err ** 2, axis=1))
    loss += weight_decay * (np.sum(hid["W"] ** 2) + np.sum(out["W"] ** 2))
    dy = 2 * err / x.shape[0]
    da = dy @ out["W"].T
    dz = da * (1 - a ** 2)
    grads = {
        "hidden": {"W": x.T @ dz + 2 * weight_decay * hid["W"], "b": dz.sum(0)},
        "out": {"W": a.T @ dy + 2 * weight_decay * out["W"], "b": dy.sum(0)},
    }
    return loss, grads


def mlp_loss(layers, X, Y):
    """layers: list of (W, b) tuples; sigmoid between them, ½ squared error at the end."""
    acts = [X]
    for i, (W, b) in enumerate(layers):
        z = acts[-1] @ W + b
        acts.append(1 / (1 + np.exp(-z)) if i < len(layers) - 1 else z)
    delta = acts[-1] - Y
    loss = 0.5 * np.sum(delta ** 2)
    grads = [None] * len(layers)
    for i in reversed(range(len(layers))):
        W, b = layers[i]
        grads[i] = (acts[i].T @ delta, delta.sum(axis=0))
        if i > 0:
            delta = (delta @ W.T) * acts[i] * (1 - acts[i])
    return loss, grads


def logistic_regression(theta, X, y, lam):
    """theta = (w, b), L2 on w only."""
    w, b = theta
    m = X.shape[0]
    p = 1 / (1 + np.exp(-(X @ w + b)))
    J = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)) + lam / (2 * m) * np.sum(w ** 2)
    dw = X.T @ (p - y) / m + lam / m * w
    db = np.mean(p - y)
    return J, (dw, db)


class TwoLayerNet:
    def __init__(self, D, H, C, reg, rng):
        self.reg = reg
        self.params = {"W1": rng.normal(size=(D, H)), "b1": rng.normal(size=H),
                       "W2": rng.normal(size=(H, C)), "b2": rng.normal(size=C)}

    def loss(self, X, y):
        p = self.params
        z = X @ p["W1"] + p["b1"]
        h = np.where(z > 0, z, 0.1 * z)
        s = h @ p["W2"] + p["b2"]
        s -= s.max(1, keepdims=True)
        probs = np.exp(s) / np.exp(s).sum(1, keepdims=True)
        loss = -np.log(probs[range(len(y)), y]).sum() / len(y)
        loss += self.reg * sum((p[k] ** 2).sum() for k in ("W1", "W2"))
        probs[range(len(y)), y] -= 1
        ds = probs / len(y)
        dz = ds @ p["W2"].T * np.where(z > 0, 1, 0.1)
        grads = {"W2": h.T @ ds, "b2": ds.sum(0), "W1": X.T @ dz, "b1": dz.sum(0)}
        for k in ("W1", "W2"):
            grads[k] += 2 * self.reg * p[k]
        return loss, grads


def _net(rng, D=4, H=5, C=3):
    return {"W1": rng.normal(size=(D, H)), "b1": rng.normal(size=H),
            "W2": rng.normal(size=(H, C)), "b2": rng.normal(size=C)}


CASES = {
    "two_layer": ("params", two_layer_net, lambda rng: [
        _net(rng), rng.normal(size=(7, 4)), rng.integers(0, 3, 7), 0.2]),
    "nested": ("params", regression_net, lambda rng: [
        {"hidden": {"W": rng.normal(size=(4, 5)), "b": rng.normal(size=5)},
         "out": {"W": rng.normal(size=(5, 3)), "b": rng.normal(size=3)}},
        rng.normal(size=(7, 4)), rng.normal(size=(7, 3)), 0.1]),
    "mlp_list": ("params", mlp_loss, lambda rng: [
        [(rng.normal(size=(4, 6)), rng.normal(size=6)), (rng.normal(size=(6, 5)), rng.normal(size=5)),
         (rng.normal(size=(5, 2)), rng.normal(size=2))], rng.normal(size=(7, 4)), rng.normal(size=(7, 2))]),
    "logistic": ("params", logistic_regression, lambda rng: [
        (rng.normal(size=5), rng.normal()), rng.normal(size=(9, 5)), rng.integers(0, 2, 9), 0.7]),
    "net_class": ("model", TwoLayerNet, lambda rng: [
        TwoLayerNet(4, 5, 3, 0.1, rng), rng.normal(size=(8, 4)), rng.integers(0, 3, 8)]),
}
