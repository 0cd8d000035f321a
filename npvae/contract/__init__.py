"""`npvae.check_part`: the contract that the package's own parts pass, tried on a part of yours."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from npvae.checks import shown, whole
from npvae.contract.latents import latent_checks
from npvae.contract.likelihoods import likelihood_checks
from npvae.contract.moving import noise_checks, optimizer_checks, schedule_checks
from npvae.contract.networks import network_checks
from npvae.contract.posteriors import posterior_checks
from npvae.contract.report import Check, PartReport, checked
from npvae.models.protocols import LatentFamily, Likelihood
from npvae.parts import has, members, name_of

CONTRACTS = {"layer": network_checks, "network": network_checks, "latent": latent_checks,
             "likelihood": likelihood_checks, "posterior": posterior_checks, "noise": noise_checks,
             "optimizer": optimizer_checks, "schedule": schedule_checks}
SHARED = ("arrays", "on", "mean", "sample")     # methods that say nothing of a part's role


def check_part(part: object, role: str | None = None, x: ArrayLike | None = None, seed: int = 0) -> PartReport:
    """Try a part of your own: a table of what it must do, true if it does all of it.

    Parameters
    ----------
    part
        A layer, a network, a latent family, a likelihood, a posterior, a noise rule, the class of an optimizer, or a
        schedule. It is left as it was.
    role : "layer", "network", "latent", "likelihood", "posterior", "noise", "optimizer" or "schedule", optional
        What it is; by default told from its methods.
    x : array (B, n), optional
        What a layer, a network or a posterior takes, outputs g of a likelihood, rows q of a latent family; by default
        random numbers of a width that it takes.
    seed
        Of these numbers.

    Raises
    ------
    ValueError
        If no role can be told, or for another role.

    Examples
    --------
    >>> from npvae import tanh
    >>> bool(check_part(tanh))
    True
    >>> check_part(lambda x: (np.tanh(x), lambda dy: dy)).failed
    ['gradient']
    """
    if role is not None and (not isinstance(role, str) or role not in CONTRACTS):
        raise ValueError(f"role is {shown(role)}, expected one of {', '.join(CONTRACTS)}")
    role, rng = role or role_of(part), np.random.default_rng(whole("seed", seed, least=0))
    try:
        looks = CONTRACTS[role](part, x, rng)
    except Exception as problem:
        said = " ".join(str(problem).split())
        return PartReport(name_of(part), role, [Check("methods and shapes", False, said, "as the protocol says")])
    rows = [Check("methods and shapes", True, "all there", "as the protocol says")]
    return PartReport(name_of(part), role, rows + [checked(*look) for look in looks])


def role_of(part: object) -> str:
    """What a part is, told from its methods; a ValueError if it has none of any.

    >>> role_of(np.tanh), role_of(3)
    Traceback (most recent call last):
    ValueError: part is 3, which lacks `__call__` and each method of a latent family, ...
    """
    found = {role: sum(has(part, protocol, name) for name in members(protocol) if name not in SHARED)
             for role, protocol in (("latent", LatentFamily), ("likelihood", Likelihood))}
    if max(found.values()):
        return max(found, key=found.get)
    names = _argument_names(part)
    if isinstance(part, type) and names[:1] == ["encoder"]:
        return "posterior"
    if isinstance(part, type) or hasattr(part, "step") or "maximize" in names:
        return "optimizer"
    if isinstance(getattr(part, "random", None), bool) or names[:2] == ["rng", "batch"] or len(names) == 4:
        return "noise"
    if hasattr(part, "encoder") or "index" in names:
        return "posterior"
    if hasattr(part, "arrays") or hasattr(part, "on"):
        return "network" if hasattr(part, "layers") else "layer"
    if not callable(part) and (hasattr(part, "mean") or hasattr(part, "sample")):
        return "likelihood"
    if not callable(part):
        raise ValueError(f"part is {shown(part)}, which lacks `__call__` and each method of a latent family, a "
                         f"likelihood or an optimizer; expected a {', a '.join(CONTRACTS)}")
    return "schedule" if _is_schedule(part) else "layer"


def _argument_names(part: Callable) -> list[str]:
    try:
        return list(inspect.signature(part).parameters)
    except (TypeError, ValueError):
        return []


def _is_schedule(part):
    try:
        return np.isscalar(part(0))
    except Exception:
        return False
