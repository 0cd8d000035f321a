"""Exactness is declared: a subclass with another prior, KL, nodes or layer does not get its parent's closed form."""

import importlib.util
import math
from dataclasses import replace

import numpy as np
import pytest

import npvae
from npvae import Categorical, Gaussian, GaussianLikelihood, LatentVariableModel, chain, mlp
from npvae.declared import declares, has_one_prior, is_affine, is_smooth
from npvae.inference.theta_steps import ExactStep
from npvae.models import categorical_latent, gaussian_latent
from npvae.models.affine import is_affine_gaussian
from npvae.models.exact import exact_method
from npvae.nn import Affine, lay_out, layers


class Wide(Gaussian):
    """Prior N(0, 4I)."""

    def log_prior(self, z):
        return -0.5 * (z * z).sum(-1) / 4 - self.dim * (math.log(2) + 0.5 * math.log(2 * math.pi))

    def kl(self, q):
        mu, log_sigma = q[:, : self.dim], q[:, self.dim:]
        sigma2 = np.exp(2 * log_sigma)
        kl = (0.5 * (sigma2 + mu * mu) / 4 - log_sigma + math.log(2) - 0.5).sum(1)
        return kl, lambda dkl: np.concatenate([mu / 4, sigma2 / 4 - 1], axis=1) * dkl[:, None]

    def sample_prior(self, n, rng):
        return 2 * super().sample_prior(n, rng)


def truth(K, W, b, sigma_g, X, prior_variance=4.0):
    # log N(x; b, s² WᵀW + σ² I)
    C = prior_variance * W.T @ W + sigma_g**2 * np.eye(len(b))
    e = X - b
    return -0.5 * (np.einsum("bi,ij,bj->b", e, np.linalg.inv(C), e) + np.linalg.slogdet(2 * np.pi * C)[1])


@pytest.fixture
def wide():
    model = LatentVariableModel(Wide(2), mlp([2, 5]), GaussianLikelihood(0.5))
    return model, model.sample(3, np.random.default_rng(0))[0]


def test_another_prior_is_integrated_with_its_own_log_prior(wide):
    model, X = wide
    layer = model.decoder.layers[0]
    expected = truth(2, layer.W, layer.b, 0.5, X)
    assert npvae.gradcheck(model.latent, np.random.default_rng(1).normal(size=(3, 4)),
                           call=lambda f, q: f.kl(q)).passed
    value, error = npvae.log_marginal(model, X, return_error=True)
    np.testing.assert_allclose(value, expected, rtol=0, atol=1e-6)
    assert (error <= 1e-6).all()
    # the best diagonal rows are found by climbing, and stay below
    best = npvae.argmax_q(model, None, X)
    bound = npvae.evaluate(model, best, X)
    P = np.eye(2) / 4 + layer.W @ layer.W.T / 0.25
    gap = 0.5 * (np.log(np.diag(P)).sum() - np.linalg.slogdet(P)[1])
    np.testing.assert_allclose(expected - bound, gap, rtol=0, atol=1e-4)


def test_the_posterior_under_another_prior_is_its_own(wide):
    model, X = wide
    layer = model.decoder.layers[0]
    P = np.eye(2) / 4 + layer.W @ layer.W.T / 0.25
    found = npvae.exact_posterior(model, X)
    np.testing.assert_allclose(found.mean, (X - layer.b) @ layer.W.T / 0.25 @ np.linalg.inv(P), rtol=0, atol=1e-5)
    np.testing.assert_allclose(found.covariance, np.broadcast_to(np.linalg.inv(P), (3, 2, 2)), rtol=0, atol=1e-5)


def test_a_prior_far_from_zero_and_a_nonlinear_decoder():
    class Far(Gaussian):
        def log_prior(self, z):
            return super().log_prior(z - 30)

        def kl(self, q):
            return super().kl(q - np.array([30.0, 0.0]))

        def sample_prior(self, n, rng):
            return super().sample_prior(n, rng) + 30

    model = LatentVariableModel(Far(1), chain(Affine(np.ones((1, 1)), np.full(1, -30.0)), mlp([1, 8, 2])),
                                GaussianLikelihood(0.3))
    near = LatentVariableModel(Gaussian(1), mlp([1, 8, 2]), GaussianLikelihood(0.3))
    X = near.sample(20, np.random.default_rng(0))[0]
    np.testing.assert_allclose(npvae.log_marginal(model, X), npvae.log_marginal(near, X), rtol=0, atol=2e-6)


