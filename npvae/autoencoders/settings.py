"""What the settings of an autoencoder stand for: its networks, its schedules, and whether they make sense."""

import copy
from collections.abc import Callable

import numpy as np

from npvae.checks import positive, real, truth, whole, wholes
from npvae.inference.own_optimizer import check_optimizer
from npvae.inference.schedules import cosine
from npvae.nn import Chain, gelu, leaky_relu, mlp, relu, sigmoid, softplus, tanh

ACTIVATIONS = {f.__name__: f for f in (tanh, relu, leaky_relu, gelu, sigmoid, softplus)}


def networks(settings, data_dim: int, code_size: int) -> tuple[Chain, Chain]:
    """The initial encoder D → … → `code_size` and decoder K → … → D of an estimator, drawn from its seed."""
    # not the generator of batches and noise, so that the two streams do not overlap
    rng, activation = np.random.default_rng([settings.seed, 2]), ACTIVATIONS[settings.activation]
    encoder = mlp([data_dim, *reversed(settings.hidden), code_size], activation, rng, input_gradient=False)
    return encoder, mlp([settings.latent_dim, *settings.hidden, data_dim], activation, rng)


def learning_rate(settings) -> float | Callable[[int], float]:
    """λ: a number, or the cosine down to `final_learning_rate`."""
    if settings.final_learning_rate is None or callable(settings.learning_rate):
        return settings.learning_rate
    return cosine(settings.learning_rate, settings.final_learning_rate, settings.sweeps)


def count_parameters(settings, data_dim: int) -> int:
    """How many numbers the networks of an estimator hold, and log σ_g if it is learned, without building them."""
    decoder = [settings.latent_dim, *settings.hidden, data_dim]
    encoder = [*decoder[:0:-1], settings.code_size]
    affine = sum(n_in * n_out + n_out for sizes in (encoder, decoder)
                 for n_in, n_out in zip(sizes, sizes[1:], strict=False))
    return affine + bool(getattr(settings, "learns_sigma_g", False))


def checked(settings):
    """A copy of an estimator whose settings are plain Python numbers, or a ValueError that says what to do.

    The copy is what is computed with; the estimator itself keeps what its constructor was given.
    """
    plain = copy.copy(settings)
    for name in ("latent_dim", "sweeps", "batch_size", "patience"):
        setattr(plain, name, whole(name, getattr(settings, name)))
    plain.seed = whole("seed", settings.seed, least=0)
    plain.hidden = tuple(wholes("hidden", settings.hidden))
    plain.learning_rate = number_or_schedule("learning_rate", settings.learning_rate)
    check_optimizer(settings.optimizer)
    for name in ("final_learning_rate", "seconds", "scale"):
        if getattr(settings, name) is not None:
            setattr(plain, name, positive(name, getattr(settings, name)))
    plain.held_out = real("held_out", settings.held_out, 0, 1)
    if plain.held_out == 1:
        raise ValueError(f"held_out is {settings.held_out!r}, expected a fraction from 0 to less than 1")
    check_choice("activation", settings.activation, ACTIVATIONS)
    check_choice("dtype", settings.dtype, ("float32", "float64"))
    if settings.progress is not None:
        plain.progress = truth("progress", settings.progress)
    plain._check_own_settings()
    return plain


def number_or_schedule(name: str, value) -> float | Callable[[int], float]:
    """A positive number, or a function of the sweep as it is; a ValueError for what is neither."""
    return value if callable(value) and not isinstance(value, type) else positive(name, value)


def check_choice(name: str, choice: str, choices) -> None:
    """Raise a ValueError unless `choice` is one of `choices`."""
    if not isinstance(choice, str) or choice not in choices:
        raise ValueError(f"{name} is {choice!r}, expected one of {', '.join(map(repr, choices))}")
