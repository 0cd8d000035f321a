"""Right code at awkward points passes, and wrong code there fails: kinks, domain edges, flat points, rounding."""

import numpy as np
import pytest

import npvae
from npvae.gradcheck.report import HIDDEN, ON_KINKS
from npvae.nn import Parameters, mlp, relu


def elementwise(f, slope):
    """y = f(x) in callback style."""
    return lambda x: (f(x), lambda dy: dy * slope(x))


def elu(x):
    """ELU and back: φ″ jumps at 0."""
    e = np.exp(np.minimum(x, 0))
    return np.where(x > 0, x, e - 1), lambda dy: dy * np.where(x > 0, 1, e)


def log_sum_exp(x):
    """log Σ exp x of each row."""
    top = x.max(1, keepdims=True)
    p = np.exp(x - top)
    return top[:, 0] + np.log(p.sum(1)), lambda dy: dy[:, None] * p / p.sum(1, keepdims=True)


SOFTSIGN = elementwise(lambda x: x / (1 + np.abs(x)), lambda x: (1 + np.abs(x)) ** -2)
HUBER = elementwise(lambda x: np.where(np.abs(x) <= 1, x**2 / 2, np.abs(x) - 0.5), lambda x: np.clip(x, -1, 1))
INVERSE = elementwise(lambda x: 1 / x, lambda x: -1 / x**2)
ENTROPY = elementwise(lambda p: p * np.log(p), lambda p: np.log(p) + 1)
AWKWARD = [(elu, np.zeros(6)), (elu, np.array([0.0, 1.0, -1.0])), (SOFTSIGN, np.array([0.0, 0.0, 0.5])),
           (HUBER, np.array([1.0, -1.0])), (INVERSE, np.array([1e-2])), (INVERSE, np.array([1e-3, 1e-2])),
           (log_sum_exp, np.array([[1000.0, 999.0, 998.0], [1000.0, 1000.0, 1001.0]])),
           (ENTROPY, np.array([1e-6, 0.3, 0.7]))]
NAMES = ["elu", "elu among others", "softsign", "huber", "1/x", "1/x at two", "log-sum-exp", "p log p"]


@pytest.mark.parametrize("f, x", AWKWARD, ids=NAMES)
def test_right_code_at_an_awkward_point_passes(f, x):
    assert npvae.gradcheck(f, x).passed


@pytest.mark.parametrize("factor", [1.001, 0.999, -1.0])
@pytest.mark.parametrize("f, x", AWKWARD, ids=NAMES)
def test_a_thousandth_off_at_an_awkward_point_fails(f, x, factor):
    def wrong(x):
        y, back = f(x)
        return y, lambda dy: factor * back(dy)

    assert not npvae.gradcheck(wrong, x, diagnosis=False).passed


@pytest.mark.parametrize("method", ["direction", "taylor"])
def test_a_coordinate_on_a_kink_is_left_out_of_the_directions_by_name(method):
    x = np.array([-1.0, 0.0, 2.0, 3.0])
    report = npvae.gradcheck(relu, x, method=method)
    assert report.passed and [kink.split(" ")[0] for kink in report.rows[0].kinks] == ["x[1]"]
    wrong = elementwise(lambda x: np.maximum(x, 0), lambda x: 1.01 * (x > 0))
    assert not npvae.gradcheck(wrong, x, method=method, diagnosis=False).passed
    # at the kink, a gradient that is no slope of either side is no kink's fault
    wrong = elementwise(lambda x: np.maximum(x, 0), lambda x: np.where(x == 0, 3.0, x > 0))
    assert not npvae.gradcheck(wrong, x, method=method, diagnosis=False).passed


