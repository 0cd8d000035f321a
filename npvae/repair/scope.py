"""What a slot may use: the names that it sees, the user's own expressions, and their values when the code ran."""

import ast
import itertools
from functools import cached_property

import numpy as np

from npvae.repair.trees import placed

NUMBER = np.ndarray | np.number | float | int
FORMS = ("{0} > 0", "1 - {0}", "1 - {0} ** 2", "{0} * (1 - {0})", "{0} ** 2", "1 / {0}", "np.sqrt({0})", "np.exp({0})",
         "np.tanh({0})", "1 - np.tanh({0}) ** 2", "{0} < 0", "np.sign({0})", "~{0}", "{0} != 0", "np.exp(-{0})",
         "1 / (1 + np.exp(-{0}))", "1 + {0}", "np.exp({0} / 2)", "np.log({0})", "np.cos({0})", "np.abs({0}) < 1",
         "1 / {0} ** 2", "1 + {0} ** 2", "1 / (1 - {0})")
DERIVATIVES = (("np.sin(", "np.cos("), ("np.cos(", "np.sin("), ("np.sinh(", "np.cosh("), ("np.cosh(", "np.sinh("),
               ("np.maximum(", "0 < ("), ("np.abs(", "np.sign("), ("np.log(", "1 / ("), ("np.sqrt(", "1 / np.sqrt("))
MOST_PARTS, MOST_LEAVES = 120, 40


