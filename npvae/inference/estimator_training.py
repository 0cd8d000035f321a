"""Training under one gradient estimator or another: what its noise costs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from npvae.arrays import numbers
from npvae.checks import as_generator, shown, whole
from npvae.declared import declares
from npvae.inference.elbo import lower_bound
from npvae.inference.estimator_checks import NotFinite, finite
from npvae.inference.evaluation import elbos
from npvae.inference.history import DivergenceError
from npvae.inference.posteriors import check_encoder
from npvae.models import LatentVariableModel, MonteCarlo
from npvae.models.checks import check_model, check_model_writes
from npvae.models.data import as_floats
from npvae.nn import SGD, lay_out
from npvae.nn.parameters import check_back_writes


def fit_rows(model: LatentVariableModel, x: ArrayLike, estimator: Callable, rng: np.random.Generator | int,
             steps: int = 200, learning_rate: float = 0.05, every: int = 1) -> np.ndarray:
    """Climb to argmax_q L(q, x^i, θ) for each x with plain SGD from the prior, θ fixed, on one estimator's gradients.

    Parameters
    ----------
    model
    x : array (B, D)
    estimator : callable (model, q, x, rng) -> gradient (S, B, R)
        For instance one of `elbo_estimators`.
    rng
    steps
    learning_rate
        λ; a noisy estimator needs a smaller one.
    every
        Steps from one report to the next.

    Returns
    -------
    elbo : array (1 + steps // every,), nats a row
        Before the first step, then every so many steps, on nodes that no gradient has seen.

    Raises
    ------
    ValueError
        For data that do not fit the model, or `steps` or `every` that are no whole numbers from 1.
    DivergenceError
        If the ELBO is no longer finite.

    Examples
    --------
    >>> from npvae.inference.elbo_gradients import elbo_estimators
    >>> from npvae.models import Gaussian, probabilistic_pca
    >>> model, climb = probabilistic_pca(1, 3, sigma_g=1.0), elbo_estimators(Gaussian(1), samples=4)["pathwise"]
    >>> fit_rows(model, np.ones((5, 3)), climb, np.random.default_rng(0), steps=10).shape
    (11,)
    """
    check_model(model)
    steps, every = whole("steps", steps), whole("every", every)
    check_estimator(estimator)
    x, rng = as_floats(x, model.data_dim, model.likelihood), as_generator(rng)
    parameters = lay_out({"theta": model})
    fixed = model.on(parameters, "theta.", gradient=False)
    q = np.tile(model.latent.prior_row(), (len(x), 1))
    dq = np.zeros_like(q)
    sgd = SGD(q, dq, learning_rate)

    def step():
        # q ← q + λ mean_s dq_s
        dq[...] = mean_gradient(estimator, fixed, q, x, rng)
        sgd.step()
        finite(q, "q")

    return _history(step, lambda: elbos(fixed, q, x), steps, every)


def fit_vae(model: LatentVariableModel, encoder: Callable, x: ArrayLike, estimator: Callable,
            rng: np.random.Generator | int, steps: int = 200, learning_rate: float = 0.01,
            every: int = 10) -> np.ndarray:
    """Train θ and an encoder's φ with plain SGD on all data at once, the rows' gradients by one estimator.

    Only q depends on how one differentiates through sampling: θ has the same estimate under every estimator.

    Parameters
    ----------
    model
        Copied, not moved.
    encoder : network
        Maps x (B, D) to rows (B, R); copied as well.
    x, estimator, rng, steps, learning_rate, every
        As for `fit_rows`.

    Returns
    -------
    elbo : array (1 + steps // every,), nats a row

    Raises
    ------
    DivergenceError
        If the ELBO is no longer finite.

    Examples
    --------
    >>> from npvae.inference.elbo_gradients import elbo_estimators
    >>> from npvae.models import Gaussian, mlp_model
    >>> from npvae.nn import mlp
    >>> model, estimator = mlp_model(1, [4], 2), elbo_estimators(Gaussian(1), samples=4)["leave-one-out"]
    >>> fit_vae(model, mlp([2, 4, 2]), np.ones((5, 2)), estimator, np.random.default_rng(0), steps=20).shape
    (3,)
    """
    check_model(model)
    steps, every = whole("steps", steps), whole("every", every)
    check_estimator(estimator)
    x, rng = as_floats(x, model.data_dim, model.likelihood), as_generator(rng)
    check_encoder(encoder, model)
    parameters = lay_out({"theta": model, "phi": encoder})
    moving, encoder = model.on(parameters, "theta."), encoder.on(parameters, "phi.")
    check_model_writes(moving, parameters)
    check_back_writes(parameters, "encoder", encoder, x[:1])
    fixed = model.on(parameters, "theta.", gradient=False)
    sgd, latent = SGD(parameters.value, parameters.grad, learning_rate), model.latent

    def step():
        q, back_encoder = encoder(x)
        noise = None if declares(latent, "nodes are all z") else MonteCarlo()(rng, len(x), latent.dim)
        # ∂/∂θ: from the backward pass of the ELBO, whose dq is not used
        lower_bound(moving, q, x, noise)[1](np.full(len(x), 1 / len(x)))
        # ∂/∂φ = Σ_i ∂q_i/∂φ mean_s dq_{s,i}
        back_encoder(mean_gradient(estimator, fixed, q, x, rng) / len(x))
        sgd.step()
        finite(parameters.value, "θ or φ")

    return _history(step, lambda: elbos(fixed, encoder(x)[0], x), steps, every)


def check_estimator(estimator: Callable) -> None:
    """Raise a ValueError unless the estimator can be called."""
    if not callable(estimator):
        raise ValueError(f"estimator is {shown(estimator)}, expected a function (model, q, x, rng) -> gradient "
                         "(S, B, R), e.g. one of elbo_estimators(latent, samples)")


def mean_gradient(estimator: Callable, model, q: np.ndarray, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The mean over the draws of an estimator's gradients (S, B, R): (B, R)."""
    gradient = numbers("the estimator's gradient", estimator(model, q, x, rng))
    if gradient.ndim != 3 or gradient.shape[1:] != q.shape or not len(gradient):
        raise ValueError(f"the estimator's gradient has shape {gradient.shape}, expected (draws, {len(q)}, "
                         f"{q.shape[1]})")
    return gradient.mean(0)


def _history(step, elbo_now, steps, every):
    values = [elbo_now().mean()]
    wrong = ("the gradient is too noisy for this learning rate; lower it, draw more samples or take a better estimator")
    # an overflow on the way is judged by the ELBO that it makes, not by a warning
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for t in range(1, steps + 1):
            try:
                step()
            except NotFinite as problem:
                raise DivergenceError(f"{problem} after {t} steps: {wrong}") from problem
            if t % every == 0:
                values.append(elbo_now().mean())
            if not np.isfinite(values[-1]):
                raise DivergenceError(f"the ELBO is {values[-1]} after {t} steps: {wrong}")
    return np.array(values)
