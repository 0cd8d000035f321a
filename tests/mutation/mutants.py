"""Mutants of the package: one small edit of a function, put in the place of that function while it is loaded."""

import ast
import gc
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from types import CodeType, FunctionType

import numpy as np

from npvae.repair.edits import Edit, edits

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("nn", "models", "inference", "autoencoders")


@dataclass(frozen=True)
class Mutant:
    """An edit of a file of the package, e.g. of npvae/nn/layers.py."""

    file: str
    edit: Edit

    @property
    def key(self):
        """What it is known by, whatever moves in the file: the file, the function, the statement before and after."""
        return self.file, self.edit.function, self.edit.before, self.edit.after

    @property
    def lines(self):
        """The lines of the statement."""
        head = self.edit.statement
        # of an if, a while or a for the first line, not the body
        head = getattr(head, "test", getattr(head, "iter", head))
        return range(head.lineno, head.end_lineno + 1)

    @property
    def function(self):
        """The outermost function that the edit is in: its name and its first line, as its code object has them."""
        outer = next(node for node, *_ in self.edit.path if isinstance(node, ast.FunctionDef))
        return outer.name, min([outer.lineno, *(d.lineno for d in outer.decorator_list)])

    def enter(self):
        """Give the function, wherever it is held, the edited code."""
        path = str(ROOT / self.file)
        new = _code(compile(self.edit.applied(), path, "exec"), *self.function)
        held = [f for f in gc.get_objects() if isinstance(f, FunctionType) and f.__code__.co_filename == path
                and (f.__code__.co_name, f.__code__.co_firstlineno) == self.function]
        if not held:
            raise LookupError(f"{self.file}: no function {self.function} is loaded")
        for function in held:
            function.__code__ = new


def _code(code, name, line):
    # the code of the function that begins on a line
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            found = inner if (inner.co_name, inner.co_firstlineno) == (name, line) else _code(inner, name, line)
            if found:
                return found
    return None


def mutants(file):
    """All mutants of a file but those of what it prints."""
    return [Mutant(file, edit) for edit in edits(ast.parse((ROOT / file).read_text()))
            if not edit.function.endswith("__repr__")]


def files(room):
    """The files of a room of the package."""
    return sorted(str(path.relative_to(ROOT)) for path in (ROOT / "npvae" / room).rglob("*.py"))


def sample(room, count, seed, only=""):
    """`count` mutants of a room, in each file equally many and of all kinds, as far as there are so many."""
    rng = np.random.default_rng(seed)
    columns = []
    for file in files(room):
        if only in file:
            found, kinds = mutants(file), {}
            for i in rng.permutation(len(found)):
                kinds.setdefault(found[i].edit.kind, []).append(found[i])
            columns.append(_in_turn(kinds.values()))
    # two edits may come to the same, as the first and the second factor of y y dropped
    chosen = {}
    for mutant in _in_turn(columns):
        if len(chosen) == count:
            break
        chosen.setdefault((*mutant.key, mutant.edit.line), mutant)
    return list(chosen.values())


def _in_turn(columns):
    # the first of each column, the second of each, …
    return (item for row in zip_longest(*columns) for item in row if item is not None)
