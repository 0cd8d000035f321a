"""8. Finite differences: what each method can see, on a VAE with 211 parameters and frozen ε; slopes of activations."""

import math
from collections.abc import Iterator

import numpy as np

from npvae.differences import central, complex_step, five_point, forward, richardson
from npvae.inference import Amortized, elbo
from npvae.lab.claims.claim import Claim
from npvae.models import MonteCarlo, mlp_model
from npvae.nn import lay_out, mlp
from npvae.nn.activations import gelu, leaky_relu

# method, its expected error ‖a − n‖/(‖a‖ + ‖n‖) in ground_truth, order of magnitude
METHODS = {"forward, h = 1e-7": (lambda phi: forward(phi, 1e-7), 1.4e-7),
           "central, h = 1e-5": (lambda phi: central(phi, 1e-5), 1.7e-10),
           "five-point, h = 1e-3": (lambda phi: five_point(phi, 1e-3), 1.7e-11),
           "Richardson, 4 levels from h = 0.03": (lambda phi: richardson(phi, 0.03, levels=4)[0], 6e-13),
           "complex step, h = 1e-30": (complex_step, 2e-16)}


def claims(quick: bool) -> Iterator[Claim]:
    """The error of each method, beside the figure of the ground truth."""
    value, gradient, size = vae_objective()
    yield Claim("the VAE has 211 parameters", "counted", 211, size, 0.0)
    for name, (method, expected) in METHODS.items():
        numeric = np.array([method(lambda t, j=j: value(j, t)) for j in range(size)])
        error = np.linalg.norm(gradient - numeric) / (np.linalg.norm(gradient) + np.linalg.norm(numeric))
        yield Claim(f"error of {name}", "log₁₀ of ‖a − n‖/(‖a‖ + ‖n‖), at most a decade worse", np.log10(expected),
                    np.log10(np.maximum(error, 1e-17)), 1.0, bound=True)
    yield from slopes()


def slopes() -> Iterator[Claim]:
    """Leaky ReLU's two slopes, GELU beside x Φ(x) and its slope Φ(x) + x φ(x)."""
    x = np.linspace(-6, 6, 1200)        # not at 0
    y, back = leaky_relu(x)
    yield Claim("leaky ReLU: y = x and slope 1 above 0, x/100 and 1/100 below", "greatest deviation", 0.0,
                np.max([abs(y - x * np.where(x > 0, 1, 0.01)), abs(back(np.ones_like(x)) - np.where(x > 0, 1, 0.01))]),
                1e-15)
    cdf = np.array([0.5 * math.erfc(-t / math.sqrt(2)) for t in x])
    y, back = gelu(x)
    yield Claim("GELU is x Φ(x) to 5e-4", "greatest deviation at 1200 x", 5e-4, abs(y - x * cdf).max(), 0.0, bound=True)
    slope = back(np.ones_like(x))
    yield Claim("GELU: slope", "against the complex step, h = 1e-30", 0.0,
                abs(slope - gelu(x + 1e-30j)[0].imag / 1e-30).max(), 1e-14)
    # ∂(x Φ)/∂x = Φ + x φ
    exact = cdf + x * np.exp(-0.5 * x**2) / math.sqrt(2 * math.pi)
    yield Claim("GELU: slope is Φ(x) + x φ(x) to 1e-3", "greatest deviation at 1200 x", 1e-3,
                abs(slope - exact).max(), 0.0, bound=True)


def vae_objective():
    """The mean ELBO of a 6-10-2-10-6 VAE as a function of one parameter's change, and its gradient."""
    rng = np.random.default_rng(0)
    model, encoder, x = mlp_model(2, [10], 6, rng=rng), mlp([6, 10, 4], rng=rng), rng.standard_normal((8, 6))
    noise = MonteCarlo(1)(rng, 8, 2)
    real, complex_ = (lay_out({"theta": model, "phi": encoder}, dtype) for dtype in (np.float64, np.complex128))

    def mean_elbo(at):
        q, back_q = Amortized(encoder.on(at, "phi."))(x)
        value, back = elbo(model.on(at, "theta."), q, x, noise)
        return value.mean(), lambda: back_q(back(np.full(8, 1 / 8)))

    def value(j, t):
        at = complex_ if np.iscomplexobj(t) else real
        kept = at.value[j]
        at.value[j] = kept + t
        result = mean_elbo(at)[0]
        at.value[j] = kept
        return result

    mean_elbo(real)[1]()
    return value, real.grad, len(real.grad)
