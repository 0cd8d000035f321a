"""How a text file of numbers is laid out: its separator, its header, and what its columns are."""

import numbers
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from .csv_cells import MISSING, column_name, is_number

SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas", " ": "spaces"}
LABEL_COLUMNS = ("label", "labels", "target", "class")


def find_separator(lines: list[str]) -> str:
    """The first of ; tab | and , that stands outside quotes in every line, or in half of them; else a space.

    >>> find_separator(["a;b", "1,5;2"]), find_separator(["5", "6"])
    (';', ' ')
    """
    bare = [line for line in re.sub(r'"[^"]*"', '""', "\n".join(lines)).splitlines() if line.strip()]
    share = {mark: sum(mark in line for line in bare) / max(1, len(bare)) for mark in SEPARATORS}
    # a line without it is then named for its number of columns
    return next((mark for least in (1, 0.5) for mark in share if share[mark] >= least), " ")


def is_header(first: list[str], others: list[list[str]], wanted: Sequence[str] = (),
              text: Collection[int] = ()) -> bool:
    """Whether the first row names the columns: it has no number, or counts them above rows that do not count.

    A row that holds a name that a user `wanted` is a header; columns of `text`, not read as numbers, say nothing.
    """
    if any(name in first and not is_number(name) for name in wanted):
        return True
    cells = [cell for j, cell in enumerate(first) if j not in text]
    digits = [cell for cell in cells if is_number(cell)]
    names = [cell for cell in cells if cell.lower() not in MISSING and not is_number(cell)]
    if not digits:
        return bool(names)
    if not names and (first[0] or 0 in text):
        return counts_columns(first, others)
    # as pandas writes it: ,0,1,2 or label,0,1,2; but in 1,2,cat above 3,4,dog the text is a class
    known = all(name.lower() in LABEL_COLUMNS for name in names)
    below = [row[j] for row in others for j, cell in enumerate(first[:len(row)]) if cell in names and j not in text]
    return counted(digits) is not None and (known or len(digits) > 1 and all(map(is_number, below)))


def counted(cells: list[str]) -> int | None:
    """The whole number that cells count up from, one by one, or None."""
    if not all(re.fullmatch(r"0|[1-9][0-9]{0,8}", cell) for cell in cells):
        return None
    found = [int(cell) for cell in cells]
    return found[0] if found == list(range(found[0], found[0] + len(found))) else None


def evenly(cells: list[str]) -> bool:
    """Whether four numbers or more go up by equal steps, like times or wavelengths.

    >>> evenly(["0", "0.1", "0.2", "0.3"]), evenly(["1", "2", "4", "8"])
    (True, False)
    """
    if len(cells) < 4 or not all(map(is_number, cells)):
        return False
    found = [float(cell.replace(",", ".")) for cell in cells]
    step = (found[-1] - found[0]) / (len(found) - 1)
    return step > 0 and all(abs(x - found[0] - j * step) <= 1e-3 * step for j, x in enumerate(found))


def counts_columns(first: list[str], others: list[list[str]]) -> bool:
    """Whether a row of numbers is a header of column numbers: 0, 1, 2, … above rows that are not such.

    Two columns are too few to tell, and so are fewer than eight that count from 1, unless every number below is written
    with a decimal point; then three whole numbers that go up, such as years, are names, too.

    >>> counts_columns(["0", "1", "2"], [["5", "0", "3"]]), counts_columns(["0", "1"], [["2", "0"]])
    (True, False)
    >>> counts_columns(["400", "450", "500"], [["1.5", "0.5", "2.0"]])
    True
    """
    start = counted(first)
    if len(first) < 2 or not others or any(counted(row) is not None for row in others):
        return False
    decimals = not any(re.fullmatch(r"[+-]?[0-9]*", cell) for row in others for cell in row)
    if start is None:
        return decimals and len(first) >= 3 and go_up(first)
    return decimals or start == 0 and len(first) >= 3 or start == 1 and len(first) >= 8


