"""Judges of answers that climb an ELBO: where they asked for it, and how far below the summit they end."""

from dataclasses import dataclass, field

import numpy as np

from npvae.exercises.asking import called, check_callable, outputs
from npvae.exercises.task import Task, Wrong

ENOUGH = 1e-3       # nats below the summit


@dataclass
class Hill:
    """The ELBO of rows [mu, log_sigma] in x = zW + b + sigma_g ε, each time it is asked for written down.

    `hill(q)` -> (value (B,), back), with back(dvalue (B,)) -> dq (B, 2K).
    """

    W: np.ndarray
    b: np.ndarray
    sigma_g: float
    x: np.ndarray
    asked: list = field(default_factory=list)
    upstream: list = field(default_factory=list)

    def __call__(self, q):
        q = np.array(q, float)
        if q.shape != (len(self.x), 2 * len(self.W)):
            raise ValueError(f"L is asked for rows of shape {q.shape}, expected {(len(self.x), 2 * len(self.W))}")
        self.asked.append(q)

        def back(dvalue):
            self.upstream.append(np.array(dvalue, float))
            return np.asarray(dvalue)[:, None] * self.slope(q)

        return self.value(q), back

    def __deepcopy__(self, memo):
        return self     # it remembers

    def value(self, q):
        """The ELBO of each row, in nats."""
        mu, log_sigma = np.split(q, 2, axis=1)
        (D, s2), variance = (self.W.shape[1], self.sigma_g**2), np.exp(2 * log_sigma)
        squares = ((self.x - self.b - mu @ self.W) ** 2).sum(1) + variance @ (self.W**2).sum(1)
        kl = 0.5 * (mu**2 + variance - 1 - 2 * log_sigma).sum(1)
        return -D / 2 * np.log(2 * np.pi * s2) - squares / (2 * s2) - kl

    def slope(self, q):
        """dL/dq."""
        mu, log_sigma = np.split(q, 2, axis=1)
        s2, variance = self.sigma_g**2, np.exp(2 * log_sigma)
        dmu = (self.x - self.b - mu @ self.W) @ self.W.T / s2 - mu
        return np.hstack([dmu, 1 - variance * (1 + (self.W**2).sum(1) / s2)])

    def summit(self):
        """The best rows, and their ELBO."""
        M = self.W @ self.W.T + self.sigma_g**2 * np.eye(len(self.W))
        mu = (self.x - self.b) @ self.W.T @ np.linalg.inv(M)
        q = np.hstack([mu, np.tile(0.5 * np.log(self.sigma_g**2 / np.diag(M)), (len(mu), 1))])
        return q, self.value(q)


def hill(seed: int, B: int = 5) -> Hill:
    """A hill of B rows with K = 2 and D = 3."""
    rng = np.random.default_rng(seed)
    return Hill(0.7 * rng.normal(size=(2, 3)), rng.normal(size=3), 0.8, 1.5 * rng.normal(size=(B, 3)))


def judge_argmax(task: Task, answer) -> None:
    """Wrong if the rows that are returned are not on the summit, each on its own."""
    check_callable(task, answer)
    for seed in (0, 1):
        L, q = hill(seed), 0.5 * np.random.default_rng(seed).normal(size=(5, 4))
        out, after = called(task, answer, (L, q))
        rows = outputs(task, out, 1, False)[0].astype(float)
        _check_asked(L)
        if rows.shape != q.shape:
            what = "it returns the values of L" if rows.shape == (5,) else f"it returns shape {rows.shape}"
            raise Wrong("shape", f"{what}, expected the rows q, of shape (B, R).")
        with np.errstate(all="ignore"):
            below = L.summit()[1] - L.value(rows)
        if not np.all(below < ENOUGH):
            raise _why_not_on_top(L, q, rows, below)
        _check_unchanged({"q": (q, after[1])})


def judge_fitted_encoder(task: Task, answer) -> None:
    """Wrong if the mean ELBO of the rows XA + c is not the highest."""
    check_callable(task, answer)
    L, rng = hill(0, B=20), np.random.default_rng(0)
    A, c = 0.3 * rng.normal(size=(3, 4)), 0.3 * rng.normal(size=4)
    out, after = called(task, answer, (L.x.copy(), A, c, L))
    new = [a.astype(float) for a in outputs(task, out, 2, True)]
    _check_asked(L)
    for name, a, right in zip("Ac", new, (A, c), strict=True):
        if a.shape != right.shape:
            raise Wrong("shape", f"{name} has shape {a.shape}, expected {('(D, R)', '(R,)')[name == 'c']}.")
    rows = L.x @ new[0] + new[1]
    with np.errstate(all="ignore"):
        below = L.summit()[1] - L.value(rows)
    if not below.mean() < ENOUGH:
        raise _why_the_encoder_is_not(L, (A, c), new, rows, below)
    _check_unchanged({"A": (A, after[1]), "c": (c, after[2])})


