"""Where an answer is tried: random inputs of distinct sizes, and the right results there."""

import itertools
from dataclasses import dataclass

import numpy as np

from npvae.exercises.asking import called, outputs
from npvae.exercises.task import Task, Wrong

POINTS = 3          # random inputs
SIZES = range(3, 9)


@dataclass
class Point:
    """Arguments, the right results, sizes by name, an upstream gradient for a `back`; `where` it is, for edges."""

    args: tuple
    right: list
    sizes: dict
    upstream: np.ndarray | None = None
    several: bool = False           # results in a tuple
    where: str = ""
    seed: int = 9


@dataclass
class Tried:
    """What a function gave at a point: arrays, or what was wrong in calling it; and which inputs it changed."""

    point: Point
    got: list
    problem: Wrong | None = None
    changed: tuple = ()


def random_points(task: Task, count: int = POINTS) -> list[Point]:
    """Points of random numbers with sizes that are pairwise distinct, the same at each call."""
    names, points = task.sizes.split(), []
    for k in range(count if task.arguments else 1):
        rng = np.random.default_rng([77, k])
        sizes = dict(zip(names, _distinct(rng), strict=False))
        points.append(point_at(task, task.inputs(rng, *sizes.values()), sizes, seed=k))
    return points


def _distinct(rng):
    # sizes of which none is twice another, first: 2K is to be told from B
    drawn, apart = [int(n) for n in rng.permutation(SIZES)], []
    for n in drawn:
        if not {2 * n, n / 2} & set(apart):
            apart.append(n)
    return [*apart, *(n for n in drawn if n not in apart)]


def edge_points(task: Task) -> list[Point]:
    """The task's edge cases, and one row where there are several."""
    points = [point_at(task, make(np.random.default_rng([78, k])), {}, where)
              for k, (where, make) in enumerate(task.edges.items())]
    names = task.sizes.split()
    if "B" in names and task.one_row:
        sizes = dict(zip(names, itertools.chain(SIZES), strict=False)) | {"B": 1}
        args = task.inputs(np.random.default_rng(79), *sizes.values())
        points.append(point_at(task, args, sizes, "for a single row, B = 1,"))
    return points


def point_at(task: Task, args: tuple, sizes: dict, where: str = "", seed: int = 9) -> Point:
    """The right results at some arguments; of a `back` those for a random upstream gradient."""
    point = Point(args, [], sizes, where=where, seed=seed)
    if task.kind == "back":
        y = called(task, task.solution, args)[0][0]
        point.upstream = np.random.default_rng([80, seed]).standard_normal(np.shape(y))
    out, after = called(task, task.solution, args, point.upstream)
    point.several = isinstance(out, tuple | list)
    point.right = _comparable(task, point, list(out) if point.several else [] if out is None else [out], after)
    return point


def attempt(task: Task, answer, point: Point) -> Tried:
    """The answer's results at a point."""
    n = len(point.right) - len(task.changes)
    try:
        out, after = called(task, answer, point.args, point.upstream, point.sizes)
        got = outputs(task, out, n, point.several) if n else []
        # an array that holds one number is that number
        got = [g.reshape(r.shape) if (g.shape, r.shape) == ((1,), ()) else g
               for g, r in zip(got, point.right, strict=False)]
    except Wrong as problem:
        return Tried(point, [], problem)
    changed = tuple(name for name, a, b in zip(task.arguments, point.args, after, strict=False)
                    if name not in task.changes and not _same(a, b))
    try:
        got = _comparable(task, point, got, after)
    except Exception:       # of another shape than the canonical form knows
        got = [np.asarray(a) for a in got]
    return Tried(point, got, None, changed)


def _comparable(task, point, out, after):
    out = [*out, *(a for name, a in zip(task.arguments, after, strict=False) if name in task.changes)]
    return [np.asarray(a) for a in (task.canonical(out, point.args) if task.canonical else out)]


def _same(a, b):
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(_same(x, y) for x, y in zip(a, b, strict=True))
    return True


def close(task: Task, got: np.ndarray, right: np.ndarray) -> np.ndarray | bool:
    """Which numbers are right; a single False if the shapes differ."""
    if got.shape != right.shape:
        return False
    if got.dtype.kind == "c":
        return False
    tolerance = task.tolerance if got.dtype != np.float32 and got.dtype != np.float16 else max(task.tolerance, 2e-3)
    finite = np.abs(right[np.isfinite(right)])
    scale = finite.mean() if finite.size else 0.0
    with np.errstate(all="ignore"):
        near = np.abs(got.astype(float) - right) <= tolerance * (np.abs(right) + scale) + 1e-12
    return near & np.isfinite(right) | (got == right) | (np.isnan(got) & np.isnan(right))


def agrees(task: Task, tried: Tried) -> bool:
    """Whether all results are right at a point."""
    return tried.problem is None and len(tried.got) == len(tried.point.right) and all(
        np.all(close(task, g, r)) for g, r in zip(tried.got, tried.point.right, strict=True))
