"""Each way in which people write a gradient is checked in one line: right code passes, a mistake is found and named."""

import numpy as np
import pytest

import npvae

RNG = np.random.default_rng(0)
X, W, B = RNG.standard_normal((7, 5)), RNG.standard_normal((5, 3)), RNG.standard_normal(3)
LABELS = RNG.integers(3, size=7)


def affine_forward(x, w, b):
    """CS231n's layer: the cache goes from one function to the other."""
    return x @ w + b, (x, w, b)


def affine_backward(dout, cache, k=1.0):
    x, w, b = cache
    return dout @ w.T, k * x.T @ dout, dout.sum(0)


def wrong_affine_backward(dout, cache):
    return affine_backward(dout, cache, k=2.0)


def backward_with_the_cache_first(cache, dout):
    return affine_backward(dout, cache)


def backward_with_the_cache_spread(dout, x, w, b):
    return affine_backward(dout, (x, w, b))


@pytest.mark.parametrize("backward", [affine_backward, backward_with_the_cache_first])
def test_a_pair_with_a_cache(backward):
    report = npvae.gradcheck((affine_forward, backward), X, W, B)
    assert report and [row.name for row in report.rows] == ["x", "w", "b"] and report.name == "affine_forward"


def test_a_pair_whose_cache_is_spread():
    assert npvae.gradcheck((lambda x, w, b: (x @ w + b, x, w, b), backward_with_the_cache_spread), X, W, B)


def test_a_mistake_in_a_pair_is_named_by_the_signature():
    report = npvae.gradcheck((affine_forward, wrong_affine_backward), X, W, B)
    assert [row.name for row in report.rows if not row.passed] == ["w"]
    assert report.diagnosis[0].where == "w" and "2 times the right one" in report.diagnosis[0].sentence
    with pytest.raises(AssertionError, match="2 times the right one"):
        npvae.assert_gradients((affine_forward, wrong_affine_backward), X, W, B)


def test_a_cache_that_back_spoils_is_refused():
    def backward(dout, cache):
        cache[0][...] *= 2
        return affine_backward(dout, cache)

    with pytest.raises(ValueError, match="in place|called again"):
        npvae.gradcheck((affine_forward, backward), X, W, B)


def test_options_of_a_layer_are_constants():
    def forward(x, keep, mode):
        return x * keep, (x, keep)

    report = npvae.gradcheck((forward, lambda dout, cache: dout * cache[1]), X, 0.5, "train")
    assert [row.name for row in report.rows] == ["x"]
    assert report and report.notes == ["keep gets no gradient and was not checked", "mode is held constant"]


def rosenbrock(w):
    return ((1 - w[:-1]) ** 2 + 100 * (w[1:] - w[:-1] ** 2) ** 2).sum()


def rosenbrock_jac(w, sign=1):
    g = np.zeros_like(w)
    g[:-1] = -2 * (1 - w[:-1]) - sign * 400 * w[:-1] * (w[1:] - w[:-1] ** 2)
    g[1:] += 200 * (w[1:] - w[:-1] ** 2)
    return g


def test_scipys_pair():
    report = npvae.gradcheck((rosenbrock, rosenbrock_jac), B)
    assert report and [row.name for row in report.rows] == ["w"]
    assert not npvae.gradcheck((rosenbrock, lambda w: rosenbrock_jac(w, -1)), B)


def test_a_jacobian_is_computed_only_where_it_is_asked_for():
    calls = []

    def jac(w):
        calls.append(None)
        return rosenbrock_jac(w)

    assert npvae.gradcheck((rosenbrock, jac), RNG.standard_normal(50)) and len(calls) < 10


@pytest.mark.parametrize("k, passes", [(1, True), (2, False)])
def test_a_vector_and_its_jacobian(k, passes):
    residuals, jac = (lambda w: X @ w**2), (lambda w: k * X * 2 * w)
    assert bool(npvae.gradcheck((residuals, jac), RNG.standard_normal(5))) == passes


def layer_of_arguments(x, w, b):
    return x @ w + b, lambda dy: (dy @ w.T, x.T @ dy, dy.sum(0))


def test_several_arguments_have_the_names_of_the_signature():
    report = npvae.gradcheck(layer_of_arguments, X, W, B)
    assert report and [row.name for row in report.rows] == ["x", "w", "b"]