def _check_asked(L):
    if not L.asked:
        raise Wrong("L is not used", "L is never called: it gives the ELBO and its slope.")


def _check_unchanged(arrays):
    for name, (before, after) in arrays.items():
        if not np.array_equal(before, after):
            raise Wrong("changes its input", f"it changes the {name} that it was given, in place: make a new array.")


def _why_the_encoder_is_not(L, old, new, rows, below):
    (A, c), start = old, L.x @ old[0] + old[1]
    if not np.allclose(L.asked[0], start):
        if np.allclose(L.asked[0], L.x @ A):
            return Wrong("c is missing", "L is asked at X A, without c: the rows are XA + c.")
        return Wrong("other rows", "L is not asked at the rows XA + c of the encoder that it was given.")
    same_A, same_c = np.allclose(A, new[0]), np.allclose(c, new[1])
    if same_A != same_c:
        name = "A" if same_A else "c"
        return Wrong(f"{name} is not learned", f"{name} is returned as it was given: both A and c are to be learned.")
    if not new[0].any():
        return Wrong("A is 0", "A is 0, which gives the same q to every x: that is solution 1, and the encoder "
                               "depends on x.")
    return _why_not_on_top(L, start, rows, below)


def _why_not_on_top(L, start, rows, below):
    if np.allclose(rows, start):
        return Wrong("returns the start", "it returns what it was given, unchanged.")
    if len(L.asked) == 1:
        return Wrong("asked once", "L is asked only once, for the slope at the start: the way to the summit takes many "
                     "steps, each along the slope where you are.")
    if all(np.array_equal(q, L.asked[0]) for q in L.asked):
        return Wrong("asked at the start", "L is asked again and again at the start: each step goes on from where the "
                     "last one ended.")
    d = L.upstream[0] if L.upstream else np.ones(1)
    if not np.allclose(d, d.flat[0]):
        return Wrong("back of the value", "back is called with the values of L: it takes the weight of each row's "
                                          "ELBO in "
                     "what is climbed, the same for all, as np.ones.")
    return _of_the_steps(L, np.diff(L.asked[:2], axis=0)[0], L.slope(L.asked[0]), below)


def _of_the_steps(L, step, slope, below):
    K, values = len(L.W), L.value(L.asked[0])
    if (step * slope).sum() < -0.5 * np.linalg.norm(step) * np.linalg.norm(slope):
        return Wrong("downhill", "its first step goes downhill, against the slope: the ELBO is maximised.")
    if np.allclose(step, step[:, :1]) and np.allclose(step[:, 0] * values[0], values * step[0, 0]):
        return Wrong("adds the value", "it adds the values of L to q: a step goes along the gradient, which back "
                                       "returns.")
    if np.allclose(step, step[0]):
        return Wrong("one direction for all", "all rows take the same step: each has its own ELBO, and its own slope.")
    for name, part in (("mu", step[:, :K]), ("log_sigma", step[:, K:])):
        if not part.any():
            return Wrong(f"{name} stays", f"{name} is never moved: a row is [mu, log_sigma], and all of it is climbed.")
    with np.errstate(all="ignore"):
        heights = np.array([L.value(q).mean() for q in L.asked[:200]])
    if not np.isfinite(below).all() or not np.isfinite(heights).all() or (heights[1:] < heights[:-1] - 1).any():
        return Wrong("steps too long", "its steps are too long: the ELBO falls, and what is left may be inf or nan; "
                                       "make the "
                     "rate smaller.")
    if np.allclose(np.abs(step), np.abs(step).max()):
        return Wrong("steps of one length", "its steps are equally long wherever it is, so that it never settles on "
                                            "the "
                     "summit: a step in proportion to the slope gets shorter as the slope does.")
    if below.mean() > (L.summit()[1] - values).mean():
        return Wrong("ends lower", "it ends lower than where it began, though its first step goes uphill: is the "
                                   "slope taken "
                     "where it stands, of all that it moves?")
    i = int(np.argmax(below))
    return Wrong("not on the summit", f"it has not reached the summit: after asking L {len(L.asked)} times, row {i} is "
                 f"still {below[i]:.2g} nats below; more steps, or longer ones.")
