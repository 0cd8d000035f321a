"""`npvae grade` and `npvae exercises`: points, mistakes, limits, and what is no notebook."""

import csv
import json

import pytest
import submissions

from npvae.cli import main
from npvae.exercises import grading, notebooks

STUBS = submissions.ROOT / "notebooks" / "exercises" / f"{submissions.NAME}.ipynb"


def notebook(folder, name, *cells):
    cells = [{"cell_type": "code", "source": cell, "metadata": {}, "outputs": []} for cell in cells]
    (folder / f"{name}.ipynb").write_text(json.dumps({"cells": cells, "metadata": {}}))


def test_three_learners_get_their_points_and_the_mistakes_are_counted_by_name(tmp_path, capsys):
    points = submissions.write(tmp_path / "in", STUBS)
    assert main(["grade", str(tmp_path / "in"), "--csv", str(tmp_path / "grades.csv")]) == 0
    said = capsys.readouterr().out
    with open(tmp_path / "grades.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    got = {learner: sum(int(row["points"]) for row in rows if row["submission"] == learner) for learner in points}
    assert got == points and len(rows) == 3 * len(submissions.TASKS)
    for row in rows:
        if row["submission"] == "wrong":
            assert submissions.SAID[row["task"]] in row["sentence"]
    assert "a row twice in the batch" in said and "not written" in said and "18" in said
    # it replaces its own table, and nothing else
    assert main(["grade", str(tmp_path / "in"), "--csv", str(STUBS)]) == 2
    assert "no table of grades" in capsys.readouterr().err


def test_limits_hold_and_what_is_broken_is_told(tmp_path):
    check = 'exercises.check("gaps", gaps)'
    right = "def gaps(log_p, best, elbo):\n    return log_p - best, best - elbo"
    start = "%matplotlib inline\nfrom npvae import exercises"
    notebook(tmp_path, "fails_in_between", start, "1 / 0", right, "import numpy as np; np.ones((10**5, 10**5))",
             "raise SystemExit", check)
    notebook(tmp_path, "loops_in_a_check", start, right.replace("return", "while True: pass\n    return"),
             check, 'exercises.check("fill_in", fill_in)')
    notebook(tmp_path, "kills_itself", start, right, "import os; os._exit(0)", check)
    notebook(tmp_path, "nothing_to_grade", "1 + 1")
    (tmp_path / "torn.ipynb").write_text('{"cells": [')
    rows = {(row["submission"], row["task"]): row for row in grading.grade(tmp_path, seconds=60)}
    assert {" ".join(key).strip(): row["mistake"] for key, row in rows.items()} == {
        "fails_in_between gaps": "", "loops_in_a_check gaps": "no end", "loops_in_a_check fill_in": "not there",
        "kills_itself gaps": "process ended", "nothing_to_grade": "no task",
        "torn": "no notebook"}
    assert rows["fails_in_between", "gaps"]["points"] == 1


def test_a_notebook_that_does_not_end_is_ended(tmp_path):
    notebook(tmp_path, "sleeps", "import time; time.sleep(1000)", 'exercises.check("gaps", gaps)')
    (row,) = grading.grade(tmp_path, seconds=3)
    assert row["mistake"] == "no end" and "3 seconds" in row["sentence"] and row["points"] == 0


@pytest.mark.parametrize("what, said", [("nowhere", "is no folder"), (".", "holds no notebooks")])
def test_a_folder_without_notebooks_is_one_line(tmp_path, capsys, what, said):
    assert main(["grade", str(tmp_path / what)]) == 2
    err = capsys.readouterr().err
    assert said in err and err.count("\n") == 1


def test_notebooks_are_written_but_not_over_somebodys_answers(tmp_path, capsys):
    assert main(["exercises", "--write", str(tmp_path)]) == 0
    assert main(["exercises", "--write", str(tmp_path)]) == 0
    path = tmp_path / f"{submissions.NAME}.ipynb"
    assert path.read_text(encoding="utf-8") == notebooks.texts()[path.name]
    path.write_text(path.read_text(encoding="utf-8").replace("raise NotImplementedError", "return 1"))
    before = path.read_text(encoding="utf-8")
    assert main(["exercises", "--write", str(tmp_path)]) == 2
    assert "worked in" in capsys.readouterr().err and path.read_text(encoding="utf-8") == before
    assert main(["exercises"]) == 0 and "conditional_elbo" in capsys.readouterr().out
