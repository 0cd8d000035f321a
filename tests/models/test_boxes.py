"""What boxes of z are judged by: rules of integration, enclosures of a decoder, and bounds on log p(x, z)."""

import numpy as np
import pytest

from npvae.models import BernoulliLikelihood, GaussianLikelihood, mlp_model
from npvae.models.exact import box_rules
from npvae.models.exact.box_bounds import Boxes, Pairs, log_bounds
from npvae.models.exact.box_integrals import integrals, is_cut
from npvae.models.exact.enclosure import enclose
from npvae.models.exact.first_bounds import first_bounds, high_point
from npvae.nn import mlp, relu, sigmoid, softplus, tanh

activations = pytest.mark.parametrize("activation", [tanh, relu, sigmoid, softplus], ids=lambda a: a.__name__)
dims = pytest.mark.parametrize("K", [1, 2])


@dims
@pytest.mark.parametrize("order", box_rules.ORDERS)
def test_a_rule_is_exact_up_to_degree_2n_minus_1_and_sums_to_one(K, order):
    u, w = box_rules.whole(K, order)
    assert np.abs(u).max() < 1 and (w >= 0).all()
    for weights, n in zip(w, (order, order - 1), strict=True):
        for p in range(2 * n + 1):
            # the mean of u^p over [−1, 1]; of the product of the coordinates' powers, its power
            exact = ((1 - p % 2) / (p + 1)) ** K
            error = abs(weights @ np.prod(u**p, axis=1) - exact)
            assert error < 1e-14 if p < 2 * n else error > 1e-6


@pytest.mark.parametrize("order", box_rules.ORDERS)
@pytest.mark.parametrize("line", [(2.0, 0.6), (-1.0, 0.3), (1.0, 0.2, 0.1), (-0.3, 1.0, 0.5), (0.7, -0.7, 0.2)],
                         ids=str)
def test_a_rule_that_is_cut_integrates_what_has_a_kink(line, order):
    K, line = len(line) - 1, np.array([line])
    u, w = box_rules.cut(line, order)

    def kinked(u):
        return np.maximum(u @ line[0, :-1] + line[0, -1], 0) * (1 + u[..., 0]) + u[..., -1] ** 2

    side = (np.arange(1200) + 0.5) / 600 - 1                # midpoints
    fine = kinked(np.stack(np.meshgrid(*[side] * K, indexing="ij"), -1).reshape(-1, K)).mean()
    np.testing.assert_allclose(w[0].sum(1), 1, rtol=1e-14)
    np.testing.assert_allclose(w[0] @ kinked(u[0]), fine, rtol=3e-6)


@pytest.mark.parametrize("spread", [0.01, 0.1, 1.0, 3.0])
@pytest.mark.parametrize("error", [1e-3, 1e-6, 1e-9])
def test_the_order_that_is_chosen_does(spread, error):
    order = box_rules.order_for(np.array([spread]), error)[0]
    u, w = box_rules.whole(1, order)
    values = np.exp(spread * u[:, 0] / 2)
    gap = abs(w[1] @ values / (w[0] @ values) - 1)
    assert gap < error or order == box_rules.ORDERS[-1]


