"""The parts that a solver is built of, looked at when it is built: a user's own is tried once."""

import copy

from npvae.declared import declares
from npvae.inference.own_optimizer import check_optimizer
from npvae.inference.posteriors import check_encoder
from npvae.inference.protocols import Schedule
from npvae.inference.schedules import at
from npvae.models.checks import check_trainable
from npvae.models.noise_checks import check_rule
from npvae.parts import asked, is_own


def check_solver_parts(solver) -> None:
    """Raise a ValueError that names the part of a solver which lacks something, or answers in another shape."""
    model = check_trainable(solver.initial_model)
    if solver.noise is not None and not declares(model.latent, "nodes are all z"):
        check_rule(solver.noise, model.latent.dim)
    check_optimizer(getattr(solver, "optimizer", None))
    for name in ("learning_rate", "beta", "q_learning_rate"):
        check_schedule(name, getattr(solver, name, None))
    if getattr(solver, "encoder", None) is not None:
        check_encoder(solver.encoder, model)


def check_schedule(name: str, schedule) -> None:
    """Raise a ValueError unless a schedule answers the first sweep with a finite number from 0; numbers pass.

    Examples
    --------
    >>> check_schedule("beta", lambda: 1.0)
    Traceback (most recent call last):
    ValueError: <lambda> fails (TypeError: ...), expected sweep, from 0 -> a finite number from 0
    """
    if callable(schedule):
        first = asked(copy.deepcopy(schedule) if is_own(schedule) else schedule, Schedule, "__call__", 0)
        at(lambda sweep: first, 0, name)
