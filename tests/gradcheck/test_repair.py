"""The line that is wrong, as the report names it; what is not edited; what is left as it was."""

import linecache
import time

import judge_mutants
import numpy as np
import pytest

import npvae


def affine_forward(x, w, b):
    return x @ w + b, (x, w)


def affine_backward(dout, cache):
    x, w = cache
    dx = dout @ w.T
    dw = x.T @ dout / len(x)
    db = dout.sum(0)
    return dx, dw, db


def layer_norm(x):
    mean = x.mean(1, keepdims=True)
    inv = 1 / np.sqrt(x.var(1, keepdims=True) + 1e-3)
    xh = (x - mean) * inv

    def back(dxh):
        dx = inv * (dxh - dxh.mean(1, keepdims=True))
        return dx

    return xh, back


class Tanh:
    def forward(self, x):
        self.y = np.tanh(x)
        return self.y

    def backward(self, dy):
        return dy * (1 - self.y)


DATA, TARGETS = np.arange(35.0).reshape(7, 5) % 4, np.arange(7.0) % 3


def ridge(params):
    x, t = DATA, TARGETS
    r = x @ params["w"] - t
    value = 0.5 * (r**2).mean() + 0.1 * (params["w"]**2).sum()
    return value, {"w": x.T @ r / len(x) + 0.1 * params["w"]}


def rng():
    return np.random.default_rng(0)


def line_of(function, text):
    return next(i for i, line in enumerate(linecache.getlines(function.__code__.co_filename), 1)
                if text in line and i >= function.__code__.co_firstlineno)


def checked(*args, **options):
    return npvae.gradcheck(*args, diagnosis=False, **options)


def test_a_pair_is_mended_in_its_backward():
    report = checked((affine_forward, affine_backward), rng().normal(size=(7, 5)), rng().normal(size=(5, 6)),
                     rng().normal(size=6))
    assert report.repair.line == line_of(affine_backward, "dw = x.T")
    assert report.repair.after == "dw = x.T @ dout"
    assert report.repair.where == "shape"


def test_a_missing_path_is_fitted():
    report = checked(layer_norm, rng().normal(size=(6, 5)))
    assert report.repair.line == line_of(layer_norm, "dx = inv")
    x, dy = rng().normal(size=(6, 5)), rng().normal(size=(6, 5))
    inv, xh = 1 / np.sqrt(x.var(1, keepdims=True) + 1e-3), layer_norm(x)[0]
    edited = eval(report.repair.after.removeprefix("dx = "), {"np": np, "inv": inv, "xh": xh, "dxh": dy})
    right = inv * (dy - dy.mean(1, keepdims=True) - xh * (dy * xh).mean(1, keepdims=True))
    np.testing.assert_allclose(edited, right, rtol=1e-10)


def test_a_layer_is_mended_in_its_method():
    report = checked(Tanh(), rng().normal(size=(6, 5)))
    assert report.repair.line == line_of(Tanh.backward, "return dy")
    assert report.repair.after in ("return dy * (1 - self.y ** 2)", "return dy * (1 - self.y * self.y)")


def test_a_loss_over_params_is_mended():
    report = checked(ridge, {"w": rng().normal(size=5)})
    assert report.repair.line == line_of(ridge, "return value")
    assert "2 * (0.1 * params['w'])" in report.repair.after or "0.2 * params['w']" in report.repair.after


def test_hints_say_more_and_more():
    report = checked(Tanh(), rng().normal(size=(6, 5)))
    sentence, line, edit = (report.hint(level) for level in (1, 2, 3))
    assert "`" not in sentence.split(" for ")[0]
    assert line == f"line {report.repair.line}: `{report.repair.before}` is wrong."
    assert report.repair.after in edit and report.repair.after not in line
    assert edit in str(report)
    assert report.to_dict()["repair"]["line"] == report.repair.line
    with pytest.raises(ValueError, match="expected 1"):
        report.hint(4)


def test_a_right_gradient_has_no_hint():
    report = npvae.gradcheck((lambda x: (x**2).sum(), lambda x: 2 * x), rng().normal(size=5))
    assert report.hint(3) == "the gradient is right"
    assert not report.repair


def test_it_is_turned_off():
    report = checked(Tanh(), rng().normal(size=(6, 5)), repair=False)
    assert not report.repair and "not looked for" in report.hint(2)


def test_a_source_that_cannot_be_read_is_not_available():
    space = {}
    exec("def f(x): return (x**2).sum(), x", space)
    report = checked(space["f"], rng().normal(size=5))
    assert report.hint(3) == "not available: the source cannot be read."


def writes(x):
    if x is None:
        open("somewhere", "w")
    return (x**2).sum(), x


def counts(x):
    global CALLS
    CALLS = 1
    return (x**2).sum(), x


@pytest.mark.parametrize("function, name", [(writes, "open"), (counts, "global")])
def test_what_could_touch_more_than_numbers_is_not_edited(function, name):
    assert f"names {name}" in checked(function, rng().normal(size=5)).hint(3)


def endless(x):
    n = len(x)
    while n > 0:
        n = n - 1
    return (x**2).sum(), x


def test_an_endless_edit_is_stopped():
    start = time.perf_counter()
    report = checked(endless, rng().normal(size=5))
    assert report.repair.after.startswith("return ((x ** 2).sum(), ")
    assert time.perf_counter() - start < 10


STATE = {"calls": [], "scale": np.ones(5)}


def with_state(x):
    return (STATE["scale"] * x**2).sum(), STATE["scale"] * x


def test_the_user_s_functions_and_arrays_stay_as_they_were():
    code, names = with_state.__code__, set(globals())
    assert checked(with_state, rng().normal(size=5)).repair
    assert with_state.__code__ is code and set(globals()) == names
    np.testing.assert_array_equal(STATE["scale"], np.ones(5))


def test_mutants_of_the_package_are_mended(tmp_path):
    # the first that the check catches; all of them are for the command
    caught = (found for function, edit in judge_mutants.mutants("nn/activations.py")
              if (found := judge_mutants.judge("nn/activations.py", function, edit, tmp_path)[0]) != "same")
    assert [next(caught) for _ in range(4)] == 4 * ["found"]
