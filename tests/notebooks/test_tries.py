"""A reader who does what a "Try it" says meets no error, and sees what its answer claims."""

import os
import pathlib
import re
import sys
import time

import matplotlib.pyplot as plt
import nbformat
import pytest
from rerun import FOLDER, code_cells
from tries import TRIES

from npvae.lab.lesson.live import Live

NOTEBOOKS = {path.name[:2]: path for path in sorted(FOLDER.glob("*.ipynb"))}

each_try = pytest.mark.parametrize("trial", TRIES, ids=lambda trial: f"{trial.notebook} {trial.asked[:40]}")


def changed_sources(cells, change):
    """The cells' code with each old text replaced; it has to stand in one of them."""
    sources = [cell.source for cell in cells]
    for old, new in change.items():
        assert any(old in source for source in sources), f"no cell has {old!r}"
        sources = [source.replace(old, new) for source in sources]
    return sources


def run(trial, path):
    """The notebook's names after its cells up to `until`, and after the closing cell, which may not fail either."""
    cells = code_cells(nbformat.read(path, as_version=4))
    ids = [cell.id for cell in cells]
    last = ids.index(trial.until) if trial.until else len(ids) - 1
    assert set(trial.without) <= set(ids), f"no cells {set(trial.without) - set(ids)}"
    names = {"__name__": "__main__", "display": lambda *things: None}
    for cell, source in list(zip(cells, changed_sources(cells, trial.change), strict=True))[:last + 1]:
        if cell.id not in trial.without:
            exec(compile(source, f"{path.stem}: {cell.id}", "exec"), names)
            plt.close("all")
    assert eval(trial.claim, names), f"{trial.claim} is false"
    if last < len(ids) - 1:
        exec(compile(cells[-1].source, f"{path.stem}: the closing cell", "exec"), names)


@pytest.mark.slow
@each_try
def test_try_it(trial, monkeypatch):
    monkeypatch.chdir(FOLDER)
    monkeypatch.setattr(Live, "draw_all", lambda live: live.draw_start())
    run(trial, NOTEBOOKS[trial.notebook])


def asked(path):
    """The words of each "Try it" of a notebook, with what follows it up to the next."""
    prose = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown")
    return re.split(r"\*\*Try it\.?\*\*", prose)[1:]


@each_try
def test_each_row_belongs_to_a_try_it(trial):
    assert any(trial.asked in " ".join(text.split()) for text in asked(NOTEBOOKS[trial.notebook]))


@pytest.mark.parametrize("path", NOTEBOOKS.values(), ids=lambda path: path.stem)
def test_each_try_it_is_tried_and_has_its_answer_folded_below(path):
    for text in asked(path):
        words = " ".join(text.split())
        tried = [trial for trial in TRIES if trial.notebook == path.name[:2] and trial.asked in words]
        assert tried, f"never tried: {words[:90]}"
        assert "<details>" in text, f"no answer below: {words[:90]}"


if __name__ == "__main__":
    os.chdir(FOLDER)
    plt.switch_backend("Agg")
    Live.draw_all = Live.draw_start
    for trial in TRIES:
        if trial.notebook in sys.argv[1:]:
            start = time.perf_counter()
            run(trial, pathlib.Path(NOTEBOOKS[trial.notebook]))
            print(f"{trial.notebook} {trial.asked[:60]}: {time.perf_counter() - start:.1f} s")
