"""Mutation tests: does a test of its own room fail when one line of the package's mathematics is edited?

    python tests/mutation/run.py --room nn --sample 20 --seed 0

A mutant is killed if a test fails or takes far longer than it should. What survives must stand in survivors.csv with
the reason, e.g. that the edit changes no result.
"""

import argparse
import csv
import hashlib
import json
import os
import pickle
import sys
import tempfile
from collections import Counter
from pathlib import Path

# before NumPy is loaded; this copy of the package is the one that is edited
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import pytest
from mutants import ROOMS, ROOT, sample
from session import MutationSession

SURVIVORS = Path(__file__).with_name("survivors.csv")


def reasons(path=SURVIVORS):
    """The survivors that are known, with the reason each: {(file, function, before, after): reason}."""
    with open(path, newline="", encoding="utf-8") as f:
        return {tuple(row[name] for name in ("file", "function", "before", "after")): row["reason"]
                for row in csv.DictReader(f)}


def main(arguments=None):
    """Make mutants, try them, print what survived; 1 if something did that is not listed, or a test fails unedited."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--room", nargs="+", choices=ROOMS, default=ROOMS)
    parser.add_argument("--sample", type=int, default=150, help="mutants of each room")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="only files with this in their names")
    parser.add_argument("--tests", nargs="+", help="only these files of tests, in place of all tests of the room")
    parser.add_argument("--seconds", type=float, default=40, help="of tests that a mutant has to survive")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--map", help="a file in which the lines that each test runs are kept for the next time")
    parser.add_argument("--json", help="a file to which every mutant is written, a line each")
    chosen = parser.parse_args(arguments)

    made = [mutant for room in chosen.room for mutant in sample(room, chosen.sample, chosen.seed, chosen.only)]
    known, rows, failing = reasons(), [], []

    def work(session):
        reached = traced(session, chosen.map)
        failing.extend(name for name, found in reached.items() if found is None)
        session.kill(made, reached, chosen.seconds, lambda *found: rows.append(row(*found, known, chosen.json)))

    os.chdir(ROOT)
    tests = chosen.tests or [f"tests/{room}" for room in chosen.room]
    with tempfile.TemporaryDirectory() as folder:
        pytest.main(["-q", "-s", "-p", "no:cacheprovider", "-p", "no:randomly", f"--basetemp={folder}/tests", *tests],
                    plugins=[MutationSession(work, chosen.jobs)])
    return report(rows, failing, len(made))


def row(mutant, by, seconds, known, path):
    """What became of a mutant, as a dict; a survivor is printed, and all are written to `path`, as they come."""
    outcome = "killed" if by else "listed" if mutant.key in known else "survived"
    edit = mutant.edit
    found = {"room": mutant.file.split("/")[1], "file": mutant.file, "function": edit.function, "line": edit.line,
             "kind": edit.kind, "what": edit.what, "before": edit.before, "after": edit.after, "outcome": outcome,
             "by": by, "seconds": round(seconds, 2)}
    if outcome == "survived":
        print(f"survived: {mutant.file}:{edit.line} {edit.function}, {edit.what}")
        print(f"    - {edit.before}\n    + {edit.after}", flush=True)
    if path:
        with open(path, "a", encoding="utf-8") as f:
            f.write(json.dumps(found) + "\n")
    return found


def traced(session, path):
    """What each test runs, from the file at `path` where its file, and what it runs of the package, stand unchanged."""
    kept = pickle.loads(Path(path).read_bytes()) if path and Path(path).exists() else {}
    # names may hold addresses, which change from run to run; the order does not
    tests = {}
    for name in session.items:
        tests.setdefault(name.split("::")[0], []).append(name)
    missing = [file for file in tests if file not in kept or kept[file][0] != _digests(kept[file][0])]
    found = session.reached(missing)
    for file in missing:
        reached = [found.get(name) for name in tests[file]]
        kept[file] = _digests({file, *(source for a in reached if a for source in a[1])}), reached
    if path:
        Path(path).write_bytes(pickle.dumps(kept))
    return {name: a for file in tests for name, a in zip(tests[file], kept[file][1], strict=True)}


def _digests(files):
    return {file: hashlib.sha256((ROOT / file).read_bytes()).hexdigest() if (ROOT / file).exists() else ""
            for file in files}


def report(rows, failing, expected):
    """Print the figures of each room; the exit status."""
    for name in failing:
        print(f"fails without any edit: {name}")
    for room in sorted({found["room"] for found in rows}, key=ROOMS.index):
        mine = [found for found in rows if found["room"] == room]
        count = Counter(found["outcome"] for found in mine)
        print(f"{room:<13} {len(mine):4d} mutants {count['killed']:4d} killed {count['killed'] / len(mine):7.1%} "
              f"{count['listed']:3d} listed {count['survived']:3d} survived {sum(r['seconds'] for r in mine):7.0f} s")
    return int(bool(failing) or len(rows) < expected or any(found["outcome"] == "survived" for found in rows))


if __name__ == "__main__":
    sys.exit(main())
