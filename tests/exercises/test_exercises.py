"""The exercises: what is said of right and wrong answers, of stubs and solutions; notebooks are as written."""

import re
from collections import Counter
from pathlib import Path

import judge_answers
import numpy as np
import pytest

import npvae
from npvae import exercises
from npvae.exercises import notebooks, session
from npvae.exercises.judge import judge
from npvae.exercises.points import random_points
from npvae.exercises.task import Wrong
from npvae.exercises.tasks import all_tasks

FOLDER = Path(__file__).parents[2] / "notebooks" / "exercises"
TASKS = all_tasks()


def defined(source, task):
    # a solution may call those of the tasks before it in its notebook
    space, before = {"np": np, "npvae": npvae}, [t for t in TASKS.values() if t.notebook == task.notebook]
    for earlier in before[:before.index(task)]:
        exec(earlier.marked, space)
    exec(source, space)
    return space[task.name]


def expressions(task):
    """What a line of the solution returns or assigns."""
    sides = [line.split("return ")[-1].split(" = ")[-1].strip() for line in task.source.splitlines()]
    return {side for side in sides if len(side) > 16 and "(" in side}


@pytest.mark.parametrize("notebook", sorted({task.notebook for task in TASKS.values()}))
def test_right_answers_are_green_and_wrong_ones_red_with_a_right_sentence(notebook):
    found = judge_answers.all_judged(notebook)
    counts = Counter(one.kind for one in found)
    assert [one for one in found if one.kind in ("missed", "false alarm")] == []
    wrong = counts["right"] + counts["vague"] + counts["misleading"]
    assert counts["right"] >= 0.9 * wrong and counts["misleading"] <= 0.01 * wrong, [
        one for one in found if one.kind in ("vague", "misleading")]
    # but for the learner's own line, which may be as the solution's
    assert [one.sentence for one in found for code in expressions(TASKS[one.task])
            if code in one.sentence and " in line " not in one.sentence] == []


def test_each_task_has_enough_answers_to_be_judged_by():
    wrong, right = judge_answers.answers()
    assert {name for name in TASKS if len(wrong.get(name, ())) < 5 or len(right.get(name, ())) < 2} == set()


@pytest.mark.parametrize("name", TASKS)
def test_a_stub_is_told_that_it_is_not_written_and_a_solution_stands_on_its_own(name):
    task = TASKS[name]
    verdict = exercises.check(name, defined(task.stub, task))
    assert not verdict and verdict.mistake == "not written" and len(verdict.sentence) < 400
    assert exercises.check(name, defined(task.marked, task))
    assert all(task.hints) and task.text and task.points > 0 and task.title


def test_committed_notebooks_are_what_the_command_writes():
    assert {name: (FOLDER / name).read_text(encoding="utf-8") for name in notebooks.texts()} == notebooks.texts()


def test_no_sentence_holds_the_solution():
    for name, task in TASKS.items():
        for _, sentence in task.misconceptions:
            assert not any(code in sentence for code in expressions(task)), name


@pytest.mark.parametrize("name", [name for name, task in TASKS.items() if task.laws])
def test_the_solution_keeps_all_laws(name):
    task = TASKS[name]
    for point in random_points(task):
        assert [said for holds, said in task.laws if not holds(task.solution, *point.args)] == []


@pytest.mark.parametrize("name", [
    name for name, task in TASKS.items() if task.play and task.seconds <= 10])      # others train
def test_what_there_is_to_play_with_runs_with_the_solution(name):
    written = {other: t.solution for other, t in TASKS.items() if t.notebook == TASKS[name].notebook}
    exec(TASKS[name].play, {"np": np, "npvae": npvae, **written})


def test_the_third_hint_is_the_learners_own_line_and_its_edit():
    def gaps(log_p, best, elbo):
        one = log_p - best
        return one, log_p - elbo

    assert not exercises.check("gaps", gaps)
    assert "`return (one, log_p - elbo)` should be `return (one, best - elbo)`" in exercises.hint("gaps", 3)

    def tanh(x):
        y = np.tanh(x)
        return y, lambda dy: dy * (1 - y)

    assert not exercises.check("tanh", tanh)
    assert "line" in exercises.hint("tanh", 3) and "1 - y * y" in exercises.hint("tanh", 3)


