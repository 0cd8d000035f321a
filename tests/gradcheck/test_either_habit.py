"""Layers whose `back` writes its gradients and layers whose `back` adds them: neither is accused.

And of a layer that is called twice in one pass, it is said what is wrong."""

import numpy as np
import pytest

import npvae
from npvae.nn import Affine, tanh


class Scaling:
    """y = x s, as a user writes it; `habit` says what his `back` does with the gradient of s."""

    def __init__(self, s, ds=None, habit=None):
        self.s, self.ds, self.habit = s, ds, habit

    def arrays(self):
        return {"s": self.s}

    def on(self, parameters, prefix="", gradient=True):
        return Scaling(parameters[prefix + "s"], parameters.gradient(prefix + "s"), self.habit)

    def __call__(self, x):
        def back(dy):
            ds = (dy * x).sum(0)
            self.ds[...] = {"writes": ds, "adds": self.ds + ds, "mixes": ds + 3 * self.ds,
                            "wrong": -ds, "adds what is wrong": self.ds - ds}[self.habit]
            return dy * self.s

        return x * self.s, back


class Twice:
    """y = f(tanh f(x)) with one layer f, as a part with parameters of its own."""

    def __init__(self, layer, by_hand):
        self.layer, self.by_hand = layer, by_hand

    def arrays(self):
        return self.layer.arrays()

    def on(self, parameters, prefix="", gradient=True):
        return Twice(self.layer.on(parameters, prefix, gradient), self.by_hand)

    def __call__(self, x):
        h, back_first = self.layer(x)
        a, back_tanh = tanh(h)
        y, back_second = self.layer(a)

        def back(dy):
            da = back_second(dy)
            dW, db = self.layer.dW.copy(), self.layer.db.copy()
            dx = back_first(back_tanh(da))
            if self.by_hand:
                self.layer.dW[...] += dW
                self.layer.db[...] += db
            return dx

        return y, back


def rng():
    return np.random.default_rng(0)


def report_of(part, columns=3, **options):
    return npvae.gradcheck(part, np.random.default_rng(1).standard_normal((5, columns)), **options)


@pytest.mark.parametrize("method", ["central", "complex", "direction", "taylor"])
@pytest.mark.parametrize("habit", ["writes", "adds"])
def test_a_layer_may_write_its_gradient_or_add_it(habit, method):
    report = report_of(Scaling(np.array([0.5, -1.0, 2.0]), habit=habit), method=method)
    assert report.passed and not report.diagnosis, str(report)


@pytest.mark.parametrize("habit", ["wrong", "adds what is wrong"])
def test_a_wrong_sign_is_named_in_either(habit):
    report = report_of(Scaling(np.array([0.5, -1.0, 2.0]), habit=habit))
    assert [f.kind for f in report.diagnosis] == ["sign"]


def test_a_layer_that_does_neither_is_told_so():
    report = report_of(Scaling(np.array([0.5, -1.0, 2.0]), habit="mixes"))
    assert not report.passed
    assert "neither writes the same gradient nor adds it once more" in report.diagnosis[0].sentence


def test_a_layer_that_is_called_twice_and_whose_gradients_are_not_added_is_named():
    report = report_of(Twice(Affine.random(3, 3, rng()), by_hand=False))
    assert [row.name for row in report.rows if not row.passed] == ["W", "b"]
    assert [f.sentence for f in report.diagnosis] == [
        "W, b: back writes, and the layer was called twice in one pass. Add the two gradients by hand."]


def test_a_layer_that_is_called_twice_and_whose_gradients_are_added_by_hand_passes():
    assert report_of(Twice(Affine.random(3, 3, rng()), by_hand=True)).passed


def test_arrays_that_are_handed_in_by_name_are_told_so_too():
    x = np.random.default_rng(1).standard_normal((5, 3))

    def loss(p):
        layer = Affine(p["W"], p["b"], np.zeros_like(p["W"]), np.zeros_like(p["b"]))
        y, back = Twice(layer, by_hand=False)(x)

        def grads(dy):
            back(dy)
            return {"W": layer.dW, "b": layer.db}

        return y, grads

    report = npvae.gradcheck(loss, Affine.random(3, 3, rng()).arrays())
    assert "called twice in one pass" in report.diagnosis[0].sentence


def test_a_layer_that_is_called_once_and_is_wrong_is_not_told_so():
    class Wrong(Twice):
        def __call__(self, x):
            y, back = self.layer(x)

            def wrong(dy):
                dx = back(dy)
                self.layer.dW[...] *= -1
                return dx

            return y, wrong

        def on(self, parameters, prefix="", gradient=True):
            return Wrong(self.layer.on(parameters, prefix, gradient), False)

    report = report_of(Wrong(Affine.random(3, 3, rng()), False))
    assert [(f.kind, f.where) for f in report.diagnosis] == [("sign", "W")]
    assert Affine.__call__.__name__ == "__call__"
