"""What the settings of an autoencoder stand for: its networks, its schedules, and whether they make sense."""

import copy
from collections.abc import Callable

import numpy as np

from npvae.checks import positive, real, shown, truth, whole, wholes
from npvae.inference.own_optimizer import check_optimizer
from npvae.inference.schedules import cosine
from npvae.models import BernoulliLikelihood, GaussianLikelihood, LaplaceLikelihood, PoissonLikelihood
from npvae.models.own_parts import tried_latent
from npvae.models.seen_pixels import seen_or_zero
from npvae.nn import Chain, chain, gelu, leaky_relu, mlp, relu, sigmoid, softplus, tanh
from npvae.nn.own_networks import try_network
from npvae.nn.parameters import check_network
from npvae.parts import name_of

ACTIVATIONS = {f.__name__: f for f in (tanh, relu, leaky_relu, gelu, sigmoid, softplus)}

LIKELIHOODS = {"gaussian": GaussianLikelihood, "bernoulli": BernoulliLikelihood, "poisson": PoissonLikelihood,
               "laplace": LaplaceLikelihood}


def likelihood(settings):
    """p_θ(x|z): the user's, or the one of that name, with the σ_g that was given, by α or by itself."""
    if not isinstance(settings.likelihood, str):
        return settings.likelihood
    sigma_g = settings.sigma_g if settings.alpha is None else (2 * settings.alpha) ** -0.5
    return GaussianLikelihood(sigma_g) if settings.likelihood == "gaussian" else LIKELIHOODS[settings.likelihood]()


def networks(settings, data_dim: int, code_size: int) -> tuple[Chain, Chain]:
    """The initial encoder D → … → `code_size` and decoder K → … → D of an estimator: the user's, or drawn by its seed.
    """
    # not the generator of batches and noise, so that the two streams do not overlap
    rng, activation = np.random.default_rng([settings.seed, 2]), ACTIVATIONS[settings.activation]
    encoder, decoder = settings.encoder, settings.decoder
    if encoder is None:
        encoder = mlp([data_dim, *reversed(settings.hidden), code_size], activation, rng, input_gradient=False)
        if getattr(getattr(settings, "likelihood", None), "takes_missing", False):
            encoder = chain(seen_or_zero, *encoder.layers)
    if decoder is None:
        decoder = mlp([settings.latent_dim, *settings.hidden, data_dim], activation, rng)
    return encoder, decoder


def check_network_fits(role: str, network, n_in: int, n_out: int) -> None:
    """Raise a ValueError unless a network of the user's own makes so many numbers of so many."""
    check_network(role, network)
    try_network(role, network, n_in, input_gradient=role == "decoder")
    try:
        found = network(np.zeros((1, n_in)))[0].shape
    except (ValueError, TypeError, AttributeError, IndexError) as mismatch:
        raise ValueError(f"the {role} {shown(network)} does not take rows of {n_in} numbers") from mismatch
    if found != (1, n_out):
        raise ValueError(f"the {role} {shown(network)} makes {found[-1]} numbers of {n_in}, expected {n_out}, as "
                         "latent_dim and the data's columns say")


def learning_rate(settings) -> float | Callable[[int], float]:
    """λ: a number, or the cosine down to `final_learning_rate`."""
    if settings.final_learning_rate is None or callable(settings.learning_rate):
        return settings.learning_rate
    return cosine(settings.learning_rate, settings.final_learning_rate, settings.sweeps)


def count_parameters(settings, data_dim: int) -> int:
    """How many numbers the networks of an estimator hold, and log σ_g if it is learned, without building them."""
    sizes = {"decoder": [settings.latent_dim, *settings.hidden, data_dim]}
    sizes["encoder"] = [*sizes["decoder"][:0:-1], settings.code_size]
    own = {name: getattr(settings, name, None) for name in ("decoder", "encoder", "latent", "likelihood")}
    drawn = [sizes[name] for name in sizes if own[name] is None]
    affine = sum(n_in * n_out + n_out for units in drawn for n_in, n_out in zip(units, units[1:], strict=False))
    given = sum(a.size for part in own.values() if hasattr(part, "arrays") for a in part.arrays().values())
    return affine + given + bool(getattr(settings, "learns_sigma_g", False))


def code_dim(settings) -> int:
    """K: `latent_dim`, in the place of whose default stands the K of a latent family or a decoder of the user's own.

    A ValueError if they do not agree.
    """
    latent, decoder, K = getattr(settings, "latent", None), settings.decoder, settings.latent_dim
    said = [] if latent is None else [("latent", tried_latent(latent).dim)]
    if decoder is not None:
        check_network("decoder", decoder)
        W = getattr(getattr(decoder, "layers", (decoder,))[0], "W", None)
        said += [("decoder", W.shape[0])] if np.ndim(W) == 2 else []
    for name, dim in said:
        if K not in (dim, type(settings).latent_dim):
            raise ValueError(f"latent_dim is {K}, but the {name} {name_of(getattr(settings, name))} has K = {dim}: "
                             "leave one of them out, or let them agree")
    if len({dim for _, dim in said}) > 1:
        raise ValueError(f"the latent {name_of(latent)} has K = {said[0][1]}, but the decoder {shown(decoder)} takes "
                         f"{said[1][1]} numbers: let them agree")
    return said[0][1] if said else K


def checked(settings):
    """A copy of an estimator whose settings are plain Python numbers, or a ValueError that says what to do.

    The copy is what is computed with; the estimator itself keeps what its constructor was given.
    """
    plain = copy.copy(settings)
    for name in ("latent_dim", "sweeps", "batch_size", "patience"):
        setattr(plain, name, whole(name, getattr(settings, name)))
    plain.seed = whole("seed", settings.seed, least=0)
    plain.latent_dim = code_dim(plain)
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