def test_three_hundred_kinks_among_twelve_thousand_numbers():
    x = np.random.default_rng(0).standard_normal(12_300)
    x[:300] = 0
    report = npvae.gradcheck(relu, x)
    assert report.method == "direction" and report.passed and len(report.rows[0].kinks) >= 300
    wrong = elementwise(lambda x: np.maximum(x, 0), lambda x: 1.0 * (x > 0) + 0.01 * (np.arange(len(x)) == 5000))
    assert not npvae.gradcheck(wrong, x, diagnosis=False).passed


@pytest.mark.parametrize("method", ["central", "direction", "taylor"])
def test_a_parameter_with_nothing_but_kinks_is_not_checked_and_says_so(method):
    def f(p):
        return relu(p["a"])[0] * p["b"], lambda dy: {"a": dy * p["b"] * (p["a"] > 0), "b": dy * relu(p["a"])[0]}

    # with a = 0 all along, b has no gradient: a third one has
    def with_c(p):
        y, back = f(p)
        return y + p["c"] ** 2, lambda dy: back(dy) | {"c": 2 * dy * p["c"]}

    report = npvae.gradcheck(with_c, {"a": np.zeros(3), "b": np.ones(3), "c": np.ones(3)}, method=method)
    assert report.passed and [row.note == ON_KINKS for row in report.rows] == [True, False, False]
    assert len(report.rows[0].kinks) >= 3
    with pytest.raises(ValueError, match="stands on a kink"):
        npvae.gradcheck(relu, np.zeros(3), method=method)


def hidden_term(sign):
    """A least-squares loss in which c counts a billionth."""
    rng = np.random.default_rng(0)
    X, t = rng.standard_normal((6, 3)), 100 * rng.standard_normal(6)

    def f(p):
        r = X @ p["w"] - t + 1e-9 * p["c"]
        return (r**2).sum(), {"w": 2 * X.T @ r, "c": sign * 2e-9 * r}

    return f, {"w": np.ones(3), "c": np.ones(6)}


@pytest.mark.parametrize("method", ["central", "five_point", "direction", "taylor"])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_gradient_that_rounding_hides_passes_with_a_note_only(method, sign):
    f, x = hidden_term(sign)
    rows = {row.name: row for row in npvae.gradcheck(f, x, method=method).rows}
    assert rows["w"].passed and not rows["w"].note.startswith("rounding")
    # five points take a longer step, and see the wrong sign
    assert rows["c"].note == HIDDEN or sign == -1 and not rows["c"].passed


def test_the_complex_step_sees_what_rounding_hides():
    assert npvae.gradcheck(*hidden_term(1), method="complex").passed
    report = npvae.gradcheck(*hidden_term(-1), method="complex", diagnosis=False)
    assert [row.passed for row in report.rows] == [True, False] and not any(row.note for row in report.rows)


def test_a_gradient_that_is_zero_carries_no_note():
    report = npvae.gradcheck(lambda p: ((p["a"] ** 2).sum(), {"a": 2 * p["a"], "b": 0 * p["b"]}),
                             {"a": np.ones(2), "b": np.ones(2)})
    assert report.passed and [row.note for row in report.rows] == ["", ""]


def test_a_wrong_sign_beside_a_large_constant_is_not_taken_for_linear():
    def f(x):
        return 1e10 + 0.01 * x.sum(), -0.01 * np.ones(3)

    with pytest.raises(ValueError, match="error of 1 % would pass"):
        npvae.gradcheck(f, np.ones(3), method="taylor")
    assert npvae.gradcheck(lambda x: (x.sum(), np.ones(3)), np.ones(3), method="taylor").rows[0].note.startswith("lin")


@pytest.mark.parametrize("method", ["central", "direction", "taylor"])
def test_value_and_gradient_zero_is_refused_and_a_missing_gradient_is_not(method):
    with pytest.raises(ValueError, match="value and gradient are zero"):
        npvae.gradcheck(lambda q: npvae.Gaussian(2).kl(q), np.zeros((3, 4)), method=method)
    assert not npvae.gradcheck(lambda x: (x.sum(), 0 * x), np.zeros(3), method=method, diagnosis=False).passed


