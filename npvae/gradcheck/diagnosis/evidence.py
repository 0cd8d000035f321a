"""What the diagnosis looks at: one wrong gradient beside the right one, and what may explain it."""

from dataclasses import dataclass

import numpy as np

from npvae.gradcheck.comparison import numeric_gradient


@dataclass(frozen=True)
class Candidate:
    """A relation that explains the wrong gradient. The lower its `rank`, the sooner it is believed."""

    kind: str
    what: str
    mend: str
    rank: int = 1


class Evidence:
    """One parameter whose gradient is wrong: a (analytic), n (numeric), v (where), and the block that is wrong.

    `sizes` are numbers by name that a factor may be; `terms` the parts of the value, each called as f is.
    """

    def __init__(self, subject, name, analytic, sizes, terms):
        self.subject, self.name, self.a, self.sizes, self.terms = subject, name, analytic, sizes, terms
        self.v, self.c, self.y = subject.at[name].copy(), subject.upstream, subject.forward()[0]
        self.n = self.numeric()
        size = np.maximum(np.abs(self.a), np.abs(self.n))
        self.off = np.abs(self.a - self.n) > 1e-5 * size + 1e-9 * np.abs(self.n).max(initial=0)
        self.block, self.where = block_of(name, self.off)

    def numeric(self, upstream=None, function=None, changed=None):
        """This parameter's numeric gradient, for another upstream gradient, function or point if given."""
        subject, kept = self.subject, self.subject.upstream
        values = subject.at.value.copy()
        try:
            if upstream is not None:
                subject.upstream = upstream
            for name, value in (changed or {}).items():
                subject.at[name][...] = value
            found = numeric_gradient(subject, "five_point", function, subject.where(self.name))
            return found.reshape(self.v.shape)
        finally:
            subject.upstream = kept
            subject.at.value[...] = values

    def analytic(self, upstream):
        """This parameter's analytic gradient for another upstream gradient."""
        subject, kept = self.subject, self.subject.upstream
        try:
            subject.upstream = upstream
            return subject.gradient()[self.name]
        finally:
            subject.upstream = kept

    def explains(self, predicted):
        """Whether a predicted gradient is the wrong one, on the block, to a ten-thousandth of what is wrong."""
        a, n, p = self.a[self.block], self.n[self.block], np.broadcast_to(predicted, self.a.shape)[self.block]
        return bool(np.linalg.norm(p - a) <= 1e-4 * np.linalg.norm(a - n) + 1e-8 * np.linalg.norm(n))

    def few_coordinates(self):
        """The wrong coordinates in words, if they are three at most among many."""
        wrong = np.argwhere(self.off)
        if len(wrong) > 3 or len(wrong) == self.off.size:
            return ""
        return ", ".join(f"{self.name}{list(map(int, index))}" for index in wrong)

    @property
    def activation(self):
        """Whether f is an elementwise function of one input, in which no σ can stand beside x."""
        return len(self.subject.inputs) == 1 and self.elementwise

    @property
    def elementwise(self):
        """Whether each y depends on its own x alone, as in an activation."""
        if self.y.shape != self.v.shape or self.name not in self.subject.inputs or self.v.size < 2:
            return False
        one = np.zeros_like(self.c)
        one.flat[0] = 1
        return not self.numeric(upstream=one).flat[1:].any()


def block_of(name, off):
    """The wrong stretch as an index and in words: whole columns if some columns of a matrix are right, else all."""
    if off.ndim == 2 and off.any() and not off.any(0).all():
        columns = np.flatnonzero(off.any(0))
        first, last = int(columns[0]), int(columns[-1])
        if len(columns) == last - first + 1:
            return (slice(None), slice(first, last + 1)), f"{name}[:, {first}:{last + 1}]"
    return (slice(None),) * off.ndim, name
