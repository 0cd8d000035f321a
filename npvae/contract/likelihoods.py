"""The contract of likelihoods: gradients, a density or a probability that sums to 1, and draws and means that are its.
"""

import numpy as np

from npvae.contract.common import common_checks, on_its_own
from npvae.contract.report import NotChecked, gradient_found, near, same_bits
from npvae.gradcheck import gradcheck
from npvae.models.derived import completed_likelihood
from npvae.models.own_parts import check_likelihood, example_data, tried_likelihood

S, B = 3, 2
WHOLE = np.arange(-50.0, 3000.0)    # counts that a sum runs over
FAR, NODES = 34.0, 20_001           # of an integral over center + sinh t, |t| ≤ FAR
DRAWS = 4000


def likelihood_checks(part, g: np.ndarray | None, rng: np.random.Generator) -> list[tuple]:
    """The checks of a likelihood, at outputs like g (B, G)."""
    check_likelihood(part)
    g = rng.standard_normal((B, 3)) if g is None else np.asarray(g, np.float64)[:B]
    part = tried_likelihood(part, g[:1])
    outputs = g + 0.3 * rng.standard_normal((S, *g.shape))
    x, dvalue = example_data(part, g, np.random.default_rng(1)), rng.standard_normal((S, len(g)))

    def call(part, dtype=np.float64, shift=0.0, handed=None):
        given = x.astype(dtype), (outputs + shift).astype(dtype)
        if handed is not None:
            handed += [(a, a.copy()) for a in given]
        return *part.log_prob(*given), (dvalue.astype(dtype),)

    line = _Line(part)
    return [("gradient", "that of differences", _gradient, part, x, outputs),
            ("nodes that all x share", "as one for each x", _shared, part, x, outputs, dvalue),
            ("sums to 1", "1", line.total), ("mean", "E[x|z] of log_prob", line.mean),
            ("sample", "draws from log_prob", line.draws), ("same seed", "the same bits", _same_seed, part, g),
            ("log_prob_table", "log_prob", _table, part, x, outputs[:, 0]),
            ("output_for", "mean(output_for(x)) = x", _inverse, part, g), *common_checks(part, call)]


def _gradient(part, x, g):
    twin, _ = on_its_own(part)
    return gradient_found(gradcheck(twin, g, call=lambda part, g: part.log_prob(x, g), repair=False))


def _shared(part, x, g, dvalue):
    one = g[:, :1]
    value, back = part.log_prob(x, one)
    apart, back_apart = part.log_prob(x, np.broadcast_to(one, g.shape).copy())
    passed, got = near(value, apart, 1e-9 * (1 + np.abs(apart).max()))
    dg, expected = back(dvalue).sum(1), back_apart(dvalue).sum(1)
    right, off = near(dg, expected, 1e-9 * (1 + np.abs(expected).max()))
    return passed and right, got if not passed else off


class _Line:
    """A likelihood of one number x, at some outputs g: all x that it may be, with their log p and their weights."""

    def __init__(self, part):
        self.part, self.found = part, None

    def total(self):
        if self.found is None:
            self.found = self._points()
        return near([p.sum() for _, _, p in self.found], 1.0, 1e-3)

    def mean(self):
        self._sure()
        return near(np.ravel([self.part.mean(g) for g, _, _ in self.found]), [x @ p for _, x, p in self.found], 1e-2)

    def draws(self):
        self._sure()
        if hasattr(getattr(self.part, "sample", None), "derived"):
            raise NotChecked("it has no sample")
        worst = max(_distance(self._drawn(g), x, p) for g, x, p in self.found)
        # Kolmogorov and Smirnov's bound for one in ten thousand
        return worst <= 2.3 / DRAWS**0.5, f"distribution off by {worst:.2g}"

    def _sure(self):
        if self.found is None or not near([p.sum() for _, _, p in self.found], 1.0, 1e-3)[0]:
            raise NotChecked("it does not sum to 1, or not to any known total")

    def _drawn(self, g):
        return np.sort(self.part.sample(np.repeat(g, DRAWS, 0), np.random.default_rng(2))[:, 0])

    def _points(self):
        # a count if its draws are whole numbers, else any number; without draws, what sums to 1
        outputs = [np.array([[a]]) for a in (-0.7, 0.2, 1.1)]
        if np.shape(self.part.mean(outputs[0])) != (1, 1):
            raise NotChecked("x has not one number for each output")
        kinds = [self._whole, self._real]
        if not hasattr(getattr(self.part, "sample", None), "derived"):
            drawn = np.concatenate([self._drawn(g) for g in outputs])
            kinds = [self._whole if np.array_equal(drawn, np.round(drawn)) else self._real]
        found = []
        for points in kinds:
            found = [(g, *points(g)) for g in outputs]
            if near([p.sum() for _, _, p in found], 1.0, 1e-3)[0]:
                break
        return found

    def _whole(self, g):
        x = WHOLE[self._possible(WHOLE)]
        if hasattr(getattr(self.part, "check", None), "derived"):
            x = WHOLE[WHOLE >= 0] if not hasattr(self.part.sample, "derived") and self._drawn(g)[0] >= 0 else x
        return x, np.exp(self._log_prob(x, g))

    def _real(self, g):
        # x = c + sinh t, from the middle of what it is, where it may have a kink
        t = np.linspace(-FAR, FAR, NODES)
        c = float(self.part.mean(g)[0, 0])
        x, w = c + np.sinh(t), np.cosh(t) * (t[1] - t[0])
        keep = self._possible(x)
        return x[keep], np.exp(self._log_prob(x[keep], g)) * w[keep]

    def _log_prob(self, x, g):
        return np.nan_to_num(self.part.log_prob(x[:, None], g[None])[0][0], nan=-np.inf, neginf=-np.inf, posinf=700.0)

    def _possible(self, x):
        return np.array([_is_taken(self.part, number) for number in x])


def _is_taken(part, number):
    try:
        part.check(np.array([[number]]))
        return True
    except ValueError:
        return False


def _distance(drawn, x, p):
    # between the distribution of the draws and Σ p up to them, where it stands still and where it jumps
    total = np.cumsum(p)
    after = np.searchsorted(drawn, x, side="right") / len(drawn)
    before = np.searchsorted(drawn, x, side="left") / len(drawn)
    low, high = total - p, total
    return float(np.max(np.maximum(np.minimum(np.abs(after - high), np.abs(after - 0.5 * (low + high))),
                                   np.minimum(np.abs(before - low), np.abs(before - 0.5 * (low + high))))))


def _same_seed(part, g):
    if hasattr(getattr(part, "sample", None), "derived"):
        raise NotChecked("it has no sample")
    return same_bits(*(part.sample(g, np.random.default_rng(3)) for _ in range(2)))


def _table(part, x, g):
    if not hasattr(part, "log_prob_table"):
        raise NotChecked("it has no table")
    value = part.log_prob(x, g[:, None])[0]
    return near(part.log_prob_table(x, g), value, 1e-9 * (1 + np.abs(value).max()))


def _inverse(part, g):
    part = completed_likelihood(part, g.shape[1])
    if not hasattr(part, "output_for"):
        raise NotChecked("the decoder stays as drawn")
    x = part.mean(np.clip(g, -2, 2))
    return near(part.mean(part.output_for(x)), x, 1e-6 * (1 + np.abs(x).max()))
