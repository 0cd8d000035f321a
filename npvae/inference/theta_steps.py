"""Ways to move θ while q stands: θ ← θ + λ ∇_θ Σ_i L(q_i, x^i, θ)."""

import numpy as np

from npvae.inference.elbo import elbo
from npvae.nn import Adam


class AdamStep:
    """One step of Adam along the gradient of the batch's mean ELBO; right for mini-batches and random noise.

    Parameters
    ----------
    model : LatentVariableModel
        With its views in `parameters`.
    parameters : Parameters
        θ stands in the stretch "theta.".
    learning_rate : float
    """

    def __init__(self, model, parameters, learning_rate):
        self.model, theta = model, parameters.stretch("theta.")
        self.grad = parameters.grad[theta]
        self.optimizer = Adam(parameters.value[theta], self.grad, learning_rate)

    def __call__(self, q, x, noise):
        """Move θ; returns the ELBO (B,) before the step."""
        value, back = elbo(self.model, q, x, noise)
        self.grad.fill(0)
        back(np.full(len(x), 1 / len(x), x.dtype))
        self.optimizer.step()
        return value


class LineSearchStep:
    """The lecture's plain step, with a λ that keeps its promise: halved until the ELBO does not fall.

    For full sweeps on deterministic nodes, where the ELBO can be compared before and after. After a success λ grows
    by half, so its start matters little.

    Parameters
    ----------
    model, parameters, learning_rate
        As for `AdamStep`.
    """

    def __init__(self, model, parameters, learning_rate):
        self.model, theta = model, parameters.stretch("theta.")
        self.value, self.grad = parameters.value[theta], parameters.grad[theta]
        self.learning_rate = learning_rate

    def __call__(self, q, x, noise):
        """Move θ; returns the ELBO (B,) before the step."""
        value, back = elbo(self.model, q, x, noise)
        self.grad.fill(0)
        back(np.full(len(x), 1 / len(x), x.dtype))
        start, mean = self.value.copy(), value.mean()
        for _ in range(40):
            # θ ← θ + λ ∇θ
            self.value[...] = start + self.learning_rate * self.grad
            if elbo(self.model, q, x, noise)[0].mean() >= mean:
                self.learning_rate *= 1.5
                return value
            self.learning_rate *= 0.5
        self.value[...] = start
        return value
