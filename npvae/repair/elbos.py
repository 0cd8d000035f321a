"""The line of an ELBO function that is wrong: the edit of its source that makes its values the right ones.

The search is that of `npvae.repair`, with values E_ε L(q) in place of a gradient. An edit is believed if the values are
right for other rows, data, numbers of rows and noise, too; and for another model, if the function as it stands has the
same mistake there: then it sees the weights and the σ_g that are moved.
"""

import ast
from dataclasses import dataclass
from functools import partial

import numpy as np

from npvae.dialects.elbos import LOG_2PI, Terms
from npvae.models import Noise
from npvae.repair.intermediate import RIGHT, WRONG, targets
from npvae.repair.other_model import OtherModel
from npvae.repair.result import Repair
from npvae.repair.search import searched
from npvae.repair.sources import Reached
from npvae.repair.trial import Bench, State

ROWS, MORE = 7, 12          # rows of the first place, and of the others
TIMES, OFTEN = 300, 4000    # how often a function that draws is called for each of them
SLACK = 1e-8                # nats, of values of size 1
SECONDS = 5.0               # of search, of the processor: the check has taken some before it


def find_edit(user, model, X, seed, same, importance=1):
    """The `Repair` of an ELBO function, or `NotAvailable`.

    `same(terms, got, doubt, tolerance)` tells whether its values have the same mistake for another model; its bound
    weights `importance` draws.
    """
    reached = Reached(user.elbo_fn)
    bench = partial(ElboBench, user, model, X, seed, same, importance, reached)
    return searched(reached, bench, SECONDS, goal="the ELBO")


class ElboBench(Bench):
    """Where edits are tried: each row at all nodes in one call of the function."""

    certain = False     # a number further up may be what is wrong

    def __init__(self, user, model, X, seed, same, importance, reached):
        self.rng, self.state = np.random.default_rng([seed, 9]), State(reached.kept, reached.draws)
        self.make = partial(Place, user, model, X, importance, self.rng)
        self.same, self.other = same, OtherModel(model, reached, self.rng)
        self.source = reached.sources[0]
        self.beside = [*self.other.names, "np.log(2 * np.pi)"]
        place = self.make(ROWS, TIMES)
        self._begin(place, place)
        # values of draws are no linear function of anything
        self.misshapen = bool(user.draws)

    def wrong(self):
        """Which values are wrong; that their standard errors are is not asked."""
        far = self.point.far(self.before)
        return np.concatenate([far, 0 * far])

    def moves_y(self, source, tree, point=None):
        """Never: there is no value that has to stay."""
        return False

    def confirmed(self, source, tree):
        """"shape" if the values are right for another model, too, "point" if that cannot be told, "" if wrong."""
        if self.others is None:
            self.others = [self.make(MORE, OFTEN), self.make(MORE - 3, OFTEN)]
            self.elsewhere, self.seen = self._elsewhere()
        code = source.compiled(tree)
        if not all(self._right(source, code, place) for place in self.others):
            return ""
        with self.other.there():
            right = self.elsewhere is not None and self._right(source, code, self.elsewhere)
        return "shape" if right else "" if self.seen else "point"

    def _elsewhere(self):
        """A place with the other model, and whether the mistake is the same there."""
        with self.other.there():
            place = self.make(MORE, OFTEN)
            values = self.ask(self.source, self.source.code, place.gradient)
        if values is None:
            return None, False
        got, doubt = np.split(place.flat(values), 2)
        with self.other.there():        # once more: a question ends with all as it was
            return place, self.same(place.terms, got, doubt, SLACK * (1 + np.abs(got).max()))

    def _right(self, source, code, place):
        self.limit, kept = 20 * self.limit, self.limit
        gradient = self.ask(source, code, place.gradient)
        self.limit = kept
        return gradient is not None and not place.far(place.flat(gradient)).any()

    def held(self, watch):
        """RIGHT for the names of values that are right as they stand, WRONG for that of the line that is wrong."""
        found, self.first = {}, None
        if self.misshapen:
            return found
        all_targets = self.point.targets()
        for slot in sorted(watch.slots, key=lambda s: s.line):
            if slot.runs != 1 or not isinstance(slot.value, np.ndarray):
                continue
            alike = {n: t for n, t in all_targets.items() if np.shape(t.value) == np.shape(slot.value)}
            if any(t.slope is not None and self._is_right(watch, slot, t) for t in alike.values()):
                found |= dict.fromkeys(targets(slot), RIGHT)
            elif self.first is None and (said := self._put_right(watch, slot, alike)):
                self.first = slot, said
                found |= dict.fromkeys(targets(slot), WRONG)
        return found

    def _is_right(self, watch, slot, target):
        # of a term it has to be counted once, with its sign, or not to be used at all
        if not np.allclose(slot.value, target.value, rtol=1e-9, atol=1e-12):
            return False
        if not target.slope:
            return True
        watch.pattern = lambda old: old + 1.0
        flat = self.run(slot.source, watch.nudged(slot))
        change = None if flat is None else (flat - self.before)[:len(self.point.places)]
        return change is not None and (np.allclose(change, target.slope) or not change.any())

    def _put_right(self, watch, slot, alike):
        for name, target in alike.items():
            watch.pattern = lambda old, value=target.value: value.copy()      # the code may write into it
            flat = self.run(slot.source, watch.nudged(slot))
            if flat is not None and not self.point.far(flat).any():
                return f"its value should be {name} = {target.formula}"
        return None

    def located(self, watch):
        """The first line whose value, put right, makes the ELBO right, where no edit does; or None."""
        if self.first is None:
            return None
        slot, said = self.first
        return Repair(slot.source.file, slot.line, ast.unparse(slot.statement), "", said, "shape", goal="the ELBO")


