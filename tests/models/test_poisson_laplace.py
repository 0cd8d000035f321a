"""Poisson and Laplace likelihoods: formulas, gradients, evidence on a grid, what data may be, all three solvers."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numeric_models import agree

import npvae
from npvae import VAE, AmortizedVI, LaplaceLikelihood, PoissonLikelihood, SharedQ, VariationalEM, mlp_model
from npvae.models.poisson_likelihood import log_factorial
from npvae.nn import lay_out

FORMULAS = {
    PoissonLikelihood: lambda x, g: x * g - math.exp(g) - math.lgamma(x + 1),
    LaplaceLikelihood: lambda x, g: -math.log(2 * 0.7) - abs(x - g) / 0.7}
MAKE = {PoissonLikelihood: PoissonLikelihood, LaplaceLikelihood: lambda: LaplaceLikelihood(0.7, learn=True)}
both = pytest.mark.parametrize("kind", MAKE, ids=lambda kind: kind.__name__)


def counts(seed=0, shape=(60, 3)):
    return np.random.default_rng(seed).poisson(3.0, shape).astype(float)


@both
def test_log_prob_is_the_formula(kind):
    x, g = counts(), np.random.default_rng(1).normal(size=(4, 60, 3))
    value = MAKE[kind]().log_prob(x, g)[0]
    for s, b in np.ndindex(4, 60):
        assert value[s, b] == pytest.approx(sum(map(FORMULAS[kind], x[b], g[s, b])), abs=1e-12)


@given(st.integers(0, 10**6), st.integers(1, 5))
def test_the_table_of_poisson_is_log_prob_of_all_pairs(seed, D):
    rng = np.random.default_rng(seed)
    x, g = rng.poisson(4, (6, D)).astype(float), rng.normal(size=(5, D))
    np.testing.assert_allclose(PoissonLikelihood().log_prob_table(x, g), PoissonLikelihood().log_prob(x, g[:, None])[0],
                               rtol=1e-12, atol=1e-12)


@given(st.integers(0, 2**53))
def test_log_factorial_is_lgamma(n):
    assert log_factorial(np.array([float(n)]))[0] == pytest.approx(math.lgamma(n + 1), rel=1e-14, abs=1e-13)


def test_probabilities_of_all_counts_sum_to_one_and_the_density_integrates_to_one():
    n = np.arange(200.0)[:, None]
    assert np.exp(PoissonLikelihood().log_prob(n, np.full((1, 1, 1), 3.1))[0]).sum() == pytest.approx(1, abs=1e-12)
    x = np.linspace(-30, 30, 600_001)[:, None]
    density = np.exp(LaplaceLikelihood(0.7).log_prob(x, np.full((1, 1, 1), 0.3))[0])
    assert density.sum() * 1e-4 == pytest.approx(1, abs=1e-8)


@pytest.mark.parametrize("rows", [4, 1], ids=["g (S, B, D)", "g (S, 1, D)"])
@both
def test_gradients_with_respect_to_g_and_log_b(kind, rows):
    rng = np.random.default_rng(1)
    x, g, dvalue = counts(2, (4, 3)), rng.normal(size=(2, rows, 3)), rng.normal(size=(2, 4))
    parameters, twin_parameters = lay_out({"p": MAKE[kind]()}), lay_out({"p": MAKE[kind]()}, complex)
    own, twin = MAKE[kind]().on(parameters, "p."), MAKE[kind]().on(twin_parameters, "p.")
    twin_g = g.astype(complex)
    parameters.grad.fill(np.nan)                        # `back` writes whatever stood there
    dg = own.log_prob(x, g)[1](dvalue)
    assert dg.shape == g.shape and parameters.value.size == (kind is LaplaceLikelihood)
    for array, twin_array, gradient in [(g, twin_g, dg), (parameters.value, twin_parameters.value, parameters.grad)]:
        agree(lambda: (dvalue * own.log_prob(x, g)[0]).sum(), array,
              lambda: (dvalue * twin.log_prob(x, twin_g)[0]).sum(), twin_array, gradient)


@both
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_that_goes_in_comes_out(kind, dtype):
    parameters = lay_out({"p": MAKE[kind]()}, dtype)
    value, back = MAKE[kind]().on(parameters, "p.").log_prob(counts(0, (4, 3)).astype(dtype), np.ones((2, 4, 3), dtype))
    assert value.dtype == back(np.ones((2, 4), dtype)).dtype == parameters.grad.dtype == dtype


@both
@pytest.mark.parametrize("K", [1, 2])
def test_the_evidence_is_a_sum_over_a_grid_of_z(kind, K):
    model = npvae.LatentVariableModel(npvae.Gaussian(K), npvae.mlp([K, 3], rng=np.random.default_rng(0)), MAKE[kind]())
    X, h = counts(3, (3, 3)), 0.02 * K**1.5
    side = np.arange(-7, 7 + h, h)
    expected = []
    for x in X:
        # log Σ_z h^K p(z) Π_d p(x_d|z), every node by itself
        g = npvae.mlp([K, 3], rng=np.random.default_rng(0)).layers[0]
        z = np.stack(np.meshgrid(*[side] * K), -1).reshape(-1, K)
        out = z @ g.W + g.b
        log_px = sum(np.array([FORMULAS[kind](float(x[d]), v) for v in out[:, d]]) for d in range(3))
        log_pz = -0.5 * (z**2).sum(1) - K / 2 * math.log(2 * math.pi)
        expected.append(math.log(math.fsum(np.exp(log_px + log_pz)) * h**K))
    np.testing.assert_allclose(npvae.log_marginal(model, X, 1e-4), expected, rtol=0, atol=3e-4)


def test_samples_have_the_mean_and_variance_of_the_distribution():
    n, g = 40_000, np.array([1.0, -0.5])
    x = PoissonLikelihood().sample(np.tile(g, (n, 1)), 0)
    assert (x == np.round(x)).all() and (np.abs(x.mean(0) - np.exp(g)) < 6 * np.exp(g / 2) / math.sqrt(n)).all()
    assert (np.abs(x.var(0) - np.exp(g)) < 0.1).all()
    x = LaplaceLikelihood(0.5).sample(np.tile(g, (n, 1)), 0)
    assert np.abs(x.mean(0) - g).max() < 6 * 0.71 / math.sqrt(n) and np.abs(np.abs(x - g).mean(0) - 0.5).max() < 0.02


def test_models_start_at_the_data():
    X = counts(4)
    started = mlp_model(1, [4], 3, PoissonLikelihood()).started(X)
    np.testing.assert_allclose(started.decode(np.zeros((1, 1)))[0], X.mean(0), rtol=1e-12)
    laplace = mlp_model(1, [4], 3, LaplaceLikelihood()).started(X).likelihood
    assert 2 * laplace.b**2 == pytest.approx(((X - X.mean(0)) ** 2).mean(), rel=1e-12)
    assert laplace.sigma_g == pytest.approx(math.sqrt(2) * laplace.b, rel=1e-15)
    assert mlp_model(1, [4], 3, LaplaceLikelihood(0.25)).started(X).likelihood.b == pytest.approx(0.25, rel=1e-15)


@pytest.mark.parametrize("bad", [-1.0, 0.5, 2.0**53 + 2, 1e30])
def test_data_that_are_no_counts_are_refused_wherever_they_stand(bad):
    X = counts()
    X[17, 1] = bad
    X[18, 1] = 1e3
    with pytest.raises(ValueError, match="expected counts, whole numbers from 0"):
        VAE(latent_dim=1, likelihood="poisson").fit(X)


@pytest.mark.parametrize("b", [0, -1, math.nan, "a", 1e200])
def test_a_b_that_is_no_width_is_refused(b):
    with pytest.raises(ValueError, match="b is .*, expected a positive finite"):
        LaplaceLikelihood(b)


def test_data_whose_sum_over_b_would_overflow_are_refused():
    LaplaceLikelihood(0.01).check(np.full((1, 1), -0.9e148))
    with pytest.raises(ValueError, match="data has values up to 1.1e.148, expected at most 1e.148 with b = 0.01"):
        LaplaceLikelihood(0.01).check(np.full((1, 1), -1.1e148))


@both
@pytest.mark.parametrize("solver", [AmortizedVI, VariationalEM, SharedQ])
def test_every_solver_raises_the_elbo_below_the_evidence(kind, solver):
    model = mlp_model(1, [4], 3, kind(), rng=np.random.default_rng(0))
    X = model.decoder(np.random.default_rng(5).normal(size=(60, 1)))[0]
    X = np.random.default_rng(6).poisson(4 * np.exp(X)).astype(float)
    first, last = (solver(model, sweeps=n, batch_size=20, learning_rate=1e-2, noise=npvae.GaussHermite(8)).fit(X)
                   for n in (1, 15))
    elbo = last.elbo(X)
    assert elbo.mean() > first.elbo(X).mean()
    assert (elbo <= npvae.log_marginal(last.model, X, 1e-2) + 2e-2).all()


@pytest.mark.parametrize("likelihood", ["poisson", "laplace"])
def test_a_vae_takes_the_likelihood_by_name_and_comes_back_from_its_file(likelihood, tmp_path):
    X = counts(7)
    vae = VAE(latent_dim=1, hidden=(4,), sweeps=3, likelihood=likelihood, progress=False).fit(X)
    vae.save(tmp_path / "vae.npz")
    np.testing.assert_array_equal(VAE.load(tmp_path / "vae.npz").elbo(X), vae.elbo(X))
    assert vae.sample(2).shape == (2, 3)
    with pytest.raises(ValueError, match="needs likelihood='gaussian'"):
        vae.cost(X)
    with pytest.raises(ValueError, match=f"a {likelihood.title()} likelihood has no sigma_g"):
        VAE(likelihood=likelihood, sigma_g=0.1).fit(X)


def test_the_absolute_error_minds_an_outlier_less_than_the_squared_one():
    X = np.concatenate([np.zeros((99, 1)), [[1000.0]]]) + np.random.default_rng(0).normal(size=(100, 1))
    ends = [AmortizedVI(npvae.LatentVariableModel(npvae.Gaussian(1), npvae.mlp([1, 1]), kind), sweeps=200,
                        learning_rate=3e-2, noise=npvae.GaussHermite(5)).fit(X).elbo(X[:99]).mean()
            for kind in (LaplaceLikelihood(), npvae.GaussianLikelihood())]
    assert ends[0] > ends[1] + 0.5