def hangs(log_p, best, elbo):
    while True:
        pass


def eats(log_p, best, elbo):
    return np.zeros((10**5, 10**5, 2)), best - elbo


def keeps(log_p, best, elbo, seen=[]):      # noqa: B006
    seen.append(1)
    return log_p - best + (len(seen) > 1), best - elbo


def ends(log_p, best, elbo):
    import os

    os._exit(0)


@pytest.mark.parametrize("answer, mistake, said", [
    (hangs, "no end", "while True|`pass`|does not come to an end"), (eats, "raises", "memory|Unable to allocate"),
    (keeps, "another answer", "called again"), (ends, "died", "broken down"), (None, "no function", "without a call"),
    (np.ones(3), "no function", "array of shape"), (lambda a: a, "arguments", "keep the stub's first line"),
    (lambda a, b, c: None, "returns None", "return"), (lambda a, b, c: ("x", "y"), "type", "expected numbers"),
    (lambda a, b, c: a.sort() or (a - b, b - c), "", ""), (lambda a, b, c: (a / 0, 1 / 0), "raises", "ZeroDivision")])
def test_what_answers_can_do_is_told_and_leaves_the_session_alone(answer, mistake, said):
    verdict = exercises.check("gaps", answer)
    assert not verdict and verdict.mistake.startswith(mistake) and re.search(said, verdict.sentence), verdict
    assert verdict.sentence in repr(verdict).replace("✗ gaps: ", "") and "✗" in verdict._repr_html_()


def test_progress_is_kept_in_a_file_only_when_asked(tmp_path, monkeypatch):
    monkeypatch.setattr(session, "_tried", {})
    monkeypatch.setattr(session, "_taken_in", set())
    file = tmp_path / "progress.json"
    assert list(exercises.progress()) == []
    exercises.check("gaps", TASKS["gaps"].solution)
    assert {row["name"]: row["green"] for row in exercises.progress(file)}["gaps"] is True
    # another session
    monkeypatch.setattr(session, "_tried", {})
    monkeypatch.setattr(session, "_taken_in", set())
    exercises.check("gaps", None)
    row = next(row for row in exercises.progress(file) if row["name"] == "gaps")
    assert row["tries"] == 2 and row["green"] and set(row) == {"name", "notebook", "points", "tries", "green"}
    file.write_text("mine")
    with pytest.raises(ValueError, match="no JSON file that npvae has made"):
        exercises.progress(file)


def test_an_unknown_name_suggests_the_nearest_and_an_assertion_holds_the_sentence(capsys):
    with pytest.raises(ValueError, match="did you mean 'gaps'"):
        exercises.check("gap s", None)
    with pytest.raises(AssertionError, match="the sign of both gaps"):
        exercises.assert_right("gaps", lambda a, b, c: (b - a, c - b))
    exercises.assert_right("gaps", TASKS["gaps"].solution)
    exercises.solution("gaps")
    assert "✓ gaps: right" in (said := capsys.readouterr().out) and "def gaps" in said


@pytest.mark.parametrize("notebook", sorted({task.notebook for task in TASKS.values()}))
def test_each_misconception_is_wrong_and_called_by_a_name_of_the_task(notebook):
    for task in TASKS.values():
        for variant, _ in task.misconceptions if task.notebook == notebook else ():
            with pytest.raises(Wrong) as wrong:
                judge(task, variant)
            assert wrong.value.sentence in {sentence for _, sentence in task.misconceptions}, variant.__name__


def holds_on(log_p, best, elbo):
    while True:
        try:
            while True:
                pass
        except:     # noqa: E722
            pass


def test_a_loop_that_catches_everything_is_ended_by_the_processor_s_clock(monkeypatch):
    monkeypatch.setattr(session, "EXPLAINED", 1)
    verdict = exercises.check("gaps", holds_on)
    assert verdict.mistake == "no end" and "does not come to an end" in verdict.sentence
