"""Syntax trees: an expression from its text, the places in it, new nodes where old ones stood."""

import ast


def placed(node, old):
    """A new node with the lines and columns of an old one wherever it has none."""
    if "lineno" in node._attributes and getattr(node, "end_lineno", None) is None:
        ast.copy_location(node, old)
    for child in ast.iter_child_nodes(node):
        placed(child, old)
    return node


def below(path):
    """The paths to an expression and all that it is made of."""
    node = path[-1][0]
    yield path
    for name, value in ast.iter_fields(node):
        for i, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.keyword):
                yield from below((*path, (child, name, i), (child.value, "value", None)))
            elif isinstance(child, ast.expr) and not isinstance(child, ast.Lambda):
                yield from below((*path, (child, name, i)))


def parsed(text):
    """An expression."""
    return ast.parse(text, mode="eval").body


def exchanged(node, old, new):
    """The tree with a new node in the place of an old one."""
    if node is old:
        return new
    if not isinstance(node, ast.AST):
        return [exchanged(n, old, new) for n in node] if isinstance(node, list) else node
    return type(node)(**{field: exchanged(value, old, new) for field, value in ast.iter_fields(node)})


def replaced(node, name, new):
    """The tree with a new node in the place of each use of a name."""
    if isinstance(node, ast.Name) and node.id == name:
        return new
    if not isinstance(node, ast.AST):
        return [replaced(n, name, new) for n in node] if isinstance(node, list) else node
    copy = type(node)(**{field: replaced(value, name, new) for field, value in ast.iter_fields(node)})
    return ast.copy_location(copy, node) if "lineno" in node._attributes else copy
