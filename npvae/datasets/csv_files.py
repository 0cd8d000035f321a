"""Lines of numbers, separated by commas, after an optional header; a line that is wrong is named by its number."""

from array import array

import numpy as np

LABEL_COLUMNS = ("label", "labels", "target", "class")


def read_csv(path):
    """Return the rows of a .csv file and its labels.

    Parameters
    ----------
    path : str or Path
        A first line without a single number is the header; blank lines are skipped.

    Returns
    -------
    rows : ndarray (n, D)
    labels : ndarray (n,) or None
        The column that the header calls label, labels, target or class: int64 if they are whole numbers.

    Raises
    ------
    ValueError
        No text, a line with another number of columns, a cell that is not a number, no line of numbers, or two
        columns of labels.

    Examples
    --------
    >>> import os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "points.csv")
    ...     with open(path, "w") as file:
    ...         _ = file.write("a,b,label\\n0,1.5,0\\n2,3.5,1\\n")
    ...     read_csv(path)
    (array([[0. , 1.5], [2. , 3.5]]), array([0, 1]))
    """
    try:
        with open(path, encoding="utf-8-sig") as file:
            header, rows = _parse(file)
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: is not text ({error.reason}), expected lines of numbers in UTF-8") from error
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from error
    columns = [j for j, cell in enumerate(header) if cell.lower() in LABEL_COLUMNS]
    if len(columns) > 1:
        raise ValueError(f"{path}: columns {columns} are all called labels, expected one: rename or remove the others")
    return np.delete(rows, columns, axis=1), _whole(rows[:, columns[0]]) if columns else None


def _parse(lines):
    """The cells of the header, if any, and the matrix of all other lines."""
    header, width, values = [], 0, array("d")
    for number, line in enumerate(lines, start=1):
        cells = [cell.strip().strip('"') for cell in line.split(",")]
        if cells == [""]:
            continue
        if width and len(cells) != width:
            raise ValueError(f"line {number} has {len(cells)} columns, expected {width} as in the lines above")
        if not width and not any(_is_number(cell) for cell in cells):
            header = cells
        else:
            values.extend(_numbers(cells, number))
        width = len(cells)
    if not values:
        raise ValueError("has no line of numbers, expected at least one: numbers separated by commas")
    return header, np.frombuffer(values).reshape(-1, width)


def _is_number(cell):
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _numbers(cells, number):
    try:
        return [float(cell) for cell in cells]
    except ValueError:
        column, cell = next((j, cell) for j, cell in enumerate(cells, start=1) if not _is_number(cell))
        raise ValueError(f"line {number}, column {column}: {cell[:40]!r} is not a number: expected numbers separated "
                         "by commas") from None


def _whole(labels):
    """labels as int64, if every one is a whole number that float64 holds exactly."""
    whole = (labels == np.round(labels)) & (np.abs(labels) < 2**53)
    return labels.astype(np.int64) if whole.all() else labels
