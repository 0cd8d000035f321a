"""Likelihoods: densities against formulas and integrals, gradients, tables and upper bounds, extremes, samples."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numeric_models import agree

from npvae.models import BernoulliLikelihood, GaussianLikelihood
from npvae.nn import lay_out

LIKELIHOODS = [GaussianLikelihood(0.7), GaussianLikelihood(0.7, learn=True), GaussianLikelihood(),
               BernoulliLikelihood()]
likelihoods = pytest.mark.parametrize("likelihood", LIKELIHOODS, ids=repr)
both = pytest.mark.parametrize("likelihood", [GaussianLikelihood(0.3), BernoulliLikelihood()], ids=repr)


def on_own_parameters(likelihood, dtype=np.float64):
    parameters = lay_out({"p": likelihood}, dtype)
    return likelihood.on(parameters, "p."), parameters


def normal_log_density(x, g, sigma):
    return sum(-(a - b)**2 / (2 * sigma * sigma) - math.log(sigma * math.sqrt(2 * math.pi))
               for a, b in zip(x, g, strict=True))


def bernoulli_log_probability(x, g):
    p = [1 / (1 + math.exp(-b)) for b in g]
    return sum(a * math.log(c) + (1 - a) * math.log(1 - c) for a, c in zip(x, p, strict=True))


@pytest.mark.parametrize("likelihood, formula", [
    (GaussianLikelihood(0.7), lambda x, g: normal_log_density(x, g, 0.7)),
    (GaussianLikelihood(), lambda x, g: normal_log_density(x, g, 1.0)),
    (BernoulliLikelihood(), bernoulli_log_probability)], ids=["fixed", "from the data", "bernoulli"])
def test_log_prob_and_its_table_are_the_formula_for_every_pair(likelihood, formula):
    rng = np.random.default_rng(0)
    x, g = rng.random((5, 3)), rng.normal(size=(4, 3))
    own = rng.normal(size=(4, 5, 3))                            # a g of its own for every x
    value = likelihood.log_prob(x, own)[0]
    shared, table = likelihood.log_prob(x, g[:, None])[0], likelihood.log_prob_table(x, g)
    assert value.shape == shared.shape == table.shape == (4, 5)
    for s, b in np.ndindex(4, 5):
        assert value[s, b] == pytest.approx(formula(x[b], own[s, b]), abs=1e-12)
        assert shared[s, b] == pytest.approx(formula(x[b], g[s]), abs=1e-12)
        assert table[s, b] == pytest.approx(formula(x[b], g[s]), abs=1e-10)


@pytest.mark.parametrize("sigma_g", [0.05, 0.5, 1.0, 3.0])
def test_the_gaussian_density_integrates_to_one(sigma_g):
    g, x = np.full((1, 1, 1), 0.3), np.linspace(-40, 40, 200_001)
    density = np.exp(GaussianLikelihood(sigma_g).log_prob(x[:, None], g)[0][0])
    assert density.sum() * (x[1] - x[0]) == pytest.approx(1, abs=1e-10)


def test_the_gaussian_density_in_three_dimensions_integrates_to_one():
    side = np.linspace(-4, 4, 41)
    x = np.stack(np.meshgrid(side, side, side), axis=-1).reshape(-1, 3)
    density = np.exp(GaussianLikelihood(0.5).log_prob(x, np.full((1, 1, 3), 0.1))[0])
    assert density.sum() * (side[1] - side[0])**3 == pytest.approx(1, abs=1e-10)


def test_bernoulli_probabilities_of_all_images_sum_to_one():
    images = np.array(list(np.ndindex(2, 2, 2)), float)
    g = np.random.default_rng(0).normal(size=(1, 1, 3))
    assert np.exp(BernoulliLikelihood().log_prob(images, g)[0]).sum() == pytest.approx(1, abs=1e-14)


@pytest.mark.parametrize("rows", [4, 1], ids=["g (S, B, D)", "g (S, 1, D)"])
@likelihoods
def test_gradients_with_respect_to_g_and_log_sigma(likelihood, rows):
    rng = np.random.default_rng(1)
    x, g, dvalue = rng.random((4, 3)), rng.normal(size=(2, rows, 3)), rng.normal(size=(2, 4))
    (own, parameters), (twin, twin_parameters) = on_own_parameters(likelihood), on_own_parameters(likelihood, complex)
    twin_g = g.astype(complex)
    dg = own.log_prob(x, g)[1](dvalue)
    assert dg.shape == g.shape and parameters.value.size == getattr(likelihood, "learn", 0)
    for array, twin_array, gradient in [(g, twin_g, dg), (parameters.value, twin_parameters.value, parameters.grad)]:
        agree(lambda: (dvalue * own.log_prob(x, g)[0]).sum(), array,
              lambda: (dvalue * twin.log_prob(x, twin_g)[0]).sum(), twin_array, gradient)


@likelihoods
def test_back_writes_whatever_stood_there_before(likelihood):
    own, parameters = on_own_parameters(likelihood)
    rng = np.random.default_rng(2)
    _, back = own.log_prob(rng.random((4, 3)), rng.normal(size=(2, 4, 3)))
    dvalue = rng.normal(size=(2, 4))
    dg = back(dvalue)
    once = parameters.grad.copy()
    parameters.grad.fill(np.nan)
    for _ in range(2):
        np.testing.assert_array_equal(back(dvalue), dg)
        np.testing.assert_array_equal(parameters.grad, once)


# tables

@given(st.sampled_from([GaussianLikelihood(0.3), GaussianLikelihood(2.0), BernoulliLikelihood()]),
       st.integers(1, 6), st.integers(0, 10**6))
def test_a_table_is_log_prob_of_all_pairs(likelihood, D, seed):
    rng = np.random.default_rng(seed)
    x, g = rng.random((4, D)), rng.normal(size=(5, D))
    np.testing.assert_allclose(likelihood.log_prob_table(x, g), likelihood.log_prob(x, g[:, None])[0],
                               rtol=1e-10, atol=1e-10)


@given(st.sampled_from([GaussianLikelihood(0.3), GaussianLikelihood(2.0), BernoulliLikelihood()]),
       st.integers(1, 6), st.floats(1e-3, 10), st.integers(0, 10**6))
def test_the_ceiling_bounds_every_output_within_reach_and_the_curvature_every_bend(likelihood, D, reach, seed):
    rng = np.random.default_rng(seed)
    x, g, reach = rng.random((4, D)), rng.normal(size=(4, D)), reach * rng.random((4, D))
    ceiling, (value, back) = likelihood.ceiling(x, g, reach), likelihood.log_prob(x, g[None])
    slope = back(np.ones((1, 4)))[0]
    for to in [np.sign(x - 0.5), np.clip(x - g, -reach, reach) / reach, rng.uniform(-1, 1, (4, D))]:
        step = to * reach
        moved = likelihood.log_prob(x, (g + step)[None])[0][0]
        assert (moved <= ceiling + 1e-9).all()
        bend = value[0] + (slope * step).sum(1) - moved
        assert (bend >= -1e-9).all()
        assert (bend <= 0.5 * likelihood.curvature * (step**2).sum(1) * (1 + 1e-9) + 1e-9).all()


def test_the_ceiling_is_reached_and_no_higher_than_it_must_be():
    x, g, reach = np.zeros((2, 2)), np.array([[3.0, 4.0], [0.3, 0.4]]), np.ones((2, 2))
    np.testing.assert_allclose(GaussianLikelihood(1.0).ceiling(x, g, reach), [
        normal_log_density([2, 3], [0, 0], 1), normal_log_density([0, 0], [0, 0], 1)], rtol=1e-13)
    corner = BernoulliLikelihood().log_prob(x[:1], np.array([[[2.0, 3.0]]]))[0][0]
    np.testing.assert_allclose(BernoulliLikelihood().ceiling(x[:1], g[:1], reach[:1]), corner, rtol=1e-13)


@both
def test_no_reach_is_the_value_itself(likelihood):
    rng = np.random.default_rng(3)
    x, g = rng.random((4, 3)), rng.normal(size=(4, 3))
    np.testing.assert_allclose(likelihood.ceiling(x, g, np.zeros((4, 3))), likelihood.log_prob(x, g[None])[0][0],
                               rtol=1e-13)


@both
def test_a_table_leaves_its_arguments_alone(likelihood):
    rng = np.random.default_rng(3)
    x, g = rng.random((4, 3)), rng.normal(size=(5, 3))
    copies = x.copy(), g.copy()
    likelihood.log_prob_table(x, g)
    likelihood.ceiling(x, g[:4], np.ones((4, 3)))
    np.testing.assert_array_equal(x, copies[0])
    np.testing.assert_array_equal(g, copies[1])


def test_a_gaussian_table_does_not_suffer_from_data_far_from_zero():
    rng = np.random.default_rng(4)
    x, g = 1e6 + rng.normal(size=(4, 3)), 1e6 + rng.normal(size=(5, 3))
    likelihood = GaussianLikelihood(0.1)
    np.testing.assert_allclose(likelihood.log_prob_table(x, g), likelihood.log_prob(x, g[:, None])[0], rtol=1e-10)


# extremes, dtypes

def test_bernoulli_with_logits_of_a_thousand():
    x, g = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]]), np.array([[[1e3, -1e3]]])
    value, back = BernoulliLikelihood().log_prob(x, g)
    np.testing.assert_array_equal(value, [[0, -2000, -1000]])
    np.testing.assert_array_equal(BernoulliLikelihood().log_prob_table(x, g[:, 0]), value)
    np.testing.assert_array_equal(back(np.ones((1, 3))), [[[-1.5, 1.5]]])
    np.testing.assert_array_equal(BernoulliLikelihood().mean(g), [[[1, 0]]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
@likelihoods
def test_the_dtype_that_goes_in_comes_out(likelihood, dtype):
    own, parameters = on_own_parameters(likelihood, dtype)
    x, g = np.full((4, 3), 0.5, dtype), np.ones((2, 4, 3), dtype)
    value, back = own.log_prob(x, g)
    assert value.dtype == back(np.ones((2, 4), dtype)).dtype == dtype
    assert parameters.grad.dtype == dtype
    if dtype != np.complex128:
        assert own.log_prob_table(x, g[0]).dtype == dtype


# samples

def test_gaussian_samples_have_mean_g_and_deviation_sigma_g():
    g, n = np.array([1.0, -2.0]), 40_000
    x = GaussianLikelihood(0.5).sample(np.tile(g, (n, 1)), np.random.default_rng(0))
    assert np.abs(x.mean(0) - g).max() < 6 * 0.5 / math.sqrt(n)
    assert np.abs(np.cov(x.T) - 0.25 * np.eye(2)).max() < 6 * 0.25 * math.sqrt(2 / n)


def test_bernoulli_samples_are_bits_with_mean_sigmoid_g():
    g, n = np.array([1.0, -2.0, 0.0]), 40_000
    x = BernoulliLikelihood().sample(np.tile(g, (n, 1)), np.random.default_rng(0))
    p = 1 / (1 + np.exp(-g))
    assert set(np.unique(x)) == {0.0, 1.0}
    assert (np.abs(x.mean(0) - p) < 6 * np.sqrt(p * (1 - p) / n)).all()
    np.testing.assert_allclose(BernoulliLikelihood().mean(g[None])[0], p, rtol=1e-14)


def test_the_gaussian_mean_is_g():
    g = np.ones((2, 3))
    np.testing.assert_array_equal(GaussianLikelihood(0.5).mean(g), g)


# sigma_g

def test_sigma_g_and_alpha_are_what_was_given():
    likelihood = GaussianLikelihood(0.5)
    assert likelihood.sigma_g == pytest.approx(0.5, rel=1e-15) and likelihood.alpha == pytest.approx(2, rel=1e-15)


@pytest.mark.parametrize("sigma_g", [0, 0.0, -1, math.inf, math.nan, True, "a", 1e200])
def test_a_sigma_g_that_is_no_deviation_is_refused(sigma_g):
    with pytest.raises(ValueError, match=f"sigma_g is {re.escape(repr(sigma_g))}, expected a positive finite"):
        GaussianLikelihood(sigma_g)


def test_sigma_g_may_be_a_numpy_number_of_any_precision():
    assert GaussianLikelihood(np.float32(0.5)).sigma_g == pytest.approx(0.5, rel=1e-15)


@pytest.mark.parametrize("arguments, learned", [((), True), ((0.5,), False), ((0.5, True), True),
                                                ((None, False), False)])
def test_sigma_g_is_learned_unless_it_was_given(arguments, learned):
    likelihood = GaussianLikelihood(*arguments)
    own, parameters = on_own_parameters(likelihood)
    assert (parameters.value.size == 1) is (likelihood.dlog_sigma is not None) is learned
    assert (list(likelihood.arrays()) == ["log_sigma"]) is learned
    if learned:
        assert np.shares_memory(own.log_sigma, parameters.value) and np.shares_memory(own.dlog_sigma, parameters.grad)
        held = likelihood.on(parameters, "p.", gradient=False)
        held.log_prob(np.ones((1, 2)), np.zeros((1, 1, 2)))[1](np.ones((1, 1)))
        assert not parameters.grad.any()


@pytest.mark.parametrize("likelihood", [GaussianLikelihood(), GaussianLikelihood(learn=False)], ids=repr)
def test_started_puts_sigma_g_at_the_deviation_of_the_data(likelihood):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 3)) * [0.1, 1.0, 5.0] + [0, 100, -7]
    own, _ = on_own_parameters(likelihood)
    started = own.started(x)
    # σ_g² = V, the mean squared deviation per dimension
    V = sum(((x[:, d] - x[:, d].mean())**2).mean() for d in range(3)) / 3
    assert started.sigma_g == pytest.approx(math.sqrt(V), rel=1e-12)
    assert started.started(10 * x).sigma_g == started.sigma_g           # only once


@pytest.mark.parametrize("learn", [None, True])
def test_started_keeps_a_sigma_g_that_was_given(learn):
    likelihood = GaussianLikelihood(0.25, learn)
    assert likelihood.started(np.random.default_rng(0).normal(size=(9, 2))).sigma_g == pytest.approx(0.25, rel=1e-15)


def test_started_on_constant_data_stays_finite():
    assert GaussianLikelihood().started(np.ones((4, 2))).sigma_g == 1.0


def test_started_does_not_touch_the_likelihood_it_was_called_on():
    likelihood = GaussianLikelihood()
    likelihood.started(7 * np.random.default_rng(0).normal(size=(50, 3)))
    assert likelihood.sigma_g == 1.0


# what data may be

def test_bernoulli_refuses_data_outside_zero_and_one():
    BernoulliLikelihood().check(np.array([[0.0, 0.5, 1.0]]))
    for bad in ([[0.0, 1.5]], [[-0.1, 0.5]], [[0.0, 255.0]]):
        with pytest.raises(ValueError, match=r"expected \[0, 1\]: rescale the data or use GaussianLikelihood"):
            BernoulliLikelihood().check(np.array(bad))
    GaussianLikelihood().check(np.array([[-1e6, 1e6]]))


def test_bernoulli_has_nothing_to_start_or_move():
    likelihood = BernoulliLikelihood()
    assert likelihood.started(np.ones((2, 2))) is likelihood and likelihood.arrays() == {}


def test_data_whose_error_in_units_of_a_small_sigma_g_would_overflow_are_turned_away():
    x = np.full((1, 1), 1e100)
    GaussianLikelihood(1.0).check(x)
    with pytest.raises(ValueError, match="expected at most 1e.90 with sigma_g = 1e-60: the squares would overflow"):
        GaussianLikelihood(1e-60).check(x)


def test_no_ceiling_passes_the_greatest_log_probability():
    rng = np.random.default_rng(0)
    x, g = rng.random((4, 3)), rng.normal(size=(4, 3))
    likelihood = GaussianLikelihood(0.3)
    np.testing.assert_allclose(likelihood.ceiling(x, g, np.full((4, 3), 1e3)), likelihood.greatest_log_prob(3))
    ends = BernoulliLikelihood().ceiling(np.round(x), g, np.full((4, 3), 1e3))
    np.testing.assert_allclose(ends, BernoulliLikelihood().greatest_log_prob(3), atol=1e-12)


def test_a_table_of_many_nodes_loses_little_where_data_and_outputs_lie_far_from_zero():
    rng = np.random.default_rng(0)
    x, g = 1e6 + rng.normal(size=(5, 3)), 1e6 + rng.normal(size=(100, 3))
    likelihood = GaussianLikelihood(0.5)
    one_by_one = likelihood.log_prob(x, np.repeat(g[:, None], 5, axis=1))[0]
    np.testing.assert_allclose(likelihood.log_prob_table(x, g), one_by_one, rtol=1e-7)


@pytest.mark.parametrize("nodes", [10, 300])
def test_a_datum_that_a_node_meets_has_the_greatest_log_probability_and_no_greater(nodes):
    g = 1e3 * np.random.default_rng(0).normal(size=(nodes, 3))
    likelihood = GaussianLikelihood(1.0)
    met = np.diag(likelihood.log_prob_table(g, g))
    assert (met <= likelihood.greatest_log_prob(3)).all()
    np.testing.assert_allclose(met, likelihood.greatest_log_prob(3), rtol=0, atol=1e-6)


@both
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_samples_are_numbers_like_the_decoders_output(likelihood, dtype):
    x = likelihood.sample(np.zeros((50, 3), dtype), np.random.default_rng(0))
    assert x.dtype.kind == "f" and len(np.unique(x)) > 1
    if isinstance(likelihood, BernoulliLikelihood):
        assert x.dtype == dtype and set(np.unique(x)) == {0, 1}
