"""log p(x) where the decoder is saturated almost everywhere and a posterior has narrow modes: right, or refused."""

import math

import numpy as np
import pytest

from npvae import log_marginal
from npvae.models import Gaussian, GaussianLikelihood, LatentVariableModel, mlp_model
from npvae.nn import Affine, chain, relu, sigmoid, softplus, tanh


def affine(W, b):
    W, b = np.array(W, float), np.array(b, float)
    return Affine(W, b, np.zeros_like(W), np.zeros_like(b))


def curve(rng):
    """Layers of a function of one z with one or two hidden layers: steep, saturated nearly everywhere."""
    activation, units = [relu, tanh, sigmoid, softplus][rng.integers(4)], rng.integers(1, 4)
    slopes = 10 ** rng.uniform(0, 3, units) * rng.choice([-1, 1], units)
    scale = np.abs(slopes) if activation in (relu, softplus) and rng.random() < 0.5 else 1.0
    layers = [affine(slopes[None], -slopes * rng.normal(size=units)), activation]
    if rng.random() < 0.4:
        layers += [affine(rng.normal(size=(units, 2)), rng.normal(size=2)), activation]
        scale, units = 1.0, 2
    return [*layers, affine((rng.normal(size=units) / scale)[:, None], [rng.normal()])]


def truth(layers, x, sigma_g):
    """log ∫ N(x; g(z), σ_g²) N(z; 0, 1) dz by Gauss's rule between many points, close about all kinks and roots."""
    away = np.geomspace(1e-10, 0.5, 250)
    away = np.concatenate([-away, [0], away])
    points = np.linspace(-9, 9, 3001)
    for place in range(0, len(layers) + 1, 2):
        # where a unit's input is 0, or the output is x, x ± 3σ_g
        def inputs(z, place=place):
            y = z[:, None]
            for layer in layers[:place + 1]:
                y = layer(y)[0]
            return y if place < len(layers) - 1 else y - (x + sigma_g * np.array([-3, 0, 3]))
        y = inputs(points)
        special = [np.zeros(0)]
        for unit in range(y.shape[1]):
            i = np.flatnonzero(y[1:, unit] * y[:-1, unit] <= 0)
            low, high = points[i], points[i + 1]
            for _ in range(60):
                middle = (low + high) / 2
                left = inputs(low)[:, unit] * inputs(middle)[:, unit] <= 0
                low, high = np.where(left, low, middle), np.where(left, middle, high)
            special.append(low)
        points = np.unique(np.concatenate([points, (np.concatenate(special)[:, None] + away).ravel()]))
    u, w = np.polynomial.legendre.leggauss(12)
    half = np.diff(points) / 2
    z = points[:-1, None] + half[:, None] * (1 + u)
    g = z.reshape(-1, 1)
    for layer in layers:
        g = layer(g)[0]
    joint = -0.5 * ((x - g.reshape(z.shape)) / sigma_g) ** 2 - 0.5 * z**2 - math.log(2 * math.pi * sigma_g)
    return joint.max() + math.log((np.exp(joint - joint.max()) * w * half[:, None]).sum())


def case(seed, K):
    """A model, a row and its log p(x): for K = 2 the curve, or two curves, along directions that are not the axes'."""
    rng = np.random.default_rng([seed, K])
    sigma_g, layers = 10 ** rng.uniform(-3, 0), curve(rng)
    z = rng.normal(size=(1, 1))
    for layer in layers:
        z = layer(z)[0]
    x = float(z[0, 0]) + sigma_g * rng.normal() * rng.choice([1, 5])
    value = truth(layers, x, sigma_g)
    if K == 2:
        turn = rng.uniform(0, 2 * math.pi)
        first = layers[0]
        layers[0] = affine(np.array([[math.cos(turn)], [math.sin(turn)]]) @ first.W, first.b)
    return LatentVariableModel(Gaussian(K), chain(*layers), GaussianLikelihood(sigma_g)), np.array([[x]]), value


@pytest.mark.parametrize("K, tolerance, seeds, most_refused", [(1, 1e-6, 60, 0), (1, 1e-3, 30, 0), (2, 1e-2, 6, 3)])
def test_no_narrow_mode_is_missed(K, tolerance, seeds, most_refused):
    refused = 0
    for seed in range(seeds):
        model, X, expected = case(seed, K)
        try:
            value, error = log_marginal(model, X, tolerance, return_error=True)
        except ValueError as refusal:
            assert "the grid would need" in str(refusal)
            refused += 1
            continue
        assert error[0] <= tolerance + 1e-9
        assert abs(value[0] - expected) <= error[0] + 1e-9, (seed, value, error, expected)
    assert refused <= most_refused


def test_a_mode_beside_a_dead_relu_is_found():
    model = LatentVariableModel(Gaussian(1), chain(affine([[1]], [-0.898618]), relu, affine([[8.480441]], [0])),
                                GaussianLikelihood(0.00864294))
    for tolerance in (1e-3, 1e-6):
        assert log_marginal(model, np.array([[0.030053]]), tolerance)[0] == pytest.approx(-2.1162553, abs=tolerance)
    plane = LatentVariableModel(Gaussian(2), chain(affine([[1], [0]], [-0.884]), relu, affine([[1.2]], [0])),
                                GaussianLikelihood(0.0051))
    for tolerance in (1e-2, 1e-6):
        assert log_marginal(plane, np.array([[0.0299]]), tolerance)[0] == pytest.approx(-1.5143165, abs=tolerance)


def test_kinks_in_two_dimensions_are_answered_at_the_default_tolerance():
    model = mlp_model(2, [4], 2, GaussianLikelihood(0.3), activation=relu, rng=np.random.default_rng(0))
    X = model.sample(2, np.random.default_rng(1))[0]
    value, error = log_marginal(model, X, return_error=True)
    assert (error <= 1e-6).all()
    side = np.linspace(-8, 8, 3001)
    square = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    g, prior = model.decoder(square)[0], -0.5 * (square**2).sum(1)
    for x, found in zip(X, value, strict=True):
        p = np.exp(prior - ((x - g) ** 2).sum(1) / (2 * 0.3**2)).sum() * (side[1] - side[0]) ** 2
        assert found == pytest.approx(math.log(p) - 2 * math.log(2 * math.pi * 0.3), abs=2e-5)
