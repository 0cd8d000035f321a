"""Classes and functions in the styles of public code are checked in one line, with every parameter in a row."""

import numpy as np
import pytest

import npvae

RNG = np.random.default_rng(1)
X, Y, W, B = RNG.standard_normal((6, 4)), RNG.integers(0, 3, 6), RNG.standard_normal((4, 3)), RNG.standard_normal(3)


class Parameter:
    def __init__(self, data):
        self.data, self.grad = data.copy(), np.zeros_like(data)


class OfParameters:
    """Parameters are objects with data and grad, added up; parameters() lists them."""

    def __init__(self, k=1.0):
        self.W, self.b, self.k = Parameter(W), Parameter(B), k

    def parameters(self):
        return [self.W, self.b]

    def forward(self, x):
        self.x = x
        return x @ self.W.data + self.b.data

    def backward(self, dy):
        self.W.grad += self.k * self.x.T @ dy
        self.b.grad += dy.sum(0)
        return dy @ self.W.data.T


class OfMethods:
    """params() and grads(), which works once backward has run."""

    def __init__(self, k=1.0):
        self._w, self._b, self.k = W.copy(), B.copy(), k

    def params(self):
        return [self._w, self._b]

    def grads(self):
        return [self._gw, self._gb]

    def forward(self, x):
        self._x = x
        return x @ self._w + self._b

    def backward(self, dy):
        self._gw, self._gb = self.k * self._x.T @ dy, dy.sum(0)
        return dy @ self._w.T


class KeepsAll:
    """forward keeps output, backward keeps dinputs: neither returns anything."""

    def __init__(self, k=1.0):
        self.weights, self.biases, self.k = W.copy(), B[None].copy(), k

    def forward(self, inputs):
        self.inputs = inputs
        self.output = inputs @ self.weights + self.biases

    def backward(self, dvalues):
        self.dweights, self.dbiases = self.k * self.inputs.T @ dvalues, dvalues.sum(0, keepdims=True)
        self.dinputs = dvalues @ self.weights.T


class Returns(OfMethods):
    """backward returns dx, dW, db."""

    params = grads = None

    def backward(self, dy):
        return dy @ self._w.T, self.k * self._x.T @ dy, dy.sum(0)


class Scalar:
    """A parameter that is one number."""

    def __init__(self, k=1.0):
        self.alpha, self.k = 0.2, k

    def forward(self, x, train=True):
        self.x = x
        return np.where(x > 0, x, self.alpha * x)

    def backward(self, dy):
        self.dalpha = self.k * float((dy * np.minimum(self.x, 0)).sum())
        return dy * np.where(self.x > 0, 1, self.alpha)


class Net:
    """Layers in a list."""

    def __init__(self, k=1.0):
        self.layers = [OfParameters(k), Scalar()]

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, dy):
        for layer in reversed(self.layers):
            dy = layer.backward(dy)
        return dy


LAYERS = {OfParameters: ["x", "W.data", "b.data"], OfMethods: ["x", "params[0]", "params[1]"],
          KeepsAll: ["x", "weights", "biases"], Returns: ["x", "_w", "_b"], Scalar: ["x", "alpha"],
          Net: ["x", "layers[0].W.data", "layers[0].b.data", "layers[1].alpha"]}


@pytest.mark.parametrize("layer, names", LAYERS.items(), ids=lambda part: getattr(part, "__name__", ""))
def test_a_layer_is_seen_whole(layer, names):
    report = npvae.gradcheck(layer(), X)
    assert report and [row.name for row in report.rows] == names and not report.notes
    wrong = npvae.gradcheck(layer(1.5), X, diagnosis=False, repair=False)
    assert [row.name for row in wrong.rows if not row.passed] == names[1:2]