@pytest.mark.parametrize("method", ["kl", "log_prior"])
@pytest.mark.parametrize("base", [Gaussian, Categorical])
def test_half_a_prior_is_refused(base, method):
    half = type("Half", (base,), {method: getattr(base, method)})(2)
    model, X = LatentVariableModel(half, mlp([2, 3]), GaussianLikelihood(0.5)), np.zeros((2, 3))
    q = np.zeros((2, half.row_size))
    for asked in (lambda: npvae.log_marginal(model, X), lambda: npvae.evaluate(model, q, X),
                  lambda: npvae.gap_decomposition(model, q, X)):
        with pytest.raises(ValueError, match="Half replaces one of log_prior, kl and sample_prior"):
            asked()
    said = type("Said", (base,), {method: getattr(base, method), "closed_forms": base.closed_forms})(2)
    model = LatentVariableModel(said, mlp([2, 3]), GaussianLikelihood(0.5))
    assert exact_method(model) == ("closed form" if base is Gaussian else "enumeration")


def test_an_instance_that_has_a_method_of_its_own_loses_its_closed_form():
    latent = Gaussian(2)
    assert declares(latent, "standard normal prior") and has_one_prior(latent)
    latent.kl = Wide(2).kl
    assert not declares(latent, "standard normal prior") and not has_one_prior(latent)
    latent.log_prior, latent.sample_prior = Wide(2).log_prior, Wide(2).sample_prior
    model = LatentVariableModel(latent, mlp([2, 5]), GaussianLikelihood(0.5))
    assert has_one_prior(latent) and exact_method(model) == "plain grid"


def test_draws_of_another_prior_under_the_old_density_are_refused():
    class Elsewhere(Gaussian):
        def sample_prior(self, n, rng):
            return 2 * super().sample_prior(n, rng)

    with pytest.raises(ValueError, match="replaces one of log_prior, kl and sample_prior"):
        npvae.log_marginal(LatentVariableModel(Elsewhere(1), mlp([1, 2]), GaussianLikelihood(1.0)), np.zeros((1, 2)))


def test_what_is_no_density_is_said():
    class Half(Gaussian):
        def log_prior(self, z):
            return super().log_prior(z) - math.log(2)

        def kl(self, q):
            return super().kl(q)

    with pytest.raises(ValueError, match=r"exp\(log_prior\) of .* has the integral 0.5"):
        npvae.log_marginal(LatentVariableModel(Half(1), mlp([1, 2]), GaussianLikelihood(1.0)), np.zeros((1, 2)))


class Heavy(GaussianLikelihood):
    """Twice the deviation, in `log_prob` only: the table is still the parent's."""

    def log_prob(self, x, g):
        value, back = super().log_prob(x / 2, g / 2)
        return value - x.shape[1] * math.log(2), lambda d: back(d) / 2


@pytest.mark.parametrize("latent", [Gaussian(2), Gaussian(1), Categorical(3)])
def test_a_likelihood_of_ones_own_is_asked_by_log_prob(latent):
    own = LatentVariableModel(latent, mlp([latent.dim, 4]), Heavy(0.5))
    plain = LatentVariableModel(latent, mlp([latent.dim, 4]), GaussianLikelihood(1.0))
    X = plain.sample(6, np.random.default_rng(0))[0]
    assert not is_affine_gaussian(own)
    np.testing.assert_allclose(npvae.log_marginal(own, X), npvae.log_marginal(plain, X), rtol=0, atol=1e-6)
    with pytest.raises(ValueError, match="no exact M-step"):
        ExactStep(own)


