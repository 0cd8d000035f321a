"""The cells of a text file as numbers and as classes; a cell that is neither is named by line and column."""

import math
import re

NUMBER = "0123456789+-.eE"
MISSING = {"", "na", "n/a", "<na>", "nan", "-nan", "nat", "null", "none", "?", "-",
           "#n/a", "#div/0!", "#value!", "#ref!", "#name?", "#num!", "#null!"}
INFINITE = {"inf", "+inf", "-inf", "infinity", "+infinity", "-infinity"}
# 1,000 or 12,345,678: what may be grouped thousands as well as a number with three decimals
GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+")


def is_number(cell: str) -> bool:
    """Whether a cell is a finite number in plain ASCII digits, with a decimal point or a decimal comma.

    >>> [is_number(cell) for cell in ("-1.5e3", "1,5", "1_000", "0x10", "nan", "1e400")]
    [True, True, False, False, False, False]
    """
    try:
        return _is_plain(cell := cell.replace(",", ".", 1)) and math.isfinite(float(cell))
    except ValueError:
        return False


def _is_plain(text):
    # as a set it would take four times as long
    return not text.strip(NUMBER)


class Numbers:
    """Turns the cells of one line after the other into floats.

    For messages it knows where the cells stand in the file, from 0, and what the header calls all of its columns. Cells
    may have decimal commas where commas are no separators.
    """

    def __init__(self, columns: list[int], names: list[str] | None, commas: bool):
        self.columns, self.names, self.commas = columns, names, commas
        # lines in which a decimal point, a decimal comma, and what could also be grouped thousands were first met
        self.point = self.comma = self.grouped = None
        # a decimal comma that cannot be one between thousands
        self.certain = False

    def __call__(self, cells: list[str], line: int) -> list[float]:
        """The cells of a line as a list of finite floats, or a ValueError that names the first that is none."""
        text, read = "".join(cells), cells
        if self.commas:
            self._look_at_marks(text, cells, line)
            if "," in text:
                text, read = text.replace(",", "."), [cell.replace(",", ".") for cell in cells]
        try:
            # float() alone would take nan, 1_000 and other alphabets' digits
            if _is_plain(text) and math.isfinite(sum(row := [float(cell) for cell in read])):
                return row
        except ValueError:
            pass
        return [self._read_one(j, cell, line) for j, cell in zip(self.columns, cells, strict=True)]

    def _look_at_marks(self, text, cells, line):
        self.point = self.point or "." in text and line
        self.comma = self.comma or "," in text and line
        if self.point and self.comma:
            raise ValueError(f"has a decimal point in line {self.point} and a decimal comma in line {self.comma}: "
                             "write every number with a point, and thousands without separators")
        if "," in text and not self.certain:
            with_comma = [cell for cell in cells if "," in cell]
            self.certain = not all(map(GROUPED.fullmatch, with_comma))
            self.grouped = self.grouped or (line, with_comma[0])

    def _read_one(self, j, cell, line):
        if not is_number(cell) or "," in cell and not self.commas:
            raise ValueError(complaint(cell, line, j, self.names))
        return float(cell.replace(",", "."))

    def check(self) -> None:
        """A ValueError if every comma met may as well stand between thousands as before decimals."""
        if self.comma and not self.certain:
            line, cell = self.grouped
            raise ValueError(f"line {line}: {cell!r} may be {cell.replace(',', '')} or {cell.replace(',', '.', 1)}: "
                             "write thousands without a separator, and decimals with a point")


def column_name(j: int, names: list[str] | None) -> str:
    """Column j, counted from 0, as messages call it: by its number from 1, and its name if it has one."""
    return f"column {j + 1}" + (f" ({names[j]!r})" if names and names[j] else "")


def complaint(cell: str, line: int, j: int, names: list[str] | None = None) -> str:
    """Why a cell is no number, and what to do.

    >>> complaint("1,000", 3, 0)
    "line 3, column 1: '1,000' has a comma: write thousands without separators (1000), decimals with a point (1.5)"
    """
    where, shown = f"line {line}, {column_name(j, names)}", repr(cell[:40])
    leave = f"--leave-out {j + 1}, in Python leave_out={j + 1}"
    if cell.lower() in MISSING:
        what = f": {shown} is no value" if cell else " is empty"
        return f"{where}{what}: remove or fill in such lines, or leave the column out ({leave})"
    if cell.lower() in INFINITE or _is_plain(cell) and _overflows(cell):
        return f"{where}: {shown} is not finite as a float64: remove such lines, or leave the column out ({leave})"
    if re.fullmatch(r"[+-]?[\d.,' \u00a0\u202f]*\d[,' \u00a0\u202f]\d[\d.,]*([eE][+-]?\d+)?", cell):
        sign = next((name for mark, name in ((",", "a comma"), ("'", "an apostrophe")) if mark in cell), "a space")
        return (f"{where}: {shown} has {sign}: write thousands without separators (1000), decimals with a point (1.5)")
    if re.fullmatch(r"[+-]?(0[xob])?[\w.]*\d[\w.]*", cell) and _python_takes(cell):
        return f"{where}: {shown} is not a number in plain decimal digits: write it like -12.5 or 1e-3"
    return (f"{where}: {shown} is not a number: a column of classes is named by --label {j + 1} (in Python "
            f"label={j + 1}), another column of text is left out ({leave})")


def _overflows(cell):
    try:
        return math.isinf(float(cell))
    except ValueError:
        return False


def _python_takes(cell):
    # 1_000, 0x1F and digits of other alphabets
    for read in (float, lambda text: int(text, 0)):
        try:
            read(cell)
            return True
        except ValueError:
            pass
    return False


def class_numbers(texts: list[str]) -> tuple[list[int | float], tuple[str, ...] | None]:
    """The label that each of different texts stands for, and the names of the classes if they are not numbers.

    The labels are the numbers that the texts are, or else 0, 1, 2, … in sorted order.

    >>> class_numbers(["7", "1.0"]), class_numbers(["dog", "cat"])
    (([7, 1], None), ([1, 0], ('cat', 'dog')))
    """
    if all(map(is_number, texts)):
        exact = [_exact_number(text) for text in texts]
        if all(isinstance(value, float) or abs(value) < 2**63 for value in exact):
            return exact, None
    names = tuple(sorted(texts))
    numbers = {name: number for number, name in enumerate(names)}
    return [numbers[text] for text in texts], names


def _exact_number(text):
    # digits alone as they are: two long numbers may be one float64
    if re.fullmatch(r"[+-]?[0-9]+", text):
        return int(text)
    value = float(text.replace(",", "."))
    return int(value) if value == round(value) and abs(value) < 2**53 else value