class Place:
    """Rows q, data and noise, and the right ELBO there. It stands for a subject and its point of `npvae.repair`."""

    callback, names = False, ("ELBO",)

    def __init__(self, user, model, X, importance, rng, count, times):
        K, self.user = model.latent.dim, user
        x = X[rng.integers(len(X), size=count)]
        q = np.concatenate([0.7 * rng.standard_normal((count, K)), rng.uniform(-1.2, 0.3, (count, K))], axis=1)
        self.noise = whitened(K, rng)
        self.S = times if user.draws else len(self.noise.w)
        self.q, self.x = np.tile(q, (self.S, 1)), np.tile(x, (self.S, 1))
        self.terms = Terms(model, q, x, self.noise, user.row, count)
        self.numeric, self.floor = self.terms.right, np.zeros(count)
        if importance > 1:
            log_px, log_pz, log_q = self.terms.log_weights(importance * OFTEN, rng)
            groups = (log_px + log_pz - log_q).reshape(OFTEN, importance, count)
            values = np.logaddexp.reduce(groups, axis=1) - np.log(importance)
            self.numeric, self.floor = values.mean(0), values.std(0) / np.sqrt(OFTEN)
        # an estimate that jumps about more than one draw of log p(x, z)/q(z|x) tells nothing
        log_px, log_pz, log_q = self.terms.log_weights(200, rng)
        self.most = 3 * (log_px + log_pz - log_q).std(0) / np.sqrt(self.S)
        self.places, self.starts, self.shapes = np.arange(count), [(0, count)], [(count, 2)]

    def gradient(self):
        """The values (N,) and their standard errors, as the gradient of one name (2N,)."""
        eps = [] if self.user.draws else [np.repeat(self.noise.eps[:, 0], len(self.places), axis=0)]
        values = self.user(self.q, self.x, *eps).reshape(self.S, -1)
        if not eps:
            doubt = values.std(0, ddof=1) / np.sqrt(self.S)
            return {"ELBO": np.concatenate([values.mean(0), doubt])}
        return {"ELBO": np.concatenate([(self.noise.w * values).sum(0), 0 * self.numeric])}

    def flat(self, gradient, strict=True):
        """The values and their standard errors."""
        return gradient["ELBO"]

    def far(self, flat):
        """Which values are not the right ones."""
        value, doubt = np.split(flat, 2)
        off = np.abs(value - self.numeric)
        with np.errstate(invalid="ignore"):
            allowed = SLACK * (1 + np.abs(self.numeric).max()) + 5 * np.hypot(doubt, self.floor)
            return ~((off <= allowed) & (doubt <= self.most))

    def targets(self):
        """What values of the function may have to be, by name, for all rows and nodes."""
        t, many = self.terms, lambda rows: np.tile(rows, (self.S, 1))
        mu, sigma, z, g = many(t.mu), many(t.sigma), t.z.reshape(-1, t.K), t.decoded().reshape(-1, t.D)
        log_px = t.model.log_likelihood(t.X, np.ascontiguousarray(t.z))[0].ravel()
        log_q = -0.5 * (((z - mu) / sigma) ** 2 + 2 * np.log(sigma) + LOG_2PI).sum(1)
        log_p = "−‖x − g(z)‖²/(2σ_g²) − D log σ_g − (D/2) log 2π" if t.gaussian else "Σ_d log p(x_d|z)"
        terms = {"log p(x|z)": (log_p, log_px, 1), "KL": ("½ Σ (σ² + μ² − 1 − log σ²)", np.tile(t.kl, self.S), -1),
                 "log p(z)": ("−½ Σ (z² + log 2π)", -0.5 * (z**2 + LOG_2PI).sum(1), 1),
                 "log q(z|x)": ("−½ Σ (ε² + log 2π + log σ²)", log_q, -1),
                 "E log p(z)": ("−½ Σ (σ² + μ² + log 2π)", np.tile(t.prior, self.S), 1),
                 "the entropy of q": ("½ Σ (1 + log 2π + log σ²)", np.tile(t.entropy, self.S), 1)}
        found = {"z": Target("μ + σ ε", z, 0), "x̂": Target("g(z), the decoder's output at z", g, 0),
                 "x − x̂": Target("x − g(z)", self.x - g, 0), "x̂ − x": Target("g(z) − x", g - self.x, 0)}
        for name, (formula, value, sign) in terms.items():
            found[name], found[f"−{name}"] = Target(formula, value, 0), Target(f"−({formula})", -value, -sign)
        return found | {"σ": Target("√(σ²)", sigma), "σ²": Target("e^{2 log σ}", sigma**2),
                        "log σ": Target("½ log σ²", np.log(sigma)), "log σ²": Target("2 log σ", 2 * np.log(sigma))}


@dataclass(frozen=True)
class Target:
    """What a value of the function may have to be: its formula, the value, and what the ELBO has of it.

    `slope` is what the ELBO has of a term with its sign turned, 0 for what is right wherever it stands, None for what
    may stand for something else.
    """

    formula: str
    value: np.ndarray
    slope: int | None = None


def whitened(K, rng):
    """Nodes in pairs ±ε with the mean and covariance of N(0, I), of different lengths: right for any quadratic of ε."""
    half = rng.standard_normal((K + 1, K))
    half = half @ np.linalg.inv(np.linalg.cholesky(half.T @ half / len(half))).T
    eps = np.concatenate([half, -half])
    return Noise(eps[:, None], np.full((len(eps), 1), 1 / len(eps)))
