"""Is a wrong answer the right one with a slip in it? The solution is edited in one place, or two, until it agrees."""

import ast
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from npvae.exercises.points import Tried, attempt
from npvae.exercises.task import Task
from npvae.repair.edits import edits

KINDS = ("operator", "sign", "axis", "factor", "name", "term")
UNTOLD = ("one of its ", "one name ")        # said in place of what only the solution knows
SECONDS = 0.8       # of the processor, for one slip, and for two
PLACES = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
ONE_OF = ("log", "exp", "sqrt", "diag", "abs", "square", "maximum", "tanh")
WRAPPED = {"squared": "({}) ** 2", "replaced by its root": "np.sqrt({})", "replaced by its logarithm": "np.log({})",
           "replaced by its exponential": "np.exp({})", "replaced by one over it": "1 / ({})"}
LONG, SHORT = 34, 16        # characters of code that are kept, and that a learner is shown


@dataclass
class Slip:
    """A tree with a slip in it, and the slip in words."""

    tree: ast.Module
    words: str
    statement: int


def about_a_slip(task: Task, tried: list[Tried], alike) -> tuple[str, str] | None:
    """The mistake and half a sentence, if the solution with a slip in it agrees with the answer at all inputs.

    `alike(a, b)` says whether two functions gave the same.
    """
    tree, end = ast.parse(task.source), time.process_time() + SECONDS
    if not isinstance(tree.body[0], ast.FunctionDef):
        return None
    for slip in slips(tree, tried[0].point):
        if _agrees(task, slip, tried, alike):
            words = _told(slip.words, task)
            return words.replace("`", ""), f"it is what comes out if {words}"
        if time.process_time() > end:
            return None
    return None


def about_two_slips(task: Task, tried: list[Tried], alike) -> tuple[str, str] | None:
    """As `about_a_slip`, for two of them that are edits of an operator, a sign, an axis, a factor or a term."""
    tree, end = ast.parse(task.source), time.process_time() + SECONDS
    if not isinstance(tree.body[0], ast.FunctionDef):
        return None
    for first in _edits(tree):
        for second in _edits(first.tree):
            if time.process_time() > end:
                return None
            if second.statement >= first.statement and _agrees(task, second, tried, alike):
                words = f"{_told(first.words, task)}, and {_told(second.words, task)}"
                return words.replace("`", ""), f"it is what comes out if {words}"
    return None


def _told(words, task):
    # without what only the solution knows: names of its own, and more of its code than a learner has at hand
    known = {*task.arguments, *ONE_OF, "sum", "mean"}
    term = any(word in words for word in (" missing", " doubled", " halved", " squared", " other sign", " minus"))
    part = "one of its terms" if term else "one of its factors" if "multiplied" in words or "divided" in words else (
        "one of its parts")

    def shown(found):
        code = found.group(1)
        names = set(re.findall(r"[^\W\d]\w*", code))
        return found.group() if names <= known and len(code) <= SHORT else part

    words = re.sub(r"`([^`]*)`", shown, words)
    names = re.fullmatch(r"(\w+) stands where (\w+) belongs", words)
    if names and not {n for n in names.groups() if not n.isdigit() and n not in task.sizes.split()} <= known:
        return "one name stands where another belongs"
    return words


def slips(tree: ast.Module, point) -> Iterator[Slip]:
    """The tree with one slip in it, each in turn."""
    yield from _edits(tree)
    yield from other_slips(tree, point)


def _edits(tree):
    for edit in edits(tree, KINDS, conditions=False):
        yield Slip(edit.applied(), _in_words(edit.what, edit.path[-1][0], edit.new), edit.line)


def _agrees(task, slip, tried, alike):
    space = {"np": np, "npvae": sys.modules["npvae"]}
    try:
        exec(compile(ast.fix_missing_locations(slip.tree), "a slip", "exec"), space)
    except Exception:
        return False
    return all(alike(t, attempt(task, space[task.name], t.point)) for t in tried)


def _in_words(what, old, new):
    # an edit of `npvae.repair.edits`
    place = next((i for i, word in enumerate(PLACES) if f" {word} " in f" {what} "), 0)
    if what.startswith("the sign of") or "term" in what:
        part = _code(_parts(old, (ast.Add, ast.Sub))[place][1])
        verb = {"out": "is missing", "doubled": "is doubled", "halved": "is halved", "squared": "is squared"}
        return f"{part} {verb.get(what.split()[-1], 'has the other sign')}"
    if "factor dropped" in what or what.startswith("times or divided"):
        operator, part = _parts(old, (ast.Mult, ast.Div))[place]
        divided = operator is ast.Div
        if "dropped" in what:
            return f"it is not {'divided' if divided else 'multiplied'} by {_code(part)}"
        return f"it is {'multiplied' if divided else 'divided'} by {_code(part)}, and not the other way round"
    if what == "an exponent dropped":
        return f"{_code(old.left)} is not {'squared' if ast.unparse(old.right) == '2' else 'raised to a power'}"
    if what == "the exponent":
        return f"{_code(new.left)} has the exponent {_code(new.right)}"
    if what.startswith("axis"):
        return f"the {old.func.attr} of {_code(_folded(old))} goes over {what.replace(' for ', ' in place of axis ')}"
    if " for " in what and isinstance(old, ast.Call) and isinstance(old.func, ast.Attribute):
        wrong, right = what.split(" for ")
        return f"the {wrong} of {_code(_folded(old))} stands in place of the {right}"
    if " for " in what and isinstance(old, ast.Name | ast.Constant):
        wrong, right = what.split(" for ")
        return f"{wrong} stands where {right} belongs"
    if what.startswith("a factor"):
        return f"{_code(old)} is taken {what.split()[2]} times"
    simple = {"a minus dropped": f"{_code(old)} lacks its minus",
              "a minus inserted": f"{_code(old)} has a minus too many",
              "a transpose dropped": f"{_code(old)} is not transposed", "a transpose added": f"it is {_code(new)}",
              "the order of a matrix product": f"the factors of {_code(old)} are exchanged",
              "the comparison the other way round": f"the comparison {_code(old)} is the other way round",
              "a statement left out": f"the step {_code(old)} is left out"}
    return simple.get(what, f"{what}, in {_code(old)}")


