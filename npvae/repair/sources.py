"""The functions that a check runs, as far as their source can be read: trees to edit, code to run instead.

Edited code takes the place of a function's own (`function.__code__`), so that whoever holds the function runs it:
closures, classes, adapters. It is done in a child process only, and no file is written.
"""

import __future__

import ast
import linecache
import sysconfig
import types
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

HOUSE = str(Path(__file__).parents[1])
LIBRARIES = tuple({sysconfig.get_path(p) for p in ("stdlib", "platstdlib", "purelib", "platlib")} | {HOUSE})
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
MOST = 60           # functions that are looked at
FUTURES = sum(getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)

# a source that names one of these is not edited: it could touch files, processes, the network, or other modules
FORBIDDEN = {"open", "exec", "eval", "compile", "__import__", "input", "os", "sys", "subprocess", "shutil", "pathlib",
             "Path", "socket", "requests", "urllib", "http", "pickle", "tempfile", "threading", "multiprocessing",
             "ctypes", "globals", "setattr", "delattr", "importlib", "signal", "h5py", "sqlite3", "breakpoint"}
WRITERS = {"save", "savez", "savez_compressed", "savetxt", "tofile", "dump", "memmap", "system", "popen", "remove",
           "unlink", "rmtree", "write", "writelines", "write_text", "write_bytes", "urlopen", "to_csv", "savefig"}


class Source:
    """One function of the user's: its objects, and the tree of its source."""

    def __init__(self, function, node, owner):
        self.functions, self.tree, self.owner = [function], node, owner
        self.code, self.file, self.name = function.__code__, function.__code__.co_filename, function.__name__

    def compiled(self, tree):
        """The code of an edited tree, with the same free variables."""
        at = {"lineno": tree.lineno, "col_offset": 0, "end_lineno": tree.lineno, "end_col_offset": 0}
        free = [n for n in self.code.co_freevars if n != "__class__"]
        fields = dict(ast.iter_fields(tree)) | {"args": _bare(tree.args)}
        if isinstance(tree, ast.Lambda):
            body = ast.Expr(ast.Lambda(**fields, **at), **at)
        else:
            # names no longer used are kept, so that the cells still fit; never reached
            kept = ast.Expr(ast.Tuple([ast.Name(n, ast.Load(), **at) for n in free], ast.Load(), **at), **at)
            fields |= {"body": [*tree.body, kept], "decorator_list": [], "returns": None}
            body = type(tree)(**fields, **at)
        if self.owner:
            body = ast.ClassDef(self.owner, [], [], [body], [], **at)
        names = ast.arguments([], [ast.arg(n, **at) for n in free], None, [], [], None, [])
        module = ast.Module([ast.FunctionDef("around", names, [body], [], **at)], [])
        code = compile(module, self.file, "exec", self.code.co_flags & FUTURES, dont_inherit=True)
        for _ in range(3 if self.owner else 2):
            code = next(c for c in code.co_consts if isinstance(c, types.CodeType))
        if code.co_freevars != self.code.co_freevars:
            raise SyntaxError("the edit changes what the function takes from around it")
        return code

    @contextmanager
    def running(self, code):
        """The function runs this code meanwhile."""
        for function in self.functions:
            function.__code__ = code
        try:
            yield
        finally:
            for function in self.functions:
                function.__code__ = self.code


