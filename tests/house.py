"""The house in figures: how far one walks to follow a sweep, how many arguments a constructor takes, what is where.

`python tests/house.py` prints the figures beside their limits; `test_house.py` holds the limits.

How the walk is counted: a profiler notes every function of the package that is entered, on a network of one hidden
layer each way with the default of everything. A nested function, such as a layer's `back`, and a lambda count for
themselves; a comprehension belongs to the function that it stands in. The sweep begins where the one before it has
ended and goes on until `fit` has returned, so that the way out is in it; the door is what comes before the first batch.
"""

import ast
import sys
from collections import Counter
from pathlib import Path

import numpy as np

import npvae
from npvae.inference import AmortizedVI
from npvae.models import mlp_model

ROOT = Path(npvae.__file__).parent
MATHEMATICS = ("nn", "models", "inference", "autoencoders")
# what a sweep is about, beside the rooms of networks and models; everything else that it enters is machinery
FORMULAS = ("inference/amortized_vi.py", "inference/posteriors.py", "inference/elbo.py")
COMPREHENSIONS = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")

LIMITS = {"files of a sweep": 13, "functions of a sweep": 70, "machinery of a sweep": 2, "calls of a gradient": 32,
          "depth of a gradient": 5, "arguments of a constructor": 7, "import circles": 0, "files of gradcheck": 18}


class Walk:
    """The calls into the package while a profiler runs: (depth, file, function), one for each call."""

    def __init__(self):
        self.calls, self.depth = [], 0

    def start(self):
        """Begin to note; depth 1 is what is called next."""
        sys.setprofile(self._note)

    def stop(self):
        """End; returns itself."""
        sys.setprofile(None)
        return self

    def _note(self, frame, event, arg):
        code = frame.f_code
        if event not in ("call", "return") or not code.co_filename.startswith(f"{ROOT}/"):
            return
        if code.co_name in COMPREHENSIONS:
            return
        self.depth += 1 if event == "call" else -1
        if event == "call":
            file = str(Path(code.co_filename).relative_to(ROOT))
            self.calls.append((self.depth, file, (file, code.co_firstlineno, code.co_name)))

    @property
    def files(self):
        return {file for _, file, _ in self.calls}

    @property
    def functions(self):
        return {function for _, _, function in self.calls}

    @property
    def machinery(self):
        return {file for file in self.files if not file.startswith(("nn/", "models/")) and file not in FORMULAS}


def fitted(sweeps=1, **settings):
    X = np.random.default_rng(0).normal(size=(60, 3))
    return AmortizedVI(mlp_model(2, [4], 3), sweeps=sweeps, batch_size=20, progress=False, **settings).fit(X)


def walk_of_a_sweep():
    """The second of two sweeps, and the way out of `fit`."""
    walk, ends = Walk(), []

    def after_sweep(record):
        ends.append(record)
        if len(ends) == 1:
            walk.start()

    try:
        fitted(sweeps=2, after_sweep=after_sweep)
    finally:
        walk.stop()
    return walk


def walk_of_the_door():
    """From the call of `fit` to the first gradient."""
    walk, gradient = Walk(), AmortizedVI.gradient

    def arrived(*_):
        walk.stop()
        raise KeyboardInterrupt

    AmortizedVI.gradient = arrived
    walk.start()
    try:
        fitted()
    except KeyboardInterrupt:
        pass
    finally:
        walk.stop()
        AmortizedVI.gradient = gradient
    return walk


def walk_of_a_gradient():
    """`AmortizedVI.gradient` of one batch."""
    solver, walk = fitted(), Walk()
    x = np.random.default_rng(1).normal(size=(20, 3)).astype(np.float32)
    walk.start()
    solver.gradient(x)
    return walk.stop()


def modules():
    """The package's files by module name, and their syntax trees."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = (ROOT.name, *path.relative_to(ROOT).with_suffix("").parts)
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = ast.parse(path.read_text())
    return found


def constructors(trees):
    """How many arguments each written-out `__init__` takes, by module and class."""
    return {f"{module}.{node.name}": len(f.args.posonlyargs) + len(f.args.args) - 1 + len(f.args.kwonlyargs)
            for module, tree in trees.items() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
            for f in node.body if isinstance(f, ast.FunctionDef) and f.name == "__init__"}


def imports(trees):
    """Which modules of the package each of them imports, also within functions."""
    edges = {}
    for module, tree in trees.items():
        named = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                named |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                # `from npvae.models import arrays` is of the module, `… import Gaussian` of the package
                named |= {f"{node.module}.{a.name}" if f"{node.module}.{a.name}" in trees else node.module
                          for a in node.names}
        edges[module] = {name for name in named if name in trees} - {module}
    return edges


def circles(edges):
    """Groups of modules each of which imports, over some way, all others of the group."""
    def reached(start):
        seen, ahead = set(), [start]
        while ahead:
            for name in edges[ahead.pop()] - seen:
                seen.add(name)
                ahead.append(name)
        return seen

    ways = {module: reached(module) for module in edges}
    return {frozenset(other for other in ways[module] if module in ways[other])
            for module in ways if module in ways[module]}


def lines():
    """Lines of each room, and of the files that all rooms share."""
    found = Counter()
    for path in ROOT.rglob("*.py"):
        parts = path.relative_to(ROOT).parts
        found[parts[0] if len(parts) > 1 else "shared"] += path.read_text().count("\n")
    return found


def figures():
    """All figures by name."""
    sweep, door, gradient, trees, rooms = (walk_of_a_sweep(), walk_of_the_door(), walk_of_a_gradient(), modules(),
                                           lines())
    mathematics = sum(rooms[room] for room in MATHEMATICS)
    return {"files of a sweep": len(sweep.files), "functions of a sweep": len(sweep.functions),
            "machinery of a sweep": len(sweep.machinery), "calls of a gradient": len(gradient.calls),
            "depth of a gradient": max(depth for depth, _, _ in gradient.calls),
            "arguments of a constructor": max(constructors(trees).values()),
            "import circles": len(circles(imports(trees))),
            "files of gradcheck": sum(module.startswith("npvae.gradcheck") for module in trees),
            "files of the door": len(door.files), "functions of the door": len(door.functions),
            "lines": sum(rooms.values()), "share of the mathematics": round(mathematics / sum(rooms.values()), 3)}


def main():
    for name, figure in figures().items():
        print(f"{name:<28} {figure:>8}" + (f"   at most {LIMITS[name]}" if name in LIMITS else ""))
    sweep, trees = walk_of_a_sweep(), modules()
    print("\nfiles of a sweep:", *(f"  {file}{'  (machinery)' if file in sweep.machinery else ''}"
                                   for file in sorted(sweep.files)), sep="\n")
    print("\nconstructors of more than seven arguments:",
          {name: n for name, n in constructors(trees).items() if n > LIMITS["arguments of a constructor"]})
    print("import circles:", [sorted(circle) for circle in circles(imports(trees))])
    print("lines:", dict(lines().most_common()))


if __name__ == "__main__":
    main()