def go_up(cells: list[str]) -> bool:
    """Whether cells are whole numbers, each greater than the one before."""
    return all(re.fullmatch(r"0|[1-9][0-9]{0,8}", cell) for cell in cells) and all(
        int(a) < int(b) for a, b in zip(cells, cells[1:], strict=False))


def quoted(line: str, separator: str) -> bool:
    """Whether every cell of a line of text stands in quotes, as names do where numbers have none.

    >>> quoted('"1","2"', ","), quoted('"1",2', ",")
    (True, False)
    """
    return all(re.fullmatch(r'\s*"[^"]*"\s*', cell) for cell in line.split(separator))


@dataclass
class Columns:
    """What the columns of a file are: `data` and `label` by their places from 0, and `names` if there is a header."""

    data: list
    label: int | None
    names: list | None
    notes: list

    def called(self) -> tuple[str, ...]:
        """What a user may call each column of data: by its name if no other has it, else by its number from 1."""
        names = self.names or []
        return tuple(names[j] if names and names[j] and names.count(names[j]) == 1 else str(j + 1) for j in self.data)


def choose_columns(names: list[str] | None, width: int, label: str | int | None = None,
                   leave_out: Sequence[str | int] = ()) -> Columns:
    """What the `width` columns are: by their names in a header, and by what a user says about them.

    A ValueError for no such column, a name that two have, a column named twice, or if no column of data is left.
    """
    left = [find_column(column, names, width, "leave_out") for column in leave_out]
    notes = [f"{column_name(j, names)} left out" for j in left]
    place = _label(names, left) if label is None else find_column(label, names, width, "label")
    if place in left:
        raise ValueError(f"{column_name(place, names)} is both label and left out: choose one")
    if names and names[0] == "" and width > 1 and 0 not in [place, *left]:
        # pandas and R write their row names so
        left.append(0)
        notes.append("column 1 has no name and is left out as an index")
    data = [j for j in range(width) if j not in left and j != place]
    if not data:
        raise ValueError(f"no column of data is left of {width}: expected one besides the labels and what is left out")
    if place is not None:
        notes.insert(0, f"labels from {column_name(place, names)}")
    return Columns(data, place, names, notes)


def _label(names, left):
    found = [j for j, name in enumerate(names or []) if name.lower() in LABEL_COLUMNS and j not in left]
    if len(found) > 1:
        raise ValueError(f"{' and '.join(column_name(j, names) for j in found)} are all called labels: name one "
                         "(--label, in Python label=) and leave out the others (--leave-out, leave_out=)")
    return found[0] if found else None


def listed(columns: str | int | Sequence[str | int] | None) -> list[str | int]:
    """The columns that a user gave, one or several or none, as a list.

    >>> listed("a"), listed([1, 2]), listed(None)
    (['a'], [1, 2], [])
    """
    if columns is None or isinstance(columns, str | numbers.Integral):
        return [] if columns is None else [columns]
    try:
        return list(columns)
    except TypeError:
        raise ValueError(f"leave_out is {columns!r}, expected names of columns or their numbers from 1") from None


def find_column(column: str | int, names: list[str] | None, width: int, what: str) -> int:
    """The place, from 0, of a column that is given by its name or by its number from 1: a name wins.

    >>> find_column("b", ["a", "b"], 2, "label"), find_column("1", None, 2, "label"), find_column(2, None, 2, "label")
    (1, 0, 1)
    """
    there = f"the columns are {', '.join(map(repr, names[:12]))}" if names else "the file has no header"
    if isinstance(column, str) and names and column in names:
        if names.count(column) > 1:
            raise ValueError(f"{what} is {column!r}, which {names.count(column)} columns are called: give its number, "
                             f"1 to {width}, instead")
        return names.index(column)
    if isinstance(column, str) and re.fullmatch("[0-9]+", column) and not any(map(is_number, names or ())):
        # where names are themselves numbers, a number given as text can only be a name
        column = int(column)
    if isinstance(column, numbers.Integral) and not isinstance(column, bool) and 1 <= column <= width:
        return int(column) - 1
    raise ValueError(f"{what} is {column!r}, expected the name of a column or its number, 1 to {width}; {there}"
                     + (" …" if names and len(names) > 12 else ""))
