"""What a class finds in each notebook: goals and links at its top, a talk in its tags, plots that fold."""

import re

import nbformat
import pytest
from rerun import FOLDER, code_cells

PATHS = sorted(FOLDER.glob("*.ipynb"))
TYPES = {"slide", "subslide", "fragment", "skip", "notes", "-"}
CARD = ("**Goals.**", "**Before.**", "**Time.**", "**Notebooks.**")
SYMBOLS = "01_latent_variables.ipynb#Symbols"
each = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def cells_of(path):
    return nbformat.read(path, as_version=4).cells


def links(text):
    return re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)", text)


@each
def test_a_card_below_the_title_says_what_for_and_how_long(path):
    title, card = cells_of(path)[:2]
    assert title.cell_type == card.cell_type == "markdown" and title.source.startswith(f"# {int(path.name[:2])} · ")
    assert all(card.source.count(word) == 1 for word in CARD)
    assert re.search(r"\*\*Time\.\*\* .*\d+ minutes", card.source)
    number = PATHS.index(path)
    neighbours = {other.name for other in PATHS[max(0, number - 1):number + 2]} - {path.name}
    assert neighbours | {"README.md"} <= {target for target, _ in links(card.source)}
    assert number == 0 or SYMBOLS in card.source


@each
def test_links_between_notebooks_lead_somewhere(path):
    for cell in cells_of(path):
        for target, anchor in links(cell.source if cell.cell_type == "markdown" else ""):
            if target.startswith(("http:", "https:")):
                continue
            file = FOLDER / target if target else path
            assert file.exists(), target
            if anchor and file.suffix == ".ipynb":
                headings = re.findall(r"(?m)^#+ (.*)$", "\n".join(c.source for c in cells_of(file)))
                assert anchor in [heading.replace(" ", "-") for heading in headings], f"{target} has no {anchor}"


@each
def test_the_tags_make_a_talk_of_twenty_minutes(path):
    cells = cells_of(path)
    kinds = [cell.metadata.get("slideshow", {}).get("slide_type") for cell in cells]
    assert set(kinds) <= TYPES, [cell.id for cell, kind in zip(cells, kinds, strict=True) if kind not in TYPES]
    assert kinds[0] == "slide"
    assert 8 <= sum(kind in ("slide", "subslide") for kind in kinds) <= 18


def pages(cells):
    """The cells of each page of the talk."""
    found = []
    for cell in cells:
        kind = cell.metadata.slideshow.slide_type
        if kind in ("slide", "subslide"):
            found.append([])
        if kind not in ("skip", "notes"):
            found[-1].append(cell)
    return found


@each
def test_a_page_has_few_words_and_little_code(path):
    for page in pages(cells_of(path)):
        words = sum(len(cell.source.split()) for cell in page if cell.cell_type == "markdown")
        lines = sum(len(cell.source.splitlines()) for cell in page
                    if cell.cell_type == "code" and "hide-input" not in cell.metadata.get("tags", []))
        assert words <= 110 and lines <= 16, f"{words} words and {lines} lines of code on the page of {page[0].id}"


@each
def test_cells_that_only_plot_fold(path):
    for cell in code_cells(nbformat.read(path, as_version=4)):
        if cell.source.startswith(("plots.", "figure = plots.", "figure, ")):
            assert "hide-input" in cell.metadata.get("tags", []), cell.id
        hidden = cell.metadata.get("jupyter", {}).get("source_hidden", False)
        assert hidden == ("hide-input" in cell.metadata.get("tags", [])), f"{cell.id}: JupyterLab folds the same cells"


def test_the_page_for_a_class_links_to_every_notebook_and_to_nothing_that_is_missing():
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    targets = {target for target, _ in links(text)}
    assert {path.name for path in PATHS} <= targets
    assert all((FOLDER / target).exists() for target in targets)