def test_several_arguments_in_value_and_gradient_style_and_by_name():
    def loss(w, b):
        r = X @ w + b
        return (r**2).sum(), {"w": 2 * X.T @ r, "b": r.sum(0)}

    report = npvae.gradcheck(loss, W, B)
    assert [row.passed for row in report.rows] == [True, False] and "½ times" in report.diagnosis[0].sentence


def test_fewer_gradients_are_those_of_the_first_arguments_and_the_others_are_said_to_be_unchecked():
    report = npvae.gradcheck(lambda x, w, b: (x @ w + b, lambda dy: dy @ w.T), X, W, B)
    assert report and [row.name for row in report.rows] == ["x"]
    assert report.notes == [f"{name} gets no gradient and was not checked" for name in "wb"]
    wrong = npvae.gradcheck(lambda x, w, b: (x @ w + b, lambda dy: (dy @ w.T, dy)), X, W, B)
    assert [row.passed for row in wrong.rows] == [True, False]
    with pytest.raises(ValueError, match="is list, not one for each of x, w|tuple of .*, not one for each of x, w"):
        npvae.gradcheck(lambda x, w: (x @ w, lambda dy: (dy @ w.T, x.T @ dy, dy)), X, W)


def softmax_loss(params, x, labels, right=True):
    """A training loss over nested parameters and integer labels."""
    scores = x @ params["fc"]["W"] + params["fc"]["b"]
    p = np.exp(scores - scores.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    loss = -np.log(p[np.arange(len(x)), labels]).mean()
    d = p.copy()
    d[np.arange(len(x)), labels] -= 1
    d /= len(x) if right else 1
    return loss, ({"fc": {"W": x.T @ d, "b": d.sum(0)}}, d @ params["fc"]["W"].T)


@pytest.mark.parametrize("right", [True, False])
def test_nested_parameters_and_integer_labels(right):
    params = {"fc": {"W": W, "b": B}}
    report = npvae.gradcheck(lambda params, x, labels: softmax_loss(params, x, labels, right), params, X, LABELS)
    assert [row.name for row in report.rows] == ["params.fc.W", "params.fc.b", "x"]
    assert bool(report) == right and "labels is held constant" in report.notes
    assert right or "7" in str(report.diagnosis) or "shape[0]" in report.diagnosis[0].sentence


def two_layers(params):
    h = np.tanh(X @ params[0])
    y = h @ params[1]
    dy = 2 * y
    return (y**2).sum(), type(params)([X.T @ ((dy @ params[1].T) * (1 - h * h)), h.T @ dy])


@pytest.mark.parametrize("kind", [list, tuple])
def test_a_list_and_a_tuple_of_parameters(kind):
    params = kind([W, RNG.standard_normal((3, 2))])
    report = npvae.gradcheck(two_layers, params)
    assert report and [row.name for row in report.rows] == ["x[0]", "x[1]"]


def test_a_dict_with_integer_keys_and_labels_beside():
    def loss(p):
        return (p[0] ** 2).sum() + p["n"], {0: 2 * p[0]}

    report = npvae.gradcheck(loss, {0: B, "n": 3})
    assert report and [row.name for row in report.rows] == ["0"] and report.notes == ["n is held constant"]


def test_back_and_y_exchanged_are_told_so():
    with pytest.raises(ValueError, match="exchange the two"):
        npvae.gradcheck(lambda x: (lambda dy: dy, x), X)


class Dense:
    """A layer that keeps its input, with dW and db."""

    def __init__(self, factor=1.0):
        self.W, self.b, self.factor, self.calls = W.copy(), B.copy(), factor, 0

    def forward(self, x):
        self.calls += 1
        self.x = x
        return x @ self.W + self.b

    def backward(self, dy):
        self.dW = self.factor * self.x.T @ dy
        self.db = dy.sum(0)
        return dy @ self.W.T


class DictDense:
    """params and grads, the gradients added up."""

    def __init__(self, factor=1.0):
        self.params, self.factor = {"W": W.copy(), "b": B.copy()}, factor
        self.grads = {"W": np.ones_like(W), "b": np.ones_like(B)}       # what an earlier step has left

    def forward(self, x):
        self.x = x
        return x @ self.params["W"] + self.params["b"]

    def backward(self, dy):
        self.grads["W"] += self.factor * self.x.T @ dy
        self.grads["b"] += dy.sum(0)
        return dy @ self.params["W"].T


class ListDense(Dense):
    """params and grads in lists, the layer's own names pointing into them."""

    def __init__(self, factor=1.0):
        self.params, self.grads, self.factor = [W.copy(), B.copy()], [np.zeros_like(W), np.zeros_like(B)], factor

    def forward(self, x):
        self.x, (w, b) = x, self.params
        return x @ w + b

    def backward(self, dy):
        self.grads[0][...] = self.factor * self.x.T @ dy
        self.grads[1][...] = dy.sum(0)
        return dy @ self.params[0].T


class NumpyMl:
    """Parameters made in the first call, inputs kept in a list, gradients added, a flush."""

    def __init__(self, factor=1.0):
        self.factor, self.X, self.made, self.parameters, self.gradients = factor, [], False, {}, {}

    def forward(self, X, retain_derived=True):
        if not self.made:
            self.parameters = {"W": 0.1 * np.random.default_rng(1).standard_normal((X.shape[1], 4)), "b": np.ones(4)}
            self.gradients = {name: np.zeros_like(a) for name, a in self.parameters.items()}
            self.made = True
        if retain_derived:
            self.X.append(X)
        return X @ self.parameters["W"] + self.parameters["b"]

    def backward(self, dLdy, retain_grads=True):
        (X,) = self.X
        if retain_grads:
            self.gradients["W"] += self.factor * X.T @ dLdy
            self.gradients["b"] += dLdy.sum(0)
        return dLdy @ self.parameters["W"].T

    def flush_gradients(self):
        self.X = []
        for gradient in self.gradients.values():
            gradient[...] = 0


@pytest.mark.parametrize("layer", [Dense, DictDense, ListDense, NumpyMl])
def test_a_layer_with_a_state(layer):
    right = layer()
    report = npvae.gradcheck(right, X)
    assert report and len(report.rows) == 3 and report.rows[0].name == "x" and not report.notes
    assert npvae.gradcheck(right, X, method="complex")
    wrong = npvae.gradcheck(layer(-1.0), X)
    assert [row.passed for row in wrong.rows] == [True, False, True]
    assert wrong.diagnosis[0].kind == "sign" and wrong.diagnosis[0].where == wrong.rows[1].name


def test_the_users_own_layer_stays_as_it_is():
    layer = Dense()
    npvae.gradcheck(layer, X)
    assert layer.calls == 0 and not hasattr(layer, "x") and np.array_equal(layer.W, W)


def test_a_parameter_without_a_gradient_is_said_to_be_unchecked():
    class Scaled(Dense):
        def __init__(self):
            super().__init__()
            self.gain, self.unused = np.full(3, 2.0), np.ones(3)

        def forward(self, x):
            return super().forward(x) * self.gain

        def backward(self, dy):
            return super().backward(dy * self.gain)

    report = npvae.gradcheck(Scaled(), X)
    assert report and report.notes == ["gain: no gradient was found for it (dgain, grads['gain'] or the like), so it "
                                       "was not checked"]


def test_a_dropout_layer_with_a_generator_of_its_own_answers_alike_on_fresh_copies():
    class Dropout:
        def __init__(self, keep_mask=True):
            self.rng, self.keep_mask = np.random.default_rng(0), keep_mask

        def forward(self, x):
            self.mask = self.rng.random(x.shape) < 0.7
            return x * self.mask / 0.7

        def backward(self, dy):
            return dy * self.mask / 0.7 if self.keep_mask else dy

    assert npvae.gradcheck(Dropout(), X)
    assert not npvae.gradcheck(Dropout(False), X)


def two_outputs(x, w):
    a = np.tanh(x @ w)
    return a, a.sum(1), (x, w, a)


def nested_outputs(x, w):
    a, rows, cache = two_outputs(x, w)
    return (a, rows), cache


def no_cache(x, w):
    return two_outputs(x, w)[:2]


def of_the_first(da, cache):
    x, w, a = cache
    dz = da * (1 - a * a)
    return dz @ w.T, x.T @ dz


def from_arguments(da, x, w):
    return of_the_first(da, two_outputs(x, w)[2])


def with_back(x, w):
    *outs, cache = two_outputs(x, w)
    return *outs, lambda da: of_the_first(da, cache)


@pytest.mark.parametrize("f", [(two_outputs, of_the_first), (nested_outputs, of_the_first), (no_cache, from_arguments),
                               with_back])
def test_outputs_that_backward_takes_no_dy_for_are_noted(f):
    rng = np.random.default_rng(0)
    report = npvae.gradcheck(f, rng.normal(size=(7, 5)), rng.normal(size=(5, 6)))
    assert report and [row.name for row in report.rows] == ["x", "w"]
    assert report.notes == ["1 output of the forward pass: backward takes no dy for it, so it was not checked"]