def test_a_model_of_ones_own_keeps_its_log_likelihood_through_copies():
    class Halved(LatentVariableModel):
        def log_likelihood(self, x, z):
            value, back = super().log_likelihood(x, z)
            return 0.5 * value, lambda d: back(0.5 * d)

    model = Halved(Gaussian(1), mlp([1, 2]), GaussianLikelihood(0.5))
    X, q = np.ones((3, 2)), np.zeros((3, 2))
    assert type(model.copy()) is Halved and not is_affine_gaussian(model)
    z, w = np.polynomial.hermite_e.hermegauss(60)
    expected = [np.log(w / w.sum() @ np.exp(model.log_likelihood(x[None], z[:, None, None])[0])) for x in X]
    np.testing.assert_allclose(npvae.log_marginal(model, X), np.ravel(expected), rtol=0, atol=1e-6)
    assert (npvae.evaluate(model, npvae.argmax_q(model, q, X), X) < npvae.log_marginal(model, X)).all()


def test_a_layer_that_overrides_its_call_is_affine_no_longer():
    class Bent(Affine):
        def __call__(self, x):
            y, back = super().__call__(x)
            return np.tanh(y), lambda dy: back(dy * (1 - np.tanh(y) ** 2))

    class Same(Bent):
        affine = True

    W, b = np.eye(2), np.zeros(2)
    assert is_affine(Affine(W, b)) and is_affine(chain(Affine(W, b), Affine(W, b)))
    assert not is_affine(Bent(W, b)) and not is_affine(chain(Affine(W, b), Bent(W, b))) and is_affine(Same(W, b))
    bent = LatentVariableModel(Gaussian(2), Bent(W, b), GaussianLikelihood(0.5))
    assert exact_method(bent) != "closed form"
    parameters = lay_out({"theta": bent})
    with pytest.raises(ValueError, match="no exact M-step.*Bent replaces __call__ and does not say that it is affine"):
        ExactStep(bent.on(parameters, "theta."))
    with pytest.raises(ValueError, match="Bent replaces __call__"):
        npvae.VariationalEM(bent, exact_m_step=True).fit(np.ones((5, 2)))
    # what it says has to be true of its own W and b
    with pytest.raises(ValueError, match=r"Same says that it is affine, but its output is not z W \+ b of its own"):
        ExactStep(replace(bent, decoder=Same(W, b)))


def test_a_chain_that_overrides_its_call_keeps_it_when_laid_out():
    class Doubled(type(chain(npvae.tanh))):
        def __call__(self, x):
            y, back = super().__call__(x)
            return 2 * y, lambda dy: back(2 * dy)

    network = Doubled((Affine(np.eye(2), np.zeros(2)),))
    assert not is_affine(network)
    x = np.ones((1, 2))
    np.testing.assert_array_equal(network.on(lay_out({"n": network}), "n.")(x)[0], network(x)[0])


def test_an_affine_layer_of_ones_own_may_say_so():
    class Shift:
        affine = smooth = True

        def __call__(self, x):
            return 3 * x + 1, lambda dy: 3 * dy

    def lazy(x):
        return x + 0.0, lambda dy: dy

    model = LatentVariableModel(Gaussian(2), chain(*mlp([2, 4]).layers, Shift()), GaussianLikelihood(0.5))
    assert exact_method(model) == "closed form" and is_smooth(model.decoder)
    layer = model.decoder.layers[0]
    X = model.sample(4, np.random.default_rng(0))[0]
    expected = truth(2, 3 * layer.W, 3 * layer.b + 1, 0.5, X, 1.0)
    np.testing.assert_allclose(npvae.log_marginal(model, X), expected, rtol=0, atol=1e-9)
    assert not is_affine(chain(*mlp([2, 4]).layers, lazy)) and not is_smooth(lazy)


@pytest.mark.parametrize("activation, smooth", [(npvae.tanh, True), (npvae.sigmoid, True), (npvae.softplus, True),
                                                (npvae.gelu, True), (npvae.leaky_relu, False),
                                                (npvae.relu, False), (lambda x: npvae.tanh(x), False)])
def test_activations_say_whether_they_are_smooth(activation, smooth):
    assert is_smooth(mlp([2, 3, 4], activation)) is smooth


