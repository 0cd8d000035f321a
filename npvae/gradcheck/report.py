"""What a gradient check found: a row per parameter, what was left out and why, and the diagnosis."""

import html
from dataclasses import asdict, dataclass, field


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
    def passed(self):
        """Whether the verdict is "pass"."""
        return self.verdict == "pass"


@dataclass
class Report:
    """The rows of a check. `print(report)`, `dict(report)`, `report.passed`, `report.plot()`; a table in a notebook.

    Parameters
    ----------
    name : str
        What was checked.
    rows : list of Row
    method, dtype : str
    diagnosis : list of Finding
        What is wrong, one for each relation found between the wrong gradients and the right ones.
    notes : list of str
        What was not checked.
    subject : Subject, optional
        For the plot.
    """

    name: str
    rows: list
    method: str = "central"
    dtype: str = "float64"
    diagnosis: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    subject: object = field(default=None, repr=False)

    @property
    def passed(self):
        """Whether every row passed."""
        return all(row.passed for row in self.rows)

    @property
    def error(self):
        """The greatest error of all rows."""
        return max(row.error for row in self.rows)

    def to_dict(self):
        """Plain lists, strings and numbers, ready for JSON."""
        return {"name": self.name, "passed": self.passed, "method": self.method, "dtype": self.dtype,
                "rows": [asdict(row) | {"shape": list(row.shape), "kinks": list(row.kinks)} for row in self.rows],
                "diagnosis": [{"kind": f.kind, "where": f.where, "sentence": f.sentence} for f in self.diagnosis],
                "notes": list(self.notes)}

    def keys(self):
        """The keys of `dict(report)`."""
        return self.to_dict().keys()

    def __getitem__(self, key):
        return self.to_dict()[key]

    def plot(self):
        """The error against the step h, for forward and central differences and the complex step: a Figure."""
        if self.subject is None or any(row.note.startswith("the gradient has shape") for row in self.rows):
            raise ValueError(f"there is no curve of {self.name}: no gradient that a difference can be held against")
        from npvae.gradcheck.u_curve import u_curve
        from npvae.lab.plots import u_curve_figure

        return u_curve_figure(u_curve(self.subject), self.name)

    def __str__(self):
        from npvae.tables import table

        lines = [f"gradcheck {self.name}: {'passed' if self.passed else 'FAILED'}", "", table(*self._cells())]
        lines += [""] * bool(self.diagnosis or self.notes or self._kinks())
        lines += [f"diagnosis: {finding.sentence}" for finding in self.diagnosis]
        return "\n".join(lines + [f"left out: {kink}" for kink in self._kinks()] + self.notes)

    def _repr_html_(self):
        header, rows = self._cells()
        head = "".join(f"<th>{html.escape(c)}</th>" for c in header)
        body = "".join("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in row) + "</tr>" for row in rows)
        below = [f"<b>diagnosis</b> {html.escape(f.sentence)}" for f in self.diagnosis]
        below += [html.escape(line) for line in [f"left out: {kink}" for kink in self._kinks()] + self.notes]
        title = f"gradcheck {self.name}: {'passed' if self.passed else 'FAILED'}"
        return (f"<b>{html.escape(title)}</b><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
                + "".join(f"<p>{line}</p>" for line in below))

    def _cells(self):
        header = ["parameter", "shape", "method", "error", "tolerance", "worst", "got", "expected", "verdict"]
        return header, [[row.name, str(row.shape), row.method, f"{row.error:.1e}", f"{row.tolerance:.0e}", row.worst,
                         number(row.got), number(row.expected), row.verdict + (f" ({row.note})" if row.note else "")]
                        for row in self.rows]

    def _kinks(self):
        return [kink for row in self.rows for kink in row.kinks]


def number(value):
    """Six digits, or a dash."""
    return "–" if value is None else f"{value:.6g}"
