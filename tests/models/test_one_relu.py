"""log p(x) of a decoder with one hidden ReLU: two pieces, each a Gaussian integral over a half-line, in closed form."""

import math

import numpy as np
import pytest

from npvae import log_marginal
from npvae.models import Gaussian, GaussianLikelihood, LatentVariableModel
from npvae.nn import Affine, chain, relu


def affine(W, b):
    W, b = np.array(W, float), np.array(b, float)
    return Affine(W, b, np.zeros_like(W), np.zeros_like(b))


def log_normal_cdf(t):
    if t > -30:
        return math.log(0.5 * math.erfc(-t / math.sqrt(2)))
    tail = 1 - 1 / t**2 * (1 - 3 / t**2 * (1 - 5 / t**2 * (1 - 7 / t**2)))
    return -0.5 * t**2 - math.log(-t * math.sqrt(2 * math.pi)) + math.log(tail)


def half_line(r, s, sigma, end, side):
    """log ∫ N(r; s z, σ² I) N(z; 0, 1) dz over side · (z − end) > 0, for vectors r and s (D,)."""
    s2, D = float(s @ s), len(r)
    along = float(r @ s) / math.sqrt(s2) if s2 else 0.0
    across = r - along * s / math.sqrt(s2) if s2 else r
    precision = 1 + s2 / sigma**2
    mean = along * math.sqrt(s2) / (sigma**2 + s2)
    square = float(across @ across) / sigma**2 + along**2 / (sigma**2 + s2)
    whole = -0.5 * square - D * math.log(math.sqrt(2 * math.pi) * sigma) - 0.5 * math.log(precision)
    return whole + log_normal_cdf(side * (mean - end) * math.sqrt(precision))


def case(seed):
    """A model x = c + v relu(a z + b) + noise, a row that is likely or not, and its log p(x)."""
    rng = np.random.default_rng(seed)
    D, sigma, a = rng.integers(1, 4), 10 ** rng.uniform(-3, 0), 10 ** rng.uniform(-1, 3) * rng.choice([-1, 1])
    b, c = -a * rng.normal(), rng.normal(size=D)
    v = rng.normal(size=D) / (abs(a) if rng.random() < 0.5 else 1.0)
    x = c + v * max(a * rng.normal() + b, 0) + sigma * rng.normal(size=D) * rng.choice([1, 5])
    # z < −b/a is dead for a > 0
    side = math.copysign(1, a)
    value = np.logaddexp(half_line(x - c, np.zeros(D), sigma, -b / a, -side),
                         half_line(x - c - v * b, v * a, sigma, -b / a, side))
    decoder = chain(affine([[a]], [b]), relu, affine([v], c))
    return LatentVariableModel(Gaussian(1), decoder, GaussianLikelihood(sigma)), x[None], float(value)


def judge(seeds, tolerance):
    """The seeds that are refused, of those given; what is answered must be right."""
    refused = []
    for seed in seeds:
        model, X, expected = case(seed)
        try:
            value, error = log_marginal(model, X, tolerance, return_error=True)
        except ValueError as refusal:
            assert "the grid would need" in str(refusal)
            refused.append(seed)
            continue
        # what float64 rounds is part of the error, and beyond the tolerance for a row far from all data
        rounding = 8 * np.finfo(float).eps * abs(expected)
        assert abs(value[0] - expected) <= error[0] + rounding, (seed, value, error, expected)
        assert error[0] <= tolerance + 2 * rounding, (seed, error)
    return refused


@pytest.mark.parametrize("tolerance", [1e-6, 1e-3, 1e-2])
def test_one_relu_is_its_closed_form(tolerance):
    assert judge(range(50), tolerance) == []


def test_the_closed_form_is_a_fine_sum():
    model, X, expected = case(7)
    z = np.linspace(-10, 10, 2_000_001)
    log_p = model.log_likelihood(X, z[:, None, None])[0][:, 0] - 0.5 * z**2 - 0.5 * math.log(2 * math.pi)
    p = np.exp(log_p - log_p.max()).sum() * (z[1] - z[0])
    assert math.log(p) + log_p.max() == pytest.approx(expected, abs=1e-5)
