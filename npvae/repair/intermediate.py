"""Gradients of values on the way: dh is held against what nudges of h do to y, so that the first wrong one shows.

By their names: a variable dh, grad_h, h_grad or dL_dh of the backward pass belongs to the h of the forward pass.
"""

import ast

import numpy as np

DIRECTIONS = 3                  # in which a value is nudged
RIGHT, WRONG = True, False
NAMES = ("d{}", "d_{}", "grad_{}", "{}_grad", "dL_d{}", "dL{}", "dLd{}", "g{}", "g_{}", "delta_{}", "{}_bar", "grad{}")


def held(watch):
    """RIGHT or WRONG for the names of the backward pass that belong to a value of the forward pass."""
    found, forward, defined = {}, {}, {}
    for slot in watch.slots:
        for name in targets(slot):
            defined.setdefault(name, []).append(slot)
            if slot.moves_y and _is_whole(slot):
                forward.setdefault(name, []).append(slot)
    last = {}
    for slot in watch.slots:
        last.update({n: v for n, v in slot.env.items() if isinstance(v, np.ndarray | float)})
    for name, slots in forward.items():
        partners = [p.format(name) for p in NAMES if p.format(name) in defined]
        if len(slots) != 1 or len(partners) != 1 or slots[0].runs != 1 or partners[0] in found:
            continue
        partner, shape = partners[0], np.shape(slots[0].value)
        if any(s.runs != 1 or not s.linear for s in defined[partner]):
            continue
        seen = [last[partner]] * (partner in last) + [s.value for s in defined[partner] if _is_whole(s)]
        seen = [np.asarray(v, float) for v in seen if isinstance(v, np.ndarray | float) and np.shape(v) == shape]
        slopes = _slopes(watch, slots[0]) if seen else []
        if slopes:
            found[partner] = RIGHT if any(all(_close((d * v).sum(), s) for d, s in slopes) for v in seen) else WRONG
    return found


def targets(slot):
    """The names that the slot's statement binds to its value, in `a = value` and in `a, b = value, value`."""
    if not isinstance(slot.statement, ast.Assign) or len(slot.statement.targets) != 1:
        return []
    target, place = slot.statement.targets[0], slot.path[-1]
    if isinstance(target, ast.Tuple) and place[1] == "elts" and place[2] < len(target.elts):
        target = target.elts[place[2]]
    elif slot.statement.value is not slot.node:
        return []
    return [target.id] if isinstance(target, ast.Name) else []


def _is_whole(slot):
    value = slot.value
    return isinstance(value, float) or isinstance(value, np.ndarray) and value.dtype.kind == "f"


def _slopes(watch, slot):
    """(direction, slope of F along it) by central differences, the value moved where it is computed."""
    subject, value = watch.bench.subject, np.asarray(slot.value, float)
    code, found, rng = slot.source.compiled(watch.nudged(slot)), [], np.random.default_rng(0)
    for _ in range(DIRECTIONS):
        d, ends = rng.standard_normal(value.shape), []
        step = 1e-5 * max(1.0, np.abs(value).max(initial=0))
        for sign in (1, -1):
            watch.pattern = lambda v, shift=sign * step * d: v + (shift if np.ndim(v) else float(shift))
            ends.append(watch.bench.ask(slot.source, code, subject.value))
        if None in ends or not np.isfinite(ends).all():
            return []
        found.append((d, (ends[0] - ends[1]) / (2 * step)))
    return found


def _close(a, b):
    return abs(a - b) <= 1e-5 * (abs(a) + abs(b)) + 1e-8
