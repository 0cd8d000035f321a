"""The estimators of `gradient_estimators` at work on the ELBO.

    L(q) = E_q[log p_θ(x, z) − log q(z)]

The row q stands in it twice, as what z is drawn from and inside the logarithm. The second place contributes
−E_q ∂log q(z)/∂q = 0: every estimator may leave it out, and loses nothing but noise.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from npvae.checks import as_generator, whole
from npvae.declared import declares
from npvae.inference.checks import check_complex, check_shapes, finite_q
from npvae.inference.estimator_checks import finite
from npvae.inference.gradient_estimators import (
    leave_one_out,
    mean_baseline,
    optimal_baseline,
    pathwise,
    score_function,
    score_of_q,
)
from npvae.models import LatentVariableModel, MonteCarlo, Noise
from npvae.models.checks import check_model
from npvae.models.data import float_data
from npvae.models.noise import check_noise
from npvae.models.own_parts import check_latent


def log_weight(model: LatentVariableModel, q: ArrayLike, x: ArrayLike) -> Callable:
    """f(z) = log p_θ(x, z) − log q(z) with q (B, R) held fixed, for x (B, D): its mean under q is the ELBO.

    It maps z (S, B, K) to its value (S, B), nats, and back : dvalue (S, B) -> dz, for a Gaussian latent.

    Examples
    --------
    >>> from npvae.models import probabilistic_pca
    >>> model, x, q = probabilistic_pca(2, 3), np.ones((5, 3)), np.zeros((5, 4))
    >>> log_weight(model, q, x)(np.zeros((7, 5, 2)))[0].shape
    (7, 5)
    """
    q, x = _checked(model, q, x)

    def f(z):
        log_px, back_log_px = model.log_likelihood(x, z)
        # log p(x|z) + log p(z) − log q(z)
        value = log_px + model.latent.log_prior(z) - model.latent.log_q(q, z)

        def back(dvalue):
            if not declares(model.latent, "standard normal prior"):
                raise ValueError(f"{type(model.latent).__name__} has a prior of its own, of which no ∂log p(z)/∂z is "
                                 "known: take pathwise_elbo, which has the KL in closed form, or a score function")
            # ∂log p(z)/∂z = −z;  z and μ are in log q only as z − μ, so −∂log q/∂z = ∂log q/∂μ
            dratio_dz = score_of_q(model.latent, q, z)[:, :, : model.latent.dim] - z
            return back_log_px(dvalue) + dvalue[:, :, None] * dratio_dz

        return value, back

    return f


def _checked(model, q, x):
    q = finite_q(check_model(model).latent, q)
    check_shapes(model, q, x)
    x = float_data(x, model.data_dim, model.likelihood)
    check_complex(model, q.real, x)
    return q, x


def pathwise_elbo(model: LatentVariableModel, q: ArrayLike, x: ArrayLike, noise: Noise) -> np.ndarray:
    """The pathwise gradient of the ELBO with its KL in closed form, one for each draw: the usual one of a VAE.

    Kingma & Welling 2014.

    Parameters
    ----------
    model
        With a Gaussian latent. θ's gradient views, if it has any, get the sum over draws and rows.
    q : array (B, 2K)
    x : array (B, D)
    noise : ε (S, B or 1, K)

    Returns
    -------
    gradient : array (S, B, 2K)
        Their weighted mean is what `elbo`'s backward pass returns on the same noise.

    Raises
    ------
    ValueError
        If the latent is Categorical: see `pathwise`.

    Examples
    --------
    >>> from npvae.models import probabilistic_pca
    >>> model, x, q = probabilistic_pca(2, 3), np.ones((5, 3)), np.zeros((5, 4))
    >>> pathwise_elbo(model, q, x, MonteCarlo(7)(np.random.default_rng(0), batch=5, dim=2)).shape
    (7, 5, 4)
    """
    q, x = _checked(model, q, x)
    check_complex(model, q, x)
    # ∂/∂q log p(x|z(q, ε)) − ∂/∂q KL(q ‖ p)
    gradient = pathwise(model.latent, q, partial(model.log_likelihood, x), noise)
    with np.errstate(all="ignore"):
        return finite(gradient + model.latent.kl(q)[1](-np.ones(len(q), q.dtype)))


def total_derivative(model: LatentVariableModel, q: ArrayLike, x: ArrayLike, noise: Noise) -> np.ndarray:
    """The pathwise gradient of the ELBO with its KL sampled, every dependence on q differentiated.

    Parameters, return value and errors are those of `pathwise_elbo`.
    """
    # d/dq = ∂z/∂q ∂/∂z [log p(x, z) − log q(z)] − ∂log q(z)/∂q at fixed z
    path, q = sticking_the_landing(model, q, x, noise), finite_q(model.latent, q)
    z = model.latent.nodes(q, check_noise(noise, len(q), model.latent.dim))[0]
    return finite(path - score_of_q(model.latent, q, z))


def sticking_the_landing(model: LatentVariableModel, q: ArrayLike, x: ArrayLike, noise: Noise) -> np.ndarray:
    """The total derivative without its score term, whose mean is zero (Roeder, Wu & Duvenaud 2017).

    At q = p(z|x) every single draw of this gradient is zero, not only its mean: log p(x, z) − log q(z) is log p(x)
    for every z. Parameters, return value and errors are those of `pathwise_elbo`.
    """
    f = log_weight(model, q, x)
    check_complex(model, q, x)
    # ∂z/∂q ∂/∂z [log p(x, z) − log q(z)]
    return pathwise(model.latent, q, f, noise)


def elbo_estimators(latent, samples: int) -> dict[str, Callable]:
    """Every estimator of ∂ELBO/∂q that applies to a latent, by name, all called alike.

    Parameters
    ----------
    latent : Gaussian or Categorical
        A Categorical one leaves the score-function estimators.
    samples
        S, draws for each row. The mean and the optimal baseline come from as many draws again; leave-one-out needs
        two.

    Returns
    -------
    estimators : dict of str to callable (model, q, x, rng) -> gradient (S, B, R)

    Examples
    --------
    >>> from npvae.models import Categorical
    >>> list(elbo_estimators(Categorical(3), samples=4))
    ['no baseline', 'mean baseline', 'optimal baseline', 'leave-one-out']
    """
    samples = whole("samples", samples)
    latent = check_latent(latent)

    def along(path):
        return lambda model, q, x, rng: path(model, q, x, MonteCarlo(samples)(rng, len(q), latent.dim, q.dtype))

    def through(density):
        def gradient(model, q, x, rng):
            # one generator for all draws: a seed is not to give the baseline those that it is taken off
            rng = as_generator(rng)
            return density(q, log_weight(model, q, x), lambda: latent.sample(q, samples, rng))

        return gradient

    scores = {
        "no baseline": through(lambda q, f, z: score_function(latent, q, f, z())),
        # z() draws anew each time: the baseline's draws are not those that it is taken off
        "mean baseline": through(lambda q, f, z: score_function(latent, q, f, z(), mean_baseline(f, z()))),
        "optimal baseline": through(
            lambda q, f, z: score_function(latent, q, f, z(), optimal_baseline(latent, q, f, z()))),
        "leave-one-out": through(lambda q, f, z: leave_one_out(latent, q, f, z()))}
    if samples == 1:
        del scores["leave-one-out"]                         # there are no others
    if declares(latent, "nodes are all z"):
        return scores
    return {"pathwise": along(pathwise_elbo), "pathwise, KL sampled": along(total_derivative),
            "sticking the landing": along(sticking_the_landing), **scores}
