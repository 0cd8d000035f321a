"""A noise rule, tried once: a user's own in a copy, so that the draws that follow are the same."""

import copy
from collections.abc import Callable

import numpy as np

from npvae.checks import shown
from npvae.models.noise import check_noise
from npvae.models.protocols import NoiseRule
from npvae.parts import is_own, name_of, shapes_of


def check_rule(noise: Callable, dim: int, sums: bool = True) -> Callable:
    """The rule, or a ValueError unless it answers (rng, batch, dim, dtype) with a Noise, whose weights sum to 1."""
    own = is_own(noise)
    rule = copy.deepcopy(noise) if own else noise
    for batch in (1, 2) if own else (1,):
        try:
            found = rule(np.random.default_rng(0), batch, dim, np.float64)
            total = check_noise(found, batch, dim).w.sum(0)
            if sums and np.abs(total - 1).max() > 1e-3:
                raise ValueError(f"noise.w sums to {total.max():.4g}, expected 1")
        except TypeError as problem:
            raise ValueError(f"noise is {shown(noise)}, expected MonteCarlo(S), GaussHermite(n), Cubature() or a "
                             f"function of yours {shapes_of(NoiseRule, '__call__')}") from problem
        except (ValueError, AttributeError, IndexError, KeyError) as problem:
            words = f": {name_of(noise)} is asked {shapes_of(NoiseRule, '__call__')}" if own else ""
            raise ValueError(f"{problem}{words}") from problem
    return noise