def cross_entropy(scores, y):
    p = np.exp(scores - scores.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    d = p.copy()
    d[np.arange(len(y)), y] -= 1
    return -np.log(p[np.arange(len(y)), y]).mean(), d / len(y)


class LossAndGradients:
    def __init__(self, k=1.0):
        self.params, self.k = {"W1": W.copy(), "b1": B.copy()}, k

    def loss(self, X, y=None):
        scores = X @ self.params["W1"] + self.params["b1"]
        if y is None:
            return scores
        loss, d = cross_entropy(scores, y)
        return loss, {"W1": self.k * X.T @ d, "b1": d.sum(0)}


class LossThenGradient(LossAndGradients):
    def loss(self, X, y):
        return super().loss(X, y)[0]

    def gradient(self, X, y):
        return {f"d{n}": g for n, g in LossAndGradients.loss(self, X, y)[1].items()}


class LossThenBackward(LossAndGradients):
    def loss(self, X, y):
        loss, self.kept = super().loss(X, y)
        return loss

    def backward(self):
        self.grads = dict(self.kept)


@pytest.mark.parametrize("net", [LossAndGradients, LossThenGradient, LossThenBackward])
def test_a_net_with_a_loss(net):
    report = npvae.gradcheck(net(), X, Y)
    assert report and [row.name for row in report.rows] == ["W1", "b1"]
    assert report.notes == ["X gets no gradient and was not checked", "y is held constant"]
    assert [row.passed for row in npvae.gradcheck(net(1.5), X, Y, diagnosis=False, repair=False).rows] == [False, True]


def logistic(w, b, X, t, k):
    """The gradients first, then the cost."""
    a = 1 / (1 + np.exp(-(X @ w + b)))
    return {"dw": k * X.T @ (a - t) / len(t), "db": np.mean(a - t)}, -np.mean(t * np.log(a) + (1 - t) * np.log(1 - a))


def squared_error(y_true, y_pred, k):
    return ((y_pred - y_true) ** 2).mean(), k * 2 * (y_pred - y_true) / y_pred.size


def masked(pred, target, mask, k):
    d = (pred - target) * mask
    return (d**2).sum() / mask.sum(), k * 2 * d / mask.sum()


def value_and_three(x, w, b, k):
    r = x @ w + b
    return (r**2).sum(), k * 2 * r @ w.T, 2 * x.T @ r, 2 * r.sum(0)


def two_outputs(x, w, k):
    return (x @ w, (x**2).sum(1)), lambda dy: (k * dy[0] @ w.T + 2 * x * dy[1][:, None], x.T @ dy[0])


FUNCTIONS = [(logistic, (W[:, 0], 0.3, X, (Y > 1) * 1), ["w", "b"]), (squared_error, (X[::-1].copy(), X), ["y_pred"]),
             (masked, (X, X[::-1].copy(), X > 0), ["pred"]), (value_and_three, (X, W, B), ["x", "w", "b"]),
             (two_outputs, (X, W), ["x", "w"])]


@pytest.mark.parametrize("f, args, names", FUNCTIONS, ids=lambda part: getattr(part, "__name__", ""))
def test_a_function_is_seen_whole(f, args, names):
    # k is no float, so that it is none of the arguments that may get a gradient
    report = npvae.gradcheck(f, *args, np.int64(1))
    assert report and [row.name for row in report.rows] == names
    wrong = npvae.gradcheck(f, *args, np.int64(2), diagnosis=False, repair=False)
    assert [row.name for row in wrong.rows if not row.passed] == names[:1]


@pytest.mark.parametrize("k", [1, 2])
def test_a_derivative_and_a_backward_without_a_cache(k):
    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    assert bool(npvae.gradcheck((sigmoid, lambda x: k * sigmoid(x) * (1 - sigmoid(x))), X, repair=False)) == (k == 1)
    pair = lambda x, w: x @ w, lambda dout, x, w: (dout @ w.T, k * x.T @ dout)
    assert bool(npvae.gradcheck(pair, X, W, repair=False)) == (k == 1)


@pytest.mark.parametrize("k", [1.0, 1.5])
def test_a_function_of_a_list_of_layers(k):
    layers = [OfParameters(k), Scalar()]

    def f(x):
        for layer in layers:
            x = layer.forward(x)

        def back(dy):
            for layer in reversed(layers):
                dy = layer.backward(dy)
            return dy

        return x, back

    report = npvae.gradcheck(f, X, diagnosis=False, repair=False)
    assert bool(report) == (k == 1) and "layers[0].W.data" in [row.name for row in report.rows]
