"""The edit operators: what can be done to one node of a syntax tree that is a plausible slip, or the mending of one.

Each takes a node and the names of its scope and yields pairs (what it is in words, the node that replaces it). Each
slip has its mending among them: a sign dropped and inserted, `sum` for `mean` and back, a factor 2 and ½.
"""

import ast
from functools import reduce

FOLDS = ("sum", "mean", "prod", "max", "min", "std", "var", "cumsum", "argmax", "argmin", "all", "any")
PAIRS = {"sum": "mean", "mean": "sum", "max": "min", "min": "max", "argmax": "argmin", "argmin": "argmax",
         "maximum": "minimum", "minimum": "maximum", "all": "any", "any": "all"}
SUM, PRODUCT = (ast.Add, ast.Sub), (ast.Mult, ast.Div)
OTHER = {ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Add: ast.Sub, ast.Sub: ast.Add}
AUGMENTED = {ast.Add: "+=", ast.Sub: "-=", ast.Mult: "*=", ast.Div: "/="}
REVERSED = {ast.Gt: ast.Lt, ast.Lt: ast.Gt, ast.GtE: ast.LtE, ast.LtE: ast.GtE, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}
AT_THE_EDGE = {ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Lt: ast.LtE, ast.LtE: ast.Lt}
# whose value changes with the sign and the size of what they are given
VALUES = {*FOLDS, *PAIRS, "exp", "expm1", "log", "log1p", "sqrt", "tanh", "sinh", "cosh", "sin", "cos", "logaddexp",
          "where", "clip", "matmul", "dot", "einsum", "outer", "concatenate", "stack", "add", "subtract", "multiply"}
PLACES = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")


def is_text(node):
    """Whether a node is a string or a list by its look: its + joins, and is no arithmetic."""
    if isinstance(node, ast.BinOp):
        return is_text(node.left) or is_text(node.right)
    joins = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and is_text(node.func.value)
    literal = isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
    return joins or literal or isinstance(node, ast.JoinedStr | ast.List | ast.Tuple | ast.ListComp | ast.Dict)


def _is_number(node):
    return isinstance(node, ast.Constant) and type(node.value) in (int, float)


def _times(factor, node):
    return ast.BinOp(ast.Constant(factor), ast.Mult(), node)


def _parts(node, operators):
    # a + b − c as [(Add, a), (Add, b), (Sub, c)], a b / c as [(Mult, a), (Mult, b), (Div, c)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, operators):
        return [*_parts(node.left, operators), (type(node.op), node.right)]
    return [(operators[0], node)]


def _joined(parts):
    # the inverse of `_parts`; a sum may begin with −, a product with 1/
    (first, node), *rest = parts
    if first is ast.Sub:
        node = ast.UnaryOp(ast.USub(), node)
    elif first is ast.Div:
        node = ast.BinOp(ast.Constant(1), ast.Div(), node)
    return reduce(lambda left, part: ast.BinOp(left, part[0](), part[1]), rest, node)


def _chain(node, parent, operators):
    # the parts of a sum or product, if the node is the whole of one
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, operators) or is_text(node):
        return []
    inner = isinstance(parent, ast.BinOp) and isinstance(parent.op, operators) and parent.left is node
    return [] if inner else _parts(node, operators)


def _place(i):
    return PLACES[i] if i < len(PLACES) else f"{i + 1}th"


