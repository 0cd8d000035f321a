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
FAR, NODES = 40.0, 20_001           # of an integral over t, |t| ≤ FAR
NARROW = 1e-3                       # of it about the mean
WIDTHS = (3, 4, 2, 1, 6)            # of outputs g that are tried
DRAWS = 4000


def likelihood_checks(part, g: np.ndarray | None, rng: np.random.Generator) -> list[tuple]:
    """The checks of a likelihood, at outputs like g (B, G)."""
    check_likelihood(part)
    g = rng.standard_normal((B, _width(part))) if g is None else np.asarray(g, np.float64)[:B]
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


def _width(part):
    # the first that it takes, for there may be two numbers in g for each of x
    for width in WIDTHS:
        try:
            tried_likelihood(part, np.zeros((1, width)))
            return width
        except ValueError:
            continue
    return WIDTHS[0]


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
        # counts if draws are whole numbers, else any numbers; without draws, what comes nearest to 1
        outputs = self._outputs()
        kinds = [self._real, self._positive, self._unit, self._whole, self._counts, self._bits]
        if not hasattr(getattr(self.part, "sample", None), "derived"):
            drawn = np.concatenate([self._drawn(g) for g in outputs])
            kinds = kinds[3:] if np.array_equal(drawn, np.round(drawn)) else kinds[:3]
        found, problem = [], None
        for points in kinds:
            try:
                found.append([(g, *points(g)) for g in outputs])
            except (ValueError, ArithmeticError) as trouble:
                # what is no x, such as a count below 0
                problem = trouble
        if not found:
            raise problem
        return min(found, key=lambda points: max(abs(p.sum() - 1) for _, _, p in points))

    def _outputs(self):
        for width in range(1, 5):
            try:
                if np.shape(self.part.mean(np.zeros((1, width)))) == (1, 1):
                    return [np.full((1, width), a) for a in (-0.7, 0.2, 1.1)]
            except (ValueError, IndexError):
                continue
        raise NotChecked("x has never one number alone")

    def _whole(self, g):
        return self._with_probabilities(WHOLE, 1.0, g)

    def _counts(self, g):
        return self._with_probabilities(WHOLE[WHOLE >= 0], 1.0, g)

    def _bits(self, g):
        return self._with_probabilities(np.array([0.0, 1.0]), 1.0, g)

    def _real(self, g):
        # x = c + sinh t, from the middle of what it is, where it may have a kink
        t = np.linspace(-FAR, FAR, NODES)
        x = float(self.part.mean(g)[0, 0]) + NARROW * np.sinh(t)
        return self._with_probabilities(x, NARROW * np.cosh(t) * (t[1] - t[0]), g)

    def _positive(self, g):
        t = np.linspace(-FAR, FAR, NODES)
        return self._with_probabilities(np.exp(t), np.exp(t) * (t[1] - t[0]), g)

    def _unit(self, g):
        t = np.linspace(-FAR, FAR, NODES)
        x = 1 / (1 + np.exp(-t))
        return self._with_probabilities(x, x * (1 - x) * (t[1] - t[0]), g)

    def _with_probabilities(self, x, w, g):
        # those that it may be, and p(x|g) dx of each
        keep = self._possible(x)
        return x[keep], np.exp(self._log_prob(x[keep], g)) * np.broadcast_to(w, x.shape)[keep]

    def _log_prob(self, x, g):
        log_p = self.part.log_prob(x[:, None], g[None])[0][0]
        return np.where(np.isnan(log_p), -np.inf, np.minimum(log_p, 700))

    def _possible(self, x):
        # many at once where all of them are, or one at a time
        if len(x) == 1 or _is_taken(self.part, x[:, None]):
            return np.full(len(x), _is_taken(self.part, x[:, None]))
        return np.concatenate([self._possible(some) for some in np.array_split(x, min(len(x), 20))])


def _is_taken(part, x):
    try:
        part.check(x)
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
