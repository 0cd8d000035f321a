"""Layers: both gradients, written backward passes, batches as sums of rows, extremes, dtypes, construction."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numeric import central, complex_step, relative

from npvae.nn import Affine, chain, gelu, lay_out, leaky_relu, mlp, quadratic_features, relu, sigmoid, softplus, tanh

ACTIVATIONS = [tanh, relu, leaky_relu, gelu, sigmoid, softplus]


def seeded(seed=0):
    return np.random.default_rng(seed)


NETWORKS = {
    "affine": chain(Affine.random(3, 4, seeded())),
    "tanh": chain(tanh),
    "relu": chain(relu),
    "leaky relu": chain(leaky_relu),
    "gelu": chain(gelu),
    "sigmoid": chain(sigmoid),
    "softplus": chain(softplus),
    "quadratic features": chain(quadratic_features),
    "quadratic encoder": chain(quadratic_features, Affine.random(9, 2, seeded())),
    "two affine layers": chain(Affine.random(3, 2, seeded(1)), Affine.random(2, 4, seeded(2))),
    "activation last": chain(Affine.random(3, 4, seeded()), softplus),
    "chain in a chain": chain(mlp([3, 4, 2]), sigmoid, mlp([2, 3], rng=seeded())),
    "perceptron without hidden layer": mlp([3, 4]),
    **{f"{f.__name__} perceptron": mlp([3, 5, 4, 2], f) for f in ACTIVATIONS},
}
networks = pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS.keys())


def inputs(rng, batch=4, width=3):
    """Both signs, none nearer than 0.1 to a kink at 0."""
    return rng.choice([-1.0, 1.0], (batch, width)) * rng.uniform(0.1, 2.0, (batch, width))


def on_own_parameters(network, dtype=np.float64, **keywords):
    parameters = lay_out({"net": network}, dtype)
    return network.on(parameters, "net.", **keywords), parameters


def smallest_relu_input(network, x):
    """How near to a kink any ReLU of the network comes."""
    nearest = np.inf
    for layer in network.layers:
        if layer in (relu, leaky_relu):
            nearest = min(nearest, np.abs(x).min())
        x = layer(x)[0]
    return nearest


def check_gradients(network, x, rng):
    """Input and parameter gradients, every coordinate, for a random upstream gradient."""
    net, parameters = on_own_parameters(network)
    y, back = net(x)
    upstream = rng.normal(size=y.shape)
    dx = back(upstream)
    twin, twin_parameters = on_own_parameters(network, complex)
    twin_x = x.astype(complex)
    for array, twin_array, gradient in [(x, twin_x, dx), (parameters.value, twin_parameters.value, parameters.grad)]:
        numeric = central(lambda: (upstream * net(x)[0]).sum(), array)
        assert relative(gradient, numeric) < 1e-7
        exact = complex_step(lambda: (upstream * twin(twin_x)[0]).sum(), twin_array)
        assert relative(gradient, exact) < 1e-12


@networks
def test_gradients_are_those_of_finite_differences_and_the_complex_step(network):
    rng = seeded(5)
    x = inputs(rng)
    assert smallest_relu_input(network, x) > 1e-3
    check_gradients(network, x, rng)


@given(st.lists(st.integers(1, 4), min_size=2, max_size=5), st.sampled_from(ACTIVATIONS), st.integers(0, 10**6))
def test_gradients_of_random_architectures(sizes, activation, seed):
    rng = seeded(seed)
    network, x = mlp(sizes, activation, rng), inputs(rng, 2, sizes[0])
    assume(smallest_relu_input(network, x) > 1e-3)
    check_gradients(network, x, rng)


# what the layers compute, said a second time

def test_affine_is_the_sum_over_its_inputs():
    rng = seeded()
    layer, x = Affine.random(3, 2, rng), rng.normal(size=(4, 3))
    y = layer(x)[0]
    for b, o in np.ndindex(4, 2):
        assert y[b, o] == pytest.approx(layer.b[o] + sum(x[b, i] * layer.W[i, o] for i in range(3)), abs=1e-14)


def test_quadratic_features_are_the_row_and_every_product_once():
    x = seeded().normal(size=(2, 3))
    for row, y in zip(x, quadratic_features(x)[0], strict=True):
        expected = [*row] + [row[i] * row[j] for i in range(3) for j in range(i, 3)]
        np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize("layer, formula", [
    (tanh, lambda x: (math.exp(x) - math.exp(-x)) / (math.exp(x) + math.exp(-x))),
    (relu, lambda x: max(x, 0.0)),
    (leaky_relu, lambda x: max(x, x / 100)),
    (gelu, lambda x: x / (1 + math.exp(-2 * math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))),
    (sigmoid, lambda x: 1 / (1 + math.exp(-x))),
    (softplus, lambda x: math.log(1 + math.exp(x))),
], ids=lambda a: getattr(a, "__name__", ""))
def test_activations_are_the_textbook_formulas(layer, formula):
    x = np.linspace(-8, 8, 33)[None]
    np.testing.assert_allclose(layer(x)[0][0], [formula(v) for v in x[0]], rtol=1e-12, atol=1e-15)


def test_gelu_is_x_times_the_normal_distribution_function():
    x = np.linspace(-12, 12, 4001)
    exact = [v * 0.5 * math.erfc(-v / math.sqrt(2)) for v in x]
    assert np.abs(gelu(x)[0] - exact).max() < 5e-4


@pytest.mark.parametrize("far", [30.0, 1e4, 1e30, 1e200])
def test_leaky_relu_and_gelu_far_out(far):
    x = np.array([[-far, far]])
    for layer, below in ((leaky_relu, 0.01), (gelu, 0.0)):
        y, back = layer(x)
        np.testing.assert_allclose(y, [[-below * far, far]], rtol=1e-15)
        np.testing.assert_allclose(back(np.ones((1, 2))), [[below, 1]], rtol=1e-15)


def test_leaky_relu_takes_the_derivative_at_its_kink_as_its_leak():
    np.testing.assert_array_equal(leaky_relu(np.zeros((1, 1)))[1](np.ones((1, 1))), [[0.01]])


def test_relu_takes_the_derivative_at_its_kink_as_zero():
    y, back = relu(np.array([[0.0, -0.0]]))
    np.testing.assert_array_equal(back(np.array([[3.0, 4.0]])), 0)
    np.testing.assert_array_equal(y, 0)


@pytest.mark.parametrize("layer", ACTIVATIONS)
def test_activations_pass_nan_on(layer):
    y, back = layer(np.array([[np.nan, 1.0]]))
    np.testing.assert_array_equal(np.isnan(y), [[True, False]])
    np.testing.assert_array_equal(np.isnan(back(np.array([[1.0, 1.0]]))[:, 1]), False)


def test_a_chain_is_the_composition_of_its_layers():
    rng = seeded()
    first, second, x = Affine.random(3, 4, rng), Affine.random(4, 2, rng), rng.normal(size=(5, 3))
    np.testing.assert_allclose(chain(first, tanh, second)(x)[0], np.tanh(x @ first.W + first.b) @ second.W + second.b,
                               rtol=1e-14)


# the backward pass

@networks
def test_back_writes_whatever_stood_there_and_however_often_it_is_called(network):
    net, parameters = on_own_parameters(network)
    rng = seeded()
    y, back = net(inputs(rng))
    upstream = rng.normal(size=y.shape)
    dx = back(upstream)
    once = parameters.grad.copy()
    parameters.grad.fill(np.nan)
    for _ in range(2):
        np.testing.assert_array_equal(back(upstream), dx)
        np.testing.assert_array_equal(parameters.grad, once)


@networks
def test_backward_is_linear_in_the_upstream_gradient(network):
    net, _ = on_own_parameters(network)
    rng = seeded()
    y, back = net(inputs(rng))
    u, v = rng.normal(size=(2, *y.shape))
    np.testing.assert_allclose(back(2 * u - 3 * v), 2 * back(u) - 3 * back(v), rtol=1e-10, atol=1e-13)


@networks
def test_a_second_forward_pass_does_not_corrupt_the_first(network):
    net, parameters = on_own_parameters(network)
    rng = seeded()
    x, other = inputs(rng), inputs(rng)
    y, back = net(x)
    upstream = rng.normal(size=y.shape)
    dx, grad = back(upstream), parameters.grad.copy()

    y, back = net(x)
    net(other)
    np.testing.assert_array_equal(back(upstream), dx)
    np.testing.assert_array_equal(parameters.grad, grad)


def test_one_layer_used_twice_keeps_the_gradient_that_is_written_last_and_the_two_are_added_by_hand():
    layer, parameters = on_own_parameters(Affine.random(3, 3, seeded()))
    rng = seeded(1)
    x, upstream = inputs(rng), rng.normal(size=(4, 3))
    y, first_back = layer(x)
    a, tanh_back = tanh(y)
    second_back = layer(a)[1]
    da = second_back(upstream)
    of_the_second = parameters.grad.copy()
    first_back(tanh_back(da))

    twin, at = on_own_parameters(layer, np.complex128)
    exact = complex_step(lambda: (upstream * chain(twin, tanh, twin)(x)[0]).sum(), at.value)
    assert relative(parameters.grad, exact) > 0.1
    assert relative(parameters.grad + of_the_second, exact) < 1e-12


def test_one_layer_in_two_places_of_a_chain_has_two_sets_of_parameters_that_are_laid_out():
    layer = Affine.random(3, 3, seeded())
    check_gradients(chain(layer, tanh, layer), inputs(seeded()), seeded(1))


@networks
def test_layers_leave_their_input_and_the_upstream_gradient_alone(network):
    net, parameters = on_own_parameters(network)
    rng = seeded()
    x = inputs(rng)
    before, theta = x.copy(), parameters.value.copy()
    y, back = net(x)
    upstream = rng.normal(size=y.shape)
    upstream_before = upstream.copy()
    back(upstream)
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(upstream, upstream_before)
    np.testing.assert_array_equal(parameters.value, theta)


@given(st.sampled_from(sorted(NETWORKS)), st.integers(1, 6), st.integers(0, 10**6))
def test_a_batch_is_the_sum_of_its_rows(name, batch, seed):
    net, parameters = on_own_parameters(NETWORKS[name])
    rng = seeded(seed)
    x = inputs(rng, batch)
    y, back = net(x)
    upstream = rng.normal(size=y.shape)
    dx, grad = back(upstream), parameters.grad.copy()

    total = np.zeros_like(grad)
    for b in range(batch):
        y_b, back_b = net(x[b:b + 1])
        np.testing.assert_allclose(y_b, y[b:b + 1], rtol=1e-11, atol=1e-13)
        np.testing.assert_allclose(back_b(upstream[b:b + 1]), dx[b:b + 1], rtol=1e-11, atol=1e-13)
        total += parameters.grad
    np.testing.assert_allclose(total, grad, rtol=1e-11, atol=1e-13)


@given(st.sampled_from(sorted(NETWORKS)), st.permutations(range(5)), st.integers(0, 10**6))
def test_permuted_rows_give_permuted_outputs_and_the_same_gradient(name, order, seed):
    net, parameters = on_own_parameters(NETWORKS[name])
    rng = seeded(seed)
    x = inputs(rng, 5)
    y, back = net(x)
    upstream = rng.normal(size=y.shape)
    dx, grad = back(upstream), parameters.grad.copy()

    y_permuted, back_permuted = net(x[order])
    np.testing.assert_allclose(y_permuted, y[order], rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(back_permuted(upstream[order]), dx[order], rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(parameters.grad, grad, rtol=1e-11, atol=1e-13)


# extremes and dtypes

def test_sigmoid_and_softplus_at_a_thousand():
    x = np.array([[-1000.0, -700.0, -40.0, 0.0, 40.0, 1000.0]])
    y, back = sigmoid(x)
    np.testing.assert_allclose(y, [[0, math.exp(-700), math.exp(-40), 0.5, 1, 1]], rtol=1e-14)
    np.testing.assert_allclose(back(np.ones_like(x)), [[0, math.exp(-700), math.exp(-40), 0.25, 0, 0]],
                               rtol=1e-14, atol=1e-320)
    y, back = softplus(x)
    np.testing.assert_allclose(y, [[0, math.exp(-700), math.exp(-40), math.log(2), 40, 1000]], rtol=1e-14)
    np.testing.assert_allclose(back(np.ones_like(x)), [[0, math.exp(-700), math.exp(-40), 0.5, 1, 1]], rtol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
@networks
def test_the_dtype_that_goes_in_comes_out(network, dtype):
    net, parameters = on_own_parameters(network, dtype)
    y, back = net(inputs(seeded()).astype(dtype))
    dx = back(np.ones_like(y))
    assert y.dtype == dx.dtype == parameters.value.dtype == parameters.grad.dtype == dtype


@networks
def test_float32_agrees_with_float64(network):
    rng, results = seeded(), []
    x = inputs(rng)
    for dtype in (np.float32, np.float64):
        net, parameters = on_own_parameters(network, dtype)
        y, back = net(x.astype(dtype))
        dx = back(np.cos(np.arange(y.size)).reshape(y.shape).astype(dtype))
        results.append((y, dx, parameters.grad))
    for single, double in zip(*results, strict=True):
        assert relative(single, double) < 1e-6


@pytest.mark.parametrize("x", [np.zeros((0, 3)), np.zeros((1, 3))], ids=["no rows", "one row"])
@networks
def test_small_batches(network, x):
    net, parameters = on_own_parameters(network)
    y, back = net(x)
    assert len(y) == len(x) and back(np.ones_like(y)).shape == x.shape
    if not len(x):
        np.testing.assert_array_equal(parameters.grad, 0)


# what is spared or held fixed

def test_without_input_gradient_back_returns_none_and_the_parameters_keep_theirs():
    x, results = inputs(seeded()), []
    for wanted in (True, False):
        net, parameters = on_own_parameters(mlp([3, 4, 2], input_gradient=wanted))
        y, back = net(x)
        dx = back(np.cos(y))
        assert (dx is None) is not wanted
        results.append(parameters.grad)
    np.testing.assert_array_equal(*results)
    assert np.abs(results[0]).min() > 0


def test_only_the_first_layer_of_a_perceptron_spares_its_input_gradient():
    assert [layer.input_gradient for layer in mlp([2, 3, 3, 1], input_gradient=False).layers[::2]] == [
        False, True, True]


@pytest.mark.parametrize("keywords", [{}, {"gradient": False}], ids=["learned", "held fixed"])
def test_moving_to_a_vector_keeps_values_and_functions(keywords):
    original = chain(mlp([3, 4, 2]), softplus, Affine.random(2, 3, seeded()))
    net, parameters = on_own_parameters(original, **keywords)
    x = inputs(seeded())
    np.testing.assert_array_equal(net(x)[0], original(x)[0])
    for name, array in net.arrays().items():
        np.testing.assert_array_equal(array, original.arrays()[name])
        assert np.shares_memory(array, parameters.value)
        assert not np.shares_memory(array, original.arrays()[name])
    parameters.value[...] = 0
    assert not net(x)[0].any() and original(x)[0].all()
    assert repr(net) == repr(original)


def test_views_of_the_gradient_live_in_the_vector():
    net, parameters = on_own_parameters(chain(Affine.random(3, 2, seeded()), tanh, Affine.random(2, 1, seeded())))
    for i in (0, 2):
        for name in "Wb":
            view = getattr(net.layers[i], "d" + name)
            assert np.shares_memory(view, parameters.gradient(f"net.{i}.{name}"))
            assert view.shape == getattr(net.layers[i], name).shape


def test_a_layer_held_fixed_has_no_gradient_but_passes_one_to_its_input():
    network, x = mlp([3, 4, 2]), inputs(seeded())
    learned, _ = on_own_parameters(network)
    fixed, parameters = on_own_parameters(network, gradient=False)
    y, back = fixed(x)
    dx = back(np.cos(y))
    np.testing.assert_array_equal(parameters.grad, 0)
    np.testing.assert_array_equal(dx, learned(x)[1](np.cos(y)))
    assert all(layer.dW is None and layer.db is None for layer in fixed.layers[::2])


def test_moving_keeps_the_spared_input_gradient():
    net, _ = on_own_parameters(mlp([3, 2], input_gradient=False))
    assert net(inputs(seeded()))[1](np.ones((4, 2))) is None


def test_a_view_cannot_be_detached_by_assignment():
    layer = Affine.random(2, 2, seeded())
    with pytest.raises(AttributeError):
        layer.W = np.zeros((2, 2))


# construction

def test_the_same_line_gives_the_same_weights_and_other_sizes_give_others():
    one, two, other = mlp([2, 5, 3]).arrays(), mlp([2, 5, 3]).arrays(), mlp([2, 5, 4]).arrays()
    assert one.keys() == two.keys() == {"0.W", "0.b", "2.W", "2.b"}
    for name in one:
        np.testing.assert_array_equal(one[name], two[name])
    assert not np.array_equal(one["0.W"], other["0.W"])


def test_a_generator_that_is_given_is_used_and_moves_on():
    rng = seeded(3)
    first, second = mlp([2, 3], rng=rng).arrays()["0.W"], mlp([2, 3], rng=rng).arrays()["0.W"]
    np.testing.assert_array_equal(first, mlp([2, 3], rng=seeded(3)).arrays()["0.W"])
    assert not np.array_equal(first, second)


@given(st.integers(1, 30), st.integers(0, 10**6))
def test_initial_weights_fill_the_interval_of_one_over_root_fan_in(n_in, seed):
    layer = Affine.random(n_in, 200, seeded(seed))
    for array in (layer.W, layer.b):
        widest = np.abs(array).max() * math.sqrt(n_in)
        assert 0.9 < widest <= 1                # 200 draws all below 0.9 of the bound: 1e-9


def test_gradients_begin_at_zero():
    layer = Affine.random(2, 3, seeded())
    assert not layer.dW.any() and not layer.db.any()


@pytest.mark.parametrize("sizes, message", [
    ([], r"mlp got sizes \[\], expected two or more"), ([3], r"mlp got sizes \[3\], expected two or more"),
    *(([2, n, 1], f"units is {n}, expected a whole number from 1") for n in (0, -1, 2.5, None, True))])
def test_sizes_that_are_no_network_are_refused(sizes, message):
    with pytest.raises(ValueError, match=message):
        mlp(sizes)


def test_sizes_may_be_any_whole_numbers():
    assert repr(mlp(np.array([2, 4, 3]))) == repr(mlp((2, 4, 3))) == "chain(Affine(2, 4), tanh, Affine(4, 3))"


def test_what_cannot_be_called_is_no_layer():
    with pytest.raises(ValueError, match="chain got 'tanh', expected layers"):
        chain("tanh")


def test_a_wrong_input_width_is_refused():
    with pytest.raises(ValueError):
        mlp([3, 2])(np.zeros((4, 5)))
