"""A latent family and a likelihood of the user's own, tried at the door: each method is called once on tiny arrays."""

import numpy as np

from npvae.models.derived import completed_latent, completed_likelihood
from npvae.models.noise import Noise
from npvae.models.protocols import LatentFamily, Likelihood
from npvae.nn.parameters import lay_out
from npvae.parts import (
    asked,
    asked_back,
    check_finite,
    check_members,
    check_shape,
    has,
    is_own,
    laid_out,
    shapes_of,
    with_back,
)

S, B = 5, 7     # nodes and rows of a trial, as few parts have columns


def check_latent(latent: object):
    """The latent family with all methods, those derived that it has not; a ValueError if it lacks what cannot be."""
    check_members("latent", latent, LatentFamily, "npvae.Gaussian(2)")
    return completed_latent(latent)


def tried_latent(latent: object):
    """What `check_latent` returns, after a trial if it is a user's."""
    check_members("latent", latent, LatentFamily, "npvae.Gaussian(2)")
    if is_own(latent):
        for name in ("dim", "row_size"):
            number = getattr(latent, name)
            if not isinstance(number, int | np.integer) or isinstance(number, bool) or number < 1:
                raise ValueError(f"`{name}` of {type(latent).__name__} is {number!r}, expected a whole number from 1: "
                                 f"{shapes_of(LatentFamily, name)}")
        try_latent(laid_out(latent, LatentFamily, lambda twin: check_members("latent", twin, LatentFamily, "itself"),
                            lay_out))
    return check_latent(latent)


def check_likelihood(likelihood: object) -> None:
    """Raise a ValueError unless it has what a likelihood has."""
    check_members("likelihood", likelihood, Likelihood, "npvae.GaussianLikelihood()")


def tried_likelihood(likelihood: object, g: np.ndarray):
    """The likelihood with all methods, those derived that it has not, after a trial at outputs like g (1, D) if own."""
    if is_own(likelihood):
        try_likelihood(laid_out(likelihood, Likelihood, check_likelihood, lay_out), g)
    return completed_likelihood(likelihood, g.shape[1])


def try_latent(latent) -> None:
    """Raise a ValueError that names the method of a latent family which fails, or answers in another shape."""
    K, R, rng = latent.dim, latent.row_size, np.random.default_rng(0)

    def answered(name, what, a, *shapes):
        check_shape(latent, LatentFamily, name, what, a, *shapes)
        # a density is 0 where there is no z
        no_z = (a == -np.inf) & (name in ("log_prior", "log_q"))
        check_finite(latent, LatentFamily, name, what, np.isfinite(a) | no_z)

    def shaped(name, shape, *arguments):
        if has(latent, LatentFamily, name):
            answered(name, "the answer", asked(latent, LatentFamily, name, *arguments), shape)

    shaped("prior_row", (R,))
    q = 0.1 * rng.standard_normal((B, R)) + (latent.prior_row() if has(latent, LatentFamily, "prior_row") else 0)
    for rows in (1, B):
        noise = Noise(rng.standard_normal((S, rows, K)), np.full((S, 1), 1 / S))
        z = _try_nodes(latent, q, noise, answered)
    kl, back = with_back(latent, LatentFamily, "kl", q)
    answered("kl", "the value", kl, (B,))
    answered("kl", "dq, which back returns,", asked_back(latent, LatentFamily, "kl", back, np.ones(B)), (B, R))
    shaped("log_prior", z.shape[:2], z)
    shaped("log_prior", z.shape[:1], z[:, 0])
    shaped("log_q", z.shape[:2], q, z)
    shaped("sample", (S, B, K), q, S, rng)
    shaped("sample_prior", (S, K), S, rng)
    shaped("mean", (B, K), q)
    shaped("starting_rows", (B, R), lambda z: np.zeros((len(z), B)), B, rng)


def _try_nodes(latent, q, noise, answered):
    # the nodes (S, B, K), of which there may be others than those of the noise
    z, w, back = with_back(latent, LatentFamily, "nodes", q, noise, values=2)
    nodes, K = np.shape(z)[0] if np.ndim(z) else S, latent.dim
    answered("nodes", "z", z, (nodes, B, K), (nodes, 1, K))
    answered("nodes", "w", w, (nodes, 1), (nodes, B))
    dq = asked_back(latent, LatentFamily, "nodes", back, np.ones(z.shape), np.ones((nodes, B)))
    answered("nodes", "dq, which back returns,", dq, q.shape)
    return np.broadcast_to(z, (nodes, B, K))


