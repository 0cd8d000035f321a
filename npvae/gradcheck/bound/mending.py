"""The line of an ELBO function that is wrong: the edit of its source that makes its values the right ones.

The search is that of `npvae.repair`, with values E_ε L(q) in place of a gradient. An edit is believed if the values are
right for other rows, data, numbers of rows and noise, too, and with other weights of the model where the function sees
them.
"""

from functools import partial

import numpy as np

from npvae.gradcheck.bound.mistakes import Terms
from npvae.models import Noise
from npvae.repair.search import searched
from npvae.repair.sources import Reached
from npvae.repair.trial import Bench, State

ROWS, MORE = 7, 12          # rows of the first place, and of the others
TIMES, OFTEN = 300, 4000    # how often a function that draws is called for each of them
SLACK = 1e-8                # nats, of values of size 1


def find_edit(user, model, X, row, seed, importance=1):
    """The `Repair` of an ELBO function, or `NotAvailable`; `importance` draws are weighted in its bound."""
    reached = Reached(user.elbo_fn)
    return searched(reached, partial(ElboBench, user, model, X, row, seed, importance, reached), goal="the ELBO")


class ElboBench(Bench):
    """Where edits are tried: each row at all nodes in one call of the function."""

    def __init__(self, user, model, X, row, seed, importance, reached):
        self.rng, self.state = np.random.default_rng([seed, 9]), State(reached.kept, reached.draws)
        self.model, self.make = model, partial(Place, user, model, X, row, importance, self.rng)
        place = self.make(ROWS, TIMES)
        self._begin(place, place)
        # values of draws are no linear function of anything
        self.misshapen = user.draws is not None

    def wrong(self):
        """Which values are wrong."""
        far = self.point.far(self.before)
        return np.concatenate([far, 0 * far])

    def moves_y(self, source, tree, point=None):
        """Never: there is no value that has to stay."""
        return False

    def confirmed(self, source, tree):
        """"shape" if the values are right with other weights of the model, too, "point" if only at other rows."""
        self.others = self.others or [self.make(MORE, OFTEN), self.make(MORE - 3, OFTEN)]
        code = source.compiled(tree)
        if not all(self._right(source, code, place) for place in self.others):
            return ""
        return "shape"

    def _right(self, source, code, place):
        self.limit, kept = 20 * self.limit, self.limit
        gradient = self.ask(source, code, place.gradient)
        self.limit = kept
        return gradient is not None and not place.far(place.flat(gradient)).any()


class Place:
    """Rows q, data and noise, and the right ELBO there. It stands for a subject and its point of `npvae.repair`."""

    callback, names = False, ("ELBO",)

    def __init__(self, user, model, X, row, importance, rng, count, times):
        K, self.user = model.latent.dim, user
        x = X[rng.integers(len(X), size=count)]
        q = np.concatenate([0.7 * rng.standard_normal((count, K)), rng.uniform(-1.2, 0.3, (count, K))], axis=1)
        self.noise = whitened(K, rng)
        self.S = times if user.draws else len(self.noise.w)
        self.q, self.x = np.tile(q, (self.S, 1)), np.tile(x, (self.S, 1))
        self.terms = Terms(model, q, x, self.noise, row, count)
        self.numeric, self.floor = self.terms.right, np.zeros(count)
        self.places, self.starts, self.shapes = np.arange(count), [(0, count)], [(count, 2)]

    def gradient(self):
        """The values (N,) and their standard errors, as the gradient of one name (N, 2)."""
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
            return ~(off <= SLACK * (1 + np.abs(self.numeric).max()) + 5 * doubt)


def whitened(K, rng):
    """Nodes in pairs ±ε with the mean and covariance of N(0, I), of different lengths: right for any quadratic of ε."""
    half = rng.standard_normal((K + 1, K))
    half = half @ np.linalg.inv(np.linalg.cholesky(half.T @ half / len(half))).T
    eps = np.concatenate([half, -half])
    return Noise(eps[:, None], np.full((len(eps), 1), 1 / len(eps)))