def test_nodes_of_ones_own_are_not_taken_for_mu_plus_sigma_eps():
    class Shrunk(Gaussian):
        def nodes(self, q, noise):
            z, w, back = super().nodes(q, noise)
            return z / 2, w, lambda dz, dw: back(dz / 2, dw)

    latent, q = Shrunk(1), np.zeros((1, 2))
    model = LatentVariableModel(latent, mlp([1, 2]), GaussianLikelihood(0.5))
    assert not is_affine_gaussian(model)
    with pytest.raises(ValueError, match="no score is known"):
        npvae.score_function(latent, q, lambda z: (z[..., 0], None), np.zeros((2, 1, 1)))


def test_a_gradient_that_needs_the_standard_normal_prior_is_refused_without_it(wide):
    model, X = wide
    draw = npvae.MonteCarlo(2)(np.random.default_rng(0), 3, 2)
    with pytest.raises(ValueError, match="Wide has a prior of its own"):
        npvae.sticking_the_landing(model, np.zeros((3, 4)), X, draw)


def reloaded(module):
    # what %autoreload does to a module: the same source run again, every class replaced
    spec = importlib.util.spec_from_file_location(f"{module.__name__}_anew", module.__file__)
    anew = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(anew)
    return anew


def test_parts_of_a_module_that_was_loaded_anew_keep_what_they_have_said():
    X, decoder, likelihood = np.random.default_rng(0).normal(size=(4, 2)), mlp([3, 2]), GaussianLikelihood(0.5)
    for old, module in ((Categorical, categorical_latent), (Gaussian, gaussian_latent)):
        new = getattr(reloaded(module), old.__name__)
        assert new is not old
        was, now = (LatentVariableModel(family(3), decoder, likelihood) for family in (old, new))
        assert exact_method(was) == exact_method(now)
        np.testing.assert_array_equal(npvae.log_marginal(now, X), npvae.log_marginal(was, X))
        np.testing.assert_array_equal(npvae.argmax_q(now, None, X), npvae.argmax_q(was, None, X))
        fits = [npvae.VariationalEM(model, sweeps=2, batch_size=4).fit(X).elbo(X) for model in (was, now)]
        np.testing.assert_array_equal(*fits)


def test_a_network_of_layers_that_were_loaded_anew_starts_at_the_data_too():
    X, anew = np.random.default_rng(0).normal(50, 1, (40, 2)), reloaded(layers)
    for sizes in ([1, 3, 2], [1, 2]):
        was, now = (LatentVariableModel(Gaussian(1), made(sizes), GaussianLikelihood()) for made in (mlp, anew.mlp))
        for solver in (npvae.AmortizedVI, npvae.VariationalEM, npvae.SharedQ):
            np.testing.assert_array_equal(*(solver(model, sweeps=2).fit(X).elbo(X) for model in (was, now)))
            # given weights stay as they are, which this far from the data are no good start
            assert solver(now.given(), sweeps=1).fit(X).elbo(X).mean() < solver(now, sweeps=1).fit(X).elbo(X).mean()
    means = (LatentVariableModel(Categorical(2), made([2, 2]), GaussianLikelihood()) for made in (mlp, anew.mlp))
    np.testing.assert_array_equal(*(npvae.VariationalEM(model, sweeps=2, exact_m_step=True).fit(X).elbo(X)
                                    for model in means))


def test_a_latent_family_brings_its_own_starting_rows():
    class Started(Gaussian):
        def starting_rows(self, log_joint, batch, rng):
            return np.tile([2.0, -3.0], (batch, 1))

    model = LatentVariableModel(Started(1), mlp([1, 4, 2]), GaussianLikelihood(0.5))
    X = np.zeros((3, 2))
    np.testing.assert_array_equal(npvae.argmax_q(model, None, X, tolerance=1e9), np.tile([2.0, -3.0], (3, 1)))


def test_log_q_is_that_of_q_whatever_the_prior_of_a_subclass():
    class Wide(npvae.Gaussian):
        def log_prior(self, z):
            return -0.5 * ((z / 2) ** 2 + np.log(8 * np.pi)).sum(-1)

    q, z = np.array([[0.3, -0.2, 0.1, -0.4]]), np.random.default_rng(0).normal(size=(5, 1, 2))
    np.testing.assert_array_equal(Wide(2).log_q(q, z), npvae.Gaussian(2).log_q(q, z))
