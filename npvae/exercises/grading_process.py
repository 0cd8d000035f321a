"""Runs one notebook that was handed in and checks its tasks: `python -m npvae.exercises.grading_process`, by `grading`.

    NOTEBOOK OUT MEGABYTES TASK …       a line of JSON for each task: [task, mistake, sentence]
"""

import json
import linecache
import sys
import warnings
from contextlib import suppress
from pathlib import Path

from npvae import exercises
from npvae.exercises.grading import CELL_SECONDS, code_of
from npvae.exercises.trial import TooSlow, at_most, limit_memory, resource
from npvae.exercises.verdict import Verdict


def main(notebook: str, out: str, megabytes: str, *names: str) -> None:
    """Run the cells, then check."""
    check = exercises.check
    if resource is not None:
        limit_memory(int(megabytes) * 2**20)
    warnings.simplefilter("ignore")
    space = run(code_of(Path(notebook)))
    with open(out, "w", encoding="utf-8") as file:
        for name in names:
            verdict = check(name, space[name]) if name in space else Verdict(
                name, "not there", f"there is no {name} in the notebook, or the cell that defines it fails.")
            print(json.dumps([name, verdict.mistake, verdict.sentence]), file=file, flush=True)


def run(cells: list[str]) -> dict:
    """The names that the cells define, whichever of them fail; checks in them are passed over."""
    for name in ("check", "assert_right", "hint", "solution", "progress"):
        setattr(exercises, name, lambda *_, **__: None)
    space = {"__name__": "__main__"}
    for i, cell in enumerate(cells):
        # magics and shell commands are of IPython alone
        source = "\n".join("" if line.lstrip()[:1] in "%!" and line.strip() else line for line in cell.splitlines())
        file = f"<cell {i}>"
        # by which a sentence can quote a line
        linecache.cache[file] = (len(source), None, source.splitlines(True), file)
        with suppress(Exception, SystemExit, KeyboardInterrupt, TooSlow), at_most(CELL_SECONDS):
            exec(compile(source, file, "exec"), space)
    return space


if __name__ == "__main__":
    main(*sys.argv[1:])
