"""What a check found: a row for each parameter, what was left out and why, and the diagnosis."""

import html
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import cached_property
from numbers import Integral

from npvae.repair.result import NotAvailable

# notes of a row
HIDDEN = 'rounding hides it: not checked, use method="complex"'
ON_KINKS = "not checked: it stands on a kink wherever it is moved"
TIED = "what is equal gets more together than the value grows by"
MIXED = "a second call of back neither writes nor adds"


@dataclass(frozen=True)
class Finding:
    """What is wrong: `kind` in one word, `where`, and one sentence that says how to mend it.

    The kinds: sign, factor, transposed, slice, upstream, mask, clamp, zero, path, chain rule, variance, wrong point,
    product, softmax, noise, tie, accumulation, called twice, order, shape, optimizer, bound, batch, unknown.
    """

    kind: str
    where: str
    sentence: str


@dataclass(frozen=True)
class Row:
    """One parameter's verdict.

    `worst` names the coordinate (or the direction) that is furthest off, with the gradient that the code gave (`got`)
    and the numeric one (`expected`). `kinks` are the coordinates that were left out.
    """

    name: str
    shape: tuple
    method: str
    error: float
    tolerance: float
    verdict: str            # "pass" or "FAIL"
    worst: str = ""
    got: float | None = None
    expected: float | None = None
    kinks: tuple = ()
    note: str = ""

    @property
    def passed(self) -> bool:
        """Whether the verdict is "pass"."""
        return self.verdict == "pass"


class Verdict:
    """A report as a truth value, a dict, a text, and a table in a notebook."""

    checked = "the gradient"

    def __bool__(self):
        return self.passed

    @cached_property
    def repair(self):
        """The line that is wrong and its edit, or false, with `why` none is named; looked for at the first call."""
        return self.search() if self.search and not self.passed else NotAvailable("it was not looked for")

    def hint(self, level: int) -> str:
        """What is wrong, more and more openly: 1 the sentence, 2 the line, 3 the edit that mends it."""
        if not isinstance(level, Integral) or level not in (1, 2, 3):
            raise ValueError(f"level is {level!r}, expected 1 (the sentence), 2 (the line) or 3 (the edit)")
        if self.passed:
            return f"{self.checked} is right"
        known = [finding.sentence for finding in self.diagnosis if finding.kind != "unknown"]
        if level == 1 and (known or not self.repair):
            return " ".join(known or [finding.sentence for finding in self.diagnosis])
        return self.repair.hint(level)

    def _said(self):
        """The sentences and the edit."""
        mended = [self.repair.hint(3)] if self.repair else []
        # where the line is known, that nothing is known of it is no news
        return [f.sentence for f in self.diagnosis if not mended or f.kind != "unknown"] + mended

    def keys(self):
        """The keys of `dict(report)`."""
        return self.to_dict().keys()

    def __getitem__(self, key):
        return self.to_dict()[key]

    def __str__(self):
        from npvae.tables import table

        below = self._below()
        return "\n".join([self._title(), "", table(*self._cells()), *[""] * bool(below), *below])

    __repr__ = __str__

    def _repr_html_(self):
        header, rows = self._cells()
        head = "".join(f"<th>{html.escape(c)}</th>" for c in header)
        body = "".join("<tr>" + "".join(f"<td>{_cell_of_page(c)}</td>" for c in row) + "</tr>" for row in rows)
        return (f"<b>{html.escape(self._title())}</b><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
                + "".join(f"<p>{html.escape(line)}</p>" for line in self._below()))

    def _findings(self):
        return [asdict(finding) for finding in self.diagnosis]


def _cell_of_page(text):
    # a number's minus is no hyphen
    return re.sub(r"^-(?=\d)", "−", html.escape(text))


@dataclass(repr=False)
class Report(Verdict):
    """The rows of a check: true if all passed. `print(report)`, `dict(report)`, `report.plot()`.

    `diagnosis` says what is wrong, `notes` what was not checked; the plot needs `subject`; `search` finds the wrong
    line once it is asked for.
    """

    name: str
    rows: list[Row]
    method: str = "central"
    dtype: str = "float64"
    diagnosis: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    subject: object = None
    search: Callable | None = None

    @property
    def passed(self) -> bool:
        """Whether every row passed."""
        return all(row.passed for row in self.rows)

    @property
    def error(self) -> float:
        """The greatest error of all rows."""
        return max(row.error for row in self.rows)

    def to_dict(self) -> dict:
        """Plain lists, strings and numbers, ready for JSON."""
        return {"name": self.name, "passed": self.passed, "method": self.method, "dtype": self.dtype,
                "rows": [asdict(row) | {"shape": list(row.shape), "kinks": list(row.kinks)} for row in self.rows],
                "diagnosis": self._findings(), "notes": list(self.notes),
                "repair": asdict(self.repair) if self.repair else None}

    def plot(self):
        """The error against the step h, for forward and central differences and the complex step: a Figure."""
        if self.subject is None or any(row.note.startswith("the gradient has shape") for row in self.rows):
            raise ValueError(f"there is no curve of {self.name}: no gradient that a difference can be held against")
        from npvae.gradcheck.u_curve import u_curve
        from npvae.lab.plots import u_curve_figure

        return u_curve_figure(u_curve(self.subject), self.name)

    def _title(self):
        return f"gradcheck {self.name}: {'passed' if self.passed else 'FAILED'}"

    def _below(self):
        kinks = [f"left out: {kink}" for row in self.rows for kink in row.kinks]
        return [f"diagnosis: {said}" for said in self._said()] + kinks + self.notes

    def _cells(self):
        header = ["parameter", "shape", "method", "error", "tolerance", "worst", "got", "expected", "verdict"]
        return header, [[row.name, str(row.shape), row.method, f"{row.error:.1e}", f"{row.tolerance:.0e}", row.worst,
                         _number(row.got), _number(row.expected), row.verdict + (f" ({row.note})" if row.note else "")]
                        for row in self.rows]


def _number(value):
    return "–" if value is None else f"{value:.6g}"


@dataclass(repr=False)
class BoundReport(Verdict):
    """For each q the right ELBO and the one that came out, mean over the data, nats; and the mistake that fits."""

    rows: list[dict]        # q, log_p (None where no quadrature gives it), expected, got, error
    tolerance: float
    diagnosis: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    search: Callable | None = None
    checked = "the ELBO"

    @property
    def passed(self) -> bool:
        """Whether every value is the right one."""
        return not self.diagnosis

    @property
    def error(self) -> float:
        """The greatest difference from the right value, nats."""
        return max(row["error"] for row in self.rows)

    def to_dict(self) -> dict:
        """Plain lists, strings and numbers, ready for JSON."""
        return {"passed": self.passed, "error": self.error, "tolerance": self.tolerance, "rows": self.rows,
                "diagnosis": self._findings(), "notes": list(self.notes),
                "repair": asdict(self.repair) if self.repair else None}

    def verdict(self) -> str:
        """One sentence."""
        return self.diagnosis[0].sentence if self.diagnosis else "no mistake found"

    def _title(self):
        return f"check_bound: {'passed' if self.passed else 'FAILED'}"

    def _below(self):
        return [f"diagnosis: {said}" for said in self._said() or [self.verdict()]] + self.notes

    def _cells(self):
        header = ["q", "log p(x) (nats)", "right ELBO", "got", "furthest off"]
        return header, [[row["q"], *("–" if row[k] is None else f"{row[k]:.6f}" for k in ("log_p", "expected", "got")),
                         f"{row['error']:.1e}"] for row in self.rows]
