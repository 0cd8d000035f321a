"""Enclosures of a network's outputs hold for every input in the box, and are no wider than they must be."""

import numpy as np
import pytest
from numeric_models import inside

from npvae.models.exact.enclosure import enclose
from npvae.models.noise import tensor
from npvae.nn import Affine, chain, mlp, quadratic_features, relu, sigmoid, softplus, tanh

ACTIVATIONS = [tanh, sigmoid, softplus, relu]


def seeded(seed=0):
    return np.random.default_rng(seed)


def one_unit(activation, slope=1.3, offset=0.4, out=0.8):
    return chain(Affine(np.array([[slope]]), np.array([offset])), activation, Affine(np.array([[out]]), np.zeros(1)))


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("K", [1, 2])
def test_no_output_leaves_its_enclosure(K, activation):
    rng = seeded(K)
    network = mlp([K, 5, 4, 3], activation, rng)
    for layer in network.layers[::2]:
        layer.W[...] *= 3
    center, radius = rng.normal(size=(30, K)) * 2, 10.0 ** rng.uniform(-3, 0.5, (30, K))
    found = enclose(network, center, radius)
    for delta in inside(center, radius, rng):
        linear = found.value + np.einsum("ck,ckd->cd", delta, found.J)
        assert (np.abs(network(center + delta)[0] - linear) <= found.slack + 1e-12).all()
    corners = np.array([np.einsum("ck,ckd->cd", radius * u, found.J) for u in tensor(np.array([-1.0, 1.0]), K)])
    np.testing.assert_allclose(found.reach, corners.max(0), rtol=1e-12)
    assert found.proven.all() and found.trusted.all()


@pytest.mark.parametrize("activation", [tanh, sigmoid, softplus])
def test_the_slack_of_a_small_box_is_about_twice_what_the_unit_bends(activation):
    network, center, radius = one_unit(activation), np.array([[0.3]]), np.array([[1e-3]])
    found = enclose(network, center, radius)
    bent = [abs(network(center + s * radius)[0] - found.value - s * radius * found.J[:, 0])[0, 0] for s in (-1, 1)]
    assert max(bent) <= found.slack[0, 0] <= 2.1 * max(bent)
    np.testing.assert_allclose(found.value, network(center)[0], rtol=1e-12)
    slope = (network(center + 1e-6)[0] - network(center - 1e-6)[0]) / 2e-6
    np.testing.assert_allclose(found.J[0], slope, rtol=1e-3)


@pytest.mark.parametrize("activation", [tanh, sigmoid])
def test_where_a_unit_is_saturated_an_interval_says_it(activation):
    network = chain(activation)
    for center, radius in [(30.0, 5.0), (-1.0, 20.0), (0.5, 8.0)]:
        found = enclose(network, np.array([[center]]), np.array([[radius]]))
        low, high = (float(activation(np.array(center + s * radius))[0]) for s in (-1, 1))
        assert found.J[0, 0, 0] == 0 and found.value[0, 0] == pytest.approx((low + high) / 2, abs=1e-12)
        assert found.slack[0, 0] == pytest.approx((high - low) / 2, abs=1e-12)


def test_kinks_are_counted_and_a_single_one_is_where_it_is_said_to_be():
    rng = seeded(3)
    network = mlp([2, 4, 1], relu, rng)
    center, radius = rng.normal(size=(300, 2)), rng.uniform(0.05, 0.5, (300, 2))
    found, corners = enclose(network, center, radius), tensor(np.array([-1.0, 1.0]), 2)
    inputs = np.array([network.layers[0](center + radius * u)[0] for u in corners])        # (4, C, units)
    crossing = (inputs.min(0) < 0) & (inputs.max(0) > 0)
    np.testing.assert_array_equal(found.kinks, crossing.sum(1))
    assert {0, 1, 2} <= set(found.kinks.tolist())
    for i in np.flatnonzero(found.kinks == 1):
        a, b, c = found.line[i]
        along = np.array([b, -a])
        u = -c * np.array([a, b]) / (a * a + b * b) + 0.3 * along / np.linalg.norm(along)
        unit = network.layers[0]((center[i] + radius[i] * u)[None])[0][0, crossing[i]]
        np.testing.assert_allclose(unit, 0, atol=1e-12)
    # a smooth unit that is crossed from end to end is no straight kink
    wide = enclose(chain(tanh), np.zeros((3, 1)), np.array([[0.6], [0.8], [3.0]]))
    np.testing.assert_array_equal(wide.kinks, [0, 2, 2])


@pytest.mark.parametrize("K", [1, 2])
def test_an_unknown_layer_is_judged_by_samples_with_a_margin_of_two(K):
    # of [x, x_i x_j] the linear part is exact, and what remains is δ_i δ_j: at most r_i r_j
    center, radius = seeded(4).normal(size=(5, K)), np.full((5, K), 0.05) * np.arange(1, K + 1)
    found = enclose(quadratic_features, center, radius)
    i, j = np.triu_indices(K)
    np.testing.assert_allclose(found.value, quadratic_features(center)[0], rtol=1e-12)
    np.testing.assert_allclose(found.slack[:, K:], 2 * radius[:, i] * radius[:, j], rtol=1e-6)
    np.testing.assert_allclose(found.slack[:, :K], 0, atol=1e-12)
    for k in range(K):
        step = np.eye(K)[k] * 1e-5
        slope = (quadratic_features(center + step)[0] - quadratic_features(center - step)[0]) / 2e-5
        np.testing.assert_allclose(found.J[:, k], slope, atol=1e-8)
    assert not found.proven.any() and found.trusted.all()
    large = enclose(quadratic_features, center, np.full((5, K), 2.0))
    assert not large.trusted.any() and np.isinf(large.slack).all()


def test_the_slack_of_a_second_unit_is_that_of_the_mean_value_form():
    # f(y) = f(y_c) + s (y − y_c) ± ½(M − m)|y − y_c| with s = ½(m + M), the slopes taken from a fine grid
    def form(f, y, J, slack, r):
        width = abs(J) * r + slack
        slopes = np.gradient(f(grid := np.linspace(y - width, y + width, 20_001))[0], grid)
        m, M = slopes.min(), slopes.max()
        return f(np.array(y))[0].item(), 0.5 * (m + M) * J, 0.5 * (m + M) * slack + 0.5 * (M - m) * width

    for c, r in ((0.3, 0.2), (-0.8, 0.4), (1.0, 0.1)):
        found = enclose(chain(tanh, Affine(np.array([[1.5]]), np.array([0.2])), softplus), *np.array([[[c]], [[r]]]))
        y, J, slack = form(tanh, c, 1.0, 0.0, r)
        expected = form(softplus, 1.5 * y + 0.2, 1.5 * J, 1.5 * slack, r)
        np.testing.assert_allclose([found.value.item(), found.J.item(), found.slack.item()], expected, rtol=2e-3)
