"""Ways to move θ while q stands: θ ← θ + λ ∇_θ Σ_i L(q_i, x^i, θ)."""

import numpy as np

from npvae.checks import positive
from npvae.declared import declares, is_affine
from npvae.inference.elbo import bound_terms, lower_bound
from npvae.inference.ranks import mean_of_all, total_of_all
from npvae.models import LatentVariableModel
from npvae.models.affine import affine_map
from npvae.models.noise import Noise
from npvae.nn import Adam, Parameters


class GradientStep:
    """One step of an optimizer along the gradient of the batch's mean ELBO; right for mini-batches and random noise.

    The optimizer moves the vector in which the model has its views.
    """

    def __init__(self, model: LatentVariableModel, optimizer: Adam):
        self.model, self.optimizer = model, optimizer

    def __call__(self, q: np.ndarray, x: np.ndarray, noise: Noise | None, beta: float = 1.0) -> np.ndarray:
        """Move θ uphill on the ELBO with a KL of weight β; returns the ELBO itself (B,) before the step."""
        reconstruction, kl, back = bound_terms(self.model, q, x, noise, beta)
        back(np.full(len(x), 1 / len(x), x.dtype))
        self.optimizer.step()
        return reconstruction - kl


class LineSearchStep:
    """The lecture's plain step, with λ halved until the ELBO does not fall.

    For full sweeps on deterministic nodes, where the ELBO can be compared before and after. After a success λ grows
    by half, so its start matters little. The model has its views in `parameters`, where θ is the stretch "theta.".
    On several `ranks` gradient and ELBO are those of all rows.
    """

    ranks = None

    def __init__(self, model: LatentVariableModel, parameters: Parameters, learning_rate: float):
        self.model, self.parameters = model, parameters
        self.learning_rate = positive("learning_rate", learning_rate)

    def __call__(self, q: np.ndarray, x: np.ndarray, noise: Noise | None, beta: float = 1.0) -> np.ndarray:
        """Move θ uphill on the ELBO with a KL of weight β; returns the ELBO itself (B,) before the step."""
        reconstruction, kl, back = bound_terms(self.model, q, x, noise, beta)
        value = reconstruction - kl
        back(np.full(len(x), 1 / len(x), x.dtype))
        theta = self.parameters.stretch("theta.")
        theta, grad = self.parameters.value[theta], mean_of_all(self.ranks, self.parameters.grad[theta])
        mean = mean_of_all(self.ranks, (reconstruction - beta * kl).mean())
        if not np.isfinite(grad).all():
            # no λ is small enough: say so, as an ELBO that ends the fit
            return np.full_like(value, np.nan)
        start, risen = theta.copy(), False
        try:
            risen = self._climbed(theta, grad, mean, q, x, noise, beta)
        finally:
            if not risen:
                # also after Ctrl-C in the middle of a trial
                theta[...] = start
        return value

    def arrays(self) -> dict:
        """λ as it stands, for saving."""
        return {"learning_rate": np.array(self.learning_rate)}

    def restore(self, arrays: dict) -> None:
        """Take up what `arrays` gave."""
        self.learning_rate = float(arrays["learning_rate"])

    def _climbed(self, theta, grad, mean, q, x, noise, beta):
        before, start = self.learning_rate, theta.copy()
        for _ in range(40):
            # θ ← θ + λ ∇θ
            theta[...] = start + self.learning_rate * grad
            if mean_of_all(self.ranks, lower_bound(self.model, q, x, noise, beta)[0].mean()) >= mean:
                self.learning_rate *= 1.5
                return True
            self.learning_rate *= 0.5
        self.learning_rate = before
        return False


