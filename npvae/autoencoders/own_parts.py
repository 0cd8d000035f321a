"""Parts of the user's in a model file: they are named there, with their settings, and handed to `load` by their user.

A file holds no code: of an optimizer, a schedule, a network, a latent family or a likelihood it says the class, its
plain numbers, and the parameters, as arrays. What is handed to `load` has to be called the same and have the same.
"""

import json
from pathlib import Path

import numpy as np

from npvae.checks import shown
from npvae.inference.own_optimizer import name_in_file
from npvae.inference.semi_amortized import SemiAmortized
from npvae.models import (
    BernoulliLikelihood,
    FullGaussian,
    Gaussian,
    GaussianLikelihood,
    LaplaceLikelihood,
    PoissonLikelihood,
    SeenPixelsLikelihood,
)
from npvae.nn import SGD, Adam
from npvae.parts import is_own

PLAIN = (bool, int, float, str, type(None), tuple, list)
KNOWN = {"optimizer": {"SGD": SGD, "Adam": Adam}, "make_posterior": {"SemiAmortized": SemiAmortized}}


def named_parts(settings: dict) -> dict:
    """Settings for a file, in which the user's parts stand by their names and what they say of themselves."""
    return {name: value if isinstance(value, PLAIN) else said(value) for name, value in settings.items()}


def said(part: object) -> dict:
    """What a part says of itself in a file: its name, whether it is a user's, and, of an object, its plain numbers.

    Examples
    --------
    >>> from npvae import GaussianLikelihood
    >>> said(GaussianLikelihood(0.5))["settings"]["learn"]
    False
    """
    layers, whose = getattr(part, "layers", None), {"users": True} if is_own(part) else {}
    if isinstance(layers, tuple):
        return {"own": name_in_file(part), "layers": [said(layer) for layer in layers]} | whose
    found = {} if isinstance(part, type) or hasattr(part, "__name__") else _numbers(part)
    shapes = {name: list(np.shape(a)) for name, a in part.arrays().items()} if _has_arrays(part) else {}
    return {"own": name_in_file(part), **({"settings": found} if found else {}),
            **({"arrays": shapes} if shapes else {}), **whose}


def same_part(one: object, other: object) -> bool:
    """Whether two settings are the same: plain ones are equal, parts of the user's say the same of themselves."""
    if one is other or isinstance(one, PLAIN) or isinstance(other, PLAIN):
        return one is other or type(one) in PLAIN and type(other) in PLAIN and one == other
    return _same(said(one), said(other))


def with_own_parts(path: str | Path, settings: dict, own: dict) -> dict:
    """Settings from a file, with the user's parts in the place of their names; a ValueError if one is missing."""
    named = {name: value for name, value in settings.items()
             if isinstance(value, dict) and isinstance(value.get("own"), str)} if isinstance(settings, dict) else {}
    if odd := set(own) - set(named):
        raise ValueError(f"{path}: got {sorted(odd)[0]}, which is no part of the user's in it; it has "
                         f"{', '.join(named) or 'none'}")
    found = {name: own[name] if own.get(name) is not None else _known(name, then) for name, then in named.items()}
    if missing := [name for name, part in found.items() if part is None]:
        words, are, them = (", ".join(f"{name} {_in_words(named[name])}" for name in missing),
                            *(("is", "it") if len(missing) == 1 else ("are", "them")))
        raise ValueError(f"{path}: was trained with {words}, which {are} not in the file: hand {them} over, "
                         f"npvae.autoencoders.load(path, {', '.join(f'{name}=…' for name in missing)})")
    for name, then in named.items():
        part = found[name]
        if isinstance(part, PLAIN) or name_in_file(part) != then["own"]:
            raise ValueError(f"{path}: was trained with {name} {_in_words(then)}, got {shown(part)}")
        # files of older versions have the name alone
        if set(then) != {"own"} and not _same(said(part), then):
            raise ValueError(f"{path}: was trained with {name} {_in_words(then)}, got {_in_words(said(part))}: hand "
                             "over one with the same settings and shapes")
    return {**settings, **found} if named else settings


def _known(name, then):
    # what is the package's own need not be handed over, if its settings say all of it
    if then.get("users"):
        return None
    if name in KNOWN:
        return KNOWN[name].get(then["own"])
    try:
        part = BUILT[then["own"]](then.get("settings", {}))
    except (KeyError, TypeError, ValueError):
        return None
    return part if _same(said(part), then) else None


def _with_scale(make, log_scale):
    def built(settings):
        if settings["from_data"]:
            return make(None, settings["learn"])
        # what began at a number of the user's and was learned: the number is not in the file
        part = make(1.0, settings["learn"])
        setattr(part, log_scale, np.array(settings[log_scale]))
        return part

    return built


BUILT = {"PoissonLikelihood": lambda _: PoissonLikelihood(), "BernoulliLikelihood": lambda _: BernoulliLikelihood(),
         "Gaussian": lambda settings: Gaussian(settings["dim"]),
         "FullGaussian": lambda settings: FullGaussian(settings["dim"]),
         "GaussianLikelihood": _with_scale(GaussianLikelihood, "log_sigma"),
         "SeenPixelsLikelihood": _with_scale(SeenPixelsLikelihood, "log_sigma"),
         "LaplaceLikelihood": _with_scale(LaplaceLikelihood, "log_b")}


def _same(one, other):
    # as it stands in a file, where NaN is NaN
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _has_arrays(part):
    return not isinstance(part, type) and callable(getattr(part, "arrays", None))


def _numbers(part):
    # plain public ones, also as arrays without dimensions, but for parameters and their gradients
    parameters = part.arrays() if _has_arrays(part) else {}
    skipped = {*parameters, *(f"d{name}" for name in parameters), "drawn", "input_gradient"}
    found = {name: a.item() if isinstance(a, np.ndarray | np.generic) and np.ndim(a) == 0 else a
             for name, a in getattr(part, "__dict__", {}).items() if name not in skipped and not name.startswith("_")}
    return {name: a for name, a in found.items() if isinstance(a, bool | int | float | str)}


def _in_words(said_of):
    if "layers" in said_of:
        return f"{said_of['own']}({', '.join(_in_words(layer) for layer in said_of['layers'])})"
    words = [f"{name}={a}" for name, a in said_of.get("settings", {}).items()]
    words += [f"{name} {tuple(shape) or 'a number'}" for name, shape in said_of.get("arrays", {}).items()]
    return said_of["own"] + (f"({', '.join(words)})" if words else "")
