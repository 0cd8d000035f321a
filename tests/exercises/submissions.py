"""Notebooks as three learners hand them in, made of a notebook with stubs: a right one, a half one, a wrong one."""

import copy
import json
from pathlib import Path

import judge_answers

from npvae.exercises.tasks import all_tasks

ROOT = Path(__file__).parents[2]
NAME = "11_three_solvers"
TASKS = [task for task in all_tasks().values() if task.notebook == NAME]
# one of the wrong answers to each task that needs nothing but NumPy, and what is said of it
CHOSEN = {"rows_for": "without_b", "send_back": "plus_equals_at_index", "gaps": "gaps_exchanged",
          "ideal_encoder": "norms_forgotten", "conditional_elbo": "kl_added", "seen_log_prob": "missing_are_zero",
          "fill_in": "first_node_only"}
SAID = {"rows_for": "encoder's b is missing", "send_back": "only one of the two gradients", "gaps": "exchanged",
        "ideal_encoder": "norm ‖μ_k‖² of each k is missing", "conditional_elbo": "the KL has the wrong sign",
        "seen_log_prob": "missing pixels are taken for 0", "fill_in": "only the first node is used"}


def answers():
    """{learner: {task: source}}, and the points that each should get."""
    cases = judge_answers.answers("11")[0]
    wrong = {name: {case[0].__name__: case[0] for case in given} for name, given in cases.items()}
    right = {task.name: task.source for task in TASKS}
    false = {name: judge_answers.handed_in(name, wrong[name][chosen]) for name, chosen in CHOSEN.items()}
    half = {task.name: right[task.name] for task in TASKS[::2]}
    points = {"right": sum(t.points for t in TASKS), "half": sum(t.points for t in TASKS[::2]), "wrong": 0}
    return {"right": right, "half": half, "wrong": false}, points


def handed_in(notebook, sources):
    """A notebook with stubs, some of them filled in."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook["cells"]:
        text = "".join(cell["source"])
        for name, source in sources.items():
            if cell["cell_type"] == "code" and text.startswith(f"def {name}("):
                cell["source"] = source.splitlines(keepends=True)
    return notebook


def write(folder, stubs, place="{learner}.ipynb"):
    """The three notebooks in a folder, made of the notebook `stubs`; returns the points that they should get."""
    sources, points = answers()
    notebook = json.loads(Path(stubs).read_text(encoding="utf-8"))
    for learner, mine in sources.items():
        path = Path(folder, place.format(learner=learner))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(handed_in(notebook, mine)), encoding="utf-8")
    return points
