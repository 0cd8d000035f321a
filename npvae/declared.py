"""Exactness is declared: a part says what holds for it, and a subclass that replaces what that rests on loses it.

A class lists its closed forms in `closed_forms`; a layer says `affine = True`, `smooth = True`. What is said holds for
subclasses, too, until one of them, or an instance, replaces a method that it rests on. A subclass for which it holds
all the same says it again, in its own body. Nothing is asked of classes by name, so that a part keeps what it has said
when its module is loaded anew.
"""

# the methods that each closed form of a latent family, a likelihood or a model rests on
RESTS_ON = {
    "nodes are all z": ("nodes", "log_q", "sample"),
    "nodes are mu + sigma eps": ("nodes", "log_q", "sample"),
    "nodes are mu + L eps": ("nodes", "log_q", "sample", "factor"),
    "standard normal prior": ("log_prior", "kl", "sample_prior", "prior_row"),
    "one prior": ("log_prior", "kl", "sample_prior"),
    "prior weights pi": ("log_weights", "log_prior", "kl", "sample_prior", "prior_row"),
    "moments": ("mean", "covariance", "nodes"),
    "z in R^K": (),
    "isotropic normal": ("log_prob", "log_prob_table", "sigma_g"),
    "likelihood of the decoder's output": ("log_likelihood",),
}


def declares(part, form: str) -> bool:
    """Whether the closed form holds for the part: it has been declared, and nothing below replaces what it rests on.

    Examples
    --------
    >>> from npvae.models import Gaussian
    >>> class Wide(Gaussian):
    ...     def log_prior(self, z):
    ...         return super().log_prior(z / 2) - self.dim * 0.6931
    >>> declares(Gaussian(2), "standard normal prior"), declares(Wide(2), "standard normal prior")
    (True, False)
    """
    return form in getattr(part, "closed_forms", ()) and stands(part, "closed_forms", *RESTS_ON[form])


def stands(part, name: str, *rests_on: str) -> bool:
    """Whether a part has `name`, and no method that it rests on has been replaced below the place where it stands."""
    where, below = _place(part, name), [_place(part, method) for method in rests_on]
    return where is not None and all(place is not None and where <= place for place in below)


def is_affine(layer) -> bool:
    """Whether a layer, or a chain of layers, says that its y is affine in x."""
    return stands(layer, "affine", "__call__") and layer.affine is True


def is_smooth(layer) -> bool:
    """Whether a layer, or a chain of layers, says that its y has all derivatives, as tanh has and relu has not."""
    return stands(layer, "smooth", "__call__") and layer.smooth is True


def is_affine_in_noise(latent) -> bool:
    """Whether a latent family's nodes are affine in the noise ε, with a diagonal matrix or a full one."""
    return declares(latent, "nodes are mu + sigma eps") or declares(latent, "nodes are mu + L eps")


def has_one_prior(latent) -> bool:
    """Whether a latent family's `log_prior` and `kl` speak of one prior: they stand in one class, or it says so."""
    density, kl, draws = (_place(latent, method) for method in RESTS_ON["one prior"])
    # what it has not contradicts nothing
    together = density in (None, kl) and (draws is None or kl is not None and kl <= draws)
    return together or declares(latent, "one prior")


def check_one_prior(latent) -> None:
    """Raise a ValueError unless `has_one_prior`, for the ELBO takes its prior from `kl`, log p(x) from `log_prior`."""
    if not has_one_prior(latent):
        raise ValueError(f"{type(latent).__name__} replaces one of log_prior, kl and sample_prior and not the others, "
                         "so that its KL may be to another prior than its log p(z): define all three in one class, or, "
                         'if they agree, give the class closed_forms = frozenset({"one prior"})')


def _place(part, name):
    # 0 is the instance, 1 its class, then the classes that it inherits from, as Python looks names up
    places = [getattr(part, "__dict__", {}), *(vars(c) for c in type(part).__mro__)]
    return next((i for i, place in enumerate(places) if name in place and not hasattr(place[name], "derived")), None)