@pytest.mark.parametrize("shape", [(1,), (1, 1)])
def test_a_value_may_have_a_shape_of_ones(shape):
    report = npvae.gradcheck(lambda x: ((x**2).sum().reshape(shape), 2 * x), np.ones(3))
    assert report.passed
    assert not npvae.gradcheck(lambda x: ((x**2).sum().reshape(shape), x), np.ones(3)).passed


def test_a_back_that_changes_dy_is_told_so():
    def f(x):
        def back(dy):
            dy *= 2 * x
            return dy

        return x * x, back

    with pytest.raises(ValueError, match="back changes dy in place"):
        npvae.gradcheck(f, np.ones(3))


def test_an_f_that_clips_its_input_in_place_is_refused():
    def f(x):
        np.maximum(x, 0, out=x)
        return (x**2).sum(), 2 * x

    with pytest.raises(ValueError, match="in place"):
        npvae.gradcheck(f, np.array([-1.0, 2.0]))


def test_one_gradient_for_one_array():
    with pytest.raises(ValueError, match="a tuple of .* expected one array"):
        npvae.gradcheck(lambda x: (x * x, lambda dy: (2 * x * dy, 3.0)), np.ones(3))


@pytest.mark.parametrize("wrong", [False, True])
def test_an_imaginary_part_lost_in_a_small_term_accuses_the_method_not_the_gradient(wrong):
    W = np.random.default_rng(0).standard_normal((3, 2))

    def f(W):
        return (W**2).sum() + 1e-5 * np.abs(W).sum(), (2 - wrong) * W + 1e-5 * np.sign(W)

    if wrong:
        assert not npvae.gradcheck(f, W, method="complex", diagnosis=False).passed
    else:
        with pytest.raises(ValueError, match="imaginary part is lost"):
            npvae.gradcheck(f, W, method="complex")


@pytest.mark.parametrize("off", [1e-4, 1e-6, 1e-8, 1e-9])
def test_a_small_error_is_the_gradients_under_the_complex_step(off):
    x = np.array([0.5, 2.0])
    assert not npvae.gradcheck(lambda x: ((x**3).sum(), 3 * x**2 * (1 + off)), x, method="complex").passed


def test_who_used_the_complex_step_is_not_sent_to_it():
    report = npvae.gradcheck(lambda x: ((x**3).sum(), 3 * x**2 * (1 + 1e-7)), np.ones(2), method="complex")
    assert "too few digits" in report.diagnosis[0].sentence and "complex" not in report.diagnosis[0].sentence


class Lookalike:
    """Code of a user whose attributes are called as the package's are."""

    latent, layers, arrays, on = 3, ["hidden", "output"], [1.0], True

    def __call__(self, x):
        return x * x, lambda dy: x * dy


def test_attributes_that_only_sound_like_the_packages_do_no_harm():
    assert npvae.gradcheck(Lookalike(), np.array([1.0, 2.0])).diagnosis[0].kind == "factor"


def test_parameters_of_a_class_with_layers_that_are_no_chain():
    class Model:
        layers = ("one", "two")

        def __init__(self, at=None):
            self.at = at or Parameters({"w": np.array([2.0, 3.0])})

        def arrays(self):
            return {"w": self.at["w"]}

        def on(self, parameters, prefix="", gradient=True):
            return Model(parameters)

        def __call__(self, x):
            def back(dy):
                self.at.gradient("w")[...] += 2 * dy * x
                return dy * self.at["w"]

            return self.at["w"] * x, back

    assert npvae.gradcheck(Model(), np.array([0.5, 1.5])).diagnosis[0].where == "w"


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("bias", [0.0, 0.3])
def test_a_relu_network_whose_first_weights_are_zero_does_not_fail(seed, bias):
    network = mlp([3, 4, 2], relu, np.random.default_rng(seed))
    network.layers[0].W[...], network.layers[0].b[...] = 0, bias
    report = npvae.gradcheck(network, np.random.default_rng([seed, 1]).normal(size=(6, 3)))
    assert report.passed, str(report)


