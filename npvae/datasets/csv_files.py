"""Text files of numbers, as spreadsheets, pandas, R and NumPy write them; what is wrong is named by line and column."""

import csv
import itertools
import os
import re
from array import array
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .csv_cells import INFINITE, MISSING, Numbers, class_numbers, complaint, is_number
from .csv_layout import SEPARATORS, Columns, choose_columns, counted, evenly, find_separator, is_header, listed, quoted

LOOKED_AT = 200     # lines that separator and header are told from
# a comment, or a spreadsheet's hint at its separator; but no spreadsheet's error, such as #N/A
COMMENT = re.compile(r"\s*(sep=|#(?!N/A|DIV/0!|VALUE!|REF!|NAME\?|NUM!|NULL!))")


class Table(NamedTuple):
    """What a text file holds."""

    rows: np.ndarray            # (n, D), float64
    labels: np.ndarray | None   # (n,), int64 if they are whole numbers
    columns: tuple              # of D names, or numbers from 1 as text
    classes: tuple | None       # the names of the classes 0, 1, 2, …, where the labels are text
    notes: tuple                # how it was read, in words


def read_csv(path: str | os.PathLike, label: str | int | None = None,
             leave_out: str | int | Sequence[str | int] = ()) -> Table:
    """The rows of a text file of numbers, and its labels.

    Columns stand between commas, semicolons, tabs, bars or spaces, whichever is in every line. Names of the columns
    may stand in the first line; so may their numbers, 0, 1, 2, …, above rows that do not count. Blank lines and those
    that start with # are skipped. Between other marks than commas, decimal commas are taken.

    `label` is the column of labels, numbers or text, whose classes are numbered in sorted order; by default the one
    that the header calls label, labels, target or class. `leave_out` are columns that are not read. Both are named, or
    numbered from 1, a name first.

    A ValueError for no text, a line with another number of columns, a cell that is missing or no plain finite number,
    commas that may be decimal commas or thousands, no line of numbers, or no such column.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "points.csv")
    ...     with open(path, "w") as file:
    ...         _ = file.write("a,b,label\\n0,1.5,cat\\n2,3.5,dog\\n")
    ...     read_csv(path)[:4]
    (array([[0. , 1.5], [2. , 3.5]]), array([0, 1]), ('a', 'b'), ('cat', 'dog'))
    """
    try:
        layout = _read_layout(path, label, listed(leave_out))
        with _open_text(path) as file:
            return _parse(file, layout)
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: is not text in UTF-8 ({error.reason}): save it as UTF-8") from error
    except (OSError, ValueError, csv.Error) as error:
        raise ValueError(f"{path}: {error}") from error


class Layout(NamedTuple):
    """How a file is laid out, as its first lines tell."""

    separator: str
    width: int          # of a row, without an empty cell after a last separator
    header: int         # number of the line that the columns' names end in, or 0
    columns: Columns


def _open_text(path):
    return open(path, encoding="utf-8-sig", newline="")


def _lines(file, comments=None):
    """The lines of a file, comments as blank ones, so that the numbers of the others stay; they go into a list."""
    for line in file:
        comment = COMMENT.match(line)
        if comment and comments is not None:
            comments.append(line)
        yield "\n" if comment else line


def _numbered_rows(file, separator, comments=None):
    """The number and the cells of each line that is not blank."""
    lines = _lines(file, comments)
    if separator == " ":
        lines = (" ".join(line.split()) + "\n" for line in lines)
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=True)
    try:
        for cells in reader:
            if len(cells) > 1 or cells and cells[0].strip():
                yield reader.line_num, [cell.strip() for cell in cells]
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num}: {error}: expected numbers, and quotes around whole cells") from error


def _read_layout(path, label, leave_out):
    with _open_text(path) as file:
        some = list(itertools.islice((line for line in _lines(file) if line.strip()), LOOKED_AT))
    separator = find_separator(some)
    with _open_text(path) as file:
        rows = list(itertools.islice(_numbered_rows(file, separator), LOOKED_AT))
    if not rows:
        raise ValueError("has no line of numbers, expected at least one: numbers separated by commas")
    (line, first), others = rows[0], [cells for _, cells in rows[1:]]
    width = _width(first, others)
    first, others = _without_empty_end(first, width), [_without_empty_end(cells, width) for cells in others]
    wanted = [column for column in [label, *leave_out] if isinstance(column, str)]
    text = {int(column) - 1 for column in [label, *leave_out] if str(column).isdecimal()}
    header = is_header(first, others, wanted, text) or (
        quoted(some[0], separator) and not any('"' in line for line in some[1:]) and bool(others))
    if header and len(first) != width:
        raise ValueError(_wrong_width(first, width, line, "below"))
    # without a header the first line says how many
    width = width if header else len(first)
    if header and len(others) > 1 and not any(map(is_number, others[0])) and all(map(is_number, others[1])):
        raise ValueError(f"line {rows[1][0]} holds no number and stands above numbers, like line {line}: expected one "
                         "line of names, remove the other")
    names = first if header else _names_in_a_comment(path, separator, line, width)
    columns = choose_columns(names, width, label, leave_out)
    columns.notes[:0] = [] if separator == "," or width == 1 else [f"between {SEPARATORS[separator]}"]
    columns.notes[:0] = _header_notes(names, separator, first, others)
    return Layout(separator, width, line if header else 0, columns)


