"""The parts that a solver is built of, looked at when it is built: a user's own is tried once."""

import copy
from collections.abc import Callable

import numpy as np

from npvae.checks import shown
from npvae.declared import declares
from npvae.inference.own_optimizer import check_optimizer
from npvae.inference.posteriors import check_encoder
from npvae.inference.protocols import Posterior, Schedule
from npvae.inference.schedules import at
from npvae.models import LatentVariableModel
from npvae.models.checks import check_trainable
from npvae.models.noise_checks import check_rule
from npvae.nn import lay_out
from npvae.parts import asked, asked_back, check_finite, check_members, check_shape, is_own, with_back


def check_solver_parts(solver) -> None:
    """Raise a ValueError that names the part of a solver which lacks something, or answers in another shape."""
    model = check_trainable(solver.initial_model)
    if solver.noise is not None and not declares(model.latent, "nodes are all z"):
        check_rule(solver.noise, model.latent.dim)
    check_optimizer(getattr(solver, "optimizer", None))
    for name in ("learning_rate", "beta", "q_learning_rate"):
        check_schedule(name, getattr(solver, name, None), getattr(solver, "sweeps", None))
    if getattr(solver, "encoder", None) is not None:
        check_encoder(solver.encoder, model)
    if getattr(solver, "make_posterior", None) is not None:
        check_posterior(solver.make_posterior, solver._initial_encoder(), model)


def check_posterior(make: Callable, encoder: Callable, model: LatentVariableModel) -> None:
    """Raise a ValueError unless `make(encoder, model)` is a posterior with a row (R,) for each x."""
    if not callable(make):
        raise ValueError(f"make_posterior is {shown(make)}, expected a function (encoder, model) -> posterior, or a "
                         "class such as npvae.SemiAmortized")
    fixed = model.copy(gradient=False)
    try:
        posterior = make(encoder.on(lay_out({"phi": encoder}), "phi."), fixed)
    except (TypeError, AttributeError) as problem:
        raise ValueError(f"make_posterior fails with an encoder and a model ({type(problem).__name__}: {problem}), "
                         "expected a function (encoder, model) -> posterior") from problem
    check_members("what make_posterior returns", posterior, Posterior, "npvae.Amortized(encoder)")
    # as many rows as few families have numbers in a row
    x = model.decode(model.latent.sample_prior(7, np.random.default_rng(0)))
    q, back = with_back(posterior, Posterior, "__call__", x)
    check_shape(posterior, Posterior, "__call__", "q", q, (7, model.latent.row_size))
    check_finite(posterior, Posterior, "__call__", "q", np.isfinite(q))
    asked_back(posterior, Posterior, "__call__", back, np.ones(q.shape))


def check_schedule(name: str, schedule, sweeps: int | None = None) -> None:
    """Raise a ValueError unless a schedule answers the first sweep, and the last of so many, with a number from 0.

    Numbers in the place of a schedule pass.

    Examples
    --------
    >>> check_schedule("beta", lambda: 1.0)
    Traceback (most recent call last):
    ValueError: <lambda> fails (TypeError: ...), expected sweep, from 0 -> a finite number from 0
    """
    if callable(schedule):
        trial = copy.deepcopy(schedule) if is_own(schedule) else schedule
        first = asked(trial, Schedule, "__call__", 0)
        at(lambda sweep: first, 0, name)
        if sweeps:
            at(trial, sweeps - 1, name)