def inside(rng, center, radius, n=200):
    """Points of each of C boxes, (n, C, K), corners among them."""
    u = rng.uniform(-1, 1, (n, *center.shape))
    u[: n // 2] = np.sign(u[: n // 2])
    return center + radius * u


@dims
@activations
@pytest.mark.parametrize("size", [0.01, 0.3, 3.0])
def test_a_network_stays_in_its_enclosure(K, activation, size):
    rng = np.random.default_rng(K)
    network = mlp([K, 5, 4, 3], activation, rng)
    center, radius = rng.normal(size=(6, K)), np.full((6, K), size)
    found = enclose(network, center, radius)
    z = inside(rng, center, radius)
    g = network(z.reshape(-1, K))[0].reshape(*z.shape[:2], 3)
    linear = np.einsum("nck,ckd->ncd", z - center, found.J)
    assert (np.abs(g - found.value - linear) <= found.slack + 1e-12).all()
    assert (np.abs(linear) <= found.reach + 1e-12).all()
    assert found.proven.all() and found.trusted.all()
    np.testing.assert_allclose(found.reach, np.einsum("ckd,ck->cd", np.abs(found.J), radius))


@dims
def test_small_boxes_have_little_slack(K):
    rng = np.random.default_rng(0)
    network, center = mlp([K, 5, 3], tanh, rng), rng.normal(size=(6, K))
    large, small = (enclose(network, center, np.full((6, K), size)).slack.max() for size in (1e-2, 1e-3))
    # it falls with the square of the size
    assert small < large / 50


@dims
def test_the_kinks_of_a_box_are_counted_and_a_single_one_is_found(K):
    rng = np.random.default_rng(1)
    network, center, radius = mlp([K, 7, 2], relu, rng), 0.5 * rng.normal(size=(40, K)), np.full((40, K), 0.2)
    found, first = enclose(network, center, radius), network.layers[0]
    y = first(center)[0]
    crossed = np.abs(y) < np.abs(first.W).T @ radius[0]
    np.testing.assert_array_equal(found.kinks, crossed.sum(1))
    assert (found.kinks == 1).any() and (found.kinks != 1).any()
    for box in np.flatnonzero(found.kinks == 1):
        unit = crossed[box].argmax()
        np.testing.assert_allclose(found.line[box], [*(first.W[:, unit] * radius[box]), y[box, unit]], rtol=1e-12)
    assert np.isnan(found.line[found.kinks != 1]).all()


@dims
@activations
@pytest.mark.parametrize("likelihood", [GaussianLikelihood(0.4), BernoulliLikelihood()], ids=["gaussian", "bernoulli"])
@pytest.mark.parametrize("size", [0.05, 1.0])
def test_log_p_stays_within_its_bounds(K, activation, likelihood, size):
    rng = np.random.default_rng(2)
    model = mlp_model(K, [5], 3, likelihood, activation, rng)
    X, center = model.sample(4, rng)[0], rng.normal(size=(6, K))
    row, box = np.divmod(np.arange(24), 6)
    boxes = Boxes.of(model, center, size)
    low, high, doubt = log_bounds(Pairs(model, X, boxes, row, box))
    z = inside(rng, center, size)[:, box]                                           # (n, P, K)
    log_p = model.log_likelihood(X[row], z)[0] + model.latent.log_prior(z)
    assert (log_p >= low - 1e-9).all() and (log_p <= high + 1e-9).all() and (doubt >= 0).all()


@dims
def test_what_a_box_holds_is_its_integral_with_mean_and_covariance(K):
    rng = np.random.default_rng(3)
    model = mlp_model(K, [5], 3, GaussianLikelihood(0.5), relu, rng)
    X, center = model.sample(3, rng)[0], 0.5 * rng.normal(size=(8, K))
    boxes = Boxes.of(model, center, 0.1)
    box = np.flatnonzero((boxes.output.kinks == 0) | is_cut(boxes))
    assert is_cut(boxes)[box].any() and not is_cut(boxes)[box].all()
    pairs = Pairs(model, X, boxes, np.arange(len(box)) % 3, box)
    every = np.arange(len(box))
    mass, gap, mean, covariance = integrals(pairs, every, np.full(len(box), 6), np.ones(len(box)), True)
    side = (np.arange(300) + 0.5) / 150 - 1
    u = np.stack(np.meshgrid(*[side] * K, indexing="ij"), -1).reshape(-1, K)        # midpoints
    for i, (row, b) in enumerate(zip(pairs.row, box, strict=True)):
        z = center[b] + 0.1 * u
        p = np.exp(model.log_likelihood(X[row:row + 1], z[:, None])[0][:, 0] + model.latent.log_prior(z))
        assert mass[i] == pytest.approx(np.log(p.mean() * 0.2**K), abs=1e-5)
        np.testing.assert_allclose(mean[i], p @ z / p.sum(), atol=1e-6)
        np.testing.assert_allclose(covariance[i], np.cov(z.T, aweights=p, bias=True).reshape(K, K), atol=1e-6)
    assert gap.max() < 1e-6
    low, high, _ = log_bounds(pairs)
    assert (low <= mass - K * np.log(0.2)).all() and (mass - K * np.log(0.2) <= high).all()


@dims
def test_first_bounds_lie_below_log_p_and_their_cube_holds_it(K):
    rng = np.random.default_rng(4)
    model = mlp_model(K, [5], 3, GaussianLikelihood(0.3), tanh, rng)
    X, share = model.sample(5, rng)[0], 1e-4
    at_least, half = first_bounds(model, X, share)
    side = np.linspace(-12, 12, 24001 if K == 1 else 961)
    z = np.stack(np.meshgrid(*[side] * K, indexing="ij"), -1).reshape(-1, K)
    log_joint = model.log_likelihood(X, z[:, None])[0] + model.latent.log_prior(z)[:, None]
    p = np.exp(log_joint) * (side[1] - side[0]) ** K
    assert (at_least <= np.log(p.sum(0)) + 1e-9).all() and np.log2(half) % 1 == 0
    beyond = np.abs(z).max(1) > half
    assert (p[beyond].sum(0) <= share * p.sum(0)).all()
    # and from its high point no point of a fine grid is much higher
    top = high_point(model, X)
    log_top = model.log_likelihood(X, top[None])[0][0] + model.latent.log_prior(top)
    assert (log_top > log_joint.max(0) - 1e-3).all()
