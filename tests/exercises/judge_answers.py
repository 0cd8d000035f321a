"""Counts what the judge of the exercises says of answers as students write them, right ones and wrong ones.

    python tests/exercises/judge_answers.py                     all tasks
    python tests/exercises/judge_answers.py --notebook 09       of one notebook
    python tests/exercises/judge_answers.py --list              every sentence, for reading
    python tests/exercises/judge_answers.py --task kl --list

The sentence on a wrong answer is right if it matches the pattern that stands beside the answer, else vague if it only
gives a number, a shape or an error's own words, else misleading: these are to be read, one by one. What else is said
and misleads nobody may stand in third place: (function, pattern, also) counts `also` as vague.
"""

import argparse
import importlib.util
import inspect
import os
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from npvae import exercises
from npvae.exercises.tasks import all_tasks

FOLDER = Path(__file__).parent / "wrong"
# sentences that explain nothing, and are true
VAGUE = re.compile(r"right is |it raises |has shape |is one number, expected|come to an end|expected (?:floats|one)")


@dataclass
class Judged:
    """What was said of one answer."""

    task: str
    answer: str
    kind: str           # "right", "vague", "misleading" or "missed"; of a right answer "green" or "false alarm"
    seconds: float
    sentence: str


def answers(notebook: str = "") -> tuple[dict, dict]:
    """WRONG and RIGHT of all files, or of a notebook's."""
    wrong, right = {}, {}
    for path in sorted(FOLDER.glob(f"n{notebook}*.py")):
        spec = importlib.util.spec_from_file_location(f"answers_{path.stem}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        wrong |= module.WRONG
        right |= module.RIGHT
    return wrong, right


def handed_in(task: str, answer) -> str:
    """The source of an answer, under the task's name."""
    source = inspect.getsource(answer)
    return re.sub(rf"\bdef {answer.__name__}\(", f"def {task}(", source)


def judged_wrong(task: str, answer, pattern: str, also: str = "(?!)") -> Judged:
    """A wrong answer."""
    verdict, seconds = timed(task, answer)
    said = verdict.sentence
    kind = ("missed" if verdict else "right" if re.search(pattern, said, re.I | re.S) else
            "vague" if VAGUE.search(said) or re.search(also, said, re.I | re.S) else "misleading")
    return Judged(task, answer.__name__, kind, seconds, said)


def judged_right(task: str, answer) -> Judged:
    """A right answer."""
    verdict, seconds = timed(task, answer)
    return Judged(task, getattr(answer, "__name__", "?"), "green" if verdict else "false alarm", seconds,
                  verdict.sentence)


def timed(task, answer):
    start = _processor()
    verdict = exercises.check(task, answer)
    return verdict, _processor() - start


def _processor():
    # seconds of the processor, of this process and of those that it has waited for: others may share the machine
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def all_judged(notebook: str = "", task: str = "") -> list[Judged]:
    """Every answer of a notebook, or all; the solutions count as right ones."""
    wrong, right = answers(notebook)
    found = []
    for t in all_tasks().values():
        if t.notebook.startswith(notebook) and task in ("", t.name):
            # that of a task with a judge of its own stands among the right ones: it may take its time
            found += [] if t.judge else [judged_right(t.name, t.solution)]
            found += [judged_wrong(t.name, *case) for case in wrong.get(t.name, ())]
            found += [judged_right(t.name, answer) for answer in right.get(t.name, ())]
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--notebook", default="", metavar="NN")
    parser.add_argument("--task", default="", metavar="NAME")
    parser.add_argument("--list", action="store_true", help="every sentence")
    args = parser.parse_args()
    found = all_judged(args.notebook, args.task)
    for one in found:
        if args.list or one.kind not in ("right", "green"):
            print(f"{one.kind:<11} {one.task}.{one.answer} ({one.seconds:.2f} s): {one.sentence}")
    counts, slowest = Counter(one.kind for one in found), max(found, key=lambda one: one.seconds)
    n = sum(counts[kind] for kind in ("right", "vague", "misleading", "missed"))
    print(f"\n{len({one.task for one in found})} tasks, {n} wrong answers: {n - counts['missed']} red; sentence right "
          f"{counts['right']} ({counts['right'] / max(n, 1):.1%}), vague {counts['vague']}, misleading "
          f"{counts['misleading']} ({counts['misleading'] / max(n, 1):.1%})")
    print(f"{counts['green'] + counts['false alarm']} right answers: {counts['green']} green")
    print(f"slowest {slowest.seconds:.2f} s of the processor, {slowest.task}.{slowest.answer}; all "
          f"{sum(one.seconds for one in found):.0f} s")


if __name__ == "__main__":
    main()
