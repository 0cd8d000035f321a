"""Exercises: the learner's own code, and a sentence that says what is wrong with it.

    from npvae import exercises

    exercises.check("kl", kl)       green, or one sentence that names the mistake
    exercises.hint("kl", 1)         a push; 2 a plan; 3 the line of yours that is wrong, where the checker finds it
    exercises.solution("kl")
    exercises.progress()

`tasks/` holds the tasks, a file for each notebook; `judge` calls an answer, in a child process with limits (`trial`),
and says what is wrong with it (`relations`, `terms`, `other_inputs`, `rows`); `notebooks` writes the notebooks of the
tasks, `grading` reads those that are handed in.
"""

from npvae.exercises.session import assert_right, check, hint, progress, solution, tasks
from npvae.exercises.task import Task, Wrong
from npvae.exercises.verdict import Verdict

__all__ = ["check", "assert_right", "hint", "solution", "tasks", "progress", "Task", "Wrong", "Verdict"]