def _width(first, others):
    """The number of columns; where every line ends with a separator, there is none after the last."""
    row = others[0] if others else first
    ends = len(row) > 1 and all(cells[-1] == "" for cells in others) and (first[-1] == "" or len(first) < len(row))
    return len(row) - ends


def _without_empty_end(cells, width):
    return cells[:width] if len(cells) == width + 1 and cells[-1] == "" else cells


def _wrong_width(cells, width, line, where="above"):
    two = len(cells) == 2 * width or width == 2 * len(cells)
    hint = ": are there decimal commas? write decimals with a point" if two else ""
    found = f"{len(cells)} column{'s' * (len(cells) > 1)}"
    return f"line {line} has {found}, expected {width} as in the lines {where}{hint}"


def _names_in_a_comment(path, separator, line, width):
    """The names in the last comment before the first row, as NumPy writes them, or None."""
    with _open_text(path) as file:
        comments = [above for above in itertools.islice(file, line - 1) if COMMENT.match(above)]
    cells = next(iter(_numbered_rows([above.lstrip("# ") for above in comments[-1:]], separator)), (0, []))[1]
    return cells if len(cells) == width and not any(map(is_number, cells)) else None


def _header_notes(names, separator, first, others):
    if names:
        return ["a header" + (f" of numbers, {names[0]} to {names[-1]}" if all(map(is_number, names)) else "")]
    notes = ["no header"]
    if len(first) > 1 and counted(first) is not None and all(counted(cells) is None for cells in others):
        notes.append(f"the first line counts, {first[0]} to {first[-1]}, and is read as data: if it is a header, "
                     "write names")
    elif evenly(first) and not any(map(evenly, others)):
        notes.append(f"the first line goes evenly from {first[0]} to {first[-1]} and is read as data: if it is a "
                     "header, write names")
    if separator == "," and _may_be_decimals([first, *others]):
        notes.append("commas are between columns: if they are decimal commas, write points")
    return notes


def _may_be_decimals(rows):
    """Whether every line is a whole number, a comma, digits; a ValueError if the digits are none but decimals."""
    if not all(len(cells) == 2 and re.fullmatch(r"[+-]?[0-9]+", cells[0]) and re.fullmatch("[0-9]+", cells[1])
               for cells in rows):
        return False
    zeros = next((cells[1] for cells in rows if re.fullmatch("0[0-9]+", cells[1])), None)
    if zeros:
        raise ValueError(f"may be one column with decimal commas or two: after a comma stands {zeros}: write decimals "
                         "with a point, whole numbers without zeros in front")
    return True


def _parse(file, layout):
    separator, width, header, columns = layout
    read = Numbers(columns.data, columns.names, separator in ";\t|")
    values, codes, classes, comments = array("d"), array("q"), {}, []
    for line, cells in _numbered_rows(file, separator, comments):
        if line <= header:
            continue
        cells = _without_empty_end(cells, width)
        if len(cells) != width:
            raise ValueError(_wrong_width(cells, width, line))
        values.extend(read([cells[j] for j in columns.data], line))
        if columns.label is not None:
            codes.append(_class_number(cells[columns.label], line, columns, classes))
    if not values:
        raise ValueError("has no line of numbers, expected at least one: numbers separated by commas")
    read.check()
    if read.comma:
        columns.notes.append("decimal commas")
    if comments:
        columns.notes.append(f"{len(comments)} comment{'s' * (len(comments) > 1)}")
    labels, names = None, None
    if columns.label is not None:
        numbers, names = class_numbers(list(classes))
        # floats if one of them is no whole number
        labels = np.array(numbers)[np.frombuffer(codes, np.int64)]
    rows = np.frombuffer(values).reshape(-1, len(columns.data))
    return Table(rows, labels, columns.called(), names, tuple(columns.notes))


def _class_number(cell, line, columns, classes):
    """The number of a cell's text in the order of their first lines; a missing label is none."""
    if cell not in classes and cell.lower() in (MISSING - {"none", "-"}) | INFINITE:
        raise ValueError(complaint(cell, line, columns.label, columns.names))
    return classes.setdefault(cell, len(classes))
