"""What is no array of numbers is named by name, at the doors of the parameter vector and of the checker."""

import numpy as np
import pytest

import npvae
from npvae.arrays import finite_array, float_dtype, numbers


@pytest.mark.parametrize("array", ["x", None, object(), [[1.0], [2.0, 3.0]], np.array(["a"]), np.zeros(2, "M8[s]"),
                                   np.zeros(2, [("a", float)]), np.ma.masked_array([1.0, 2.0], [True, False])])
def test_what_is_no_array_of_numbers_is_refused_by_name(array):
    with pytest.raises(ValueError, match="^W is a "):
        numbers("W", array)


def test_floats_and_complex_numbers_stay_and_other_numbers_become_float64():
    for kind in (np.float32, np.complex128):
        assert numbers("W", np.zeros(2, kind)).dtype == kind
    assert numbers("W", np.zeros(2, np.uint8)).dtype == np.float64


def test_a_size_that_is_named_may_be_any():
    assert finite_array("z", np.ones((3, 2)), ("rows", 2)).shape == (3, 2)
    for array in (np.ones((3, 3)), np.ones(2), np.ones((1, 3, 2))):
        with pytest.raises(ValueError, match=r"^z has shape .*, expected \(rows, 2\)$"):
            finite_array("z", array, ("rows", 2))
    with pytest.raises(ValueError, match="not finite"):
        finite_array("z", [[np.nan, 1]], ("rows", 2))


@pytest.mark.parametrize("dtype", [int, "U3", object, 1, None, [3], "no type"])
def test_a_type_that_is_not_of_floats_is_refused(dtype):
    with pytest.raises(ValueError, match="^dtype is "):
        float_dtype(dtype)


@pytest.mark.parametrize("arrays", [-1, {"W": "x"}, {3: np.ones(2)}, [np.ones(2)]])
def test_parameters_are_arrays_by_name(arrays):
    with pytest.raises(ValueError, match="expected"):
        npvae.Parameters(arrays)


def test_an_imaginary_part_is_not_lost():
    with pytest.raises(ValueError, match="^W is complex"):
        npvae.Parameters({"W": np.ones(2, complex)})


@pytest.mark.parametrize("name", [slice(3), None, 1, []])
def test_names_are_strings(name):
    p = npvae.Parameters({"W": np.ones(2)})
    for ask in (p.__getitem__, p.gradient, p.stretch):
        with pytest.raises(ValueError, match="there are"):
            ask(name)


@pytest.mark.parametrize("parts", [{"a": 1}, [npvae.mlp([2, 3])], {"a": npvae.Affine}, None])
def test_what_has_no_parameters_cannot_be_laid_out(parts):
    with pytest.raises(ValueError, match="^parts is"):
        npvae.lay_out(parts)


@pytest.mark.parametrize("wrong", [{"call": "relu"}, {"sizes": 2}, {"sizes": {"B": -1}}, {"terms": [1]},
                                   {"tolerance": "x"}, {"terms": {"a": 1}}, {"upstream": "x"}, {"dtype": 1e300},
                                   {"method": 1}])
def test_gradcheck_refuses_options_that_make_no_sense(wrong):
    with pytest.raises(ValueError, match="expected"):
        npvae.gradcheck(npvae.tanh, np.array([[0.3, 0.1]]), **wrong)


@pytest.mark.parametrize("wrong", [{"elbo_fn": -0.0}, {"model": {}}, {"model": npvae.Gaussian}, {"X": slice(3)},
                                   {"X": np.zeros((2, 9))}, {"row": {}}, {"seed": 0.5},
                                   {"elbo_fn": lambda *_: ("y", 1)}])
def test_check_bound_refuses_what_makes_no_sense(wrong):
    with pytest.raises(ValueError, match="expected"):
        npvae.check_bound(**({"elbo_fn": lambda q, x, eps: np.zeros(len(x))} | wrong))