@pytest.mark.parametrize("wrong", [-1.0, 0.5, 2.0])
def test_beside_kinks_a_wrong_gradient_still_fails(wrong):
    # one row of four on the kink, the others beside it
    x, W = np.array([[0.0, 0.0], [1.0, -2.0], [0.5, 1.5], [-1.0, 0.3]]), np.random.default_rng(0).normal(size=(2, 3))

    def layer(p):
        y, back = npvae.relu(p["x"] @ p["W"])
        return y, lambda dy: {"x": back(dy) @ p["W"].T, "W": wrong * p["x"].T @ back(dy)}

    assert not npvae.gradcheck(layer, {"x": x, "W": W}).passed


def cholesky(A, k=1.0):
    """Half the log determinant of the symmetric part; it refuses what is not positive definite."""
    if np.linalg.eigvalsh(A + A.T).min() <= 0:
        raise ValueError("not positive definite")
    S = (A + A.T) / 2
    return np.log(np.diag(np.linalg.cholesky(S))).sum(), k * 0.5 * np.linalg.inv(S)


@pytest.mark.parametrize("margin", [1e-4, 0.05, 1.0])
def test_a_function_that_refuses_points_beside_x_is_checked_and_diagnosed(margin):
    A = np.random.default_rng(0).standard_normal((3, 3))
    A = A @ A.T
    A += (margin - np.linalg.eigvalsh(A).min()) * np.eye(3)
    assert npvae.gradcheck(cholesky, A)
    report = npvae.gradcheck(lambda A: cholesky(A, 2.0), A)
    assert not report and (margin < 0.01 or "2 times the right one" in report.diagnosis[0].sentence)


@pytest.mark.parametrize("seed", range(10))
def test_a_zero_gradient_that_is_right_is_uninformative_and_not_wrong(seed):
    x = np.random.default_rng(seed).standard_normal((6, 3))
    centred_sum = lambda x: ((x - x.mean(0)).sum(), 0 * x)      # noqa: E731
    with pytest.raises(ValueError, match="an error of 1 % would pass|gradient is zero"):
        npvae.gradcheck(centred_sum, x)
    assert not npvae.gradcheck(lambda x: (centred_sum(x)[0], np.ones_like(x)), x, diagnosis=False)


@pytest.mark.parametrize("seed", range(10))
def test_a_summed_batch_norm_is_not_accused(seed):
    x = 3 + 2 * np.random.default_rng(seed).standard_normal((6, 3))

    def summed(x):
        xhat = (x - x.mean(0)) / x.std(0)
        d = np.ones_like(x)
        return xhat.sum(), (d - d.mean(0) - xhat * (d * xhat).mean(0)) / x.std(0)

    with pytest.raises(ValueError, match="an error of 1 % would pass|gradient is zero"):
        npvae.gradcheck(summed, x)


def test_a_closure_that_ignores_its_argument_is_told_so():
    x = np.array([0.5, -1.0, 2.0])
    report = npvae.gradcheck(lambda w: ((x**2).sum(), 2 * x), x.copy())
    assert not report and "the value does not depend on it" in report.diagnosis[0].sentence


def test_a_gradient_that_differences_cannot_see_is_refused_and_not_called_wrong():
    square = elementwise(lambda x: x**2, lambda x: 2 * x)
    # beside v the values are h², of which rounding hides a gradient of 2v
    with pytest.raises(ValueError, match="rounding hides|zero at x"):
        npvae.gradcheck(square, np.array([1e-150, 2e-300, -1e-300]))
    wrong = elementwise(lambda x: 1e-30 * x**2, lambda x: 3e-30 * x)
    assert not npvae.gradcheck(wrong, np.array([1.0, 2.0]), diagnosis=False)
