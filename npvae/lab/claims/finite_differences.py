"""8. Finite differences: what each method can see, on a VAE with 211 parameters and frozen ε."""

from collections.abc import Iterator

import numpy as np

from npvae.differences import central, complex_step, five_point, forward, richardson
from npvae.inference import Amortized, elbo
from npvae.lab.claims.claim import Claim
from npvae.models import MonteCarlo, mlp_model
from npvae.nn import lay_out, mlp

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


def vae_objective():
    """The mean ELBO of a 6-10-2-10-6 VAE as a function of one parameter's change, and its gradient."""
    rng = np.random.default_rng(0)
    model, encoder, x = mlp_model(2, [10], 6, rng=rng), mlp([6, 10, 4], rng=rng), rng.standard_normal((8, 6))
    noise = MonteCarlo(1)(rng, 8, 2)
    parts = {"theta": model, "phi": encoder}

    def run(dtype):
        parameters = lay_out(parts, dtype)
        p, posterior = model.on(parameters, "theta."), Amortized(encoder.on(parameters, "phi."))

        def forward_pass():
            q, back_q = posterior(x)
            value, back = elbo(p, q, x, noise)
            return value.mean(), lambda: back_q(back(np.full(8, 1 / 8)))

        return parameters, forward_pass

    real, real_pass = run(np.float64)
    real_pass()[1]()
    complex_, complex_pass = run(np.complex128)

    def value(j, t):
        parameters, function = (complex_, complex_pass) if np.iscomplexobj(t) else (real, real_pass)
        kept = parameters.value[j]
        parameters.value[j] = kept + t
        result = function()[0]
        parameters.value[j] = kept
        return result

    return value, real.grad, len(real.grad)
