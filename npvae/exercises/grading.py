"""Grades what was handed in: each notebook in a process of its own, with limits on time and memory.

The cells run from the first to the last, whatever fails on the way, and then each task's function is checked. A process
reports after each task, so that what ends it early takes no points from the tasks before.
"""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from npvae.exercises.tasks import all_tasks
from npvae.exercises.tidy import Table
from npvae.files import GRADES, check_output, written_whole

CHECKED = re.compile(r"""exercises\.(?:check|assert_right)\(\s*["'](\w+)["']""")
CELL_SECONDS, PROCESS = 20.0, "npvae.exercises.grading_process"


def grade(folder: str | Path, seconds: float = 300.0, memory: int = 2048,
          done: Callable[[Path], None] = lambda path: None) -> Table:
    """A row for each notebook in a folder (and in its folders) and each of its tasks.

    Parameters
    ----------
    folder
        What was handed in: `name.ipynb`, or nbgrader's `submitted/name/09_gaussian_elbo/09_gaussian_elbo.ipynb`.
    seconds, memory
        That a notebook may take; megabytes.
    done
        Called with each notebook that is graded.

    Returns
    -------
    rows : Table
        With submission, task, points, of, mistake and sentence.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder: name the one that holds the notebooks that were handed in")
    paths = sorted(path for path in folder.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)
    if not paths:
        raise ValueError(f"{folder} holds no notebooks (*.ipynb)")
    rows = []
    for path in paths:
        rows += _graded(path, str(path.relative_to(folder).with_suffix("")), seconds, memory)
        done(path)
    return Table(rows)


def _graded(path, submission, seconds, memory):
    try:
        names = tasks_in(code_of(path))
    except ValueError as problem:
        return [_row(submission, "", 0, 0, "no notebook", str(problem))]
    if not names:
        return [_row(submission, "", 0, 0, "no task", "the notebook checks no task: exercises.check(\"…\", …)")]
    found, why = _in_a_process(path, names, seconds, memory)
    rows = []
    for name in names:
        mistake, sentence = found.get(name, why)
        points = all_tasks()[name].points
        rows.append(_row(submission, name, 0 if sentence else points, points, mistake, sentence))
    return rows


def _row(submission, task, points, of, mistake, sentence):
    return dict(zip(GRADES, (submission, task, points, of, mistake, sentence), strict=True))


def code_of(path: Path) -> list[str]:
    """The code cells of a notebook, or a ValueError."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise ValueError(f"it cannot be read as a notebook ({type(problem).__name__}: {problem})") from problem


def tasks_in(cells: list[str]) -> list[str]:
    """The tasks that a notebook checks, each once."""
    known = all_tasks()
    return list(dict.fromkeys(name for cell in cells for name in CHECKED.findall(cell) if name in known))


def _in_a_process(path, names, seconds, memory):
    # {task: (mistake, sentence)}, and what to say of the tasks that are missing in it
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "verdicts.jsonl")
        process = subprocess.Popen(
            [sys.executable, "-m", PROCESS, str(path.resolve()), str(out), str(memory), *names],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True, env={**os.environ, "MPLBACKEND": "Agg", "PYTHONPATH": os.pathsep.join(sys.path)})
        why = "process ended", "the process that ran the notebook ended before this task: too much memory?"
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            why = "no end", f"the notebook did not come to an end in {seconds:g} seconds."
        finally:
            _end(process)
        return _read(out), why


def _read(out):
    # a last line may be cut off
    found = {}
    for line in out.read_text(encoding="utf-8").splitlines() if out.exists() else []:
        try:
            name, mistake, sentence = json.loads(line)
        except ValueError:
            continue
        found[name] = mistake, sentence
    return found


def _end(process):
    # and what it has started
    if process.poll() is None and hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()


def scores(rows: Table) -> Table:
    """Points of each submission."""
    names = dict.fromkeys(row["submission"] for row in rows)
    of = {name: [row for row in rows if row["submission"] == name] for name in names}
    return Table([{"submission": name, "green": f"{sum(not row['sentence'] for row in mine)}/{len(mine)}",
                   "points": sum(row["points"] for row in mine), "of": sum(row["of"] for row in mine)}
                  for name, mine in of.items()])


def mistakes(rows: Table) -> Table:
    """Which mistakes the class makes, the most frequent first, and what is not written or not there last."""
    found = Counter((row["task"], row["mistake"]) for row in rows if row["sentence"])
    said = {(row["task"], row["mistake"]): row["sentence"] for row in reversed(rows)}
    return Table([{"task": task or "-", "mistake": mistake, "times": n, "for example": _short(said[task, mistake])}
                  for (task, mistake), n in sorted(found.items(), key=_first_mistakes)])


def _first_mistakes(item):
    (_, mistake), n = item
    return mistake in ("not written", "not there"), -n


def _short(sentence):
    return sentence if len(sentence) <= 110 else sentence[:109] + "…"


def write_csv(rows: Table, path: str | Path) -> None:
    """The rows as a CSV file; a ValueError if another file would be lost."""
    check_output(path, "grades")
    with tempfile.TemporaryFile("w+", newline="", encoding="utf-8") as text:
        writer = csv.DictWriter(text, GRADES)
        writer.writeheader()
        writer.writerows(rows)
        text.seek(0)
        with written_whole(path) as file:
            file.write(text.read().encode())
