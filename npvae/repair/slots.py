"""Slice first: which values of the user's code can mend the gradient, and what they were when it ran.

A slot is a value that is computed in one place: the right side of an assignment, an entry of what is returned. Each is
nudged a little to see what it feeds: y, which must stay, gradients that are right, gradients that are wrong.
"""

import ast
from collections import ChainMap
from dataclasses import dataclass, field

import numpy as np

from npvae.repair.edit_operators import FOLDS
from npvae.repair.sources import FUNCTIONS, rebuilt

VALUE, NUDGE = "_npvae_value", "_npvae_nudge"
MOST = 300          # numbers in a slot whose response is measured one by one
ALONE, BOTH, PART, EARLY, FORWARD = range(5)        # how promising a slot is


@dataclass(eq=False)
class Slot:
    """A value in the source, where it stands, and what was seen of it.

    `path` leads to it from the function's tree as in `edits.Edit`; `env` are the names that it may use, with their
    values; `moved` (G,) is what of the gradient a nudge of it moves; `response` (n, G) is what its n numbers do to it,
    where that was measured.
    """

    source: object
    path: tuple
    value: object = None
    env: dict = field(default_factory=dict)
    runs: int = 0
    rank: int = BOTH
    moves_y: bool = False
    early: bool = False
    linear: bool = True
    response: np.ndarray = None
    moved: np.ndarray = None

    @property
    def node(self):
        """The expression."""
        return self.path[-1][0]

    @property
    def statement(self):
        """The statement that it stands in, or the lambda."""
        return next((n for n, *_ in reversed(self.path) if isinstance(n, ast.stmt)), self.source.tree)

    @property
    def line(self):
        """Of the expression, as the file counts."""
        return self.node.lineno


def slots_of(source):
    """The slots of a function, in the order of its source."""
    return [Slot(source, path) for path in _slots(((source.tree, None, None),))]


def _slots(path):
    node = path[-1][0]
    if isinstance(node, ast.Lambda):
        yield from _values(path, node.body, "body")
    if isinstance(node, ast.If | ast.For):
        # what a loop runs over ends; what a `while` asks may not
        name = "test" if isinstance(node, ast.If) else "iter"
        yield (*path, (getattr(node, name), name, None))
    for name, value in ast.iter_fields(node):
        if name in ("decorator_list", "args", "returns", "test", "iter", "items", "targets", "target"):
            continue
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Return | ast.Expr) and name == "value":
            if value is not None and not (isinstance(node, ast.Expr) and isinstance(value, ast.Constant)):
                yield from _values(path, value, name)
        elif isinstance(value, list):
            for i, child in enumerate(value):
                if isinstance(child, ast.stmt | ast.excepthandler):
                    yield from _slots((*path, (child, name, i)))


def _values(above, node, field_name, index=None):
    # what is put together from several values is taken apart
    path = (*above, (node, field_name, index))
    parts = []
    if isinstance(node, ast.Tuple | ast.List):
        parts = [(e, "elts", i) for i, e in enumerate(node.elts)]
    elif isinstance(node, ast.Dict):
        parts = [(v, "values", i) for i, v in enumerate(node.values)]
    elif isinstance(node, ast.Call) and (isinstance(above[-1][0], ast.Expr) or any(
            isinstance(a, ast.Tuple | ast.List | ast.Dict) for a in node.args)):
        parts = [(a, "args", i) for i, a in enumerate(node.args)]
    elif isinstance(node, ast.Lambda):
        yield from _values(path, node.body, "body")
        return
    if any(isinstance(e, ast.Starred) for e, *_ in parts):
        parts = []
    if isinstance(above[-1][0], ast.Expr) and isinstance(node, ast.Call) and getattr(node.func, "attr", "") in FOLDS:
        # dy.sum(0, out=db)
        yield (*path, (node.func, "func", None), (node.func.value, "value", None))
    for part in parts:
        yield from _values(path, *part)
    if not parts or isinstance(node, ast.Call) and not isinstance(above[-1][0], ast.Expr):
        yield path


def called(name, *args):
    """A call by name."""
    return ast.Call(ast.Name(name, ast.Load()), list(args), [])


