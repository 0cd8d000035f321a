"""Each number that the prose of a notebook states stands in the output or the code of the cell that computes it.

`statements.csv` has a row for each: words of the prose (`statement`), the number in them as it is written there, the id
of the code cell, and the number as that cell shows it, of which the prose's may be a rounding. Where no cell computes
a number, a year or a count of the lecture's, `cell` is "given" and `shown` says whence it is.
`python tests/notebooks/test_statements.py 04` lists the numbers of a notebook that have no row yet.
"""

import csv
import re
import sys

import nbformat
import pytest
from rerun import FOLDER, code_cells

NOTEBOOKS = {path.name[:2]: path for path in sorted(FOLDER.glob("*.ipynb"))}
LIST = FOLDER.parent / "tests" / "notebooks" / "statements.csv"
ROWS = list(csv.DictReader(LIST.read_text(encoding="utf-8").splitlines()))
WORDS = {word: value for value, word in enumerate(
    "no one two three four five six seven eight nine ten eleven twelve".split())} | {
    "a third": 1 / 3, "half": 0.5, "twice": 2, "fifteen": 15, "sixteen": 16, "twenty": 20, "thirty": 30, "forty": 40,
    "sixty": 60, "hundred": 100, "thousand": 1000}
# what is no statement: formulas, code, links and their targets, the headings' numbers, the reading time
NO_STATEMENTS = (r"\$\$.*?\$\$", r"\$[^$]*\$", r"`[^`]*`", r"\]\([^)]*\)", r"<[^>]*>", r"(?m)^#+ .*?$",
                 r"(?m)^\*\*Time.*?$", r"(?m)^\*\*Write it yourself.*?$",
                 r"(?i)notebooks? \d+(?:(?:,| and|–|-) ?\d+)*", r"\b(?:19|20)\d\d\b",
                 r"arXiv:\S+")
NUMBER = r"(?<![\w.,/-])[-−]?\d[\d,]*(?:\.\d+)?(?:e[-−]?\d+)?"


def plain(text):
    """Text on one line, as a row's words are looked for."""
    return " ".join(text.split())


def prose(path):
    return [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown"]


def shown_by(path, cell_id):
    """The code of a cell and all that it prints or shows as text, pictures' words included."""
    cell, = [cell for cell in code_cells(nbformat.read(path, as_version=4)) if cell.id == cell_id]
    texts = [cell.source]
    for output in cell.outputs:
        texts += [output.get("text", ""), *(text for kind, text in output.get("data", {}).items() if "text" in kind)]
        texts.append(output.get("metadata", {}).get("image/png", {}).get("alt", ""))
    return plain("\n".join(texts))


def value(text):
    """The number that a text writes, and half a unit of its last digit."""
    if (word := text.strip().lower()) in WORDS:
        return float(WORDS[word]), 0.5 if float(WORDS[word]).is_integer() else 0.05
    written = re.search(NUMBER, " " + text)
    assert written, f"no number in {text!r}"
    digits = written.group().strip().replace(",", "").replace("−", "-")
    mantissa, _, exponent = digits.partition("e")
    unit = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
    return float(digits), unit / 2


def rounds_to(number, shown):
    """Whether the number of the prose is what the cell shows, rounded; a per cent may be shown as a share of one."""
    (stated, half), (exact, _) = value(number), value(shown)
    return any(abs(stated - scale * exact) <= half * 1.0001 for scale in (1, 100))


def uncovered(key):
    """The numbers in the prose of a notebook that are in no row's words, each with what stands around it."""
    rows = [plain(row["statement"]) for row in ROWS if row["notebook"] == key]
    found = []
    for text in map(plain_prose, prose(NOTEBOOKS[key])):
        spans = [match.span() for row in rows for match in re.finditer(re.escape(plain_prose(row)), text)]
        for match in re.finditer(NUMBER, text):
            big = value(match.group())[0] >= 13 or re.match(r"[\d.,]*\.\d|\S* ?(%|nats)", text[match.start():])
            if big and not any(start <= match.start() and match.end() <= end for start, end in spans):
                found.append(text[max(0, match.start() - 50):match.end() + 30])
    return found


def plain_prose(text):
    for pattern in NO_STATEMENTS:
        text = re.sub(pattern, " ", text, flags=re.DOTALL)
    return plain(text)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['notebook']} {row['statement'][:40]}")
def test_the_cell_shows_the_number_of_the_statement(row):
    path = NOTEBOOKS[row["notebook"]]
    assert any(plain(row["statement"]) in plain(text) for text in prose(path)), "the prose does not say this"
    assert row["number"] in row["statement"]
    if row["cell"] == "given":
        assert row["shown"], "say where the number is from"
    else:
        assert plain(row["shown"]) in shown_by(path, row["cell"]), "the cell does not show this"
        assert rounds_to(row["number"], row["shown"]), "the number is no rounding of what the cell shows"


@pytest.mark.parametrize("key", NOTEBOOKS)
def test_every_number_in_the_prose_has_a_row(key):
    assert not uncovered(key)


def test_a_number_that_is_no_rounding_is_found():
    assert rounds_to("12", "spread 12.4 nats") and rounds_to("55", "share 0.553") and rounds_to("−2.4", "-2.43")
    assert rounds_to("twice", "ratio 2.1") and rounds_to("5,392", "5392") and rounds_to("a third", "0.33")
    assert not rounds_to("12", "12.6") and not rounds_to("0.13", "0.51") and not rounds_to("43", "41")


if __name__ == "__main__":
    for notebook in sys.argv[1:]:
        print(*uncovered(notebook), sep="\n")