def _folded(call):
    # what is summed: x of x.sum(0) and of np.sum(x, 0)
    module = isinstance(call.func.value, ast.Name) and call.func.value.id == "np"
    return call.args[0] if module and call.args else call.func.value


def _parts(node, operators):
    if isinstance(node, ast.BinOp) and isinstance(node.op, operators):
        return [*_parts(node.left, operators), (type(node.op), node.right)]
    return [(operators[0], node)]


def _code(node):
    text = ast.unparse(node).replace("np.", "")
    return f"`{text}`" if len(text) <= LONG else f"`{text[:LONG]}…`"


def other_slips(tree: ast.Module, point) -> Iterator[Slip]:
    """Slips that are no edits of `npvae.repair`; each is made in place, and taken back before the next."""
    function, seen = tree.body[0], {a.arg for a in tree.body[0].args.args}
    sizes = _sizes(function, point)
    for parent in ast.walk(function):
        for field, value in ast.iter_fields(parent):
            for i, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
                for new, words in _others(node, parent, sizes):
                    yield from _edited(tree, parent, field, i, node, new, words)
    for i, node in enumerate(function.body):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            if node.targets[0].id in seen:
                yield from _edited(tree, function, "body", i, node, ast.Pass(),
                                   f"{node.targets[0].id} is left as it was, without {_code(node.value)}")
            seen.add(node.targets[0].id)


def _edited(tree, parent, field, i, node, new, words):
    new = ast.copy_location(new, node)
    if i is None:
        setattr(parent, field, new)
    else:
        getattr(parent, field)[i] = new
    yield Slip(tree, words, node.lineno)
    if i is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[i] = node


def _others(node, parent, sizes):
    text = ast.unparse(node) if isinstance(node, ast.expr) else ""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        name = node.func.attr
        if name in ONE_OF and ast.unparse(node.func.value) == "np":
            yield node.args[0], f"the {name} of {_code(node.args[0])} is missing"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("sum", "mean"):
        for other in ("max", "min", "prod", "std", "var"):
            call = ast.Call(ast.Attribute(node.func.value, other, ast.Load()), node.args, node.keywords)
            yield call, f"the {other} of {_code(_folded(node))} stands in place of the {node.func.attr}"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        for other, name in sizes.items():
            if ast.unparse(node.right) not in sizes:
                yield (ast.BinOp(node.left, ast.Div(), ast.parse(other, mode="eval").body),
                       f"it is divided by {name}, and not by {_code(node.right)}")
    if text in sizes:
        for other, name in sizes.items():
            if name != sizes[text]:
                yield ast.parse(other, mode="eval").body, f"{name} stands where {sizes[text]} belongs"
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and isinstance(
            parent, ast.BinOp | ast.UnaryOp | ast.Call) and getattr(parent, "func", None) is not node:
        for words, form in WRAPPED.items():
            yield ast.parse(form.format(text), mode="eval").body, f"`{node.id}` is {words}"
    if isinstance(node, ast.Slice) and (node.lower is None) != (node.upper is None) and node.step is None:
        other = ast.Slice(node.upper, node.lower)
        yield other, f"the other part is taken, `[{ast.unparse(other)}]`"


def _sizes(function, point):
    # the code of each size of an argument, and its name: {"len(x)": "B", "x.shape[1]": "D"}
    names, found = {n: name for name, n in point.sizes.items()}, {}
    for argument, value in zip(function.args.args, point.args, strict=False):
        shape = np.shape(value) if isinstance(value, np.ndarray) else ()
        for i, n in enumerate(shape):
            name = names.get(n, f"{argument.arg}.shape[{i}]" if i else f"len({argument.arg})")
            found[f"{argument.arg}.shape[{i}]"] = name
            if i == 0:
                found[f"len({argument.arg})"] = name
        if len(shape) > 1:
            found[f"{argument.arg}.size"] = f"{argument.arg}.size"
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            targets = node.targets[0].elts if isinstance(node.targets[0], ast.Tuple) else [node.targets[0]]
            values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
            for target, value in zip(targets, values, strict=False):
                if ast.unparse(value) in found:
                    found[ast.unparse(target)] = found[ast.unparse(value)]
    return found
