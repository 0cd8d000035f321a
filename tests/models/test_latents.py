"""Latent families: nodes, KL and log densities against closed forms, quadrature and brute force, and gradients."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numeric_models import agree

from npvae.models import Categorical, Cubature, GaussHermite, Gaussian, MonteCarlo, Noise
from npvae.models.categorical_latent import log_softmax
from npvae.nn import lay_out

finite = st.floats(-3, 3, allow_subnormal=False)


def on_own_parameters(latent, dtype=np.float64):
    parameters = lay_out({"p": latent}, dtype)
    return latent.on(parameters, "p."), parameters


def normal_log_density(z, mu, sigma):
    """Σ_j log N(z_j; μ_j, σ_j²), element by element."""
    return sum(-(zj - mj)**2 / (2 * sj * sj) - math.log(sj * math.sqrt(2 * math.pi))
               for zj, mj, sj in zip(z, mu, sigma, strict=True))


# Gaussian

def test_gaussian_nodes_are_mu_plus_sigma_eps():
    rng = np.random.default_rng(0)
    q, noise = rng.normal(size=(5, 4)), MonteCarlo(3)(rng, 5, 2)
    z, w, _ = Gaussian(2).nodes(q, noise)
    assert z.shape == (3, 5, 2) and w is noise.w
    for s, b, k in np.ndindex(3, 5, 2):
        assert z[s, b, k] == pytest.approx(q[b, k] + math.exp(q[b, 2 + k]) * noise.eps[s, b, k], rel=1e-14)


@pytest.mark.parametrize("rule", [MonteCarlo(3), GaussHermite(3), Cubature()], ids=repr)
def test_gradients_of_gaussian_nodes(rule):
    rng = np.random.default_rng(1)
    latent, q, noise = Gaussian(2), rng.normal(size=(4, 4)), rule(rng, 4, 2)
    z, w, back = latent.nodes(q, noise)
    dz = rng.normal(size=z.shape)
    twin = q.astype(complex)
    agree(lambda: (dz * latent.nodes(q, noise)[0]).sum(), q,
          lambda: (dz * latent.nodes(twin, noise)[0]).sum(), twin, back(dz, rng.normal(size=w.shape)))


def test_gaussian_nodes_have_the_moments_of_q():
    q = np.array([[0.5, -1.0, 0.3, -0.7]])
    z, w, _ = Gaussian(2).nodes(q, GaussHermite(4)(None, 1, 2))
    mean = (w[:, :, None] * z).sum(0)[0]
    variance = (w[:, :, None] * (z - mean)**2).sum(0)[0]
    np.testing.assert_allclose(mean, [0.5, -1.0], rtol=1e-13)
    np.testing.assert_allclose(variance, np.exp([0.6, -1.4]), rtol=1e-12)     # σ², not σ


@given(st.integers(1, 4), st.integers(0, 10**6))
def test_gaussian_kl_is_the_general_closed_form(K, seed):
    q = np.random.default_rng(seed).normal(size=(3, 2 * K))
    kl = Gaussian(K).kl(q)[0]
    for b in range(3):
        # KL(N(m, C) ‖ N(0, I)) = ½ (tr C + mᵀm − K − log det C)
        m, C = q[b, :K], np.diag(np.exp(q[b, K:])**2)
        assert kl[b] == pytest.approx(0.5 * (np.trace(C) + m @ m - K - np.linalg.slogdet(C)[1]), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("K", [1, 2])
def test_gaussian_kl_is_the_expected_log_ratio_of_its_own_densities(K):
    rng = np.random.default_rng(2)
    latent, q = Gaussian(K), rng.normal(size=(6, 2 * K))
    z, w, _ = latent.nodes(q, GaussHermite(8)(None, 6, K))
    quadrature = (w * (latent.log_q(q, z) - latent.log_prior(z))).sum(0)
    np.testing.assert_allclose(latent.kl(q)[0], quadrature, rtol=0, atol=1e-10)


def test_gaussian_log_densities_element_by_element():
    rng = np.random.default_rng(3)
    latent, q, z = Gaussian(3), rng.normal(size=(4, 6)), rng.normal(size=(2, 4, 3))
    log_q, log_prior = latent.log_q(q, z), latent.log_prior(z)
    assert log_q.shape == log_prior.shape == (2, 4)
    for s, b in np.ndindex(2, 4):
        assert log_q[s, b] == pytest.approx(normal_log_density(z[s, b], q[b, :3], np.exp(q[b, 3:])), abs=1e-12)
        assert log_prior[s, b] == pytest.approx(normal_log_density(z[s, b], np.zeros(3), np.ones(3)), abs=1e-12)


@given(st.lists(finite, min_size=6, max_size=6))
def test_gaussian_kl_is_positive_unless_q_is_the_prior(row):
    kl = Gaussian(3).kl(np.array([row]))[0][0]
    # KL_j ≥ ½ max(μ², (log σ)²·min(1, σ²)): bounded from below by how far the row is from the prior's
    mu, log_sigma = np.array(row[:3]), np.array(row[3:])
    distance = 0.5 * (mu**2 + log_sigma**2 * np.minimum(1, np.exp(log_sigma))).sum()
    assert kl >= distance - 1e-13


@pytest.mark.parametrize("latent", [Gaussian(1), Gaussian(5), Categorical(1), Categorical(4),
                                    Categorical(3, [0.2, 0.3, 0.5])], ids=repr)
def test_the_prior_row_has_no_kl_and_no_gradient(latent):
    kl, back = latent.kl(latent.prior_row()[None])
    assert kl[0] == pytest.approx(0, abs=1e-15)
    np.testing.assert_allclose(back(np.array([1.7])), 0, atol=1e-15)
    assert latent.prior_row().shape == (latent.row_size,)


@pytest.mark.parametrize("latent", [Gaussian(1), Gaussian(3), Categorical(4), Categorical(3, [0.2, 0.3, 0.5]),
                                    Categorical(3, [0.2, 0.3, 0.5], learn_weights=False)], ids=repr)
def test_gradients_of_kl(latent):
    rng = np.random.default_rng(4)
    q, dkl = rng.normal(size=(5, latent.row_size)), rng.normal(size=5)
    (own, parameters), (twin, twin_parameters) = on_own_parameters(latent), on_own_parameters(latent, complex)
    twin_q = q.astype(complex)
    dq = own.kl(q)[1](dkl)
    for array, twin_array, gradient in [(q, twin_q, dq), (parameters.value, twin_parameters.value, parameters.grad)]:
        agree(lambda: (dkl * own.kl(q)[0]).sum(), array, lambda: (dkl * twin.kl(twin_q)[0]).sum(), twin_array, gradient)


@pytest.mark.parametrize("latent", [Gaussian(2), Categorical(4)], ids=repr)
def test_the_kls_back_writes_the_priors_gradient_whatever_stood_there_before(latent):
    own, parameters = on_own_parameters(latent)
    q = np.random.default_rng(5).normal(size=(3, latent.row_size))
    _, back = own.kl(q)
    dq = back(np.arange(3.0))
    once = parameters.grad.copy()
    parameters.grad.fill(np.nan)
    for _ in range(2):
        np.testing.assert_array_equal(back(np.arange(3.0)), dq)
        np.testing.assert_array_equal(parameters.grad, once)
    assert parameters.grad.size == 0 or np.abs(once).min() > 0


def test_gaussian_prior_samples_are_standard_normal():
    z = Gaussian(3).sample_prior(40_000, np.random.default_rng(0))
    assert np.abs(z.mean(0)).max() < 6 / 200
    assert np.abs(np.cov(z.T) - np.eye(3)).max() < 6 * math.sqrt(2) / 200


def test_gaussian_mean_is_mu():
    q = np.random.default_rng(0).normal(size=(3, 4))
    np.testing.assert_array_equal(Gaussian(2).mean(q), q[:, :2])


# Categorical

def softmax_row(row):
    e = [math.exp(v) for v in row]
    return [v / sum(e) for v in e]


def test_categorical_nodes_are_every_one_hot_with_its_probability():
    q = np.random.default_rng(0).normal(size=(5, 3))
    z, w, _ = Categorical(3).nodes(q, None)
    np.testing.assert_array_equal(z[:, 0], np.eye(3))
    np.testing.assert_allclose(w.T, [softmax_row(row) for row in q], rtol=1e-13)
    np.testing.assert_allclose(Categorical(3).mean(q), w.T, rtol=1e-15)


@pytest.mark.parametrize("shape", [(4, 5), (4, 1)], ids=["dw (K, B)", "dw (K, 1)"])
def test_gradients_of_categorical_nodes_flow_through_the_weights(shape):
    rng = np.random.default_rng(1)
    latent, q, dw = Categorical(4), rng.normal(size=(5, 4)), rng.normal(size=shape)
    twin = q.astype(complex)
    _, _, back = latent.nodes(q, None)
    agree(lambda: (dw * latent.nodes(q, None)[1]).sum(), q,
          lambda: (dw * latent.nodes(twin, None)[1]).sum(), twin, back(rng.normal(size=(4, 5, 4)), dw))


def test_categorical_kl_and_log_densities_are_the_sums_they_stand_for():
    rng = np.random.default_rng(2)
    weights = np.array([0.2, 0.3, 0.5])
    latent, q = Categorical(3, weights), rng.normal(size=(6, 3))
    z, _, _ = latent.nodes(q, None)
    for b in range(6):
        p = softmax_row(q[b])
        assert latent.kl(q)[0][b] == pytest.approx(sum(a * math.log(a / c) for a, c in zip(p, weights, strict=True)),
                                                   abs=1e-13)
        np.testing.assert_allclose(latent.log_q(q, z)[:, b], np.log(p), rtol=1e-12)
    np.testing.assert_allclose(latent.log_prior(z)[:, 0], np.log(weights), rtol=1e-13)
    np.testing.assert_allclose(latent.log_weights(), np.log(weights), rtol=1e-13)
    z_of_its_own = np.broadcast_to(z, (3, 6, 3))
    np.testing.assert_array_equal(latent.log_q(q, z_of_its_own), latent.log_q(q, z))


@given(st.lists(finite, min_size=4, max_size=4), st.lists(st.floats(0.05, 1), min_size=4, max_size=4))
def test_categorical_kl_obeys_pinskers_inequality(row, weights):
    weights = np.array(weights) / sum(weights)
    kl = Categorical(4, weights).kl(np.array([row]))[0][0]
    # KL ≥ ½ ‖q − π‖₁², so positive unless q = π
    assert kl >= 0.5 * np.abs(np.array(softmax_row(row)) - weights).sum()**2 - 1e-13


@given(st.lists(finite, min_size=3, max_size=3), st.floats(-50, 50))
def test_a_constant_added_to_all_logits_changes_nothing(row, constant):
    latent, q = Categorical(3), np.array([row])
    np.testing.assert_allclose(latent.kl(q + constant)[0], latent.kl(q)[0], atol=1e-12)
    np.testing.assert_allclose(latent.nodes(q + constant, None)[1], latent.nodes(q, None)[1], atol=1e-12)


def test_log_softmax_at_ten_thousand():
    a = np.array([[1e4, 0.0, -1e4], [1e4, 1e4, -1e4], [-1e4, -1e4 + 1, -1e4]])
    rest = math.log(2 + math.e)
    np.testing.assert_allclose(log_softmax(a), [[0, -1e4, -2e4], [-math.log(2), -math.log(2), -2e4 - math.log(2)],
                                                [-rest, 1 - rest, -rest]], rtol=1e-12)
    assert log_softmax(a.astype(np.float32)).dtype == np.float32


def test_a_certain_q_has_a_finite_kl_and_gradient():
    latent, q = Categorical(3), np.array([[1e4, 0.0, -1e4]])
    kl, back = latent.kl(q)
    assert kl[0] == pytest.approx(math.log(3), rel=1e-12)
    np.testing.assert_allclose(back(np.ones(1)), 0, atol=1e-12)


def test_categorical_prior_samples_come_with_their_weights():
    weights, n = np.array([0.1, 0.3, 0.6]), 40_000
    z = Categorical(3, weights).sample_prior(n, np.random.default_rng(0))
    np.testing.assert_array_equal(np.sort(z, axis=1), np.tile([0.0, 0.0, 1.0], (n, 1)))
    assert (np.abs(z.mean(0) - weights) < 6 * np.sqrt(weights * (1 - weights) / n)).all()


# both

@pytest.mark.parametrize("latent", [Gaussian(2), Categorical(3)], ids=repr)
def test_samples_of_q_have_its_mean_and_covariance_row_by_row(latent):
    n, q = 40_000, np.random.default_rng(0).normal(size=(4, latent.row_size))
    z = latent.sample(q, n, np.random.default_rng(1))
    assert z.shape == (n, 4, latent.dim)
    total = 0
    for b in range(4):
        mean, C = latent.mean(q)[b], latent.covariance(q[b:b + 1])
        assert (np.abs(z[:, b].mean(0) - mean) < 6 * np.sqrt(np.diag(C) / n)).all()
        pairs = np.einsum("nj,nk->njk", z[:, b] - mean, z[:, b] - mean)
        assert (np.abs(pairs.mean(0) - C) <= 6 * pairs.std(0) / math.sqrt(n)).all()
        total = total + C
    np.testing.assert_allclose(latent.covariance(q), total, rtol=1e-12, atol=1e-15)
    rows = z.reshape(n, -1)[:, [0, latent.dim]]                 # two rows are drawn independently of each other
    assert abs(np.corrcoef(rows.T)[0, 1]) < 6 / math.sqrt(n)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
@pytest.mark.parametrize("latent", [Gaussian(2), Categorical(3)], ids=repr)
def test_the_dtype_of_q_is_the_dtype_of_everything(latent, dtype):
    own, parameters = on_own_parameters(latent, dtype)
    q = np.random.default_rng(0).normal(size=(4, latent.row_size)).astype(dtype)
    noise = Noise(np.ones((2, 1, latent.dim), dtype), np.full((2, 1), 0.5, dtype))
    z, w, back = own.nodes(q, noise)
    kl, back_kl = own.kl(q)
    results = [z, w, kl, back(np.ones((*z.shape[:1], 4, latent.dim), dtype), np.ones(w.shape, dtype)),
               back_kl(np.ones(4, dtype)), own.log_prior(z), own.log_q(q, z)]
    assert {a.dtype for a in results} == {np.dtype(dtype)} and parameters.grad.dtype == dtype


def test_learned_weights_live_in_the_vector_and_fixed_ones_outside():
    weights = [0.2, 0.8]
    own, parameters = on_own_parameters(Categorical(2, weights))
    assert np.shares_memory(own.logits, parameters.value) and np.shares_memory(own.dlogits, parameters.grad)
    fixed, nothing = on_own_parameters(Categorical(2, weights, learn_weights=False))
    assert nothing.value.size == 0 and fixed.dlogits is None
    np.testing.assert_allclose(np.exp(fixed.log_weights()), weights, rtol=1e-14)
    held = Categorical(2, weights).on(parameters, "p.", gradient=False)
    held.kl(np.ones((1, 2)))[1](np.ones(1))
    assert not parameters.grad.any()


def test_moving_a_family_leaves_the_original_alone():
    original = Categorical(2)
    own, parameters = on_own_parameters(original)
    parameters.value[...] = [0.0, 5.0]
    np.testing.assert_allclose(np.exp(original.log_weights()), 0.5)
    own.kl(np.ones((1, 2)))[1](np.ones(1))
    assert parameters.grad.any() and not original.dlogits.any()


@pytest.mark.parametrize("number", [0, -1, 2.5])
@pytest.mark.parametrize("family", [Gaussian, Categorical])
def test_sizes_that_are_no_whole_numbers_are_refused(family, number):
    with pytest.raises(ValueError, match=f"of {family.__name__} is {number}, expected a whole number from 1"):
        family(number)


@pytest.mark.parametrize("weights", [[0.5, 0.5], [0.5, 0.5, 0.0], [1.5, -0.25, -0.25], [0.2, 0.2, 0.2],
                                     [np.nan, 0.5, 0.5]])
def test_weights_that_are_no_distribution_are_refused(weights):
    with pytest.raises(ValueError, match="expected 3 positive numbers that sum to 1"):
        Categorical(3, weights)


def test_rows_of_whole_numbers_have_gradients_that_are_none():
    noise = Noise(np.array([[[0.7]], [[-0.7]]]), np.full((2, 1), 0.5))
    whole, real = (Gaussian(1).nodes(np.array([[3, 0]], dtype), noise) for dtype in (int, float))
    dz = np.full((2, 1, 1), 0.3)
    np.testing.assert_array_equal(whole[2](dz, None), real[2](dz, None))


def test_draws_of_a_gaussian_are_mu_plus_sigma_times_those_of_the_generator():
    q = np.random.default_rng(0).normal(size=(3, 4))
    eps = np.random.default_rng(7).standard_normal((5, 3, 2))
    np.testing.assert_array_equal(Gaussian(2).sample(q, 5, np.random.default_rng(7)), q[:, :2] + np.exp(q[:, 2:]) * eps)
    np.testing.assert_array_equal(Gaussian(2).sample_prior(5, np.random.default_rng(7)),
                                  np.random.default_rng(7).standard_normal((5, 2)))
