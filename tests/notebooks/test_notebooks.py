"""Every notebook runs from top to bottom in a fresh kernel, and the committed file is one that a reader can use."""

import base64
import re
import statistics
import struct
from pathlib import Path

import nbformat
import pytest
from rerun import WIDGET, code_cells, complaints, run

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path):
    return nbformat.read(path, as_version=4)


def lines(cell):
    return [line for line in cell.source.splitlines() if line.strip()]


def test_there_are_notebooks():
    assert NOTEBOOKS


@pytest.mark.slow
@pytest.mark.filterwarnings("default")      # what nbclient and its event loop say is not about the notebook
@each_notebook
def test_runs_in_a_fresh_kernel(path):
    assert not complaints(run(path))


@each_notebook
def test_committed_outputs(path):
    notebook = read(path)
    nbformat.validate(notebook)
    assert not complaints(notebook)
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert path.stat().st_size < 1_500_000


@each_notebook
def test_kernel(path):
    assert read(path).metadata.kernelspec == {"name": "python3", "display_name": "Python 3", "language": "python"}


@each_notebook
def test_cells_are_short(path):
    lengths = [len(lines(cell)) for cell in code_cells(read(path))]
    assert max(lengths) <= 20
    assert statistics.median(lengths) <= 7


@each_notebook
def test_prose(path):
    words = sum(len(cell.source.split()) for cell in read(path).cells if cell.cell_type == "markdown")
    assert 1000 <= words <= 3000


@each_notebook
def test_has_figures_and_ends_with_claims(path):
    cells = read(path).cells
    assert any("image/png" in output.get("data", {}) for cell in cells for output in cell.get("outputs", []))
    assert cells[-1].cell_type == "code"
    assert sum(line.strip().startswith("holds(") for line in lines(cells[-1])) >= 3


@each_notebook
def test_each_figure_has_words_and_twice_the_resolution_and_nothing_needs_a_kernel(path):
    notebook = read(path)
    assert "widgets" not in notebook.metadata
    for cell in code_cells(notebook):
        for output in cell.outputs:
            assert WIDGET not in output.get("data", {})
            text = output.data["text/plain"] if set(output.get("data", {})) == {"text/plain"} else ""
            assert not re.match(r"\W*(Text\(|<matplotlib|<Figure)", text), f"{cell.id} shows what a plot returns"
            if png := output.get("data", {}).get("image/png"):
                shown = output.metadata["image/png"]
                assert len(shown["alt"].split()) >= 3, cell.id
                assert struct.unpack(">I", base64.b64decode(png)[16:20])[0] >= 2 * shown["width"] - 1, cell.id
