"""The catalogue of mistakes: each a patch to correct code, with the sentence that the diagnosis should give.

    from npvae.gradcheck.catalogue import CATALOGUE, mistake
    planted = mistake("ReLU: mask inverted")
    print(planted.diff(), planted.check(planted.planted()), sep="\\n")
"""

from npvae.gradcheck.catalogue_bounds import BOUND_MISTAKES
from npvae.gradcheck.catalogue_inference import ELBO_MISTAKES, SOLVER_MISTAKES
from npvae.gradcheck.catalogue_layers import LAYER_MISTAKES, OPTIMIZER_MISTAKES
from npvae.gradcheck.catalogue_models import KL_MISTAKES, LIKELIHOOD_MISTAKES, SAMPLER_MISTAKES

CATALOGUE = [*LAYER_MISTAKES, *OPTIMIZER_MISTAKES, *LIKELIHOOD_MISTAKES, *KL_MISTAKES, *SAMPLER_MISTAKES,
             *ELBO_MISTAKES, *SOLVER_MISTAKES, *BOUND_MISTAKES]


def mistake(name):
    """The mistake of that name.

    Examples
    --------
    >>> print(mistake("dW with a minus").diff())
    - self.dW[...] += x.T @ dy
    + self.dW[...] -= x.T @ dy
    """
    found = [m for m in CATALOGUE if m.name == name]
    if not found:
        raise ValueError(f"no mistake is called {name!r}; there are {[m.name for m in CATALOGUE]}")
    return found[0]


def judge(planted):
    """Whether a mistake is caught, and the diagnosis: (bool, sentence). A refusal to check counts as caught.

    Parameters
    ----------
    planted : Mistake

    Raises
    ------
    ValueError
        If its patch no longer fits the source.
    """
    code = planted.planted()
    try:
        report = planted.check(code)
    except ValueError as refused:
        return True, str(refused)
    return not report.passed, " ".join(finding.sentence for finding in report.diagnosis)
