"""What was read, in one line: rows, columns, type, range, labels, and a word where something looks odd."""

import numpy as np

from .checks import row_blocks
from .dataset import Dataset

FEW = 3     # of more columns like labels than this only the first and the last count, where labels mostly stand
MOST_CLASSES = 100
NAMED = {"y": ("a label", "label"), "label": ("a label", "label"), "labels": ("a label", "label"),
         "class": ("a label", "label"), "target": ("a label", "label"), "species": ("a label", "label"),
         "id": ("an index", "leave_out"), "index": ("an index", "leave_out"), "unnamed: 0": ("an index", "leave_out")}


def describe(data: Dataset) -> str:
    """What a data set holds, in one line, with a word where its values look like something else than data.

    Examples
    --------
    >>> describe(Dataset("points", np.array([[0.5, 1], [2.5, 1]]), np.array([[1.5, 1]])))
    'points: 3 rows (2 to train, 1 to test), 2 columns of float64 in [0.5, 2.5], no labels; 1 column is constant'
    """
    if not isinstance(data, Dataset):
        raise ValueError(f"data is a {type(data).__name__}, expected a Dataset: load(path) gives one")
    m, t, D = len(data.train), len(data.test), data.train.shape[1]
    columns = ColumnRanges(data)
    low, high = columns.low.min(), columns.high.max()
    text = [f"{m + t} rows ({m} to train, {t} to test), {D} column{'s' * (D > 1)} of {data.train.dtype} in "
            f"[{low:.4g}, {high:.4g}]" + ", which stay on disk" * isinstance(data.train, np.memmap)]
    if data.image_shape:
        text.append(data.words_on_images())
    text.append(_words_on_labels(data))
    return f"{data.name}: " + "; ".join([", ".join([*text, *data.notes]), *_words_on_oddities(data, columns)])


class ColumnRanges:
    """The least and the greatest number of each column, and whether all its numbers are whole."""

    def __init__(self, data: Dataset):
        self.low, self.high, self.whole = np.inf, -np.inf, True
        for part in (data.train, data.test):
            for _, block in row_blocks(part):
                self.low, self.high = np.minimum(self.low, block.min(0)), np.maximum(self.high, block.max(0))
                if block.dtype.kind == "f":
                    self.whole = self.whole & (block == np.rint(block)).all(0)
        self.whole = np.broadcast_to(self.whole, self.low.shape)


def _words_on_labels(data):
    if data.train_labels is None:
        return "no labels"
    if data.train_labels.dtype.kind == "f":
        return "labels that are no whole numbers"
    k = len(np.union1d(data.train_labels, [] if data.test_labels is None else data.test_labels))
    names = ", ".join(data.classes[:5]) + (", …" if k > 5 else "") if data.classes else ""
    return f"{k} class{'es' * (k > 1)}" + (f" ({names})" if names else "")


def _words_on_oddities(data, columns):
    found = [_word_on_range(data.train.dtype, columns)]
    if data.image_shape is None and data.train.dtype != np.uint8:
        found += _words_on_labels_and_indices(data, columns)
    constant = int((columns.low == columns.high).sum())
    if constant:
        found.append(f"{constant} column{'s are' if constant > 1 else ' is'} constant")
    return [word for word in found if word]


def _word_on_range(dtype, columns):
    low, high = columns.low.min(), columns.high.max()
    if dtype == np.uint8:
        word = f"uint8 are pixels, divided by 255, and these end at {high:g}: save what is no pixels as floats"
        return word if high < 128 else ""
    if low >= 0 and high == 255 or low >= 0 and 128 <= high < 255 and len(columns.low) >= 16 and columns.whole.all():
        return f"the range is up to {high:g}: if these are pixels, divide them by 255 or save them as uint8"
    return ""


def _words_on_labels_and_indices(data, columns):
    n = len(data.train) + len(data.test)
    spread = columns.high - columns.low
    numbered = [j for j in np.flatnonzero(columns.whole & (spread == n - 1))
                if n > 2 and len(np.unique(_column(data, j))) == n]
    words = [f"{_column_name(data, j)} holds the row numbers {columns.low[j]:g} to {columns.high[j]:g}: an index? "
             + _remedy(data, j, "leave_out") for j in numbered]
    likely = columns.whole & np.isin(columns.low, (-1, 0, 1)) & (spread > 0) & (spread < min(MOST_CLASSES, n / 2))
    likely = [j for j in np.flatnonzero(likely) if j not in numbered]
    alone = len(likely) <= FEW
    if not alone:
        # pixels mostly reach the same greatest value
        likely = [j for j in likely if j in (0, len(spread) - 1) and columns.high[j] != np.median(columns.high)]
    words += [f"{_column_name(data, j)} holds the whole numbers {columns.low[j]:g} to {columns.high[j]:g}: a label? "
              + _remedy(data, j, "label") for j in likely if _like_classes(data, j, alone)]
    return words + _words_on_names(data, [*numbered, *likely])


def _column(data, j):
    return np.concatenate([np.array(block[:, j]) for part in (data.train, data.test) for _, block in row_blocks(part)])


def _like_classes(data, j, alone):
    """Whether no number between the least and the greatest is left out, and none is rare, unlike pixels at an edge."""
    values, counts = np.unique(_column(data, j), return_counts=True)
    steps = np.unique(np.diff(values))
    return len(steps) == 1 and (steps[0] == 1 or len(values) == 2) and (alone or counts.min() > counts.mean() / 5)


def _words_on_names(data, known):
    """A word on columns whose names say what they are."""
    words = []
    for j, name in enumerate(data.columns or ()):
        # x and y are coordinates
        if j not in known and name.lower() in NAMED and not (name == "y" and "x" in data.columns):
            kind, what = NAMED[name.lower()]
            words.append(f"{_column_name(data, j)} is read as data: {kind}? {_remedy(data, j, what)}")
    return words


def _column_name(data, j):
    name = str(j + 1) if data.columns is None else data.columns[j]
    return f"column {name}" if name.isdecimal() else f"column {name!r}"


def _remedy(data, j, what):
    if data.columns is None:
        return "(then take it out of the array, and store labels as y in a .npz file)"
    name = data.columns[j] if data.columns[j].isdecimal() else repr(data.columns[j])
    options = {"label": f"--label {name}, or --leave-out {name}", "leave_out": f"--leave-out {name}"}
    return f"(then {options[what]})"
