"""The third hint: the line of the learner's own function that is wrong, found by edits of it until it is right."""

import ast
import inspect
import textwrap
import time
from dataclasses import replace

from npvae.exercises.mutants import other_slips
from npvae.exercises.points import agrees, attempt, random_points
from npvae.exercises.task import Task
from npvae.repair.edit_operators import OPERATORS
from npvae.repair.edits import edits

SECONDS = 6.0       # of the processor
ONE_TRY = 0.3       # seconds that an edited answer may take


def mended(task: Task, answer) -> str:
    """The line and its edit, in one sentence, or "" if no small edit makes the answer right."""
    try:
        lines, first = inspect.getsourcelines(answer)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError):
        return ""
    if task.judge or not isinstance(tree.body[0], ast.FunctionDef):
        return ""
    tree.body[0].decorator_list = []
    known = answer.__globals__ | dict(inspect.getclosurevars(answer).nonlocals)
    points, quick, end = random_points(task), replace(task, seconds=ONE_TRY), time.process_time() + SECONDS
    for edited, line, before, after in _edited(tree, points[0]):
        if time.process_time() > end:
            return ""
        space = dict(known)
        try:
            exec(compile(ast.fix_missing_locations(edited), "an edit", "exec"), space)
        except (SyntaxError, ValueError, TypeError):    # not each edit makes a function
            continue
        # the first point sorts most of them out
        if all(agrees(quick, attempt(quick, space[tree.body[0].name], point)) for point in points):
            return f"line {first - 1 + line}: `{before}` should be `{after}`."
    return ""


def _edited(tree, point):
    # edited trees, each with the line, and the statement there as it stands and as it becomes
    for edit in edits(tree, [kind for kind in OPERATORS if kind != "name"], conditions=False):
        yield edit.applied(), edit.line, edit.before, edit.after
    before = {id(node): ast.unparse(node) for node in _statements(tree)}
    for slip in other_slips(tree, point):
        # several may stand in the line: the one that the slip has changed
        node = next((node for node in _statements(tree) if node.lineno <= slip.statement <= node.end_lineno
                     and ast.unparse(node) != before.get(id(node), ast.unparse(node))), None)
        if node is not None:
            yield tree, node.lineno, before[id(node)], ast.unparse(node)
    # of these there are most
    for edit in edits(tree, ["name"], conditions=False):
        yield edit.applied(), edit.line, edit.before, edit.after


def _statements(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.Assign | ast.AugAssign | ast.Return | ast.Expr)]
