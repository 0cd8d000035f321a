"""A model and its parts, looked at when one is made of them, or handed to a function."""

import numpy as np

from npvae.checks import shown
from npvae.declared import declares
from npvae.models.own_parts import example_data
from npvae.nn.own_networks import try_network
from npvae.nn.parameters import Parameters, check_back_writes, check_network
from npvae.parts import is_own, name_of


def check_model(model: object):
    """The model, or a ValueError unless it has what a `LatentVariableModel` has.

    >>> check_model("pca")
    Traceback (most recent call last):
    ValueError: model is 'pca', expected a LatentVariableModel, e.g. npvae.mlp_model(2, [64], 784), or vae.model_
    """
    # asked for what it has, not for its class: a model may have been made before its module was loaded anew
    has = (hasattr(model, name) for name in ("latent", "decoder", "likelihood", "decode"))
    if isinstance(model, type) or not all(has):
        raise ValueError(f"model is {shown(model)}, expected a LatentVariableModel, e.g. "
                         "npvae.mlp_model(2, [64], 784), or vae.model_")
    return model


def check_decoder(decoder: object, latent: object) -> np.ndarray:
    """g (1, D) at z = 0, finite; a ValueError unless the decoder is a network z (B, K) -> g (B, D), dg -> dz."""
    check_network("decoder", decoder)
    _try_decoder(decoder, latent, trained=False)
    first = getattr(decoder, "layers", (decoder,))[0]
    if not declares(latent, "nodes are all z") and not getattr(first, "input_gradient", True):
        raise ValueError(f"the decoder {shown(decoder)} was built with input_gradient=False, but the gradient for z "
                         "flows through its input: build it with input_gradient=True")
    try:
        # 0 may be no z of this family
        with np.errstate(all="ignore"):
            g, back = decoder(np.zeros((1, latent.dim)))
        # a decoder without a backward pass will do for what is computed exactly
        fits = (back is None or callable(back)) and g.ndim == 2 and len(g) == 1 and g.dtype.kind in "fc"
    except (ValueError, TypeError, AttributeError, IndexError) as mismatch:
        raise ValueError(f"the decoder {shown(decoder)} does not take the {latent.dim} numbers of {name_of(latent)}: "
                         f"give it {latent.dim} inputs, and layers that return (y, back)") from mismatch
    if not fits:
        raise ValueError(f"the decoder {shown(decoder)} does not return (g, back) with g (B, D) for z (B, "
                         f"{latent.dim})")
    return np.where(np.isfinite(g), g, 0)


def check_trainable(model: object):
    """The model, or a ValueError if its decoder, or a layer in it, has no backward pass."""
    _try_decoder(model.decoder, model.latent)
    return model


def _try_decoder(decoder, latent, trained=True):
    # no gradient flows into nodes that are all z
    try_network("decoder", decoder, latent.dim, trained, input_gradient=not declares(latent, "nodes are all z"))


def check_model_writes(model: object, parameters: Parameters) -> None:
    """Raise a ValueError if a part of a model on `parameters` adds to its gradient, in place of writing it."""
    latent, likelihood = model.latent, model.likelihood
    check_back_writes(parameters, "latent", latent.kl, 0.1 * np.arange(latent.row_size)[None])
    g = check_back_writes(parameters, "decoder", model.decoder, np.ones((1, latent.dim)))
    # E[x|z] is data that most likelihoods take
    x = example_data(likelihood, g, np.random.default_rng(0)) if is_own(likelihood) else likelihood.mean(g)
    check_back_writes(parameters, "likelihood", lambda g: likelihood.log_prob(x, g), g[None])
