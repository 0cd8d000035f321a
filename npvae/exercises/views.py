"""How an answer changes its argument in place: by its own name, or through a view of it."""

import ast
import inspect
import textwrap

from npvae.exercises.task import Task


def sentence_of_a_change(task: Task, answer, name: str) -> str:
    """What is said of an answer that changes an argument, with what stands in its source."""
    if not task.call:       # the learner's own name
        name = [*inspect.signature(answer).parameters, *task.arguments][task.arguments.index(name)]
    said = f"it changes its argument {name}: whoever calls it goes on with another {name} than before. "
    ways = _ways(answer, name)
    if "-=" in ways:
        return said + f"Make a new array, `{name} = {name} - …` rather than `{name} -= …`."
    if "[]" in ways:
        return said + f"`{name}[…] = …` writes into it: make a copy first."
    return said + (f"Slices and np.split, reshape and .T give views of {name}, not copies: what is changed in them in "
                   f"place, by `-=` or `[…] = …`, is changed in {name}. Make a new array.")


def _ways(answer, name):
    # "-=" or "[]" where the source has it, for the name itself
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(answer)))
    except (OSError, TypeError, SyntaxError):
        return set()
    found = set()
    for node in ast.walk(tree):
        targets = [node.target] if isinstance(node, ast.AugAssign) else getattr(node, "targets", [])
        for target in targets:
            if isinstance(target, ast.Subscript) and ast.unparse(target.value) == name:
                found.add("[]")
            elif isinstance(node, ast.AugAssign) and ast.unparse(target) == name:
                found.add("-=")
    return found
