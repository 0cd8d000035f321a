"""A fit that fails leaves what was learned before it; one that is interrupted leaves what it has learned itself."""

from npvae.inference.history import DivergenceError


class EarlierFit:
    """What a solver was before a fit, to be that again if the fit fails.

    An interruption (Ctrl-C) after the first batch leaves the solver with what it has learned, and so does whatever ends
    a first fit, before which there was nothing.

    Parameters
    ----------
    solver : VariationalEM, SharedQ, AmortizedVI or SquaredErrorSolver
    resume
        The fit changes the run that the solver holds, so that the run is put back, too.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> solver = SimpleNamespace(parameters=[1.0], history=[])
    >>> earlier = EarlierFit(solver)
    >>> solver.parameters = [float("nan")]
    >>> earlier.put_back(ValueError("no such data"))
    >>> solver.parameters
    [1.0]
    """

    def __init__(self, solver, resume: bool = False):
        self.solver, self.before = solver, dict(solver.__dict__)
        self.run = solver.run.snapshot() if resume and "run" in self.before else None
        self.records = list(self.before.get("history", ()))

    def put_back(self, problem: BaseException) -> None:
        """Put it back, unless the fit that this problem has ended is to stay; a DivergenceError says so."""
        solver, before = self.solver, self.before
        if "parameters" not in before:
            return
        learned = solver.history != self.records if solver.history is before["history"] else solver.history
        if learned and not isinstance(problem, Exception):
            return
        solver.__dict__.clear()
        solver.__dict__.update(before)
        if self.run is not None:
            solver.run.restore(self.run)
        if isinstance(problem, DivergenceError):
            raise of_a_refit(problem) from None


def of_a_refit(problem: DivergenceError) -> DivergenceError:
    """What a DivergenceError says when it is the earlier fit that stays."""
    return DivergenceError(str(problem).replace("the last finite parameters are", "the earlier fit is"))
