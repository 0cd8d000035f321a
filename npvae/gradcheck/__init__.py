"""Gradient checks that name the mistake: finite differences, complex step, Taylor test, and the diagnosis.

    report = npvae.gradcheck(f, x)           f: y, back = f(x), or value, gradient = f(x)
    npvae.assert_gradients(f, x)             the same for a test
    npvae.check_bound(elbo_fn)               what no gradient check sees: is the bound a bound?

`comparison` holds gradients against differences, `refusals` says which checks could not fail, `diagnosis` what a wrong
gradient is, `bound` what a wrong ELBO is, and `gallery` shows mistakes of both kinds. How code is called stands in
`npvae.dialects`, the search for the line that is wrong in `npvae.repair`.
"""

from npvae.gradcheck.bound import check_bound
from npvae.gradcheck.check import assert_gradients, check_elbo, gradcheck
from npvae.gradcheck.report import BoundReport, Finding, Report, Row

__all__ = ["gradcheck", "assert_gradients", "check_bound", "check_elbo", "Report", "BoundReport", "Row", "Finding"]
