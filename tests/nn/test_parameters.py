"""Parameters: one vector, live views, names and stretches."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npvae.nn import Parameters, lay_out, mlp, tanh
from npvae.nn.parameters import check_back_writes

SHAPES = st.lists(st.lists(st.integers(0, 3), max_size=3).map(tuple), max_size=6)


def filled(shapes, seed=0):
    rng = np.random.default_rng(seed)
    return {f"a{i}": rng.normal(size=shape) for i, shape in enumerate(shapes)}


@given(SHAPES)
def test_the_vector_is_the_arrays_one_after_another(shapes):
    arrays = filled(shapes)
    p = Parameters(arrays)
    assert p.names == list(arrays)
    np.testing.assert_array_equal(p.value, np.concatenate([np.zeros(0)] + [a.ravel() for a in arrays.values()]))
    np.testing.assert_array_equal(p.grad, np.zeros_like(p.value))


@given(SHAPES)
def test_views_are_live_in_both_directions_and_cover_the_vector_once(shapes):
    p = Parameters(filled(shapes))
    for view, vector in [(p.__getitem__, p.value), (p.gradient, p.grad)]:
        vector.fill(0)
        for name in p.names:
            view(name)[...] += 1                    # an element in two views would become 2
        np.testing.assert_array_equal(vector, 1)
        vector[...] = np.arange(vector.size)
        for name, shape in zip(p.names, shapes, strict=True):
            assert view(name).shape == shape
            assert view(name).size == 0 or np.shares_memory(view(name), vector)
        np.testing.assert_array_equal(np.concatenate([np.zeros(0)] + [view(n).ravel() for n in p.names]), vector)


def test_value_and_gradient_do_not_overlap():
    p = Parameters(filled([(2, 3), (3,)]))
    assert not np.shares_memory(p.value, p.grad)


def test_the_arrays_given_are_copied():
    W = np.ones((2, 3))
    p = Parameters({"W": W})
    p.value[...] = 7
    np.testing.assert_array_equal(W, 1)


def test_the_arrays_for_saving_are_copies():
    p = Parameters(filled([(2, 3), ()]))
    saved = p.arrays()
    assert list(saved) == p.names
    for name, a in saved.items():
        np.testing.assert_array_equal(a, p[name])
        assert not np.shares_memory(a, p.value)


@given(SHAPES)
def test_saving_by_name_and_laying_out_again_is_the_identity(shapes):
    p = Parameters(filled(shapes))
    np.testing.assert_array_equal(Parameters(p.arrays()).value, p.value)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_the_dtype_is_the_one_asked_for(dtype):
    p = Parameters({"W": np.ones((2, 3)), "n": 3}, dtype)
    assert p.value.dtype == p.grad.dtype == p["W"].dtype == p.gradient("n").dtype == dtype
    assert p["n"] == 3


def test_a_view_cannot_be_replaced_by_assignment():
    p = Parameters(filled([(2,)]))
    with pytest.raises(TypeError):
        p["a0"] = np.zeros(2)


@pytest.mark.parametrize("look_up", [Parameters.__getitem__, Parameters.gradient])
def test_an_unknown_name_is_answered_with_the_known_ones(look_up):
    with pytest.raises(ValueError, match=r"no parameter is called 'w'; there are \['W', 'b'\]"):
        look_up(Parameters({"W": np.ones(2), "b": np.ones(1)}), "w")


def test_a_stretch_is_where_a_part_lies():
    theta, phi = mlp([2, 3]), mlp([3, 5, 4])
    p = lay_out({"theta": theta, "phi": phi})
    assert (p.stretch("theta."), p.stretch("phi."), p.stretch("")) == (slice(0, 9), slice(9, 53), slice(0, 53))
    assert p.stretch("phi.2.") == slice(29, 53)
    p.value[p.stretch("phi.")] = 0
    for name in p.names:
        assert p[name].any() == name.startswith("theta.")


def test_a_stretch_of_no_name_is_empty():
    assert Parameters(filled([(2,)])).value[Parameters(filled([(2,)])).stretch("phi.")].size == 0


def test_a_stretch_with_something_in_between_is_refused():
    p = Parameters({"a.W": np.ones(2), "b": np.ones(1), "a.b": np.ones(1)})
    with pytest.raises(ValueError, match="'a.' are not contiguous"):
        p.stretch("a.")
    assert p.stretch("b") == slice(2, 3)


def test_laying_out_names_every_array_by_its_part():
    p = lay_out({"theta": mlp([2, 3]), "phi": mlp([3, 1])})
    assert p.names == ["theta.0.W", "theta.0.b", "phi.0.W", "phi.0.b"]
    np.testing.assert_array_equal(p["phi.0.W"], mlp([3, 1]).layers[0].W)


def test_nothing_laid_out_is_an_empty_vector():
    p = lay_out({})
    assert p.value.size == p.grad.size == 0 and p.names == []


def test_the_printout_counts_and_lists():
    text = repr(lay_out({"net": mlp([2, 3])}, np.float32))
    assert "9 numbers, float32" in text and "net.0.W" in text and "(2, 3)" in text


class Adding:
    """A layer y = a x whose `back` adds to its gradient."""

    def __init__(self, a, da=None):
        self.a, self.da = a, da

    def __call__(self, x):
        def back(dy):
            self.da += (dy * x).sum(0)
            return dy * self.a

        return x * self.a, back

    def arrays(self):
        return {"a": self.a}

    def on(self, parameters, prefix="", gradient=True):
        return Adding(parameters[prefix + "a"], parameters.gradient(prefix + "a"))


def test_a_network_that_adds_is_found_wherever_it_stands():
    def check(**networks):
        # the second takes what the first returns, of another width
        parameters, x = lay_out(networks), np.ones((1, 2))
        for role, network in networks.items():
            x = check_back_writes(parameters, role, network.on(parameters, role + "."), x)
        return x

    assert check(decoder=mlp([2, 3]), encoder=mlp([3, 5, 4], tanh)).shape == (1, 4)
    for role, first, second in (("second", mlp([2, 3]), Adding(np.ones(3))),
                                ("first", Adding(np.ones(2)), mlp([2, 3]))):
        with pytest.raises(ValueError, match=f"back of the {role} adds to the gradient of {role}.a, which"):
            check(first=first, second=second)
