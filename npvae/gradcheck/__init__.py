"""Gradient checks that name the mistake: finite differences, complex step, Taylor test, and the diagnosis.

    report = npvae.gradcheck(f, x)           f: y, back = f(x), or value, gradient = f(x)
    npvae.check_bound(elbo_fn)               what no gradient check sees: is the bound a bound?
"""

from npvae.gradcheck.bound import BoundReport, check_bound
from npvae.gradcheck.check import gradcheck
from npvae.gradcheck.elbo_check import check_elbo
from npvae.gradcheck.evidence import Finding
from npvae.gradcheck.report import Report, Row

__all__ = ["gradcheck", "check_bound", "check_elbo", "Report", "BoundReport", "Row", "Finding"]
