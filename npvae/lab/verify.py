"""Every claim of the lecture, measured against a number that is exactly known, and the table of what was found."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from tqdm import tqdm

from npvae.lab.claims import (
    coordinates,
    finite_differences,
    gradient_estimators,
    identity,
    importance_weighting,
    kl_and_sigma_g,
    likelihoods,
    margossian_blei,
    mixture,
    nonlinear_decoder,
    probabilistic_pca,
    semi_amortized,
    shared_q,
)
from npvae.lab.claims.claim import Claim
from npvae.tables import table

# in the order of the ground truth, then the parts that complete the lecture
SECTIONS = [identity, probabilistic_pca, shared_q, mixture, nonlinear_decoder, kl_and_sigma_g, gradient_estimators,
            finite_differences, margossian_blei, importance_weighting, likelihoods, semi_amortized, coordinates]


def verify(quick: bool = False, sections: Sequence[int] | None = None,
           progress: bool | None = None) -> Iterator[Claim]:
    """Measure the claims of all sections of the ground truth, or of some of 1 … 13, in their order.

    `quick` leaves out what trains for seconds; `progress` is a bar, by default on a terminal. A ValueError for another
    section.

    Examples
    --------
    >>> all(claim.passed for claim in verify(quick=True, sections=[6]))
    True
    """
    unknown = sorted(set(sections or ()) - set(range(1, len(SECTIONS) + 1)))
    if unknown:
        raise ValueError(f"no section {unknown[0]}: expected 1 to {len(SECTIONS)}")
    chosen = range(1, len(SECTIONS) + 1) if sections is None else sorted(set(sections))
    for number in tqdm(chosen, desc="verify", unit="section", leave=False,
                       disable=None if progress is None else not progress):
        # a mistake in the code may overflow; the row then says so, in red
        with np.errstate(all="ignore"):
            for claim in measured_claims(number, quick):
                claim.section = number
                yield claim


def measured_claims(number: int, quick: bool) -> Iterator[Claim]:
    """The claims of one section; what cannot be measured for an error is a row that fails."""
    try:
        yield from SECTIONS[number - 1].claims(quick)
    except (ValueError, ArithmeticError) as problem:
        yield Claim(f"the rest of section {number} could not be measured", " ".join(str(problem).split()), 0.0,
                    math.nan, 0.0)


def verify_table(claims: Sequence[Claim]) -> str:
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

