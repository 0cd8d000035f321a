"""Every small edit of a function's arithmetic: its mutants where it is right, the candidates for its mending where not.

    for edit in edits(ast.parse(source)):
        mutant = edit.applied()             # a tree to be compiled; the one that was parsed stays as it is

What is edited is the arithmetic in the bodies of functions. Texts, what is raised, and the conditions that guard a
`raise` are left alone.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from npvae.repair.edit_operators import FOLDS, OPERATORS, is_mathematics

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
LEFT_ALONE = (ast.Raise, ast.Assert, ast.JoinedStr, ast.Import, ast.ImportFrom, ast.Global, ast.Nonlocal)
# what a compound statement says before its body, by which it is known
HEADS = {ast.If: "test", ast.While: "test", ast.For: "iter"}


@dataclass(frozen=True)
class Edit:
    """One node of a syntax tree, and the node to stand in its place.

    Attributes
    ----------
    kind : str
        "operator", "sign", "axis", "factor", "comparison", "name" or "term".
    what : str
        The edit in words, e.g. "the sign of the second term".
    function : str
        The function that it is in, e.g. "Affine.__call__.back".
    line, column : int
        Of the node, as the parser counts.
    """

    kind: str
    what: str
    function: str
    line: int
    column: int
    path: tuple
    new: ast.AST

    def applied(self) -> ast.AST:
        """The edited tree. It shares with the first one whatever the edit leaves alone."""
        # new nodes stand where the old one stood
        return _rebuilt(self.path, ast.fix_missing_locations(self.new))

    @property
    def statement(self) -> ast.stmt:
        """The statement that is edited, as it stands."""
        return next(node for node, *_ in reversed(self.path) if isinstance(node, ast.stmt))

    @property
    def before(self) -> str:
        """The source of the statement as it stands; of an `if`, `while` or `for` what its first line asks."""
        return _text(self.statement)

    @property
    def after(self) -> str:
        """The source of the statement once it is edited."""
        i = next(i for i in reversed(range(len(self.path))) if isinstance(self.path[i][0], ast.stmt))
        return _text(_rebuilt(self.path[i:], self.new))

    def __str__(self):
        return f"line {self.line}, {self.what}: `{self.after}` for `{self.before}`"


def edits(tree: ast.AST, kinds=tuple(OPERATORS), conditions: bool = True,
          within: Callable[[ast.stmt], bool] = lambda statement: True) -> Iterator[Edit]:
    """The edits of a tree one by one, in the order of the source.

    Parameters
    ----------
    tree : ast.AST
        Of a module or a function.
    kinds : sequence of str
        Which operators are used, and in which order at each node.
    conditions : bool
        False leaves the conditions of `if`, `while` and `for` alone, so that an edit cannot make a loop endless.
    within : callable
        Which statements may be edited.

    Yields
    ------
    edit : Edit

    Examples
    --------
    >>> tree = ast.parse("def back(dy): return dy * (1 - y * y)")
    >>> for edit in edits(tree, kinds=["operator"]):
    ...     print(edit.what, "|", edit.after)
    times or divided by the second factor | return dy / (1 - y * y)
    the sign of the second term | return dy * (1 + y * y)
    times or divided by the second factor | return dy * (1 - y / y)
    """
    for path, function, names in _places(tree, (), "", (), conditions):
        node, parent = path[-1][0], path[-2][0] if len(path) > 1 else None
        statement = next(a for a, *_ in reversed(path) if isinstance(a, ast.stmt))
        if within(statement):
            for kind in kinds:
                for what, new in OPERATORS[kind](node, parent, names):
                    yield Edit(kind, what, function, node.lineno, node.col_offset, path,
                               ast.copy_location(new, node))


def _rebuilt(path, new):
    # copies of the nodes above the edited one, each with the copy below it in place of the original
    for (parent, *_), (_, field, index) in zip(path[-2::-1], path[:0:-1], strict=True):
        fields = dict(ast.iter_fields(parent))
        if index is None:
            fields[field] = new
        else:
            fields[field] = [*fields[field][:index], new, *fields[field][index + 1:]]
        new = ast.copy_location(type(parent)(**fields), parent)
    return new


def _text(statement):
    if isinstance(statement, FUNCTIONS):
        return statement.name
    return ast.unparse(getattr(statement, HEADS[type(statement)]) if type(statement) in HEADS else statement)


def _places(tree, above, function, names, conditions, field=None, index=None):
    # (path, function, names in scope) of each node that may be edited; a path holds nodes, each with its place in the
    # one before
    path = (*above, (tree, field, index))
    inside = any(isinstance(node, FUNCTIONS) for node, *_ in above)
    if inside and isinstance(tree, ast.expr | ast.AugAssign | ast.Assign) and _is_arithmetic(tree, above[-1][0]):
        yield path, function, [name for name, line in names if line < tree.lineno]
    if isinstance(tree, FUNCTIONS):
        function, names = f"{function}.{tree.name}".lstrip("."), _scope(tree, names)
    elif isinstance(tree, ast.ClassDef):
        function = f"{function}.{tree.name}".lstrip(".")
    for child, name, i in _children(tree, conditions):
        yield from _places(child, path, function, names, conditions, name, i)


def _children(node, conditions):
    # the parts of a node in which arithmetic is done
    for name, value in ast.iter_fields(node):
        declares = isinstance(node, (*FUNCTIONS, ast.ClassDef)) and name != "body"
        guards = isinstance(node, ast.If | ast.While | ast.For) and name in ("test", "iter") and (
            not conditions or any(isinstance(a, ast.Raise) for a in ast.walk(node.body[-1])))
        if declares or guards or name in ("annotation", "targets", "target"):
            continue
        for i, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.AST) and not isinstance(child, LEFT_ALONE) and not _is_docstring(child):
                yield child, name, i


def _is_docstring(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_arithmetic(node, parent):
    # a name counts where an array may stand: not as what is called, nor before a dot but for .T and .sum()
    if not isinstance(node, ast.Name):
        return True
    if isinstance(parent, ast.Attribute):
        return parent.attr == "T" or parent.attr in FOLDS
    if isinstance(parent, ast.Call):
        return node in parent.args and is_mathematics(parent)
    if isinstance(parent, ast.Compare):
        return not isinstance(parent.ops[0], ast.Is | ast.IsNot | ast.In | ast.NotIn)
    return isinstance(parent, ast.BinOp | ast.UnaryOp | ast.Assign | ast.AugAssign | ast.Return)


def _scope(function, outer):
    # the names that a function and those around it bind, used or not, each with the line that first binds it
    bound = {a.arg: function.lineno - 1 for a in ast.walk(function.args) if isinstance(a, ast.arg)}
    nodes = list(ast.walk(function))
    loops = {id(name) for node in nodes if isinstance(node, ast.comprehension) for name in ast.walk(node.target)}
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and id(node) not in loops:
            bound[node.id] = min(bound.get(node.id, node.lineno), node.lineno)
    own = [(name, line) for name, line in bound.items() if name not in ("self", "cls", "_")]
    return [*((name, line) for name, line in outer if name not in bound), *own]
