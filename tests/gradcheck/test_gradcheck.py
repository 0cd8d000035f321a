"""The checker is checked: it finds what is wrong, lets pass what is right, and refuses what could not fail."""

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import npvae
from npvae.gradcheck import Report, check_elbo
from npvae.nn import Affine, chain, mlp, quadratic_features, relu, tanh


def quartic(x):
    """Σ x⁴ and its gradient: every coordinate differs."""
    square = x * x
    return (square * square).sum(), 4 * square * x


def off_by(factor, coordinate=None):
    """`quartic` with a gradient that is wrong in one coordinate, or in all."""

    def f(x):
        value, gradient = quartic(x)
        gradient[slice(None) if coordinate is None else coordinate] *= factor
        return value, gradient

    return f


POINT = np.random.default_rng(0).uniform(0.5, 1.5, 10_000) * np.random.default_rng(1).choice([-1, 1], 10_000)


def test_a_thousandth_in_one_coordinate_of_ten_thousand_is_found_by_the_coordinate_test():
    assert npvae.gradcheck(quartic, POINT[:500], method="central").passed
    report = npvae.gradcheck(off_by(1.001, 4321), POINT, method="central", diagnosis=False)
    assert not report.passed and report.rows[0].worst == "x[4321]"
    assert report.rows[0].got / report.rows[0].expected == pytest.approx(1.001, rel=1e-5)


@pytest.mark.parametrize("wrong", [off_by(1.01), off_by(1.01, 4321)], ids=["everywhere", "one coordinate"])
def test_one_per_cent_is_found_in_twenty_random_directions(wrong):
    assert npvae.gradcheck(quartic, POINT, method="direction").passed
    assert not npvae.gradcheck(wrong, POINT, method="direction", diagnosis=False).passed


def test_more_than_ten_thousand_numbers_are_checked_in_directions_by_default():
    assert npvae.gradcheck(quartic, np.append(POINT, 1.0)).method == "direction"


@pytest.mark.parametrize("method", ["central", "five_point", "richardson", "complex", "direction", "taylor"])
def test_every_method_passes_the_right_gradient_and_fails_one_that_is_a_thousandth_off(method):
    x = POINT[:20]
    assert npvae.gradcheck(quartic, x, method=method).passed
    assert not npvae.gradcheck(off_by(1.001), x, method=method, diagnosis=False).passed


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 6), min_size=1, max_size=3))
def test_relu_networks_never_fail(seed, hidden):
    rng = np.random.default_rng(seed)
    network = mlp([3, *hidden, 2], relu, rng)
    x = rng.standard_normal((4, 3))
    for method in ("central", "direction", "taylor"):
        assert npvae.gradcheck(network, x, method=method, seed=seed % 1000).passed


def test_a_kink_is_left_out_by_name_and_the_rest_is_checked():
    x = np.array([[0.0, 1.0, -2.0], [3.0, 0.0, 4.0]])
    report = npvae.gradcheck(relu, x)
    assert report.passed and len(report.rows[0].kinks) == 2
    assert "x[0, 0] stands on a kink" in str(report) and "x[1, 1] stands on a kink" in str(report)


def test_a_kink_that_the_step_crosses_is_no_failure():
    assert npvae.gradcheck(relu, np.array([[1e-6, 1.0, -3e-6, 2.0]])).passed


def test_at_a_kink_a_gradient_that_is_no_slope_of_either_side_fails():
    assert not npvae.gradcheck(lambda x: (relu(x)[0], lambda dy: dy * (x > 0) + 3 * dy * (x == 0)),
                               np.array([0.0, 1.0])).passed


def test_only_kinks_is_nothing_to_check():
    with pytest.raises(ValueError, match="stands on a kink"):
        npvae.gradcheck(relu, np.zeros((2, 2)))


def test_layers_chains_models_and_plain_functions():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((4, 3))
    network = chain(quadratic_features, Affine.random(9, 2, rng), tanh)
    assert [row.name for row in npvae.gradcheck(network, x).rows] == ["x", "1.W", "1.b"]
    report = npvae.gradcheck(npvae.mlp_model(2, [4], 3, npvae.GaussianLikelihood(0.7, learn=True), rng=rng), x)
    assert report.passed and report.rows[0].name == "q" and "likelihood.log_sigma" in [row.name for row in report.rows]
    assert npvae.gradcheck(npvae.mixture_of_gaussians(3, 3, 0.8, rng), x, method="complex").passed


