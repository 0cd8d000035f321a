"""What a learner calls: check, hint, solution, progress."""

import json
import textwrap
from pathlib import Path

from npvae.checks import whole
from npvae.exercises.judge import judge, report_of
from npvae.exercises.mending import SECONDS, mended
from npvae.exercises.task import Wrong
from npvae.exercises.tasks import all_tasks, task_of
from npvae.exercises.tidy import Table
from npvae.exercises.trial import Died, TooSlow, Waits, apart
from npvae.exercises.verdict import Verdict
from npvae.files import PROGRAM, VERSION, check_output, written_whole

PATIENCE = 15       # seconds of the clock for one of the processor, on a machine that is shared
EXPLAINED = 12      # seconds of the processor to find out what is wrong
UNTRIED = {"tries": 0, "green": False}
_tried, _last, _taken_in = {}, {}, set()


def check(name: str, answer) -> Verdict:
    """Whether an answer to a task is right; if not, one sentence says what is wrong with it.

    The answer runs in a process of its own, with limits on time and memory: what it prints is not seen, and nothing of
    it stays behind.

    Raises
    ------
    ValueError
        If there is no task of that name.

    Examples
    --------
    >>> check("rows_for", lambda solver, table, row, W, b, x, index: table)
    ✗ rows_for: the answer for "free" has shape (m, R), expected (B, R).
    """
    if isinstance(answer, str) and not isinstance(name, str):
        raise ValueError(f"got the function first: the task's name comes first, check({answer!r}, "
                         f"{getattr(name, '__name__', 'answer')})")
    task = task_of(name)
    try:
        mistake, sentence = apart(lambda: _judged(task, answer), PATIENCE * task.seconds, int(task.seconds) + EXPLAINED)
    except TooSlow:
        mistake, sentence = "no end", "it does not come to an end: a loop whose condition never changes?"
    except Died:
        mistake, sentence = "died", ("the process that tried it has broken down: too much memory, or too deep a "
                                     "recursion?")
    verdict = Verdict(name, mistake, sentence)
    before = _tried.get(name, UNTRIED)
    _tried[name] = {"tries": before["tries"] + 1, "green": before["green"] or bool(verdict)}
    _last[name] = answer, verdict
    return verdict


def _judged(task, answer):
    try:
        judge(task, answer)
    except Wrong as wrong:
        return wrong.mistake, wrong.sentence
    except Waits as where:
        return "waits", f"it waits{where}, and computes nothing meanwhile: for the clock, a file, another program?"
    except Exception as problem:        # of the check, not of the answer: a mistake of ours, or an answer unheard of
        return "not judged", f"the check itself has failed on it ({type(problem).__name__}: {problem})."
    return "", ""


def assert_right(name: str, answer) -> None:
    """As `check`, but an AssertionError holds the sentence: for cells that are graded."""
    verdict = check(name, answer)
    if not verdict:
        # in lines that a feedback page shows whole
        raise AssertionError("\n".join(textwrap.wrap(f"{name}: {verdict.sentence}", 88)))
    # what a graded cell returns nbgrader takes for points
    print(verdict)


def hint(name: str, level: int = 1) -> str:
    """A hint to a task: 1 a push, 2 a plan, 3 the line of your last answer that is wrong, if the checker finds it."""
    task = task_of(name)
    level = whole("level", level, 1, 3)
    if level < 3:
        return task.hints[level - 1]
    if name not in _last:
        return f"Check an answer first, check({name!r}, …): this hint is about its lines."
    answer, verdict = _last[name]
    if verdict:
        return "Your last answer is right."
    if verdict.mistake == "not written":
        return f"Your last answer is not written yet. {task.hints[1]}"
    searched = verdict.mistake not in ("waits", "no end", "died")
    return searched and _line(task, answer) or (f"No single line was found whose change makes your last answer right. "
                                   f"{task.hints[1]} What is left is solution({name!r}).")


def _line(task, answer):
    # the line of an answer that is wrong, with its edit
    report = report_of(task, answer)
    if report is not None and not report and report.repair:
        return report.hint(3)
    try:
        return apart(lambda: mended(task, answer), PATIENCE * SECONDS)
    except (TooSlow, Died):
        return ""


def solution(name: str) -> None:
    """Print the source of a right answer."""
    print(task_of(name).source)


def tasks() -> Table:
    """All tasks: name, notebook, title, points."""
    return Table([{"name": t.name, "notebook": t.notebook, "title": t.title, "points": t.points}
                  for t in all_tasks().values()])


def progress(file: str | Path | None = None) -> Table:
    """What was tried, how often, and what is green, for the tasks of the notebooks in which something was tried.

    That is in this session, and, with a file, in those that kept it there.

    The file is JSON: what it holds is taken into this session the first time, and each call writes it again.
    """
    if file is not None:
        check_output(file, "json")
        if (path := Path(file).resolve()) not in _taken_in:
            _take_in(path)
            _taken_in.add(path)
        with written_whole(file) as out:
            out.write((json.dumps({PROGRAM: VERSION, "tasks": _tried}, indent=1) + "\n").encode())
    tried = {all_tasks()[name].notebook for name in _tried if name in all_tasks()}
    return Table([{"name": t.name, "notebook": t.notebook, "points": t.points} | _tried.get(t.name, UNTRIED)
                  for t in all_tasks().values() if t.notebook in tried])


def _take_in(file):
    # what other sessions have left
    if not file.exists() or not file.stat().st_size:
        return
    try:
        kept = {name: {"tries": int(done["tries"]), "green": bool(done["green"])}
                for name, done in json.loads(file.read_text())["tasks"].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise ValueError(f"{file} holds no progress that can be read ({problem}): name another file") from problem
    for name, before in kept.items():
        now = _tried.get(name, UNTRIED)
        _tried[name] = {"tries": before["tries"] + now["tries"], "green": before["green"] or now["green"]}
