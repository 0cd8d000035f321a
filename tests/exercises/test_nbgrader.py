"""The real nbgrader on the source notebooks as they are: generate, autograde, feedback, scores."""

import csv
import html
import os
import re
import shutil
import subprocess
import sys

import pytest
import submissions

pytest.importorskip("nbgrader")
NAME = submissions.NAME


def nbgrader(course, *arguments):
    """Run a command of nbgrader in a course's folder."""
    # it calls alembic, which stands beside Python
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    env = {**os.environ, "PATH": path, "PYTHONPATH": str(submissions.ROOT), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-m", "nbgrader", *arguments], cwd=course, env=env, capture_output=True,
                          text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "partial credit" not in done.stderr


def test_scores_are_as_expected_and_the_feedback_page_holds_our_sentence(tmp_path):
    source = submissions.ROOT / "notebooks" / "exercises" / "source" / NAME
    shutil.copytree(source, tmp_path / "source" / NAME)
    nbgrader(tmp_path, "generate_assignment", NAME, "--create")
    released = tmp_path / "release" / NAME / f"{NAME}.ipynb"
    assert "BEGIN SOLUTION" not in released.read_text() and "np.add.at" not in released.read_text()
    points = submissions.write(tmp_path / "submitted", released, f"{{learner}}/{NAME}/{NAME}.ipynb")
    for command in (["autograde", NAME, "--create"], ["generate_feedback", NAME], ["export"]):
        nbgrader(tmp_path, *command)
    with open(tmp_path / "grades.csv", newline="") as file:
        scores = {row["student_id"]: (float(row["score"]), float(row["max_score"])) for row in csv.DictReader(file)}
    assert scores == {learner: (n, points["right"]) for learner, n in points.items()}
    pages = {learner: feedback(tmp_path, learner) for learner in points}
    for said in submissions.SAID.values():
        assert said in pages["wrong"] and said not in pages["right"]
    assert pages["half"].count("it is not written yet") >= len(submissions.TASKS) // 2


def feedback(course, learner):
    """The words of a feedback page."""
    page = (course / "feedback" / learner / NAME / f"{NAME}.html").read_text(encoding="utf-8")
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", page)).split())