class Watch:
    """Runs the functions with their slots watched or nudged, to fill in what is known of the slots."""

    def __init__(self, reached, bench):
        self.bench, self.sources = bench, reached.sources
        self.slots = [slot for source in self.sources for slot in slots_of(source)]
        self.pattern, self.touched = None, False
        for source in self.sources:
            for function in source.functions:
                function.__globals__.update({VALUE: self._value, NUDGE: self._nudge})

    def look(self, wrong):
        """Record every slot in one run each function, then nudge each slot alone; `wrong` is a mask of the gradient."""
        for source in self.sources:
            mine = [s for s in self.slots if s.source is source]
            self.bench.run(source, self._watched(source, mine))
        self._find_early()
        outer = {}
        for slot in self.slots:
            outer.setdefault(id(slot.source), {}).update(slot.env)
        for slot in self.slots:
            # what a function inside another one may take from it
            slot.env = dict(ChainMap(slot.env, outer[id(slot.source)])) if _is_inner(slot) else slot.env
        for slot in self.slots:
            if slot.runs:
                self._rank(slot, wrong)
        self.slots = [s for s in self.slots if s.runs and s.rank is not None]

    def _find_early(self):
        """Which slots run in the forward pass, if it is one that stands alone; which are linear in dy."""
        subject = self.bench.subject
        if subject.callback:
            for slot, (_, runs) in zip(self.slots, self._seen_again(subject.forward), strict=True):
                slot.early = runs > 0
            kept, subject.upstream = subject.upstream, 2 * subject.upstream
            seen = self._seen_again(subject.gradient)
            subject.upstream = kept
            for slot, (value, _) in zip(self.slots, seen, strict=True):
                slot.linear = isinstance(value, np.ndarray | float) and np.allclose(value, 2 * slot.value, rtol=1e-9)

    def _seen_again(self, question):
        """(value, runs) of each slot when a question is answered; what is known of them stays."""
        before, seen = [(s.value, s.env, s.runs) for s in self.slots], []
        for source in self.sources:
            code = source.compiled(self._watched(source, [s for s in self.slots if s.source is source]))
            self.bench.ask(source, code, question)
        for slot, (value, env, runs) in zip(self.slots, before, strict=True):
            seen.append((slot.value, slot.runs - runs))
            slot.value, slot.env, slot.runs = value, env, runs
        return seen

    def _watched(self, source, mine):
        # each slot's value is handed through, with the names as they then are
        numbers = {id(s.node): self.slots.index(s) for s in mine}

        def through(node):
            if not isinstance(node, ast.AST):
                return [through(n) for n in node] if isinstance(node, list) else node
            new = ast.copy_location(type(node)(**{n: through(v) for n, v in ast.iter_fields(node)}), node)
            if id(node) not in numbers:
                return new
            args = ast.Constant(numbers[id(node)]), new, called("locals")
            return ast.fix_missing_locations(ast.copy_location(called(VALUE, *args), node))

        return through(source.tree)

    def _value(self, number, value, names):
        slot = self.slots[number]
        slot.value, slot.runs = _kept(value), slot.runs + 1
        slot.env = {n: _kept(v) for n, v in names.items() if not n.startswith("_")}
        return value

    def nudged(self, slot):
        """The function's code with the slot's value handed through `_nudge`."""
        new = ast.fix_missing_locations(ast.copy_location(called(NUDGE, slot.node), slot.node))
        return rebuilt(slot.path, new)

    def _nudge(self, value):
        new = self.pattern(value)
        parts = (new, value) if isinstance(value, tuple | list) else ([new], [value])
        self.touched |= any(a is not b for a, b in zip(*parts, strict=True))
        return new

    def _rank(self, slot, wrong):
        self.pattern, self.touched = _shaken, False
        found = self.bench.run(slot.source, self.nudged(slot))
        if found is None or not self.touched:
            slot.rank = EARLY if slot.early else BOTH
            slot.moves_y = self.bench.moves_y(slot.source, self.nudged(slot)) if found is not None else False
            return
        moved = np.abs(found - self.bench.before) > 1e-9 * (np.abs(found) + np.abs(self.bench.before))
        slot.moves_y, slot.moved = self.bench.moves_y(slot.source, self.nudged(slot)), moved
        if not moved.any():
            # nothing hangs on it, but it may be the place of y alone
            slot.rank = FORWARD if slot.moves_y else None
        elif slot.moves_y:
            slot.rank = FORWARD
        elif not (moved & wrong).any():
            slot.rank = None
        elif (wrong & ~moved).any():
            slot.rank = PART
        else:
            slot.rank = BOTH if (moved & ~wrong).any() else ALONE

    def measure(self, slot):
        """The slot's response (n, G), if its value is an array of floats that is computed once and fed on linearly."""
        if slot.response is not None or slot.runs != 1 or not isinstance(slot.value, np.ndarray | float):
            return slot.response is not None
        value = np.asarray(slot.value)
        if self.bench.misshapen or value.dtype.kind != "f" or not 0 < value.size <= MOST:
            return False
        code, rows, step = slot.source.compiled(self.nudged(slot)), [], np.abs(value).mean() or 1.0
        for j in range(value.size + 1):
            shift = np.zeros(value.shape)
            # the last one moves all at once, the other way: what is linear adds up
            move = step if j < value.size else -step / 2
            shift.flat[j if j < value.size else slice(None)] = move
            self.pattern = lambda v, shift=shift: v + shift
            found = self.bench.run_code(slot.source, code)
            if found is None:
                return False
            rows.append((found - self.bench.before) / move)
        together, rows = rows[-1], np.array(rows[:-1])
        if np.abs(rows.sum(0) - together).max() > 1e-6 * (np.abs(rows).max() * len(rows) ** 0.5 + 1e-300):
            return False
        slot.response = rows
        return True


def _is_inner(slot):
    return any(isinstance(n, (*FUNCTIONS, ast.Lambda)) for n, *_ in slot.path[1:])


def _kept(value):
    # values may be changed in place later on; a number that is moved is an array without axes
    return value[()].copy() if isinstance(value, np.ndarray) else value


def _shaken(value):
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        size, turn = np.abs(value).mean() if value.any() else 1.0, np.arange(value.size).reshape(value.shape)
        return value + 0.1 * size * np.cos(1.0 + turn)
    if isinstance(value, np.ndarray) and value.dtype.kind == "b":
        return value ^ (np.arange(value.size).reshape(value.shape) % 3 == 0)
    if isinstance(value, float | np.floating):
        return value * 1.1 or 0.1
    if isinstance(value, tuple | list) and type(value) in (tuple, list):
        return type(value)(_shaken(v) for v in value)
    if isinstance(value, bool | np.bool_):
        return not value
    return value
