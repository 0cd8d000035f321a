"""Right functions as people also write them pass in one line, with each method; twice the gradient does not."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest

import npvae

R = np.random.default_rng(12)
X, W1, B1, W2, B2 = (R.standard_normal(s) for s in ((5, 4), (4, 6), 6, (6, 3), 3))
LABELS = np.array([0, 2, 1, 1, 0])
METHODS = ("central", "five_point", "richardson", "direction", "taylor")


def affine(x, w, b):
    return x @ w + b


def cross_entropy(scores):
    p = np.exp(scores - scores.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    loss = -np.log(p[np.arange(len(p)), LABELS]).mean()
    d = p.copy()
    d[np.arange(len(p)), LABELS] -= 1
    return loss, d / len(p)


# 1. a dict of lists
def dict_of_lists(params, k=1):
    h = np.tanh(affine(X, params["W"][0], params["b"][0]))
    loss, ds = cross_entropy(affine(h, params["W"][1], params["b"][1]))
    dh = ds @ params["W"][1].T * (1 - h**2)
    return loss, {"W": [k * X.T @ dh, h.T @ ds], "b": [dh.sum(0), ds.sum(0)]}


# 2. pairs (W, b) in a list
def list_of_pairs(layers, k=1):
    (w, b), (v, c) = layers
    h = np.tanh(affine(X, w, b))
    loss, ds = cross_entropy(affine(h, v, c))
    dh = ds @ v.T * (1 - h**2)
    return loss, [(k * X.T @ dh, dh.sum(0)), (h.T @ ds, ds.sum(0))]


# 3. a named tuple
class Net(NamedTuple):
    w: np.ndarray
    b: np.ndarray


def named_tuple(net, k=1):
    loss, ds = cross_entropy(affine(X[:, :4], net.w, net.b))
    return loss, Net(k * X.T @ ds, ds.sum(0))


# 4. a dataclass of parameters
@dataclass
class Parameters:
    w: np.ndarray
    b: np.ndarray


def data_class(p, k=1):
    loss, ds = cross_entropy(affine(X, p.w, p.b))
    return loss, Parameters(k * X.T @ ds, ds.sum(0))


# 5. layers with params() and grads() methods
class WithMethods:
    def __init__(self, k=1):
        self.w, self.b, self.k = W1.copy(), B1.copy(), k

    def params(self):
        return [self.w, self.b]

    def grads(self):
        return [self.dw, self.db]

    def forward(self, x):
        self.x = x
        return x @ self.w + self.b

    def backward(self, dout):
        self.dw, self.db = self.k * self.x.T @ dout, dout.sum(0)
        return dout @ self.w.T


# 6. batch norm with running statistics
class BatchNorm:
    def __init__(self, k=1):
        self.gamma, self.beta, self.k = np.linspace(0.5, 1.5, 4), np.linspace(-1, 1, 4), k
        self.running_mean, self.running_var, self.momentum, self.training = np.zeros(4), np.ones(4), 0.9, True

    def forward(self, x):
        if not self.training:
            return self.gamma * (x - self.running_mean) / np.sqrt(self.running_var + 1e-5) + self.beta
        mean, var = x.mean(0), x.var(0)
        self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mean
        self.running_var *= self.momentum
        self.running_var += (1 - self.momentum) * var
        self.inv = 1 / np.sqrt(var + 1e-5)
        self.xhat = (x - mean) * self.inv
        return self.gamma * self.xhat + self.beta

    def backward(self, dout):
        self.dgamma, self.dbeta = self.k * (dout * self.xhat).sum(0), dout.sum(0)
        d = dout * self.gamma
        return self.inv * (d - d.mean(0) - self.xhat * (d * self.xhat).mean(0))


# 7. dropout with a mask that is kept, drawn from a generator of its own
class Dropout:
    def __init__(self, k=1):
        self.rng, self.p, self.k = np.random.default_rng(3), 0.4, k

    def forward(self, x):
        self.mask = (self.rng.random(x.shape) >= self.p) / (1 - self.p)
        return x * self.mask

    def backward(self, dout):
        return self.k * dout * self.mask


# 8. ReLU in place
class InPlaceReLU:
    def __init__(self, k=1):
        self.k = k

    def forward(self, x):
        self.mask = x > 0
        x *= self.mask
        return x

    def backward(self, dout):
        dout *= self.mask
        dout *= self.k
        return dout


# 9. keyword-only arguments
def keyword_only(x, w, *, reg=0.1, k=1):
    loss, ds = cross_entropy(x @ w)
    return loss + 0.5 * reg * (w**2).sum(), (ds @ w.T, k * x.T @ ds + reg * w)


# 10. integer labels in a closure, (loss, gradients) of a class with loss(X, y)
class TwoLayerNet:
    def __init__(self, k=1):
        self.params, self.k = {"W1": W1.copy(), "b1": B1.copy(), "W2": W2.copy(), "b2": B2.copy()}, k

    def loss(self, x, y=None, reg=0.05):
        p = self.params
        z = affine(x, p["W1"], p["b1"])
        h = np.maximum(0, z)
        loss, ds = cross_entropy(affine(h, p["W2"], p["b2"]))
        dz = (ds @ p["W2"].T) * (z > 0)
        grads = {"W1": self.k * x.T @ dz + 2 * reg * p["W1"], "b1": dz.sum(0),
                 "W2": h.T @ ds + 2 * reg * p["W2"], "b2": ds.sum(0)}
        return loss + reg * ((p["W1"]**2).sum() + (p["W2"]**2).sum()), grads


# 11. (loss, gradients, cache)
def with_a_cache(params, k=1):
    h = affine(X, params["w"], params["b"])
    loss, ds = cross_entropy(h)
    return loss, {"w": k * X.T @ ds, "b": ds.sum(0)}, {"h": h, "n": len(X)}


# 12. gradients named dW1
def named_d(params, k=1):
    loss, ds = cross_entropy(affine(X, params["W1"], params["b1"]))
    return loss, {"dW1": k * X.T @ ds, "db1": ds.sum(0)}


# 13. forward and backward of Andrew Ng's course: caches in tuples, data points in columns
def linear_forward(A, W, b):
    return W @ A + b, (A, W, b)


def linear_backward(dZ, cache, k=1):
    A, W, b = cache
    return W.T @ dZ, k * dZ @ A.T, dZ.sum(axis=1, keepdims=True)


# 14. a layer that is called, with back
class Callable:
    def __init__(self, k=1):
        self.weight, self.bias, self.k = W1.copy(), B1.copy(), k

    def __call__(self, x):
        self.input = x
        return x @ self.weight + self.bias

    def backward(self, grad_output):
        self.grad_weight = self.k * self.input.T @ grad_output
        self.grad_bias = grad_output.sum(axis=0)
        return grad_output @ self.weight.T


# 15. a chain of layers in a container that collects gradients in dicts
class Sequential:
    def __init__(self, k=1):
        self.layers = [WithMethods(k), InPlaceReLU()]

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, d):
        for layer in reversed(self.layers):
            d = layer.backward(d)
        return d


# 16. scalars: value, derivative
def scalar(a, k=1):
    return a**3 - 2 * a, k * (3 * a**2 - 2)


def times(f, k):
    return lambda *args: f(*args, k=k)


PARAMS = {"W": [W1, W2], "b": [B1, B2]}
CASES = {
    "dict of lists": lambda k: (times(dict_of_lists, k), PARAMS),
    "list of pairs": lambda k: (times(list_of_pairs, k), [(W1, B1), (W2, B2)]),
    "named tuple": lambda k: (times(named_tuple, k), Net(W1[:, :3], B2)),
    "dataclass": lambda k: (times(data_class, k), Parameters(W1[:, :3], B2)),
    "params()": lambda k: (WithMethods(k), X),
    "batch norm": lambda k: (BatchNorm(k), X),
    "dropout": lambda k: (Dropout(k), X),
    "in place": lambda k: (InPlaceReLU(k), X),
    "keyword only": lambda k: (times(keyword_only, k), X, W1[:, :3]),
    "class with loss": lambda k: (TwoLayerNet(k), X, LABELS),
    "its loss": lambda k: (TwoLayerNet(k).loss, X, LABELS),
    "cache": lambda k: (times(with_a_cache, k), {"w": W1[:, :3], "b": B2}),
    "dW1": lambda k: (times(named_d, k), {"W1": W1[:, :3], "b1": B2}),
    "columns": lambda k: ((linear_forward, times(linear_backward, k)), X.T, W1.T, B1[:, None]),
    "callable": lambda k: (Callable(k), X),
    "sequential": lambda k: (Sequential(k), X),
    "scalar": lambda k: (times(scalar, k), 1.3),
}


@pytest.mark.parametrize("name", CASES)
def test_right_code_passes_with_each_method_and_seed(name):
    for seed, method in enumerate(METHODS):
        report = npvae.gradcheck(*CASES[name](1), method=method, seed=seed)
        assert report, report


def test_what_a_layer_does_in_place_is_said():
    notes = npvae.gradcheck(InPlaceReLU(), X).notes
    assert any("backward changes dout in place" in n for n in notes)
    assert any("forward changes its input in place" in n for n in notes)
    assert not npvae.gradcheck(WithMethods(), X).notes


@pytest.mark.parametrize("name", CASES)
def test_twice_the_gradient_fails(name):
    assert not npvae.gradcheck(*CASES[name](2), diagnosis=False, repair=False)


# 17. lists of weights and biases with gradients in lists of their own
class Lists:
    def __init__(self, k=1):
        self.weights, self.biases, self.k = [W1.copy(), W2.copy()], [B1.copy(), B2.copy()], k

    def forward(self, x):
        self.inputs = [x, np.tanh(affine(x, self.weights[0], self.biases[0]))]
        return affine(self.inputs[1], self.weights[1], self.biases[1])

    def backward(self, d):
        inner = d @ self.weights[1].T * (1 - self.inputs[1] ** 2)
        self.dweights = [self.k * self.inputs[0].T @ inner, self.inputs[1].T @ d]
        self.dbiases = [inner.sum(0), d.sum(0)]
        return inner @ self.weights[0].T


# 18. a cost and a backprop that returns the gradients of the biases first
class Columns:
    def __init__(self, k=1):
        self.weights, self.biases, self.k = [W1.T.copy()], [B1[:, None].copy()], k

    def cost(self, x, y):
        return 0.5 * ((self.weights[0] @ x + self.biases[0] - y) ** 2).sum()

    def backprop(self, x, y):
        d = self.weights[0] @ x + self.biases[0] - y
        return [d], [self.k * d @ x.T]


@pytest.mark.parametrize("f, args, names", [
    (Lists, (X,), ["x", "weights[0]", "weights[1]", "biases[0]", "biases[1]"]),
    (Columns, (X[:1].T, np.ones((6, 1))), ["weights[0]", "biases[0]"])])
def test_lists_of_weights_are_found_with_their_gradients(f, args, names):
    report = npvae.gradcheck(f(), *args)
    assert report and [row.name for row in report.rows] == names
    assert not npvae.gradcheck(f(2), *args, diagnosis=False, repair=False)


def test_a_dict_of_the_loss_and_its_gradient():
    def f(w):
        loss, ds = cross_entropy(X @ w)
        return {"loss": loss, "grads": X.T @ ds, "scores": X @ w}

    assert npvae.gradcheck(f, W1[:, :3])


def test_a_returned_gradient_of_a_wrong_shape_is_no_pass():
    class Kept(WithMethods):
        def backward(self, dout):
            return dout @ self.w.T, self.x.T @ dout, dout.sum(0, keepdims=True)

    report = npvae.gradcheck(Kept(), X, repair=False)
    assert not report and "shape" in str(report)
