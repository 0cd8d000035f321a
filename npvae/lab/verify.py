"""Every claim of the lecture as a row: what is expected, what was measured, and whether they agree."""

import importlib
import math
from dataclasses import dataclass

import numpy as np

from npvae.tables import table

SECTIONS = ["s01_identity", "s02_probabilistic_pca", "s03_shared_q", "s04_mixture", "s05_nonlinear_decoder",
            "s06_kl_and_sigma_g", "s07_gradient_estimators", "s08_finite_differences", "s09_margossian_blei",
            "s10_importance_weighting"]


@dataclass
class Claim:
    """One row of `npvae verify`.

    Parameters
    ----------
    claim : str
        The sentence.
    how : str
        How it was measured.
    expected, measured : float
        Nats where not said otherwise.
    tolerance : float
        What the residual may be.
    bound : bool
        The claim is `measured ≤ expected`, and the residual is what it is above.
    section : int
        Of the ground truth; `verify` sets it.

    Examples
    --------
    >>> Claim("a bound", "by hand", expected=0.0, measured=-3.0, tolerance=0.0, bound=True).passed
    True
    """

    claim: str
    how: str
    expected: float
    measured: float
    tolerance: float
    bound: bool = False
    section: int = 0

    @property
    def residual(self):
        """|measured − expected|, or how far a bound is overstepped."""
        difference = self.measured - self.expected
        return max(difference, 0.0) if self.bound else abs(difference)

    @property
    def passed(self):
        """Whether the residual is within the tolerance; a NaN is not."""
        return bool(self.residual <= self.tolerance and np.isfinite(self.measured))

    def record(self):
        """The row as the JSON file has it."""
        finite = {n: float(v) if np.isfinite(v) else None for n, v in
                  [("expected", self.expected), ("measured", self.measured), ("residual", self.residual)]}
        return {"claim": self.claim, "how": self.how, "section": self.section, **finite,
                "tolerance": float(self.tolerance), "passed": self.passed}


def verify(quick=False, sections=None, progress=None):
    """Measure the claims, in the order of the sections of the ground truth.

    Parameters
    ----------
    quick : bool
        Leave out what trains for seconds.
    sections : sequence of int, optional
        Only these, of 1 … 10.
    progress : bool, optional
        A bar; by default on a terminal.

    Yields
    ------
    claim : Claim

    Raises
    ------
    ValueError
        For another section.

    Examples
    --------
    >>> all(claim.passed for claim in verify(quick=True, sections=[6]))
    True
    """
    from tqdm import tqdm

    unknown = sorted(set(sections or ()) - set(range(1, len(SECTIONS) + 1)))
    if unknown:
        raise ValueError(f"no section {unknown[0]}: expected 1 to {len(SECTIONS)}")
    chosen = [(number, name) for number, name in enumerate(SECTIONS, 1) if sections is None or number in sections]
    for number, name in tqdm(chosen, desc="verify", unit="section", leave=False,
                             disable=None if progress is None else not progress):
        # a mistake in the code may overflow; the row then says so, in red
        with np.errstate(all="ignore"):
            for claim in measured_claims(name, quick):
                claim.section = number
                yield claim


def measured_claims(name, quick):
    """The claims of one section; what cannot be measured for an error is a row that fails."""
    try:
        yield from importlib.import_module(f"npvae.lab.claims.{name}").claims(quick)
    except (ValueError, ArithmeticError) as problem:
        yield Claim(f"the rest of {name} could not be measured", " ".join(str(problem).split()), 0.0, math.nan, 0.0)


def verify_table(claims):
    """The rows as a table, and a closing line."""
    rows = []
    for c in claims:
        rows += [[f"{c.section:>2}  {c.claim}", f"{'≤ ' if c.bound else ''}{c.expected:.6g}", f"{c.measured:.6g}",
                  f"{c.residual:.1e}", f"{c.tolerance:.0e}", "ok" if c.passed else "FAILED"],
                 [f"      {c.how}", "", "", "", "", ""]]
    failed = sum(not c.passed for c in claims)
    closing = "every claim holds" if not failed else f"{failed} of {len(claims)} claims FAILED"
    header = ["§   claim, and how it is measured", "expected", "measured", "residual", "tolerance", "verdict"]
    return table(header, rows) + "\n\n" + closing

