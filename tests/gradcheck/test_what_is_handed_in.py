"""Layers behind a lambda, answers in the wrong order, values without a gradient, factors of many numbers and of two."""

import numpy as np
import pytest

import npvae

X = np.random.default_rng(0).standard_normal((5, 3))


class Layer:
    """y = xW with its input, and perhaps its output, kept."""

    def __init__(self, k=1.0, keeps_y=False):
        self.W, self.k, self.keeps_y = np.random.default_rng(1).standard_normal((3, 2)), k, keeps_y

    def forward(self, x):
        self.x, y = x, x @ self.W
        if self.keeps_y:
            self.y = y
        return y

    def backward(self, dy):
        self.dW = self.k * self.x.T @ dy
        return dy @ self.W.T


@pytest.mark.parametrize("handed", [lambda layer: lambda x: (layer.forward(x), layer.backward),
                                    lambda layer: (layer.forward, layer.backward)])
@pytest.mark.parametrize("keeps_y", [False, True])
def test_a_layer_behind_a_lambda_is_checked_with_its_parameters(handed, keeps_y):
    assert [row.name for row in npvae.gradcheck(handed(Layer(keeps_y=keeps_y)), X).rows] == ["x", "W"]
    wrong = npvae.gradcheck(handed(Layer(7.0, keeps_y)), X)
    assert not wrong and wrong.diagnosis[0].where == "W"


def test_a_lambda_that_does_more_than_its_layer_is_taken_as_it_is():
    layer = Layer()
    assert npvae.gradcheck(lambda x: (layer.forward(x) + 1, layer.backward), X)


@pytest.mark.parametrize("f, x, says", [
    (lambda x: (2 * x, (x**2).sum()), X, "exchange the two"),
    (lambda x: (x > 0, lambda dy: 0 * dy), X, "type bool, which have no gradient"),
    (lambda x: (np.round(x).astype(int), lambda dy: 0 * dy), X, "which have no gradient"),
    (lambda x: (np.square(x).sum(), 2 * np.array(x)), [1, 2, 3], r"np.array\(\[1.0, 2.0, 3.0\]\)")])
def test_what_has_no_gradient_is_answered_in_words(f, x, says):
    with pytest.raises(ValueError, match=says):
        npvae.gradcheck(f, x)


def sentence(f, x, **options):
    return npvae.gradcheck(f, x, **options).diagnosis[0].sentence


def test_a_factor_of_more_numbers_than_are_looked_at_is_named():
    x = np.random.default_rng(2).standard_normal((40, 30))
    assert "x.shape[1] times the right one" in sentence(lambda x: ((x**2).mean(), 2 * x / 40), x)
    assert "wrong sign" in sentence(lambda x: ((x**2).sum(), -2 * x), x)
    assert "too many to look at" in sentence(lambda x: ((x**2).sum(), 2.5 * x**3), x)


def test_a_size_of_two_stands_beside_the_other_reasons_for_a_two():
    def cross_entropy(z):
        p = np.exp(z - z.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        return -np.log(p[[0, 1], [0, 2]]).mean(), p - np.eye(3)[[0, 2]]

    assert "a sum over x.shape[0] = 2 where the value takes the mean" in sentence(cross_entropy, X[:2])


@pytest.mark.parametrize("value, gradient, says", [
    (lambda x: (x**2).sum() / 3**0.5, lambda x: 2 * x, "√x.shape[1] times"),
    (lambda x: (x**2).sum(), lambda x: 2 * x * 3 / 5, r"x.shape[1]/x.shape[0] times"),
    (lambda x: 0.5 * (x**2).mean(0).sum(), lambda x: 2 * x, "2·x.shape[0] times")])
def test_roots_and_ratios_of_sizes_have_names(value, gradient, says):
    assert says in sentence(lambda x: (value(x), gradient(x)), X)


def maximum(share):
    return lambda v: (v.max() + (v**2).sum(), share(v == v.max()) + 2 * v)


@pytest.mark.parametrize("v", [[1.0, 1.0, 0.5], [2.0, 2.0, 2.0], [1.0, 1.0, 0.0]])
def test_a_tie_is_told_from_a_kink(v):
    v = np.array(v)
    assert npvae.gradcheck(maximum(lambda ties: ties / ties.sum()), v)
    assert npvae.gradcheck(maximum(lambda ties: np.arange(len(ties)) == ties.argmax()), v)
    report = npvae.gradcheck(maximum(lambda ties: 1.0 * ties), v)
    assert not report and report.diagnosis[0].kind == "tie"


def test_ties_of_a_pool_and_corners_of_a_relu():
    x = np.array([[1.0, 1.0, 0.0], [3.0, 2.0, 3.0]])
    masked = npvae.gradcheck(lambda x: (x.max(1), lambda dy: (x == x.max(1, keepdims=True)) * dy[:, None]), x)
    assert not masked and masked.diagnosis[0].kind == "tie"
    first = npvae.gradcheck(lambda x: (x.max(1), lambda dy: np.eye(3)[x.argmax(1)] * dy[:, None]), x)
    assert first and first.rows[0].kinks
    for slope in (0.0, 0.5, 1.0):
        corners = npvae.gradcheck(lambda x, s=slope: (np.maximum(x, 0), lambda dy: dy * np.where(x == 0, s, x > 0)),
                                  np.array([0.0, 0.0, 0.0, 1.0, -1.0]))
        assert corners and len(corners.rows[0].kinks) == (0 if slope == 0.5 else 3)


def test_what_cannot_be_copied_is_refused_by_name():
    with pytest.raises(ValueError, match="x is a memoryview, which cannot be copied"):
        npvae.gradcheck(lambda x: (np.asarray(x), lambda dy: dy), memoryview(np.ones(3)))


@pytest.mark.parametrize("ask, words", [
    (lambda: npvae.gradcheck(npvae.tanh, np.ones((2, 3)), repair=np.zeros(0)), "repair is .* expected True or False"),
    (lambda: npvae.gradcheck(npvae.tanh, np.ones((2, 3))).hint(np.ones(2)), "level is .* expected 1"),
    (lambda: npvae.gradcheck(npvae.Gaussian(2), np.ones((2, 3))), "which cannot be called"),
])
def test_options_and_functions_that_make_no_sense_are_refused_in_a_sentence(ask, words):
    with pytest.raises(ValueError, match=words):
        ask()