class Reached:
    """What can be reached from the functions that are called: `sources`, and `kept`, the state that they hold."""

    def __init__(self, *roots):
        self.sources, self.kept, self.unreadable, self._seen, self._by_code = [], [], [], {}, {}
        todo = list(roots)
        while todo and len(self.sources) < MOST:
            thing = todo.pop(0)
            if id(thing) not in self._seen:
                self._seen[id(thing)] = thing
                todo += self._inside(thing)

    def _inside(self, thing):
        if isinstance(thing, types.FunctionType):
            return self._function(thing)
        if isinstance(thing, types.MethodType):
            return [thing.__self__, thing.__func__]
        if isinstance(thing, partial):
            return [thing.func, *thing.args, *thing.keywords.values()]
        if isinstance(thing, staticmethod | classmethod):
            return [thing.__func__]
        if isinstance(thing, property):
            return [thing.fget]
        if isinstance(thing, type):
            mine = [c for c in thing.__mro__ if c.__module__ not in ("builtins", "abc", "typing")]
            return [f for c in mine for f in vars(c).values()]
        if isinstance(thing, dict | list | tuple):
            self.kept.append(thing)
            return list(thing.values() if isinstance(thing, dict) else thing)[:200]
        if isinstance(thing, np.ndarray | np.random.Generator | np.random.RandomState):
            self.kept.append(thing)
        elif hasattr(thing, "__dict__") and not isinstance(thing, types.ModuleType):
            return [vars(thing), type(thing)]
        return []

    def _function(self, function):
        code = function.__code__
        around = [c.cell_contents for c in function.__closure__ or () if _filled(c)]
        around += [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
        around += [function.__wrapped__] if hasattr(function, "__wrapped__") else []
        if code.co_filename.startswith(LIBRARIES):
            return around
        if code in self._by_code:
            self._by_code[code].functions.append(function)
            return around
        found = _node_of(code, tuple(linecache.getlines(code.co_filename, function.__globals__)))
        if found:
            self._by_code[code] = Source(function, *found)
            self.sources.append(self._by_code[code])
        else:
            self.unreadable.append(function.__name__)
        return around + [function.__globals__[n] for n in _names(code) if n in function.__globals__]

    @property
    def draws(self):
        """Whether the sources use NumPy's global generator."""
        return any(isinstance(n, ast.Attribute) and n.attr == "random" for s in self.sources for n in ast.walk(s.tree))

    def forbidden(self):
        """What keeps the sources from being edited, or None."""
        return next((name for source in self.sources for name in map(_danger, ast.walk(source.tree))
                     if name and name not in source.code.co_varnames), None)


def rebuilt(path, new):
    """The tree above the end of a path, with a new node at its end."""
    for (parent, *_), (_, name, index) in zip(path[-2::-1], path[:0:-1], strict=True):
        fields = dict(ast.iter_fields(parent))
        fields[name] = new if index is None else [*fields[name][:index], new, *fields[name][index + 1:]]
        new = ast.copy_location(type(parent)(**fields), parent)
    return new


def _bare(arguments):
    # without defaults and annotations, which are worked out where the function is defined
    fields = {n: [_bare_arg(a) for a in v] if isinstance(v, list) else v and _bare_arg(v)
              for n, v in ast.iter_fields(arguments) if n not in ("defaults", "kw_defaults")}
    return ast.arguments(**fields, defaults=[], kw_defaults=[None] * len(arguments.kwonlyargs))


def _bare_arg(arg):
    return ast.copy_location(ast.arg(arg.arg), arg)


def _filled(cell):
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True


def _names(code):
    inner = [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return list(dict.fromkeys([*code.co_names, *(n for c in inner for n in _names(c))]))


def _danger(node):
    if isinstance(node, ast.Name) and node.id in FORBIDDEN:
        return node.id
    if isinstance(node, ast.Attribute) and node.attr in WRITERS:
        return node.attr
    if isinstance(node, ast.Import | ast.ImportFrom):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        return next((n for n in names if n.split(".")[0] not in ("numpy", "math")), None)
    if isinstance(node, ast.Global | ast.Await | ast.Yield | ast.YieldFrom):
        return type(node).__name__.lower()
    return None


def _node_of(code, lines):
    """(node, name of its class or None) of the function whose code this is, if the source is what runs."""
    nodes = _functions_of(lines)
    for node, owner in nodes.get(code.co_firstlineno, ()):
        name = "<lambda>" if isinstance(node, ast.Lambda) else node.name
        if name == code.co_name and _is_what_runs(code, node, owner):
            return node, owner
    return None


def _is_what_runs(code, node, owner):
    probe = types.FunctionType(code, {}, closure=tuple(types.CellType() for _ in code.co_freevars) or None)
    try:
        again = Source(probe, node, owner).compiled(node)
    except (SyntaxError, ValueError):
        return False
    # pytest rewrites assertions
    return _summary(again) == _summary(code) or any(isinstance(n, ast.Assert) for n in ast.walk(node))


def _summary(code):
    # not the instructions: how np.f is called depends on what the module imports
    consts = [_summary(c) if isinstance(c, types.CodeType) else repr(c) for c in code.co_consts]
    return code.co_names, code.co_varnames, consts


@lru_cache(8)
def _functions_of(lines):
    """The functions of a source by their first line: (node, name of the class around it or None)."""
    try:
        tree = ast.parse("".join(lines))
    except SyntaxError:
        return {}
    found = {}

    def gather(node, owner):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (*FUNCTIONS, ast.Lambda)):
                first = min([child.lineno, *(d.lineno for d in getattr(child, "decorator_list", ()))])
                found.setdefault(first, []).append((child, owner))
            gather(child, child.name if isinstance(child, ast.ClassDef) else owner)

    gather(tree, None)
    return found
