"""Run notebooks in fresh kernels and write them as the repository keeps them.

    python tests/notebooks/rerun.py NOTEBOOK…

Nothing is written where a cell ends in an error, writes to stderr, or a closing claim says "changed:". With `--times`
nothing is written at all: the seconds of each notebook and of all are printed, against their limits.
"""

import argparse
import os
import pathlib
import sys
import time

import nbformat
from nbclient import NotebookClient

FOLDER = pathlib.Path(__file__).parents[2] / "notebooks"
EACH, ALL = 60, 360                             # seconds that a notebook may take, and all of them
WIDGET = "application/vnd.jupyter.widget-view+json"
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def run(path, until=None, timeout=300):
    """The notebook with new outputs, run in its own folder; its first `until` cells if that is given."""
    notebook = nbformat.read(path, as_version=4)
    return run_notebook(notebook, pathlib.Path(path).parent, until, timeout)


def run_notebook(notebook, folder, until=None, timeout=300):
    """As `run`, of a notebook that is in memory."""
    notebook.cells = notebook.cells[:until]
    for cell in code_cells(notebook):
        cell.outputs, cell.execution_count = [], None
    where = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=timeout, kernel_name="python3", resources=where, allow_errors=True,
                   record_timing=False, coalesce_streams=True).execute()
    return notebook


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def complaints(notebook):
    """What a reader should not see: errors, anything on stderr (where warnings go), claims that do not hold."""
    found = []
    for number, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                found.append(f"cell {number}: {output.ename}: {output.evalue}")
            elif output.get("name") == "stderr":
                found.append(f"cell {number} writes to stderr: {output.text}")
            elif "changed:" in output.get("text", ""):
                found.append(f"cell {number}: {output.text}")
    return found


def tidied(notebook):
    """Without what changes from run to run or needs a kernel: widgets, times, more than a kernel's name."""
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": {"name": "python"}})
    for count, cell in enumerate(code_cells(notebook), 1):
        cell.execution_count = count
        cell.metadata.pop("execution", None)
        for output in cell.outputs:
            output.get("data", {}).pop(WIDGET, None)
            if output.output_type == "execute_result":
                output.execution_count = count
    return notebook


def main():
    # two threads of BLAS that fight for one core take ten times as long
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=pathlib.Path, help="by default all of notebooks/")
    parser.add_argument("--times", action="store_true", help="print the seconds, and write nothing")
    options = parser.parse_args()
    failed, total = False, 0.0
    for path in options.notebooks or sorted(FOLDER.glob("*.ipynb")):
        start = time.perf_counter()
        notebook = run(path)
        seconds = time.perf_counter() - start
        total += seconds
        found = complaints(notebook) + [f"{seconds:.0f} s are over the {EACH} s"] * (options.times and seconds > EACH)
        failed |= bool(found)
        print(f"{path.name}: {seconds:.0f} s", *found, sep="\n  ", flush=True)
        if not (found or options.times):
            nbformat.write(tidied(notebook), path)      # one space of indent, every letter as it is
            print(f"  {path.stat().st_size / 1e6:.2f} MB")
    print(f"{total:.0f} s in all" + f", over the {ALL} s" * (options.times and total > ALL))
    return int(failed or options.times and total > ALL)


if __name__ == "__main__":
    sys.exit(main())
