"""What a latent family or a likelihood of the user's has not: made of what it has, or refused in a sentence."""

from collections.abc import Callable
from functools import partial

import numpy as np

from npvae.checks import as_generator, whole
from npvae.models.climb import climb
from npvae.models.noise import Cubature, GaussHermite, MonteCarlo
from npvae.models.protocols import LatentFamily, Likelihood
from npvae.parts import completed, is_own, members, name_of, shapes_of

LEAST, MOST = -5.0, 20.0    # outputs at which a decoder may start


def completed_latent(latent):
    """The family, or of a user's a copy with all methods of the protocol."""
    if not is_own(latent):
        return latent
    return completed(latent, {"arrays": _no_arrays, "on": _itself, "prior_row": prior_row, "mean": mean,
                              "sample": sample, "sample_prior": sample_prior, "log_prior": _refusal("log_prior"),
                              "log_q": _refusal("log_q")})


def completed_likelihood(likelihood, width: int):
    """The likelihood, or of a user's a copy with all that its `log_prob` and `mean` allow, for outputs g (B, width)."""
    if not is_own(likelihood):
        return likelihood
    methods = {"arrays": _no_arrays, "on": _itself, "check": _takes_all, "sample": _refusal("sample", Likelihood)}
    if hasattr(likelihood, "output_for") or _is_inverted(likelihood, width):
        methods |= {"output_for": output_for, "output_scale": partial(output_scale, width=width)}
    return completed(likelihood, methods)


def prior_row(latent) -> np.ndarray:
    """The row (R,) of the least KL to the prior, from zeros; one near it, where the prior is a limit of rows."""
    start = np.zeros((1, latent.row_size))
    near, least = (climb(lambda q, rows: _negative(*latent.kl(q)), start, t, 2000)[0] for t in (1e-4, 1e-12))
    # a limit of rows that grow is left where they still have a slope: from there q can be learned
    return near if np.abs(least - near).max() > 3 else least


def mean(latent, q: np.ndarray) -> np.ndarray:
    """E_q z ≈ Σ_s w_s z_s, (B, K), on nodes that are right where q is symmetrical, and for K ≤ 2 elsewhere, too."""
    rule = {1: GaussHermite(20), 2: GaussHermite(8)}.get(latent.dim, Cubature())
    z, w, _ = latent.nodes(q, rule(None, 1, latent.dim, np.float64))
    return (w[..., None] * z).sum(0) + np.zeros((len(q), 1))


def sample(latent, q: np.ndarray, n: int, rng: np.random.Generator | int) -> np.ndarray:
    """n draws z ~ q(z|x) for each row, (n, B, K): nodes on as many draws of noise, each taken as its weight says."""
    n, rng = whole("n", n), as_generator(rng)
    z, w, _ = latent.nodes(q, MonteCarlo(n)(rng, len(q), latent.dim))
    z, w = (np.broadcast_to(a, (*np.shape(a)[:1], len(q), *np.shape(a)[2:])) for a in (z, w))
    if len(z) == n and np.ptp(w) == 0:
        return z
    # the first node whose cumulated weight exceeds a uniform number
    s = (rng.random((n, 1, len(q))) > np.cumsum(w, 0)[:-1]).sum(1)
    return z[s, np.arange(len(q))]


def sample_prior(latent, n: int, rng: np.random.Generator | int) -> np.ndarray:
    """n draws z ~ p(z), (n, K): of q in the prior's row."""
    return latent.sample(latent.prior_row()[None], n, rng)[:, 0]


def output_for(likelihood, x: np.ndarray) -> np.ndarray:
    """The outputs g at which E[x|z] = x, or nearest to it, by halving where `mean` is not g itself."""
    rows = np.atleast_2d(np.asarray(x, float))
    # data as outputs may be far beyond them: e^x of counts
    with np.errstate(all="ignore"):
        if np.array_equal(likelihood.mean(rows), rows):
            return x
    low, high = np.full(rows.shape, LEAST), np.full(rows.shape, MOST)
    for _ in range(60):
        g = 0.5 * (low + high)
        below = likelihood.mean(g) < rows
        low, high = np.where(below, g, low), np.where(below, high, g)
    return high.reshape(np.shape(x))


def output_scale(likelihood, scale: float, width: int) -> float:
    """By how much outputs differ where data differ by `scale`, if they are a line of the data; else 1."""
    g = likelihood.output_for(scale * np.arange(3.0)[:, None] * np.ones(width))
    rise = float(g[1, 0] - g[0, 0])
    return rise if np.allclose(g[2] - g[1], rise, rtol=1e-9, atol=0) else 1.0


def _is_inverted(likelihood, width):
    # whether halving finds outputs from their means: E[x_d|z] rises with g_d alone
    g = np.linspace(-1, 1, width + 1)[None, 1:]
    with np.errstate(all="ignore"):
        x = likelihood.mean(g)
        return x.shape == g.shape and np.allclose(output_for(likelihood, x), g, atol=1e-6)


def _negative(value, back):
    return -value, lambda dvalue: back(-dvalue)


def _no_arrays(part):
    return {}


def _itself(part, parameters, prefix="", gradient=True):
    return part


def _takes_all(part, x):
    return None


def _refusal(name: str, protocol: type = LatentFamily) -> Callable:
    # not a closure: a model of such a part can be pickled
    return partial(_refuse, name, protocol)


def _refuse(name, protocol, part, *arguments):
    raise ValueError(f"{name_of(part)} lacks `{name}`: {shapes_of(protocol, name)}; without it, "
                     f"{members(protocol)[name].without}")
