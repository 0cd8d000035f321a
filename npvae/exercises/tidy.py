"""A tidy table: a list of dicts with the same keys, that prints as a table, in a notebook, too."""

import html

from npvae.tables import table


class Table(list):
    """A list of rows, each a dict; `pandas.DataFrame(rows)` takes it as it is.

    >>> Table([{"name": "kl", "points": 2}])
    name  points
    ------------
    kl         2
    """

    def _cells(self):
        return list(self[0]), [[_text(value) for value in row.values()] for row in self]

    def __repr__(self):
        return table(*self._cells()) if self else "(no rows)"

    def _repr_html_(self):
        if not self:
            return "(no rows)"
        header, rows = self._cells()
        head = "".join(f"<th>{html.escape(c)}</th>" for c in header)
        body = "".join("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in row) + "</tr>" for row in rows)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _text(value):
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
