"""The notebooks of the tasks, written from them: the learner's edition, and the teacher's with nbgrader's marks.

    notebooks/exercises/09_gaussian_elbo.ipynb                                  stubs, checks, room to play
    notebooks/exercises/source/09_gaussian_elbo/09_gaussian_elbo.ipynb          solutions, points
"""

import hashlib
import inspect
import json
from pathlib import Path

from npvae.exercises.task import Task
from npvae.exercises.tasks import all_tasks, notebooks
from npvae.files import PROGRAM, make_folder, written_whole

HOW = ("For each task there is the formula, a stub to be filled in, one line that checks it, and room to play. A check "
       "says in one sentence what is wrong; it never shows the solution. Stuck? `exercises.hint(\"{name}\", 1)` gives "
       "a push, `2` a plan, `3` your own line where the checker can find it, and `exercises.solution(\"{name}\")` a "
       "way to write it.")
IMPORTS = "import numpy as np\n\nimport npvae\nfrom npvae import exercises"


def write(folder: str | Path) -> list[Path]:
    """Write both editions of all notebooks into a folder; returns the files.

    A ValueError, before anything is written, if a file there is not as it was written: somebody's answers are in it.
    """
    written, found = [], texts()
    for path in (Path(folder, name) for name in found):
        if path.exists() and not _as_written(path):
            raise ValueError(f"{path} exists, and has been worked in: move it away, or name another folder")
    for name, text in found.items():
        path = Path(folder, name)
        make_folder(path.parent)
        with written_whole(path) as file:
            file.write(text.encode())
        written.append(path)
    return written


def texts() -> dict[str, str]:
    """What stands in the files, by their names in the folder."""
    found = {}
    for name, module in notebooks().items():
        tasks = [task for task in all_tasks().values() if task.notebook == name]
        found[f"{name}.ipynb"] = _text(_cells(module, tasks, _learners_cells))
        found[f"source/{name}/{name}.ipynb"] = _text(_cells(module, tasks, _teachers_cells))
    return found


def _cells(module, tasks, cells_of):
    # what the lecture's notebook of the same name says is not said again
    first = f"{inspect.cleandoc(module.__doc__)}\n\n{HOW.format(name=tasks[0].name)}"
    cells = [_cell(first), _cell(IMPORTS, code=True)]
    for i, task in enumerate(tasks, 1):
        points = f"{task.points} point{'s' if task.points != 1 else ''}"
        cells.append(_cell(f"## {i}. {task.title} ({points})\n\n{inspect.cleandoc(task.text)}"))
        cells += cells_of(task)
    return [*cells, _cell("## How far you have come"), _cell("exercises.progress()", code=True)]


def _learners_cells(task: Task):
    return [_cell(task.stub, code=True), _cell(f'exercises.check("{task.name}", {task.name})', code=True), _play(task)]


def _teachers_cells(task: Task):
    solution = {"grade": False, "grade_id": task.name, "locked": False, "solution": True}
    graded = {"grade": True, "grade_id": f"{task.name}-right", "locked": True, "points": task.points,
              "solution": False}
    return [_cell(task.marked, code=True, nbgrader=solution),
            _cell(f'exercises.assert_right("{task.name}", {task.name})', code=True, nbgrader=graded), _play(task)]


def _play(task):
    lines = task.play.splitlines() or [f"{task.name}(…)"]
    return _cell("\n".join(["# room to play, for instance", *(f"# {line}".rstrip() for line in lines)]), code=True)


def _cell(text, code=False, nbgrader=None):
    metadata = {"nbgrader": {**nbgrader, "schema_version": 3, "task": False}} if nbgrader else {}
    lines = text.splitlines(keepends=True)
    if code:
        return {"cell_type": "code", "execution_count": None, "metadata": metadata, "outputs": [], "source": lines}
    return {"cell_type": "markdown", "metadata": metadata, "source": lines}


def _text(cells):
    for i, cell in enumerate(cells):
        cell["id"] = f"cell-{i:02}"
    cells = [{key: cell[key] for key in sorted(cell)} for cell in cells]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}, PROGRAM: {"digest": _digest(cells)}}
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def _digest(cells):
    return hashlib.sha256("\0".join("".join(cell["source"]) for cell in cells).encode()).hexdigest()[:16]


def _as_written(path):
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        return notebook["metadata"][PROGRAM]["digest"] == _digest(notebook["cells"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
