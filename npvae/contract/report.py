"""What `check_part` found: a row for each check, true if all passed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np

from npvae.gradcheck.report import Verdict


@dataclass(frozen=True)
class Check:
    """One row: what was looked at, what came out, what was expected; `passed` is None where it was not checked."""

    name: str
    passed: bool | None
    got: str
    expected: str


@dataclass(repr=False)
class PartReport(Verdict):
    """The rows of `check_part`: true if none failed."""

    name: str
    role: str
    rows: list[Check]

    @property
    def passed(self) -> bool:
        """Whether no check failed."""
        return not self.failed

    @property
    def failed(self) -> list[str]:
        """The names of the checks that failed."""
        return [row.name for row in self.rows if row.passed is False]

    def to_dict(self) -> dict:
        """Plain lists, strings and numbers, ready for JSON."""
        return {"name": self.name, "role": self.role, "passed": self.passed,
                "rows": [asdict(row) for row in self.rows]}

    def _title(self):
        return f"check_part {self.name}, {self.role}: {'passed' if self.passed else 'FAILED'}"

    def _below(self):
        return [f"{row.name}: {row.got}; expected {row.expected}" for row in self.rows if row.passed is False]

    def _cells(self):
        words = {True: "pass", False: "FAIL", None: "not checked"}
        cut = [row.got if len(row.got) <= 44 else row.got[:43] + "…" for row in self.rows]
        return ["check", "got", "expected", "verdict"], [
            [row.name, got, row.expected, words[row.passed]] for row, got in zip(self.rows, cut, strict=True)]


class NotChecked(Exception):
    """Raised by a check that cannot be made of this part, with the reason."""


def checked(name: str, expected: str, look: Callable, *arguments) -> Check:
    """The row of a check: `look(…)` returns whether it passed and what it got."""
    try:
        with np.errstate(all="ignore"):
            passed, got = look(*arguments)
    except NotChecked as reason:
        return Check(name, None, str(reason), expected)
    except Exception as problem:
        return Check(name, False, f"{type(problem).__name__}: {' '.join(str(problem).split())}", expected)
    return Check(name, bool(passed), str(got), expected)


def near(got, expected, tolerance: float) -> tuple[bool, str]:
    """Whether numbers are as expected, and by how much they are off at most."""
    off = float(np.max(np.abs(np.asarray(got) - np.asarray(expected)), initial=0.0))
    return off <= tolerance, f"off by {off:.2g}"


def same_bits(a, b) -> tuple[bool, str]:
    """Whether two arrays are equal bit by bit."""
    same = np.array_equal(a, b, equal_nan=True)
    return same, "the same bits" if same else "other numbers"


def gradient_found(report) -> tuple[bool, str]:
    """What `gradcheck` found, with its diagnosis."""
    said = [finding.sentence for finding in report.diagnosis if finding.kind != "unknown"]
    worst = max(report.rows, key=lambda row: row.error / row.tolerance)
    return report.passed, f"error {worst.error:.1e} of {worst.name}" + "".join(f"; {sentence}" for sentence in said[:1])