def test_a_dict_of_arrays():
    def f(p):
        y = p["x"] @ p["W"]
        return y, lambda dy: {"x": dy @ p["W"].T, "W": 2 * p["x"].T @ dy}

    rng = np.random.default_rng(0)
    report = npvae.gradcheck(f, {"x": rng.standard_normal((4, 3)), "W": rng.standard_normal((3, 2))})
    assert [row.verdict for row in report.rows] == ["pass", "FAIL"]
    assert report.diagnosis[0].where == "W" and report.diagnosis[0].kind == "factor"


def test_a_data_layer_without_input_gradient_is_checked_for_its_parameters_only():
    report = npvae.gradcheck(mlp([3, 2], input_gradient=False), np.ones((4, 3)))
    assert [row.name for row in report.rows] == ["0.W", "0.b"] and "x gets no gradient" in str(report)


def test_float32_code_is_checked_when_told():
    x = np.array([0.5, -1.0], np.float32)
    assert npvae.gradcheck(quartic, x, dtype=np.float32).passed
    assert not npvae.gradcheck(off_by(1.01), x, dtype=np.float32, diagnosis=False).passed


NOISE = np.random.default_rng(0)


@pytest.mark.parametrize("f, x, options, says", [
    (quartic, np.ones(3, np.float32), {}, "float32"),
    (lambda x: ((x.astype(np.float32) ** 2).sum(), 2 * x), np.ones(3), {}, "answers in float32"),
    (lambda x: (x * NOISE.standard_normal(), lambda dy: dy), np.ones(3), {}, "resampled noise"),
    (lambda x: (x * 2, lambda dy: dy * NOISE.standard_normal()), np.ones(3), {}, "resampled noise in the backward"),
    (tanh, np.ones(3), {"upstream": np.zeros(3)}, "upstream gradient is zero"),
    (tanh, np.ones(3), {"upstream": np.ones(4)}, "upstream has shape"),
    (quartic, np.ones(3), {"tolerance": 0.005}, "error of 1 % would pass"),
    (quartic, np.ones(3), {"tolerance": 0.0}, "tolerance is 0"),
    (quartic, np.ones(3), {"method": "taylor", "tolerance": 1.0}, "slope of 1 would pass"),
    (lambda x: (1e12 + (x**2).sum(), 2 * x), np.ones(3), {}, "error of 1 % would pass"),
    (quartic, np.zeros(3), {}, "any factor would pass|error of 1 % would pass"),
    (quartic, np.ones(3), {"method": "secant"}, "expected one of central"),
    (quartic, np.ones(3, int), {}, "dtype int"),
    (quartic, np.array([1.0, np.nan]), {}, "not finite"),
    (quartic, np.empty(0), {}, "empty"),
    (lambda x: x, np.ones(3), {}, "expected .y, back."),
    (lambda x: (x, x), np.ones(3), {}, "expected one number"),
    (lambda x: (np.abs(x).sum(), np.sign(x)), np.ones(3), {"method": "complex"}, "imaginary part is lost"),
    (quartic, np.ones(3), {"dtype": np.complex128}, "expected float64"),
    (lambda x: (x, lambda dy: None), np.ones(3), {}, "nothing to check"),
    (lambda p: (p["a"] * p["b"], lambda dy: {"a": dy * p["b"]}), {"a": np.ones(3), "b": np.ones(3)}, {},
     "no entry for"),
    (npvae.probabilistic_pca(2, 3).copy(np.float32), np.ones((4, 3)), {}, r"model.copy\(np.float64\)"),
], ids=lambda v: v if isinstance(v, str) else None)
def test_a_worthless_check_is_refused(f, x, options, says):
    with pytest.raises(ValueError, match=says):
        npvae.gradcheck(f, x, **options)