class ExactStep:
    """θ ← argmax_θ Σ_i L(q_i, x^i, θ) for an affine decoder with Gaussian likelihood: the M-step of EM.

    Weighted least squares of x on z under q gives W and b; σ_g² is the mean squared error that is left, and the
    weights π of a mixture are the mean of q, whatever the weight β of the KL. The maximum is written into the model's
    views. On several `ranks` it is that for the rows of all.

    Raises
    ------
    ValueError
        If the decoder is not one affine layer, or the likelihood not Gaussian; from a call, if the decoder fits the
        data exactly, so that the likelihood grows without bound as σ_g falls.
    """

    ranks = None

    def __init__(self, model: LatentVariableModel):
        check_exact_step(model)
        self.model = model

    def __call__(self, q: np.ndarray, x: np.ndarray, noise: Noise | None, beta: float = 1.0) -> np.ndarray:
        """Move θ to the maximum for these rows, which should be all; returns the ELBO (B,) before."""
        value, _ = lower_bound(self.model, q, x, noise)
        latent, likelihood = self.model.latent, self.model.likelihood
        mean, covariance = latent.mean(q), latent.covariance(q)
        z_bar, x_bar = mean_of_all(self.ranks, mean.mean(0)), mean_of_all(self.ranks, x.mean(0))
        z = mean - z_bar
        # W = (Σ_i E[(z − z̄)(z − z̄)ᵀ])⁻¹ Σ_i E[z − z̄](x − x̄)ᵀ,  b = x̄ − z̄ W
        scatter = total_of_all(self.ranks, z.T @ z + covariance)
        if declares(latent, "nodes are all z"):
            # one-hot z sum to one, so the scatter is 0 along (1 … 1), but for rounding, which must not be inverted;
            # nothing on the right lies along it: with any positive number there, W is the shortest solution
            scatter += np.trace(scatter) / len(scatter)
        # what is below the rounding of its dtype, as of a component that has lost all rows, is not inverted either
        W = np.linalg.pinv(scatter, len(scatter) * np.finfo(scatter.dtype).eps, hermitian=True) @ total_of_all(
            self.ranks, z.T @ (x - x_bar))
        b = x_bar - z_bar @ W
        if likelihood.learn:
            # σ_g² = Σ_i E‖x − g(z)‖²/(mD) = (Σ_i ‖x − g(E z)‖² + tr Wᵀ Cov W)/(mD)
            error = ((x - mean @ W - b) ** 2).sum() + np.sum(W * (covariance @ W))
            sums = (error, ((x - x_bar) ** 2).sum(), x.size)
            error, spread, size = (total_of_all(self.ranks, a) for a in sums)
            _check_error(error, spread)
            likelihood.log_sigma[...] = 0.5 * np.log(error / size)
        self._write(W, b)
        if declares(latent, "prior weights pi") and latent.learn_weights:
            # π = mean_i q_i
            latent.logits[...] = np.log(np.maximum(z_bar, np.finfo(mean.dtype).tiny))
        return value

    def _write(self, W, b):
        # W and b are in the data's units; the layer's are in those of the layer behind it, g = c + s (zW + b)
        center, scale = _units(self.model.decoder)
        layer = _layers(self.model.decoder)[0]
        layer.W[...], layer.b[...] = W / scale, (b - center) / scale


def check_exact_step(model: LatentVariableModel) -> None:
    """A ValueError, with the reason, unless `ExactStep` is the maximum for this model."""
    if reason := _why_not_exact(model):
        raise ValueError(f"no exact M-step for {model.decoder} with {model.likelihood}: {reason}; or use "
                         "exact_m_step=False")


def _why_not_exact(model):
    # E_q z and Cov_q z say all of q that the step needs, and W and b are the layer's own to be written; in words, or ""
    latent, layers = model.latent, _layers(model.decoder)
    kind, (W, b) = type(layers[0]).__name__, (getattr(layers[0], name, None) for name in "Wb")
    if len(layers) != 1 or W is None or b is None:
        return "it needs a decoder of one affine layer, with W and b"
    if not is_affine(model.decoder):
        return (f"{kind} replaces __call__ and does not say that it is affine still: if its output is z W + b, write "
                "affine = True in its class")
    if not (declares(model.likelihood, "isotropic normal") and declares(model, "likelihood of the decoder's output")):
        return "it needs GaussianLikelihood of the decoder's output, with no method replaced that log p(x|z) rests on"
    if not declares(latent, "moments") or getattr(latent, "learn_weights", False) and not declares(
            latent, "prior weights pi"):
        return f"{type(latent).__name__} does not declare E z and Cov z under q, or learns another prior than weights"
    center, scale = _units(model.decoder)
    if not all(np.shape(a) == found.shape and np.allclose(
            a, found, atol=1e-5 * max(scale, 1e-3 * np.abs(found).max()))
            for a, found in zip((scale * W, center + scale * b), affine_map(model), strict=True)):
        return f"{kind} says that it is affine, but its output is not z W + b of its own W and b, which are written"
    return ""


def _layers(decoder):
    # but for that of the data's units
    return [layer for layer in getattr(decoder, "layers", (decoder,)) if not getattr(layer, "in_data_units", False)]


def _units(decoder):
    # c and s of the data's units, if the decoder ends in them
    last = getattr(decoder, "layers", (decoder,))[-1]
    return (last.center, last.scale) if getattr(last, "in_data_units", False) else (0.0, 1.0)


def _check_error(error, total):
    if not error > 1e-12 * total:
        raise ValueError("the decoder fits the data exactly: the likelihood grows without bound as sigma_g falls; "
                         "give GaussianLikelihood a sigma_g, or the model a smaller K")
