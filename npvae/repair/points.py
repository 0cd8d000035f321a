"""Where an edit has to be right: at the point of the check, and then at others: other values and upstream gradients,
other shapes where the function takes them. The gradient is held against differences of the function as it stands.
"""

import copy
from functools import partial

import numpy as np

from npvae.differences import central, step_size

CLOSE = 1e-5            # ‖a − n‖ / (‖a‖ + ‖n‖)


class Point:
    """A point, its numeric gradient at some coordinates (`places` of the flat gradient), and y."""

    def __init__(self, subject, names, most, compared=None, rng=None):
        self.subject, self.names = subject, names
        self.shapes = [subject.at[n].shape for n in names]
        self.y, self.starts, places, numeric, floor = subject.forward()[0].copy(), [], [], [], []
        start = 0
        for name in names:
            size = subject.at[name].size
            found = (compared or {}).get(name)
            if found is not None and len(found.numeric) == size:
                kept, n, noise = np.flatnonzero(found.kept), found.numeric[found.kept], found.floor[found.kept]
            else:
                chosen = np.arange(size) if size <= most else np.sort(rng.choice(size, most, replace=False))
                kept, n, noise = self._differences(name, chosen)
            self.starts.append((len(places), len(places) + len(kept)))
            places += list(start + kept)
            numeric += list(n)
            floor += list(noise)
            start += size
        self.places, self.numeric, self.floor = np.array(places, int), np.array(numeric), np.array(floor)

    def _differences(self, name, chosen):
        # two steps that agree, as they do not beside a kink
        subject, first = self.subject, self.subject.where(name).start
        kept, slopes = [], []
        for j in chosen:
            phi = subject.along_coordinate(first + j)
            h = float(step_size("central", subject.at.value.dtype, np.abs(subject.at.value[first + j])))
            slope, wider = central(phi, h), central(phi, 3 * h)
            if abs(slope - wider) <= 1e-4 * (abs(slope) + abs(wider)) + 1e-7 * subject.scale():
                kept.append(j)
                slopes.append(slope)
        return np.array(kept, int), np.array(slopes), np.full(len(kept), 1e-9 * subject.scale())

    def flat(self, gradient, strict=True):
        """A gradient by name as one vector; None if something in it has another shape and that is not allowed."""
        parts = []
        for name, shape in zip(self.names, self.shapes, strict=True):
            a = gradient.get(name)
            if a is None or a.shape != shape or a.dtype.kind not in "fiu":
                if strict:
                    return None
                a = np.resize(np.zeros(1) if a is None or not a.size else np.real(a), shape)
            parts.append(a.ravel())
        return np.concatenate(parts).astype(float)

    def far(self, flat):
        """Which of the places are too far off (n,), by name as a whole or each alone."""
        a, n = flat[self.places], self.numeric
        off = ~np.isfinite(a)
        for first, last in self.starts:
            some = slice(first, last)
            distance = np.linalg.norm(a[some] - n[some])
            size = np.linalg.norm(a[some]) + np.linalg.norm(n[some])
            largest = np.abs(n[some]).max(initial=0)
            each = np.abs(a[some] - n[some]) > (2e-4 * np.abs(n[some]) + 1e-6 * largest + 3 * self.floor[some])
            if not distance <= CLOSE * size + np.linalg.norm(self.floor[some]) and not each.any():
                each = np.abs(a[some] - n[some]) >= np.abs(a[some] - n[some]).max()
            off[some] |= each
        return off

    def right(self, gradient, names=None):
        """Whether a gradient, or that of some names, is that of this point."""
        flat = self.flat(gradient)
        far = None if flat is None else self.far(flat)
        return far is not None and not any(far[first:last].any() for n, (first, last) in zip(
            self.names, self.starts, strict=True) if names is None or n in names)


def moved(subject, rng, k):
    """The subject at another point, with another upstream gradient."""
    twin = copy.copy(subject)
    twin._place({n: subject.at[n] for n in subject.at.names}, subject.at.value.dtype)
    v = twin.at.value
    v[...] += 0.05 * 3**k * (0.2 + np.abs(v)) * rng.standard_normal(v.size)
    if subject.callback:
        twin.upstream = rng.standard_normal(subject.upstream.shape)
    return twin


def shrunk(subject):
    """Ways to the subject with one size less along every axis that has it: (sure, function), which may fail.

    Rows may be left out of nearly all code; columns may be counted by something that stays as it is.
    """
    arguments, arrays = subject.arguments, [subject.at[n] for n in subject.at.names]
    sizes = list(dict.fromkeys(s for a in arrays for s in a.shape if s > 1))
    # what is twice to four times another size goes with it: the columns [μ, log σ], the gates of an LSTM
    multiples = {(s, k * s) for s in sizes for k in (2, 3, 4)}
    alone = [s for s in sizes if s > 2 and not any({(s, t), (t, s)} & multiples for t in sizes)]
    rows = {a.shape[0] for a in arrays if a.ndim}
    if not subject.parametrised:
        for size in alone[:5]:
            less = next((s for s in (size - 1, size - 2, size + 1) if s > 1 and s not in sizes), None)
            for counts in (False, True) if less and less < size else ():
                yield size in rows and not counts, partial(_cut, subject, arguments, size, less, counts)


def _cut(subject, arguments, size, less, counts):
    def cut(value):
        if isinstance(value, dict):
            return {n: cut(v) for n, v in value.items()}
        if type(value) in (list, tuple):
            return type(value)(map(cut, value))
        if isinstance(value, np.ndarray):
            return value[tuple(slice(less) if s == size else slice(None) for s in value.shape)].copy()
        return less if counts and type(value) is int and value == size else value

    twin = copy.copy(subject)
    twin.arguments = copy.copy(arguments)
    twin.arguments.args = tuple(map(cut, arguments.args))
    twin.arguments.arrays = twin.inputs = {n: cut(np.asarray(a)) for n, a in arguments.arrays.items()}
    twin._place({n: cut(subject.at[n]) for n in subject.at.names}, subject.at.value.dtype)
    y = twin.forward()[0]
    twin.upstream = np.random.default_rng([subject.seed, 8]).standard_normal(y.shape) if subject.callback \
        else np.ones(y.shape)
    return twin