def operators(node, parent, names):
    """+ and −, × and ÷, the order of @, the exponent, += for = and back."""
    for chain, what in ((SUM, "the sign of the {} term"), (PRODUCT, "times or divided by the {} factor")):
        parts = _chain(node, parent, chain)
        for i, (operator, part) in list(enumerate(parts))[1:]:
            yield what.format(_place(i)), _joined([*parts[:i], (OTHER[operator], part), *parts[i + 1:]])
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        yield "the order of a matrix product", ast.BinOp(node.right, ast.MatMult(), node.left)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        yield "an exponent dropped", node.left
        if _is_number(node.right):
            for number in (node.right.value + 1, node.right.value - 1):
                if number > 1:
                    yield "the exponent", ast.BinOp(node.left, ast.Pow(), ast.Constant(number))
    if isinstance(node, ast.AugAssign) and type(node.op) in AUGMENTED and not is_text(node.value):
        other = OTHER[type(node.op)]
        yield (f"{AUGMENTED[other]} for {AUGMENTED[type(node.op)]}", ast.AugAssign(node.target, other(), node.value))
        yield f"= for {AUGMENTED[type(node.op)]}", ast.Assign([node.target], node.value)
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target = node.targets[0]
        known = isinstance(target, ast.Name) and target.id in names and _is_amount(node.value)
        if known or isinstance(target, ast.Subscript):
            yield "+= for =", ast.AugAssign(target, ast.Add(), node.value)


def signs(node, parent, names):
    """A unary minus dropped, or inserted before a value, a first term, or what a function of NumPy is taken of."""
    if _is_negative(node):
        yield "a minus dropped", node.operand
        return
    chain = _chain(node, parent, SUM)
    if chain and not _is_negative(chain[0][1]):
        yield "the sign of the first term", _joined([(ast.Sub, chain[0][1]), *chain[1:]])
    if _is_value(node, parent):
        yield "a minus inserted", ast.UnaryOp(ast.USub(), node)


def _is_negative(node):
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)


def _is_value(node, parent):
    # what is assigned, returned, or the argument of np.f, if it is arithmetic
    if is_text(node):
        return False
    if isinstance(parent, ast.Assign | ast.AugAssign | ast.Return | ast.Lambda):
        field = parent.body if isinstance(parent, ast.Lambda) else parent.value
        return field is node and _is_amount(node)
    condition = is_mathematics(parent) and parent.func.attr == "where" and parent.args[0] is node
    return is_mathematics(parent) and node in parent.args and not condition and isinstance(node, ast.BinOp | ast.Name)


def _is_amount(node):
    # arithmetic, not a place or a truth value
    amount = is_mathematics(node) or _fold(node)
    return isinstance(node, ast.BinOp) or amount and node.func.attr not in ("argmax", "argmin", "all", "any")


def is_mathematics(node):
    """Whether a node calls a function of values, such as np.exp, not one of shapes, types or indices."""
    return is_numpy(node) and node.func.attr in VALUES


def is_numpy(node):
    """Whether a node calls a function of NumPy or of math by its module: np.exp(x)."""
    return (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name) and node.func.value.id in ("np", "numpy", "math", "jnp"))


def _fold(node):
    # x.sum(0), np.sum(x, 0): the name of the fold
    named = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    return node.func.attr if named and node.func.attr in FOLDS else None