def test_an_f_that_changes_its_input_is_refused():
    def f(x):
        x += 1
        return (x**2).sum(), 2 * x

    with pytest.raises(ValueError, match="in place|second call"):
        npvae.gradcheck(f, np.ones(3))


@pytest.mark.parametrize("gradient", [np.array([np.nan, 1.0]), np.array([np.inf, 1.0])])
def test_a_gradient_that_is_not_finite_fails_without_a_nan_in_the_report(gradient):
    report = npvae.gradcheck(lambda x: ((x**2).sum(), gradient), np.ones(2))
    assert not report.passed and "not finite" in report.diagnosis[0].sentence
    json.dumps(report.to_dict(), allow_nan=False)


def test_the_report_as_text_dict_and_html():
    report = npvae.gradcheck(lambda x: ((x**2).sum(), x), np.array([1.0, 2.0]), name="half <b>")
    assert "FAILED" in str(report) and "diagnosis: x: the gradient is ½ times" in str(report)
    assert dict(report)["rows"][0]["name"] == "x" and dict(report)["passed"] is False
    json.dumps(dict(report), allow_nan=False)
    assert "<table>" in report._repr_html_() and "&lt;b&gt;" in report._repr_html_()


def test_the_u_curve_has_its_two_slopes():
    from npvae.gradcheck.u_curve import u_curve

    report = npvae.gradcheck(mlp([3, 4, 2], tanh, np.random.default_rng(0)), np.ones((2, 3)))
    curves = u_curve(report.subject, np.logspace(-2, -3.5, 9))
    for name, slope in (("forward", 1), ("central", 2)):
        assert np.polyfit(np.log(curves["h"]), np.log(curves[name]), 1)[0] == pytest.approx(slope, abs=0.1)
    assert curves["analytic"] < 1e-12
    figure = report.plot()
    assert [line.get_label() for line in figure.axes[0].lines][:3] == ["forward", "central", "complex"]
    import matplotlib.pyplot as plt

    plt.close(figure)


def test_a_single_wrong_coordinate_is_named():
    report = npvae.gradcheck(off_by(1.001, 17), POINT[:50])
    assert report.diagnosis[0].kind == "unknown" and "wrong only at x[17]" in report.diagnosis[0].sentence


def test_taylor_slopes_are_two_or_one():
    right, wrong = (npvae.gradcheck(f, POINT[:5], method="taylor", diagnosis=False) for f in (quartic, off_by(1.01)))
    assert right.rows[0].got == pytest.approx(2, abs=0.05) and wrong.rows[0].got == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("first", ["import npvae", "from npvae.gradcheck import Report", "import npvae.gradcheck.bound",
                                   "import npvae.nn, npvae.gradcheck.gallery"])
def test_npvae_gradcheck_is_the_function_whatever_is_imported_first(first):
    code = f"""{first}
import npvae, sys
from npvae.gradcheck import Report, gradcheck
import npvae.gradcheck.gallery
assert npvae.gradcheck is gradcheck and callable(npvae.gradcheck) and isinstance(Report, type)
assert not {{'matplotlib', 'tqdm'}} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_check_elbo_takes_q_and_noise():
    rng = np.random.default_rng(0)
    model = npvae.probabilistic_pca(2, 3, 0.5, rng)
    report = check_elbo(model, rng.standard_normal((4, 3)), q=rng.standard_normal((4, 4)),
                        noise=npvae.Cubature()(None, 1, 2), method="richardson")
    assert isinstance(report, Report) and report.passed


def test_a_report_is_its_verdict_and_prints_as_its_table():
    right, wrong = npvae.gradcheck(quartic, POINT[:3]), npvae.gradcheck(off_by(2.0), POINT[:3])
    assert right and not wrong
    assert repr(wrong) == str(wrong) and "FAILED" in repr(wrong)


def test_assert_gradients_raises_with_the_table_and_the_sentence():
    npvae.assert_gradients(quartic, POINT[:3], method="complex")
    with pytest.raises(AssertionError, match=r"(?s)gradcheck twice: FAILED.*diagnosis: x: the gradient is 2"):
        npvae.assert_gradients(off_by(2.0), POINT[:3], name="twice")
