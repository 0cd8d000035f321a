"""One row of `npvae verify`: what is expected, what was measured, and whether they agree."""

from dataclasses import dataclass

import numpy as np


@dataclass
class Claim:
    """A sentence, how it was measured, and two numbers, in nats where not said otherwise.

    With `bound` the claim is `measured ≤ expected`; `section`, of the ground truth, is set by `verify`.

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
    def residual(self) -> float:
        """|measured − expected|, or how far a bound is overstepped."""
        difference = self.measured - self.expected
        return max(difference, 0.0) if self.bound else abs(difference)

    @property
    def passed(self) -> bool:
        """Whether the residual is within the tolerance; a NaN is not."""
        return bool(self.residual <= self.tolerance and np.isfinite(self.measured))

    def record(self) -> dict:
        """The row as the JSON file has it."""
        finite = {n: float(v) if np.isfinite(v) else None for n, v in
                  [("expected", self.expected), ("measured", self.measured), ("residual", self.residual)]}
        return {"claim": self.claim, "how": self.how, "section": self.section, **finite,
                "tolerance": float(self.tolerance), "passed": self.passed}
