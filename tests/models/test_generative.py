"""The generative model: gradients for every product of parts, ancestral samples, copies, and what it refuses."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numeric import relative
from numeric_models import agree

from npvae.models import (
    BernoulliLikelihood,
    Categorical,
    Cubature,
    Gaussian,
    GaussianLikelihood,
    LatentVariableModel,
    mixture_of_gaussians,
    mlp_model,
    probabilistic_pca,
)
from npvae.nn import Affine, chain, lay_out, mlp, relu, softplus, tanh

D = 3
LATENTS = [Gaussian(2), Categorical(2), Categorical(2, [0.3, 0.7], learn_weights=False)]
DECODERS = [Affine.random(2, D, np.random.default_rng(0)), mlp([2, D]), mlp([2, 4, D]), mlp([2, 4, D], softplus),
            mlp([2, 6, D], relu)]
LIKELIHOODS = [GaussianLikelihood(), GaussianLikelihood(0.5), BernoulliLikelihood()]
PRODUCTS = [LatentVariableModel(*parts) for parts in itertools.product(LATENTS, DECODERS, LIKELIHOODS)]
products = pytest.mark.parametrize("model", PRODUCTS, ids=lambda m: f"{m.latent}-{m.decoder}-{m.likelihood}")


def on_own_parameters(model, dtype=np.float64, **keywords):
    parameters = lay_out({"theta": model}, dtype)
    return model.on(parameters, "theta.", **keywords), parameters


def some_nodes(rng, *shape):
    """Both signs, away from 0."""
    return rng.choice([-1.0, 1.0], shape) * rng.uniform(0.2, 1.5, shape)


@pytest.mark.parametrize("rows", [4, 1], ids=["z (S, B, K)", "z (S, 1, K)"])
@products
def test_gradients_of_log_likelihood_for_all_of_theta_and_z(model, rows):
    rng = np.random.default_rng(1)
    x, z, dvalue = rng.random((4, D)), some_nodes(rng, 3, rows, 2), rng.normal(size=(3, 4))
    first = getattr(model.decoder, "layers", [model.decoder])[0]
    assert np.abs(first(z.reshape(-1, 2))[0]).min() > 1e-4       # off the kink, if there is one
    (own, parameters), (twin, twin_parameters) = on_own_parameters(model), on_own_parameters(model, complex)
    twin_z = z.astype(complex)
    value, back = own.log_likelihood(x, z)
    dz = back(dvalue)
    assert value.shape == (3, 4) and dz.shape == z.shape
    for array, twin_array, gradient in [(z, twin_z, dz), (parameters.value, twin_parameters.value, parameters.grad)]:
        agree(lambda: (dvalue * own.log_likelihood(x, z)[0]).sum(), array,
              lambda: (dvalue * twin.log_likelihood(x, twin_z)[0]).sum(), twin_array, gradient)


@products
def test_log_likelihood_is_the_likelihood_of_the_decoders_output_node_by_node(model):
    rng = np.random.default_rng(2)
    x, z = rng.random((4, D)), rng.normal(size=(3, 4, 2))
    value = model.log_likelihood(x, z)[0]
    for s, b in np.ndindex(3, 4):
        g = model.decoder(z[s, b:b + 1])[0]
        assert value[s, b] == pytest.approx(model.likelihood.log_prob(x[b:b + 1], g[None])[0][0, 0], rel=1e-12)


@products
def test_shared_nodes_mean_the_same_as_their_repetition(model):
    rng = np.random.default_rng(3)
    x, z = rng.random((4, D)), rng.normal(size=(3, 1, 2))
    results = []
    for nodes in (z, np.repeat(z, 4, axis=1)):
        own, parameters = on_own_parameters(model)
        value, back = own.log_likelihood(x, nodes)
        dz = back(np.cos(np.arange(12.0)).reshape(3, 4))
        results.append((value, dz.sum(1), parameters.grad))
    for one, repeated in zip(*results, strict=True):
        np.testing.assert_allclose(one, repeated, rtol=1e-10, atol=1e-12)


@given(st.integers(0, len(PRODUCTS) - 1), st.permutations(range(5)), st.integers(0, 10**6))
def test_a_batch_is_the_sum_of_its_rows_in_any_order(which, order, seed):
    rng = np.random.default_rng(seed)
    own, parameters = on_own_parameters(PRODUCTS[which])
    x, z, dvalue = rng.random((5, D)), rng.normal(size=(2, 5, 2)), rng.normal(size=(2, 5))
    value, back = own.log_likelihood(x, z)
    dz, grad = back(dvalue), parameters.grad.copy()
    total = np.zeros_like(grad)
    for b in order:
        value_b, back_b = own.log_likelihood(x[[b]], z[:, [b]])
        np.testing.assert_allclose(value_b, value[:, [b]], rtol=1e-11, atol=1e-12)
        np.testing.assert_allclose(back_b(dvalue[:, [b]]), dz[:, [b]], rtol=1e-10, atol=1e-12)
        total += parameters.grad
    np.testing.assert_allclose(total, grad, rtol=1e-10, atol=1e-12)


@products
def test_the_parameters_are_named_by_their_part(model):
    own, parameters = on_own_parameters(model)
    assert {name.split(".")[1] for name in parameters.names} <= {"latent", "decoder", "likelihood"}
    assert ("theta.latent.logits" in parameters.names) is getattr(model.latent, "learn_weights", False)
    assert ("theta.likelihood.log_sigma" in parameters.names) is getattr(model.likelihood, "learn", False)
    for name, array in own.arrays().items():
        assert np.shares_memory(array, parameters["theta." + name])


@products
def test_a_model_held_fixed_gathers_no_gradient_but_passes_dz(model):
    rng = np.random.default_rng(4)
    x, z = rng.random((4, D)), rng.normal(size=(3, 4, 2))
    fixed, parameters = on_own_parameters(model, gradient=False)
    dz = fixed.log_likelihood(x, z)[1](np.ones((3, 4)))
    fixed.latent.kl(rng.normal(size=(4, model.latent.row_size)))[1](np.ones(4))
    assert not parameters.grad.any()
    np.testing.assert_array_equal(dz, model.copy().log_likelihood(x, z)[1](np.ones((3, 4))))


# samples

def within(estimate, exact, error):
    return (np.abs(estimate - exact) < 6 * error).all()


def test_samples_of_probabilistic_pca_have_covariance_wtw_plus_sigma2():
    n = 60_000
    model = probabilistic_pca(2, D, sigma_g=0.5, rng=np.random.default_rng(0))
    W, b = model.decoder.layers[0].W, model.decoder.layers[0].b
    x, z = model.sample(n, np.random.default_rng(1))
    C = W.T @ W + 0.25 * np.eye(D)
    assert within(x.mean(0), b, np.sqrt(np.diag(C) / n))
    # Var of a sample covariance of normals: (C_ii C_jj + C_ij²) / n
    assert within(np.cov(x.T), C, np.sqrt((np.outer(np.diag(C), np.diag(C)) + C**2) / n))
    residual = x - (z @ W + b)                                  # x and z belong together, and the noise to neither
    assert within(residual.std(0), 0.5, 0.5 / np.sqrt(2 * n)) and within(residual.T @ z / n, 0, 0.5 / np.sqrt(n))


def test_samples_of_a_mixture_have_its_means_weights_and_deviation():
    n, weights = 60_000, np.array([0.2, 0.3, 0.5])
    decoder = mlp([3, D], rng=np.random.default_rng(0))
    means = decoder.layers[0].W + decoder.layers[0].b
    x, z = LatentVariableModel(Categorical(3, weights), decoder, GaussianLikelihood(0.2)).sample(
        n, np.random.default_rng(1))
    assert within(z.mean(0), weights, np.sqrt(weights * (1 - weights) / n))
    for k in range(3):
        mine = x[z[:, k] == 1]
        assert within(mine.mean(0), means[k], 0.2 / np.sqrt(len(mine)))
        assert within(mine.std(0), 0.2, 0.2 / np.sqrt(2 * len(mine)))


def test_samples_of_a_bernoulli_mixture_are_bits_with_its_means():
    n = 40_000
    model = LatentVariableModel(Categorical(2), mlp([2, D], rng=np.random.default_rng(0)), BernoulliLikelihood())
    x, z = model.sample(n, np.random.default_rng(1))
    for k in range(2):
        p, mine = model.decode(np.eye(2)[[k]])[0], x[z[:, k] == 1]
        assert within(mine.mean(0), p, np.sqrt(p * (1 - p) / len(mine)))


@products
def test_the_same_seed_draws_the_same_sample(model):
    one, two = (model.sample(5, np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(one[0], two[0])
    np.testing.assert_array_equal(one[1], two[1])
    assert one[0].shape == (5, D) and one[1].shape == (5, 2)


# decode, copy, started

@products
def test_decode_is_the_mean_of_x(model):
    z = np.random.default_rng(0).normal(size=(4, 2))
    g = model.decoder(z)[0]
    expected = 1 / (1 + np.exp(-g)) if isinstance(model.likelihood, BernoulliLikelihood) else g
    np.testing.assert_allclose(model.decode(z), expected, rtol=1e-13)
    assert model.data_dim == D


@products
def test_a_copy_shares_nothing_and_says_the_same(model):
    rng = np.random.default_rng(5)
    x, z, q = rng.random((4, D)), rng.normal(size=(3, 4, 2)), rng.normal(size=(4, model.latent.row_size))
    copy = model.copy()
    np.testing.assert_array_equal(copy.log_likelihood(x, z)[0], model.log_likelihood(x, z)[0])
    before = {name: a.copy() for name, a in model.arrays().items()}
    gradients = model.decoder.layers[0].dW.copy() if hasattr(model.decoder, "layers") else None
    for name, array in copy.arrays().items():
        np.testing.assert_array_equal(array, before[name])
        array[...] += 1
    copy.log_likelihood(x, z)[1](np.ones((3, 4)))
    copy.latent.kl(q)[1](np.ones(4))
    for name, array in model.arrays().items():
        np.testing.assert_array_equal(array, before[name])
    if gradients is not None:
        np.testing.assert_array_equal(model.decoder.layers[0].dW, gradients)


@products
def test_float32_stays_float32_and_agrees_with_float64(model):
    rng, results = np.random.default_rng(6), []
    x, z, dvalue = rng.random((4, D)), rng.normal(size=(3, 4, 2)), rng.normal(size=(3, 4))
    for dtype in (np.float32, np.float64):
        own, parameters = on_own_parameters(model, dtype)
        value, back = own.log_likelihood(x.astype(dtype), z.astype(dtype))
        results.append((value, back(dvalue.astype(dtype)), parameters.grad))
        assert {a.dtype for a in results[-1]} == {np.dtype(dtype)}
        assert own.decode(z[0].astype(dtype)).dtype == model.copy(dtype).decode(z[0].astype(dtype)).dtype == dtype
    for single, double in zip(*results, strict=True):
        assert relative(single, double) < 1e-5


def test_a_model_of_given_weights_starts_its_sigma_g_at_the_data_and_nothing_else():
    x = 3 * np.random.default_rng(0).normal(size=(40, D))
    model = mlp_model(2, [4], D).given()
    started = model.started(x)
    assert started.likelihood.sigma_g == pytest.approx(np.sqrt(x.var(0).mean()), rel=1e-12)
    assert started.decoder is model.decoder and started.latent is model.latent


# recipes and refusals

def test_the_recipes_are_the_products_they_are_named_for():
    mixture, pca, deep = mixture_of_gaussians(3, D), probabilistic_pca(2, D, 0.1), mlp_model(2, [4, 5], D)
    assert [repr(m.latent) for m in (mixture, pca, deep)] == ["Categorical(3)", "Gaussian(2)", "Gaussian(2)"]
    assert repr(mixture.decoder) == "chain(Affine(3, 3))" and repr(pca.decoder) == "chain(Affine(2, 3))"
    assert repr(deep.decoder) == "chain(Affine(2, 4), tanh, Affine(4, 5), tanh, Affine(5, 3))"
    assert pca.likelihood.sigma_g == pytest.approx(0.1) and not pca.likelihood.learn and mixture.likelihood.learn
    bernoulli = BernoulliLikelihood()
    assert mlp_model(2, [4], D, bernoulli, relu).likelihood is bernoulli
    assert repr(mlp_model(2, [4], D, bernoulli, relu).decoder) == "chain(Affine(2, 4), relu, Affine(4, 3))"


def test_a_mixture_can_start_at_means_that_are_given():
    means = np.array([[0.0, 1.0], [2.0, -3.0], [5.0, 5.0]])
    np.testing.assert_allclose(mixture_of_gaussians(3, 2, means=means).decode(np.eye(3)), means, rtol=1e-14, atol=1e-15)
    with pytest.raises(ValueError, match=r"means has shape \(2, 3\), expected \(3, 2\)"):
        mixture_of_gaussians(3, 2, means=means.T[:2])


@products
def test_a_copy_without_gradient_is_held_fixed(model):
    fixed = model.copy(gradient=False)
    assert all(getattr(layer, "dW", None) is None for layer in getattr(fixed.decoder, "layers", [fixed.decoder]))
    assert getattr(fixed.likelihood, "dlog_sigma", None) is getattr(fixed.latent, "dlogits", None) is None


@pytest.mark.parametrize("recipe", [lambda rng: mixture_of_gaussians(3, D, rng=rng),
                                    lambda rng: probabilistic_pca(3, D, rng=rng),
                                    lambda rng: mlp_model(3, [4], D, rng=rng)], ids=["mixture", "pca", "mlp"])
def test_a_recipe_draws_from_the_generator_it_is_given(recipe):
    weights = [recipe(np.random.default_rng(seed)).decoder.layers[0].W for seed in (0, 0, 1)]
    np.testing.assert_array_equal(weights[0], weights[1])
    assert not np.array_equal(weights[0], weights[2])


@pytest.mark.parametrize("decoder", [mlp([3, 4]), Affine.random(5, 4, np.random.default_rng(0)),
                                     chain(tanh, mlp([1, 4]))], ids=repr)
@pytest.mark.parametrize("latent", [Gaussian(2), Categorical(2)], ids=repr)
def test_a_decoder_of_the_wrong_width_is_refused(latent, decoder):
    with pytest.raises(ValueError, match=r"does not take the 2 numbers of \w+\(2\): give it 2 inputs"):
        LatentVariableModel(latent, decoder, GaussianLikelihood())


def test_a_decoder_that_is_no_network_or_has_no_gradient_for_z_is_refused():
    with pytest.raises(ValueError, match=r"expected a network with arrays\(\) and on\(\)"):
        LatentVariableModel(Gaussian(2), lambda z: (z, lambda dz: dz), GaussianLikelihood(1.0))
    with pytest.raises(ValueError, match="built with input_gradient=False.*flows through its input"):
        LatentVariableModel(Gaussian(2), mlp([2, 3], input_gradient=False), GaussianLikelihood(1.0))
    # the weights' gradient of a Categorical latent needs none
    LatentVariableModel(Categorical(2), mlp([2, 3], input_gradient=False), GaussianLikelihood(1.0))


def test_a_gaussian_latent_asks_for_its_noise():
    with pytest.raises(ValueError, match="needs noise, e.g. MonteCarlo"):
        Gaussian(2).nodes(np.zeros((1, 4)), None)


@pytest.mark.parametrize("dtype", [np.float32, complex])
@products
def test_a_copy_computes_in_its_dtype_also_with_what_is_not_learned(model, dtype):
    model, rng = model.copy(dtype), np.random.default_rng(5)
    x, q = rng.random((4, D)).astype(dtype), rng.normal(size=(4, model.latent.row_size)).astype(dtype)
    noise = Cubature()(None, 4, 2, np.float32)
    z, w, back_nodes = model.latent.nodes(q, noise)
    value, back = model.log_likelihood(x, z)
    kl, back_kl = model.latent.kl(q)
    dvalue = np.ones_like(value)
    dz = back(dvalue)
    for result in (z, value, dz, back_nodes(dz, dvalue), kl, back_kl(np.ones_like(kl))):
        assert result.dtype == dtype