class Scope:
    """The environment of one slot; `beside` are more expressions that it may use."""

    def __init__(self, slot, sources, beside=()):
        self.slot, self.sources, self.beside = slot, sources, beside
        self.globals = slot.source.functions[0].__globals__
        self._values, self.terms = {}, {}

    def value_of(self, node):
        """An expression's value in the slot's environment, or None."""
        text = ast.unparse(node)
        if text not in self._values:
            self._values[text] = self.worked_out(node)
        return self._values[text]

    def shape_of(self, node):
        """An expression's shape, () if it is no array."""
        value = self.value_of(node)
        return value.shape if isinstance(value, np.ndarray) else ()

    def worked_out(self, node, move=0):
        """As `value_of`, not remembered; with whole numbers that are moved apart, if asked."""
        env = {n: v + move + i if move and isinstance(v, int) and not isinstance(v, bool) else v
               for i, (n, v) in enumerate(self.slot.env.items())}
        try:
            code = compile(ast.Expression(placed(node, self.slot.node)), "<edit>", "eval")
            with np.errstate(all="ignore"):
                return eval(code, self.globals, env)
        except Exception:       # whatever does not work here is no candidate
            return None

    @cached_property
    def leaves(self):
        """Names, attributes and entries that are numbers: (node, value) by text; those of the same function first."""
        found = {}
        for source in [self.slot.source, *(s for s in self.sources if s is not self.slot.source)]:
            for node in ast.walk(source.tree):
                if _is_leaf(node):
                    self._add(found, node)
        for name in self.slot.env:
            self._add(found, ast.Name(name, ast.Load()))
        for text in self.beside:
            self._add(found, ast.parse(text, mode="eval").body)
        return dict(itertools.islice(found.items(), MOST_LEAVES))

    @cached_property
    def parts(self):
        """Expressions of the user's that are numbers here: (node, value) by text."""
        found = {}
        for text, (_, value) in self.leaves.items():
            # in a loop, the entry that belongs to this turn
            if isinstance(value, np.ndarray) and 0 < value.ndim <= len(self.counters):
                for turn in itertools.combinations(self.counters, value.ndim):
                    self._add(found, ast.parse(f"{text}[{', '.join(turn)}]", mode="eval").body)
        for text in self._widened():
            self._add(found, ast.parse(text, mode="eval").body)
        for source in [self.slot.source, *(s for s in self.sources if s is not self.slot.source)]:
            nodes = list(ast.walk(source.tree))
            # np.add.at(…) changes what it is given
            done = {id(n.value) for n in nodes if isinstance(n, ast.Expr)}
            for node in nodes:
                if isinstance(node, ast.BinOp | ast.Call | ast.Compare | ast.UnaryOp | ast.Subscript) \
                        and id(node) not in done and ast.unparse(node) not in self.leaves and len(found) < MOST_PARTS:
                    self._add(found, node)
                    for other in _other_halves(node):
                        self._add(found, other)
        return found

    def _add(self, found, node):
        text = ast.unparse(node)
        if text not in found:
            node = _loaded(node)
            value = self.value_of(node)
            if isinstance(value, NUMBER) and not isinstance(value, bool):
                found[text] = node, value

    @cached_property
    def counters(self):
        """The names that loops count with, outer ones first."""
        return list(dict.fromkeys(n.id for loop, *_ in self.slot.path if isinstance(loop, ast.For)
                                  for n in ast.walk(loop.target) if isinstance(n, ast.Name)))

    @cached_property
    def counts(self):
        """Names of whole numbers that no loop counts, those that are no size first."""
        loops = [n for s in self.sources for n in ast.walk(s.tree) if isinstance(n, ast.For | ast.comprehension)]
        turns = {n.id for loop in loops for n in ast.walk(loop.target) if isinstance(n, ast.Name)}
        sizes = {n for _, v in self.leaves.values() for n in np.shape(v)}
        found = {t: v for t, (_, v) in self.leaves.items() if isinstance(v, int | np.integer) and t not in turns}
        return sorted(found, key=lambda t: found[t] in sizes)

    @cached_property
    def sizes(self):
        """Integers by the name that the code has for them: N, x.shape[0], len(x)."""
        found = {t: v for t, (_, v) in self.leaves.items() if isinstance(v, int | np.integer) and v > 1
                 and t not in self.counters}
        for text, (_, value) in list(self.leaves.items()):
            if isinstance(value, np.ndarray):
                for axis, size in enumerate(value.shape):
                    if size > 1 and size not in found.values():
                        found[f"{text}.shape[{axis}]"] = size
        return found

    @cached_property
    def scalars(self):
        """Numbers by name, that no size is, and those in the code."""
        numbers = {t: v for t, (_, v) in self.leaves.items() if isinstance(v, float | int | np.number)
                   and not isinstance(v, bool | np.bool_ | int | np.integer) and np.isfinite(v)}
        return numbers | {f"{n:g}": n for n in self.constants}

    @cached_property
    def constants(self):
        """The numbers with a point that the code has."""
        return sorted({n.value for s in self.sources for n in ast.walk(s.tree)
                       if isinstance(n, ast.Constant) and type(n.value) is float})

    @cached_property
    def factors(self):
        """What a factor may be, elementwise: leaves and simple functions of them, masks: (node, value) by text."""
        found = {t: (n, v) for t, (n, v) in self.leaves.items() if np.asarray(v).dtype.kind in "fbi"}
        for text, (_, value) in list(self.leaves.items()):
            if np.asarray(value).dtype.kind in "fb" and "(" not in text:
                for form in FORMS:
                    self._add(found, ast.parse(form.format(text), mode="eval").body)
        for text in list(self.parts):
            for function, derivative in DERIVATIVES:
                if text.startswith(function):
                    self._add(found, ast.parse(derivative + text[len(function):], mode="eval").body)
        for text, (node, value) in self.parts.items():
            if np.asarray(value).dtype.kind in "fb":
                found.setdefault(text, (node, value))
        return {t: (n, v) for t, (n, v) in found.items() if np.all(np.isfinite(v)) and np.any(v)}

    def _widened(self):
        # rows' numbers along the columns, and labels as rows of 0 and 1
        arrays = {t: v for t, (_, v) in self.leaves.items() if isinstance(v, np.ndarray)}
        most = max((v.ndim for v in arrays.values()), default=0)
        for text, value in arrays.items():
            for k in range(1, 1 + most - value.ndim if value.ndim else 0):
                yield f"{text}[{', '.join(value.ndim * [':'] + k * ['None'])}]"
            if value.dtype.kind in "iu" and value.ndim == 1 and value.size:
                yield from (f"np.eye({name})[{text}]" for name, n in self.sizes.items() if n > value.max())

    @cached_property
    def wraps(self):
        """Functions of one argument that the code uses."""
        found = {}
        for source in self.sources:
            for node in ast.walk(source.tree):
                if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords \
                        and isinstance(node.func, ast.Name | ast.Attribute):
                    text = ast.unparse(node.func)
                    if isinstance(node.func, ast.Name) and callable(self.globals.get(text)) or text in (
                            "np.exp", "np.tanh", "np.sqrt", "np.log", "np.abs", "np.sign", "np.diag", "np.tril"):
                        found[text] = node.func
        for text in ("np.exp", "np.tanh", "np.sqrt"):
            found.setdefault(text, ast.parse(text, mode="eval").body)
        return list(found.values())


def _is_leaf(node):
    if isinstance(node, ast.Attribute):
        return node.attr not in ("T", "shape", "size", "ndim", "dtype") and _is_leaf(node.value)
    if isinstance(node, ast.Subscript):
        return isinstance(node.slice, ast.Constant | ast.Name) and _is_leaf(node.value)
    return isinstance(node, ast.Name)


def _other_halves(node):
    # of a[:, :k] it is a[:, k:], and back
    if isinstance(node, ast.Subscript):
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        for i, part in enumerate(parts):
            if isinstance(part, ast.Slice) and (part.lower is None) != (part.upper is None) and part.step is None:
                new = [*parts[:i], ast.Slice(part.upper, part.lower), *parts[i + 1:]]
                yield ast.Subscript(node.value, ast.Tuple(new, ast.Load()) if len(new) > 1 else new[0], ast.Load())


def _loaded(node):
    if isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
        return type(node)(**dict(ast.iter_fields(node)) | {"ctx": ast.Load()})
    return node