def axes(node, parent, names):
    """Axis 0 and 1, `sum` and `mean`, `max` and `min`, a transpose dropped or added."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in PAIRS:
        name = node.func.attr
        yield f"{PAIRS[name]} for {name}", ast.Call(
            ast.Attribute(node.func.value, PAIRS[name], ast.Load()), node.args, node.keywords)
    if _fold(node):
        place = 1 if is_numpy(node) else 0
        for axis in [*node.args[place: place + 1], *(k.value for k in node.keywords if k.arg == "axis")]:
            if _integer(axis) is not None:
                yield from _other_axes(node, axis)
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield "a transpose dropped", node.value
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        for side in ("left", "right"):
            factor = getattr(node, side)
            transposed = isinstance(factor, ast.Attribute) and factor.attr == "T"
            if isinstance(factor, ast.Name | ast.Attribute | ast.Subscript) and not transposed:
                other = {"left": node.left, "right": node.right, side: ast.Attribute(factor, "T", ast.Load())}
                yield "a transpose added", ast.BinOp(other["left"], ast.MatMult(), other["right"])


def _integer(node):
    text = ast.unparse(node)
    return int(text) if text.lstrip("-").isdigit() else None


def _other_axes(node, axis):
    value = _integer(axis)
    for other in [1] if value == 0 else [0] if value in (1, -1) else [value - 1 if value > 0 else value + 1]:
        new = ast.Constant(other)
        yield f"axis {other} for {value}", ast.Call(
            node.func, [new if a is axis else a for a in node.args],
            [ast.keyword(k.arg, new) if k.value is axis else k for k in node.keywords])


def factors(node, parent, names):
    """A factor dropped, a 2 or ½ too much on a value, the square of a term, another number."""
    parts = _chain(node, parent, PRODUCT)
    for i in range(len(parts)):
        # 1/x has no first factor
        if i or not (_is_number(parts[0][1]) and parts[0][1].value == 1 and parts[1][0] is ast.Div):
            yield f"the {_place(i)} factor dropped", _joined([*parts[:i], *parts[i + 1:]])
    if _is_value(node, parent):
        yield "a factor 2 inserted", _times(2, node)
        yield "a factor 1/2 inserted", _times(0.5, node)
    parts = _chain(node, parent, SUM)
    for i, (operator, part) in enumerate(parts):
        if isinstance(part, ast.Name | ast.Attribute):
            square = ast.BinOp(part, ast.Mult(), part)
            yield f"the {_place(i)} term squared", _joined([*parts[:i], (operator, square), *parts[i + 1:]])
    # −1 is a place counted from the end, or a size left open
    open_size = isinstance(parent, ast.UnaryOp) and isinstance(node, ast.Constant) and node.value == 1
    power = isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Pow)
    if _is_number(node) and isinstance(parent, ast.BinOp | ast.UnaryOp) and not power and not open_size:
        for number in _other_numbers(node.value):
            yield f"{number} for {node.value}", ast.Constant(number)


def _other_numbers(number):
    if isinstance(number, int):
        return [number + 1, number - 1] if number > 1 else [number + 1]
    return [1 / number] if number in (0.5, 2.0) else [2 * number]


def comparisons(node, parent, names):
    """A comparison the other way round; > for ≥ where whole numbers are compared, so that the edge is met."""
    if not isinstance(node, ast.Compare) or len(node.ops) != 1 or is_text(node.comparators[0]) or is_text(node.left):
        return
    if (operator := type(node.ops[0])) in REVERSED:
        yield "the comparison the other way round", ast.Compare(node.left, [REVERSED[operator]()], node.comparators)
    if operator in AT_THE_EDGE and any(_is_whole(side) for side in (node.left, *node.comparators)):
        yield "the comparison at the edge", ast.Compare(node.left, [AT_THE_EDGE[operator]()], node.comparators)


def _is_whole(node):
    # len(x), x.ndim, x.shape[1]: numbers of things
    if isinstance(node, ast.Subscript):
        return _is_whole(node.value)
    named = isinstance(node, ast.Attribute) and node.attr in ("ndim", "size", "shape", "dim")
    return named or isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len"


def names(node, parent, names):
    """One local array for another."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
        for other in names:
            if other != node.id:
                yield f"{other} for {node.id}", ast.Name(other, ast.Load())


def terms(node, parent, names):
    """A term of a sum left out, doubled or halved; a statement that changes an array left out."""
    parts = _chain(node, parent, SUM)
    for i, (operator, part) in enumerate(parts):
        yield f"the {_place(i)} term left out", _joined([*parts[:i], *parts[i + 1:]])
        if not _is_number(part):
            for factor, word in ((2, "doubled"), (0.5, "halved")):
                yield (f"the {_place(i)} term {word}",
                       _joined([*parts[:i], (operator, _times(factor, part)), *parts[i + 1:]]))
    if isinstance(node, ast.AugAssign) and not is_text(node.value):
        yield "a statement left out", ast.Pass()


OPERATORS = {"operator": operators, "sign": signs, "axis": axes, "factor": factors, "comparison": comparisons,
             "name": names, "term": terms}