def try_likelihood(likelihood, g: np.ndarray) -> None:
    """Raise a ValueError that names the method of a likelihood which fails, or answers in another shape."""
    G, rng = g.shape[1], np.random.default_rng(0)
    g = g + 0.1 * rng.standard_normal((S, B, G))
    mean = asked(likelihood, Likelihood, "mean", g[0])
    D = np.shape(mean)[1] if np.ndim(mean) == 2 else G
    check_shape(likelihood, Likelihood, "mean", "the answer", mean, (B, D))
    check_finite(likelihood, Likelihood, "mean", "the answer", ~np.isnan(mean))
    x = example_data(likelihood, g[0], rng)
    check_shape(likelihood, Likelihood, "sample", "the answer", x, (B, D))
    if has(likelihood, Likelihood, "sample"):
        check_finite(likelihood, Likelihood, "sample", "the answer", np.isfinite(x))
    is_data = _try_check(likelihood, x)
    for rows in (1, B):
        _try_log_prob(likelihood, x, g[:, :rows], is_data)
    _try_optional(likelihood, x, g, is_data)


def _try_log_prob(likelihood, x, g, is_data):
    value, back = with_back(likelihood, Likelihood, "log_prob", x, g)
    check_shape(likelihood, Likelihood, "log_prob", "the value", value, (S, B))
    dg = asked_back(likelihood, Likelihood, "log_prob", back, np.ones((S, B)))
    check_shape(likelihood, Likelihood, "log_prob", "dg, which back returns,", dg, (S, B, g.shape[2]), g.shape)
    drawn = has(likelihood, Likelihood, "sample")
    if is_data:
        # -inf where there is no such x, but draws are such x
        good = ~np.isnan(value) if np.isfinite(value).any() or not drawn else np.isfinite(value)
        check_finite(likelihood, Likelihood, "log_prob", "the value", good)
    # a mean may stand at a kink
    if np.isfinite(value).all() and (drawn or not np.isfinite(dg).any()):
        check_finite(likelihood, Likelihood, "log_prob", "dg, which back returns,", np.isfinite(dg))


def _try_check(likelihood, x):
    # whether x can be data: means, such as 2.5 counts, may be none
    if has(likelihood, Likelihood, "check"):
        try:
            asked(likelihood, Likelihood, "check", x)
        except ValueError as problem:
            if has(likelihood, Likelihood, "sample") or not isinstance(problem.__cause__, ValueError):
                raise
            return False
    return True


def _try_optional(likelihood, x, g, is_data):
    for name, shape, arguments in (("log_prob_table", (S, B), (x, g[:, 0])), ("output_for", (B, g.shape[2]), (x,)),
                                   ("output_for", g.shape[2:], (x.mean(0),))):
        if has(likelihood, Likelihood, name):
            answer = asked(likelihood, Likelihood, name, *arguments)
            check_shape(likelihood, Likelihood, name, "the answer", answer, shape)
            check_finite(likelihood, Likelihood, name, "the answer", ~np.isnan(answer) | (not is_data))
    if has(likelihood, Likelihood, "output_scale"):
        scale = asked(likelihood, Likelihood, "output_scale", 1.0)
        if not np.isscalar(scale) or not scale > 0:
            raise ValueError(f"`output_scale` of {type(likelihood).__name__} returns {scale!r}, expected a positive "
                             f"number: {shapes_of(Likelihood, 'output_scale')}")
    if has(likelihood, Likelihood, "with_variance"):
        started = asked(likelihood, Likelihood, "with_variance", 1.0)
        check_members("what `with_variance` returns", started, Likelihood, "the same likelihood")


def example_data(likelihood, g: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Data x (B, D) that a likelihood takes, for outputs g (B, D): draws of its own, else means, finite in any case."""
    if has(likelihood, Likelihood, "sample"):
        return asked(likelihood, Likelihood, "sample", g, rng)
    return asked(likelihood, Likelihood, "mean", g)
