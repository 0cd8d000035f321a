"""A fit that fails leaves what was learned before it; one that is interrupted leaves what it has learned itself."""

from contextlib import contextmanager

from npvae.checks import truth
from npvae.inference.training import DivergenceError


@contextmanager
def earlier_fit_kept(solver, resume=False):
    """Around a solver's fit: if it fails, the solver is what it was before, and can go on from there.

    An interruption (Ctrl-C) after the first batch leaves it with what it has, and so does whatever ends a first fit,
    before which there was nothing.

    Parameters
    ----------
    solver : VariationalEM, SharedQ, AmortizedVI or SquaredErrorSolver
        Its attributes are put back.
    resume : bool
        The fit changes the run that the solver holds, so that the run is put back, too.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> solver = SimpleNamespace(parameters=[1.0], history=[])
    >>> with earlier_fit_kept(solver):
    ...     solver.parameters = [float("nan")]
    ...     raise ValueError("no such data")
    Traceback (most recent call last):
    ValueError: no such data
    >>> solver.parameters
    [1.0]
    """
    resume, before = truth("resume", resume), dict(solver.__dict__)
    fitted = "parameters" in before
    run = solver.run.snapshot() if resume and fitted else None
    earlier, records = before.get("history"), list(before.get("history", ()))
    try:
        yield
    except BaseException as problem:
        interrupted, history = not isinstance(problem, Exception), getattr(solver, "history", ())
        learned = history and (history != records if history is earlier else True)
        if not fitted or interrupted and learned:
            raise
        solver.__dict__.clear()
        solver.__dict__.update(before)
        if run:
            solver.run.put_back(run)
        if isinstance(problem, DivergenceError):
            raise of_a_refit(problem) from None
        raise


def of_a_refit(problem):
    """What a DivergenceError says when it is the earlier fit that stays."""
    return DivergenceError(str(problem).replace("the last finite parameters are", "the earlier fit is"))
